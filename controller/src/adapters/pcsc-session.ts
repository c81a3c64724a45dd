// SPDX-License-Identifier: Apache-2.0
// One life of nfc-pcsc: from its creation until pcscd goes away. Runs in a process of its own (see pcsc-worker).
// nfc-pcsc's own card processing is off: it would select an application on ISO 14443-4 cards, and an exception in it (card
// gone between connect and read) ends the process. The UID of either kind of card is asked for with GET DATA.
import { decodeResponse, GET_UID, isSuccess, statusMeaning } from '@latchkey/protocols/card/apdu';
import { type CardUid, cardUid, isRandomUid } from '@latchkey/protocols/card/uid';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { NFC, NfcReader } from 'nfc-pcsc';
import type { FromPcscProcess } from './pcsc-messages.ts';

const ANSWER_TIMEOUT_MS = 2_000;
/** Beyond this the reader is taken for lost, until the call into pcscd ends after all. */
const CALL_TIMEOUT_MS = 8_000;
/** A UID of 10 bytes and a status word fit several times. */
const MAX_RESPONSE_BYTES = 64;

export interface SessionOptions {
  readonly nfc: NFC;
  readonly post: (message: FromPcscProcess) => void;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
}

export function runPcscSession(options: SessionOptions): void {
  const hangs = hangTracker(options.post);
  options.nfc.on('reader', (reader: NfcReader) => superviseReader(reader, hangs, options));
  options.nfc.on('error', (error: Error) => options.post({ kind: 'failed', detail: error.message }));
}

interface HangTracker {
  attach(name: string): void;
  detach(name: string): void;
  hang(name: string): void;
  goesOn(name: string): void;
}

/** One reader that hangs is told as gone and leaves the others alone; when all of them hang, it is the session. */
function hangTracker(post: (message: FromPcscProcess) => void): HangTracker {
  const attached = new Set<string>();
  const hanging = new Set<string>();
  return {
    attach(name) {
      attached.add(name);
      post({ kind: 'reader', name });
    },
    detach(name) {
      attached.delete(name);
      hanging.delete(name);
      post({ kind: 'reader-gone', name });
    },
    hang(name) {
      if (!attached.has(name)) return;
      hanging.add(name);
      if (hanging.size < attached.size) post({ kind: 'reader-gone', name });
      else post({ kind: 'failed', detail: 'calls to every reader hang' });
    },
    goesOn(name) {
      if (hanging.delete(name)) post({ kind: 'reader', name });
    },
  };
}

function superviseReader(reader: NfcReader, hangs: HangTracker, { post, now }: SessionOptions): void {
  const { name } = reader;
  let statuses = 0;
  let appearedAt = now();
  let reading: Promise<void> = Promise.resolve();
  const watched = async <T>(work: Promise<T>): Promise<T> =>
    watchdog(
      work,
      () => hangs.hang(name),
      () => hangs.goesOn(name),
    );
  const unreadable = (detail: string) => post({ kind: 'unreadable', name, detail });

  const read = async (atr: Uint8Array | undefined) => {
    const initial = statuses === 1;
    const since = appearedAt;
    const uid = await readUid(async () => watched(reader.transmit(Buffer.from(GET_UID), MAX_RESPONSE_BYTES)));
    if (!uid.ok) return unreadable(uid.detail ?? uid.code);
    const card = { uid: new Uint8Array(uid.value), ageMs: now() - since, initial };
    return post({ kind: 'card', name, ...card, ...(atr ? { atr: new Uint8Array(atr) } : {}) });
  };

  reader.autoProcessing = false;
  reportConnectFailures(reader, unreadable, watched);
  reader.reader.on('status', () => {
    statuses += 1;
    appearedAt = now();
  });
  reader.on('card', (card: { atr?: Buffer }) => {
    reading = read(card.atr);
  });
  reader.on('card.off', () => void reading.then(() => post({ kind: 'removed', name })));
  // Unplugging is no error: this is the service going away. pcsclite may then connect to its successor behind our back and
  // never tell of these readers again, so the session is over.
  reader.on('error', (error: Error) => post({ kind: 'failed', detail: `${name}: ${error.message}` }));
  reader.on('end', () => hangs.detach(name));
  hangs.attach(name);
}

/**
 * nfc-pcsc 0.8.1 drops a failed connect (it emits the error object as the event's name), connects anew while the last card's
 * disconnect is still under way, and forgets a connection whose card left before it was made. So: one at a time, a stale
 * connection is ended first, and failures are told.
 */
function reportConnectFailures(
  reader: NfcReader,
  unreadable: (detail: string) => void,
  watched: <T>(work: Promise<T>) => Promise<T>,
): void {
  const connect = reader.connect.bind(reader);
  const disconnect = reader.disconnect.bind(reader);
  let last: Promise<unknown> = Promise.resolve();
  const serially = async (action: () => Promise<unknown>): Promise<unknown> => {
    const next = last.then(action);
    last = next.catch(() => undefined);
    return next;
  };
  reader.disconnect = async () => serially(async () => (reader.connection ? disconnect() : undefined));
  reader.connect = async (mode) =>
    serially(async () => {
      if (reader.reader.connected) await endStaleConnection(reader);
      return watched(connect(mode));
    }).catch((error: unknown) => {
      unreadable(`the card could not be connected: ${innerMessage(error)}`);
      throw error;
    });
}

async function endStaleConnection({ reader }: NfcReader): Promise<void> {
  return new Promise((resolve) => reader.disconnect(reader.SCARD_LEAVE_CARD, () => resolve()));
}

type UnreadableCode = 'no-answer' | 'card-gone' | 'no-uid' | 'not-a-campus-card' | 'random-uid';

/** `ask` is async, as nfc-pcsc throws at once when the card has gone. */
async function readUid(ask: () => Promise<Buffer>): Promise<Result<CardUid, UnreadableCode>> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ANSWER_TIMEOUT_MS);
  });
  try {
    const answer = ask();
    // The race may be lost; a failure that comes later is nobody's then.
    answer.catch(() => undefined);
    const response = await Promise.race([answer, timeout]);
    if (response === undefined) return err('no-answer', `the card did not answer within ${ANSWER_TIMEOUT_MS} ms`);
    return uidOf(response);
  } catch (error) {
    return err('card-gone', `the card was not read to the end: ${innerMessage(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Takes the answer to GET DATA apart. Details hold no card data. */
export function uidOf(response: Uint8Array): Result<CardUid, UnreadableCode> {
  const decoded = decodeResponse(response);
  if (!decoded.ok) return err('no-uid', 'the card gave an empty answer');
  const { data, status } = decoded.value;
  if (!isSuccess(status)) {
    const word = status.toString(16).padStart(4, '0');
    return err('no-uid', `the card or reader refused to give a UID: ${word}, ${statusMeaning(status).meaning}`);
  }
  const uid = cardUid(data);
  if (!uid.ok) return err('not-a-campus-card', uid.detail ?? uid.code);
  if (isRandomUid(uid.value)) return err('random-uid', 'a random UID identifies nobody (a phone or a privacy card)');
  return ok(uid.value);
}

async function watchdog<T>(work: Promise<T>, hangs: () => void, goesOn: () => void): Promise<T> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    hangs();
  }, CALL_TIMEOUT_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    if (late) goesOn();
  }
}

/** nfc-pcsc wraps the native error, which is the one that says something. */
function innerMessage(error: unknown): string {
  const { previous } = error as { previous?: unknown };
  if (previous instanceof Error) return previous.message;
  return error instanceof Error ? error.message : 'unknown error';
}
