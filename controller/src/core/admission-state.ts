// SPDX-License-Identifier: Apache-2.0
// State, events and effects of admission at one portal, see admission.ts.
import type { Decision } from '@latchkey/protocols/authorization/decide';
import type { CodeAcceptance, CodeCheck } from '@latchkey/protocols/codes/check-code';
import type { CredentialClass, Direction } from '@latchkey/protocols/ids';
import type { CodeForm } from '@latchkey/protocols/mqtt/events';
import type { Reason } from '@latchkey/protocols/mqtt/reasons';
import type { AntiPassback, PassageAreas, PassedBy } from './anti-passback.ts';
import type { EventBody, Passage } from './event-body.ts';
import type { PortalWiring } from './wiring.ts';

export type AdmissionConfig = Pick<PortalWiring, 'id' | 'wrongAttempts' | 'repeatWindowMs'>;

export interface Presentation {
  readonly reader: string;
  readonly direction: Direction;
  /** `id`: 16 bytes. `ref`: its key under the campus PRF, 16 hex digits; all that is ever recorded. */
  readonly credential: { readonly id: Uint8Array; readonly ref: string; readonly class: CredentialClass };
}

/** What a scanner read. The text is no part of any state, record or log. */
export interface Scan {
  readonly reader: string;
  readonly direction: Direction;
  readonly text: string;
  /** Monotonic. */
  readonly atMs: number;
}

/** What is recorded of a credential. */
export interface RecordedCredential {
  readonly ref: string;
  readonly class: CredentialClass;
}

export interface OnlineAnswer {
  readonly outcome: 'granted' | 'denied';
  readonly reason?: Reason | undefined;
  readonly extended?: boolean | undefined;
  /** Whom a code of another app stands for. */
  readonly credential?: RecordedCredential | undefined;
}

/** What the gateway is asked about. */
export type AskedCredential =
  | { readonly kind: 'id'; readonly id: Uint8Array; readonly class: CredentialClass }
  | { readonly kind: 'code'; readonly form: CodeForm; readonly text: string };

/** A pass code whose signature held, used up by the passage it opens. */
export interface HeldCode {
  readonly acceptance: CodeAcceptance;
  readonly text: string;
}

/** `atMs` is monotonic time. */
export type AdmissionEvent =
  | (Presentation & { readonly kind: 'presented'; readonly atMs: number })
  | (Scan & { readonly kind: 'scanned' })
  | { readonly kind: 'removed'; readonly reader: string; readonly atMs: number }
  | { readonly kind: 'unreadable'; readonly reader: string; readonly atMs: number }
  /** What came of an `ask`: nothing, when there was no answer within its time. */
  | {
      readonly kind: 'answered';
      readonly admission: string;
      readonly answer: OnlineAnswer | undefined;
      readonly atMs: number;
    }
  /** The door's word on a passage admitted here. */
  | { readonly kind: 'concluded'; readonly outcome: 'taken' | 'not-taken'; readonly passage: Passage }
  | { readonly kind: 'timer'; readonly name: 'wrong-attempts' };

export type AdmissionEffect =
  /** Make `record` durable (or wait as long as the journal may take), then give the passage to the door as a grant. */
  | {
      readonly kind: 'admit';
      readonly record: EventBody;
      readonly passage: Passage;
      readonly extended: boolean;
      /** To be used up, here and in the zone, before anything else. */
      readonly code?: HeldCode;
    }
  | { readonly kind: 'event'; readonly event: EventBody }
  /** Ask the gateway; `answered` must follow within 800 ms, with or without an answer. */
  | {
      readonly kind: 'ask';
      readonly admission: string;
      readonly direction: Direction;
      readonly credential: AskedCredential;
    }
  /** The passage was taken: anti-passback counts it. */
  | { readonly kind: 'commit'; readonly by: PassedBy; readonly areas: PassageAreas }
  | { readonly kind: 'timer'; readonly name: 'wrong-attempts'; readonly afterMs: number };

/** What surrounds a step: all of it read, nothing changed. */
export interface AdmissionContext {
  readonly config: AdmissionConfig;
  readonly decide: (presentation: Presentation) => Decision;
  /** The whole check of a pass code; what it found is not yet used up. */
  readonly checkCode: (scan: Scan) => CodeCheck;
  /** Neither it nor a later code of the same phone was accepted meanwhile, here or in the zone. */
  readonly isStillNew: (acceptance: CodeAcceptance) => boolean;
  /** Whether it was denied since the list was made; by its recorded reference. */
  readonly isDenied: (ref: string) => boolean;
  /** As it is recorded: the key of a 16-byte id under the campus PRF. */
  readonly refOf: (id: Uint8Array) => string;
  /** Of somebody whom no list knows: why not, and what the portal wants done about it. */
  readonly stranger: (direction: Direction) => Decision;
  readonly antiPassback: Pick<AntiPassback, 'judge'>;
  /** The door takes momentary access. */
  readonly accessible: boolean;
  readonly online: boolean;
  /** Trusted time. */
  readonly nowMs: number;
  /** Makes admission ids of this boot unlike those of every other: at most 20 characters. */
  readonly boot: string;
}

/** One read that is being judged. */
export interface Attempt {
  readonly admission: string;
  readonly reader: string;
  readonly direction: Direction;
  /** Of the credential, or of a stranger while it is not known whose code it is. */
  readonly decision: Decision;
}

export interface IdentifiedAttempt extends Attempt {
  readonly credential: RecordedCredential;
  readonly code?: HeldCode;
}

export type OpenAsk =
  | (IdentifiedAttempt & { readonly kind: 'credential' })
  /** `mark` tells texts apart. */
  | (Attempt & { readonly kind: 'code'; readonly form: CodeForm; readonly mark: string });

export interface SeenAtReader {
  /** Reference of a card, mark of a scanned text, or `unreadable`. */
  readonly what: string;
  readonly atMs: number;
  /** Whose phone was let in, or asked about, and is still held there: its next code is nothing new. */
  readonly holder?: string;
}

export interface AdmissionState {
  /** Number of the next admission. */
  readonly next: number;
  readonly seen: { readonly [reader: string]: SeenAtReader };
  readonly asks: readonly OpenAsk[];
  /** Areas of admissions that the door has not concluded. */
  readonly open: readonly { readonly admission: string; readonly areas: PassageAreas }[];
  /** Times of the latest wrong attempts, at most as many as raise the alarm. */
  readonly attempts: readonly number[];
  readonly alarmed: boolean;
}

export const INITIAL_ADMISSION: AdmissionState = {
  next: 1,
  seen: {},
  asks: [],
  open: [],
  attempts: [],
  alarmed: false,
};

/** One step under way: local to a call of stepAdmission. */
export interface AdmissionTurn {
  readonly context: AdmissionContext;
  state: AdmissionState;
  readonly effects: AdmissionEffect[];
  /** Of the event; 0 for those without. */
  readonly atMs: number;
}
