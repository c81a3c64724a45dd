// SPDX-License-Identifier: Apache-2.0
// A library system for measuring and killing desks: every book exists, every patron may borrow, each answer takes the same time,
// and every transaction is counted. What real servers do otherwise is not its business.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { fieldOf, type SipMessage, STANDARD_OPTIONS } from '@latchkey/protocols/sip2/message';
import { readMessage } from '@latchkey/protocols/sip2/read-message';
import { cutMessages, EMPTY_STREAM } from '@latchkey/protocols/sip2/sip-stream';

export interface CountedLibrary {
  readonly port: number;
  /** Item → who has it. */
  readonly lent: ReadonlyMap<string, string>;
  /** How often a loan of an item began; a renewal is none. */
  readonly loans: ReadonlyMap<string, number>;
  /** How often a loan of an item was asked for again by whoever had it. */
  readonly renewals: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

export interface CountedLibraryOptions {
  /** Between a question and its answer; the transaction is carried out half of it before the answer. */
  readonly answerMs: number;
  /** 0 takes any free one. */
  readonly port?: number;
}

const OPTIONS = { ...STANDARD_OPTIONS, charset: 'utf-8' } as const;
const NOW = '20261122    120000';
const DUE = '20261222    235959';
const ALL = 'YYYYYYYYYYYYYYYY';

export async function startCountedLibrary({ answerMs, port = 0 }: CountedLibraryOptions): Promise<CountedLibrary> {
  const lent = new Map<string, string>();
  const loans = new Map<string, number>();
  const renewals = new Map<string, number>();
  const sockets = new Set<Socket>();
  const count = (counts: Map<string, number>, item: string) => counts.set(item, (counts.get(item) ?? 0) + 1);

  function lend(item: string, patron: string): string {
    const holder = lent.get(item);
    const isTheirs = holder === patron;
    const isLent = holder === undefined || isTheirs;
    if (isLent) count(isTheirs ? renewals : loans, item);
    if (isLent) lent.set(item, patron);
    return `12${isLent ? '1' : '0'}${isTheirs ? 'Y' : 'N'}UY${NOW}AOLIB|AA${patron}|AB${item}|AJBook ${item}|AH${isLent ? DUE : ''}|`;
  }

  function takeBack(item: string): string {
    const holder = lent.get(item);
    lent.delete(item);
    return `101YUN${NOW}AOLIB|AB${item}|AQmain|AJBook ${item}|${holder === undefined ? '' : `AA${holder}|`}`;
  }

  function patron(number: string): string {
    const held = [...lent].filter(([, holder]) => holder === number).map(([item]) => item);
    const charged = String(held.length).padStart(4, '0');
    const items = held.map((item) => `AU${item}|`).join('');
    return `64${' '.repeat(14)}019${NOW}00000000${charged}000000000000AOLIB|AA${number}|AEReader|BLY|CB0050|${items}`;
  }

  function answer(message: SipMessage): string | undefined {
    const item = fieldOf(message, 'AB') ?? '';
    const number = fieldOf(message, 'AA') ?? '';
    switch (message.code) {
      case '93':
        return '941';
      case '99':
        return `98YYYYYY600003${NOW}2.00AOLIB|AMCounted library|BX${ALL}|`;
      case '11':
      case '29':
        return lend(item, number);
      case '09':
        return takeBack(item);
      case '17':
        return `18${lent.has(item) ? '04' : '03'}0001${NOW}AB${item}|AJBook ${item}|`;
      case '63':
        return patron(number);
      case '35':
        return `36Y${NOW}AOLIB|AA${number}|`;
      default:
        return undefined;
    }
  }

  function serve(socket: Socket): void {
    sockets.add(socket.setNoDelay(true));
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    let stream = EMPTY_STREAM;
    socket.on('data', (chunk) => {
      const cut = cutMessages(stream, chunk);
      ({ stream } = cut);
      for (const bytes of cut.messages) {
        const message = readMessage(bytes, OPTIONS);
        if (message.ok) later(() => reply(socket, message.value));
      }
    });
  }

  const later = (work: () => void) => setTimeout(work, answerMs / 2);

  function reply(socket: Socket, message: SipMessage): void {
    const text = answer(message);
    if (text !== undefined) later(() => socket.write(withTail(text, message.sequence)));
  }

  const server: Server = createServer(serve);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    lent,
    loans,
    renewals,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Error detection as the question had it. */
function withTail(text: string, sequence: number | undefined): Buffer {
  if (sequence === undefined) return Buffer.from(`${text}\r`);
  const summed = Buffer.from(`${text}AY${sequence}AZ`);
  const sum = summed.reduce((total, byte) => total + byte, 0);
  const checksum = (-sum & 0xffff).toString(16).toUpperCase().padStart(4, '0');
  return Buffer.concat([summed, Buffer.from(`${checksum}\r`)]);
}
