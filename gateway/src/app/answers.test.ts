// SPDX-License-Identifier: Apache-2.0
// Questions in time: what hangs is given up, and holds up nothing else.
import { generateSigningJwk, importSigningKey } from '@latchkey/protocols/authorization/keys';
import type { DeviceId } from '@latchkey/protocols/ids';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Answers, type Ask, createAnswers } from './answers.ts';
import type { Verdict } from './judge-question.ts';
import { SILENT } from './log.ts';
import { value } from './registry/registry.test-support.ts';

const DEVICE = 'gate-1' as DeviceId;
const BOOT = 'cd'.repeat(8);
let answers: Answers;
let sent: number;
let errors: unknown[];
let judged: { question: Ask; withinMs: number; resolve: (verdict: Verdict) => void; reject: (error: Error) => void }[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  sent = 0;
  errors = [];
  judged = [];
  answers = createAnswers({
    judge: (_device, question, withinMs) =>
      new Promise((resolve, reject) => {
        judged.push({ question, withinMs, resolve, reject });
      }),
    key: value(await importSigningKey(await generateSigningJwk())),
    sessions: { get: () => ({ boot: BOOT }) as never },
    send: async () => {
      sent += 1;
      return true;
    },
    nowMs: () => 0,
    monotonicMs: () => performance.now(),
    log: { ...SILENT, error: (...line: unknown[]) => void errors.push(line) },
  });
});
afterEach(() => vi.useRealTimers());

const ask = (credential: Ask['credential']): Ask =>
  ({ id: 'ab'.repeat(8), boot: BOOT, portal: 'north', direction: 'in', credential }) as Ask;
const code = ask({ kind: 'code', form: 'other', text: '880000000000000001' });
const card = ask({ kind: 'id', id: '00'.repeat(16), class: 'uid-only' });
const GRANTED: Verdict = { outcome: 'granted' };
const settled = () => new Promise((resolve) => setImmediate(resolve));

it('a code whose system hangs holds up no card of the same controller', async () => {
  for (let times = 0; times < 40; times += 1) await answers.take(DEVICE, code);
  expect(judged).toHaveLength(16);
  const taken = answers.take(DEVICE, card);
  judged.at(-1)?.resolve(GRANTED);
  await taken;
  expect(sent).toBe(1);
});

it('a code is given time enough that its answer still reaches the gate', async () => {
  await answers.take(DEVICE, code);
  expect(judged[0]?.withinMs).toBe(600);
  vi.advanceTimersByTime(650);
  judged[0]?.resolve({ outcome: 'denied', reason: 'ResolverUnavailable' });
  await vi.waitFor(() => expect(sent).toBe(1));
});

it('what comes too late is not sent, and makes room', async () => {
  for (let times = 0; times < 16; times += 1) await answers.take(DEVICE, code);
  vi.advanceTimersByTime(701);
  for (const { resolve } of judged) resolve(GRANTED);
  await settled();
  expect(sent).toBe(0);
  await answers.take(DEVICE, code);
  expect(judged).toHaveLength(17);
});

it('a fault in answering a code is logged without it', async () => {
  await answers.take(DEVICE, code);
  judged[0]?.reject(new Error('880000000000000001'));
  await settled();
  expect(errors).toHaveLength(1);
  expect(JSON.stringify(errors)).not.toContain('88000');
});
