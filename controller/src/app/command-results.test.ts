// SPDX-License-Identifier: Apache-2.0

import { makeAuthority } from '@latchkey/protocols/authorization/authority.test-support';
import { type Command, command } from '@latchkey/protocols/commands/command';
import { sealJson } from '@latchkey/protocols/commands/seal';
import { decodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { err, ok, type Result } from '@latchkey/protocols/result';
import { describe, expect, it } from 'vitest';
import { createCommander } from './commander.ts';
import { NEW_SETTINGS, type Settings } from './settings-schema.ts';

const NOW_MS = 1_790_000_000_000;
const OPEN = {
  id: '0011223344556677',
  device: 'corridor-1',
  portal: 'room-301',
  operation: 'open-lock',
  issuedMs: NOW_MS,
  expiresMs: NOW_MS + 10_000,
  order: 5,
  actor: 'S1',
  boot: 'b'.repeat(16),
  ticket: 'A'.repeat(123),
} as unknown as Command;

async function bench(openLock: () => Promise<Result<null>>) {
  const authority = await makeAuthority();
  let kept: Settings = NEW_SETTINGS;
  const said: object[] = [];
  const state = { isUp: true, nowMs: NOW_MS, opened: 0 };
  const start = () =>
    createCommander({
      link: {
        async publish(_kind, payload) {
          if (!state.isUp) throw new Error('no connection');
          const read = decodeEnvelope(payload);
          if (read.ok) said.push(read.value.json as object);
        },
      },
      doors: { portals: () => [] } as never,
      openLock: () => {
        state.opened += 1;
        return openLock();
      },
      settings: {
        current: () => kept,
        update: async (change: (data: Settings) => Settings) => {
          kept = change(kept);
          return kept;
        },
        close: () => Promise.resolve(),
      } as never,
      device: OPEN.device,
      boot: OPEN.boot as string,
      keyring: () => authority.keyring,
      now: () => state.nowMs,
      record: () => undefined,
      log: { debug() {}, info() {}, warn() {}, error() {} } as never,
    });
  const payload = await sealJson('LKC1', command, OPEN, authority.command.key);
  return { start, said, state, payload };
}

const final = { id: OPEN.id, atMs: NOW_MS };

describe('an opening of a smart lock', () => {
  it('is carried out once, however often its command comes', async () => {
    const { start, said, state, payload } = await bench(async () => ok(null));
    const commander = start();
    await Promise.all([commander.onCommand(payload), commander.onCommand(payload)]);
    await commander.onCommand(payload);
    expect(state.opened).toBe(1);
    expect(said.at(-1)).toEqual({ ...final, state: 'done' });
  });

  it('says why not, in the words of the lock', async () => {
    const { start, said, payload } = await bench(async () => err('privacy'));
    await start().onCommand(payload);
    expect(said).toEqual([
      { ...final, state: 'received' },
      { ...final, state: 'refused', code: 'privacy' },
    ]);
  });

  it('whose command comes late does not fire', async () => {
    const { start, said, state, payload } = await bench(async () => ok(null));
    state.nowMs = OPEN.expiresMs + 1;
    await start().onCommand(payload);
    expect(state.opened).toBe(0);
    expect(said).toMatchObject([{ state: 'expired' }]);
  });

  it('cut short by a restart is told as not known, once, and not begun again', async () => {
    const { start, said, state, payload } = await bench(() => new Promise(() => undefined));
    void start().onCommand(payload);
    await expect.poll(() => state.opened).toBe(1);
    const second = start();
    await second.restore();
    expect(said.at(-1)).toEqual({ ...final, state: 'refused', code: 'outcome-unknown' });
    await second.onCommand(payload);
    expect(state.opened).toBe(1);
    const told = said.length;
    await start().restore();
    expect(said).toHaveLength(told);
  });

  it('whose end nobody could be told is told when the gateway is there again', async () => {
    const { start, said, state, payload } = await bench(async () => {
      state.isUp = false;
      return ok(null);
    });
    const commander = start();
    await commander.onCommand(payload);
    expect(said).toEqual([{ ...final, state: 'received' }]);
    state.isUp = true;
    await expect
      .poll(() => {
        commander.onUp();
        return said.at(-1);
      })
      .toEqual({ ...final, state: 'done' });
  });
});
