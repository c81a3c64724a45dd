// SPDX-License-Identifier: Apache-2.0
// The desk with what stands around it: its ledger on disk, its page on the loopback, the library's system. A controller without a
// desk has one that does nothing.

import type { DeskState } from '@latchkey/protocols/api/desk';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { openCirculationFile } from '../adapters/circulation-file.ts';
import { readDeskPage } from '../adapters/desk-page.ts';
import { DeskServer } from '../adapters/desk-server.ts';
import type { KeyFolder } from '../adapters/key-folder.ts';
import { createReopening, type Reopening } from '../adapters/reopening.ts';
import type { EventBody } from '../core/event-body.ts';
import type { DeskWiring } from '../core/wiring-desk.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { ReaderEvent } from '../ports/reader-source.ts';
import { createDesk, type Desk } from '../roles/desk.ts';
import { compactLines, createDeskLedger } from '../roles/desk-ledger.ts';
import { createDeskPeople, type DeskPeople, type DeskPeopleParts } from '../roles/desk-people.ts';
import { KEY_FILES } from './data-folder.ts';
import { openDeskLibrary } from './desk-library.ts';
import type { ListKeeper } from './list-keeper.ts';
import type { Log } from './log.ts';
import type { Recording } from './recording.ts';
import type { Foundation } from './start-controller.ts';
import type { TrustedClock } from './trusted-clock.ts';
import { deskPage } from './worker-file.ts';

export interface DeskSide {
  onReader(event: ReaderEvent): void;
  /** Lists changed. */
  refresh(): void;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface DeskSideParts extends Pick<Foundation, 'folder'>, Omit<DeskPeopleParts, 'portal' | 'listFor'> {
  readonly wiring: Pick<Foundation['wiring'], 'desk'>;
  readonly keys: KeyFolder;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly time: Pick<TrustedClock, 'instant'>;
  readonly recording: Pick<Recording, 'alarms' | 'record'>;
  readonly lists: Pick<ListKeeper, 'listFor'>;
  readonly boot: string;
  readonly software: string;
}

const NO_DESK: DeskSide = {
  onReader: () => undefined,
  refresh: () => undefined,
  start: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
const TOKEN_BYTES = 24;
const MINUTE_MS = 60_000;
const DEFAULT_ZONE = 'Asia/Shanghai';

/** Of the station: whoever has it works at this desk. */
async function stationToken(keys: KeyFolder, random: Random): Promise<string> {
  const kept = await keys.read(KEY_FILES.station);
  if (kept) return new TextDecoder().decode(kept);
  const token = toBase64url(random.bytes(TOKEN_BYTES));
  await keys.write(KEY_FILES.station, new TextEncoder().encode(token));
  return token;
}

export async function openDeskSide(parts: DeskSideParts): Promise<DeskSide> {
  const { wiring, keys, random, clock, log } = parts;
  if (!wiring.desk) return NO_DESK;
  const [token, files, file] = await Promise.all([
    stationToken(keys, random),
    readDeskPage(deskPage()),
    openCirculationFile(parts.folder.circulation, compactLines),
  ]);
  if (file.damaged > 0)
    parts.recording.alarms.set('journal-failed', true, `${file.damaged} lines of the desk's ledger`);
  const made = makeDesk(parts, wiring.desk, file);
  let server: DeskServer | undefined;
  let opening: Reopening | undefined;
  made.onChange((state) => server?.show(state));
  const { port } = wiring.desk.page;

  async function open(): Promise<() => Promise<void>> {
    const { desk } = made;
    server = await DeskServer.start({ ...desk, port, files, token, clock });
    return async () => {
      await server?.close();
      server = undefined;
    };
  }

  return {
    onReader: made.desk.onReader,
    refresh: made.desk.refresh,
    async start() {
      made.start();
      opening = createReopening({
        clock,
        random,
        open,
        onOpen: () => log.info({ port, files: files.size }, 'desk is served'),
        onEnd: () => undefined,
        onFailed: (reason) => log.error({ port, reason }, 'desk cannot be served, trying on'),
      });
    },
    async close() {
      await opening?.close();
      await made.close();
    },
  };
}

function makeDesk(parts: DeskSideParts, wiring: DeskWiring, file: Awaited<ReturnType<typeof openCirculationFile>>) {
  const { clock, boot, time, lists } = parts;
  let onChange: (state: DeskState) => void = () => undefined;
  const listFor = () => lists.listFor(wiring.portal);
  const people = createDeskPeople({ ...parts, portal: wiring.portal, listFor });
  const record = (event: EventBody) => parts.recording.record(event);
  const ledger = createDeskLedger({ file, portal: wiring.portal, boot, clock, instant: time.instant, record });
  const timeZone = () => listFor()?.policy.document.timeZone ?? DEFAULT_ZONE;
  const now = () => Math.max(0, time.instant().ms);
  const onState = () => desk.onLibrary();
  const onLoginRefused = () => desk.onLoginRefused();
  const library = openDeskLibrary({ ...parts, wiring, timeZone, now, onState, onLoginRefused });
  const desk: Desk = createDesk({
    wiring,
    library,
    ledger,
    people,
    list: () => listView(listFor(), people),
    clock,
    software: parts.software,
    now,
    timeZone,
    onChange: (state) => onChange(state),
  });
  return {
    desk,
    onChange(listener: (state: DeskState) => void) {
      onChange = listener;
    },
    start() {
      library.start();
      desk.onLibrary();
    },
    async close() {
      await desk.close();
      await library.close();
    },
  };
}

function listView(list: ReturnType<ListKeeper['listFor']>, people: DeskPeople): DeskState['list'] {
  if (!list) return null;
  const { version, issuedAtMs, refreshBy, hardExpiry } = list.head;
  return {
    version,
    issuedAt: issuedAtMs,
    refreshBy: refreshBy * MINUTE_MS,
    hardExpiry: hardExpiry * MINUTE_MS,
    borrowers: people.borrowers(),
  };
}
