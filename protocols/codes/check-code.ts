// SPDX-License-Identifier: Apache-2.0
// The gate's whole check of a pass code, offline (lists-and-codes, gate rules). The first rule that refuses gives the reason;
// the signature comes last, and nobody is named where it does not hold.

import type { Prf } from '../authorization/credential-id.ts';
import { phoneId } from '../authorization/credential-id.ts';
import { type Decision, decide, explainRecord } from '../authorization/decide.ts';
import type { DenyOverlay } from '../authorization/deny-overlay.ts';
import { isSmallOrderPoint, type Keyring, type VerifyingKey } from '../authorization/keys.ts';
import type { AuthorizationList } from '../authorization/list-load.ts';
import type { Instant } from '../authorization/signed-time.ts';
import { equalBytes } from '../bytes/equal.ts';
import { toHex } from '../bytes/hex.ts';
import { CREDENTIAL_CLASSES, type Direction } from '../ids.ts';
import type { Reason } from '../mqtt/reasons.ts';
import { certificateHolds, certificateIssuers } from './certificate.ts';
import { challengeState, gateIdOf, type ShownChallenge } from './challenges.ts';
import {
  answerStatement,
  type Challenge,
  decodePassCode,
  type PassCode,
  type PassProfile,
  passStatement,
} from './pass-code.ts';
import { importPassKey, verifyRaw } from './pass-key.ts';
import type { SeenCode, SeenView } from './seen-codes.ts';

/** A code holds from 5 s before the gate's time to 15 s after its making, and as much longer as the gate's clock may be off. */
const BEHIND_MS = 15_000;
export const AHEAD_MS = 5_000;
/** With a clock less sure than this only the answer to a challenge proves that a code is new. */
const MAX_DRIFT_MS = 30_000;

export interface CodeContext {
  readonly list: AuthorizationList | undefined;
  readonly overlay: DenyOverlay;
  readonly scopePrf: Prf | undefined;
  readonly campusPrf: Prf | undefined;
  readonly portal: string;
  readonly direction: Direction;
  readonly reader: string;
  readonly instant: Instant;
  /** Monotonic time of the read, for repeats and challenges. */
  readonly atMs: number;
  /** By how much `instant` may be wrong: drift × time since synchronisation. Infinity where it never was. */
  readonly driftMs: number;
  /**
   * Nothing made before is taken: the start of this controller, in the same time as `instant`, and as much later as a code
   * accepted before the start may have been ahead of its time.
   */
  readonly bootMs: number;
  /** 16 hex digits. */
  readonly campusId: string;
  /** Of the list's policy. Absent: no codes are taken. */
  readonly zone: number | undefined;
  readonly seen: SeenView;
  /** Keys of role `code` for certificates; without it profile B is refused where the list lacks the phone. */
  readonly keyring: Keyring | undefined;
  /** Shown at this portal (challenges). */
  readonly challenges: readonly ShownChallenge[];
}

export interface PassCredential {
  /** 16 bytes, for the PRFs. */
  readonly id: Uint8Array;
  readonly class: 'phone-code';
}

export type CodeCheck =
  /** The code just granted here, still held before the scanner: no event. */
  | { readonly kind: 'repeat' }
  /** Nobody is identified: event `code-refused`. */
  | { readonly kind: 'refused'; readonly reason: Reason }
  /** The signature held, so the passage is theirs, granted or denied. */
  | {
      readonly kind: 'identified';
      readonly profile: PassProfile;
      readonly credential: PassCredential;
      readonly decision: Decision;
      readonly acceptance: CodeAcceptance;
    };

/** To be noted when the person is let in, before the relay moves. */
export interface CodeAcceptance {
  /** For `seen.raise`. Absent where the clock is unsure: the phone's time then says nothing. */
  readonly seen?: SeenCode;
  /** For `useChallenge`. */
  readonly challenge?: Challenge;
}

export function checkCode(text: string, context: CodeContext): CodeCheck {
  const decoded = decodePassCode(text);
  if (!decoded.ok) return refused('CodeUnreadable');
  if (context.seen.isRepeat(context.reader, text, context.atMs)) return { kind: 'repeat' };
  const code = decoded.value;
  const reason = refusalBeforeList(code, context);
  return reason === undefined ? checkHolder(code, context) : refused(reason);
}

const refused = (reason: Reason): CodeCheck => ({ kind: 'refused', reason });

function refusalBeforeList(code: PassCode, { list, zone, ...context }: CodeContext): Reason | undefined {
  if (code.algorithm === 'EdDSA' && isSmallOrderPoint(code.publicKey)) return 'CodeForged';
  if (list === undefined) return 'ListMissing';
  if (code.zone !== zone) return 'CodeWrongZone';
  return refusalByTime(code, context);
}

function refusalByTime(
  { profile, timeS }: PassCode,
  { instant, driftMs, bootMs }: Pick<CodeContext, 'instant' | 'driftMs' | 'bootMs'>,
): Reason | undefined {
  if (!isClockSure(driftMs)) return profile === 'D' ? undefined : 'CodeClockUnsure';
  const timeMs = timeS * 1_000;
  if (timeMs < instant.ms - BEHIND_MS - driftMs) return 'CodeExpired';
  if (timeMs > instant.ms + AHEAD_MS + driftMs) return 'CodeFromFuture';
  // What was accepted before the start is forgotten, so nothing made before it is accepted.
  return timeMs < bootMs ? 'CodeExpired' : undefined;
}

/** Also false for NaN. */
const isClockSure = (driftMs: number): boolean => driftMs <= MAX_DRIFT_MS;

interface Judgement {
  readonly decision: Decision;
  /** Profile B, where the list lacks the phone: who may have signed its certificate. */
  readonly issuers?: readonly VerifyingKey[];
}

function checkHolder(code: PassCode, context: CodeContext): CodeCheck {
  const { scopePrf, driftMs } = context;
  if (scopePrf === undefined) return refused('ListMissing');
  const id = phoneId(code.algorithm, code.publicKey);
  const { decision, issuers } = judge(code, id, context);
  // Anybody can make a code with a key of their own: that is worth no check of a signature, unless the gateway may know it.
  if (decision.reason === 'UnknownCredential' && !decision.askGateway) return refused('UnknownCredential');
  const key = toHex(scopePrf.key(id));
  const sure = isClockSure(driftMs);
  const replayed = sure && code.timeS <= (context.seen.lastSeen(key) ?? -1);
  const proof = proofOf(code, context, issuers);
  const reason = reasonOf(decision, replayed);
  if (!proof.ok) return refused(reason ?? proof.reason);
  return {
    kind: 'identified',
    profile: code.profile,
    credential: { id, class: 'phone-code' },
    decision: reason === undefined ? decision : { ...decision, outcome: 'denied', reason },
    acceptance: {
      ...(sure ? { seen: { key, timeS: code.timeS } } : {}),
      ...(proof.challenge === undefined ? {} : { challenge: proof.challenge }),
    },
  };
}

/** A replay also answers for what the gateway would be asked about: it must not be asked. */
function reasonOf({ reason }: Decision, replayed: boolean): Reason | undefined {
  if (replayed && (reason === undefined || reason === 'UnknownCredential')) return 'CodeReplayed';
  return reason;
}

function judge(code: PassCode, id: Uint8Array, context: CodeContext): Judgement {
  const { list, overlay, scopePrf, campusPrf, portal, direction, instant } = context;
  const credential = { id, class: 'phone-code' as const };
  const decision = decide({ list, overlay, credential, portal, direction, instant, scopePrf, campusPrf });
  const { certificate } = code;
  // The list's word on a phone it knows beats a certificate.
  if (certificate === undefined || list === undefined || decision.reason !== 'UnknownCredential') return { decision };
  const { scopeId, version, hardExpiry } = list.head;
  const issuers = certificateIssuers(certificate, context.keyring?.all('code', scopeId) ?? [], instant.ms);
  if (issuers.length === 0) return { decision: { ...decision, reason: 'CodeForged' }, issuers };
  const book = { scope: scopeId, version, hardExpiry, policy: list.policy };
  const { expiry: untilMinute, profile } = certificate;
  const record = { profile, flags: 0, credentialClass: CREDENTIAL_CLASSES['phone-code'], untilMinute };
  const passage = { portal, direction, class: credential.class, instant };
  return { decision: explainRecord(book, record, false, passage).decision, issuers };
}

type Proof = { readonly ok: true; readonly challenge?: Challenge } | { readonly ok: false; readonly reason: Reason };

const FORGED: Proof = { ok: false, reason: 'CodeForged' };

function proofOf(code: PassCode, context: CodeContext, issuers: readonly VerifyingKey[] | undefined): Proof {
  const { algorithm, publicKey, parity, header, signature, certificate } = code;
  const key = importPassKey(algorithm, publicKey, parity);
  if (key === undefined) return FORGED;
  const holds = (statement: Uint8Array): boolean => verifyRaw(algorithm, key, statement, signature);
  if (code.profile === 'D') return answerProof(code, context, holds);
  if (!holds(passStatement(context.campusId, header))) return FORGED;
  if (issuers === undefined || certificate === undefined) return { ok: true };
  const policyRoot = context.list?.policy.digest;
  if (policyRoot === undefined) return FORGED;
  const { campusId } = context;
  const subject = { campusId, zone: code.zone, policyRoot, algorithmByte: code.algorithmByte, publicKey };
  return certificateHolds(certificate, subject, issuers) ? { ok: true } : FORGED;
}

/** The code does not say which challenge it answers: the newest come first. */
function answerProof(
  { header }: PassCode,
  { campusId, portal, challenges, atMs }: CodeContext,
  holds: (statement: Uint8Array) => boolean,
): Proof {
  const gateId = gateIdOf(portal);
  for (const shown of challenges) {
    const { challenge } = shown;
    if (!equalBytes(challenge.gateId, gateId) || !holds(answerStatement(campusId, challenge, header))) continue;
    switch (challengeState(shown, atMs)) {
      case 'open':
        return { ok: true, challenge };
      case 'used':
        return { ok: false, reason: 'CodeReplayed' };
      case 'expired':
        return { ok: false, reason: 'CodeExpired' };
    }
  }
  return FORGED;
}
