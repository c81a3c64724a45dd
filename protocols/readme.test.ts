// SPDX-License-Identifier: Apache-2.0
// Holds README.md to the schemas and tables it describes.

import { access, readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { BEAT } from './authorization/beat.ts';
import { RULES } from './authorization/decide.ts';
import { DELTA_HEADER } from './authorization/delta.ts';
import { DENY_HEADER, DENY_OP } from './authorization/deny.ts';
import { OVERLAY_ENTRY, OVERLAY_HEADER } from './authorization/deny-overlay.ts';
import { FRESHNESS } from './authorization/freshness.ts';
import { HEAD } from './authorization/head.ts';
import { LIST_FILE_HEADER } from './authorization/list-file.ts';
import { PRF_KEY } from './authorization/prf-key.ts';
import { RECORD } from './authorization/record.ts';
import { RETRACTION } from './authorization/retraction.ts';
import { MAGICS } from './authorization/signed-frame.ts';
import { spell } from './card/spelling.ts';
import { FORMS, findForm } from './card/spelling-forms.ts';
import { cardUid } from './card/uid.ts';
import { CERTIFICATE_STATEMENT } from './codes/certificate.ts';
import { CERTIFICATE, CHALLENGE, PASS_CODE } from './codes/pass-code.ts';
import { ZONE_ENTRY, ZONE_HEADER } from './codes/zone-message.ts';
import { answer, command, OPERATIONS, timeAnswer } from './commands/command.ts';
import { ADVERTISED_FLAGS, ADVERTISEMENT } from './lock/advertisement.ts';
import { LOCK_REASONS, LOG_KINDS, LOG_RECORD } from './lock/log-record.ts';
import { ENVELOPES, LOCK_CODES, lockMessageForms, REFUSALS } from './lock/messages.ts';
import { TICKET } from './lock/ticket.ts';
import { ALARM_KINDS } from './mqtt/door-terms.ts';
import { CODE_FORMS, journalEvent } from './mqtt/events.ts';
import { eventAck, listDown, need, renewalAnswer, UP_MESSAGES } from './mqtt/messages.ts';
import { REASONS } from './mqtt/reasons.ts';
import { DOWN, UP } from './mqtt/topics.ts';

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  ...Object.fromEntries(Object.entries(UP_MESSAGES).map(([kind, schema]) => [`up/${kind}`, schema])),
  'dn/list': listDown,
  'dn/cmd': command,
  'dn/ack': eventAck,
  'dn/answer': answer,
  'dn/time': timeAnswer,
  'dn/certificate': renewalAnswer,
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
  it('names every form of a code', () => {
    expect(CODE_FORMS.filter((form) => !text.includes(`| \`${form}\` |`))).toEqual([]);
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
  it.each([
    ['Head', HEAD],
    ['Record', RECORD],
    ['List file', LIST_FILE_HEADER],
    ['Delta', DELTA_HEADER],
    ['Deny', DENY_HEADER],
    ['Deny operation', DENY_OP],
    ['Overlay', OVERLAY_HEADER],
    ['Denied entry', OVERLAY_ENTRY],
    ['Beat', BEAT],
    ['Freshness', FRESHNESS],
    ['PRF key', PRF_KEY],
    ['Retraction', RETRACTION],
    ['Pass code', PASS_CODE],
    ['Certificate', CERTIFICATE],
    ['Certificate statement', CERTIFICATE_STATEMENT],
    ['Challenge', CHALLENGE],
    ['Zone message', ZONE_HEADER],
    ['Zone entry', ZONE_ENTRY],
  ])('the layout of %s is that of its field table', (title, codec) => {
    const [, section = ''] =
      new RegExp(`^#{3,4} ${title}(?: \`|,)[^\\n]*\\n(.*?)(?=^#|(?![^]))`, 'ms').exec(text) ?? [];
    const rows = [...section.matchAll(/^\| (\d+) \| (\d+) \| `(\w+)`/gm)].map(([, at, width, name]) => [
      Number(at),
      Number(width),
      name,
    ]);
    expect(rows).toEqual(codec.fields.map(({ field, offset, width }) => [offset, width, field.name]));
  });
  it('names every magic, rule of a decision and part of the vectors', () => {
    const missing = [...Object.values(MAGICS), ...RULES].filter((word) => !text.includes(`\`${word}\``));
    expect(missing).toEqual([]);
  });
  it.each([
    ['Advertising', ADVERTISEMENT, [['16', '4', 'MAC']]],
    ['Tickets', TICKET, []],
    ['The log of a lock', LOG_RECORD, []],
  ] as const)('the layout of locks under %s is that of its field table', (title, codec, more) => {
    const [, section = ''] = new RegExp(`^### ${title}\\n(.*?)(?=^##)`, 'ms').exec(text) ?? [];
    const rows = [...section.matchAll(/^\| (\d+) \| (\d+) \| (\w+) \|/gm)].map((row) => row.slice(1));
    const fields = codec.fields.map(({ field, offset, width }) => [`${offset}`, `${width}`, field.name]);
    expect(rows).toEqual([...fields, ...more]);
  });
  it('names every kind, reason and flag of locks with its number', () => {
    const words = text.replaceAll(/\s+/g, ' ');
    const kinds = Object.entries(LOG_KINDS).map(
      ([kind, number]) => `${number} ${kind.replace(/^door-(?=forced|held)/, '').replaceAll('-', ' ')}`,
    );
    const reasons = LOCK_REASONS.flatMap((reason, number) => (reason ? [`${number} ${reason}`] : []));
    const flags = Object.entries(ADVERTISED_FLAGS).map(
      ([flag, bit]) =>
        `${bit.toString(16).padStart(2, '0')} ${flag.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`,
    );
    const refusals = Object.entries(REFUSALS).map(([why, number]) => `${number} ${why.replaceAll('-', ' ')}`);
    const envelopes = Object.entries(ENVELOPES).map(([name, number]) => `| ${name} | ${number} |`);
    const wanted = [...kinds, ...reasons, ...flags, ...refusals, ...envelopes];
    expect(wanted.filter((word) => !words.includes(word))).toEqual([]);
  });
  it('names every message of locks with its number and block', () => {
    const rows = lockMessageForms().map(({ name, number, fields, hasTail }) => {
      const block = fields.map((field) => `${field.name} ${field.width}`).join(', ') || '–';
      return `| \`${name}\` | 0x${number.toString(16).padStart(2, '0')} | ${block} | ${hasTail ? 'yes' : 'no'} |`;
    });
    expect(rows.filter((row) => !text.includes(row))).toEqual([]);
    const codes = Object.entries(LOCK_CODES).map(([code, number]) => `${number} ${code}`);
    expect(codes.filter((code) => !text.replaceAll('\n', ' ').includes(code))).toEqual([]);
  });
  it('every vector it names is there', async () => {
    const names = [...text.matchAll(/^\| `([a-z-]+\/[a-z-]+\.json)` \|/gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(6);
    await Promise.all(names.map((name) => access(new URL(`../fixtures/${name}`, import.meta.url))));
  });
  it('has no gap left open, and every place it refers to', () => {
    expect(text).not.toMatch(/<!--/);
    const anchors = new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => slugOf(title)));
    const wanted = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor);
    expect(wanted.filter((anchor) => !anchors.has(anchor))).toEqual([]);
  });
});

/** As the usual renderers make anchors of titles. */
const slugOf = (title: string) =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
