// SPDX-License-Identifier: Apache-2.0
// Denies on their way to the doors (promise 4): one signed frame to everybody the moment the change is committed, and whatever
// a controller missed, on demand, from the database.
import { type DenyOp, EMPTY_CHAIN, encodeDeny } from '@latchkey/protocols/authorization/deny';
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import { signFrame } from '@latchkey/protocols/authorization/signed-frame';
import type { DeviceId } from '@latchkey/protocols/ids';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import { type Log, reasonOf } from './log.ts';
import { type AppendedDenies, bytesOfHex, denyPosition, toDenyOp } from './registry/deny-log.ts';

export interface Denies {
  /** Reads where the chain ends. Before anything else. */
  load(): Promise<void>;
  /** Signs and sends what a commit added. Resolves once it is handed to every connection. Never rejects. */
  push(appended: AppendedDenies): Promise<void>;
  /** Sends a controller everything from `fromSeq`. */
  fill(device: DeviceId, fromSeq: number): Promise<void>;
  /** End of the chain as pushed. */
  position(): { readonly seq: number; readonly chain: Uint8Array };
}

export interface DenyOptions {
  readonly database: Pick<GatewayDatabase, 'db'>;
  readonly key: SigningKey;
  readonly campusId: string;
  readonly epoch: number;
  readonly nowMs: () => number;
  readonly broadcast: (payload: Uint8Array) => void;
  /** Sends one deny frame to one controller. */
  readonly send: (device: DeviceId, frame: Uint8Array) => Promise<boolean>;
  readonly log: Log;
}

/** Operations a frame: 32 KB, well within a message. */
const OPS_A_FRAME = 2_000;
/** Frames kept for controllers that miss the same stretch. */
const FRAMES_KEPT = 64;

export function createDenies(options: DenyOptions): Denies {
  const { campusId, epoch, key, log } = options;
  const frames = new Map<string, Promise<Uint8Array>>();
  let seq = 0;
  let chain: Uint8Array = EMPTY_CHAIN;
  let turn: Promise<void> = Promise.resolve();

  const sign = (firstSeq: number, previousChain: Uint8Array, ops: readonly DenyOp[]): Promise<Uint8Array> =>
    signFrame(encodeDeny({ campusId, epoch, firstSeq, issuedAtMs: options.nowMs(), previousChain, ops }), [key]);

  async function pushNow(appended: AppendedDenies): Promise<void> {
    if (appended.epoch !== epoch || appended.seq <= seq) return;
    if (appended.firstSeq === seq + 1 && appended.ops.length <= OPS_A_FRAME) {
      options.broadcast(await sign(appended.firstSeq, appended.previousChain, appended.ops));
    } else {
      for await (const frame of framesFrom(seq + 1, appended.seq)) options.broadcast(frame);
    }
    ({ seq, chain } = appended);
  }

  /** Signed once for all who miss the same stretch. */
  function frameOf(first: Stretch): Promise<Uint8Array> {
    const name = `${first.firstSeq}-${first.ops.length}`;
    const known = frames.get(name);
    if (known) return known;
    const made = sign(first.firstSeq, first.previousChain, first.ops);
    if (frames.size >= FRAMES_KEPT) frames.delete(frames.keys().next().value as string);
    frames.set(name, made);
    return made;
  }

  async function* framesFrom(fromSeq: number, upTo: number): AsyncGenerator<Uint8Array> {
    for (let next = fromSeq; next <= upTo; ) {
      const stretch = await readStretch(options, next, upTo);
      if (!stretch) return;
      yield await frameOf(stretch);
      next += stretch.ops.length;
    }
  }

  return {
    load() {
      // In turn with pushes: one that is committed meanwhile is sent after it.
      const loading = turn.then(async () => {
        const end = await denyPosition(options.database.db, epoch);
        seq = end.seq;
        chain = bytesOfHex(end.chain);
      });
      turn = loading.catch(() => undefined);
      return loading;
    },
    push(appended) {
      turn = turn
        .then(() => pushNow(appended))
        // Beats go on saying the old end until the next push; controllers that ask get all of it.
        .catch((error: unknown) => log.error({ reason: reasonOf(error) }, 'deny not pushed'));
      return turn;
    },
    async fill(device, fromSeq) {
      for await (const frame of framesFrom(Math.max(1, fromSeq), seq)) {
        if (!(await options.send(device, frame))) return;
      }
    },
    position: () => ({ seq, chain }),
  };
}

interface Stretch {
  readonly firstSeq: number;
  readonly previousChain: Uint8Array;
  readonly ops: readonly DenyOp[];
}

async function readStretch(
  { database, epoch }: DenyOptions,
  fromSeq: number,
  upTo: number,
): Promise<Stretch | undefined> {
  const rows = await database.db
    .selectFrom('deny_op')
    .select(['seq', 'campus_ref', 'kind', 'reason', 'minute', 'chain'])
    .where('epoch', '=', epoch)
    .where('seq', '>=', fromSeq - 1)
    .where('seq', '<=', upTo)
    .orderBy('seq')
    .limit(OPS_A_FRAME + 1)
    .execute();
  const before = fromSeq === 1 ? undefined : rows.shift();
  if (rows.length === 0) return undefined;
  const previousChain = before === undefined ? EMPTY_CHAIN : bytesOfHex(before.chain);
  return { firstSeq: fromSeq, previousChain, ops: rows.slice(0, OPS_A_FRAME).map(toDenyOp) };
}
