// SPDX-License-Identifier: Apache-2.0
// What the desk's page shows: the counter session with the library, the list and the ledger around it, in the forms of the
// contract (protocols/api/desk). A self-service screen shows no numbers and no conflicts: whoever stands there is a patron.
import type {
  DeskBlock,
  DeskConflict,
  DeskItem,
  DeskPatron,
  DeskReceipt,
  DeskState,
} from '@latchkey/protocols/api/desk';
import { blocksLoans } from '@latchkey/protocols/sip2/enumerations';
import { type CirculationEntry, conflicts, dueAt, isImportable, type Ledger, suggestion } from './circulation.ts';
import { promptedLine } from './desk-actions.ts';
import { type DeskContext, type DeskLine, type DeskSession, endingOf, type TakenPatron } from './desk-state.ts';

export interface DeskSurroundings {
  readonly name: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly library: DeskState['library'];
  readonly list: DeskState['list'];
  readonly ledger: Ledger;
  /** When a line happened, clock corrected. */
  readonly at: (entry: CirculationEntry) => number;
  readonly lastUploadMs: number | null;
}

const MOST_CONFLICTS = 200;
const UNASKED = { count: null, limit: null };

export function deskView(
  session: DeskSession,
  context: DeskContext,
  around: DeskSurroundings,
): Omit<DeskState, 'seq' | 'now'> {
  const isStaffed = session.mode === 'staffed';
  const open = conflicts(around.ledger);
  const pending = [...around.ledger.entries.values()].filter(({ state }) => state === 'kept' || state === 'sending');
  const inFile = pending.filter(isImportable).map(({ number }) => number);
  return {
    desk: { name: around.name, mode: session.mode, taking: session.taking, timeZone: around.timeZone },
    library: around.library,
    list: around.list,
    uploads: {
      pending: pending.length,
      conflicts: open.length,
      lastAt: around.lastUploadMs,
      exported: isStaffed && inFile.length > 0 ? { count: inFile.length, upTo: Math.max(...inFile) } : null,
    },
    patron: session.patron && patronView(session.patron, context, isStaffed),
    items: session.lines.map((line) => itemView(line, isStaffed)),
    prompt: promptOf(session),
    sound: session.sound,
    notice: session.notice,
    idle: session.warned ? { endsAt: session.touchedMs + context.idle.endMs } : null,
    conflicts: isStaffed ? open.slice(0, MOST_CONFLICTS).map((entry) => conflictView(entry, around)) : [],
  };
}

function itemView({ patron: _, ref: __, ...line }: DeskLine, isStaffed: boolean): DeskItem {
  return isStaffed ? line : { ...line, holdFor: null };
}

function promptOf(session: DeskSession): DeskState['prompt'] {
  const line = promptedLine(session);
  if (!line) return null;
  const { id, act, item, fee, detail } = line;
  return { kind: 'fee', line: id, act, item, fee: fee ?? { amount: '', currency: null }, detail };
}

function patronView(
  { person, session, library, lentSince }: TakenPatron,
  context: DeskContext,
  isStaffed: boolean,
): DeskPatron {
  const blocks = library ? libraryBlocks(library.conditions) : listBlocks(person);
  const charged = library?.charged ?? { count: null, limit: person.terms?.limit ?? null };
  const kept = context.library === 'offline' ? context.keptLoans(person.number) : 0;
  return {
    session,
    name: library?.name ?? null,
    number: isStaffed ? person.number : null,
    ending: endingOf(person.number),
    group: person.terms?.group ?? null,
    source: library ? 'library' : 'list',
    blocks,
    mayBorrow: !blocks.some((block) => block.blocksLoans) && (library !== null || person.terms !== null),
    charged: library
      ? { ...charged, count: charged.count === null ? null : Math.max(0, charged.count + lentSince + kept) }
      : { ...charged, count: kept },
    overdue: library?.overdue ?? UNASKED,
    holds: library?.holds ?? UNASKED,
    fines: library?.fines ?? null,
    fees: library?.fees ?? null,
    holdsWaiting: [...(library?.holdsWaiting ?? [])].slice(0, 50),
    message: library?.message ?? null,
  };
}

const libraryBlocks = (conditions: NonNullable<TakenPatron['library']>['conditions']): DeskBlock[] =>
  conditions.map((condition) => ({ condition, blocksLoans: blocksLoans(condition) }));

function listBlocks({ blocks, terms }: TakenPatron['person']): DeskBlock[] {
  const all = terms?.blocked === true ? [...blocks, 'library-block' as const] : blocks;
  return all.map((condition) => ({ condition, blocksLoans: true }));
}

function conflictView(entry: CirculationEntry, { at }: DeskSurroundings): DeskConflict {
  const { number, act, item, patron, conflict } = entry;
  const happened = at(entry);
  const holder = conflict?.holder ?? 'unknown';
  return {
    id: String(number),
    number,
    act,
    item,
    patron,
    at: happened,
    due: dueAt(entry, happened),
    refusedAt: conflict?.at ?? happened,
    detail: conflict?.detail ?? null,
    holder,
    holderNumber: conflict?.holderNumber ?? null,
    holderSince: conflict?.holderSince ?? null,
    holderDue: conflict?.holderDue ?? null,
    suggested: suggestion(act, holder),
  };
}

/** Amber, and done all the same. */
const DONE_WITH_A_REMARK: readonly DeskItem['message'][] = [
  'lent-was-renewal',
  'returned-for-hold',
  'returned-elsewhere',
  'returned-alert',
];

/** Of the present session, or at a counter of the one just over: in self-service that one's patron has gone. */
export function receiptOf(
  session: DeskSession,
  head: Pick<DeskReceipt, 'library' | 'desk' | 'at' | 'timeZone'>,
): DeskReceipt {
  const { patron, lines, last, printed } = session;
  const isOver = session.mode === 'staffed' && patron === null && lines.length === 0;
  const shown = isOver ? (last?.lines ?? []) : lines;
  const ending = isOver ? (last?.ending ?? null) : patron && endingOf(patron.person.number);
  return {
    ...head,
    ending,
    items: shown
      .filter(({ colour, message }) => colour === 'green' || DONE_WITH_A_REMARK.includes(message))
      .map((line) => itemView(line, false)),
    lines: [...(isOver ? (last?.printed ?? []) : printed)],
  };
}
