// SPDX-License-Identifier: Apache-2.0
// Events of controllers into the database (promise 2, DESIGN 6): committed before anything is acknowledged, once whatever is
// sent again, in the order of each journal. What is not understood is kept apart and does not hold up the rest.
import { sha256Hex } from '@latchkey/protocols/bytes/hash';
import type { DeviceId } from '@latchkey/protocols/ids';
import { decodeEnvelope, encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { type JournalEvent, journalEvent } from '@latchkey/protocols/mqtt/events';
import { eventBatch, MAX_EVENTS_A_BATCH } from '@latchkey/protocols/mqtt/messages';
import { z } from 'zod';
import type { Bindable } from '../adapters/database/database-messages.ts';
import { eventValues, heldBy, insertEventValues } from '../adapters/database/insert-events.ts';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import type { LockEvent, RecordHolders } from './locks/record-holders.ts';
import type { Log } from './log.ts';
import type { PortalReports } from './portal-reports.ts';

export interface Ingest {
  /** An `up/ev` payload. Resolves once it is durable; rejects when the database failed, and the controller sends again. */
  take(device: DeviceId, payload: Uint8Array): Promise<void>;
  /** What hello says of the journal: where a gateway restored from a backup has to go on. */
  resume(device: DeviceId, journal: { readonly epoch: string; readonly ackedSeq: number }): Promise<void>;
  /** Devices that have sent what was not understood. */
  quarantined(): ReadonlySet<string>;
}

export interface IngestOptions {
  readonly database: Pick<GatewayDatabase, 'db' | 'batch'>;
  readonly reports: Pick<PortalReports, 'pieces'>;
  /** Whom records of locks are about. */
  readonly holders: RecordHolders;
  readonly nowMs: () => number;
  /** Sends a `dn/ack` payload. */
  readonly acknowledge: (device: DeviceId, payload: Uint8Array) => void;
  /** Events were committed. */
  readonly onCommitted: (count: number) => void;
  readonly log: Log;
}

/** The envelope must fit; the events inside are judged one by one. */
const looseBatch = eventBatch.extend({ events: z.array(z.unknown()).min(1).max(MAX_EVENTS_A_BATCH) });

const QUARANTINE = `insert into event_quarantine (device_id, epoch, seq, received_at, reason, raw, digest)
  values (?, ?, ?, ?, ?, ?, ?) on conflict (device_id, digest) do nothing`;

/** The journal of one device that is being received. */
interface JournalState {
  readonly epoch: string;
  acked: number;
}

interface Batch {
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
  readonly rows: Bindable[][];
  /** Where in the rows a lock's record stands. */
  readonly records: ReadonlyMap<number, LockEvent>;
  readonly events: readonly JournalEvent[];
  readonly odd: readonly Bindable[][];
}

export function createIngest(options: IngestOptions): Ingest {
  const { database, log } = options;
  const journals = new Map<DeviceId, JournalState>();
  const turns = new Map<DeviceId, Promise<void>>();
  const quarantined = new Set<string>();

  /** One batch of a device after the other; batches of different devices share a commit. */
  function inTurn(device: DeviceId, work: () => Promise<void>): Promise<void> {
    const done = (turns.get(device) ?? Promise.resolve()).then(work);
    const settled = done.catch(() => undefined);
    turns.set(device, settled);
    void settled.then(() => {
      if (turns.get(device) === settled) turns.delete(device);
    });
    return done;
  }

  async function journalOf(device: DeviceId, epoch: string): Promise<JournalState> {
    const known = journals.get(device);
    if (known?.epoch === epoch) return known;
    const row = await database.db
      .selectFrom('device_journal')
      .select('acked_seq')
      .where('device_id', '=', device)
      .where('epoch', '=', epoch)
      .executeTakeFirst();
    const state = { epoch, acked: row?.acked_seq ?? 0 };
    journals.set(device, state);
    return state;
  }

  async function setAside(device: DeviceId, rows: readonly Bindable[][]): Promise<void> {
    quarantined.add(device);
    log.error({ device, count: rows.length }, 'events not understood are kept apart');
    await database.batch([{ sql: QUARANTINE, rows }]);
  }

  async function store(
    device: DeviceId,
    { epoch, first, last, rows, records, events, odd }: Batch,
    atMs: number,
  ): Promise<void> {
    const journal = await journalOf(device, epoch);
    // After a gap nothing is acknowledged until what lies in it has come.
    const upTo = first <= journal.acked + 1 ? Math.max(journal.acked, last) : journal.acked;
    try {
      if (odd.length > 0) await setAside(device, odd);
      for (const [at, record] of records) rows[at] = heldBy(rows[at] ?? [], await options.holders.of(record));
      const mark = { deviceId: device, epoch, ackedSeq: upTo, atMs };
      await Promise.all([insertEventValues(database, rows, [mark]), options.reports.pieces(device, events)]);
    } catch (error) {
      journals.delete(device);
      throw error;
    }
    journal.acked = upTo;
    options.acknowledge(device, encodeEnvelope({ epoch, upTo }));
    options.onCommitted(rows.length);
  }

  function take(device: DeviceId, payload: Uint8Array): Promise<void> {
    const atMs = options.nowMs();
    // Read at once, while the database syncs what came before; only the commits are in turn.
    const batch = readBatch(device, payload, atMs);
    if (batch) return inTurn(device, () => store(device, batch, atMs));
    // Without a number there is nothing to acknowledge: the controller will send it again, and it is kept once.
    return setAside(device, [[device, null, null, atMs, 'no batch', payload, sha256Hex(payload)]]);
  }

  return {
    take,
    resume: (device, { epoch, ackedSeq }) =>
      inTurn(device, async () => {
        const journal = await journalOf(device, epoch);
        if (ackedSeq <= journal.acked) return;
        log.error({ device, from: journal.acked + 1, upTo: ackedSeq }, 'events acknowledged before are missing here');
        journal.acked = ackedSeq;
      }),
    quarantined: () => quarantined,
  };
}

/** `undefined` for what is no batch at all. */
function readBatch(device: DeviceId, payload: Uint8Array, atMs: number): Batch | undefined {
  const envelope = decodeEnvelope(payload);
  const loose = envelope.ok ? looseBatch.safeParse(envelope.value.json) : undefined;
  if (!loose?.success) return undefined;
  const { epoch, first } = loose.data;
  const rows: Bindable[][] = [];
  const events: JournalEvent[] = [];
  const records = new Map<number, LockEvent>();
  const odd: Bindable[][] = [];
  for (const [index, raw] of loose.data.events.entries()) {
    const seq = first + index;
    const parsed = journalEvent.safeParse(raw);
    const body = JSON.stringify(raw);
    if (parsed.success) {
      const event = parsed.data;
      const portal = 'portal' in event ? (event.portal ?? null) : null;
      const reference = 'credential' in event ? event.credential.ref : null;
      events.push(event);
      const record = event.type === 'lock-event' ? recordKey(event) : null;
      if (event.type === 'lock-event') records.set(rows.length, event);
      rows.push(eventValues(device, epoch, seq, event.at, atMs, event.type, portal, reference, body, record));
    } else odd.push(oddRow(device, epoch, seq, atMs, body, parsed.error.issues[0]));
  }
  return { epoch, first, last: first + loose.data.events.length - 1, rows, records, events, odd };
}

/** A lock whose memory was replaced counts anew, at another time. */
const recordKey = ({ lockId, seq, kind, lockMs }: LockEvent): string => `${lockId} ${seq} ${kind} ${lockMs}`;

function oddRow(
  device: DeviceId,
  epoch: string,
  seq: number,
  atMs: number,
  body: string,
  issue: z.core.$ZodIssue | undefined,
): Bindable[] {
  const reason = `${issue?.path.join('.') ?? ''}: ${issue?.code ?? ''}`.slice(0, 200);
  const encoder = new TextEncoder();
  return [device, epoch, seq, atMs, reason, encoder.encode(body), sha256Hex(encoder.encode(`${epoch} ${seq} ${body}`))];
}
