// SPDX-License-Identifier: Apache-2.0
// What the connection tester found out, as data; sip2-probe-text.ts says it to people.
import type { SupportedMessage } from '@latchkey/protocols/sip2/enumerations';
import type { RequestCode } from '@latchkey/protocols/sip2/message-table';
import type { CharsetFinding, ClockFinding } from '../core/sip2-findings.ts';
import type { LoginOrder, Terminator } from './sip2-probe-line.ts';

export type Tried = 'works' | 'no-answer' | 'ends-connection' | 'other-answer' | 'not-tried';

export interface MessageFinding {
  readonly name: SupportedMessage;
  readonly code: RequestCode | '97';
  /** By BX; null where it has none. */
  readonly claimed: boolean | null;
  readonly found: Tried;
  /** Why it was not tried, or what is odd. */
  readonly remark?: string;
}

export interface ChecksumFinding {
  /** For the configuration. */
  readonly mode: 'bytes' | 'code-units' | 'ignored' | 'off';
  /** Why that one; `guess` where nothing told bytes from characters. */
  readonly because: string;
  readonly certainty: 'sure' | 'guess';
  /** Whether the server looks at ours. */
  readonly checked: boolean | null;
  /** Whether it answers what comes without AY and AZ. */
  readonly takesBare: boolean | null;
}

export interface StoredFinding {
  readonly claimed: boolean | null;
  readonly found: 'honoured' | 'ignored' | 'refused' | 'ends-connection' | 'no-answer' | 'unclear' | 'not-tried';
  readonly remark?: string;
}

export interface ProbeReport {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly version: string; readonly fingerprint: string } | null;
  readonly connectMs: number;
  readonly name: string | null;
  readonly terminator: Terminator;
  readonly endings: readonly string[];
  readonly delimiter: string;
  readonly login: {
    readonly result: 'accepted' | 'not-given';
    /** `either`: 93 may come before or after the first 99. */
    readonly order: LoginOrder | 'either' | null;
  };
  readonly charset: CharsetFinding;
  readonly checksum: ChecksumFinding;
  readonly clock: ClockFinding | null;
  readonly messages: readonly MessageFinding[];
  readonly repeats: { readonly found: 'kept' | 'executed-again' | 'unclear'; readonly because: string };
  readonly resendSequence: 'same' | 'zero' | 'none' | null;
  readonly latencyMs: { readonly least: number; readonly median: number; readonly most: number } | null;
  readonly stored: StoredFinding;
  readonly loan: readonly string[];
  readonly library: Readonly<Record<string, unknown>>;
}
