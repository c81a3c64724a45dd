// SPDX-License-Identifier: Apache-2.0
// Root document: names every key of a campus, its role and scopes (lists-and-codes, Keys and roles). The first is pinned by
// its digest at enrolment; document N+1 must be signed by a threshold of the old AND of the new root keys, and starts an epoch.
import { z } from 'zod';
import { decodeJson, encodeJson } from '../bytes/canonical-json.ts';
import { concatBytes } from '../bytes/equal.ts';
import { sha256Hex } from '../bytes/hash.ts';
import { err, ok, type Result } from '../result.ts';
import {
  importVerifyingKey,
  KEY_ROLES,
  type KeyError,
  type Keyring,
  type PublicJwk,
  publicJwk,
  type SigningKey,
  type VerifyingKey,
} from './keys.ts';
import { decodeFrame, hasMagic, MAGICS, type SignedFrame, signFrame, verifySignature } from './signed-frame.ts';

/** An epoch may rise by so much at once: a slip of the pen must leave room for the next one. */
export const MAX_EPOCH_STEP = 1_000;
export const MAX_ROOT_BYTES = 131_072;

const u32 = z.int().min(0).max(0xffff_ffff);

export const rootDocument = z
  .strictObject({
    version: z.int().min(1),
    epoch: u32,
    campusId: z.string().regex(/^[0-9a-f]{16}$/, 'use 16 hex digits'),
    threshold: z.int().min(1).max(16),
    rootKeys: z.array(publicJwk).min(1).max(16),
    keys: z
      .array(
        z.strictObject({
          role: z.enum(KEY_ROLES),
          scopes: z.union([z.literal('all'), z.array(u32.min(1)).min(1).max(10_000)]),
          jwk: publicJwk,
        }),
      )
      .max(256),
    issuedAtMs: z.int().min(0),
  })
  .refine(({ threshold, rootKeys }) => threshold <= rootKeys.length, 'the threshold is above the number of root keys');
export type RootDocument = z.infer<typeof rootDocument>;

/** What a device trusts before it reads a document: the digest pinned at enrolment, or the document in force. */
export type RootTrust =
  | { readonly kind: 'pinned'; readonly digest: string }
  | { readonly kind: 'current'; readonly document: RootDocument };

export type RootError =
  | 'malformed-frame'
  | 'wrong-magic'
  | 'malformed-root'
  | KeyError
  | 'duplicate-key'
  | 'not-pinned'
  | 'wrong-campus'
  | 'rollback'
  | 'version-gap'
  | 'epoch-not-newer'
  | 'epoch-jump'
  | 'threshold-not-met';

export interface AcceptedRoot {
  readonly document: RootDocument;
  readonly keyring: Keyring;
  /** SHA-256 of the payload, 64 hex digits: what an enrolment pins. */
  readonly digest: string;
}

const MAGIC = new TextEncoder().encode(MAGICS.root);

export const encodeRoot = (document: RootDocument): Uint8Array => concatBytes([MAGIC, encodeJson(document)]);
export const rootDigest = (payload: Uint8Array): string => sha256Hex(payload);

/** Signed by every key given: those of the old and of the new document. */
export const signRoot = (document: RootDocument, keys: readonly SigningKey[]): Promise<Uint8Array> =>
  signFrame(encodeRoot(document), keys);

/** Structure only: who signed is `acceptRoot`'s question. */
export function decodeRoot(
  bytes: Uint8Array,
): Result<{ frame: SignedFrame; document: RootDocument }, 'malformed-frame' | 'wrong-magic' | 'malformed-root'> {
  if (bytes.length > MAX_ROOT_BYTES) return err('malformed-frame', `a root document takes at most ${MAX_ROOT_BYTES} B`);
  const frame = decodeFrame(bytes);
  if (!frame.ok) return frame;
  if (!hasMagic(frame.value.payload, MAGICS.root)) return err('wrong-magic', `expected ${MAGICS.root}`);
  const document = rootDocument.safeParse(decodeJson(frame.value.payload.subarray(MAGIC.length)));
  if (!document.success) return err('malformed-root', issueOf(document.error));
  return ok({ frame: frame.value, document: document.data });
}

export async function acceptRoot(trust: RootTrust, bytes: Uint8Array): Promise<Result<AcceptedRoot, RootError>> {
  if (bytes.length > MAX_ROOT_BYTES) return err('malformed-frame', `a root document takes at most ${MAX_ROOT_BYTES} B`);
  const decoded = decodeRoot(new Uint8Array(bytes));
  if (!decoded.ok) return decoded;
  const { frame, document } = decoded.value;
  const digest = rootDigest(frame.payload);
  const succession = judgeSuccession(trust, document, digest);
  if (!succession.ok) return succession;
  const roots = await importAll(document.rootKeys);
  if (!roots.ok) return roots;
  if (!(await meetsThreshold(frame, roots.value, document.threshold)))
    return err('threshold-not-met', 'of the new keys');
  if (trust.kind === 'current') {
    const old = await importAll(trust.document.rootKeys);
    if (!old.ok) return old;
    if (!(await meetsThreshold(frame, old.value, trust.document.threshold))) {
      return err('threshold-not-met', 'of the old keys');
    }
  }
  const keyring = await buildKeyring(document, roots.value);
  return keyring.ok ? ok({ document, keyring: keyring.value, digest }) : keyring;
}

function judgeSuccession(trust: RootTrust, next: RootDocument, digest: string): Result<null, RootError> {
  if (trust.kind === 'pinned') {
    return digest === trust.digest ? ok(null) : err('not-pinned', 'its digest is not the one pinned at enrolment');
  }
  const { document } = trust;
  if (next.campusId !== document.campusId) return err('wrong-campus');
  if (next.version <= document.version) return err('rollback', `version ${document.version} is in force`);
  if (next.version !== document.version + 1) return err('version-gap', `version ${document.version + 1} comes next`);
  if (next.epoch <= document.epoch) return err('epoch-not-newer', 'every root document starts a new epoch');
  if (next.epoch - document.epoch > MAX_EPOCH_STEP) return err('epoch-jump', `at most ${MAX_EPOCH_STEP} at once`);
  return ok(null);
}

async function importAll(jwks: readonly PublicJwk[]): Promise<Result<VerifyingKey[], KeyError | 'duplicate-key'>> {
  const keys: VerifyingKey[] = [];
  for (const jwk of jwks) {
    const key = await importVerifyingKey(jwk);
    if (!key.ok) return key;
    if (keys.some(({ kid }) => kid === key.value.kid))
      return err('duplicate-key', `key ${key.value.kid} is named twice`);
    keys.push(key.value);
  }
  return ok(keys);
}

/** Distinct keys are counted, not signatures. */
async function meetsThreshold(frame: SignedFrame, keys: readonly VerifyingKey[], threshold: number): Promise<boolean> {
  const signers = new Set<string>();
  for (const signature of frame.signatures) {
    const key = keys.find(({ kid }) => kid === signature.kid);
    if (key && (await verifySignature(frame.payload, signature, key))) signers.add(key.kid);
  }
  return signers.size >= threshold;
}

async function buildKeyring(
  document: RootDocument,
  roots: readonly VerifyingKey[],
): Promise<Result<Keyring, KeyError | 'duplicate-key'>> {
  const imported = await importAll(document.keys.map(({ jwk }) => jwk));
  if (!imported.ok) return imported;
  const reused = imported.value.find(({ kid }) => roots.some((root) => root.kid === kid));
  if (reused) return err('duplicate-key', `root key ${reused.kid} has a second role`);
  const entries = new Map(
    document.keys.map(({ role, scopes }, index) => {
      const key = imported.value[index] as VerifyingKey;
      return [key.kid, { key, role, scopes: scopes === 'all' ? scopes : new Set(scopes) }] as const;
    }),
  );
  const { campusId, version, epoch, issuedAtMs } = document;
  return ok({
    campusId,
    version,
    epoch,
    issuedAtMs,
    find(kid, role, scope) {
      const entry = entries.get(kid);
      if (!entry) return err('unknown-key', `the root document names no key ${kid}`);
      if (entry.role !== role) return err('wrong-role', `key ${kid} is the ${entry.role} key`);
      if (!reaches(entry.scopes, scope)) return err('wrong-scope');
      return ok(entry.key);
    },
    all: (role, scope) =>
      [...entries.values()]
        .filter((entry) => entry.role === role && reaches(entry.scopes, scope))
        .map(({ key }) => key),
  });
}

const reaches = (scopes: 'all' | ReadonlySet<number>, scope: number | undefined): boolean =>
  scopes === 'all' || (scope !== undefined && scopes.has(scope));

const issueOf = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)[0] ?? 'not a root document';
