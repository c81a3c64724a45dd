// SPDX-License-Identifier: Apache-2.0
// What the page does with a snapshot: sounds once, follows the patron, and speaks to the next one in the language of the house.
import type { DeskAction, DeskPatron, DeskState } from '@latchkey/protocols/api/desk';
import { beforeEach, describe, expect, it } from 'vitest';
import type { NotTaken } from './actions.ts';
import { createDeskApp, type DeskApp } from './app.ts';

let played: string[];
let acted: DeskAction[];
let kept: Map<string, string>;
let refused: NotTaken | undefined;
let app: DeskApp;

beforeEach(() => {
  played = [];
  acted = [];
  kept = new Map();
  refused = undefined;
  app = createDeskApp({
    actions: {
      act: async (action) => {
        acted.push(action);
        return refused;
      },
      receipt: async () => undefined,
    },
    player: { play: (sound) => void played.push(sound), isAllowed: () => true, allow: () => undefined },
    kept: { get: (name) => kept.get(name) ?? null, set: (name, value) => void kept.set(name, value) },
    preferredLanguages: ['zh-CN'],
    clockMs: () => 1_000,
  });
});

const state = (change: Partial<DeskState> = {}): DeskState => ({
  seq: 1,
  now: 501_000,
  desk: { name: 'd', mode: 'staffed', taking: 'loans', timeZone: 'Asia/Shanghai' },
  library: { state: 'up', since: 0, name: null, takesStored: null },
  list: null,
  uploads: { pending: 0, conflicts: 0, lastAt: null, exported: null },
  patron: null,
  items: [],
  prompt: null,
  sound: null,
  notice: null,
  idle: null,
  conflicts: [],
  ...change,
});
const sound = (seq: number) => ({ sound: { seq, sound: 'success' as const } });
const patron = (session: string) => ({ patron: { session } as DeskPatron });

describe('sounds', () => {
  it('are played once each, and not for the first snapshot', () => {
    for (const seq of [4, 4, 5, 5, 6]) app.onState(state(sound(seq)));
    expect(played).toEqual(['success', 'success']);
  });

  it('are none while muted, which the machine keeps', () => {
    app.mute(true);
    app.onState(state());
    app.onState(state(sound(1)));
    expect(played).toEqual([]);
    expect(kept.get('muted')).toBe('yes');
  });

  it('say also that something was not taken', async () => {
    refused = 'no-answer';
    app.scan('b1');
    await Promise.resolve();
    await Promise.resolve();
    expect(app.notTaken.value?.code).toBe('no-answer');
    expect(played).toEqual(['refusal']);
  });
});

describe('screens', () => {
  it('lead back to the counter when a card is laid down or an item scanned', () => {
    app.onState(state());
    app.screen.value = 'conflicts';
    app.onState(state(patron('s1')));
    expect(app.screen.value).toBe('counter');
    app.screen.value = 'conflicts';
    app.scan('b1');
    expect(app.screen.value).toBe('counter');
  });

  it('stay where they are while the same patron goes on', () => {
    app.onState(state(patron('s1')));
    app.screen.value = 'conflicts';
    app.onState(state(patron('s1')));
    expect(app.screen.value).toBe('conflicts');
  });

  it('show no conflicts in self-service', () => {
    app.screen.value = 'conflicts';
    app.onState(state({ desk: { name: 'd', mode: 'self-service', taking: 'loans', timeZone: 'Asia/Shanghai' } }));
    expect(app.screen.value).toBe('counter');
  });
});

describe('language', () => {
  it("is the next one's again after a patron of a self-service screen chose another", () => {
    const desk = { name: 'd', mode: 'self-service', taking: 'loans', timeZone: 'Asia/Shanghai' } as const;
    app.onState(state({ desk, ...patron('s1') }));
    app.speak('en');
    expect(app.language.value).toBe('en');
    app.onState(state({ desk }));
    expect(app.language.value).toBe('zh-CN');
    expect(kept.size).toBe(0);
  });

  it('is kept at the counter', () => {
    app.onState(state());
    app.speak('en');
    expect(kept.get('language')).toBe('en');
  });
});

describe('time', () => {
  it("is the controller's", () => {
    app.onState(state());
    app.tick();
    expect(app.nowMs.value).toBe(501_000);
  });

  it('starts anew when somebody is there while the session is about to end', () => {
    app.onState(state());
    app.touched();
    expect(acted).toEqual([]);
    app.onState(state({ idle: { endsAt: 520_000 } }));
    app.touched();
    expect(acted).toEqual([{ kind: 'still-here' }]);
  });
});
