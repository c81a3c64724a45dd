// SPDX-License-Identifier: Apache-2.0
// The connection tester against libraries of every kind: it finds each one's settings, changes nothing unless asked, and the desk's
// own client gets along with what it prints.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { makeAuthority } from '@latchkey/controller/adapters/authority.test-support';
import { createSip2Client } from '@latchkey/controller/adapters/sip2-client';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import { probeSip2 } from '@latchkey/controller/app/sip2-probe';
import type { ProbeReport } from '@latchkey/controller/app/sip2-probe-report';
import { probeText } from '@latchkey/controller/app/sip2-probe-text';
import { libraryWiring } from '@latchkey/controller/core/wiring-library';
import { afterEach, describe, expect, it } from 'vitest';
import { LIKENESS_NAMES, LIKENESSES } from './likenesses.ts';
import { QUIRK_NAMES, type Quirk } from './quirks.ts';
import { type LibraryOptions, type SimulatedLibrary, startSimulatedLibrary } from './simulated-library.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LOGIN = { user: 'desk', password: 'geheim' };
let library: SimulatedLibrary;
afterEach(() => library.close());

const NAMES = {
  'utf-8': '李华',
  gbk: '李华',
  cp850: 'Jürgen Müller',
  latin1: 'Jürgen Müller',
  ascii: 'Li Hua',
} as const;

async function start(options: LibraryOptions = {}): Promise<void> {
  const { charset = 'utf-8' } = options;
  const isChinese = charset === 'utf-8' || charset === 'gbk';
  library = await startSimulatedLibrary({
    patrons: [{ number: 'P1', name: NAMES[charset] }],
    items: [{ barcode: 'B1', title: isChinese ? '平凡的世界' : 'Dictionary' }],
    ...options,
    policies: {
      name: isChinese ? '市图书馆' : 'City Library',
      language: isChinese ? 'zh-CN' : 'en',
      ...options.policies,
    },
  });
}

type Asked = Partial<Parameters<typeof probeSip2>[0]>;
const probe = (asked: Asked = {}) =>
  probeSip2({
    address: { host: '127.0.0.1', port: library.port, tls: false },
    login: { ...LOGIN, location: '' },
    institution: 'LIB',
    location: '',
    terminalPassword: '',
    patron: 'P1',
    item: 'B1',
    tryLoan: false,
    tryUnadvertised: false,
    withinMs: 2_000,
    repeatAfterMs: 0,
    clock: systemClock,
    ...asked,
  });

async function report(asked?: Asked): Promise<ProbeReport> {
  const probed = await probe(asked);
  if (!probed.ok) throw new Error(probed.detail);
  expect(probeText(probed.value)).not.toContain(LOGIN.password);
  return probed.value;
}
const codes = () => new Set(library.received.map(({ bytes }) => Buffer.from(bytes.subarray(0, 2)).toString()));

/** With the settings as printed, and the password put in. */
async function getsAlong(settings: ProbeReport['library']): Promise<void> {
  const login = 'login' in settings ? { login: { ...(settings['login'] as object), password: LOGIN.password } } : {};
  const client = createSip2Client({
    wiring: libraryWiring.parse({ ...settings, ...login, timeoutMs: 1_000 }),
    clock: systemClock,
    random: { unit: () => 0 },
    onState: () => undefined,
    log: () => undefined,
  });
  client.start();
  await expect.poll(() => client.state().state, { timeout: 5_000 }).toBe('up');
  const fixed = { language: '000', transactionDate: { local: '2026-11-23T10:00:00', zone: '' }, summary: '' };
  const told = await client.ask({ code: '63', fixed, fields: { AO: 'LIB', AA: 'P1' } });
  await client.close();
  const charset = settings['charset'] as keyof typeof NAMES;
  expect(told).toMatchObject({ ok: true, message: { fields: { AE: [NAMES[charset]] } } });
}

describe('the connection tester finds', () => {
  it.each([
    { charset: 'utf-8', terminator: 'cr', quirks: [] },
    { charset: 'utf-8', terminator: 'crlf', quirks: ['checksum-code-units', 'login-first'] },
    { charset: 'gbk', terminator: 'crlf', quirks: ['status-first'] },
    { charset: 'gbk', terminator: 'lf', quirks: ['checksum-code-units', 'needs-cr'] },
    { charset: 'cp850', terminator: 'cr', quirks: ['login-first', 'leading-lf'] },
    { charset: 'cp850', terminator: 'crlf', quirks: ['checksum-code-units', 'status-first'] },
    { charset: 'latin1', terminator: 'cr', quirks: ['checksum-none'] },
    { charset: 'utf-8', terminator: 'cr', quirks: ['checksum-short', 'no-delimiter-before-tail'] },
    { charset: 'gbk', terminator: 'cr', quirks: ['checksum-unchecked', 'checksum-lower-case'] },
    { charset: 'gbk', terminator: 'cr', quirks: ['needs-lf'] },
    { charset: 'utf-8', terminator: 'crlf', quirks: ['needs-lf', 'login-first'] },
  ] as const)('$charset, $terminator, $quirks', async ({ charset, terminator, quirks }) => {
    await start({ charset, terminator, quirks, login: LOGIN });
    const found = await report();
    const has = (quirk: Quirk) => (quirks as readonly Quirk[]).includes(quirk);
    const mode = has('checksum-code-units')
      ? 'code-units'
      : has('checksum-short')
        ? 'ignored'
        : has('checksum-none')
          ? 'off'
          : 'bytes';
    expect(found).toMatchObject({
      charset: { charset },
      checksum: { mode, checked: !has('checksum-unchecked') && !has('checksum-short') },
      terminator: has('needs-lf') ? 'crlf' : 'cr',
      delimiter: '|',
      login: { order: has('status-first') ? 'status-first' : has('login-first') ? 'login-first' : 'either' },
    });
    await getsAlong(found.library);
  });

  it.each(QUIRK_NAMES)('settings that the desk gets along with: %s', async (quirk) => {
    await start({ quirks: [quirk], login: LOGIN });
    await getsAlong((await report()).library);
  });

  it.each(LIKENESS_NAMES)('a library like %s', async (name) => {
    const { options } = LIKENESSES[name];
    await start({ ...options, login: LOGIN });
    const found = await report();
    expect(found.charset.charset).toBe(name === 'evergreen' ? null : options.charset);
    expect(found.checksum.mode).toBe({ dp2: 'code-units', 'older-chinese': 'off' }[name as string] ?? 'bytes');
    const charset = options.charset;
    await getsAlong({ ...found.library, charset });
  });

  it('an odd delimiter', async () => {
    await start({ delimiter: '^' });
    const found = await report();
    expect(found.delimiter).toBe('^');
    await getsAlong(found.library);
  });

  it('sums over characters by what is taken, where answers have nothing but ASCII', async () => {
    await start({
      quirks: ['checksum-code-units'],
      patrons: [{ number: 'P1', name: 'Li Hua' }],
      items: [],
      policies: { name: 'City', language: 'en' },
    });
    const { checksum, charset } = await report({ item: undefined });
    expect(checksum).toMatchObject({ mode: 'code-units', certainty: 'sure' });
    expect(charset).toMatchObject({ charset: 'utf-8', certainty: 'sure' });
  });

  it('no charset in ASCII, and says so', async () => {
    await start({ charset: 'ascii', policies: { name: 'City', language: 'en' } });
    const found = await report();
    expect(found.charset).toEqual({ charset: null, certainty: 'unseen' });
    expect(found.library).not.toHaveProperty('charset');
    expect(probeText(found)).toContain('not known: nothing but ASCII came');
  });

  it('the password nowhere, and the wiring wants it before it is taken', async () => {
    await start({ login: LOGIN });
    const { library: settings } = await report({ terminalPassword: 'hidden' });
    expect(JSON.stringify(settings)).not.toMatch(/hidden|geheim/);
    const parsed = libraryWiring.safeParse(settings);
    expect(parsed.error?.issues.map(({ path, message }) => [path.join('.'), message])).toEqual([
      ['login.password', 'write the password here instead of "…"'],
      ['terminalPassword', 'write the password here instead of "…"'],
    ]);
  });

  it('the clock and the zone', async () => {
    await start();
    expect((await report()).clock).toMatchObject({ offsetMinutes: 480, zone: '', aheadSeconds: expect.any(Number) });
    library.set({ quirks: ['dates-in-utc'] });
    expect((await report()).clock).toMatchObject({ offsetMinutes: 0, zone: 'Z' });
  });

  it('whether a repeated question is carried out again, and the AY after 97', async () => {
    await start();
    const repeatAfterMs = 1_100;
    expect(await report({ repeatAfterMs })).toMatchObject({ repeats: { found: 'kept' }, resendSequence: 'same' });
    library.set({ quirks: ['executes-again', 'resend-ay0'] });
    const odd = await report({ repeatAfterMs });
    expect(odd.repeats.found).toBe('executed-again');
    expect(['zero', 'same']).toContain(odd.resendSequence);
  });
});

describe('what a server claims', () => {
  it('is the limit of what is asked, unless the operator wants more', async () => {
    await start({ policies: { supports: ['status', 'login', 'itemInformation'] }, quirks: ['drops-unknown'] });
    const modest = await report();
    expect(codes()).toEqual(new Set(['99', '93', '17']));
    expect(modest.messages.find(({ code }) => code === '63')).toMatchObject({ claimed: false, found: 'not-tried' });
    const curious = await report({ tryUnadvertised: true });
    expect(curious.messages.find(({ code }) => code === '63')).toMatchObject({ found: 'ends-connection' });
  });

  it('changes nothing: nobody borrows, nothing is paid', async () => {
    await start({ login: LOGIN });
    await report();
    expect([...codes()].toSorted()).toEqual(['17', '23', '35', '63', '93', '97', '99']);
    expect(library.transactions).toEqual([]);
  });

  it.each([
    ['honoured', []],
    ['ignored', ['no-block-ignored']],
    ['ends-connection', ['no-block-dies']],
    ['unclear', ['due-date-words']],
  ] as const)('of no block is %s with %s, and the book is back afterwards', async (found, quirks) => {
    await start({ quirks, login: LOGIN });
    const tried = await report({ tryLoan: true });
    expect(tried.stored.found).toBe(found);
    expect(tried.messages.filter((each) => each.found === 'works').map(({ code }) => code)).toEqual(
      expect.arrayContaining(['11', '09', '29']),
    );
    expect(library.lent.size).toBe(0);
  });

  it('lends nothing that is not on the shelf', async () => {
    await start({ items: [{ barcode: 'B1', title: 'T', status: '02' }] });
    expect((await report({ tryLoan: true })).loan[0]).toContain('is not on the shelf');
    expect(library.transactions).toEqual([]);
  });
});

describe('over TLS', () => {
  it('with the authority or the fingerprint; without either it is refused, with the fingerprint to confirm', async () => {
    const authority = await makeAuthority();
    const folder = await mkdtemp(join(tmpdir(), 'sip2-probe-'));
    try {
      const ca = join(folder, 'ca.pem');
      await writeFile(ca, authority.ca);
      await start({ login: LOGIN, tls: await authority.issue('library', ['127.0.0.1']) });
      const address = { host: '127.0.0.1', port: library.port };
      const stranger = await probe({ address: { ...address, tls: true } });
      const fingerprint = /fingerprint ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})/.exec(
        (!stranger.ok && stranger.detail) || '',
      )?.[1];
      expect(stranger).toMatchObject({ ok: false, code: 'unreachable' });
      const known = await report({ address: { ...address, tls: { ca } } });
      expect(known.tls?.version).toMatch(/^TLSv1/);
      expect(known.library).toMatchObject({ tls: { ca } });
      await getsAlong(known.library);
      const pin = fingerprint?.replaceAll(':', '').toLowerCase() ?? '';
      expect((await report({ address: { ...address, tls: { fingerprint: pin } } })).tls?.fingerprint).toBe(pin);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('the command', () => {
  it('takes the password from standard input, and prints JSON without it', async () => {
    await start({ login: LOGIN });
    const args = ['sip2', 'probe', `127.0.0.1:${library.port}`, '--user', 'desk', '--password-stdin', '--json'];
    const node = ['--import', 'tsx', '--conditions=latchkey-source', 'latchkey.ts', ...args, '--timeout', '10'];
    const child = spawn(process.execPath, node, { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(`${LOGIN.password}\n`);
    const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect(code).toBe(0);
    expect(out).not.toContain(LOGIN.password);
    expect(JSON.parse(out)).toMatchObject({ library: { charset: 'utf-8', login: { user: 'desk', password: '…' } } });
  });
});

describe('what cannot be found out', () => {
  it('a refused login is tried once', async () => {
    await start({ login: LOGIN });
    const probed = await probe({ login: { user: 'desk', password: 'falsch', location: '' } });
    expect(probed).toMatchObject({ ok: false, code: 'login-refused' });
    expect(library.received.filter(({ message }) => message?.code === '93')).toHaveLength(1);
  });

  it('a server that says nothing', async () => {
    await start({ faults: [{ kind: 'silence-before' }] });
    const probed = await probe({ withinMs: 100, login: undefined });
    expect(probed).toMatchObject({ ok: false, code: 'silent' });
  });

  it('a server that wants a login first, and none was given', async () => {
    await start({ login: LOGIN, quirks: ['login-first'] });
    expect(await probe({ login: undefined })).toMatchObject({ ok: false, code: 'wants-login' });
  });

  it('nobody there', async () => {
    await start();
    await library.unplug();
    const probed = await probe();
    expect(probed).toMatchObject({
      ok: false,
      code: 'unreachable',
      detail: expect.stringContaining('nothing listens'),
    });
  });
});
