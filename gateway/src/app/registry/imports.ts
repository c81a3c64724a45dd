// SPDX-License-Identifier: Apache-2.0
// Import of CSV files: read, compared with the registry in a snapshot, shown or carried out in one transaction. A file with one
// problem changes nothing.
import type { ImportDifference, ImportKind, ImportProblem } from '@latchkey/protocols/api/imports';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { Transaction } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import { type CardRow, cardCsvInSteps } from '../../core/csv/cards.ts';
import type { CsvOutcome } from '../../core/csv/csv-problem.ts';
import { readLevelCsv } from '../../core/csv/levels.ts';
import { type PersonRow, peopleCsvInSteps } from '../../core/csv/people.ts';
import type { CsvRows } from '../../core/csv/read-rows.ts';
import type { ImportPlan, PlanStep } from '../../core/import/plan.ts';
import { planCards } from '../../core/import/plan-cards.ts';
import { planLevels } from '../../core/import/plan-levels.ts';
import { type PeoplePlan, planPeople } from '../../core/import/plan-people.ts';
import { auditEnd } from '../audit.ts';
import { takeTurns } from '../take-turns.ts';
import { readCardsInUse, readGroups, readHolders, readLevelRegistry, readPeople } from './import-reads.ts';
import { writeCards, writeLevels, writePeople } from './import-writes.ts';
import { type Change, change, type RegistryContext, type RegistryError } from './registry-context.ts';

export interface ImportRequest {
  readonly kind: ImportKind;
  readonly csv: Uint8Array;
  readonly dryRun: boolean;
  /** Cards: spelling of the numbers. */
  readonly form: string | undefined;
}

export type ImportOutcome =
  | { readonly ok: true; readonly difference: ImportDifference }
  | { readonly ok: false; readonly problems: readonly ImportProblem[] };

export type ImportService = (request: ImportRequest, actor: string) => Promise<Result<ImportOutcome, RegistryError>>;

/** One kind of file: how it is read, compared and carried out. */
interface Importer<Row, Plan extends ImportPlan<unknown>> {
  readonly rows: CsvOutcome<CsvRows<Row>>;
  plan(db: Transaction<Database>, rows: readonly Row[]): Promise<Plan>;
  /** Slow work before the transaction; called again for every new plan. */
  prepare?(plan: Plan): Promise<void>;
  write(each: Change, plan: Plan): Promise<void>;
  /** Steps besides the plan's own that the difference shows first. */
  extra?(plan: Plan): readonly PlanStep<unknown>[];
}

/** How often a plan is made anew because somebody else changed the registry meanwhile. */
const ATTEMPTS = 5;
const SHOWN_CHANGES = 1_000;
const SHOWN_PROBLEMS = 1_000;

/** `hashInitial` is absent where nobody signs in: then ID numbers in the file lead to nothing. */
export function createImports(context: RegistryContext, hashInitial?: HashInitial): ImportService {
  const { timeZone } = context;
  return async (request, actor) => {
    switch (request.kind) {
      case 'people':
        return carryOut(context, request, actor, await peopleImporter(request.csv, timeZone, hashInitial));
      case 'cards':
        return carryOut(context, request, actor, {
          rows: await readCards(request, timeZone),
          plan: async (db, rows) => planCards(rows, { people: await readHolders(db), cards: await readCardsInUse(db) }),
          write: (each, { steps }) => writeCards(context, each, steps),
        });
      case 'levels':
        return carryOut(context, request, actor, {
          rows: readLevelCsv(request.csv, { timeZone }),
          plan: async (db, rows) => planLevels(rows, await readLevelRegistry(db)),
          write: (each, { steps }) => writeLevels(each, steps),
        });
    }
  };
}

type HashInitial = (password: string) => Promise<string>;

/** Passwords are hashed before the transaction, which would hold up everybody else's changes; each once, however often the
 * plan is made anew. */
async function peopleImporter(
  csv: Uint8Array,
  timeZone: string,
  hashInitial: HashInitial | undefined,
): Promise<Importer<PersonRow, PeoplePlan>> {
  const hashes = new Map<string, string>();
  return {
    rows: await takeTurns(peopleCsvInSteps(csv, { timeZone })),
    async plan(db, rows) {
      const read = hashInitial === undefined ? rows.map(({ initialPassword: _unused, ...row }) => row) : rows;
      return planPeople(read, await readPeople(db), await readGroups(db));
    },
    async prepare({ steps }) {
      if (hashInitial === undefined) return;
      const hash = async (number: string, password: string) => void hashes.set(number, await hashInitial(password));
      const wanted = steps.flatMap(({ content: { number, initialPassword } }) =>
        initialPassword === undefined || hashes.has(number) ? [] : [[number, initialPassword] as const],
      );
      for (let first = 0; first < wanted.length; first += HASHED_AT_ONCE)
        await Promise.all(wanted.slice(first, first + HASHED_AT_ONCE).map(([number, text]) => hash(number, text)));
    },
    write: (each, plan) => writePeople(each, plan, hashes),
    extra: ({ newGroups }) => newGroups,
  };
}

/** What waits for a lane at one time; the lanes decide how many run. */
const HASHED_AT_ONCE = 64;

const DEFAULT_FORM = 'hex';

/** Without a form numbers are taken as hexadecimal only where a letter shows that they are: 12345678 may be decimal. */
async function readCards({ csv, form }: ImportRequest, timeZone: string): Promise<CsvOutcome<CsvRows<CardRow>>> {
  const read = await takeTurns(cardCsvInSteps(csv, { timeZone, form: form ?? DEFAULT_FORM }));
  const sure = form !== undefined || !read.ok || read.value.rows.some(({ uid }) => /[a-f]/.test(toHex(uid)));
  if (sure || !read.ok || read.value.rows.length === 0) return read;
  const { headers } = read.value;
  const message = 'are these numbers hexadecimal or decimal? say so with the form, such as hex or decimal';
  const problem = { line: 1, column: 0, header: headers['card'] ?? '', code: 'malformed' as const, message };
  return { ok: false, code: 'csv-refused', detail: message, problems: [problem], problemCount: 1 };
}

async function carryOut<Row, Plan extends ImportPlan<unknown>>(
  context: RegistryContext,
  { dryRun, kind }: ImportRequest,
  actor: string,
  importer: Importer<Row, Plan>,
): Promise<Result<ImportOutcome, RegistryError>> {
  const { rows } = importer;
  if (!rows.ok)
    return ok({
      ok: false,
      problems: rows.problems.map(({ line, column, header, message }) => ({
        line,
        column: header === '' ? (column === 0 ? '' : String(column)) : header,
        message,
      })),
    });
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { plan, end } = await planOf(context, importer, rows.value.rows);
    if (plan.problems.length > 0) return ok({ ok: false, problems: problemsOf(plan, rows.value.headers) });
    const difference = differenceOf(plan, importer.extra?.(plan) ?? []);
    if (dryRun || difference.added + difference.changed === 0)
      return ok({ ok: true, difference: { ...difference, applied: !dryRun } });
    await importer.prepare?.(plan);
    const done = await change(context, actor, async (each) => {
      if ((await auditEnd(each.trx)) !== end) return err('conflict');
      await importer.write(each, plan);
      each.note({ action: `import-${kind}`, subject: kind, detail: countsOf(difference) });
      return ok(null);
    });
    if (done.ok) return ok({ ok: true, difference: { ...difference, applied: true } });
    if (done.code !== 'conflict') return done;
  }
  return err('conflict', 'others keep changing the registry; try again when they are done');
}

/** Where the audit chain ends belongs to the plan: the same end later means that nothing was changed in between. */
const planOf = <Row, Plan extends ImportPlan<unknown>>(
  { database }: RegistryContext,
  importer: Importer<Row, Plan>,
  rows: readonly Row[],
): Promise<{ plan: Plan; end: number }> =>
  database.snapshot(async ({ db }) => ({ end: await auditEnd(db), plan: await importer.plan(db, rows) }));

const problemsOf = (
  { problems }: ImportPlan<unknown>,
  headers: Readonly<Partial<Record<string, string>>>,
): ImportProblem[] =>
  problems
    .slice(0, SHOWN_PROBLEMS)
    .map(({ line, field, message }) => ({ line, column: headers[field] ?? field, message }));

function differenceOf(plan: ImportPlan<unknown>, extra: readonly PlanStep<unknown>[]): ImportDifference {
  const shown = [...extra, ...plan.steps].slice(0, SHOWN_CHANGES);
  return {
    applied: false,
    added: plan.steps.filter(({ action }) => action === 'add').length,
    changed: plan.steps.filter(({ action }) => action === 'change').length,
    unchanged: plan.unchanged,
    changes: shown.map(({ line, action, key, fields }) => ({ line, action, key, fields: [...fields] })),
  };
}

const countsOf = ({ added, changed, unchanged }: ImportDifference) => ({ added, changed, unchanged });
