// SPDX-License-Identifier: Apache-2.0
// `latchkey card`, `latchkey list` and `latchkey sip2` as people run them: child processes, their output and exit codes.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cardId, createPrf } from '@latchkey/protocols/authorization/credential-id';
import { generateSigningJwk, importSigningKey, toPublicJwk } from '@latchkey/protocols/authorization/keys';
import { buildList, sealList } from '@latchkey/protocols/authorization/list-build';
import { encodeListFile } from '@latchkey/protocols/authorization/list-file';
import { encodePolicy, policyDocument } from '@latchkey/protocols/authorization/policy';
import { signRoot } from '@latchkey/protocols/authorization/root-document';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const PROGRAM = `
import { runProgram } from './gateway/src/app/commands/lazy-program.ts';
const load = (path, name) => [async () => (await import(path))[name]];
await runProgram({
  name: 'latchkey', description: 'test', version: '0', commands: [
    { name: 'card', summary: 'cards', load: load('./controller/src/app/commands/card.ts', 'registerCard') },
    { name: 'list', summary: 'lists', load: load('./controller/src/app/commands/list.ts', 'registerList') },
    { name: 'sip2', summary: 'sip2', load: load('./controller/src/app/commands/sip2.ts', 'registerSip2') },
  ],
}, process.argv.slice(1));`;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const run = (...args: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const node = [
      '--import',
      'tsx',
      '--conditions=latchkey-source',
      '--input-type=module',
      '-e',
      PROGRAM,
      '--',
      ...args,
    ];
    execFile(process.execPath, node, { cwd: ROOT }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });

/** One line with the fix, never a stack trace. */
function expectRefusal(ran: Ran, code: number, ...texts: string[]): void {
  expect(ran.err).toMatch(/^latchkey: [^\n]+\n$/);
  expect(ran.err).not.toMatch(/\bat .*:\d+/);
  for (const text of texts) expect(ran.err).toContain(text);
  expect(ran.code).toBe(code);
}

let folder: string;
const path = (name: string) => join(folder, name);
const CAMPUS = 'c0ffee0000000001';

async function makeKeys() {
  const jwks = await Promise.all([1, 2, 3].map(() => generateSigningJwk()));
  const keys = await Promise.all(jwks.map((jwk) => importSigningKey(jwk)));
  return jwks.map((jwk, index) => {
    const open = toPublicJwk(jwk);
    const key = keys[index];
    if (!open.ok || !key?.ok) throw new Error('key');
    return { jwk: open.value, key: key.value };
  });
}

async function makeFiles(): Promise<void> {
  const [root, list, stranger] = await makeKeys();
  if (!root || !list || !stranger) throw new Error('keys');
  const document = (jwk: typeof list.jwk) => ({
    version: 1,
    epoch: 1,
    campusId: CAMPUS,
    threshold: 1,
    rootKeys: [root.jwk],
    keys: [{ role: 'list' as const, scopes: 'all' as const, jwk }],
    issuedAtMs: 1_790_000_000_000,
  });
  const policy = policyDocument.parse({
    format: 1,
    holidays: ['2026-10-01'],
    schedules: [
      {
        id: 'always',
        intervals: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', until: '24:00' }],
        onHolidays: 'as-usual',
      },
    ],
    portals: [
      { id: 'north-in', antiPassback: { mode: 'soft', in: 'dorm' }, afterExpiry: 'keep-residents', askGateway: true },
    ],
    profiles: [{ rules: [{ portals: [0], schedule: 0 }], kind: 'resident' }],
  });
  const built = buildList({
    campusId: CAMPUS,
    scopeId: 7,
    epoch: 1,
    version: 42,
    issuedAtMs: 1_790_000_000_000,
    refreshBy: 29_840_000,
    hardExpiry: 29_850_000,
    denySeq: 3,
    previousHeadHash: new Uint8Array(32),
    prfKeyId: 5,
    prf: createPrf(new Uint8Array(16).fill(1)),
    policy: encodePolicy(policy),
    entries: {
      ids: new Uint8Array(Buffer.concat([1, 2, 3].map((n) => cardId(Uint8Array.of(1, 2, 3, n))))),
      profiles: new Uint16Array(3),
      flags: new Uint8Array(3),
      classes: new Uint8Array(3),
      until: new Uint32Array(3).fill(0xffff_ffff),
    },
  });
  if (!built.ok) throw new Error(built.code);
  const file = encodeListFile(await sealList(built.value, list.key));
  const damaged = Uint8Array.from(file);
  damaged[damaged.length - 1] = 1;
  await Promise.all([
    writeFile(path('root.signed'), await signRoot(document(list.jwk), [root.key])),
    writeFile(path('other.signed'), await signRoot(document(stranger.jwk), [root.key])),
    writeFile(path('list.lkl'), file),
    writeFile(path('damaged.lkl'), damaged),
    writeFile(path('short.lkl'), file.subarray(0, 200)),
    writeFile(path('text.txt'), 'hello'),
    writeFile(
      path('good.csv'),
      '\ufeff卡片,卡号\r\n529D06E3,157,01763\r\n5630F009,048,61449\r\n2A83155E,131,05470\r\n',
    ),
    writeFile(path('exact.csv'), '529D06E3,3808861522\n2A83155E,1578468138\n'),
    writeFile(path('odd.csv'), '529D06E3,1\n'),
    writeFile(path('broken.csv'), '529D06E3,1\nXYZ1,2\n'),
  ]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-commands-'));
  await makeFiles();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('card convert', () => {
  it('prints every spelling, whole numbers before parts', async () => {
    const { code, out, err } = await run('card', 'convert', '529D06E3');
    expect([code, err]).toEqual([0, '']);
    for (const text of ['E3069D52', '1386022627', '3808861522', '157,01763']) expect(out).toContain(text);
    expect(out.indexOf('The whole number')).toBeLessThan(out.indexOf('Parts of it'));
  });
  it('converts to one form, and says on the side when that form loses bytes', async () => {
    const exact = await run('card', 'convert', '3808861522', '--from', 'decimal-reversed', '--to', 'hex');
    expect(exact).toEqual({ code: 0, out: '529D06E3\n', err: '' });
    const lossy = await run('card', 'convert', '529D06E3', '--to', 'weg-last', '--json');
    expect(JSON.parse(lossy.out)).toMatchObject({ kind: 'lossy', text: '15701763', keptBytes: 3, uidBytes: 4 });
    expectRefusal(lossy, 0, '256 cards');
  });
  it('asks for the form where several fit', async () => {
    expectRefusal(await run('card', 'convert', '1386022627'), 2, '--from', 'decimal', 'decimal-reversed');
  });
  it('refuses to make up bytes, and forms it does not know', async () => {
    expectRefusal(await run('card', 'convert', '15701763', '--from', 'weg-last', '--to', 'hex'), 1, 'cannot convert');
    expectRefusal(await run('card', 'convert', '1', '--from', 'morse'), 2, 'morse', '--help');
  });
  it('wrong use ends with exit code 2', async () => {
    expect((await run('card', 'convert')).code).toBe(2);
    expect((await run('card', 'convert', '--help')).out).toContain('weg-last');
  });
});

describe('card detect', () => {
  it('finds the form from samples with a header and commas inside the numbers', async () => {
    const { code, out } = await run('card', 'detect', path('good.csv'));
    expect([code, out.split(':')[0]]).toEqual([0, '2h4h-last']);
    expect(out).toContain('Ask the card office for the full number');
  });
  it('says how to import what can be imported', async () => {
    const { out } = await run('card', 'detect', path('exact.csv'));
    expect(out).toContain('card import cards.csv --form decimal-reversed');
  });
  it('fails where nothing fits, and on a line it cannot read', async () => {
    expect(await run('card', 'detect', path('odd.csv'))).toMatchObject({
      code: 1,
      out: expect.stringContaining('No known'),
    });
    expectRefusal(await run('card', 'detect', path('broken.csv')), 2, 'line 2');
    expectRefusal(await run('card', 'detect', path('absent.csv')), 2, 'check the name');
  });
});

describe('list inspect', () => {
  it('says what is in the file, for people', async () => {
    const { code, out, err } = await run('list', 'inspect', path('list.lkl'));
    expect([code, err]).toEqual([0, '']);
    for (const text of [CAMPUS, '42 of epoch 1', 'north-in', 'keep-residents', 'always', 'not verified']) {
      expect(out).toContain(text);
    }
    expect(out).toMatch(/^credentials +3$/m);
    expect(out).toMatch(/^signed by +[0-9a-f]{16} /m);
  });
  it('prints JSON for programs', async () => {
    const { out } = await run('list', 'inspect', path('list.lkl'), '--json');
    expect(JSON.parse(out)).toMatchObject({ scope: 7, version: 42, credentials: 3, policy: { profiles: 1 } });
  });
  it('refuses what is no list, and a list cut short', async () => {
    expectRefusal(await run('list', 'inspect', path('text.txt')), 1, 'malformed-file');
    expectRefusal(await run('list', 'inspect', path('short.lkl')), 1, 'malformed-file');
    expectRefusal(await run('list', 'inspect', folder), 2, 'is a folder');
  });
});

describe('list verify', () => {
  const verify = (file: string, root: string, ...more: string[]) =>
    run('list', 'verify', path(file), '--root', path(root), ...more);

  it('takes a list signed by a key of the root document', async () => {
    const ran = await verify('list.lkl', 'root.signed', '--campus', CAMPUS, '--scope', '7');
    expect(ran).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('good: scope 7, version 42 of epoch 1, 3'),
    });
  });
  it.each([
    ['a key that the root document does not name', 'list.lkl', 'other.signed', [], 'unknown-key'],
    ['a record changed', 'damaged.lkl', 'root.signed', [], 'root-mismatch'],
    ['another campus', 'list.lkl', 'root.signed', ['--campus', '0123456789abcdef'], 'wrong-campus'],
    ['another scope', 'list.lkl', 'root.signed', ['--scope', '8'], 'wrong-scope'],
    [
      'another root document than the pinned one',
      'list.lkl',
      'root.signed',
      ['--root-digest', 'ab'.repeat(32)],
      'not-pinned',
    ],
  ])('refuses with the reason: %s', async (_, file, root, more, reason) => {
    expectRefusal(await verify(file, root, ...more), 1, 'refused', reason);
  });
  it('wrong use ends with exit code 2', async () => {
    expectRefusal(await verify('list.lkl', 'text.txt'), 2, 'no signed root document');
    expectRefusal(await verify('list.lkl', 'root.signed', '--campus', 'x'), 2, '16 hex digits');
    expect((await run('list', 'verify', path('list.lkl'))).code).toBe(2);
  });
});

describe('latchkey sip2 probe', () => {
  it('says how to use it', async () => {
    const { code, out } = await run('sip2', 'probe', '--help');
    expect(code).toBe(0);
    expect(out).toContain('--try-loan');
    expect(out).toContain('Exit code');
  });

  it.each([
    ['an address without a port', ['ils.example'], 'write HOST:PORT'],
    ['a user without a password', ['ils.example:6001', '--user', 'desk'], '--password-file or --password-stdin'],
    ['a password without a user', ['ils.example:6001', '--password-stdin'], 'needs its --user'],
    ['a loan of nothing', ['ils.example:6001', '--try-loan'], 'give --patron and --item'],
    ['half a fingerprint', ['ils.example:6001', '--fingerprint', 'ab:cd'], '64 hexadecimal digits'],
    ['a file that is not there', ['ils.example:6001', '--user', 'u', '--password-file', '/none'], 'there is no file'],
  ])('refuses %s', async (_, args, words) => {
    expectRefusal(await run('sip2', 'probe', ...args), 2, words);
  });

  it('says why a server cannot be reached', async () => {
    expectRefusal(await run('sip2', 'probe', '127.0.0.1:1'), 1, '127.0.0.1:1', 'nothing listens there');
  });
});
