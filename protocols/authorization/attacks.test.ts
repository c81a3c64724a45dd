// SPDX-License-Identifier: Apache-2.0
// Every attack that lists-and-codes names, by its name. Those that live in a controller's store or clock have their pure form
// here and their whole form in the controller's tests.
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes } from '../bytes/equal.ts';
import { fromHex } from '../bytes/hex.ts';
import { acceptHead, type TrustState } from './accept-list.ts';
import {
  type Authority,
  bitFlips,
  CAMPUS,
  codeOf,
  entriesOf,
  idOf,
  makeAuthority,
  makeKey,
  makeList,
  must,
  NOW_MINUTE,
  NOW_MS,
  POLICY,
  PRF_KEY,
  range,
  SCOPE,
} from './authority.test-support.ts';
import { BEAT, judgeBeat } from './beat.ts';
import { createPrf } from './credential-id.ts';
import { decodeDeltas } from './delta.ts';
import { chainAfter, type DenyOp, decodeDeny, EMPTY_CHAIN, encodeDeny } from './deny.ts';
import { applyDeny, EMPTY_OVERLAY } from './deny-overlay.ts';
import { FRESHNESS, judgeFreshness } from './freshness.ts';
import { HEAD } from './head.ts';
import { MAX_FILE_BYTES, MAX_FIRST_VERSION, MAX_LEAD_MS, MAX_UNSYNCED_LEAD_MS, MAX_VERSION_STEP } from './limits.ts';
import type { SealedList } from './list-build.ts';
import { encodeListFile, splitListFile } from './list-file.ts';
import { loadList } from './list-load.ts';
import { encodePolicy } from './policy.ts';
import { acceptRoot, signRoot } from './root-document.ts';
import { MAGICS, MAX_FRAME_BYTES, signFrame, verifyFrame } from './signed-frame.ts';
import { judgeSignedTime } from './signed-time.ts';
import { verifyHead } from './verify-head.ts';

let campus: Authority;
const instant = { ms: NOW_MS, quality: 'synced' as const };
const trust = () => ({ keyring: campus.keyring, campusId: CAMPUS, scopeId: SCOPE });
const stateOf = ({ head, digest }: SealedList): TrustState => ({ epoch: head.epoch, version: head.version, digest });
const accept = (state: TrustState | null, { head, digest }: SealedList, root = campus.keyring) =>
  codeOf(acceptHead(state, head, digest, { root, instant }));
const after = (list: SealedList) => ({ version: list.head.version + 1, previousHeadHash: must(fromHex(list.digest)) });

beforeAll(async () => {
  campus = await makeAuthority();
});

describe('forged', () => {
  it('a list signed by a key that no root document names is refused', async () => {
    const forger = await makeKey();
    expect(codeOf(await loadList(await makeList(forger.key), trust()))).toBe('unknown-key');
  });

  it('a list signed by a key of another role is refused', async () => {
    expect(codeOf(await loadList(await makeList(campus.deny.key), trust()))).toBe('wrong-role');
  });

  it('a stranger’s signature under a trusted key’s id is refused', async () => {
    const forger = await makeKey();
    const list = await makeList({ ...forger.key, kid: campus.list.key.kid });
    expect(codeOf(await loadList(list, trust()))).toBe('bad-signature');
  });

  it('a deny, a beat and a freshness statement by the list key are refused', async () => {
    for (const magic of [MAGICS.deny, MAGICS.beat, MAGICS.freshness]) {
      const frame = await signFrame(concatBytes([new TextEncoder().encode(magic), new Uint8Array(80)]), [
        campus.list.key,
      ]);
      expect(codeOf(await verifyFrame(frame, magic, campus.keyring, 'deny'))).toBe('wrong-role');
    }
  });

  it('what was signed as one thing is not read as another', async () => {
    const frame = await signFrame(concatBytes([new TextEncoder().encode(MAGICS.beat), new Uint8Array(80)]), [
      campus.deny.key,
    ]);
    expect(codeOf(await verifyFrame(frame, MAGICS.deny, campus.keyring, 'deny'))).toBe('wrong-magic');
  });
});

describe('rollback', () => {
  it('an older version, truly signed, is refused within the epoch', async () => {
    const old = await makeList(campus.list.key, { version: 4 });
    const current = await makeList(campus.list.key, { version: 5 });
    expect(codeOf(await loadList(old, trust()))).toBe('ok');
    expect(accept(stateOf(current), old)).toBe('rollback');
  });

  it('a list of an epoch that a root document has ended is refused, whatever its version', async () => {
    const old = await makeList(campus.list.key, { version: 1_000 });
    const { keyring } = await rotate({});
    expect(accept({ epoch: 2, version: 1, digest: '00'.repeat(32) }, old, keyring)).toBe('rollback');
  });

  it('an older root document is refused', async () => {
    const { document } = await rotate({});
    expect(codeOf(await acceptRoot({ kind: 'current', document }, campus.rootFrame))).toBe('rollback');
  });

  it('an older beat and an older freshness statement are refused', async () => {
    const list = await makeList(campus.list.key, { version: 5 });
    const root = { ...campus.keyring };
    const beat = { campusId: CAMPUS, epoch: 1, beatSeq: 3, timeMs: NOW_MS, denySeq: 0, denyChain: EMPTY_CHAIN };
    expect(codeOf(judgeBeat(beat, { root, last: { epoch: 1, beatSeq: 3 }, overlay: EMPTY_OVERLAY, instant }))).toBe(
      'replay',
    );
    const statement = { campusId: CAMPUS, scopeId: SCOPE, epoch: 1, version: 4, headHash: list.digest, timeMs: NOW_MS };
    const context = { root, scopeId: SCOPE, inForce: stateOf(list), lastTimeMs: 0, instant };
    expect(codeOf(judgeFreshness(statement, context))).toBe('replay');
  });
});

describe('freeze', () => {
  it('a withheld list shows in the freshness statement while beats arrive', async () => {
    const inForce = await makeList(campus.list.key);
    const newer = await makeList(campus.list.key, after(inForce));
    const statement = must(
      FRESHNESS.decode(
        FRESHNESS.encode({
          campusId: CAMPUS,
          scopeId: SCOPE,
          epoch: 1,
          version: 2,
          headHash: newer.digest,
          timeMs: NOW_MS,
        }),
      ),
    );
    const context = { root: campus.keyring, scopeId: SCOPE, inForce: stateOf(inForce), lastTimeMs: 0, instant };
    expect(must(judgeFreshness(statement, context))).toBe('behind');
  });

  it('a list that has passed its hard expiry is not taken as new', async () => {
    const stale = await makeList(campus.list.key, { refreshBy: NOW_MINUTE - 9, hardExpiry: NOW_MINUTE - 1 });
    expect(accept(null, stale)).toBe('already-expired');
  });

  it('old statements played again do not pass for fresh ones', async () => {
    const list = await makeList(campus.list.key);
    const statement = {
      campusId: CAMPUS,
      scopeId: SCOPE,
      epoch: 1,
      version: 1,
      headHash: list.digest,
      timeMs: NOW_MS - 600_000,
    };
    const context = {
      root: campus.keyring,
      scopeId: SCOPE,
      inForce: stateOf(list),
      lastTimeMs: NOW_MS - 1_000,
      instant,
    };
    expect(codeOf(judgeFreshness(statement, context))).toBe('replay');
  });
});

describe('mix-and-match of head, pages, policy and freshness', () => {
  it('the pages of one version do not go with the head of another', async () => {
    const one = await makeList(campus.list.key);
    const two = await makeList(campus.list.key, { ...after(one), entries: entriesOf(range(20, 1)) });
    expect(codeOf(await loadList({ ...two, records: one.records, pageCounts: one.pageCounts }, trust()))).toBe(
      'pages-root-mismatch',
    );
  });

  it('the policy of one version does not go with the head of another', async () => {
    const one = await makeList(campus.list.key);
    const policy = encodePolicy({ ...POLICY, holidays: [] });
    const two = await makeList(campus.list.key, { ...after(one), policy });
    expect(codeOf(await loadList({ ...two, policy: one.policy }, trust()))).toBe('policy-root-mismatch');
  });

  it('pages in another order, or cut at other places, do not verify', async () => {
    const list = await makeList(campus.list.key, { entries: entriesOf(range(600)) });
    const pageCounts = new Uint16Array(list.pageCounts);
    pageCounts[0] = (pageCounts[0] ?? 0) - 1;
    pageCounts[1] = (pageCounts[1] ?? 0) + 1;
    expect(codeOf(await loadList({ ...list, pageCounts }, trust()))).toBe('pages-root-mismatch');
    expect(codeOf(await loadList({ ...list, pageCounts: list.pageCounts.slice(1) }, trust()))).toBe(
      'page-table-mismatch',
    );
    expect(codeOf(await loadList({ ...list, records: list.records.subarray(16) }, trust()))).toBe(
      'page-table-mismatch',
    );
  });

  it('a freshness statement about another head of the same version is an equivocation', async () => {
    const list = await makeList(campus.list.key);
    const other = await makeList(campus.list.key, { entries: entriesOf(range(3)) });
    const statement = {
      campusId: CAMPUS,
      scopeId: SCOPE,
      epoch: 1,
      version: 1,
      headHash: other.digest,
      timeMs: NOW_MS,
    };
    const context = { root: campus.keyring, scopeId: SCOPE, inForce: stateOf(list), lastTimeMs: 0, instant };
    expect(codeOf(judgeFreshness(statement, context))).toBe('equivocation');
  });
});

describe('fast-forward', () => {
  it('no version is so high that the device is lost: jumps are bounded, a new epoch counts from the start', async () => {
    const current = await makeList(campus.list.key);
    const absurd = await makeList(campus.list.key, { version: Number.MAX_SAFE_INTEGER });
    expect(accept(stateOf(current), absurd)).toBe('version-jump');
    expect(accept(null, absurd)).toBe('version-jump');
    const furthest = await makeList(campus.list.key, { version: 1 + MAX_VERSION_STEP });
    expect(accept(stateOf(current), furthest)).toBe('ok');
    const { keyring, list } = await rotate({});
    const recovered = await makeList(list.key, { epoch: 2, version: 1 });
    expect(accept(stateOf(furthest), recovered, keyring)).toBe('ok');
  });

  it('even the highest first version leaves room for more', () => {
    expect(MAX_FIRST_VERSION + MAX_VERSION_STEP).toBeLessThan(Number.MAX_SAFE_INTEGER);
  });

  it('no epoch comes from anything but a root document, and that in small steps', async () => {
    const ahead = await makeList(campus.list.key, { epoch: 2 });
    expect(codeOf(await loadList(ahead, trust()))).toBe('epoch-not-from-root');
    const keys = campus.roots.map(({ key }) => key);
    const leap = await signRoot({ ...campus.document, version: 2, epoch: 0xffff_ffff }, keys);
    expect(codeOf(await acceptRoot({ kind: 'current', document: campus.document }, leap))).toBe('epoch-jump');
  });

  it('a head, a beat and a statement from the far future are refused, and move no clock', async () => {
    const future = NOW_MS + MAX_LEAD_MS + 60_000;
    expect(accept(null, await makeList(campus.list.key, { issuedAtMs: future }))).toBe('issued-in-future');
    const beat = { campusId: CAMPUS, epoch: 1, beatSeq: 1, timeMs: future, denySeq: 0, denyChain: EMPTY_CHAIN };
    expect(codeOf(judgeBeat(beat, { root: campus.keyring, last: null, overlay: EMPTY_OVERLAY, instant }))).toBe(
      'implausible-time',
    );
    const statement = {
      campusId: CAMPUS,
      scopeId: SCOPE,
      epoch: 1,
      version: 1,
      headHash: '00'.repeat(32),
      timeMs: future,
    };
    const context = { root: campus.keyring, scopeId: SCOPE, inForce: null, lastTimeMs: 0, instant };
    expect(codeOf(judgeFreshness(statement, context))).toBe('implausible-time');
    const unsynced = { ms: 0, quality: 'free' as const };
    expect(judgeSignedTime(campus.keyring.issuedAtMs + MAX_UNSYNCED_LEAD_MS + 1, unsynced, campus.keyring)).toBe(
      'implausible',
    );
  });

  it('a beat number and a deny sequence run up to the end are healed by the next epoch', async () => {
    const spoilt = { epoch: 1, beatSeq: Number.MAX_SAFE_INTEGER };
    const { keyring } = await rotate({});
    const beat = { campusId: CAMPUS, epoch: 2, beatSeq: 1, timeMs: NOW_MS, denySeq: 0, denyChain: EMPTY_CHAIN };
    const overlay = { ...EMPTY_OVERLAY, epoch: 1, seq: Number.MAX_SAFE_INTEGER };
    expect(must(judgeBeat(beat, { root: keyring, last: spoilt, overlay, instant })).deny).toBe('current');
  });
});

/** Root document 2 with a new list key; the old list key is named no more. */
async function rotate({ keepOld = false }: { keepOld?: boolean }) {
  const list = await makeKey();
  const entry = { role: 'list' as const, scopes: 'all' as const, jwk: list.jwk };
  const kept = campus.document.keys.filter(({ role }) => keepOld || role !== 'list');
  const document = { ...campus.document, version: 2, epoch: 2, issuedAtMs: NOW_MS, keys: [...kept, entry] };
  const frame = await signRoot(
    document,
    campus.roots.slice(1).map(({ key }) => key),
  );
  const accepted = must(await acceptRoot({ kind: 'current', document: campus.document }, frame));
  return { list, keyring: accepted.keyring, document };
}

describe('stolen list key after root rotation', () => {
  it('signs nothing that is believed, of the old epoch or the new', async () => {
    const { keyring } = await rotate({});
    for (const epoch of [1, 2]) {
      const forged = await makeList(campus.list.key, { epoch, version: 50 });
      expect(codeOf(await loadList(forged, { ...trust(), keyring }))).toBe('unknown-key');
    }
  });

  it('an old list key that stays named cannot bring the old epoch back', async () => {
    const { keyring } = await rotate({ keepOld: true });
    const old = await makeList(campus.list.key, { epoch: 1, version: 50 });
    expect(accept(null, old, keyring)).toBe('rollback');
  });

  it('a stolen list key cannot name its own successor: root documents need root keys', async () => {
    const document = { ...campus.document, version: 2, epoch: 2 };
    const frame = await signRoot(document, [campus.list.key, campus.deny.key, campus.command.key]);
    expect(codeOf(await acceptRoot({ kind: 'current', document: campus.document }, frame))).toBe('threshold-not-met');
  });
});

describe('endless data', () => {
  it('everything is refused by its size before it is read', async () => {
    expect(codeOf(await verifyFrame(new Uint8Array(MAX_FRAME_BYTES + 1), MAGICS.beat, campus.keyring, 'deny'))).toBe(
      'malformed-frame',
    );
    expect(codeOf(await verifyHead(new Uint8Array(513), trust()))).toBe('too-large');
    expect(codeOf(await loadList(new Uint8Array(MAX_FILE_BYTES + 1), trust()))).toBe('too-large');
    const list = await makeList(campus.list.key);
    expect(codeOf(await loadList({ ...list, policy: new Uint8Array(4_194_305) }, trust()))).toBe('policy-too-large');
    expect(codeOf(await loadList({ ...list, records: new Uint8Array(16 * 2_097_153) }, trust()))).toBe('too-large');
    expect(codeOf(await loadList({ ...list, headFrame: new Uint8Array(513) }, trust()))).toBe('too-large');
    expect(codeOf(await loadList({ ...list, pageCounts: new Uint16Array(16_385) }, trust()))).toBe(
      'page-table-mismatch',
    );
  });

  it('a claim of more than there is costs nothing', () => {
    const claim = new Uint8Array(40);
    claim.set(new TextEncoder().encode('LKX1'));
    claim.fill(0xff, 4);
    expect(codeOf(decodeDeltas(claim))).toBe('malformed-delta');
    const file = new Uint8Array(32).fill(0xff);
    file.set(new TextEncoder().encode('LKL1'));
    expect(codeOf(splitListFile(file))).toBe('malformed-file');
  });
});

describe('split view (two heads of one version)', () => {
  it('is an equivocation where both are seen', async () => {
    const one = await makeList(campus.list.key, { version: 3 });
    const other = await makeList(campus.list.key, { version: 3, entries: entriesOf(range(19)) });
    expect(accept(stateOf(one), other)).toBe('equivocation');
    expect(accept(stateOf(one), one)).toBe('ok');
  });

  it('shows at the next version: it names the head before it', async () => {
    const one = await makeList(campus.list.key, { version: 3 });
    const other = await makeList(campus.list.key, { version: 3, entries: entriesOf(range(19)) });
    const next = await makeList(campus.list.key, after(other));
    expect(accept(stateOf(other), next)).toBe('ok');
    expect(accept(stateOf(one), next)).toBe('equivocation');
  });
});

describe('list of another scope replayed', () => {
  it('is refused, even by a key trusted for both scopes', async () => {
    const other = await makeList(campus.list.key, { scopeId: SCOPE + 1 });
    expect(codeOf(await loadList(other, { ...trust(), scopeId: SCOPE + 1 }))).toBe('ok');
    expect(codeOf(await loadList(other, trust()))).toBe('wrong-scope');
  });

  it('is refused under a key that is trusted for other scopes only', async () => {
    const list = await makeList(campus.list.key, { scopeId: SCOPE + 2 });
    expect(codeOf(await loadList(list, { ...trust(), scopeId: SCOPE + 2 }))).toBe('wrong-scope');
  });

  it('pages of another scope do not verify, though they hold the same records', async () => {
    const list = await makeList(campus.list.key);
    const other = await makeList(campus.list.key, { scopeId: SCOPE + 1 });
    expect(other.records).toEqual(list.records);
    expect(other.head.pagesRoot).not.toEqual(list.head.pagesRoot);
  });

  it('a list of another campus is refused', async () => {
    const elsewhere = await makeList(campus.list.key, { campusId: '1'.repeat(16) });
    expect(codeOf(await loadList(elsewhere, trust()))).toBe('wrong-campus');
  });
});

describe('deny suppressed', () => {
  const op = (number: number): DenyOp => ({
    key8: new Uint8Array(8).fill(number),
    kind: 'deny',
    reason: 'lost',
    minute: 1,
  });
  const ops = [op(1), op(2), op(3)];
  const root = () => campus.keyring;
  const deny = (first: number) =>
    must(
      decodeDeny(
        encodeDeny({
          campusId: CAMPUS,
          epoch: 1,
          firstSeq: first,
          issuedAtMs: NOW_MS,
          previousChain: chainAfter(EMPTY_CHAIN, ops.slice(0, first - 1)),
          ops: ops.slice(first - 1, first),
        }),
      ),
    );

  it('shows as a gap at the next one', () => {
    const state = must(applyDeny(EMPTY_OVERLAY, deny(1), root()));
    expect(codeOf(applyDeny(state, deny(3), root()))).toBe('gap');
  });

  it('shows in the next beat, which says what to ask for', async () => {
    const state = must(applyDeny(EMPTY_OVERLAY, deny(1), root()));
    const payload = BEAT.encode({
      campusId: CAMPUS,
      epoch: 1,
      beatSeq: 1,
      timeMs: NOW_MS,
      denySeq: 3,
      denyChain: chainAfter(EMPTY_CHAIN, ops),
    });
    const frame = await signFrame(payload, [campus.deny.key]);
    const verified = must(await verifyFrame(frame, MAGICS.beat, campus.keyring, 'deny'));
    const verdict = must(
      judgeBeat(must(BEAT.decode(verified.payload)), { root: root(), last: null, overlay: state, instant }),
    );
    expect(verdict).toMatchObject({ deny: 'behind', fromSeq: 2 });
  });

  it('one exchanged for another shows in the chain', () => {
    const forged = must(applyDeny(EMPTY_OVERLAY, { ...deny(1), ops: [op(9)] }, root()));
    expect(codeOf(applyDeny(forged, deny(2), root()))).toBe('chain-mismatch');
    const beat = {
      campusId: CAMPUS,
      epoch: 1,
      beatSeq: 1,
      timeMs: NOW_MS,
      denySeq: 1,
      denyChain: chainAfter(EMPTY_CHAIN, ops.slice(0, 1)),
    };
    expect(must(judgeBeat(beat, { root: root(), last: null, overlay: forged, instant })).deny).toBe('forked');
  });
});

describe('torn write and bit flips at rest', () => {
  it('a file cut short anywhere does not load', async () => {
    const file = encodeListFile(await makeList(campus.list.key));
    for (let length = 0; length < file.length; length += 7) {
      expect((await loadList(file.subarray(0, length), trust())).ok).toBe(false);
    }
  });

  it('a file with a part still unwritten (zeros, or the old file’s bytes) does not load', async () => {
    const file = encodeListFile(await makeList(campus.list.key));
    const old = encodeListFile(await makeList(campus.list.key, { entries: entriesOf(range(20, 100)) }));
    for (let at = 512; at < file.length; at += 512) {
      const zeros = new Uint8Array(file).fill(0, at);
      expect((await loadList(zeros, trust())).ok).toBe(false);
      const mixed = concatBytes([file.subarray(0, at), old.subarray(at)]);
      expect((await loadList(mixed, trust())).ok).toBe(false);
    }
  });

  it('a file with any bit flipped does not load', async () => {
    const file = encodeListFile(await makeList(campus.list.key, { entries: entriesOf(range(600)) }));
    for (const flipped of bitFlips(file, 3_000)) expect((await loadList(flipped, trust())).ok).toBe(false);
  });
});

describe('verify-then-swap on disk', () => {
  it('what the caller does to the buffer during and after the check changes nothing', async () => {
    const file = encodeListFile(await makeList(campus.list.key));
    const buffer = new Uint8Array(file);
    const pending = loadList(buffer, trust());
    buffer.fill(0xee);
    const list = must(await pending);
    buffer.fill(0);
    const prf = createPrf(PRF_KEY);
    expect(list.find(prf.key(idOf(3)))).toMatchObject({ profile: 0 });
    expect(list.find(prf.key(idOf(1_000)))).toBeUndefined();
  });

  it('the same holds for parts', async () => {
    const sealed = await makeList(campus.list.key);
    const parts = {
      headFrame: new Uint8Array(sealed.headFrame),
      policy: new Uint8Array(sealed.policy),
      pageCounts: new Uint16Array(sealed.pageCounts),
      records: new Uint8Array(sealed.records),
    };
    const pending = loadList(parts, trust());
    parts.headFrame.fill(0);
    parts.policy.fill(0);
    parts.pageCounts.fill(0);
    parts.records.fill(0);
    const list = must(await pending);
    expect(list.records).toEqual(sealed.records);
    expect(list.find(createPrf(PRF_KEY).key(idOf(3)))).toBeDefined();
  });

  it('what decides is the very buffer that was hashed', async () => {
    const sealed = await makeList(campus.list.key);
    const list = must(await loadList(encodeListFile(sealed), trust()));
    const again = await loadList(
      { headFrame: list.headFrame, policy: list.policyBytes, pageCounts: list.pageCounts, records: list.records },
      trust(),
    );
    expect(codeOf(again)).toBe('ok');
    expect(HEAD.encode(list.head)).toEqual(sealed.headPayload);
  });
});

describe('clock set back', () => {
  it('does not revive what has expired: the instant never lies before the highest signed time', async () => {
    const beat = { campusId: CAMPUS, epoch: 1, beatSeq: 1, timeMs: NOW_MS, denySeq: 0, denyChain: EMPTY_CHAIN };
    const setBack = { ms: NOW_MS - 30 * 86_400_000, quality: 'free' as const };
    const verdict = must(
      judgeBeat(beat, { root: campus.keyring, last: null, overlay: EMPTY_OVERLAY, instant: setBack }),
    );
    expect(verdict.raisesTime).toBe(true);
    const expired = must(
      await loadList(await makeList(campus.list.key, { refreshBy: 0, hardExpiry: NOW_MINUTE - 1 }), trust()),
    );
    const mark = { ms: Math.max(setBack.ms, beat.timeMs), quality: 'degraded' as const };
    expect(codeOf(acceptHead(null, expired.head, expired.headHash, { root: campus.keyring, instant: mark }))).toBe(
      'already-expired',
    );
  });

  it('signed time that lies behind raises nothing', () => {
    expect(judgeSignedTime(NOW_MS - 1, instant, campus.keyring)).toBe('not-ahead');
  });
});
