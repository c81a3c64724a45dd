// SPDX-License-Identifier: Apache-2.0
// Holds README.md to the schemas and tables it describes.
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { spell } from './card/spelling.ts';
import { FORMS, findForm } from './card/spelling-forms.ts';
import { cardUid } from './card/uid.ts';
import { answer, command, OPERATIONS, timeAnswer } from './commands/command.ts';
import { ALARM_KINDS } from './mqtt/door-terms.ts';
import { journalEvent } from './mqtt/events.ts';
import { eventAck, listDown, need, UP_MESSAGES } from './mqtt/messages.ts';
import { REASONS } from './mqtt/reasons.ts';
import { DOWN, UP } from './mqtt/topics.ts';

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  ...Object.fromEntries(Object.entries(UP_MESSAGES).map(([kind, schema]) => [`up/${kind}`, schema])),
  'dn/list': listDown,
  'dn/cmd': command,
  'dn/ack': eventAck,
  'dn/answer': answer,
  'dn/time': timeAnswer,
};

let text = '';
beforeAll(async () => {
  text = await readFile(new URL('README.md', import.meta.url), 'utf8');
});

describe('README', () => {
  it('every example is a message of its topic, and every topic has one', () => {
    const examples = [...text.matchAll(/```json (\S+)\n(.*?)```/gs)];
    for (const [, topic = '', json = ''] of examples) {
      const parsed = JSON.parse(json) as unknown;
      expect(SCHEMAS[topic]?.parse(parsed), topic).toEqual(parsed);
    }
    const topics = new Set(examples.map(([, topic]) => topic));
    expect(topics).toEqual(new Set([...UP.map((kind) => `up/${kind}`), ...DOWN.map((kind) => `dn/${kind}`)]));
  });
  it('names every word of the tables', () => {
    const kinds = [...listDown.options, ...need.options].map(({ shape }) => shape.kind.value);
    const types = journalEvent.options.map(({ shape }) => shape.type.value);
    const missing = [...REASONS, ...ALARM_KINDS, ...OPERATIONS, ...kinds, ...types].filter(
      (word) => !text.includes(word),
    );
    expect(missing).toEqual([]);
  });
  it('every form shown exists and writes the card as shown', () => {
    const uid = cardUid(Uint8Array.of(0x52, 0x9d, 0x06, 0xe3));
    const rows = [...text.matchAll(/^\| `([a-z0-9-]+)`[^|]*\| ([0-9A-F,]+) \|/gm)];
    expect(rows.length).toBeGreaterThan(8);
    for (const [, form = '', number] of rows) {
      expect(findForm(form), form).toBeDefined();
      expect(uid.ok && spell(uid.value, form), form).toMatchObject({ value: { text: number } });
    }
  });
  it('every writing of a form is mentioned', () => {
    const stems = new Set(FORMS.map(({ id }) => id.replace(/-(?:first|last)?(?:-?reversed)?$/, '')));
    expect([...stems].filter((stem) => !text.includes(`\`${stem}`))).toEqual([]);
  });
});
