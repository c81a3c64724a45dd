// SPDX-License-Identifier: Apache-2.0
// What is scanned reaches the controller in order, and what does not is said.
import { DESK_HEADER } from '@latchkey/protocols/api/desk-terms';
import { describe, expect, it } from 'vitest';
import { createDeskActions } from './actions.ts';

const timeout = () => new AbortController().signal;
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

describe('actions of the page', () => {
  it('are sent one after the other, whatever the answers take', async () => {
    const sent: string[] = [];
    let inFlight = 0;
    const actions = createDeskActions({
      timeout,
      async fetch(_, { body, headers }) {
        expect(new Headers(headers).get(DESK_HEADER)).not.toBeNull();
        inFlight += 1;
        expect(inFlight).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, sent.length === 0 ? 20 : 0));
        sent.push((JSON.parse(body as string) as { text: string }).text);
        inFlight -= 1;
        return json({ ok: true });
      },
    });
    await Promise.all(['a', 'b', 'c'].map((text) => actions.act({ kind: 'scan', text })));
    expect(sent).toEqual(['a', 'b', 'c']);
  });

  it('say why they were not taken', async () => {
    const answers = [() => json({ ok: false, code: 'no-session' }, 409), () => Promise.reject(new Error('refused'))];
    const actions = createDeskActions({
      timeout,
      fetch: async () => (answers.shift() ?? (() => json({ ok: true })))(),
    });
    expect(await actions.act({ kind: 'renew-all', session: '1' })).toBe('no-session');
    expect(await actions.act({ kind: 'renew-all', session: '1' })).toBe('no-answer');
    expect(await actions.act({ kind: 'renew-all', session: '1' })).toBeUndefined();
  });

  it('take what is no answer for none', async () => {
    const actions = createDeskActions({ timeout, fetch: async () => new Response('<html>', { status: 502 }) });
    expect(await actions.act({ kind: 'end', session: '1' })).toBe('no-answer');
    expect(await actions.receipt()).toBeUndefined();
  });
});
