// SPDX-License-Identifier: Apache-2.0
// Denies as controllers receive them: pushed once, filled from any place, in frames that continue each other.
import { decodeDeny } from '@latchkey/protocols/authorization/deny';
import { applyDeny, type DenyOverlay, EMPTY_OVERLAY } from '@latchkey/protocols/authorization/deny-overlay';
import { verifyFrame } from '@latchkey/protocols/authorization/signed-frame';
import { deviceId } from '@latchkey/protocols/ids';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDenies, type Denies } from './denies.ts';
import { SILENT } from './log.ts';
import { type AppendedDenies, appendDenies } from './registry/deny-log.ts';
import { NOW_MS, openTestRegistry, type TestRegistry, value } from './registry/registry.test-support.ts';

const DEVICE = deviceId.parse('gate-1');
let registry: TestRegistry;
let denies: Denies;
let pushed: Uint8Array[];
let filled: Uint8Array[];
let epoch: number;

beforeEach(async () => {
  registry = await openTestRegistry();
  pushed = [];
  filled = [];
  epoch = registry.keystore.root.document.epoch;
  denies = open();
});
afterEach(() => registry.close());

const open = () =>
  createDenies({
    database: registry.database,
    key: registry.keystore.key('deny'),
    campusId: registry.keystore.root.document.campusId,
    epoch,
    nowMs: () => NOW_MS,
    broadcast: (frame) => pushed.push(frame),
    send: async (_device, frame) => {
      filled.push(frame);
      return true;
    },
    log: SILENT,
  });

function append(count: number, start = 0): Promise<AppendedDenies> {
  const ops = Array.from({ length: count }, (_, index) => ({
    campusRef: (start + index).toString(16).padStart(16, '0'),
    kind: 'deny' as const,
    reason: 'lost' as const,
  }));
  return registry.database.db
    .transaction()
    .execute(async (trx) => (await appendDenies(trx, epoch, ops, NOW_MS, 'test')) as AppendedDenies);
}

async function apply(frames: readonly Uint8Array[], from: DenyOverlay = EMPTY_OVERLAY): Promise<DenyOverlay> {
  const { keyring } = registry.keystore.root;
  let state = from;
  for (const frame of frames) {
    const { payload } = value(await verifyFrame(frame, 'LKD1', keyring, 'deny'));
    state = value(applyDeny(state, value(decodeDeny(payload)), keyring));
  }
  return state;
}

describe('pushing', () => {
  it('sends one frame a commit, of less than 220 bytes for one card', async () => {
    await denies.load();
    await denies.push(await append(1));
    await denies.push(await append(1, 1));
    expect(pushed).toHaveLength(2);
    expect(pushed[0]?.length).toBeLessThanOrEqual(220);
    expect((await apply(pushed)).seq).toBe(2);
    expect(denies.position().seq).toBe(2);
  });
  it('sends many operations in frames that continue each other', async () => {
    await denies.load();
    await denies.push(await append(4_500));
    expect(pushed).toHaveLength(3);
    expect((await apply(pushed)).entries.size).toBe(4_500);
  });
  it('sends what was committed before it looked, once', async () => {
    const first = await append(3);
    await Promise.all([denies.load(), denies.push(first)]);
    expect(pushed).toEqual([]);
    await denies.fill(DEVICE, 1);
    const before = await apply(filled);
    const missed = await append(2, 3);
    await denies.push(await append(1, 5));
    await denies.push(missed);
    expect((await apply(pushed, before)).seq).toBe(6);
  });
  it('of an epoch that is over sends nothing', async () => {
    await denies.load();
    await denies.push({ ...(await append(1)), epoch: epoch - 1 });
    expect(pushed).toEqual([]);
  });
});

describe('filling a gap', () => {
  it('gives everything from any place on', async () => {
    await denies.load();
    await denies.push(await append(2_500));
    const whole = await apply(pushed);
    for (const fromSeq of [1, 2, 1_999, 2_001, 2_500]) {
      filled = [];
      await denies.fill(DEVICE, fromSeq);
      const seen = await apply(filled, fromSeq === 1 ? EMPTY_OVERLAY : await upTo(fromSeq - 1));
      expect([seen.seq, Buffer.from(seen.chain).toString('hex')]).toEqual([
        2_500,
        Buffer.from(whole.chain).toString('hex'),
      ]);
    }
    filled = [];
    await denies.fill(DEVICE, 2_501);
    expect(filled).toEqual([]);
  });
  async function upTo(seq: number): Promise<DenyOverlay> {
    const row = await registry.database.db
      .selectFrom('deny_op')
      .select('chain')
      .where('seq', '=', seq)
      .where('epoch', '=', epoch)
      .executeTakeFirstOrThrow();
    return { ...EMPTY_OVERLAY, epoch, seq, chain: Buffer.from(row.chain, 'hex') };
  }
});
