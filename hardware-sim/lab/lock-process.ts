// SPDX-License-Identifier: Apache-2.0
// The lock's process as the scenario holds it: what it told, and what is done to it.
import { type ChildProcess, fork } from 'node:child_process';
import { bundle } from '../src/campus/bundle.ts';
import { until } from './report.ts';

export type LockNews =
  | { readonly kind: 'ready' }
  | { readonly kind: 'bolt'; readonly bolt: string }
  | { readonly kind: 'silent'; readonly bytes: number }
  | { readonly kind: 'presented'; readonly outcome: string; readonly reason: string }
  | { readonly kind: 'counted'; readonly records: number; readonly drawn: number; readonly bytes: number };

export type LockOrder =
  | { readonly kind: 'present'; readonly uid: string }
  /** After this many bytes more nothing is heard until there is a new link. */
  | { readonly kind: 'fall-silent'; readonly afterBytes: number }
  /** What a radio says of a link that is silent for long; btvirt's never does. */
  | { readonly kind: 'supervise' }
  | { readonly kind: 'count' }
  | { readonly kind: 'end' };

type NewsOf<K extends LockNews['kind']> = Extract<LockNews, { kind: K }>;

const ANSWER_MS = 30_000;

export class LockProcess {
  readonly news: LockNews[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (news) => void this.news.push(news as LockNews));
  }

  /** Resolves once it advertises. */
  static async start(lockId: string, label: string): Promise<LockProcess> {
    const env = { ...process.env, BLENO_HCI_DEVICE_ID: '1' };
    const lock = new LockProcess(fork(bundle('sim/lab-lock.mjs'), [lockId, label], { env }));
    await lock.next('ready', 0);
    return lock;
  }

  /** The bolt stands where it was told last. */
  get bolt(): string {
    return this.#last('bolt')?.bolt ?? 'thrown';
  }

  #last<K extends LockNews['kind']>(kind: K): NewsOf<K> | undefined {
    return this.news.findLast((each): each is NewsOf<K> => each.kind === kind);
  }

  /** The first of its kind among what was told from `since` on. */
  async next<K extends LockNews['kind']>(kind: K, since: number, timeoutMs = ANSWER_MS): Promise<NewsOf<K>> {
    const found = () => this.news.slice(since).find((each): each is NewsOf<K> => each.kind === kind);
    const took = await until(() => found() !== undefined || this.#child.exitCode !== null, timeoutMs);
    const news = found();
    if (!news) throw new Error(`the lock did not tell "${kind}" ${took === undefined ? 'in time' : 'and ended'}`);
    return news;
  }

  tell(order: LockOrder): void {
    this.#child.send(order);
  }

  async present(uid: string): Promise<string> {
    const since = this.news.length;
    this.tell({ kind: 'present', uid });
    const { outcome, reason } = await this.next('presented', since);
    return `${outcome} ${reason}`.trim();
  }

  count(): Promise<NewsOf<'counted'>> {
    const since = this.news.length;
    this.tell({ kind: 'count' });
    return this.next('counted', since);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.tell({ kind: 'end' });
    await ended;
  }
}
