// SPDX-License-Identifier: Apache-2.0
// Who may say what on MQTT (DESIGN 6): the certificate's common name is the device, which publishes its own up/… and hears its
// own dn/# and the broadcast. MQTT 3.1.1 only, clean sessions, nothing retained. Pure, so that the whole table can be tested.
import type { DeviceId, SiteId } from '@latchkey/protocols/ids';
import { broadcastTopic, downFilter, parseTopic, type UpKind, upTopic } from '@latchkey/protocols/mqtt/topics';
import { err, ok, type Result } from '@latchkey/protocols/result';

export interface ConnectRequest {
  readonly clientId: string;
  readonly protocolVersion?: number | undefined;
  readonly bridgeMode?: boolean | undefined;
  readonly clean?: boolean | undefined;
  readonly keepalive?: number | undefined;
  readonly will?:
    | { readonly topic: string; readonly retain?: boolean | undefined; readonly payload: string | Uint8Array }
    | undefined;
}

export interface PublishRequest {
  readonly topic: string;
  readonly qos: number;
  readonly retain?: boolean | undefined;
  readonly payload: string | Uint8Array;
}

export type ConnectRefusal = 'wrong-protocol' | 'wrong-client-id' | 'session-not-clean' | 'bad-keepalive' | 'bad-will';
export type PublishRefusal = 'foreign-topic' | 'retained' | 'qos-2' | 'too-large';

/** Return code of CONNACK for each refusal (MQTT 3.1.1, table 3.1). */
export const CONNACK_CODES: Readonly<Record<ConnectRefusal, number>> = {
  'wrong-protocol': 1,
  'wrong-client-id': 2,
  'session-not-clean': 5,
  'bad-keepalive': 5,
  'bad-will': 5,
};

const MQTT_3_1_1 = 4;
/** A dead connection is noticed after one and a half of it. */
const MAX_KEEPALIVE_S = 120;

/** Bytes of a payload, by kind: about twice what the largest honest message takes. */
export const PAYLOAD_CAPS: Readonly<Record<UpKind, number>> = {
  hello: 2_097_152,
  bye: 1_024,
  need: 131_072,
  list: 4_096,
  res: 4_096,
  ev: 262_144,
  ask: 2_048,
  time: 1_024,
  health: 131_072,
  locks: 65_536,
  renew: 16_384,
};
/** No packet is larger, whatever it is: header and topic besides the largest payload. */
export const MAX_PACKET_BYTES = PAYLOAD_CAPS.hello + 512;
/** Before it is known who speaks: CONNECT with a will. */
export const MAX_FIRST_PACKET_BYTES = 4_096;

export function judgeConnect(site: SiteId, device: DeviceId, request: ConnectRequest): Result<null, ConnectRefusal> {
  const { clientId, protocolVersion, bridgeMode, clean, keepalive = 0, will } = request;
  if (protocolVersion !== MQTT_3_1_1 || bridgeMode === true) return err('wrong-protocol', 'use MQTT 3.1.1');
  if (clientId !== device) return err('wrong-client-id', "the client id must be the certificate's common name");
  if (clean !== true) return err('session-not-clean', 'use a clean session');
  if (keepalive === 0 || keepalive > MAX_KEEPALIVE_S) {
    return err('bad-keepalive', `use a keep-alive of 1 to ${MAX_KEEPALIVE_S} s`);
  }
  if (will !== undefined) {
    const fits = will.topic === upTopic(site, device, 'bye') && will.retain !== true;
    if (!fits || will.payload.length > PAYLOAD_CAPS.bye) return err('bad-will', 'a will goes to the own up/bye');
  }
  return ok(null);
}

export function judgePublish(
  site: SiteId,
  device: DeviceId,
  { topic, qos, retain, payload }: PublishRequest,
): Result<UpKind, PublishRefusal> {
  const parsed = parseTopic(topic);
  if (parsed?.way !== 'up' || parsed.site !== site || parsed.device !== device) return err('foreign-topic');
  if (retain === true) return err('retained');
  if (qos > 1) return err('qos-2');
  const kind = parsed.kind as UpKind;
  return payload.length <= PAYLOAD_CAPS[kind] ? ok(kind) : err('too-large');
}

/** Exactly the two filters a controller needs, at QoS 0 or 1. */
export const maySubscribe = (site: SiteId, device: DeviceId, filter: string, qos: number): boolean =>
  qos <= 1 && (filter === downFilter(site, device) || filter === broadcastTopic(site));
