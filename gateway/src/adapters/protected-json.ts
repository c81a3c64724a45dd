// SPDX-License-Identifier: Apache-2.0
// Private keys at rest (DESIGN 8): JSON, encrypted where there is a passphrase (scrypt, AES-256-GCM), plain text otherwise.
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { err, ok, type Result } from '@latchkey/protocols/result';
import { z } from 'zod';

const COST = { N: 32_768, r: 8, p: 1 } as const;
/** Node's default limit lies just under what these costs take. */
const MEMORY_BYTES = 64 * 1_024 * 1_024;
const TAG_BYTES = 16;

const base64 = z.base64();
const envelope = z.discriminatedUnion('protection', [
  z.strictObject({ format: z.literal(1), protection: z.literal('none'), content: z.unknown() }),
  z.strictObject({
    format: z.literal(1),
    protection: z.literal('scrypt-aes-256-gcm'),
    cost: z.strictObject({ N: z.int().max(1_048_576), r: z.int().max(32), p: z.int().max(16) }),
    salt: base64,
    iv: base64,
    ciphertext: base64,
  }),
]);

export type ProtectionError = 'malformed-file' | 'passphrase-needed' | 'wrong-passphrase';

export async function protectJson(content: unknown, passphrase: string | undefined): Promise<string> {
  if (passphrase === undefined) return write({ format: 1, protection: 'none', content });
  const salt = randomBytes(16);
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', await deriveKey(passphrase, salt, COST), iv);
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(content)), cipher.final(), cipher.getAuthTag()]);
  return write({
    format: 1,
    protection: 'scrypt-aes-256-gcm',
    cost: COST,
    salt: salt.toString('base64'),
    iv: iv.toString('base64'),
    ciphertext: ciphertext.toString('base64'),
  });
}

const write = (value: z.input<typeof envelope>): string => `${JSON.stringify(value, null, 2)}\n`;

export async function unprotectJson(
  text: string,
  passphrase: string | undefined,
): Promise<Result<unknown, ProtectionError>> {
  const parsed = envelope.safeParse(parseJson(text));
  if (!parsed.success) return err('malformed-file', 'it is no key file of this software');
  const file = parsed.data;
  if (file.protection === 'none') return ok(file.content);
  if (passphrase === undefined) return err('passphrase-needed', 'the keys are encrypted: give their passphrase');
  const key = await deriveKey(passphrase, Buffer.from(file.salt, 'base64'), file.cost);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(file.iv, 'base64'));
    const bytes = Buffer.from(file.ciphertext, 'base64');
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const plain = Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
    return ok(JSON.parse(plain.toString('utf8')) as unknown);
  } catch {
    return err('wrong-passphrase', 'this passphrase does not open the file');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function deriveKey(passphrase: string, salt: Uint8Array, cost: { N: number; r: number; p: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFC'), salt, 32, { ...cost, maxmem: MEMORY_BYTES }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
