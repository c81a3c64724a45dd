// SPDX-License-Identifier: Apache-2.0
// What a portal does with a scanned text, by its form: pass codes of our own phones are checked here, whole and offline; codes of
// other apps are asked about; payment codes that identify nobody are refused unasked (reference: lists and codes).
import { sha256Hex } from '@latchkey/protocols/bytes/hash';
import { codeFormOf, isForeignPayment } from '@latchkey/protocols/codes/code-forms';
import type { CodeForm } from '@latchkey/protocols/mqtt/events';
import { admit, isRepeat, nextAdmission, refuse, refuseCode } from './admission-outcome.ts';
import { ask } from './admission-question.ts';
import type { AdmissionTurn, OpenAsk, Scan } from './admission-state.ts';

/** What the gateway takes as a code (protocols/mqtt/messages, ask). */
const MAX_TEXT = 512;

export function scanned(turn: AdmissionTurn, scan: Scan): void {
  const mark = sha256Hex(new TextEncoder().encode(scan.text));
  if (isRepeat(turn, scan.reader, mark)) return;
  const form = codeFormOf(scan.text);
  if (form === 'pass') return passCode(turn, scan);
  if (isForeignPayment(form)) return refuseCode(turn, { ...scan, form }, 'PaymentCodeNotAccepted');
  codeOfAnotherApp(turn, scan, form, mark);
}

function passCode(turn: AdmissionTurn, scan: Scan): void {
  const { reader, direction, text } = scan;
  const { context } = turn;
  const check = context.checkCode(scan);
  if (check.kind === 'repeat') return;
  if (check.kind === 'refused') return refuseCode(turn, { reader, direction, form: 'pass' }, check.reason);
  const { decision, acceptance } = check;
  const credential = { ref: context.refOf(check.credential.id), class: check.credential.class };
  if (turn.state.seen[reader]?.holder === credential.ref) return;
  const admission = nextAdmission(turn);
  const attempt = { admission, reader, direction, decision, credential, code: { acceptance, text } };
  const isAsked = decision.reason === 'UnknownCredential' && decision.askGateway;
  if (decision.outcome === 'denied' && !isAsked)
    return refuse(turn, attempt, decision.reason ?? 'Unauthorized', 'list');
  holdsOn(turn, reader, credential.ref);
  if (decision.outcome === 'granted') return admit(turn, attempt, 'list', decision.extended);
  const { id, class: strength } = check.credential;
  ask(turn, { ...attempt, kind: 'credential' }, { kind: 'id', id, class: strength });
}

/** A phone makes a new code every few seconds: while it is held there, that is nobody new. */
function holdsOn(turn: AdmissionTurn, reader: string, holder: string): void {
  const seen = turn.state.seen[reader];
  if (seen) turn.state = { ...turn.state, seen: { ...turn.state.seen, [reader]: { ...seen, holder } } };
}

function codeOfAnotherApp(turn: AdmissionTurn, { reader, direction, text }: Scan, form: CodeForm, mark: string): void {
  const place = { reader, direction, form };
  if (text.length === 0 || text.length > MAX_TEXT) return refuseCode(turn, place, 'CodeUnreadable');
  // Read by two scanners of a lane, or again while the gateway thinks: one question.
  if (turn.state.asks.some((open) => open.kind === 'code' && open.mark === mark)) return;
  const decision = turn.context.stranger(direction);
  if (decision.reason !== 'UnknownCredential') return refuseCode(turn, place, decision.reason ?? 'CodeUnreadable');
  if (!decision.askGateway)
    return refuseCode(turn, place, form === 'other' ? 'CodeUnreadable' : 'PaymentCodeNotAccepted');
  const question: OpenAsk = { kind: 'code', admission: nextAdmission(turn), ...place, decision, mark };
  ask(turn, question, { kind: 'code', form, text });
}
