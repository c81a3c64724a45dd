// SPDX-License-Identifier: Apache-2.0
// Which code a phone shows, and how large it is on screen.
import { generatePhoneKeys } from '@latchkey/protocols/codes/make-code';
import { decodePassCode } from '@latchkey/protocols/codes/pass-code';
import { beforeAll, describe, expect, it } from 'vitest';
import { answerCode, currentCode } from './current-code.ts';
import { qrPath } from './qr-path.ts';
import type { SavedPhone } from './store.ts';

const NOW_MS = Date.UTC(2026, 10, 23, 4);
const certificate = (zone: number, expiresMs: number) => ({
  zone,
  certificate: 'A'.repeat(96),
  expires: new Date(expiresMs).toISOString(),
});
let phone: SavedPhone;
beforeAll(async () => {
  const keys = await generatePhoneKeys();
  phone = {
    id: 'p1',
    name: 'mine',
    algorithm: 'ES256',
    campusId: '00000000c0ffee01',
    keys,
    enrolledAtMs: NOW_MS,
  };
});

async function profileWith(...certificates: ReturnType<typeof certificate>[]): Promise<string> {
  const { digits } = await currentCode({ phone, zone: 7, certificates, nowMs: NOW_MS });
  const decoded = decodePassCode(digits);
  return decoded.ok ? decoded.value.profile : decoded.code;
}

describe('the code on screen', () => {
  it("carries the zone and the phone's own time", async () => {
    const { digits, qr } = await currentCode({ phone, zone: 7, certificates: undefined, nowMs: NOW_MS });
    expect(decodePassCode(digits)).toMatchObject({ ok: true, value: { profile: 'A', zone: 7, timeS: NOW_MS / 1000 } });
    // Version 6 has 41 modules, and 4 of quiet zone on each side.
    expect(qr.size).toBe(49);
  });

  it('carries a certificate as long as one for its zone holds', async () => {
    expect(await profileWith(certificate(7, NOW_MS + 1))).toBe('B');
    expect(await profileWith(certificate(7, NOW_MS - 1))).toBe('A');
    expect(await profileWith(certificate(8, NOW_MS + 1))).toBe('A');
    const { qr } = await currentCode({ phone, zone: 7, certificates: [certificate(7, NOW_MS + 1)], nowMs: NOW_MS });
    expect(qr.size).toBe(61);
  });

  it('answers a challenge with profile D', async () => {
    const challenge = { gateId: new Uint8Array(4), nonce: new Uint8Array(8) };
    const { digits, qr } = await answerCode({ phone, zone: 7, challenge, nowMs: NOW_MS });
    expect(decodePassCode(digits)).toMatchObject({ ok: true, value: { profile: 'D' } });
    expect(qr.size).toBe(49);
  });

  it('keeps the white of its quiet zone free', () => {
    const { path, size } = qrPath('0'.repeat(251), 6);
    const runs = [...path.matchAll(/M(\d+) (\d+)h(\d+)/g)].map(([, x, y, width]) => [
      Number(x),
      Number(y),
      Number(width),
    ]);
    expect(runs.length).toBeGreaterThan(100);
    for (const [x = 0, y = 0, width = 0] of runs) {
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(4);
      expect(Math.max(x + width, y + 1)).toBeLessThanOrEqual(size - 4);
    }
  });
});
