// SPDX-License-Identifier: Apache-2.0
// The stream reads the same however the network cuts it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventStreamReader, type StreamPart } from './event-stream.ts';

const TEXT =
  'retry: 500\n\nevent: state\ndata: {"seq":1}\n\n: beat\n\nevent: state\r\ndata: {"a":\r\ndata: "字"}\r\n\r\ndata:x\n\n';
const PARTS: StreamPart[] = [
  { kind: 'event', name: 'state', data: '{"seq":1}' },
  { kind: 'beat' },
  { kind: 'event', name: 'state', data: '{"a":\n"字"}' },
  { kind: 'event', name: 'message', data: 'x' },
];

describe('a stream of events', () => {
  it('is read whole', () => expect(createEventStreamReader().push(TEXT)).toEqual(PARTS));

  it('is read in any pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: TEXT.length }), { maxLength: 12 }), (cuts) => {
        const reader = createEventStreamReader();
        const places = [0, ...cuts.toSorted((a, b) => a - b), TEXT.length];
        const read = places.slice(1).flatMap((to, at) => reader.push(TEXT.slice(places[at], to)));
        expect(read).toEqual(PARTS);
      }),
    );
  });

  it('gives nothing of an event that is not finished', () => {
    expect(createEventStreamReader().push('event: state\ndata: {"seq":1}\n')).toEqual([]);
  });
});
