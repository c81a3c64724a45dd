// SPDX-License-Identifier: Apache-2.0
// Devices for tests of the broker: keys, requests and connections as a controller makes them.
import './reflect-metadata.ts';
import type { DeviceId } from '@latchkey/protocols/ids';
import * as x509 from '@peculiar/x509';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { CertificateAuthority, DeviceCertificate } from './ca.ts';

type KeyPair = Parameters<typeof x509.Pkcs10CertificateRequestGenerator.create>[0]['keys'];

export interface TestRequest {
  readonly csr: string;
  /** PEM. */
  readonly key: string;
}

export async function makeRequest(namedCurve = 'P-256', name = 'CN=whatever'): Promise<TestRequest> {
  const signing = { name: 'ECDSA', namedCurve, hash: 'SHA-256' };
  const keys = (await crypto.subtle.generateKey(signing, true, ['sign', 'verify'])) as KeyPair;
  const made = await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: signing });
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  return { csr: made.toString('pem'), key };
}

export interface TestIdentity extends DeviceCertificate {
  readonly key: string;
}

export async function certify(authority: CertificateAuthority, device: DeviceId): Promise<TestIdentity> {
  const { csr, key } = await makeRequest();
  const issued = await authority.issue(csr, device);
  if (!issued.ok) throw new Error(issued.detail);
  return { ...issued.value, key };
}

export interface Dial {
  readonly port: number;
  readonly ca: string;
  readonly identity: Pick<TestIdentity, 'certificate' | 'key'>;
  readonly options?: IClientOptions;
}

/** Resolves once CONNACK accepted the client; rejects with what came instead. Never connects again by itself. */
export function dial({ port, ca, identity, options }: Dial): Promise<MqttClient> {
  const client = mqtt.connect(`mqtts://localhost:${port}`, {
    protocolVersion: 4,
    clean: true,
    reconnectPeriod: 0,
    keepalive: 30,
    queueQoSZero: false,
    ca,
    cert: identity.certificate,
    key: identity.key,
    ...options,
  });
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve(client));
    client.once('error', (error) => {
      client.end(true);
      reject(error);
    });
    client.once('close', () => {
      client.end(true);
      reject(new Error('closed'));
    });
  });
}

export const closed = (client: MqttClient): Promise<void> =>
  new Promise((resolve) => (client.connected ? client.once('close', () => resolve()) : resolve()));
