// SPDX-License-Identifier: Apache-2.0
// Bytes of scanners, serial and typing: whoever holds a code under one writes them.
import { INITIAL_EVDEV, INPUT_EVENT_32, INPUT_EVENT_64, stepEvdev } from '@latchkey/controller/core/evdev';
import { typing } from '@latchkey/controller/core/evdev.test-support';
import { INITIAL_FRAMING, stepFraming } from '@latchkey/controller/core/scan-framing';
import type { FuzzTarget } from './target.ts';

const TERMINATORS = ['cr', 'lf', 'crlf', 'tab', 'etx', 'idle'] as const;

/** The first byte chooses the settings; the rest comes in two pieces and then there is silence. */
function frame(bytes: Uint8Array): void {
  const choice = bytes[0] ?? 0;
  const config = {
    terminator: TERMINATORS[choice % TERMINATORS.length] ?? 'cr',
    encoding: choice & 0x40 ? 'gbk' : 'utf-8',
    prefix: choice & 0x80 ? '1' : '',
    suffix: '',
  } as const;
  const half = bytes.length >> 1;
  let state = INITIAL_FRAMING;
  for (const event of [
    { kind: 'bytes', bytes: bytes.subarray(0, half) },
    { kind: 'bytes', bytes: bytes.subarray(half) },
    { kind: 'silence' },
  ] as const) {
    const stepped = stepFraming(config, state, event);
    state = stepped.state;
    for (const effect of stepped.effects) {
      if (effect.kind === 'code' && !/^[^\p{Cc}\uFFFD]{1,512}$/u.test(effect.text)) throw new Error('no code');
    }
  }
  if (state.held.length > 0 || state.tooLong) throw new Error('something was kept over a silence');
}

function type(bytes: Uint8Array): void {
  for (const layout of [INPUT_EVENT_64, INPUT_EVENT_32]) {
    const { state, typed } = stepEvdev(layout, INITIAL_EVDEV, bytes);
    if (state.rest.length >= layout.size) throw new Error('an event was left unread');
    if (!/^[ -~\t\r\uFFFD]*$/.test(typed)) throw new Error('no key types that');
  }
}

export const SCANNER_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'scanner/framing',
    seeds: ['\u0000284600123456789012\r', '\u0002LKD1:abc\r\n', 'A12345\u0003', '\u00851今日校园'].map((text) =>
      Uint8Array.from(Buffer.from(text)),
    ),
    run: frame,
  },
  { name: 'scanner/keys', seeds: [Uint8Array.from(typing('Aa1!\r'))], run: type },
];
