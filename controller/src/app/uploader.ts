// SPDX-License-Identifier: Apache-2.0
// Carries the journal to the gateway: batches in order, a few on their way at once, each sent again until a cumulative
// acknowledgement covers it. The gateway keys events by device, epoch and number, so twice sent is once kept (DESIGN 1.2, 6).
import { decodeEnvelope, encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import { eventAck, MAX_EVENTS_A_BATCH } from '@latchkey/protocols/mqtt/messages';
import type { Clock } from '../ports/clock.ts';
import type { Journal, JournalStatus } from '../ports/journal.ts';
import type { Link } from '../ports/link.ts';
import type { Log } from './log.ts';

export interface Uploader {
  /** A connection is there: go on from what the gateway has acknowledged. */
  onUp(): void;
  onDown(): void;
  /** A `dn/ack` payload. */
  onAck(payload: Uint8Array): void;
  /** Something was journalled. */
  nudge(): void;
  close(): void;
}

export interface UploaderParts {
  readonly journal: Pick<Journal, 'read' | 'acknowledge' | 'status'>;
  readonly link: Pick<Link, 'publish'>;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Log;
}

const WINDOW_BATCHES = 4;
/** Without an acknowledgement for so long, everything unacknowledged is sent again. */
const RESEND_AFTER_MS = 10_000;

export function createUploader({ journal, link, clock, log }: UploaderParts): Uploader {
  let session = 0;
  let up = false;
  let pumping = false;
  let again = false;
  let epoch = '';
  let acked = 0;
  let sent = 0;
  let cancelResend: (() => void) | undefined;

  function rewindLater(failed = false): void {
    cancelResend?.();
    if (!up || (sent <= acked && !failed)) return;
    cancelResend = clock.after(RESEND_AFTER_MS, () => {
      sent = acked;
      pump();
    });
  }

  async function sendBatch(): Promise<boolean> {
    const mine = session;
    const rows = await journal.read(sent + 1, MAX_EVENTS_A_BATCH);
    // Asked after reading: a journal replaced meanwhile counts anew under another epoch, and its numbers must not mix.
    const status = await journal.status();
    const first = rows[0]?.seq;
    if (!up || mine !== session) return false;
    if (status.epoch !== epoch) adopt(status);
    else if (first !== undefined) return publish(first, rows);
    return false;
  }

  async function publish(first: number, rows: readonly { seq: number; event: JournalEvent }[]): Promise<boolean> {
    // A gap can only be what was acknowledged and trimmed meanwhile: a batch never jumps over a number that matters.
    const events = rows.filter(({ seq }, index) => seq === first + index).map(({ event }) => event);
    sent = first + events.length - 1;
    rewindLater();
    await link.publish('ev', encodeEnvelope({ epoch, first, events }));
    return true;
  }

  function adopt(status: JournalStatus): void {
    epoch = status.epoch;
    acked = status.ackedSeq;
    sent = acked;
    again = true;
  }

  async function run(): Promise<void> {
    for (;;) {
      again = false;
      const room = () => up && sent - acked < WINDOW_BATCHES * MAX_EVENTS_A_BATCH;
      while (room() && (await sendBatch()));
      if (!again) return;
    }
  }

  function pump(): void {
    again = true;
    if (!up || pumping) return;
    pumping = true;
    run()
      .then(() => rewindLater())
      .catch((error: unknown) => {
        log.debug({ error: String((error as { code?: string }).code ?? error) }, 'upload paused');
        again = false;
        rewindLater(true);
      })
      .finally(() => {
        pumping = false;
        if (again) pump();
      });
  }

  async function resume(mine: number): Promise<void> {
    const status = await journal.status();
    if (mine !== session) return;
    adopt(status);
    up = true;
    pump();
  }

  function attempt(mine: number): void {
    resume(mine).catch(() => {
      log.warn({}, 'journal unavailable, no upload');
      cancelResend?.();
      cancelResend = clock.after(RESEND_AFTER_MS, () => mine === session && attempt(mine));
    });
  }

  return {
    onUp() {
      session += 1;
      attempt(session);
    },
    onDown() {
      session += 1;
      up = false;
      cancelResend?.();
    },
    onAck(payload) {
      const envelope = decodeEnvelope(payload);
      const ack = envelope.ok ? eventAck.safeParse(envelope.value.json) : undefined;
      // Another epoch is a journal that is no more; a number never sent is nobody's to acknowledge.
      if (!ack?.success || ack.data.epoch !== epoch || ack.data.upTo <= acked || ack.data.upTo > sent) return;
      acked = ack.data.upTo;
      journal.acknowledge(acked).catch(() => log.warn({}, 'acknowledgement not kept'));
      rewindLater();
      pump();
    },
    nudge: pump,
    close() {
      session += 1;
      up = false;
      cancelResend?.();
    },
  };
}
