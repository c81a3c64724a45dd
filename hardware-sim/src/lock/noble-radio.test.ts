// SPDX-License-Identifier: Apache-2.0
// The real noble over a controller in TypeScript: the contract of radios, and each of noble's defects with its guard.
import type { Noble } from '@latchkey/controller/adapters/noble';
import { NobleRadio } from '@latchkey/controller/adapters/noble-radio';
import { serveRadio } from '@latchkey/controller/adapters/radio-host';
import type { FromRadioProcess } from '@latchkey/controller/adapters/radio-messages';
import { type RadioChannel, RadioProcess } from '@latchkey/controller/adapters/radio-process';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import { type EchoPeer, lockRadioContract } from '@latchkey/controller/ports/lock-radio.contract';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AttFaults } from './att-server.ts';
import { type Air, createAir, nobleOver } from './hci-controller.ts';

const PATIENCE_MS = 3_000;

function echoPeer(air: Air, last: number): EchoPeer & { faults: AttFaults } {
  const address = `c0:00:00:00:00:${last.toString(16).padStart(2, '0')}`;
  const manufacturerData = Uint8Array.of(0xff, 0xff, 0x4c, last);
  let silent = false;
  let standing: { notify(frame: Uint8Array): void; drop(): void } | undefined;
  const peer = {
    address,
    manufacturerData,
    faults: {} as AttFaults,
    setSilent: (now: boolean) => void (silent = now),
    drop: () => standing?.drop(),
    say: (frame: Uint8Array) => standing?.notify(frame),
  };
  air.peripherals.add({
    address,
    mtu: 247,
    rssi: () => -60 - last,
    manufacturerData: () => manufacturerData,
    faults: () => peer.faults,
    connected(link) {
      if (silent) return undefined;
      standing = link;
      return {
        onFrame: (frame) => link.notify(frame.map((byte, at) => (at === 0 ? byte + 1 : byte))),
        onClosed: () => void (standing = undefined),
      };
    },
  });
  return peer;
}

function rig() {
  const air = createAir({ connectMs: 5, advertiseEveryMs: 20 });
  const peers = [echoPeer(air, 1), echoPeer(air, 2)] as const;
  const said: string[] = [];
  const radio = new NobleRadio({
    device: 0,
    clock: systemClock,
    log: (text) => void said.push(text),
    load: nobleOver(air),
  });
  return { air, peers, radio, said, close: () => radio.close() };
}

async function started() {
  const all = rig();
  const seen = new Set<string>();
  await all.radio.start(({ address }) => void seen.add(address));
  await expect.poll(() => seen.size).toBe(2);
  return all;
}

describe('noble over a virtual controller', () => {
  lockRadioContract(async () => rig());
});

/** As the process that holds noble, without the process: messages take a turn of the loop and are copied. */
function nobleChannel(air: Air): RadioChannel {
  const ears: ((message: FromRadioProcess) => void)[] = [];
  const ends: (() => void)[] = [];
  let radio: NobleRadio | undefined;
  let dead = false;
  const take = serveRadio({
    open: (device, log) => {
      radio = new NobleRadio({ device, clock: systemClock, log, load: nobleOver(air) });
      return radio;
    },
    post(message) {
      setImmediate((copy) => {
        if (!dead) for (const ear of ears) ear(copy);
      }, structuredClone(message));
    },
    end() {
      for (const tell of ends) tell();
    },
    monotonicMs: () => performance.now(),
  });
  return {
    send: (message) => setImmediate((copy) => !dead && take(copy), structuredClone(message)),
    onMessage: (listener) => void ears.push(listener),
    onEnd: (listener) => void ends.push(listener),
    kill() {
      dead = true;
      void radio?.close();
    },
  };
}

describe('noble over a virtual controller, in a process of its own', () => {
  lockRadioContract(async () => {
    const { air, peers } = rig();
    const log = () => undefined;
    const radio = new RadioProcess({ device: 0, clock: systemClock, log, spawn: () => nobleChannel(air) });
    return { radio, peers, close: () => radio.close() };
  });
});

describe('what noble does wrong', () => {
  afterEach(() => void vi.unstubAllEnvs());

  it('a link that drops during a write: noble never answers, ours rejects', async () => {
    const { radio, peers, close } = await started();
    peers[0].faults = { withResponseOnly: true };
    const link = await radio.connect(peers[0].address, PATIENCE_MS);
    const write = link.write(Uint8Array.of(1));
    peers[0].drop();
    await expect(write).rejects.toMatchObject({ code: 'link-lost' });
    await close();
  });

  it('an ATT error on a write: noble never answers, ours gives up and lets go of the link', async () => {
    const { radio, peers, close } = await started();
    peers[0].faults = { writeError: true };
    const link = await radio.connect(peers[0].address, PATIENCE_MS);
    let closed = false;
    link.onClosed(() => void (closed = true));
    await expect(link.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'timeout' });
    await expect.poll(() => closed).toBe(true);
    await close();
  });

  it('a silent lock: the connect ends at its deadline and is cancelled, not left in the adapter', async () => {
    const { air, radio, peers, close } = await started();
    peers[0].setSilent(true);
    await expect(radio.connect(peers[0].address, 100)).rejects.toMatchObject({ code: 'timeout' });
    expect(air.commands.get(0x200e)).toBe(1);
    await close();
  });

  it('a lock that connects and answers nothing: given up at the deadline and let go of, and reached once it answers', async () => {
    const { radio, peers, close } = await started();
    peers[0].faults = { silent: true };
    await expect(radio.connect(peers[0].address, 300)).rejects.toMatchObject({ code: 'timeout' });
    peers[0].faults = {};
    const reached = () =>
      radio.connect(peers[0].address, 500).then(
        () => true,
        () => false,
      );
    await expect.poll(reached, { timeout: 3_000 }).toBe(true);
    await close();
  });

  it('a link that drops while it is asked for its service: told at once, not at the deadline', async () => {
    const { radio, peers, close } = await started();
    peers[0].faults = { silent: true };
    const attempt = radio.connect(peers[0].address, 60_000, () => setTimeout(peers[0].drop, 50));
    await expect(attempt).rejects.toMatchObject({ code: 'link-lost' });
    await close();
  });

  it('a connect under way when the adapter is reset: over at once, and so is what waited behind it', async () => {
    const { radio, peers, close } = await started();
    peers[0].setSilent(true);
    const attempts = peers.map(({ address }) => radio.connect(address, 60_000));
    const ended = Promise.allSettled(attempts);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await radio.reset();
    expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(attempts[0]).rejects.toMatchObject({ code: 'radio-down' });
    await close();
  });

  it('an adapter that does not come up: said in words that name it', { timeout: 10_000 }, async () => {
    const { air, radio, close } = rig();
    air.dead = true;
    await expect(radio.start(() => undefined)).rejects.toThrow(/hci0 does not come up: check/);
    await close();
  });

  it('a connect that waits its turn and runs out of time cancels nobody else', async () => {
    const { air, radio, peers, close } = await started();
    peers[0].setSilent(true);
    const first = radio.connect(peers[0].address, 600);
    const queued = radio.connect(peers[1].address, 100);
    setTimeout(() => peers[0].setSilent(false), 50);
    await expect(first).rejects.toMatchObject({ code: 'timeout' });
    await expect(queued).rejects.toMatchObject({ code: 'timeout' });
    expect(air.commands.get(0x200d)).toBe(1);
    expect(air.commands.get(0x200e)).toBe(1);
    await close();
  });

  it('the MTU is null when noble says connected: frames have the room that was agreed on', async () => {
    const { radio, peers, close } = await started();
    expect((await radio.connect(peers[0].address, PATIENCE_MS)).room).toBe(244);
    await close();
  });

  it('the user channel hangs: a start over it is refused with words', async () => {
    vi.stubEnv('HCI_CHANNEL_USER', '1');
    const { radio, close } = rig();
    await expect(radio.start(() => undefined)).rejects.toThrow(/HCI_CHANNEL_USER is set: remove it/);
    await close();
  });

  it('a link that the adapter does not let go of: the adapter is reset, however often it is closed', async () => {
    const { air, radio, peers, close } = await started();
    const link = await radio.connect(peers[0].address, PATIENCE_MS);
    const before = air.commands.get(0x0c03) ?? 0;
    air.forgetsLinks = true;
    await Promise.all([link.close(), link.close()]);
    air.forgetsLinks = false;
    expect(air.commands.get(0x0c03)).toBe(before + 1);
    await close();
  });

  it('an adapter that does not even cancel is reset, and serves again', async () => {
    const { air, radio, peers, said, close } = await started();
    air.dead = true;
    const attempt = radio.connect(peers[0].address, 100);
    setTimeout(() => void (air.dead = false), 800);
    await expect(attempt).rejects.toMatchObject({ code: 'timeout' });
    expect(said).toContain('adapter does not answer, reset');
    await expect
      .poll(
        () =>
          radio.connect(peers[1].address, PATIENCE_MS).then(
            () => true,
            () => false,
          ),
        { timeout: 8_000 },
      )
      .toBe(true);
    await close();
  });

  it('an adapter that is switched off: its links are over, and it is heard and reached again once it is up', async () => {
    const { air, radio, peers, close } = await started();
    const link = await radio.connect(peers[0].address, PATIENCE_MS);
    let told = 0;
    link.onClosed(() => void (told += 1));
    air.dead = true;
    await expect.poll(() => told, { timeout: 4_000 }).toBe(1);
    air.dead = false;
    peers[0].drop();
    const reached = () =>
      radio.connect(peers[1].address, PATIENCE_MS).then(
        () => true,
        () => false,
      );
    await expect.poll(reached, { timeout: 8_000 }).toBe(true);
    await close();
  });

  it('a scan that somebody else ended: it is begun again after a silence', async () => {
    const { air, radio, close } = rig();
    let heard = 0;
    await radio.start(() => void (heard += 1));
    await expect.poll(() => heard).toBeGreaterThan(4);
    for (const end of air.scans) end();
    air.scans.clear();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = heard;
    await expect.poll(() => heard, { timeout: 8_000 }).toBeGreaterThan(before + 4);
    await close();
  });

  it('an address for each advertisement, without end: noble forgets them, and neither the locks nor their links', {
    timeout: 20_000,
  }, async () => {
    const { air, peers } = rig();
    let noble: Noble | undefined;
    const load = (device: number) => {
      noble = nobleOver(air)(device);
      return noble;
    };
    const radio = new NobleRadio({ device: 0, clock: systemClock, log: () => undefined, load, mostKnown: 20 });
    const seen = new Set<string>();
    await radio.start(({ address }) => void seen.add(address));
    await expect.poll(() => peers.every(({ address }) => seen.has(address))).toBe(true);
    const link = await radio.connect(peers[0].address, PATIENCE_MS);
    const frames: number[][] = [];
    link.onFrame((frame) => void frames.push([...frame]));
    for (let n = 16; n < 66; n += 1) echoPeer(air, n);
    await expect.poll(() => seen.size).toBe(52);
    for (const each of air.peripherals)
      if (!peers.some(({ address }) => address === each.address)) air.peripherals.delete(each);
    await expect.poll(() => Object.keys(noble?._peripherals ?? {}).length, { timeout: 8_000 }).toBeLessThan(20);
    expect(Object.keys(noble?._bindings._gap._discoveries ?? {}).length).toBeLessThan(20);
    await link.write(Uint8Array.of(1));
    await expect.poll(() => frames).toEqual([[2]]);
    await (await radio.connect(peers[1].address, PATIENCE_MS)).close();
    await radio.close();
  });

  it('never scans while it connects, and scans again afterwards', async () => {
    const { air, radio, peers, close } = await started();
    const before = air.commands.get(0x200c) ?? 0;
    await radio.connect(peers[0].address, PATIENCE_MS);
    expect(air.scannedWhileConnecting).toBe(0);
    expect(air.commands.get(0x200c)).toBeGreaterThan(before + 1);
    await close();
  });

  it('leaves the end of the process to the controller', async () => {
    const before = process.listenerCount('SIGINT');
    const { close } = await started();
    expect(process.listenerCount('SIGINT')).toBe(before);
    await close();
  });

  it('a peripheral without the service is no lock', async () => {
    const { radio, peers, close } = await started();
    peers[0].faults = { noService: true };
    await expect(radio.connect(peers[0].address, PATIENCE_MS)).rejects.toMatchObject({ code: 'not-a-lock' });
    await close();
  });
});
