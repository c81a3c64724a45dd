// SPDX-License-Identifier: Apache-2.0
// The AsyncAPI 3 document of the topics of DESIGN 6, made from the zod schemas: one source for both.
import { z } from 'zod';
import { answer, command, timeAnswer } from '../commands/command.ts';
import { eventAck, listDown, UP_MESSAGES } from './messages.ts';
import { DOWN, type DownKind, UP, type UpKind } from './topics.ts';

interface MessageText {
  readonly summary: string;
  readonly qos: 0 | 1;
}

const UP_TEXT: Readonly<Record<UpKind, MessageText>> = {
  hello: { summary: 'First message of a session: boot, versions in force, journal position.', qos: 1 },
  bye: { summary: 'The will. Ignored unless it names the current session.', qos: 1 },
  need: {
    summary: 'What the controller lacks to bring a list, the deny overlay or the root document up to date.',
    qos: 1,
  },
  list: { summary: 'Reported version of a list, or why the offered one was refused.', qos: 1 },
  res: { summary: 'What became of a command.', qos: 1 },
  ev: { summary: 'Journalled events in order; kept by the controller until acknowledged.', qos: 1 },
  ask: { summary: 'A credential unknown here; answered within 800 ms or not at all.', qos: 0 },
  time: { summary: 'Asks for signed time.', qos: 0 },
  health: { summary: 'State of the controller, every 60 s with jitter.', qos: 0 },
};

const DOWN_TEXT: Readonly<Record<DownKind, MessageText>> = {
  list: {
    summary: 'List transfer, freshness, deny gaps, root documents, PRF keys. Bytes ride after the JSON.',
    qos: 1,
  },
  cmd: { summary: 'Signed frame: LKC1 and a command.', qos: 1 },
  ack: { summary: 'Events up to here are committed.', qos: 1 },
  answer: { summary: 'Signed frame: LKA1 and the answer to an ask.', qos: 0 },
  time: { summary: 'Signed frame: LKT1 and t0, t1, t2.', qos: 0 },
};

/** Payload inside the signed frame or before the NUL of the envelope. */
const DOWN_SCHEMAS: Readonly<Record<DownKind, z.ZodType>> = {
  list: listDown,
  cmd: command,
  ack: eventAck,
  answer,
  time: timeAnswer,
};
const SIGNED: ReadonlySet<string> = new Set(['cmd', 'answer', 'time']);

const ENVELOPE = 'application/vnd.latchkey.envelope';
const SIGNED_FRAME = 'application/vnd.latchkey.signed-frame';

type Way = 'up' | 'dn';
const messageName = (way: Way, kind: string) => `${way}-${kind}`;

function message(way: Way, kind: string, text: MessageText, schema: z.ZodType) {
  return {
    name: messageName(way, kind),
    title: `${way}/${kind}`,
    summary: text.summary,
    contentType: way === 'dn' && SIGNED.has(kind) ? SIGNED_FRAME : ENVELOPE,
    payload: z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
  };
}

function channel(way: Way, kind: string) {
  const name = messageName(way, kind);
  return {
    address: `lk/v1/{site}/{device}/${way}/${kind}`,
    parameters: {
      site: { $ref: '#/components/parameters/site' },
      device: { $ref: '#/components/parameters/device' },
    },
    messages: { [name]: { $ref: `#/components/messages/${name}` } },
  };
}

/** Seen from the controller: it sends what is up and receives what is down. */
function operation(way: Way, channelName: string, qos: 0 | 1) {
  return {
    action: way === 'up' ? 'send' : 'receive',
    channel: { $ref: `#/channels/${channelName}` },
    bindings: { mqtt: { qos, retain: false, bindingVersion: '0.2.0' } },
  };
}

const BROADCAST = {
  name: 'bc',
  title: 'bc',
  summary: 'Signed frame: LKD1 deny push or LKB1 beat, to every controller of the site.',
  contentType: SIGNED_FRAME,
  payload: { type: 'string', format: 'binary' },
};

const slugParameter = (description: string) => ({ description: `${description}: 1 to 40 of a-z, 0-9 and "-"` });

export function asyncApiDocument(): Readonly<Record<string, unknown>> {
  const all = [
    ...UP.map((kind) => ({ way: 'up' as const, kind, text: UP_TEXT[kind], schema: UP_MESSAGES[kind] as z.ZodType })),
    ...DOWN.map((kind) => ({ way: 'dn' as const, kind, text: DOWN_TEXT[kind], schema: DOWN_SCHEMAS[kind] })),
  ];
  const keyed = <T>(make: (entry: (typeof all)[number]) => T) =>
    Object.fromEntries(all.map((entry) => [messageName(entry.way, entry.kind), make(entry)]));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Latchkey controller and gateway',
      version: '1.0.0',
      description:
        'MQTT 3.1.1 between a door controller and its gateway. protocols/README.md holds flows and byte formats.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: ENVELOPE,
    channels: {
      ...keyed(({ way, kind }) => channel(way, kind)),
      bc: {
        address: 'lk/v1/{site}/bc',
        parameters: { site: { $ref: '#/components/parameters/site' } },
        messages: { bc: { $ref: '#/components/messages/bc' } },
      },
    },
    operations: {
      ...keyed(({ way, kind, text }) => operation(way, messageName(way, kind), text.qos)),
      bc: operation('dn', 'bc', 1),
    },
    components: {
      parameters: {
        site: slugParameter('campus site'),
        device: slugParameter('controller, the CN of its certificate'),
      },
      messages: { ...keyed(({ way, kind, text, schema }) => message(way, kind, text, schema)), bc: BROADCAST },
    },
  };
}
