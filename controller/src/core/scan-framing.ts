// SPDX-License-Identifier: Apache-2.0
// Bytes of a scanner → codes: split at the terminator or at silence, bounded, without control characters, prefix and suffix
// taken off. Whatever a scanner sends, at most MAX_HELD bytes of it are kept.
import iconv from 'iconv-lite';

export interface FramingConfig {
  readonly terminator: 'cr' | 'lf' | 'crlf' | 'tab' | 'etx' | 'idle';
  readonly idleMs?: number | undefined;
  readonly prefix: string;
  readonly suffix: string;
  readonly encoding: 'utf-8' | 'gbk';
}

export interface FramingState {
  /** Bytes of the code so far. */
  readonly held: readonly number[];
  /** Longer than any code: swallowed until its end. */
  readonly tooLong: boolean;
  /** With "crlf", the last byte was the first half of it. */
  readonly halfEnd: boolean;
}

export const INITIAL_FRAMING: FramingState = { held: [], tooLong: false, halfEnd: false };

export type FramingEvent = { readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'silence' };

export type FramingEffect =
  | { readonly kind: 'code'; readonly text: string }
  /** Something ended that gives no text. `detail` holds nothing of it. */
  | { readonly kind: 'unreadable'; readonly detail: string }
  /** Not for us, or never finished; `why` is for the log. */
  | { readonly kind: 'ignored'; readonly why: 'half a code' | 'no prefix or suffix' }
  /** `silence` shall follow after this long without bytes; a later one takes its place. */
  | { readonly kind: 'timer'; readonly afterMs: number }
  | { readonly kind: 'cancel' };

export const MAX_CODE_CHARACTERS = 512;
const MAX_HELD = 4_096;
const ENDING_IDLE_MS = 50;
const FORGETTING_IDLE_MS = 500;
const CR = 0x0d;
const LF = 0x0a;
const DELETE = 0x7f;
const SPACE = 0x20;
const END = { cr: CR, lf: LF, tab: 0x09, etx: 0x03, crlf: LF, idle: undefined } as const;

export function stepFraming(
  config: FramingConfig,
  state: FramingState,
  event: FramingEvent,
): { readonly state: FramingState; readonly effects: readonly FramingEffect[] } {
  if (event.kind === 'silence') return { state: INITIAL_FRAMING, effects: onSilence(config, state) };
  const effects: FramingEffect[] = [];
  const turn = { held: [...state.held], tooLong: state.tooLong, halfEnd: state.halfEnd };
  for (const byte of event.bytes) {
    if (isEnd(config, turn, byte)) {
      if (!turn.tooLong) effects.push(...finish(config, turn.held));
      Object.assign(turn, { held: [], tooLong: false, halfEnd: false });
      continue;
    }
    turn.halfEnd = byte === CR;
    // In neither encoding are these part of a longer character.
    if (byte < SPACE || byte === DELETE || turn.tooLong) continue;
    turn.held.push(byte);
    if (turn.held.length <= MAX_HELD) continue;
    effects.push({ kind: 'unreadable', detail: `more than ${MAX_HELD} bytes without an end` });
    Object.assign(turn, { held: [], tooLong: true });
  }
  if (isOpen(turn)) effects.push({ kind: 'timer', afterMs: idleMsOf(config) });
  else if (isOpen(state)) effects.push({ kind: 'cancel' });
  return { state: turn, effects };
}

const isOpen = ({ held, tooLong }: FramingState): boolean => held.length > 0 || tooLong;

const idleMsOf = ({ terminator, idleMs }: FramingConfig): number =>
  idleMs ?? (terminator === 'idle' ? ENDING_IDLE_MS : FORGETTING_IDLE_MS);

const isEnd = ({ terminator }: FramingConfig, { halfEnd }: FramingState, byte: number): boolean =>
  byte === END[terminator] && (terminator !== 'crlf' || halfEnd);

function onSilence(config: FramingConfig, { held, tooLong }: FramingState): readonly FramingEffect[] {
  if (tooLong || held.length === 0) return [];
  return config.terminator === 'idle' ? finish(config, held) : [{ kind: 'ignored', why: 'half a code' }];
}

/** Nothing between two ends is nothing at all. */
function finish(config: FramingConfig, held: readonly number[]): readonly FramingEffect[] {
  if (held.length === 0) return [];
  const decoded = decode(config.encoding, Uint8Array.from(held));
  if (decoded.includes('\uFFFD')) return [{ kind: 'unreadable', detail: `not ${config.encoding}` }];
  const whole = decoded.replaceAll(/\p{Cc}/gu, '');
  const { prefix, suffix } = config;
  if (whole.length < prefix.length + suffix.length || !whole.startsWith(prefix) || !whole.endsWith(suffix)) {
    return [{ kind: 'ignored', why: 'no prefix or suffix' }];
  }
  const text = whole.slice(prefix.length, whole.length - suffix.length);
  if (text.length > MAX_CODE_CHARACTERS) {
    return [{ kind: 'unreadable', detail: `more than ${MAX_CODE_CHARACTERS} characters` }];
  }
  return text === '' ? [] : [{ kind: 'code', text }];
}

/** Bytes that mean nothing become U+FFFD. */
const decode = (encoding: FramingConfig['encoding'], bytes: Uint8Array): string =>
  encoding === 'gbk' ? iconv.decode(bytes, 'gbk') : new TextDecoder().decode(bytes);
