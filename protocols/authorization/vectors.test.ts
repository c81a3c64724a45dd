// SPDX-License-Identifier: Apache-2.0
// The published vectors (fixtures/authorization), made by another implementation: hardware-sim/src/vectors.ts.
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes } from '../bytes/equal.ts';
import { fromHex, toHex } from '../bytes/hex.ts';
import { CREDENTIAL_CLASSES } from '../ids.ts';
import { codeOf, must } from './authority.test-support.ts';
import { BEAT } from './beat.ts';
import { cardId, createPrf, phoneId } from './credential-id.ts';
import { decide } from './decide.ts';
import { applyDelta, makeDelta } from './delta.ts';
import { chainAfter, decodeDeny, EMPTY_CHAIN, encodeDeny } from './deny.ts';
import { applyDeny, EMPTY_OVERLAY } from './deny-overlay.ts';
import { FRESHNESS } from './freshness.ts';
import { type Keyring, keyId } from './keys.ts';
import { buildList, type ListEntries } from './list-build.ts';
import { encodeListFile, splitListFile } from './list-file.ts';
import { type AuthorizationList, loadList } from './list-load.ts';
import { leafHash, rootOfLeaves } from './merkle.ts';
import { encodePolicy } from './policy.ts';
import { openPrfKey, PRF_KEY } from './prf-key.ts';
import { RETRACTION } from './retraction.ts';
import { acceptRoot, decodeRoot, encodeRoot } from './root-document.ts';
import { MAGICS, verifyFrame } from './signed-frame.ts';

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/authorization/${name}.json`, import.meta.url), 'utf8'));
const bytes = (hex: string): Uint8Array => must(fromHex(hex));

interface Ids {
  prfKey: string;
  cards: { uid: string; id: string; key: string }[];
  phones: { alg: 'EdDSA' | 'ES256'; publicKey: string; id: string }[];
  published: { prfKey: string; id: string; key: string }[];
}
interface Entry {
  uid: string;
  profile: number;
  flags: number;
  class: number;
  untilMinute: number;
}
interface Lists {
  campusId: string;
  scopeId: number;
  prfKey: string;
  versions: { head: string; headFrame: string; digest: string; records: string; file: string; entries: Entry[] }[];
}
interface Denies {
  campusId: string;
  campusPrfKey: string;
  ops: { uid: string; kind: 'deny' | 'allow-again'; reason: 'lost'; minute: number; key8: string }[];
  chain: string[];
  denies: { firstSeq: number; count: number; hex: string; frame: string }[];
}
interface Roots {
  keys: Record<string, { jwk: never; kid: string }>;
  documents: { version: number; digest: string; frame: string }[];
  refused: { frame: string; code: string }[];
}
interface Statement {
  hex: string;
  frame: string;
  expected: Record<string, string | number>;
}

const ids = read('ids') as Ids;
const lists = read('lists') as Lists;
const denies = read('denies') as Denies;
const roots = read('roots') as Roots;
const [firstRoot, secondRoot] = roots.documents as [Roots['documents'][0], Roots['documents'][0]];
let keyring: Keyring;

beforeAll(async () => {
  keyring = must(await acceptRoot({ kind: 'pinned', digest: firstRoot.digest }, bytes(firstRoot.frame))).keyring;
});

const load = async (version: number): Promise<AuthorizationList> =>
  must(await loadList(bytes((lists.versions[version - 1] as Lists['versions'][0]).file), { ...lists, keyring }));

function entriesOf(entries: readonly Entry[]): ListEntries {
  return {
    ids: concatBytes(entries.map(({ uid }) => cardId(bytes(uid)))),
    profiles: Uint16Array.from(entries, ({ profile }) => profile),
    flags: Uint8Array.from(entries, ({ flags }) => flags),
    classes: Uint8Array.from(entries, (entry) => entry.class),
    until: Uint32Array.from(entries, ({ untilMinute }) => untilMinute),
  };
}

describe('ids.json', () => {
  it.each(ids.cards)('card $uid', ({ uid, id, key }) => {
    expect(toHex(cardId(bytes(uid)))).toBe(id);
    expect(toHex(createPrf(bytes(ids.prfKey)).key(bytes(id)))).toBe(key);
  });
  it.each(ids.phones)('phone $alg', ({ alg, publicKey, id }) => {
    expect(toHex(phoneId(alg, bytes(publicKey)))).toBe(id);
  });
  it.each(ids.published)('FIPS 197', ({ prfKey, id, key }) => {
    expect(toHex(createPrf(bytes(prfKey)).key(bytes(id)))).toBe(key);
  });
});

describe('roots.json', () => {
  it.each(Object.entries(roots.keys))('key id of %s', async (_name, { jwk, kid }) => {
    expect(await keyId(jwk)).toBe(kid);
  });

  it('are accepted one after the other', async () => {
    const first = must(await acceptRoot({ kind: 'pinned', digest: firstRoot.digest }, bytes(firstRoot.frame)));
    const second = must(await acceptRoot({ kind: 'current', document: first.document }, bytes(secondRoot.frame)));
    expect(second.digest).toBe(secondRoot.digest);
    expect(codeOf(second.keyring.find(roots.keys['list']?.kid ?? '', 'list', 7))).toBe('unknown-key');
    expect(codeOf(second.keyring.find(roots.keys['list-2']?.kid ?? '', 'list', 7))).toBe('ok');
  });

  it.each(roots.refused)('refused: $code', async ({ frame, code }) => {
    const { document } = must(await acceptRoot({ kind: 'pinned', digest: firstRoot.digest }, bytes(firstRoot.frame)));
    expect(codeOf(await acceptRoot({ kind: 'current', document }, bytes(frame)))).toBe(code);
  });

  it('are spelt as this implementation spells them', () => {
    const { document, frame } = must(decodeRoot(bytes(firstRoot.frame)));
    expect(encodeRoot(document)).toEqual(new Uint8Array(frame.payload));
  });
});

describe('lists.json', () => {
  it.each(lists.versions)('loads $digest and finds every card', async ({ file, digest, entries }) => {
    const list = must(await loadList(bytes(file), { ...lists, keyring }));
    expect(list.headHash).toBe(digest);
    for (const { uid, profile, flags, class: credentialClass, untilMinute } of entries) {
      const found = list.find(createPrf(bytes(lists.prfKey)).key(cardId(bytes(uid))));
      expect(found).toEqual({ profile, flags, credentialClass, untilMinute });
    }
  });

  it.each(lists.versions)('builds $digest to the byte', async (vector) => {
    const { headFrame, policy } = must(splitListFile(bytes(vector.file)));
    const { head } = must(await loadList(bytes(vector.file), { ...lists, keyring }));
    const prf = createPrf(bytes(lists.prfKey));
    const built = must(buildList({ ...head, algorithm: 'EdDSA', prf, policy, entries: entriesOf(vector.entries) }));
    expect(toHex(built.headPayload)).toBe(vector.head);
    expect(toHex(built.records)).toBe(vector.records);
    expect(toHex(headFrame)).toBe(vector.headFrame);
    expect(toHex(encodeListFile({ ...built, headFrame }))).toBe(vector.file);
  });

  it('spells the policy as this implementation does', async () => {
    const list = await load(1);
    expect(encodePolicy(list.policy.document)).toEqual(new Uint8Array(list.policyBytes));
  });

  it('decides', async () => {
    const list = await load(1);
    const shared = {
      list,
      overlay: EMPTY_OVERLAY,
      scopePrf: createPrf(bytes(lists.prfKey)),
      campusPrf: createPrf(bytes(denies.campusPrfKey)),
      portal: 'north-gate',
      direction: 'in' as const,
    };
    const outcome = (uid: string, time: string, overlay = EMPTY_OVERLAY) => {
      const credential = { id: cardId(bytes(uid)), class: 'uid-only' as const };
      const decision = decide({ ...shared, overlay, credential, instant: { ms: Date.parse(time), quality: 'synced' } });
      return decision.reason ?? decision.outcome;
    };
    expect(CREDENTIAL_CLASSES['authenticated-card']).toBe(1);
    expect(outcome('529d06e3', '2026-11-22T12:00:00+08:00')).toBe('granted');
    expect(outcome('529d06e3', '2026-11-22T23:00:00+08:00')).toBe('AssuranceTooLow');
    expect(outcome('08112233', '2026-11-22T12:00:00+08:00')).toBe('CredentialNotEnabled');
    expect(outcome('01020304', '2026-11-22T12:00:00+08:00')).toBe('UnknownCredential');
    const deny = must(decodeDeny(bytes(denies.denies[0]?.hex ?? '')));
    const denied = must(applyDeny(EMPTY_OVERLAY, deny, keyring));
    expect(outcome('529d06e3', '2026-11-22T12:00:00+08:00', denied)).toBe('CredentialDenied');
  });
});

describe('delta.json', () => {
  it('turns version 1 into version 2, and is what this implementation makes', async () => {
    const delta = bytes((read('delta') as { hex: string }).hex);
    const [one, two] = [await load(1), await load(2)];
    expect(must(applyDelta(one, delta, two.head)).records).toEqual(new Uint8Array(two.records));
    expect(makeDelta(one, two)).toEqual(delta);
  });
});

describe('tree.json', () => {
  it('has these leaves and this root', () => {
    const tree = read('tree') as { scopeId: number; pages: string[]; leaves: string[]; root: string };
    const leaves = tree.pages.map((page, at) => leafHash(tree.scopeId, at, bytes(page)));
    expect(leaves.map(toHex)).toEqual(tree.leaves);
    expect(toHex(rootOfLeaves(concatBytes(leaves), 2) as Uint8Array)).toBe(tree.root);
  });
});

describe('denies.json', () => {
  const ops = denies.ops.map(({ kind, reason, minute, key8 }) => ({ kind, reason, minute, key8: bytes(key8) }));

  it('has the campus key of each card', () => {
    const prf = createPrf(bytes(denies.campusPrfKey));
    for (const { uid, key8 } of denies.ops) expect(toHex(prf.key(cardId(bytes(uid))))).toBe(key8);
  });

  it('chains', () => {
    ops.forEach((_, at) => expect(toHex(chainAfter(EMPTY_CHAIN, ops.slice(0, at + 1)))).toBe(denies.chain[at + 1]));
  });

  it.each(denies.denies)('from $firstSeq, $count operations', async ({ firstSeq, count, hex, frame }) => {
    const deny = must(decodeDeny(bytes(hex)));
    expect(deny.ops).toEqual(ops.slice(firstSeq - 1, firstSeq - 1 + count));
    expect(toHex(encodeDeny(deny))).toBe(hex);
    const verified = must(await verifyFrame(bytes(frame), MAGICS.deny, keyring, 'deny'));
    expect(toHex(verified.payload)).toBe(hex);
  });
});

describe('statements.json', () => {
  const { beat, freshness, prfKey, retraction } = read('statements') as Record<
    'beat' | 'freshness' | 'prfKey' | 'retraction',
    Statement
  >;

  it('beat', async () => {
    const value = must(BEAT.decode(must(await verifyFrame(bytes(beat.frame), MAGICS.beat, keyring, 'deny')).payload));
    expect({ ...value, denyChain: toHex(value.denyChain) }).toEqual(beat.expected);
    expect(toHex(BEAT.encode(value))).toBe(beat.hex);
  });

  it('freshness', async () => {
    const frame = must(await verifyFrame(bytes(freshness.frame), MAGICS.freshness, keyring, 'deny'));
    const value = must(FRESHNESS.decode(frame.payload));
    expect(value).toEqual(freshness.expected);
    expect(toHex(FRESHNESS.encode(value))).toBe(freshness.hex);
  });

  it('PRF key', async () => {
    const context = { keyring, device: 'gate-1', keyId: 9, scopeId: 7 };
    const value = must(await openPrfKey(bytes(prfKey.frame), context));
    expect({ ...value, key: toHex(value.key) }).toEqual(prfKey.expected);
    expect(toHex(PRF_KEY.encode(value))).toBe(prfKey.hex);
    for (let at = 0; at < prfKey.frame.length / 2; at += 1) {
      const flipped = bytes(prfKey.frame);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      expect((await openPrfKey(flipped, context)).ok, `byte ${at}`).toBe(false);
    }
  });

  it('retraction', async () => {
    const frame = must(await verifyFrame(bytes(retraction.frame), MAGICS.retraction, keyring, 'list', 7));
    const value = must(RETRACTION.decode(frame.payload));
    expect(value).toEqual(retraction.expected);
    expect(toHex(RETRACTION.encode(value))).toBe(retraction.hex);
  });
});
