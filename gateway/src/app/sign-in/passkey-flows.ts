// SPDX-License-Identifier: Apache-2.0
// Challenges of passkeys without a table of open ones, which strangers could fill: a flow's challenge is computed from its id
// with a key of ours. Only flows that did their work are remembered, until they would have expired anyway.
import { createHmac, randomBytes } from 'node:crypto';
import type { GatewayDatabase } from '../../adapters/database/open-database.ts';

export interface PasskeyFlow {
  /** What the browser brings back. */
  readonly flow: string;
  readonly challenge: Uint8Array<ArrayBuffer>;
}

export interface PasskeyFlows {
  /** `purpose` says what it is for and whose it is: a challenge of one is none of another. */
  open(purpose: string): PasskeyFlow;
  /** The challenge, base64url; undefined where it expired or never was one. */
  challengeOf(flow: string, purpose: string): string | undefined;
  /** False for the second time, as long as it could be shown again. */
  useUp(flow: string, lifeMs?: number): Promise<boolean>;
  sweep(): Promise<void>;
}

export interface FlowOptions {
  readonly key: Uint8Array;
  readonly database: Pick<GatewayDatabase, 'db'>;
  readonly nowMs: () => number;
}

const ID_BYTES = 16;
const LIFE_SECONDS = 5 * 60;
const FORM = /^[A-Za-z0-9_-]{27}$/;

export function createPasskeyFlows({ key, database, nowMs }: FlowOptions): PasskeyFlows {
  const { db } = database;
  const challenge = (flow: Uint8Array, purpose: string) =>
    new Uint8Array(createHmac('sha256', key).update(purpose).update('\0').update(flow).digest());
  const nowSeconds = () => Math.floor(nowMs() / 1_000);
  return {
    open(purpose) {
      const flow = Buffer.alloc(ID_BYTES + 4);
      randomBytes(ID_BYTES).copy(flow);
      flow.writeUInt32BE(nowSeconds() + LIFE_SECONDS, ID_BYTES);
      return { flow: flow.toString('base64url'), challenge: challenge(flow, purpose) };
    },
    challengeOf(flow, purpose) {
      if (!FORM.test(flow)) return undefined;
      const bytes = Buffer.from(flow, 'base64url');
      // One spelling of a flow only, or it could be used once in each.
      if (bytes.toString('base64url') !== flow) return undefined;
      const leftSeconds = bytes.readUInt32BE(ID_BYTES) - nowSeconds();
      if (leftSeconds <= 0 || leftSeconds > LIFE_SECONDS) return undefined;
      return Buffer.from(challenge(bytes, purpose)).toString('base64url');
    },
    async useUp(flow, lifeMs = LIFE_SECONDS * 1_000) {
      const row = { id: flow, expires_at: nowMs() + lifeMs };
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('used_flow')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n;
    },
    async sweep() {
      await db.deleteFrom('used_flow').where('expires_at', '<', nowMs()).execute();
    },
  };
}
