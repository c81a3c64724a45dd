// SPDX-License-Identifier: Apache-2.0
// Sealed commands, answers and time answers: before the signature as frames, behind it as JSON of a gateway gone wrong.
import type { Keyring } from '@latchkey/protocols/authorization/keys';
import { decodeFrame } from '@latchkey/protocols/authorization/signed-frame';
import { decodeJson } from '@latchkey/protocols/bytes/canonical-json';
import { answer, command, timeAnswer } from '@latchkey/protocols/commands/command';
import { judgeAnswer } from '@latchkey/protocols/commands/judge-answer';
import { judgeCommand } from '@latchkey/protocols/commands/judge-command';
import { openJson } from '@latchkey/protocols/commands/seal';
import { readClock } from '@latchkey/protocols/commands/time-exchange';
import { err } from '@latchkey/protocols/result';
import vectors from '../../../fixtures/commands/sealed.json' with { type: 'json' };
import type { FuzzTarget } from './target.ts';

const frames = vectors.sealed.map(({ frameHex }) => new Uint8Array(Buffer.from(frameHex, 'hex')));
const texts = vectors.sealed.map(({ json }) => new Uint8Array(Buffer.from(JSON.stringify(json))));
const NOW_MS = 1_790_000_000_000;
const HERE = { device: 'gate-1', boot: 'b0b1b2b3b4b5b6b7' };

/** Knows no key, so nothing may open. */
const nobody: Keyring = {
  campusId: '0000000000000000',
  version: 1,
  epoch: 1,
  issuedAtMs: 0,
  find: () => err('unknown-key'),
  all: () => [],
};

function judgeAll(json: unknown): void {
  const given = command.safeParse(json);
  if (given.success) {
    judgeCommand(given.data, { ...HERE, nowMs: NOW_MS, lastOrder: 0, recentIds: new Set() });
  }
  const answered = answer.safeParse(json);
  if (answered.success) judgeAnswer(answered.data, { ...HERE, ask: 'a5c0000000000001', portal: 'north-in' }, NOW_MS);
  const time = timeAnswer.safeParse(json);
  if (!time.success) return;
  const { device, nonce, t0 } = time.data;
  const clock = readClock(time.data, { device, nonce, t0, t3: t0 + 1_000 });
  if (clock.ok && !Number.isFinite(clock.value.offsetMs)) throw new Error('an offset is no number');
}

export const COMMAND_TARGETS: readonly FuzzTarget[] = [
  { name: 'commands/frame', seeds: frames, run: decodeFrame },
  {
    name: 'commands/open',
    seeds: frames,
    async run(bytes) {
      const opened = await openJson(bytes, 'LKC1', command, nobody, 'command');
      if (opened.ok) throw new Error('a frame opened without a key');
    },
  },
  { name: 'commands/judge', seeds: texts, run: (bytes) => judgeAll(decodeJson(bytes)) },
];
