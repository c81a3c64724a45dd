// SPDX-License-Identifier: Apache-2.0
// What goes wrong between a desk and its library: each for some requests or all, so many times or until it is taken away.
import type { RequestCode } from '@latchkey/protocols/sip2/message-table';

export const FAULTS = {
  slow: 'waits before it carries a request out (beforeMs), and again before it answers (afterMs)',
  'drop-before': 'ends the connection, nothing is carried out',
  'drop-after': 'carries the request out, ends the connection instead of answering',
  'reset-before': 'resets the connection, nothing is carried out',
  'reset-after': 'carries the request out, resets the connection instead of answering',
  'silence-before': 'neither carries the request out nor answers',
  'silence-after': 'carries the request out, never answers',
  'half-answer': 'carries the request out, sends half of the answer and ends the connection',
  'byte-by-byte': 'sends the answer one byte at a time',
  'wrong-checksum': 'sends the answer with a wrong AZ; asked with 97, the right one',
  'damaged-answer': 'one bit of the answer is wrong; asked with 97, none',
  'wrong-sequence': 'sends the answer with the AY of another question',
  'repeat-answer': 'sends the answer twice',
  'stale-answer': 'sends the answer before this one again, then this one',
  garbage: 'sends a line of nonsense before the answer',
  'endless-line': 'sends 100,000 bytes without a line end before the answer',
  'status-instead': 'carries nothing out and answers with 98',
  'resend-wanted': 'carries nothing out and answers with 96',
} as const satisfies Readonly<Record<string, string>>;

export type FaultKind = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];
export const isFaultKind = (name: string): name is FaultKind => Object.hasOwn(FAULTS, name);

export interface Fault {
  readonly kind: FaultKind;
  /** Requests that it hits; without it, all. */
  readonly codes?: readonly RequestCode[];
  /** How often; without it, until it is taken away. */
  readonly times?: number;
  /** Of `slow`. */
  readonly beforeMs?: number;
  readonly afterMs?: number;
}

/** What happens to one request. */
export interface Struck {
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly kind: Exclude<FaultKind, 'slow'> | undefined;
}

export interface FaultPlan {
  set(faults: readonly Fault[]): void;
  list(): readonly Fault[];
  /** Takes what hits this request: every slowness, and the first of the others. */
  strike(code: RequestCode): Struck;
}

interface Planned {
  readonly fault: Fault;
  left: number;
}

export function createFaultPlan(first: readonly Fault[]): FaultPlan {
  let planned: Planned[] = [];
  const set = (faults: readonly Fault[]) => {
    planned = faults.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }));
  };
  set(first);
  return {
    set,
    list: () => planned.map(({ fault, left }) => (fault.times === undefined ? fault : { ...fault, times: left })),
    strike(code) {
      let beforeMs = 0;
      let afterMs = 0;
      let kind: Struck['kind'];
      for (const each of planned) {
        const { fault } = each;
        if (fault.codes && !fault.codes.includes(code)) continue;
        if (fault.kind !== 'slow' && kind !== undefined) continue;
        each.left -= 1;
        if (fault.kind !== 'slow') kind = fault.kind;
        else {
          beforeMs += fault.beforeMs ?? 0;
          afterMs += fault.afterMs ?? 0;
        }
      }
      planned = planned.filter(({ left }) => left > 0);
      return { beforeMs, afterMs, kind };
    },
  };
}
