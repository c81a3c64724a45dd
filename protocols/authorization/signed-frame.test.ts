// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { generalVerify, importJWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes } from '../bytes/equal.ts';
import { type Authority, bitFlips, codeOf, makeAuthority, makeKey, must, SCOPE } from './authority.test-support.ts';
import { decodeFrame, frameToJws, MAGICS, signFrame, verifyFrame, verifySignature } from './signed-frame.ts';

const text = new TextEncoder();
const beat = text.encode(`${MAGICS.beat} and what follows`);
let campus: Authority;

beforeAll(async () => {
  campus = await makeAuthority();
});

/** A frame with this header text and a signature of zeros. */
const frameWithHeader = (header: string): Uint8Array =>
  concatBytes([Uint8Array.of(1, header.length), text.encode(header), Uint8Array.of(64), new Uint8Array(64), beat]);

describe('signed frame', () => {
  it.each(['EdDSA', 'ES256'] as const)('is a JWS that jose checks by itself (%s)', async (alg) => {
    const { key, jwk } = await makeKey(alg);
    const frame = must(decodeFrame(await signFrame(beat, [key])));
    const verified = await generalVerify(frameToJws(frame), await importJWK(jwk, alg));
    expect(new Uint8Array(verified.payload)).toEqual(beat);
    expect(verified.protectedHeader).toEqual({ alg, kid: key.kid });
  });

  it('verifies for the role and scope of its key only', async () => {
    const { keyring, deny, list } = campus;
    const byDeny = await signFrame(beat, [deny.key]);
    expect(await verifyFrame(byDeny, MAGICS.beat, keyring, 'deny')).toMatchObject({
      ok: true,
      value: { payload: beat, kid: deny.key.kid },
    });
    expect(codeOf(await verifyFrame(byDeny, MAGICS.beat, keyring, 'list', SCOPE))).toBe('wrong-role');
    expect(codeOf(await verifyFrame(byDeny, MAGICS.deny, keyring, 'deny'))).toBe('wrong-magic');
    const byList = await signFrame(beat, [list.key]);
    expect(codeOf(await verifyFrame(byList, MAGICS.beat, keyring, 'list', SCOPE))).toBe('ok');
    expect(codeOf(await verifyFrame(byList, MAGICS.beat, keyring, 'list', 99))).toBe('wrong-scope');
    expect(codeOf(await verifyFrame(byList, MAGICS.beat, keyring, 'list'))).toBe('wrong-scope');
    const byStranger = await signFrame(beat, [(await makeKey()).key]);
    expect(codeOf(await verifyFrame(byStranger, MAGICS.beat, keyring, 'deny'))).toBe('unknown-key');
  });

  it('takes one signature, not several', async () => {
    const both = await signFrame(beat, [campus.deny.key, campus.command.key]);
    expect(codeOf(await verifyFrame(both, MAGICS.beat, campus.keyring, 'deny'))).toBe('malformed-frame');
  });

  it('fails with any bit flipped', async () => {
    const frame = await signFrame(beat, [campus.deny.key]);
    for (const flipped of bitFlips(frame)) {
      expect((await verifyFrame(flipped, MAGICS.beat, campus.keyring, 'deny')).ok).toBe(false);
    }
  });

  it('fails at every shorter length', async () => {
    const frame = await signFrame(beat, [campus.deny.key]);
    for (let length = 0; length < frame.length; length++) {
      expect((await verifyFrame(frame.subarray(0, length), MAGICS.beat, campus.keyring, 'deny')).ok).toBe(false);
    }
  });

  it.each([
    ['another algorithm', '{"alg":"HS256","kid":"0123456789abcdef"}'],
    ['no algorithm', '{"alg":"none","kid":"0123456789abcdef"}'],
    ['a member more', '{"alg":"EdDSA","kid":"0123456789abcdef","b64":false}'],
    ['a member twice', '{"alg":"EdDSA","alg":"EdDSA","kid":"0123456789abcdef"}'],
    ['members in another order', '{"kid":"0123456789abcdef","alg":"EdDSA"}'],
    ['a space', '{"alg":"EdDSA", "kid":"0123456789abcdef"}'],
    ['a long kid', '{"alg":"EdDSA","kid":"0123456789abcdef0"}'],
    ['an upper-case kid', '{"alg":"EdDSA","kid":"0123456789ABCDEF"}'],
  ])('refuses a header with %s', (_what, header) => {
    expect(codeOf(decodeFrame(frameWithHeader(header)))).toBe('malformed-frame');
  });

  it('does not let the header choose the algorithm of a key', async () => {
    const { key } = campus.deny;
    const frame = must(decodeFrame(await signFrame(beat, [key])));
    const signature = { ...(frame.signatures[0] as (typeof frame.signatures)[0]), alg: 'ES256' as const };
    expect(await verifySignature(beat, signature, must(campus.keyring.find(key.kid, 'deny')))).toBe(false);
  });

  it('gives back a copy: what was verified stays what it was', async () => {
    const frame = await signFrame(beat, [campus.deny.key]);
    const pending = verifyFrame(frame, MAGICS.beat, campus.keyring, 'deny');
    frame.fill(0xff, frame.length - 4);
    expect(must(await pending).payload).toEqual(beat);
  });

  it('never throws on bytes of any kind', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void decodeFrame(bytes)));
  });

  it('refuses to sign with no key or too many', async () => {
    await expect(signFrame(beat, [])).rejects.toThrow(RangeError);
    await expect(
      signFrame(
        beat,
        Array.from({ length: 17 }, () => campus.deny.key),
      ),
    ).rejects.toThrow(RangeError);
  });
});
