// SPDX-License-Identifier: Apache-2.0
// A list in messages: every part once, none above its size, and together the list again.
import { randomBytes } from 'node:crypto';
import { createPrf } from '@latchkey/protocols/authorization/credential-id';
import {
  generateSigningJwk,
  importSigningKey,
  importVerifyingKey,
  toPublicJwk,
} from '@latchkey/protocols/authorization/keys';
import { buildList, sealList } from '@latchkey/protocols/authorization/list-build';
import { type AuthorizationList, loadList } from '@latchkey/protocols/authorization/list-load';
import { verifyLeaves, verifyPage } from '@latchkey/protocols/authorization/merkle';
import { encodePolicy } from '@latchkey/protocols/authorization/policy';
import { decodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { listDown, MAX_CHUNK_BYTES } from '@latchkey/protocols/mqtt/messages';
import { ok } from '@latchkey/protocols/result';
import { beforeAll, describe, expect, it } from 'vitest';
import { leafMessages, offerMessage, pageMessages, policyMessages } from './list-messages.ts';
import { CAMPUS, value } from './registry/registry.test-support.ts';

const COUNT = 30_000;
let list: AuthorizationList;

beforeAll(async () => {
  const jwk = await generateSigningJwk();
  const key = value(await importSigningKey(jwk));
  const verifying = value(await importVerifyingKey(value(toPublicJwk(jwk))));
  const keyring = {
    campusId: CAMPUS,
    version: 1,
    epoch: 1,
    issuedAtMs: 0,
    find: () => ok(verifying),
    all: () => [verifying],
  };
  const schedules = Array.from({ length: 900 }, (_, index) => ({
    id: `schedule-${index}`,
    intervals: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '06:00', until: '23:00' }],
    onHolidays: 'as-usual' as const,
  }));
  const policy = encodePolicy({
    format: 1,
    timeZone: 'Asia/Shanghai',
    holidays: [],
    schedules,
    portals: [],
    profiles: [{ kind: 'resident', rules: [] }],
  });
  const unsigned = buildList({
    campusId: CAMPUS,
    scopeId: 1,
    epoch: 1,
    version: 7,
    issuedAtMs: 1,
    refreshBy: 1,
    hardExpiry: 2,
    denySeq: 0,
    previousHeadHash: new Uint8Array(32),
    prfKeyId: 1,
    prf: createPrf(randomBytes(16)),
    policy,
    entries: {
      ids: randomBytes(16 * COUNT),
      profiles: new Uint16Array(COUNT),
      flags: new Uint8Array(COUNT),
      classes: new Uint8Array(COUNT),
      until: new Uint32Array(COUNT).fill(0xffff_ffff),
    },
  });
  const trust = { keyring, campusId: CAMPUS, scopeId: 1 };
  list = value(await loadList(await sealList(value(unsigned), key), trust));
});

function read(messages: Iterable<Uint8Array>) {
  return [...messages].map((bytes) => {
    expect(bytes.length).toBeLessThanOrEqual(MAX_CHUNK_BYTES);
    const { json, body } = value(decodeEnvelope(bytes));
    return { message: listDown.parse(json), body };
  });
}

describe('parts of a list', () => {
  it('policy and leaf table come whole, in order', () => {
    const policy = read(policyMessages(list));
    expect(policy.length).toBeGreaterThan(1);
    expect(Buffer.concat(policy.map(({ body }) => body)).equals(list.policyBytes)).toBe(true);
    const leaves = Buffer.concat(read(leafMessages(list)).map(({ body }) => body));
    expect(verifyLeaves(leaves, list.head)).toBe(true);
  });
  it.each<[string, () => [number, number][]]>([
    ['all pages', () => [[0, list.pageCounts.length]]],
    [
      'some pages',
      () => [
        [3, 1],
        [10, 40],
        [list.pageCounts.length - 1, 1],
      ],
    ],
  ])('%s come once each and fit the leaf table', (_name, ranges) => {
    const seen: number[] = [];
    for (const { message, body } of read(pageMessages(list, ranges()))) {
      if (message.kind !== 'pages') throw new Error(message.kind);
      let at = 0;
      for (const [index, count] of message.counts.entries()) {
        const page = body.subarray(at, at + count * 16);
        at += count * 16;
        expect(verifyPage(list.leaves(), 1, message.first + index, page)).toBe(true);
        seen.push(message.first + index);
      }
      expect(at).toBe(body.length);
    }
    expect(seen).toEqual(
      ranges().flatMap(([first, count]) => Array.from({ length: count }, (_, index) => first + index)),
    );
  });
  it('ranges beyond the list are cut', () => {
    expect(read(pageMessages(list, [[list.pageCounts.length, 5]]))).toEqual([]);
    expect(read(pageMessages(list, [[list.pageCounts.length - 1, 9]]))).toHaveLength(1);
  });
  it('the offer names what it offers', () => {
    const [offer] = read([offerMessage(list, { id: 1, jwe: 'x' }, Uint8Array.of(1))]);
    expect(offer?.message).toMatchObject({
      kind: 'offer',
      scope: 1,
      version: 7,
      digest: list.headHash,
      prf: { id: 1 },
    });
    expect(offer?.body).toEqual(Uint8Array.of(1));
  });
});
