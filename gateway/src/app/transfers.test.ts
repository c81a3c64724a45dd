// SPDX-License-Identifier: Apache-2.0
// Transfers: one a controller, so many at once, paced by the connection.
import { type DeviceId, deviceId } from '@latchkey/protocols/ids';
import { describe, expect, it } from 'vitest';
import { SILENT } from './log.ts';
import { createTransfers } from './transfers.ts';

const id = (name: string): DeviceId => deviceId.parse(name);
const settle = () => new Promise((resolve) => setImmediate(resolve));

function bench(atOnce = 2) {
  const sent: string[] = [];
  const release: ((accepted: boolean) => void)[] = [];
  const transfers = createTransfers({
    send: (device, payload) => {
      sent.push(`${device}:${Buffer.from(payload).toString()}`);
      return new Promise((resolve) => release.push(resolve));
    },
    log: SILENT,
    atOnce,
  });
  const serve = (device: string, scope: number, ...parts: string[]) =>
    transfers.serve(id(device), scope, async () => parts.map((part) => Buffer.from(part)));
  const go = async (accepted = true) => {
    release.shift()?.(accepted);
    await settle();
  };
  return { sent, transfers, serve, go };
}

describe('transfers', () => {
  it('send the next part only when the connection took the one before', async () => {
    const { sent, serve, go, transfers } = bench();
    serve('a', 1, 'x', 'y');
    await settle();
    expect(sent).toEqual(['a:x']);
    await go();
    expect(sent).toEqual(['a:x', 'a:y']);
    expect(transfers.isServing(id('a'))).toBe(true);
    await go();
    expect(transfers.isServing(id('a'))).toBe(false);
  });
  it('serve so many controllers at once, the others in turn', async () => {
    const { sent, serve, go } = bench(2);
    for (const device of ['a', 'b', 'c']) serve(device, 1, 'x');
    await settle();
    expect(sent).toEqual(['a:x', 'b:x']);
    await go();
    expect(sent).toEqual(['a:x', 'b:x', 'c:x']);
  });
  it('keep the newest need of a list that waits, and those of other lists', async () => {
    const { sent, serve, go } = bench();
    serve('a', 1, 'first');
    serve('a', 1, 'old');
    serve('a', 2, 'other');
    serve('a', 1, 'new');
    await settle();
    for (let times = 0; times < 3; times += 1) await go();
    expect(sent).toEqual(['a:first', 'a:new', 'a:other']);
  });
  it('end with the connection', async () => {
    const { sent, serve, go, transfers } = bench();
    serve('a', 1, 'x', 'y');
    serve('a', 2, 'z');
    await settle();
    transfers.drop(id('a'));
    await go(false);
    expect(sent).toEqual(['a:x']);
    expect(transfers.isServing(id('a'))).toBe(false);
  });
});
