// SPDX-License-Identifier: Apache-2.0
// Where a controller keeps what; one folder, private to its owner.
import { join } from 'node:path';

export interface DataFolder {
  readonly root: string;
  readonly settings: string;
  readonly keys: string;
  readonly lists: string;
  readonly journal: string;
  readonly denies: string;
  readonly antiPassback: string;
  readonly locks: string;
  readonly lockMarks: string;
  readonly circulation: string;
}

export const dataFolder = (root: string): DataFolder => ({
  root,
  settings: join(root, 'settings.json'),
  keys: join(root, 'keys'),
  lists: join(root, 'lists'),
  journal: join(root, 'journal.sqlite'),
  denies: join(root, 'deny.bin'),
  antiPassback: join(root, 'anti-passback.json'),
  locks: join(root, 'locks.json'),
  lockMarks: join(root, 'lock-marks.json'),
  circulation: join(root, 'circulation.lines'),
});

/** Files in the key folder. */
export const KEY_FILES = {
  tlsKey: 'tls-key.pem',
  tlsCertificate: 'tls-certificate.pem',
  /** Key and certificate that have not connected yet, in one file: it is there whole or not at all. */
  tlsNext: 'tls-next.pem',
  /** Key whose certificate was asked for. */
  tlsNextKey: 'tls-next-key.pem',
  authority: 'authority.pem',
  decryption: 'decryption.jwk',
  /** X25519, that the locks of a corridor are paired with. */
  corridor: 'corridor.key',
  /** Token of a desk's station. */
  station: 'desk-station.token',
} as const;

/** PRF keys are named by their id. */
export const prfKeyFile = (id: number) => `prf-${id}.key`;
export const PRF_KEY_FILE = /^prf-(\d{1,10})[.]key$/;
