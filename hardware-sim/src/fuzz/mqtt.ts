// SPDX-License-Identifier: Apache-2.0
// Topics and payloads from hostile devices and brokers.
import { decodeEnvelope, encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { eventAck, listDown, UP_MESSAGES } from '@latchkey/protocols/mqtt/messages';
import { parseTopic } from '@latchkey/protocols/mqtt/topics';
import type { z } from 'zod';
import vectors from '../../../fixtures/mqtt/messages.json' with { type: 'json' };
import type { FuzzTarget } from './target.ts';

const SCHEMAS: readonly z.ZodType[] = [...Object.values(UP_MESSAGES), listDown, eventAck];
const payloads = vectors.messages.map(({ payloadHex }) => new Uint8Array(Buffer.from(payloadHex, 'hex')));

export const MQTT_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'mqtt/envelope',
    seeds: payloads,
    run(bytes) {
      const decoded = decodeEnvelope(bytes);
      if (!decoded.ok) return;
      const { json, body } = decoded.value;
      if (typeof json !== 'object' || json === null) return;
      const again = decodeEnvelope(encodeEnvelope(json, body));
      if (!again.ok || Buffer.compare(again.value.body, body) !== 0) throw new Error('an envelope does not round-trip');
    },
  },
  {
    name: 'mqtt/messages',
    seeds: payloads,
    run(bytes) {
      const decoded = decodeEnvelope(bytes);
      if (decoded.ok) for (const schema of SCHEMAS) schema.safeParse(decoded.value.json);
    },
  },
  {
    name: 'mqtt/topics',
    seeds: vectors.messages.map(({ topic }) => new Uint8Array(Buffer.from(`lk/v1/main/gate-1/${topic}`))),
    run(bytes) {
      const topic = Buffer.from(bytes).toString('utf8');
      const parsed = parseTopic(topic);
      if (!parsed) return;
      const { site, device, way, kind } = parsed;
      if (`lk/v1/${site}/${device}/${way}/${kind}` !== topic) throw new Error('a topic was taken for another');
    },
  },
];
