// SPDX-License-Identifier: Apache-2.0
// ID numbers in a people file: what becomes of them, and what must not.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { grantsOfNumber, putGrants } from '../sign-in/grants.ts';
import { createImports, type ImportService } from './imports.ts';
import { removePerson } from './people.ts';
import { ACTOR, openTestRegistry, type TestRegistry, value } from './registry.test-support.ts';

const ID = '11010119900307002X';
const OTHER_ID = '110101900307002';
let registry: TestRegistry;
let imports: ImportService;
let hashed: string[] = [];
beforeEach(async () => {
  registry = await openTestRegistry();
  hashed = [];
  imports = createImports(registry.context, async (password) => {
    hashed.push(password);
    return `hash ${hashed.length}`;
  });
});
afterEach(() => registry.close());

const run = async (csv: string, dryRun = false) =>
  value(await imports({ kind: 'people', csv: new TextEncoder().encode(csv), dryRun, form: undefined }, ACTOR));
const accounts = () =>
  registry.database.db
    .selectFrom('account')
    .innerJoin('person', 'person.id', 'account.person_id')
    .select(['person.number', 'account.initial_hash', 'account.password_hash'])
    .orderBy('person.number')
    .execute();

const FILE = `学号,姓名,身份证号\nS1,王小明,${ID}\nS2,李华,\nS3,张伟,${OTHER_ID}\n`;

describe('an ID number', () => {
  it('becomes the initial password of its last six characters, X as 0', async () => {
    expect(await run(FILE)).toMatchObject({ ok: true, difference: { added: 3 } });
    expect(hashed.toSorted((a, b) => a.localeCompare(b))).toEqual(['070020', '307002']);
    expect(await accounts()).toMatchObject([{ number: 'S1' }, { number: 'S3' }]);
  });

  it('is hashed for no dry run, and shown by none', async () => {
    await run('学号,姓名\nS1,王小明\n');
    const dry = await run(FILE, true);
    expect(dry).toMatchObject({ ok: true, difference: { added: 2, changed: 1 } });
    expect(JSON.stringify(dry)).toContain('initialPassword: set');
    expect(hashed).toEqual([]);
    for (const secret of [ID, OTHER_ID, '070020', '307002', '07002X'])
      expect(JSON.stringify(dry)).not.toContain(secret);
  });

  it('changes nothing for whoever has an account, so that a file takes over nobody', async () => {
    await run(FILE);
    const before = await accounts();
    const again = await run(FILE.replace(ID, OTHER_ID));
    expect(again).toMatchObject({ ok: true, difference: { changed: 0, unchanged: 3 } });
    expect(await accounts()).toEqual(before);
    expect(hashed).toHaveLength(2);
  });

  it('gives no password to whoever holds a role, so that no clerk becomes an administrator', async () => {
    await run('学号,姓名\nS1,王小明\nS2,李华\n');
    value(await putGrants(registry.context, 'S1', [{ role: 'administrator', buildings: 'all' }], ACTOR));
    expect(await run(FILE)).toMatchObject({ ok: true, difference: { added: 1, changed: 0 } });
    expect(await accounts()).toMatchObject([{ number: 'S3' }]);
  });

  it('ends as a password with the first role; a temporary one that an administrator gives afterwards stays', async () => {
    await run(FILE);
    const grant = (building: string) =>
      putGrants(registry.context, 'S1', [{ role: 'dorm-manager', buildings: [building] }], ACTOR);
    value(await grant('1号楼'));
    expect(await accounts()).toMatchObject([{ number: 'S1', initial_hash: null }, { number: 'S3' }]);
    const given = registry.database.db.updateTable('account').set({ initial_hash: 'temporary' });
    await given.where('initial_hash', 'is', null).execute();
    value(await grant('2号楼'));
    expect(await accounts()).toMatchObject([{ initial_hash: 'temporary' }, { number: 'S3' }]);
  });

  it('leads back to no role of whoever left', async () => {
    await run('学号,姓名\nS1,王小明\n');
    value(await putGrants(registry.context, 'S1', [{ role: 'security', buildings: 'all' }], ACTOR));
    value(await removePerson(registry.context, 'S1', ACTOR));
    await run(FILE);
    expect(await grantsOfNumber(registry.database.db, 'S1')).toEqual([]);
    const notes = await registry.database.db.selectFrom('audit').select(['action', 'detail']).orderBy('seq').execute();
    expect(notes.find(({ action }) => action === 'roles-put')?.detail).toContain('security');
  });

  it('that is wrong is refused by line, without a digit of it in the message', async () => {
    const wrong = `学号,姓名,证件号\nS1,王小明,110101199003070029\nS2,李华,1.10101E+17\nS3,张伟,无\n`;
    const outcome = await run(wrong);
    expect(outcome).toMatchObject({
      ok: false,
      problems: [
        { line: 2, column: '证件号', message: expect.stringContaining('check digit') },
        { line: 3, message: expect.stringContaining('shortened') },
        { line: 4, message: expect.stringContaining('as in the document') },
      ],
    });
    expect(JSON.stringify(outcome)).not.toContain('0029');
    expect(await accounts()).toEqual([]);
  });

  it('is nowhere in the database or the audit chain', async () => {
    await run(FILE);
    const { db } = registry.database;
    const everything = JSON.stringify([
      await db.selectFrom('person').selectAll().execute(),
      await db.selectFrom('account').selectAll().execute(),
      await db.selectFrom('audit').selectAll().execute(),
    ]);
    for (const secret of [ID, OTHER_ID, '070020', '307002']) expect(everything).not.toContain(secret);
  });
});
