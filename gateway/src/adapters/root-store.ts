// SPDX-License-Identifier: Apache-2.0
// The campus's root documents, every version since the first: controllers that were away climb them one by one.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type AcceptedRoot,
  acceptRoot,
  decodeRoot,
  type RootError,
  type RootTrust,
  rootDigest,
} from '@latchkey/protocols/authorization/root-document';
import { err, ok, type Result } from '@latchkey/protocols/result';
import { makePrivateDirectory, writePrivateFile } from './private-file.ts';
import { keyDirectory } from './role-keys.ts';

export interface StoredRoot extends AcceptedRoot {
  /** The signed document as it was installed. */
  readonly frame: Uint8Array;
}

export type RootStoreError = 'root-missing' | 'root-damaged' | RootError;

const FILE = /^root-(\d{1,9})\.signed$/;
const rootDirectory = (dataDir: string): string => join(keyDirectory(dataDir), 'root');

/** All versions, oldest first; each verified against the one before. The first is what this gateway was given. */
export async function loadRoots(dataDir: string): Promise<Result<StoredRoot[], RootStoreError>> {
  const roots: StoredRoot[] = [];
  for (const version of await storedVersions(dataDir)) {
    const path = join(rootDirectory(dataDir), `root-${version}.signed`);
    const accepted = await judgeRoot(roots.at(-1), await readFile(path));
    if (!accepted.ok) return err('root-damaged', `${path}: ${accepted.code}, ${accepted.detail ?? 'restore it'}`);
    roots.push(accepted.value);
  }
  if (roots.length > 0) return ok(roots);
  return err('root-missing', 'no root document is installed: sign one offline, then "latchkey keys install"');
}

/** Would this document follow `before`? Without one it is the first, which only a person can vouch for. */
export async function judgeRoot(
  before: StoredRoot | undefined,
  frame: Uint8Array,
): Promise<Result<StoredRoot, RootError>> {
  const decoded = decodeRoot(frame);
  if (!decoded.ok) return decoded;
  const trust: RootTrust =
    before === undefined
      ? { kind: 'pinned', digest: rootDigest(decoded.value.frame.payload) }
      : { kind: 'current', document: before.document };
  const accepted = await acceptRoot(trust, frame);
  return accepted.ok ? ok({ ...accepted.value, frame }) : accepted;
}

export async function storeRoot(dataDir: string, { document, frame }: StoredRoot): Promise<void> {
  await makePrivateDirectory(rootDirectory(dataDir));
  await writePrivateFile(join(rootDirectory(dataDir), `root-${document.version}.signed`), frame);
}

async function storedVersions(dataDir: string): Promise<number[]> {
  try {
    const names = await readdir(rootDirectory(dataDir));
    return names
      .flatMap((name) => FILE.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((one, other) => one - other);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
