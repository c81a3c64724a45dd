// SPDX-License-Identifier: Apache-2.0
// latchkey lock as facilities staff use it: a process against a gateway whose services are made up.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lock, LockBody } from '@latchkey/protocols/api/locks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ApiServices } from '../../http/services.ts';
import { latchkey, type PretendGateway, pretendGateway } from './pretend-gateway.test-support.ts';

const CODE = 'ABCDEFGHIJKLMNOPQRSTUVWX23';
const ID = '0011223344556677';
const SEEN = '2026-11-23T08:01:00.000Z';
const LOCK: Lock = {
  portal: 'b1-101',
  building: '1号楼',
  room: '101',
  lockId: ID,
  state: 'paired',
  scope: 1_000,
  firmware: 1,
  corridors: ['corridor-1'],
  server: 'corridor-1',
  waitsFor: [],
  desired: 7,
  reported: 6,
  rollout: 'at-corridor',
  waitingSince: '2026-11-23T08:00:00.000Z',
  pairingUntil: null,
  pairingFault: null,
  reports: [
    {
      device: 'corridor-1',
      serves: true,
      online: true,
      state: 'seen',
      version: 6,
      denySeq: 0,
      battery: 81,
      lastSeenAt: SEEN,
      rssi: -60,
      bolt: 'thrown',
      door: 'closed',
      logPending: 0,
      fault: null,
      reportedAt: SEEN,
    },
  ],
};
const ORDER = { id: ID, device: 'corridor-1', operation: 'open-lock', code: 'jammed', elapsedMs: null } as const;
const DONE = { ok: true, value: { changed: true } } as const;

const calls: unknown[] = [];
const portals = new Map<string, object>();
const services = {
  scopes: {
    list: async () => [
      { id: 1_004, name: 'x', nameEn: '', zone: null, version: null, credentials: null, publishedAt: null },
    ],
    put: async (id: number, body: object) => {
      calls.push({ scope: id, ...body });
      return DONE;
    },
  },
  portals: {
    get: async () => undefined,
    put: async (id: string, body: object) => {
      portals.set(id, body);
      return DONE;
    },
  },
  locks: {
    list: async () => [LOCK, { ...LOCK, portal: 'b1-104', server: null, waitsFor: ['corridor-2'] }],
    get: async () => LOCK,
    rollouts: async () => ({
      locks: 1,
      counts: { unpaired: 0, unsigned: 0, 'at-gateway': 0, 'at-corridor': 1, 'in-force': 0 },
      oldestWaitingAt: SEEN,
      buildings: [],
    }),
    add: async (body: LockBody) => {
      calls.push(body);
      return body.portal === 'b1-102' ? { ok: false, code: 'already-exists' } : DONE;
    },
    order: async (portal: string, order: string) => {
      calls.push({ portal, order });
      const state = order === 'open' ? { state: 'refused', code: 'jammed' } : { state: 'done', code: null };
      return { ok: true, value: { ...ORDER, portal, ...state } };
    },
  },
} as unknown as Partial<ApiServices>;

let gateway: PretendGateway;
beforeAll(async () => {
  gateway = await pretendGateway(services);
});
beforeEach(() => {
  calls.length = 0;
  portals.clear();
});
afterAll(() => gateway.close());

const run = (...words: string[]) => latchkey(['lock', ...words, '--gateway', gateway.url, '--data', gateway.dir]);
function file(name: string, ...lines: string[]): string {
  const path = join(gateway.dir, name);
  writeFileSync(path, lines.join('\n'));
  return path;
}

describe('latchkey lock', () => {
  it('shows what each lock has and should have', async () => {
    const { stdout, code } = await run('list', '--waiting');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`b1-101 +paired +at-corridor +6/7 +81 % +corridor-1 +${SEEN}`));
    expect(stdout).toMatch(/^b1-104 .* nobody else serves it until corridor-2 answers or is taken off$/m);
    expect((await run('rollout')).stdout).toMatch(/^all +1 +0 +0 +0 +1 +0/m);
  });

  it('makes the door with a list of its own and pairs the lock, the code read from a file', async () => {
    const where = ['--building', '1号楼', '--room', '101', '--corridor', 'corridor-1'];
    const { stdout, code } = await run('add', 'b1-101', '--id', ID, ...where, '--code-file', file('code', `${CODE}\n`));
    expect(code).toBe(0);
    expect(stdout).toContain('b1-101 waits to be paired');
    expect(calls).toMatchObject([
      { scope: 1_005, name: '1号楼101' },
      { portal: 'b1-101', lockId: ID, corridors: ['corridor-1'], code: CODE },
    ]);
    expect(portals.get('b1-101')).toMatchObject({ kind: 'lock', building: '1号楼', room: '101', scope: 1_005 });
    expect(stdout).not.toContain(CODE);
  });

  it('asks for building and room of a door that is not there, and for a right code, before anything changes', async () => {
    const code = file('code', CODE);
    const roomless = await run('add', 'b1-101', '--id', ID, '--corridor', 'corridor-1', '--code-file', code);
    expect(roomless).toMatchObject({ code: 2 });
    expect(roomless.stderr).toContain('--building');
    const where = ['--building', 'B', '--room', '1', '--corridor', 'corridor-1'];
    const wrong = await run('add', 'b1-101', '--id', ID, ...where, '--code-file', file('wrong', 'SHORT'));
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).toMatch(/code: use the 26/);
    expect([...calls, ...portals]).toEqual([]);
  });

  it('enters a file of locks, names the ones that fail and goes on', async () => {
    const lines = [
      'portal,building,room,lock,code,corridors',
      `b1-101,1号楼,101,${ID},${CODE},corridor-1`,
      `b1-102,1号楼,102,0011223344556678,${CODE},corridor-1`,
      `b1-103,1号楼,103,0011223344556679,${CODE},corridor-1`,
    ];
    const path = file('locks.csv', ...lines);
    expect((await run('import', path, '--dry-run')).stdout).toContain('3 locks, every line is right');
    expect([...calls, ...portals]).toEqual([]);
    const { stdout, stderr, code } = await run('import', path);
    expect(code).toBe(1);
    expect(stdout).toContain('2 of 3 locks are entered');
    expect(stderr).toContain('locks.csv: line 3:');
    expect([...portals.values()].map((body) => (body as { scope: number }).scope)).toEqual([1_005, 1_006, 1_007]);
  });

  it('refuses a file with a fault whole, by line and column', async () => {
    const path = file('bad.csv', 'portal,building,room,lock,code,corridors', 'b1-101,1号楼,101,12,x,corridor-1');
    const { stderr, code } = await run('import', path);
    expect(code).toBe(1);
    expect(stderr).toContain('bad.csv: line 2, lock: use 16 hex digits');
    expect([...calls, ...portals]).toEqual([]);
  });

  it('ends with 1 where the lock says no, and resets nothing unless it is meant', async () => {
    const { stdout, code } = await run('open', 'b1-101');
    expect(code).toBe(1);
    expect(stdout).toContain('b1-101: refused (jammed)');
    expect((await run('reset', 'b1-101')).stderr).toContain('--yes');
    expect(calls).toEqual([{ portal: 'b1-101', order: 'open' }]);
  });

  it('has a lock show itself, and start anew', async () => {
    for (const order of ['identify', 'restart']) {
      const { stdout, code } = await run(order, 'b1-101');
      expect([code, stdout]).toEqual([0, 'b1-101: done\n']);
    }
    expect(calls.at(-1)).toEqual({ portal: 'b1-101', order: 'restart' });
  });
});
