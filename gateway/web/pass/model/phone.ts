// SPDX-License-Identifier: Apache-2.0
// This phone's part: what is kept here, enrolling it, and hearing from the gateway, when there is one, that it was replaced,
// which zones it opens and how far its clock is off.
import type { MyPass, PhoneCertificate, PhoneEnrolled, PhoneStatus } from '@latchkey/protocols/api/me';
import { generatePhoneKeys, type PhoneKeyPair } from '@latchkey/protocols/codes/make-code';
import { type Signal, signal } from '@preact/signals';
import type { ApiClient, ApiFailure } from '../../ui/api-client.ts';
import { sampleClock } from './clock-check.ts';
import { enrolBody, statusBody } from './phone-key.ts';
import type { PassStore, Saved } from './store.ts';

export type EnrolOutcome = { readonly ok: true } | { readonly ok: false; readonly code: ApiFailure | 'not-kept' };

export interface PhoneModel {
  readonly saved: Signal<Saved>;
  /** False once a request found nobody. */
  readonly reachable: Signal<boolean>;
  load(): Promise<void>;
  chooseZone(zone: number): Promise<void>;
  enrol(name: string, replaces: string | undefined): Promise<EnrolOutcome>;
  /** Asks the gateway about this phone; quiet where there is no network. `number`: who is signed in. */
  refresh(number: string | undefined): Promise<void>;
  forgetEnd(): Promise<void>;
}

export interface PhoneParts {
  readonly store: PassStore;
  readonly api: ApiClient;
  /** The phone's own clock. */
  readonly nowMs: () => number;
}

/** As long as a certificate can be: after that every gate has had a list with this phone, or is past help. */
const NEW_PHONE_MS = 72 * 3600_000;
/** Zones and certificates change rarely, and the gateway counts. */
const PASS_EVERY_MS = 10 * 60_000;

export function createPhone({ store, api, nowMs }: PhoneParts): PhoneModel {
  const saved = signal<Saved>({});
  const reachable = signal(true);
  const keep = async (changes: Parameters<PassStore['save']>[0]): Promise<void> => {
    await store.save(changes);
    const next = Object.entries({ ...saved.value, ...changes }).filter(([, value]) => value !== undefined);
    saved.value = Object.fromEntries(next) as Saved;
  };

  /** Whose phone is it, and does it still open? Needs no session: the key proves it. */
  const askStatus = async (): Promise<void> => {
    const { phone } = saved.value;
    if (phone === undefined) return;
    const sentMs = nowMs();
    const answer = await api.send<PhoneStatus>('POST', '/v1/phones/status', await statusBody(phone, sentMs));
    reachable.value = answer.ok || answer.code !== 'offline';
    if (!answer.ok) return;
    const { state, endedAt } = answer.value;
    const clock = sampleClock(sentMs, nowMs(), answer.value.nowMs);
    if (state === 'active') await keep({ clock });
    else await keep({ clock, ended: { state, endedAt }, phone: undefined, certificates: undefined });
  };

  let passAskedMs = Number.NEGATIVE_INFINITY;
  const askPass = async (number: string): Promise<void> => {
    const { pass, phone } = saved.value;
    // Somebody else's session on this phone changes nothing of its owner's.
    if (phone === undefined || pass?.number !== number) return;
    if (Math.abs(nowMs() - passAskedMs) < PASS_EVERY_MS) return;
    const answer = await api.get<MyPass>('/v1/me/pass');
    if (!answer.ok) return;
    passAskedMs = nowMs();
    await keep({ pass: passOf(answer.value) });
    if (nowMs() - phone.enrolledAtMs > NEW_PHONE_MS) return;
    const path = `/v1/me/phones/${encodeURIComponent(phone.id)}/certificates`;
    const certificates = await api.get<{ items: PhoneCertificate[] }>(path);
    if (certificates.ok) await keep({ certificates: certificates.value.items });
  };

  return {
    saved,
    reachable,
    async load() {
      saved.value = await store.load();
    },
    chooseZone: (zone) => keep({ zone }),
    async enrol(name, replaces) {
      const sentMs = nowMs();
      const pass = await api.get<MyPass>('/v1/me/pass');
      if (!pass.ok) return pass;
      const clock = sampleClock(sentMs, nowMs(), pass.value.nowMs);
      const begun = await api.send<{ challenge: string }>('POST', '/v1/me/phones/challenge');
      if (!begun.ok) return begun;
      const { campusId } = pass.value;
      const keys = await generatePhoneKeys();
      if (!(await canKeep(store, keys))) return { ok: false, code: 'not-kept' };
      const body = await enrolBody({ keys, campusId, challenge: begun.value.challenge, name, replaces });
      const answer = await api.send<PhoneEnrolled>('POST', '/v1/me/phones', body);
      if (!answer.ok) return answer;
      const { phone, certificates } = answer.value;
      const enrolled = { id: phone.id, name: phone.name, algorithm: phone.algorithm, keys, campusId };
      await keep({
        phone: { ...enrolled, enrolledAtMs: nowMs() },
        pass: passOf(pass.value),
        certificates,
        clock,
        ended: undefined,
      });
      return { ok: true };
    },
    async refresh(number) {
      await askStatus();
      if (number !== undefined) await askPass(number);
    },
    forgetEnd: () => keep({ ended: undefined }),
  };
}

const passOf = ({ campusId, number, name, zones }: MyPass) => ({ campusId, number, name, zones });

/** Before the gateway counts this phone: some private modes take a key and throw on keeping it. */
async function canKeep(store: PassStore, keys: PhoneKeyPair): Promise<boolean> {
  try {
    await store.save({ trial: keys });
    const kept = await store.load();
    await store.save({ trial: undefined });
    return kept.trial?.privateKey !== undefined;
  } catch {
    return false;
  }
}
