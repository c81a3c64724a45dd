// SPDX-License-Identifier: Apache-2.0
// What a gateway gives the corridor of a soak: lists one after the other, by delta or whole, denies in a chain, beats.
import type { LockImage } from '@latchkey/controller/core/lock-push';
import type { VisitSources } from '@latchkey/controller/roles/lock-visit';
import {
  type Authority,
  CAMPUS,
  CAMPUS_PRF_KEY,
  idOf,
  must,
} from '@latchkey/protocols/authorization/authority.test-support';
import { BEAT } from '@latchkey/protocols/authorization/beat';
import { createPrf } from '@latchkey/protocols/authorization/credential-id';
import { makeDelta } from '@latchkey/protocols/authorization/delta';
import { chainAfter, type Deny, EMPTY_CHAIN, encodeDeny } from '@latchkey/protocols/authorization/deny';
import { signFrame } from '@latchkey/protocols/authorization/signed-frame';
import { fromHex } from '@latchkey/protocols/bytes/hex';
import { type RoomList, roomList } from './lock.test-support.ts';

export interface SoakGateway {
  readonly sources: VisitSources;
  /** Cards that may open now. */
  readonly cards: ReadonlySet<number>;
  readonly version: number;
  readonly denySeq: number;
  /** Every card that was denied, with its place in the chain. */
  readonly denied: ReadonlyMap<number, number>;
  beat(): Promise<void>;
  /** A list with these cards more. `leap`: over a version that nobody ever saw, so that no delta leads to it. */
  list(more: readonly number[], leap: boolean): Promise<void>;
  deny(card: number): Promise<void>;
}

export async function createSoakGateway(
  authority: Authority,
  nowMs: () => number,
  residents: readonly number[],
): Promise<SoakGateway> {
  const cards = new Set(residents);
  const denied = new Map<number, number>();
  const denies: { readonly seq: number; readonly frame: Uint8Array }[] = [];
  const prf = createPrf(CAMPUS_PRF_KEY);
  const waiting: ((frame: Uint8Array) => void)[] = [];
  let chain: Uint8Array = EMPTY_CHAIN;
  let version = 1;
  let image: RoomList = await roomList(authority, { cards: residents, nowMs: nowMs(), version });
  let delta: { readonly from: number; readonly bytes: Uint8Array } | undefined;
  let beat: { readonly frame: Uint8Array; readonly atMs: number } | undefined;
  let beatSeq = 0;

  const sources: VisitSources = {
    nowMs,
    beat: () => beat && { frame: beat.frame, ageMs: nowMs() - beat.atMs },
    nextBeat: () => new Promise((resolve) => void waiting.push(resolve)),
    deny: () => ({ epoch: 1, seq: denies.length }),
    deniesAfter: (_, seq) => denies.filter((each) => each.seq > seq).map(({ frame }) => frame),
    root: () => ({ version: 1, frame: authority.rootFrame }),
    image({ prf: key }): LockImage {
      const wrapped = fromHex(key?.wrapped ?? '');
      const { from, bytes } = delta ?? {};
      return {
        ...image,
        wrappedKey: wrapped.ok ? wrapped.value : undefined,
        delta: (has) => (has === from ? bytes : undefined),
      };
    },
  };

  return {
    sources,
    cards,
    denied,
    get version() {
      return version;
    },
    get denySeq() {
      return denies.length;
    },
    async beat() {
      beatSeq += 1;
      const atMs = nowMs();
      const value = { campusId: CAMPUS, epoch: 1, beatSeq, timeMs: atMs, denySeq: denies.length, denyChain: chain };
      const frame = await signFrame(BEAT.encode(value), [authority.deny.key]);
      beat = { frame, atMs };
      for (const resolve of waiting.splice(0)) resolve(frame);
    },
    async list(more, leap) {
      for (const card of more) cards.add(card);
      const before = image;
      version += leap ? 2 : 1;
      image = await roomList(authority, {
        version,
        cards: [...cards],
        nowMs: nowMs(),
        denySeq: denies.length,
        previousHeadHash: leap ? new Uint8Array(32) : must(fromHex(before.digest)),
      });
      delta = leap ? undefined : { from: before.version, bytes: makeDelta(before.sealed, image.sealed) };
    },
    async deny(card) {
      const seq = denies.length + 1;
      const ops: Deny['ops'] = [{ key8: prf.key(idOf(card)), kind: 'deny', reason: 'lost', minute: 0 }];
      const value: Deny = {
        campusId: CAMPUS,
        epoch: 1,
        firstSeq: seq,
        issuedAtMs: nowMs(),
        previousChain: chain,
        ops,
      };
      denies.push({ seq, frame: await signFrame(encodeDeny(value), [authority.deny.key]) });
      chain = chainAfter(chain, ops);
      cards.delete(card);
      denied.set(card, seq);
    },
  };
}
