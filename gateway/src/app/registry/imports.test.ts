// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../adapters/database/open-database.ts';
import { bundleWorker } from '../../adapters/database/temporary-database.test-support.ts';
import { verifyAudit } from '../audit.ts';
import { actOnCard } from './cards.ts';
import { createImports, type ImportOutcome, type ImportRequest, type ImportService } from './imports.ts';
import { putBorrower } from './library.ts';
import { putGroup, putPerson, removePerson } from './people.ts';
import {
  ACTOR,
  cardsFile,
  furnish,
  openTestRegistry,
  peopleFile,
  person,
  type TestRegistry,
  value,
} from './registry.test-support.ts';

let registry: TestRegistry;
let imports: ImportService;
beforeEach(async () => {
  registry = await openTestRegistry();
  await furnish(registry);
  imports = createImports(registry.context);
});
afterEach(() => registry.close());

const run = async (
  kind: ImportRequest['kind'],
  csv: string | Uint8Array,
  over: Partial<ImportRequest> = {},
): Promise<ImportOutcome> => {
  const bytes = typeof csv === 'string' ? new TextEncoder().encode(csv) : csv;
  return value(await imports({ kind, csv: bytes, dryRun: false, form: undefined, ...over }, ACTOR));
};
const difference = async (...args: Parameters<typeof run>) => {
  const outcome = await run(...args);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems));
  return outcome.difference;
};
const problems = async (...args: Parameters<typeof run>) => {
  const outcome = await run(...args);
  if (outcome.ok) throw new Error('it was accepted');
  return outcome.problems;
};
const people = () =>
  registry.database.db.selectFrom('person').select(['number', 'name', 'room', 'kind']).orderBy('number').execute();
const dump = async () =>
  JSON.stringify([
    await registry.database.db.selectFrom('person').selectAll().orderBy('id').execute(),
    await registry.database.db.selectFrom('group_member').selectAll().orderBy('person_id').execute(),
    await registry.database.db.selectFrom('credential').selectAll().orderBy('id').execute(),
    await registry.database.db.selectFrom('access_level').selectAll().orderBy('id').execute(),
    await registry.database.db.selectFrom('audit').select('seq').execute(),
  ]);

describe('import of people', () => {
  it('shows in a dry run exactly what it then does, and nothing the second time', async () => {
    const csv = '学号,姓名,房间,组\nS1,王大明,102,dorm-1\nS2,李芳,103,2号楼\n';
    const before = await dump();
    const dry = await difference('people', csv, { dryRun: true });
    expect(await dump()).toBe(before);
    expect(dry).toMatchObject({ applied: false, added: 1, changed: 1, unchanged: 0 });
    expect(dry.changes).toEqual([
      { line: 3, action: 'add', key: expect.stringMatching(/^group group-[0-9a-f]{10}$/), fields: ['name: 2号楼'] },
      { line: 2, action: 'change', key: 'S1', fields: ['name: 王小明 → 王大明', 'room: 101 → 102'] },
      { line: 3, action: 'add', key: 'S2', fields: [] },
    ]);
    expect(await difference('people', csv)).toEqual({ ...dry, applied: true });
    expect(await people()).toEqual([
      { number: 'S1', name: '王大明', room: '102', kind: 'resident' },
      { number: 'S2', name: '李芳', room: '103', kind: 'resident' },
    ]);
    expect(await difference('people', csv)).toMatchObject({ added: 0, changed: 0, unchanged: 2 });
  });

  it('leaves alone what the file has no column for', async () => {
    value(
      await putPerson(
        registry.context,
        'S1',
        person({ kind: 'staff', groups: ['dorm-1'], validUntil: '2027-01-01T00:00:00Z' }),
        ACTOR,
      ),
    );
    await difference('people', '学号,姓名\nS1,王大明\n');
    const row = await registry.database.db
      .selectFrom('person')
      .selectAll()
      .where('number', '=', 'S1')
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ kind: 'staff', room: '101', valid_until: Date.parse('2027-01-01') });
    expect(await registry.database.db.selectFrom('group_member').select('group_id').execute()).toEqual([
      { group_id: 'dorm-1' },
    ]);
  });

  it('refuses by line and column, and applies nothing', async () => {
    const before = await dump();
    expect(await problems('people', '学号,姓名,类别\nS5,甲,住宿生\nS6,,老师傅\n')).toEqual([
      expect.objectContaining({ line: 3, column: '姓名' }),
      expect.objectContaining({ line: 3, column: '类别' }),
    ]);
    expect(await dump()).toBe(before);
  });

  it('refuses a number that somebody borrows on at the library', async () => {
    value(await putBorrower(registry.context, 'S1', { patron: 'S5', blocked: false, reason: '' }, ACTOR));
    const before = await dump();
    expect(await problems('people', 'number,name\nS4,A\nS5,B\n')).toEqual([
      { line: 3, column: 'number', message: expect.stringMatching(/^S1 borrows .* another patron number first$/) },
    ]);
    expect(await dump()).toBe(before);
    value(await removePerson(registry.context, 'S1', ACTOR));
    expect(await difference('people', 'number,name\nS5,B\n')).toMatchObject({ added: 1 });
    expect(await problems('people', 'number,name\nS1,王小明\n')).toEqual([
      { line: 2, column: 'number', message: expect.stringMatching(/^S5 borrows /) },
    ]);
    value(await removePerson(registry.context, 'S5', ACTOR));
    expect(await problems('people', 'number,name\nS5,B\nS1,王小明\n')).toEqual([
      { line: 3, column: 'number', message: expect.stringMatching(/^S5 borrows /) },
    ]);
  });

  it('refuses a group name that several groups have', async () => {
    value(await putGroup(registry.context, 'other', { name: '1号楼' }, ACTOR));
    expect(await problems('people', 'number,name,groups\nS7,A,1号楼\n')).toEqual([
      expect.objectContaining({ line: 2, column: 'groups' }),
    ]);
    expect(await difference('people', 'number,name,groups\nS7,A,dorm-1\n')).toMatchObject({ added: 1 });
  });

  it('takes 23,000 lines in seconds, each in the audit chain', async () => {
    const count = 23_000;
    expect(await difference('people', peopleFile(count))).toMatchObject({ added: count });
    expect(await difference('cards', cardsFile(count))).toMatchObject({ added: count });
    expect(await difference('cards', cardsFile(count))).toMatchObject({ unchanged: count });
    expect(await verifyAudit(registry.database.reader)).toMatchObject({ intact: true });
  });
});

describe('import of cards', () => {
  it('reads the form it is told and issues to people that exist', async () => {
    const csv = '学号,卡号\nS1,3735928559\n';
    expect(await problems('cards', csv)).toEqual([expect.objectContaining({ line: expect.any(Number) })]);
    expect(await difference('cards', csv, { form: 'decimal' })).toMatchObject({ added: 1 });
    expect(await registry.database.db.selectFrom('credential').select(['tail', 'state']).execute()).toEqual([
      { tail: 'beef', state: 'active' },
    ]);
  });

  it('asks for the form where digits could be either', async () => {
    expect(await problems('cards', '学号,卡号\nS1,12345678\n')).toEqual([
      { line: 1, column: '卡号', message: expect.stringContaining('hexadecimal or decimal') },
    ]);
    expect(await difference('cards', '学号,卡号\nS1,12345678\n', { form: 'hex' })).toMatchObject({ added: 1 });
  });

  it('never moves a card to another person, nor gives one to somebody unknown', async () => {
    value(await putPerson(registry.context, 'S2', person(), ACTOR));
    await difference('cards', '学号,卡号\nS1,04a1b2c3\n');
    const before = await dump();
    expect(await problems('cards', '学号,卡号\nS2,04a1b2c3\nS9,04a1b2c4\nS1,04a1b2c5\n')).toEqual([
      expect.objectContaining({ line: 2, column: '卡号' }),
      expect.objectContaining({ line: 3, column: '学号' }),
    ]);
    expect(await dump()).toBe(before);
  });

  it('does not bring a lost card back, and gives a withdrawn one out again', async () => {
    const csv = '学号,卡号\nS1,04a1b2c3\n';
    await difference('cards', csv);
    value(await actOnCard(registry.context, 1, 'lose', ACTOR));
    expect(await difference('cards', csv)).toMatchObject({ unchanged: 1 });
    value(await actOnCard(registry.context, 1, 'withdraw', ACTOR));
    expect(await difference('cards', csv)).toMatchObject({ added: 1 });
    const ops = await registry.database.db.selectFrom('deny_op').select('kind').orderBy('seq').execute();
    expect(ops.map(({ kind }) => kind)).toEqual(['deny', 'deny', 'allow-again']);
  });
});

describe('import of access levels', () => {
  it('finds groups by id and name, and needs everything it names', async () => {
    const csv = '名称,组,门,时段\n夜班,1号楼,library,always\n宿舍,dorm-1,north,always\n';
    expect(await difference('levels', csv)).toMatchObject({ added: 1, changed: 0, unchanged: 1 });
    expect(await difference('levels', csv)).toMatchObject({ unchanged: 2 });
    expect(await problems('levels', '名称,组,门,时段\n坏,nobody,south,never\n')).toEqual([
      expect.objectContaining({ line: 2, column: '组' }),
      expect.objectContaining({ line: 2, column: '门' }),
      expect.objectContaining({ line: 2, column: '时段' }),
    ]);
  });
});

describe('an import', () => {
  it('plans anew when the registry changed meanwhile', async () => {
    const results = await Promise.all([
      difference('people', 'number,name\nA1,A\n'),
      difference('people', 'number,name\nA1,B\nA2,C\n'),
      difference('people', 'number,name\nA3,D\n'),
    ]);
    expect(results.reduce((sum, { added }) => sum + added, 0)).toBe(3);
    expect(await verifyAudit(registry.database.reader)).toMatchObject({ intact: true });
  });

  it('done again changes nothing, whatever the file', async () => {
    const cell = fc.constantFrom('A', 'B', '王', '');
    const row = fc.record({ name: fc.constantFrom('A', 'B'), room: cell, group: fc.constantFrom('dorm-1', 'x', '') });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 6 }), async (rows) => {
        const csv = `number,name,room,groups\n${rows.map(({ name, room, group }, index) => `P${index},${name},${room},${group}`).join('\n')}\n`;
        await difference('people', csv);
        const again = await difference('people', csv);
        expect(again).toMatchObject({ added: 0, changed: 0, unchanged: rows.length });
      }),
      { numRuns: 15 },
    );
  });
});

describe('a process killed in the middle of an import', () => {
  it('leaves nothing half applied', async () => {
    const rows = 8_000;
    const worker = await bundleWorker();
    const victim = fileURLToPath(new URL('./import-victim.test-support.ts', import.meta.url));
    for (const delayMs of [0, 150, 300, 450]) {
      const directory = await mkdtemp(join(tmpdir(), 'latchkey-victim-'));
      const path = join(directory, 'registry.sqlite');
      await killWhileImporting(
        ['--import', 'tsx', '--conditions=latchkey-source', victim, path, worker.href, String(rows)],
        delayMs,
      );
      const database = await openDatabase({ path, worker });
      const count = async (table: 'person' | 'group_member') =>
        (
          await database.db
            .selectFrom(table)
            .select(({ fn }) => fn.countAll<number>().as('n'))
            .executeTakeFirst()
        )?.n;
      const present = await count('person');
      expect([0, rows]).toContain(present);
      expect(await count('group_member')).toBe(present);
      expect(await verifyAudit(database.reader)).toMatchObject({ intact: true });
      await database.close();
      await rm(directory, { recursive: true });
    }
  });
});

async function killWhileImporting(args: readonly string[], delayMs: number): Promise<void> {
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  child.kill('SIGKILL');
  await ended;
}
