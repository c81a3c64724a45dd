// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import vectors from '../../fixtures/mqtt/messages.json' with { type: 'json' };
import { decodeEnvelope } from './envelope.ts';
import { journalEvent } from './events.ts';
import { eventAck, eventBatch, hello, listDown, need, renewalAnswer, UP_MESSAGES } from './messages.ts';
import { UP } from './topics.ts';

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  ...Object.fromEntries(Object.entries(UP_MESSAGES).map(([kind, schema]) => [`up/${kind}`, schema])),
  'dn/list': listDown,
  'dn/ack': eventAck,
  'dn/certificate': renewalAnswer,
};
const schemaOf = (topic: string) => SCHEMAS[topic] as z.ZodType;
const exampleOf = (topic: string) => structuredClone(vectors.messages.find((m) => m.topic === topic)?.json) as never;

/** Every way of taking one property out, at any depth. */
function withoutOne(value: unknown): unknown[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, at) => withoutOne(item).map((less) => value.map((old, i) => (i === at ? less : old))));
  }
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value);
  return entries.flatMap(([key, inner]) => [
    Object.fromEntries(entries.filter(([other]) => other !== key)),
    ...withoutOne(inner).map((less) => ({ ...value, [key]: less })),
  ]);
}

describe('messages', () => {
  it.each(vectors.messages)('$topic: $why', ({ topic, json }) => {
    expect(schemaOf(topic).parse(json)).toEqual(json);
  });
  it('there is an example of every message, list part, need and event', () => {
    const topics = new Set(vectors.messages.map(({ topic }) => topic));
    expect(UP.filter((kind) => !topics.has(`up/${kind}`))).toEqual([]);
    const kinds = (topic: string) => vectors.messages.filter((m) => m.topic === topic).map((m) => m.json.kind);
    expect(new Set(kinds('dn/list')).size).toBe(listDown.options.length);
    expect(new Set(kinds('up/need')).size).toBe(need.options.length);
    const { events } = exampleOf('up/ev') as { events: { type: string }[] };
    expect(new Set(events.map(({ type }) => type)).size).toBe(journalEvent.options.length);
  });
  it('every upward topic has a schema', () => {
    expect(Object.keys(UP_MESSAGES).sort()).toEqual([...UP].sort());
  });
  it('what a newer device adds is dropped, not refused', () => {
    const parsed = hello.parse({ ...(exampleOf('up/hello') as object), later: 1 });
    expect(parsed).not.toHaveProperty('later');
  });
  it('a message lacking a property is refused or was complete without it; none throws', () => {
    for (const { topic, json } of vectors.messages) {
      for (const less of withoutOne(json)) expect(typeof schemaOf(topic).safeParse(less).success).toBe('boolean');
    }
    const { boot: _, ...bootless } = exampleOf('up/hello') as { boot: string };
    expect(hello.safeParse(bootless).success).toBe(false);
  });
  it('names out of form are refused: no portal, digest or number slips through', () => {
    const batch = exampleOf('up/ev') as { events: object[] };
    const first = batch.events[0] as { portal: string };
    const refused = [
      { ...first, portal: 'north/in' },
      { ...first, portal: 'North' },
      { ...first, at: -1 },
      { ...first, at: 1.5 },
      { ...first, at: 2 ** 53 },
      { ...first, type: 'opened' },
      { ...first, credential: { ref: '04A1B2C3D4E580', class: 'uid-only' } },
    ];
    for (const event of refused) expect(eventBatch.safeParse({ ...batch, events: [event] }).success).toBe(false);
  });
  it('a batch holds 1 to 50 events', () => {
    const batch = exampleOf('up/ev') as { events: object[] };
    const event = batch.events[0] as object;
    const sized = (length: number) => eventBatch.safeParse({ ...batch, events: Array.from({ length }, () => event) });
    expect([0, 1, 50, 51].map((length) => sized(length).success)).toEqual([false, true, true, false]);
  });
  it('never throws on hostile JSON', () => {
    const topics = Object.keys(SCHEMAS);
    fc.assert(
      fc.property(fc.constantFrom(...topics), fc.jsonValue(), fc.uint8Array(), (topic, json, bytes) => {
        expect(typeof schemaOf(topic).safeParse(json).success).toBe('boolean');
        const envelope = decodeEnvelope(bytes);
        if (envelope.ok) schemaOf(topic).safeParse(envelope.value.json);
      }),
    );
  });
  it('a property called __proto__ changes no prototype', () => {
    const hostile = JSON.parse('{"__proto__":{"admin":true},"session":"5e5510a1b2c3d4e5"}') as object;
    const parsed = UP_MESSAGES.bye.parse(hostile);
    expect(parsed).not.toHaveProperty('admin');
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});
