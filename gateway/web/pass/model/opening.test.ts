// SPDX-License-Identifier: Apache-2.0
import type { Opening } from '@latchkey/protocols/api/keychain';
import { describe, expect, it } from 'vitest';
import type { ApiAnswer } from '../../ui/api-client.ts';
import { newConfirmation, type OpeningView, openDoor } from './opening.ts';

const opening = (state: Opening['state'], more: Partial<Opening> = {}): ApiAnswer<Opening> => ({
  ok: true,
  value: { id: '01', portal: 'room-101', state, reason: null, askedAt: '', elapsedMs: null, ...more },
});
const offline = { ok: false, code: 'offline' } as const;

async function run(answers: readonly ApiAnswer<Opening>[]) {
  const left = [...answers];
  const sent: unknown[] = [];
  const seen: OpeningView[] = [];
  let nowMs = 0;
  const next = async () => (left.length > 1 ? left.shift() : left[0]) as never;
  const last = await openDoor({
    api: {
      get: next,
      send: (_method, _path, body) => {
        sent.push(body);
        return next();
      },
    },
    portal: 'room-101',
    confirm: 'A'.repeat(22),
    wait: async (ms) => void (nowMs += ms),
    nowMs: () => nowMs,
    onChange: (view) => void seen.push(view),
  });
  return { last, sent, states: seen.map(({ state }) => state) };
}

describe('an opening from the keychain', () => {
  it('goes from sending over opening to what the bolt says', async () => {
    const { states, last } = await run([opening('waiting'), opening('opening'), opening('opened', { elapsedMs: 812 })]);
    expect(states).toEqual(['sending', 'waiting', 'opening', 'opened']);
    expect(last.elapsedMs).toBe(812);
  });

  it('is sent again after a lost answer as the same confirmation', async () => {
    const { sent, last } = await run([offline, offline, opening('opened')]);
    expect(new Set(sent.map((body) => JSON.stringify(body))).size).toBe(1);
    expect([sent.length, last.state]).toEqual([3, 'opened']);
  });

  it.each([
    ['no network at all', [offline]],
    ['silence after it was taken', [opening('waiting')]],
    ['a network that goes while it opens', [opening('opening'), offline]],
  ])('with %s is unknown, never guessed', async (_, answers) => {
    expect((await run(answers)).last.state).toBe('unknown');
  });

  it('that the gateway does not take is refused with its word', async () => {
    const { last, sent } = await run([{ ok: false, code: 'too-many-attempts' }]);
    expect([last.state, last.failure, sent.length]).toEqual(['refused', 'too-many-attempts', 1]);
  });

  it('has a confirmation of the form the API takes', () => {
    expect(newConfirmation((bytes) => void bytes.fill(255))).toMatch(/^[A-Za-z0-9_-]{16,64}$/);
  });
});
