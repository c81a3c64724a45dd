// SPDX-License-Identifier: Apache-2.0
// A card is reported lost over the HTTP API: how long until each of a thousand connected controllers refuses it, against the same bytes published
// raw through the same broker to the same connections, each receiver doing one bare signature check (DESIGN 1.4).
import { issueCard } from '@latchkey/gateway/app/registry/cards';
import { putPerson } from '@latchkey/gateway/app/registry/people';
import { cardChange } from '@latchkey/protocols/api/people';
import { EMPTY_CHAIN, encodeDeny } from '@latchkey/protocols/authorization/deny';
import { signFrame } from '@latchkey/protocols/authorization/signed-frame';
import { cardUid } from '@latchkey/protocols/card/uid';
import type { Result } from '@latchkey/protocols/result';
import { openSwarmBench, type SwarmBench } from './swarm-process.ts';

const CONTROLLERS = 1_000;
const ROUNDS = 40;
const WARM_UP = 5;
const PAUSE_MS = 20;
const ACTOR = 'bench';

export async function run(): Promise<Record<string, number>> {
  const bench = await openSwarmBench(CONTROLLERS);
  try {
    const cards = await issueCards(bench, ROUNDS + WARM_UP);
    const frame = await floorFrame(bench);
    const deny: number[][] = [];
    const floor: number[][] = [];
    for (const [round, card] of cards.entries()) {
      const lose = async () => {
        await bench.api.call({ method: 'POST', path: `/v1/cards/${card}/lose`, answer: cardChange });
      };
      const denyMs = await measure(bench, 'deny', lose);
      const floorMs = await measure(bench, 'floor', async () => bench.side.broadcast(frame));
      if (round < WARM_UP) continue;
      deny.push(denyMs);
      floor.push(floorMs);
    }
    return print(deny, floor);
  } finally {
    await bench.close();
  }
}

/** Milliseconds from the call to each controller. */
async function measure(bench: SwarmBench, mode: 'deny' | 'floor', act: () => Promise<void>): Promise<number[]> {
  await bench.order({ kind: 'listen', mode }, 'listening');
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  const heard = bench.next('heard');
  const start = process.hrtime.bigint();
  await act();
  const { atNs } = await heard;
  return atNs.map((at) => Number(BigInt(at) - start) / 1e6);
}

async function issueCards({ registry }: SwarmBench, count: number): Promise<number[]> {
  const { context } = registry;
  const nobody = { validFrom: null, validUntil: null, extendedAccess: false, antiPassbackExempt: false };
  const body = { name: 'x', kind: 'resident', groups: [], ...nobody } as const;
  value(await putPerson(context, 'S1', body as unknown as Parameters<typeof putPerson>[2], ACTOR));
  const cards: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const uid = value(cardUid(Uint8Array.of(4, 1, 2, 3, 4, index >> 8, index & 0xff)));
    const issue = { uid, person: 'S1', class: 'uid-only', validUntilMs: null } as const;
    cards.push(value(await issueCard(context, issue, ACTOR)).cards[0] ?? 0);
  }
  return cards;
}

/** A deny of one card, as long as those that are measured. */
function floorFrame({ keystore }: SwarmBench): Promise<Uint8Array> {
  const { campusId, epoch } = keystore.root.document;
  const op = { key8: new Uint8Array(8), kind: 'deny', reason: 'lost', minute: 1 } as const;
  const deny = { campusId, epoch, firstSeq: 1, issuedAtMs: Date.now(), previousChain: EMPTY_CHAIN, ops: [op] };
  return signFrame(encodeDeny(deny), [keystore.key('deny')]);
}

function print(deny: number[][], floor: number[][]): Record<string, number> {
  const lost = summary(deny);
  const raw = summary(floor);
  console.table({ 'lost card → refused': lost, 'raw bytes → bare check': raw });
  return {
    revokeP50Ms: lost.p50Ms,
    revokeP99Ms: lost.p99Ms,
    floorP50Ms: raw.p50Ms,
    floorP99Ms: raw.p99Ms,
    revokeP99OverFloor: round(lost.p99Ms / raw.p99Ms),
  };
}

/** Of a round's controllers, the median of the rounds: one round beside a busy neighbour says nothing about the rest. */
function summary(rounds: number[][]) {
  const of = (share: number) =>
    round(
      quantile(
        rounds.map((round) => quantile(round, share)),
        0.5,
      ),
    );
  return { p50Ms: of(0.5), p99Ms: of(0.99), slowestMs: round(Math.max(...rounds.flat())), rounds: rounds.length };
}

function quantile(values: number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

const round = (value: number): number => Math.round(value * 100) / 100;

function value<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(`${result.code}: ${result.detail ?? ''}`);
}
