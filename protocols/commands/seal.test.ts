// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import vectors from '../../fixtures/commands/sealed.json' with { type: 'json' };
import {
  importSigningKey,
  importVerifyingKey,
  type KeyRole,
  type Keyring,
  type SigningKey,
} from '../authorization/keys.ts';
import { signFrame } from '../authorization/signed-frame.ts';
import { encodeJson } from '../bytes/canonical-json.ts';
import { err, ok } from '../result.ts';
import { answer, command, timeAnswer } from './command.ts';
import { MAX_SEALED_BYTES, openJson, sealJson } from './seal.ts';

const SCHEMAS = { LKC1: command, LKA1: answer, LKT1: timeAnswer } as const;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

let keys: Record<'command' | 'deny' | 'stranger', SigningKey>;
let keyring: Keyring;

beforeAll(async () => {
  const signing = async (jwk: object) => {
    const key = await importSigningKey(jwk);
    if (!key.ok) throw new Error(key.detail);
    return key.value;
  };
  keys = {
    command: await signing(vectors.keys.command),
    deny: await signing(vectors.keys.deny),
    stranger: await signing(vectors.keys.stranger),
  };
  const known = new Map<string, KeyRole>([
    [keys.command.kid, 'command'],
    [keys.deny.kid, 'deny'],
  ]);
  const open = await Promise.all(
    [vectors.keys.command, vectors.keys.deny].map(({ kty, crv, x }) => importVerifyingKey({ kty, crv, x })),
  );
  const verifying = open.flatMap((key) => (key.ok ? [key.value] : []));
  keyring = {
    campusId: '0011223344556677',
    version: 1,
    epoch: 1,
    issuedAtMs: 0,
    find(kid, role) {
      const key = verifying.find((candidate) => candidate.kid === kid);
      if (!key) return err('unknown-key');
      return known.get(kid) === role ? ok(key) : err('wrong-role');
    },
    all: (role) => verifying.filter(({ kid }) => known.get(kid) === role),
  };
});

const given = command.parse(vectors.sealed[0]?.json);
const seal = (key = keys.command) => sealJson('LKC1', command, given, key);
const openCommand = (frame: Uint8Array) => openJson(frame, 'LKC1', command, keyring, 'command');

describe('sealed JSON', () => {
  it.each(vectors.sealed)('$magic of the vectors', async ({ magic, role, json, frameHex }) => {
    const schema = SCHEMAS[magic as 'LKC1'];
    const key = keys[role as 'command'];
    expect(hex(await sealJson(magic as 'LKC1', schema, schema.parse(json), key))).toBe(frameHex);
    const opened = await openJson(bytes(frameHex), magic as 'LKC1', schema, keyring, role as KeyRole);
    expect(opened).toEqual({ ok: true, value: json });
  });
  it('signed by a key of another role is refused', async () => {
    expect(await openCommand(await seal(keys.deny))).toMatchObject({ ok: false, code: 'wrong-role' });
  });
  it('signed by a key nobody named is refused', async () => {
    expect(await openCommand(await seal(keys.stranger))).toMatchObject({ ok: false, code: 'unknown-key' });
  });
  it('an answer is never read as a command: the magic differs', async () => {
    const frame = await sealJson('LKA1', answer, answer.parse(vectors.sealed[1]?.json), keys.command);
    expect(await openCommand(frame)).toMatchObject({ ok: false, code: 'wrong-magic' });
  });
  it('signed garbage is refused', async () => {
    const garbage = [
      new Uint8Array(0),
      bytes('ff'),
      encodeJson([]),
      encodeJson({ ...given, operation: 'open-sesame' }),
    ];
    for (const json of garbage) {
      const frame = await signFrame(Uint8Array.of(0x4c, 0x4b, 0x43, 0x31, ...json), [keys.command]);
      expect(await openCommand(frame)).toMatchObject({ ok: false, code: 'malformed-json' });
    }
  });
  it('larger than any message is refused before its signature is looked at', async () => {
    const large = new Uint8Array(MAX_SEALED_BYTES + 1);
    expect(await openCommand(large)).toMatchObject({ ok: false, code: 'too-large' });
  });
  it('every single bit flip is refused', async () => {
    const frame = await seal();
    for (let bit = 0; bit < frame.length * 8; bit += 1) {
      const flipped = Uint8Array.from(frame);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect((await openCommand(flipped)).ok, `bit ${bit}`).toBe(false);
    }
  });
  it('every truncation is refused', async () => {
    const frame = await seal();
    for (let end = 0; end < frame.length; end += 1) expect((await openCommand(frame.subarray(0, end))).ok).toBe(false);
  });
  it('random bytes are refused without a throw', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (any) => {
        expect((await openCommand(any)).ok).toBe(false);
      }),
    );
  });
  it('round-trips every command', async () => {
    const text = fc.string({ maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(text, fc.nat(), async (actor, order) => {
        const changed = { ...given, actor, order };
        expect(await openCommand(await sealJson('LKC1', command, changed, keys.command))).toEqual({
          ok: true,
          value: changed,
        });
      }),
      { numRuns: 30 },
    );
  });
});
