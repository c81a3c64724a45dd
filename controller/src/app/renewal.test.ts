// SPDX-License-Identifier: Apache-2.0
// Renewal of the certificate: wherever the power fails, what is left on the disk is an identity that the gateway admits.

import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeEnvelope, encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { Renewal as Asked } from '@latchkey/protocols/mqtt/messages';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Issued, makeAuthority, type TestAuthority } from '../adapters/authority.test-support.ts';
import { type KeyFolder, openKeyFolder } from '../adapters/key-folder.ts';
import { readTlsIdentities } from './identity.ts';
import { SILENT } from './log.ts';
import { createRenewal } from './renewal.ts';

let authority: TestAuthority;
let first: Issued;
let directory: string;
let alarms: string[];
beforeAll(async () => {
  authority = await makeAuthority();
  first = await authority.issue('gate-1');
});
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'renewal-'));
  alarms = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const HOUR_MS = 3_600_000;
/** The test authority's certificates live two days, from yesterday to tomorrow. */
const DUE_MS = () => Date.now() + 20 * HOUR_MS;

async function lay(): Promise<KeyFolder> {
  const keys = openKeyFolder(join(directory, 'keys'));
  await keys.write('authority.pem', bytes(authority.ca));
  await keys.write('tls-certificate.pem', bytes(first.cert));
  await keys.write('tls-key.pem', bytes(first.key));
  return keys;
}

/** Fails from the n-th change of the disk on, as a power cut does. */
function failing(keys: KeyFolder, after: number): KeyFolder {
  let changes = 0;
  const guard = () => {
    changes += 1;
    if (changes > after) throw new Error('power cut');
  };
  return {
    ...keys,
    async write(name, content) {
      guard();
      await keys.write(name, content);
    },
    async remove(name) {
      guard();
      await keys.remove(name);
    },
  };
}

/** As the gateway admits: the current one, and the next until that has connected. */
class Gateway {
  current = first.cert;
  next: string | undefined;
  admit(cert: string): boolean {
    if (cert === this.next) {
      this.current = cert;
      this.next = undefined;
    }
    return cert === this.current;
  }
}

function open(keys: KeyFolder, gateway: Gateway, nowMs = DUE_MS(), issue = authority) {
  const sent: Asked[] = [];
  let reconnects = 0;
  const renewal = createRenewal({
    keys,
    device: 'gate-1',
    link: {
      async publish(_kind, payload) {
        const envelope = decodeEnvelope(payload);
        if (envelope.ok) sent.push(envelope.value.json as Asked);
      },
      reconnect: () => {
        reconnects += 1;
      },
    },
    clock: { after: () => () => undefined },
    alarms: { set: (alarm, active) => void (active && alarms.push(alarm)) },
    log: SILENT,
    newId: () => '11'.repeat(8),
    nowMs: () => nowMs,
  });
  const settle = () => renewal.onCertificate(new Uint8Array(0));
  return {
    renewal,
    sent,
    reconnects: () => reconnects,
    /** Connects as the link does: again after every failure. `undefined`: nothing was admitted. */
    async connect(): Promise<string | undefined> {
      for (let n = 0; n < 3; n += 1) {
        const { cert } = await renewal.identity();
        if (!gateway.admit(cert)) continue;
        renewal.onUp();
        await settle();
        return cert;
      }
      return undefined;
    },
    async answer(): Promise<void> {
      const asked = sent.pop();
      if (!asked) return;
      gateway.next = await issue.issueFor(asked.csr, 'gate-1');
      await renewal.onCertificate(encodeEnvelope({ id: asked.id, certificate: gateway.next }));
    },
  };
}

describe('a certificate', () => {
  it('with less than a third of its life left is renewed, and the old one goes', async () => {
    const keys = await lay();
    const gateway = new Gateway();
    const controller = open(keys, gateway);
    expect(await controller.connect()).toBe(first.cert);
    await controller.answer();
    expect(controller.reconnects()).toBe(1);
    const renewed = await controller.connect();
    expect(renewed).toBe(gateway.current);
    expect(renewed).not.toBe(first.cert);
    const found = await readTlsIdentities(keys);
    expect(found.ok && found.value.all.map(({ cert, isNext }) => [cert, isNext])).toEqual([[renewed, false]]);
    expect(await keys.read('tls-next.pem')).toBeUndefined();
    expect(alarms).toContain('certificate-ending');
  });
  it('with more of it left is not', async () => {
    const controller = open(await lay(), new Gateway(), Date.now());
    await controller.connect();
    expect(controller.sent).toEqual([]);
  });
  it('of another authority is not taken', async () => {
    const gateway = new Gateway();
    const keys = await lay();
    const controller = open(keys, gateway, DUE_MS(), await makeAuthority('Somebody else'));
    await controller.connect();
    await controller.answer();
    expect(controller.reconnects()).toBe(0);
    expect(await keys.read('tls-next.pem')).toBeUndefined();
  });
  it('that the gateway no longer knows gives way to the one before', async () => {
    const gateway = new Gateway();
    const keys = await lay();
    const controller = open(keys, gateway);
    await controller.connect();
    await controller.answer();
    gateway.next = undefined;
    expect(await controller.connect()).toBe(first.cert);
  });
  it('power cut at every change of the disk: what is left connects, and the renewal ends', async () => {
    for (let after = 0; after < 8; after += 1) {
      const keys = await lay();
      const gateway = new Gateway();
      const dying = open(failing(keys, after), gateway);
      await dying.connect();
      await dying.answer();
      await dying.connect();
      const again = open(keys, gateway);
      expect(await again.connect(), `after ${after} changes`).toBe(gateway.current);
      await again.answer();
      expect(await again.connect(), `after ${after} changes`).toBe(gateway.current);
      expect(gateway.current, `after ${after} changes`).not.toBe(first.cert);
      expect(new X509Certificate(gateway.current).subject).toBe('CN=gate-1');
      rmSync(join(directory, 'keys'), { recursive: true });
    }
  });
});
