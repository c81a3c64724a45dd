// SPDX-License-Identifier: Apache-2.0
// The CLI as a process: exit codes, one line an error with its fix, no stack traces, and only confirmed success is success.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandState } from '@latchkey/protocols/api/operations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageFile from '../../../package.json' with { type: 'json' };
import type { ApiServices } from '../../http/services.ts';
import { VERSION } from '../version.ts';
import { GATEWAY_COMMANDS } from './catalogue.ts';
import { buildProgram } from './lazy-program.ts';
import { latchkey, makeAuthority, type PretendGateway, pretendGateway } from './pretend-gateway.test-support.ts';

const STATES: Record<string, CommandState['state']> = { good: 'done', shut: 'refused', late: 'expired', mute: 'sent' };

const puts: unknown[] = [];
async function put(id: string | number, body: object): Promise<object> {
  puts.push({ id, ...body });
  return { ok: true, value: { changed: true } };
}

const services = {
  commands: {
    unlock: async (portal: string) => {
      const state = STATES[portal];
      if (state === undefined) return { ok: false, code: 'not-found' };
      const code = state === 'refused' ? 'DoorNotAccessible' : null;
      const elapsedMs = state === 'done' ? 41 : null;
      return {
        ok: true,
        value: {
          id: '0011223344556677',
          device: 'gate-1',
          portal,
          operation: 'unlock-momentary',
          state,
          code,
          elapsedMs,
        },
      };
    },
  },
  people: { get: async () => undefined },
  cardFinder: {
    revoke: async () => ({
      ok: true,
      value: { cards: [{ ...CARD, state: 'lost' }], confirmation: { online: 2, confirmed: 2, confirmedMs: 87 } },
    }),
  },
  scopes: {
    list: async () => [
      { id: 1, name: 'Dorms', nameEn: '', zone: null, version: null, credentials: null, publishedAt: null },
    ],
    put,
  },
  portals: { list: async () => [], put },
  devices: { list: async () => [], add: async () => ({ ok: false, code: 'already-exists' }) },
} as unknown as Partial<ApiServices>;

const CARD = { id: '1', person: '2026000001', ending: 'e580', class: 'uid-only', validUntil: null } as const;

let gateway: PretendGateway;
beforeAll(async () => {
  gateway = await pretendGateway(services);
});
afterAll(() => gateway.close());

const run = (...words: string[]) => latchkey([...words, '--gateway', gateway.url, '--data', gateway.dir]);

/** What every failure for people looks like. */
function expectOneLine(stderr: string): void {
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).not.toMatch(/\bat .*\.[jt]s:\d+/);
}

describe('latchkey', () => {
  it('shows every command with the summary of the command itself', async () => {
    for (const { name, summary } of GATEWAY_COMMANDS) {
      const program = await buildProgram({ name: 'x', description: '', version: '0', commands: GATEWAY_COMMANDS }, [
        name,
      ]);
      expect(program.commands.find((command) => command.name() === name)?.description()).toBe(summary);
    }
    const { code, stdout } = await latchkey(['--help']);
    expect(code).toBe(0);
    for (const { name } of GATEWAY_COMMANDS) expect(stdout).toContain(`  ${name}`);
  });

  it('suggests the command that was meant and ends with 2', async () => {
    const { code, stderr } = await latchkey(['unlok']);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean unlock?');
  });

  it.each(['unlock', 'mode gate Sideways', 'events --limit 0', 'gateway --https-port x', 'device'])(
    'ends with 2 on wrong use: %s',
    async (words) => {
      expect((await latchkey(words.split(' '))).code).toBe(2);
    },
  );

  it('joins the commands of both packages under one name', async () => {
    const { code, stdout } = await latchkey(['card', '--help']);
    expect(code).toBe(0);
    for (const name of ['convert', 'detect', 'import']) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  it('knows its version', () => {
    expect(VERSION).toBe(packageFile.version);
  });
});

describe('latchkey unlock', () => {
  it('ends with 0 and the time when the door confirmed', async () => {
    const { code, stdout } = await run('unlock', 'good');
    expect([code, stdout]).toEqual([0, 'good: done after 41 ms\n']);
  });

  it.each([
    ['shut', 'refused (DoorNotAccessible)'],
    ['late', 'expired'],
    ['mute', 'no answer yet'],
  ])('ends with 1 when it did not: %s', async (portal, words) => {
    const { code, stdout } = await run('unlock', portal);
    expect(code).toBe(1);
    expect(stdout).toContain(words);
  });

  it('names what does not exist', async () => {
    const { code, stderr } = await run('unlock', 'nowhere');
    expect(code).toBe(1);
    expectOneLine(stderr);
    expect(stderr).toContain('nothing by that name');
  });
});

it('latchkey revoke prints how many controllers confirmed, and when', async () => {
  const { code, stdout } = await run('revoke', '04A1B2C3D4E580', '--card');
  expect([code, stdout]).toEqual([0, 'card …e580 stopped; 2 of 2 connected controllers confirmed after 87 ms\n']);
});

describe('a gateway that cannot be used', () => {
  it('does not answer', async () => {
    const { code, stderr } = await latchkey([
      'device',
      'list',
      '--gateway',
      'https://localhost:1',
      '--data',
      gateway.dir,
    ]);
    expect(code).toBe(1);
    expectOneLine(stderr);
    expect(stderr).toContain('start it (latchkey gateway), or give its address with --gateway');
  });

  it('refuses the token', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'latchkey-cli-'));
    writeFileSync(join(dir, 'token'), 'lka_wrong\n');
    const { code, stderr } = await run('device', 'list', '--token-file', join(dir, 'token'));
    rmSync(dir, { recursive: true });
    expect(code).toBe(1);
    expectOneLine(stderr);
    expect(stderr).toContain('token');
    expect(stderr).not.toContain('lka_wrong');
  });

  it('is certified by another CA', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'latchkey-cli-'));
    await makeAuthority(dir);
    const { code, stderr } = await run('device', 'list', '--ca', join(dir, 'ca.pem'));
    rmSync(dir, { recursive: true });
    expect(code).toBe(1);
    expectOneLine(stderr);
    expect(stderr).toContain('--ca');
  });

  it('is unknown: no token, no CA', async () => {
    const { code, stderr } = await latchkey(['device', 'list', '--data', join(gateway.dir, 'none')]);
    expect(code).toBe(1);
    expectOneLine(stderr);
    expect(stderr).toContain('--ca');
  });
});

describe('portal add', () => {
  it('makes a new scope first and keeps the name of one that is there', async () => {
    puts.length = 0;
    expect((await run('portal', 'add', 'gate-1', '--scope', '1', '--device', 'gate-1')).code).toBe(0);
    expect((await run('portal', 'add', 'gate-2', '--scope', '2', '--scope-name', 'Library')).code).toBe(0);
    expect(puts).toMatchObject([
      { id: 'gate-1', name: 'gate-1', scope: 1, device: 'gate-1' },
      { id: 2, name: 'Library' },
      { id: 'gate-2', scope: 2, device: null },
    ]);
  });

  it('refuses a scope that is no number', async () => {
    expect((await run('portal', 'add', 'gate-1', '--scope', 'x')).code).toBe(2);
  });
});

describe('latchkey account', () => {
  it('names a wrong number and a wrong role before it asks the gateway', async () => {
    const number = await run('account', 'show', '../me');
    expect(number.code).toBe(2);
    expectOneLine(number.stderr);
    const role = await run('account', 'roles', '10086', 'king@everywhere');
    expect(role.code).toBe(2);
    expect(role.stderr).toContain('librarian@');
  });
});
