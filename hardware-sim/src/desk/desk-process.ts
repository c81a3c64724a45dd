// SPDX-License-Identifier: Apache-2.0
// The shipped controller as a library desk in a process of its own, and its page as a program sees it: opened with the station's
// link, told what to do, watched through its event stream.
import { type ChildProcess, spawn } from 'node:child_process';
import { get, request } from 'node:http';
import { layFolder, makeCampus, policyFor } from '@latchkey/controller/app/campus.test-support';
import { dataFolder } from '@latchkey/controller/app/data-folder';
import { stationLink } from '@latchkey/controller/app/desk-link';
import type { DeskAction, DeskState } from '@latchkey/protocols/api/desk';
import { DESK_HEADER } from '@latchkey/protocols/api/desk-terms';
import { bundle } from '../campus/bundle.ts';

const PORTAL = 'library-desk';
const LOOPBACK = '127.0.0.1';
const START_TIMEOUT_MS = 20_000;

export interface DeskPlan {
  readonly dataDir: string;
  readonly pagePort: number;
  readonly libraryPort: number;
}

/** A folder as enrolment leaves it, with a desk and a list that lets nobody borrow without the library. */
export async function layDesk({ dataDir, pagePort, libraryPort }: DeskPlan): Promise<void> {
  const campus = await makeCampus();
  const library = { host: LOOPBACK, port: libraryPort, charset: 'utf-8' };
  await layFolder(dataDir, campus, {
    list: await campus.list(1, { policyDocument: policyFor([PORTAL]) }),
    wiring: {
      readers: [],
      panel: { kind: 'none' },
      portals: [],
      desk: {
        portal: PORTAL,
        name: 'Counter',
        readers: [],
        page: { port: pagePort },
        patronPattern: '20[0-9]{5}',
        idle: { warnMs: 3_000_000, endMs: 3_600_000 },
        library,
      },
    },
  });
}

export interface DeskPage {
  /** Resolves once the controller took it. */
  act(action: DeskAction): Promise<number>;
  state(): DeskState | undefined;
  /** Resolves with the first snapshot, from now on or the present one, of which `probe` holds. */
  until(probe: (state: DeskState) => boolean): Promise<DeskState>;
  close(): void;
}

/** Opens the station and follows its stream. Rejects while nobody serves it. */
export async function openDeskPage({ dataDir, pagePort }: Pick<DeskPlan, 'dataDir' | 'pagePort'>): Promise<DeskPage> {
  const link = await stationLink(dataDir);
  if (!link.ok) throw new Error(link.detail ?? link.code);
  const opened = await fetch(link.value, { redirect: 'manual' });
  const cookie = (opened.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  let shown: DeskState | undefined;
  const watchers = new Set<(state: DeskState) => void>();
  const stream = get({ host: LOOPBACK, port: pagePort, path: '/desk/api/stream', headers: { cookie } }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const event = text.slice(0, end);
        text = text.slice(end + 2);
        const at = event.indexOf('data: ');
        if (at < 0) continue;
        shown = JSON.parse(event.slice(at + 6)) as DeskState;
        for (const watcher of watchers) watcher(shown);
      }
    });
    response.on('error', () => undefined);
  });
  // The desk is killed under it.
  stream.on('error', () => undefined);
  stream.on('socket', (socket) => socket.setNoDelay(true));

  return {
    state: () => shown,
    act: (action) => post(pagePort, cookie, action),
    until: (probe) =>
      new Promise((resolve) => {
        const watcher = (state: DeskState) => {
          if (!probe(state)) return;
          watchers.delete(watcher);
          resolve(state);
        };
        watchers.add(watcher);
        if (shown) watcher(shown);
      }),
    close: () => void stream.destroy(),
  };
}

function post(port: number, cookie: string, action: DeskAction): Promise<number> {
  const origin = `http://${LOOPBACK}:${port}`;
  const headers = { cookie, origin, [DESK_HEADER]: '1', 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request({ host: LOOPBACK, port, method: 'POST', path: '/desk/api/act', headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.setNoDelay(true);
    sent.end(JSON.stringify(action));
  });
}

export interface DeskProcess {
  readonly page: DeskPage;
  /** SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
}

/** `env`: where its card readers are, say. */
export async function startDeskProcess(
  plan: Pick<DeskPlan, 'dataDir' | 'pagePort'>,
  env: Readonly<Record<string, string>> = {},
): Promise<DeskProcess> {
  const args = [bundle('controller/main.mjs'), 'controller', '--data', plan.dataDir, '--log-level', 'error'];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  });
  try {
    const page = await opened(child, plan);
    return {
      page,
      async kill() {
        page.close();
        await killed(child);
      },
    };
  } catch (error) {
    await killed(child);
    throw error;
  }
}

async function opened(child: ChildProcess, plan: Pick<DeskPlan, 'dataDir' | 'pagePort'>): Promise<DeskPage> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      return await openDeskPage(plan);
    } catch (error) {
      if (child.exitCode !== null || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

/** Where the ledger of a desk lies. */
export const ledgerFile = (dataDir: string): string => dataFolder(dataDir).circulation;
