// SPDX-License-Identifier: Apache-2.0
// A library desk as a process of its own: from a scan to the loan on the page's event stream, its line durable before, against one
// bare SIP2 exchange with the same server in the same run. The server answers after 20 ms, quick for a library's system.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STANDARD_OPTIONS } from '@latchkey/protocols/sip2/message';
import { sipDateAt } from '@latchkey/protocols/sip2/sip-date';
import { writeMessage } from '@latchkey/protocols/sip2/write-message';
import { type DeskPage, layDesk, startDeskProcess } from '../src/desk/desk-process.ts';
import { freePorts } from '../src/free-ports.ts';
import { type SimulatedLibrary, startSimulatedLibrary } from '../src/library/simulated-library.ts';

const ANSWER_MS = 20;
const ROUNDS = 300;
const WARM_UP = 50;
/** A session's screen holds 200 lines: patrons change, as they do. */
const BOOKS_A_PATRON = 20;

export async function run(): Promise<Record<string, number>> {
  const dataDir = mkdtempSync(join(process.env['LATCHKEY_BENCH_DIR'] ?? tmpdir(), 'latchkey-desk-'));
  const library = await startSimulatedLibrary({
    policies: { takesAnything: true, loanLimit: 2 * ROUNDS },
    faults: [{ kind: 'slow', beforeMs: ANSWER_MS / 2, afterMs: ANSWER_MS / 2 }],
  });
  try {
    const figures = await measure(dataDir, library);
    console.table(figures);
    return figures;
  } finally {
    await library.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function measure(dataDir: string, library: SimulatedLibrary): Promise<Record<string, number>> {
  const pagePort = await freePorts(1);
  await layDesk({ dataDir, pagePort, libraryPort: library.port });
  const desk = await startDeskProcess({ dataDir, pagePort });
  const bare = await openBareExchange(library.port);
  const loans: number[] = [];
  const floors: number[] = [];
  try {
    await desk.page.until(({ library: { state } }) => state === 'up');
    for (let round = 0; round < ROUNDS; round += 1) {
      if (round % BOOKS_A_PATRON === 0) await takeUp(desk.page, String(2_000_000 + round));
      loans.push(await lend(desk.page, `book-${round}`));
      floors.push(await bare.lend(`bare-${round}`));
    }
  } finally {
    bare.close();
    await desk.kill();
  }
  const loanMs = median(loans.slice(WARM_UP));
  const roundTripMs = median(floors.slice(WARM_UP));
  return {
    loanOverRoundTrip: round2(loanMs / roundTripMs),
    loanMs: round2(loanMs),
    loanP99Ms: round2(p99(loans.slice(WARM_UP))),
    roundTripMs: round2(roundTripMs),
  };
}

async function takeUp(page: DeskPage, number: string): Promise<void> {
  await page.act({ kind: 'scan', text: number });
  await page.until(({ patron }) => patron?.number === number && patron.source === 'library');
}

async function lend(page: DeskPage, item: string): Promise<number> {
  const since = performance.now();
  const shown = page.until(({ items }) => items[0]?.item === item && items[0].message === 'lent');
  await page.act({ kind: 'scan', text: item });
  await shown;
  return performance.now() - since;
}

const OPTIONS = { ...STANDARD_OPTIONS, charset: 'utf-8' } as const;
const CR = 0x0d;

/** What nobody can be faster than who asks this server: one question, one answer, on a connection that stands. */
async function openBareExchange(port: number) {
  const socket: Socket = connect({ host: '127.0.0.1', port }).setNoDelay(true);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const transactionDate = sipDateAt(Date.now(), 'Asia/Shanghai');
  const fixed = { renewalPolicy: true, noBlock: false, transactionDate, noBlockDueDate: null };
  return {
    async lend(item: string): Promise<number> {
      const question = writeMessage('11', fixed, { AO: 'LIB', AA: 'bare', AB: item, AC: '' }, 1, OPTIONS);
      if (!question.ok) throw new Error(question.detail);
      const since = performance.now();
      const answered = new Promise<void>((resolve) => {
        const listener = (chunk: Buffer) => {
          if (!chunk.includes(CR)) return;
          socket.off('data', listener);
          resolve();
        };
        socket.on('data', listener);
      });
      socket.write(question.value);
      await answered;
      return performance.now() - since;
    },
    close: () => void socket.destroy(),
  };
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
const median = (values: readonly number[]): number => sorted(values)[Math.floor(values.length / 2)] ?? Number.NaN;
const p99 = (values: readonly number[]): number => sorted(values)[Math.ceil(values.length * 0.99) - 1] ?? Number.NaN;
const round2 = (value: number): number => Math.round(value * 100) / 100;
