// SPDX-License-Identifier: Apache-2.0
// The role of a desk: its reader and scanners, the page's actions, the library and the ledger around one counter session
// (DESIGN 2, desk). Single writer: whatever happens becomes an event of the session, one after the other.
import type { DeskAction, DeskAnswer, DeskReceipt, DeskState } from '@latchkey/protocols/api/desk';
import type { LibraryState } from '@latchkey/protocols/api/desk-terms';
import { codeFormOf } from '@latchkey/protocols/codes/code-forms';
import { conflicts, dueAt, isImportable, keptLoans, waiting } from '../core/circulation.ts';
import { csv, type ExportLine, koc } from '../core/desk-export.ts';
import { stepDesk } from '../core/desk-session.ts';
import { type DeskContext, type DeskEvent, type DeskSession, startDesk } from '../core/desk-state.ts';
import { deskView, receiptOf } from '../core/desk-view.ts';
import type { DeskWiring } from '../core/wiring-desk.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReaderEvent } from '../ports/reader-source.ts';
import { createDeskEffects } from './desk-effects.ts';
import type { DeskLedger } from './desk-ledger.ts';
import type { DeskLibrary } from './desk-library.ts';
import type { DeskPeople } from './desk-people.ts';
import { createDeskUpload } from './desk-upload.ts';

export interface Desk {
  onReader(event: ReaderEvent): void;
  act(action: DeskAction): Promise<DeskAnswer>;
  /** Somebody with the station's token opened the page. */
  opened(): void;
  view(): DeskState;
  receipt(): DeskReceipt;
  /** From then on the library is asked before it is told. Undefined on a self-service screen: it names patrons and their books. */
  exported(format: 'koc' | 'csv'): string | undefined;
  /** The library's system came, went, or said something new about itself. */
  onLibrary(): void;
  /** It lets nobody in: somebody has to put its settings right. */
  onLoginRefused(): void;
  /** The list changed. */
  refresh(): void;
  close(): Promise<void>;
}

export interface DeskParts {
  readonly wiring: DeskWiring;
  readonly library: DeskLibrary;
  readonly ledger: DeskLedger;
  readonly people: DeskPeople;
  readonly list: () => DeskState['list'];
  readonly clock: Clock;
  readonly software: string;
  /** Trusted time, never below 0. */
  readonly now: () => number;
  readonly timeZone: () => string;
  /** Called with every change, after it. */
  readonly onChange: (state: DeskState) => void;
}

const RETRY_UPLOAD_MS = 15_000;
const NO_CONTROL_CHARACTERS = /^[^\p{Cc}\uFFFD]{1,255}$/u;

export function createDesk(parts: DeskParts): Desk {
  const { wiring, library, ledger, people, clock } = parts;
  let session: DeskSession = startDesk(wiring.mode, parts.now());
  let seq = 0;
  let since = parts.now();
  let state: LibraryState = 'connecting';
  let cancelIdle: (() => void) | undefined;
  let cancelRetry: (() => void) | undefined;
  let closed = false;
  const upload = createDeskUpload({
    ledger,
    library,
    isUnderWay: (number) => effects.isUnderWay(number),
    onResolved({ number, item, act }, done, answer) {
      take({ kind: 'resolved', line: effects.lineOf(number), item, act, done, ...(answer && { answer }) });
    },
    onChange: changed,
  });
  const effects = createDeskEffects({ library, ledger, take, onTimer: armIdle, onLeft: onLibrary });

  const context = (): DeskContext => ({
    nowMs: parts.now(),
    library: state,
    keptLoans: (patron) => keptLoans(ledger.ledger(), patron),
    isWaiting: (item) => waitingNow().some((entry) => entry.item === item),
    idle: wiring.idle,
  });

  /** Left for the upload: nobody at the counter waits for its answer. */
  const waitingNow = () => waiting(ledger.ledger()).filter(({ number }) => !effects.isUnderWay(number));

  function take(event: DeskEvent) {
    if (closed) return undefined;
    const stepped = stepDesk(session, context(), event);
    session = stepped.state;
    for (const effect of stepped.effects) effects.run(effect);
    changed();
    return stepped.refused;
  }

  function armIdle(afterMs: number): void {
    cancelIdle?.();
    cancelIdle = clock.after(afterMs, () => void take({ kind: 'timer' }));
  }

  function view(): DeskState {
    const { name, takesStored } = library.state();
    const shown = deskView(session, context(), {
      name: wiring.name,
      timeZone: parts.timeZone(),
      library: { state, since, name, takesStored },
      list: parts.list(),
      ledger: ledger.ledger(),
      at: ledger.at,
      lastUploadMs: upload.lastAtMs(),
    });
    return { seq, now: parts.now(), ...shown };
  }

  function changed(): void {
    if (closed) return;
    seq += 1;
    parts.onChange(view());
  }

  function setState(next: LibraryState): void {
    if (next === state) return;
    state = next;
    since = parts.now();
    if (next === 'up') take({ kind: 'library-up' });
    else changed();
  }

  /** What happened without the library is told first: the order of a book's life is the order of time. */
  function onLibrary(): void {
    if (closed) return;
    cancelRetry?.();
    const said = library.state().state;
    if (said !== 'up') return setState(said);
    if (waitingNow().length === 0) return setState('up');
    if (state === 'up') setState('connecting');
    void upload.run().then((outcome) => {
      if (closed) return;
      if (outcome === 'clear') return setState(library.state().state);
      setState('offline');
      cancelRetry = clock.after(RETRY_UPLOAD_MS, onLibrary);
    });
  }

  function scan(reader: string, text: string): DeskAnswer {
    if (codeFormOf(text) === 'pass') {
      const event = people.code(reader, text, clock.monotonic());
      if (event) take(event);
    } else if (wiring.patronPattern !== undefined && new RegExp(`^(?:${wiring.patronPattern})$`).test(text)) {
      if (session.mode === 'self-service') return { ok: false, code: 'not-in-self-service' };
      take({ kind: 'identified', person: { number: text, ref: null, terms: null, blocks: ['not-a-borrower'] } });
    } else take(NO_CONTROL_CHARACTERS.test(text) ? { kind: 'item', item: text } : { kind: 'not-an-item' });
    return { ok: true };
  }

  async function decide({ conflict, decision, by }: Extract<DeskAction, { kind: 'decide' }>): Promise<DeskAnswer> {
    if (session.mode === 'self-service') return { ok: false, code: 'not-in-self-service' };
    const entry = conflicts(ledger.ledger()).find(({ number }) => String(number) === conflict);
    if (!entry) return { ok: false, code: 'no-conflict' };
    await ledger.add({ kind: 'decided', number: entry.number, at: parts.now(), decision, by });
    changed();
    if (decision === 'upload-again') onLibrary();
    return { ok: true };
  }

  async function imported({ upTo, by }: Extract<DeskAction, { kind: 'imported' }>): Promise<DeskAnswer> {
    if (session.mode === 'self-service') return { ok: false, code: 'not-in-self-service' };
    const lines = waiting(ledger.ledger()).filter((entry) => isImportable(entry) && entry.number <= upTo);
    if (lines.length === 0) return { ok: false, code: 'nothing-exported' };
    const at = parts.now();
    await ledger.add(...lines.map(({ number }) => ({ kind: 'decided', number, at, decision: 'settled', by }) as const));
    changed();
    return { ok: true };
  }

  function exportLines(): ExportLine[] {
    const open = [...waiting(ledger.ledger()), ...conflicts(ledger.ledger())];
    return open
      .filter((entry) => entry.state !== 'asked')
      .map((entry) => ({ entry, atMs: ledger.at(entry), dueMs: dueAt(entry, ledger.at(entry)) }))
      .sort((one, other) => one.entry.number - other.entry.number);
  }

  const onNotWritten = () => void take({ kind: 'notice', notice: 'disk-not-written' });

  return {
    onReader(event) {
      switch (event.kind) {
        case 'card':
          return void take(people.card(event.uid, event.class));
        case 'code':
          return void scan(event.reader, event.text);
        case 'unreadable':
          return void take({ kind: 'not-identified', notice: 'card-unreadable' });
        case 'detached':
          return void take({ kind: 'notice', notice: 'no-reader' });
        case 'attached':
        case 'removed':
          return undefined;
      }
    },
    async act(action) {
      if (action.kind === 'scan') return scan('page', action.text.trim());
      if (action.kind === 'decide') return decide(action);
      if (action.kind === 'imported') return imported(action);
      const code = take({ kind: 'action', action });
      return code === undefined ? { ok: true } : { ok: false, code };
    },
    opened: () => void take({ kind: 'opened', mode: wiring.mode }),
    view,
    receipt() {
      const head = { library: library.state().name, desk: wiring.name, at: parts.now(), timeZone: parts.timeZone() };
      return receiptOf(session, head);
    },
    exported(format) {
      if (session.mode === 'self-service') return undefined;
      const fresh = waiting(ledger.ledger()).filter(({ state, exported }) => state === 'kept' && !exported);
      if (fresh.length > 0)
        ledger.add(...fresh.map(({ number }) => ({ kind: 'exported', number }) as const)).catch(onNotWritten);
      changed();
      const timeZone = parts.timeZone();
      return format === 'koc' ? koc(exportLines(), parts.software, timeZone) : csv(exportLines(), timeZone);
    },
    onLibrary,
    onLoginRefused() {
      if (!closed) take({ kind: 'notice', notice: 'library-refuses-login' });
    },
    refresh: changed,
    async close() {
      if (closed) return;
      closed = true;
      cancelIdle?.();
      cancelRetry?.();
      await effects.settled();
      await ledger.close();
    },
  };
}
