// SPDX-License-Identifier: Apache-2.0
// The beat (lists-and-codes, BEAT): every few seconds to everybody, signed time and how far the deny chain has got. Its number
// rises within an epoch over restarts, so blocks of numbers are reserved in the database before any is used.
import { BEAT } from '@latchkey/protocols/authorization/beat';
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import { signFrame } from '@latchkey/protocols/authorization/signed-frame';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import { type Log, reasonOf } from './log.ts';

export interface Beats {
  start(): Promise<void>;
  /** Sends one now. */
  beat(): Promise<void>;
  close(): void;
}

export interface BeatOptions {
  readonly database: Pick<GatewayDatabase, 'db'>;
  readonly key: SigningKey;
  readonly campusId: string;
  readonly epoch: number;
  readonly nowMs: () => number;
  /** End of the deny chain as pushed. */
  readonly denies: () => { readonly seq: number; readonly chain: Uint8Array };
  readonly broadcast: (payload: Uint8Array) => void;
  readonly log: Log;
  readonly everyMs?: number;
}

export const BEAT_EVERY_MS = 5_000;
const BLOCK = 100_000;

export function createBeats(options: BeatOptions): Beats {
  const { campusId, epoch, key, log, everyMs = BEAT_EVERY_MS } = options;
  let next = 0;
  let reserved = 0;
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void> = Promise.resolve();

  async function send(): Promise<void> {
    if (next >= reserved) {
      reserved = await reserve(options);
      next = reserved - BLOCK;
    }
    next += 1;
    const { seq, chain } = options.denies();
    const beat = { campusId, epoch, beatSeq: next, timeMs: options.nowMs(), denySeq: seq, denyChain: chain };
    options.broadcast(await signFrame(BEAT.encode(beat), [key]));
  }

  const beat = (): Promise<void> => {
    turn = turn.then(send).catch((error: unknown) => log.error({ reason: reasonOf(error) }, 'beat not sent'));
    return turn;
  };

  return {
    async start() {
      await beat();
      timer = setInterval(() => void beat(), everyMs);
    },
    beat,
    close: () => clearInterval(timer),
  };
}

/** End of a block of numbers that nobody else will use. */
function reserve({ database, epoch }: BeatOptions): Promise<number> {
  const key = `beats-reserved-${epoch}`;
  return database.db.transaction().execute(async (trx) => {
    const row = await trx.selectFrom('setting').select('value').where('key', '=', key).executeTakeFirst();
    const value = String(Number(row?.value ?? 0) + BLOCK);
    await trx
      .insertInto('setting')
      .values({ key, value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
      .execute();
    return Number(value);
  });
}
