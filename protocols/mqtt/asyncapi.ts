// SPDX-License-Identifier: Apache-2.0
// The AsyncAPI 3 document of the topics of DESIGN 6, made from the zod schemas: one source for both.
import { z } from 'zod';
import { answer, command, timeAnswer } from '../commands/command.ts';
import { eventAck, listDown, renewalAnswer, UP_MESSAGES } from './messages.ts';
import { DOWN, type DownKind, UP, type UpKind } from './topics.ts';

const UP_TEXT: Readonly<Record<UpKind, string>> = {
  hello: 'First message of a session: boot, versions in force, journal position.',
  bye: 'The will. Ignored unless it names the current session.',
  need: 'What the controller lacks to bring a list, the deny overlay or the root document up to date.',
  list: 'Reported version of a list, or why the offered one was refused.',
  res: 'What became of a command.',
  ev: 'Journalled events in order; kept by the controller until acknowledged.',
  ask: 'A credential unknown here; answered within 800 ms or not at all.',
  time: 'Asks for signed time.',
  health: 'State of the controller, every 60 s with jitter.',
  locks: 'State of the locks of a corridor, on change and every minute.',
  renew: 'Asks for the next certificate, signed by the present key.',
};

const DOWN_TEXT: Readonly<Record<DownKind, string>> = {
  list: 'List transfer, freshness, deny gaps, root documents, PRF keys. Bytes ride after the JSON.',
  cmd: 'Signed frame: LKC1 and a command.',
  ack: 'Events up to here are committed.',
  answer: 'Signed frame: LKA1 and the answer to an ask.',
  time: 'Signed frame: LKT1 and t0, t1, t2.',
  certificate: 'The next certificate, or why there is none.',
};

/** Payload inside the signed frame or before the NUL of the envelope. */
const DOWN_SCHEMAS: Readonly<Record<DownKind, z.ZodType>> = {
  list: listDown,
  cmd: command,
  ack: eventAck,
  answer,
  time: timeAnswer,
  certificate: renewalAnswer,
};
const SIGNED: ReadonlySet<string> = new Set(['cmd', 'answer', 'time']);

const ENVELOPE = 'application/vnd.latchkey.envelope';
const SIGNED_FRAME = 'application/vnd.latchkey.signed-frame';

type Way = 'up' | 'dn';
const messageName = (way: Way, kind: string) => `${way}-${kind}`;

function message(way: Way, kind: string, summary: string, schema: z.ZodType) {
  return {
    name: messageName(way, kind),
    title: `${way}/${kind}`,
    summary,
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
/** Upwards a PUBACK says that it is stored; downwards nothing depends on one. */
function operation(way: Way, channelName: string) {
  return {
    action: way === 'up' ? 'send' : 'receive',
    channel: { $ref: `#/channels/${channelName}` },
    bindings: { mqtt: { qos: way === 'up' ? 1 : 0, retain: false, bindingVersion: '0.2.0' } },
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
    ...UP.map((kind) => ({ way: 'up' as const, kind, summary: UP_TEXT[kind], schema: UP_MESSAGES[kind] as z.ZodType })),
    ...DOWN.map((kind) => ({ way: 'dn' as const, kind, summary: DOWN_TEXT[kind], schema: DOWN_SCHEMAS[kind] })),
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
      ...keyed(({ way, kind }) => operation(way, messageName(way, kind))),
      bc: operation('dn', 'bc'),
    },
    components: {
      parameters: {
        site: slugParameter('campus site'),
        device: slugParameter('controller, the CN of its certificate'),
      },
      messages: { ...keyed(({ way, kind, summary, schema }) => message(way, kind, summary, schema)), bc: BROADCAST },
    },
  };
}
