// SPDX-License-Identifier: Apache-2.0
// The keys this controller believes: the root document pinned at enrolment, and every successor signed by old and new keys.
import type { Keyring } from '@latchkey/protocols/authorization/keys';
import { acceptRoot, decodeRoot, type RootDocument, rootDigest } from '@latchkey/protocols/authorization/root-document';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { SettingsFile } from '../adapters/settings-file.ts';
import { NOT_ENROLLED } from './identity.ts';
import type { RootMark, Settings } from './settings-schema.ts';

export interface Trust {
  keyring(): Keyring;
  /** The keyring before the present one, for the list that was in force when the root changed and for nothing else. */
  previousKeyring(): Keyring | undefined;
  rootVersion(): number;
  /** The document in force as it came, and the digest of its payload: what a lock is pinned to at pairing. */
  root(): { readonly frame: Uint8Array; readonly digest: string };
  /** Takes a signed successor; durable before it is in force. */
  offer(frame: Uint8Array): Promise<Result<Keyring>>;
  /** No list under the previous root is in force any more. */
  forgetPrevious(): Promise<void>;
}

const toBytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'));

/** The first document is believed because it came over the connection that the enrolment code pinned. */
export async function acceptFirstRoot(text: string, campusId: string): Promise<Result<RootMark>> {
  const decoded = decodeRoot(toBytes(text));
  if (!decoded.ok) return decoded;
  const digest = rootDigest(decoded.value.frame.payload);
  const accepted = await acceptRoot({ kind: 'pinned', digest }, toBytes(text));
  if (!accepted.ok) return accepted;
  if (accepted.value.document.campusId !== campusId) return err('wrong-campus', 'it is of another campus');
  return ok({ frame: text, digest });
}

interface InForce {
  readonly mark: RootMark;
  readonly document: RootDocument;
  readonly keyring: Keyring;
}

async function open(mark: RootMark): Promise<Result<InForce>> {
  const accepted = await acceptRoot({ kind: 'pinned', digest: mark.digest }, toBytes(mark.frame));
  return accepted.ok ? ok({ mark, document: accepted.value.document, keyring: accepted.value.keyring }) : accepted;
}

/** Verifies what the settings hold; refuses a document that is not the pinned one. */
export async function openTrust(settings: SettingsFile<Settings>): Promise<Result<Trust>> {
  const { root, previousRoot } = settings.current().trust;
  if (!root) return err('not-enrolled', NOT_ENROLLED);
  const opened = await open(root);
  if (!opened.ok) return err('root-unusable', `trust.root: ${opened.detail ?? opened.code}; enrol again`);
  const before = previousRoot ? await open(previousRoot) : undefined;
  return ok(trustIn(settings, opened.value, before?.ok ? before.value.keyring : undefined));
}

function trustIn(settings: SettingsFile<Settings>, first: InForce, before: Keyring | undefined): Trust {
  let current = first;
  let previous = before;
  const write = (root: RootMark, previousRoot: RootMark | null) =>
    settings.update((data) => ({ ...data, trust: { ...data.trust, root, previousRoot } }));
  return {
    keyring: () => current.keyring,
    previousKeyring: () => previous,
    rootVersion: () => current.document.version,
    root: () => ({ frame: toBytes(current.mark.frame), digest: current.mark.digest }),
    async offer(frame) {
      const accepted = await acceptRoot({ kind: 'current', document: current.document }, frame);
      if (!accepted.ok) return accepted;
      const { document, keyring, digest } = accepted.value;
      const mark = { frame: Buffer.from(frame).toString('base64url'), digest };
      await write(mark, current.mark);
      previous = current.keyring;
      current = { mark, document, keyring };
      return ok(keyring);
    },
    async forgetPrevious() {
      if (!previous) return;
      previous = undefined;
      await write(current.mark, null);
    },
  };
}
