// SPDX-License-Identifier: Apache-2.0
// A controller asks about a card that its list does not know (DESIGN 6): the registry of this moment, compiled for that one
// person, goes through the same rules as at the door. Signed, in time, or not at all.
import { explainRecord } from '@latchkey/protocols/authorization/decide';
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import { compilePolicy, encodePolicy } from '@latchkey/protocols/authorization/policy';
import { NO_END, type RecordContent } from '@latchkey/protocols/authorization/record';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { type Answer, answer } from '@latchkey/protocols/commands/command';
import { ANSWER_WITHIN_MS } from '@latchkey/protocols/commands/judge-answer';
import { sealJson } from '@latchkey/protocols/commands/seal';
import type { CredentialClass, DeviceId } from '@latchkey/protocols/ids';
import type { ask } from '@latchkey/protocols/mqtt/messages';
import type { z } from 'zod';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import { type CompiledScope, compileScope } from '../core/compiler/compile-scope.ts';
import type { DeviceSessions } from './device-sessions.ts';
import type { Log } from './log.ts';
import { readScope } from './read-scope.ts';

export type Ask = z.infer<typeof ask>;

export interface Answers {
  /** Resolves when the answer is sent or is not to be given. */
  take(device: DeviceId, question: Ask): Promise<void>;
}

export interface AnswerOptions {
  readonly database: Pick<GatewayDatabase, 'db' | 'snapshot'>;
  readonly key: SigningKey;
  readonly sessions: Pick<DeviceSessions, 'get'>;
  readonly epoch: number;
  readonly timeZone: string;
  /** Sends a `dn/answer` payload. */
  readonly send: (device: DeviceId, payload: Uint8Array) => Promise<boolean>;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly log: Log;
}

type Verdict = Pick<Answer, 'outcome' | 'reason' | 'extended'>;

/** The way back takes a while too: what is later than this is not sent any more. */
const GIVE_UP_MS = ANSWER_WITHIN_MS - 100;
/** After this the controller refuses the answer, however it was held up. */
const VALID_MS = 2_000;
/** Questions of one controller in work: a reader that spews cards must not keep the database busy. */
const MAX_OPEN = 16;

export function createAnswers(options: AnswerOptions): Answers {
  const open = new Map<DeviceId, number>();

  async function answerOne(device: DeviceId, question: Ask, askedMs: number): Promise<void> {
    const verdict = await judge(options, device, question);
    if (!verdict || options.monotonicMs() - askedMs > GIVE_UP_MS) return;
    const { id, boot, portal } = question;
    const given = { ask: id, device, boot, portal, ...verdict, expiresMs: options.nowMs() + VALID_MS };
    await options.send(device, await sealJson('LKA1', answer, given, options.key));
    options.log.debug({ device, portal, outcome: verdict.outcome }, 'question answered');
  }

  return {
    async take(device, question) {
      const askedMs = options.monotonicMs();
      const inWork = open.get(device) ?? 0;
      // Another boot asked, or nobody said hello: the answer would be refused.
      if (inWork >= MAX_OPEN || options.sessions.get(device)?.boot !== question.boot) return;
      open.set(device, inWork + 1);
      try {
        await answerOne(device, question, askedMs);
      } finally {
        const left = (open.get(device) ?? 1) - 1;
        if (left > 0) open.set(device, left);
        else open.delete(device);
      }
    },
  };
}

/** `undefined`: not this controller's portal, or one that is not to ask. */
async function judge(options: AnswerOptions, device: DeviceId, question: Ask): Promise<Verdict | undefined> {
  const { db } = options.database;
  const portal = await db
    .selectFrom('portal')
    .select(['scope_id', 'ask_gateway'])
    .where('id', '=', question.portal)
    .where('device_id', '=', device)
    .executeTakeFirst();
  if (portal?.ask_gateway !== 1) return undefined;
  const { credential } = question;
  if (credential.kind === 'code') return { outcome: 'denied', reason: 'CodeNotRecognised' };
  const card = await db
    .selectFrom('credential')
    .select(['person_id', 'state'])
    .where('credential_id', '=', credential.id)
    .where('state', '<>', 'withdrawn')
    .executeTakeFirst();
  if (card === undefined) return { outcome: 'denied', reason: 'UnknownCredential' };
  if (card.state !== 'active') return { outcome: 'denied', reason: 'CredentialDenied' };
  const { epoch, timeZone } = options;
  const reading = await options.database.snapshot((snapshot) =>
    readScope(snapshot, portal.scope_id, { epoch, timeZone, nowMs: options.nowMs(), person: card.person_id }),
  );
  const compiled = reading && compileScope(reading.snapshot);
  return compiled?.ok ? decideFresh(compiled.value, portal.scope_id, question, credential, options.nowMs()) : undefined;
}

function decideFresh(
  scope: CompiledScope,
  scopeId: number,
  { portal, direction }: Ask,
  credential: { readonly id: string; readonly class: CredentialClass },
  nowMs: number,
): Verdict | undefined {
  const policy = compilePolicy(encodePolicy(scope.policy));
  if (!policy.ok) return undefined;
  const record = recordOf(scope, credential.id);
  // In force, and in no level of this scope: known, but not here.
  if (!record) return { outcome: 'denied', reason: 'Unauthorized' };
  const { decision } = explainRecord(
    // Of this moment: it has no version and does not expire.
    { scope: scopeId, version: 0, hardExpiry: NO_END, policy: policy.value },
    record,
    false,
    { portal, direction, class: credential.class, instant: { ms: nowMs, quality: 'synced' } },
  );
  return {
    outcome: decision.outcome,
    ...(decision.reason === undefined ? {} : { reason: decision.reason }),
    ...(decision.extended ? { extended: true } : {}),
  };
}

function recordOf({ entries }: CompiledScope, id: string): RecordContent | undefined {
  const { ids, profiles, flags, classes, until } = entries;
  for (let index = 0; index < profiles.length; index += 1) {
    if (toHex(ids.subarray(index * 16, index * 16 + 16)) !== id) continue;
    return {
      profile: profiles[index] ?? 0,
      flags: flags[index] ?? 0,
      credentialClass: classes[index] ?? 0,
      untilMinute: until[index] ?? 0,
    };
  }
  return undefined;
}
