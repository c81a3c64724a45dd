// SPDX-License-Identifier: Apache-2.0
// Deny beats allow, also where the gateway allowed: what a gate was told while it asked, or of whom, counts.
import type { Decision } from '@latchkey/protocols/authorization/decide';
import { portalId } from '@latchkey/protocols/ids';
import { expect, it } from 'vitest';
import { stepAdmission } from './admission.ts';
import { type AdmissionContext, type AdmissionEvent, INITIAL_ADMISSION } from './admission-state.ts';

const CARD = '0a'.repeat(8);
const HOLDER = '0b'.repeat(8);
const UNKNOWN: Decision = {
  outcome: 'denied',
  reason: 'UnknownCredential',
  scope: 7,
  version: 3,
  extended: false,
  antiPassback: { mode: 'off', exempt: false },
  holder: undefined,
  askGateway: true,
};
const context = (denied: readonly string[]): AdmissionContext => ({
  config: { id: portalId.parse('gate-1'), repeatWindowMs: 2_000, wrongAttempts: { limit: 5, windowMs: 60_000 } },
  decide: () => UNKNOWN,
  stranger: () => UNKNOWN,
  checkCode: () => ({ kind: 'refused', reason: 'CodeUnreadable' }),
  isStillNew: () => true,
  isDenied: (ref) => denied.includes(ref),
  refOf: () => CARD,
  antiPassback: { judge: () => 'ok' },
  accessible: true,
  online: true,
  nowMs: 0,
  boot: 'boot',
});

/** What became of a read that the gateway grants, where `denied` came in meanwhile. */
function granted(read: AdmissionEvent, denied: readonly string[]): object | undefined {
  const asked = stepAdmission(context([]), INITIAL_ADMISSION, read);
  const question = asked.effects.find((effect) => effect.kind === 'ask');
  if (question === undefined) throw new Error('the gateway was not asked');
  const credential = { ref: HOLDER, class: 'phone-code' as const };
  const answer = { outcome: 'granted' as const, ...(read.kind === 'scanned' ? { credential } : {}) };
  const event = { kind: 'answered' as const, admission: question.admission, answer, atMs: 1 };
  return stepAdmission(context(denied), asked.state, event).effects[0];
}

const card: AdmissionEvent = {
  kind: 'presented',
  reader: 'front',
  direction: 'in',
  credential: { id: new Uint8Array(16), ref: CARD, class: 'uid-only' },
  atMs: 0,
};
const code: AdmissionEvent = { kind: 'scanned', reader: 'front', direction: 'in', text: 'JRXY|20251234', atMs: 0 };
const refusal = { kind: 'event', event: { type: 'access-denied', reason: 'CredentialDenied' } };

it('a card that the gateway grants opens, and does not once it is denied', () => {
  expect(granted(card, [HOLDER])).toMatchObject({ kind: 'admit' });
  expect(granted(card, [CARD])).toMatchObject(refusal);
});

it('a code of another app opens for whom it names, and does not for whom is denied here', () => {
  expect(granted(code, [CARD])).toMatchObject({ kind: 'admit' });
  expect(granted(code, [HOLDER])).toMatchObject(refusal);
});
