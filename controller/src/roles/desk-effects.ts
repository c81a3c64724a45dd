// SPDX-License-Identifier: Apache-2.0
// What a counter session asks for, carried out: a line is written down, then the library is asked, then the screen is told.
// Nothing turns green before its line is durable (DESIGN 1.2).
import type { AskedAct, DeskEffect, DeskEvent } from '../core/desk-state.ts';
import type { DeskLedger } from './desk-ledger.ts';
import type { DeskLibrary } from './desk-library.ts';

export interface DeskEffects {
  run(effect: DeskEffect): void;
  /** Somebody at the counter waits for the library's answer to this line. */
  isUnderWay(number: number): boolean;
  /** The line of the screen, where there is one. */
  lineOf(number: number): string | undefined;
  /** Resolves once nothing is under way. */
  settled(): Promise<void>;
}

export interface DeskEffectParts {
  readonly library: DeskLibrary;
  readonly ledger: DeskLedger;
  readonly take: (event: DeskEvent) => unknown;
  readonly onTimer: (afterMs: number) => void;
  /** Something was left for the upload. */
  readonly onLeft: () => void;
}

/** Screens forget their lines, and with them these numbers. */
const MOST_NUMBERS = 500;

export function createDeskEffects({ library, ledger, take, onTimer, onLeft }: DeskEffectParts): DeskEffects {
  const numbers = new Map<string, number>();
  const underWay = new Set<number>();
  const running = new Set<Promise<void>>();

  function remember(line: string, number: number): void {
    numbers.set(line, number);
    const [oldest] = numbers.keys();
    if (numbers.size > MOST_NUMBERS && oldest !== undefined) numbers.delete(oldest);
  }

  async function ask(asked: AskedAct, feeAccepted: boolean): Promise<void> {
    const { number, durable } = ledger.begin(asked);
    remember(asked.line, number);
    underWay.add(number);
    // The line is in the file, so that the question may go while the disk makes it durable.
    const [answer, isDurable] = await Promise.all([library.act(asked, feeAccepted), settled(durable)]);
    underWay.delete(number);
    // Not waited for: what is lost of it is asked about at the next start.
    if (answer.outcome === 'ok') void settled(ledger.add({ kind: 'done', number }));
    else if (answer.outcome === 'refused' || answer.outcome === 'fee')
      void settled(ledger.add({ kind: 'refused', number }));
    if (!isDurable) take({ kind: 'notice', notice: 'disk-not-written' });
    take({ kind: 'answered', line: asked.line, answer });
    // Where nothing is kept here, the library is asked now what it did: its connection may stand as before.
    if (ledger.ledger().entries.get(number)?.state === 'asked') onLeft();
  }

  async function keep(effect: Extract<DeskEffect, { kind: 'keep' }>): Promise<void> {
    const { due, asked, line } = effect;
    const kept = (number: number) => ({ kind: 'kept', number, due, unsure: asked === 'unknown' }) as const;
    const known = asked === 'no' ? undefined : numbers.get(line);
    if (known === undefined) {
      const { number, durable } = ledger.begin(effect, (each) => [kept(each)]);
      remember(line, number);
      await durable;
    } else await ledger.add(kept(known));
    take({ kind: 'kept', line });
    onLeft();
  }

  async function drop(line: string): Promise<void> {
    const number = numbers.get(line);
    if (number !== undefined) await ledger.add({ kind: 'refused', number });
  }

  async function carryOut(effect: Exclude<DeskEffect, { kind: 'timer' }>): Promise<void> {
    switch (effect.kind) {
      case 'ask-patron': {
        const answer = await library.patron(effect.number);
        return void take({ kind: 'patron', session: effect.session, answer });
      }
      case 'ask':
        return ask(effect, effect.feeAccepted);
      case 'keep':
        return keep(effect);
      case 'drop':
        return drop(effect.line);
      case 'renew-all': {
        const answer = await library.renewAll(effect.number);
        return void take({ kind: 'renewed-all', session: effect.session, ...answer });
      }
      case 'pay': {
        const answer = await library.pay(effect);
        return void take({ kind: 'fee-answered', session: effect.session, ...answer });
      }
      case 'end-session':
        return library.endSession(effect.number);
    }
  }

  return {
    run(effect) {
      if (effect.kind === 'timer') return onTimer(effect.afterMs);
      const work = carryOut(effect).catch(() => {
        // Only the disk fails so: the line was not written, and so nobody was asked.
        const isLine = effect.kind === 'ask' || effect.kind === 'keep';
        take(isLine ? { kind: 'not-written', line: effect.line } : { kind: 'notice', notice: 'disk-not-written' });
      });
      running.add(work);
      void work.finally(() => running.delete(work));
    },
    isUnderWay: (number) => underWay.has(number),
    lineOf: (number) => [...numbers].find(([, each]) => each === number)?.[0],
    async settled() {
      await Promise.all(running);
    },
  };
}

const settled = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );
