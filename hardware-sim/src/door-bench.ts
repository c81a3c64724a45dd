// SPDX-License-Identifier: Apache-2.0
// The world behind one controller's terminals: relays it moves, contacts and buttons it sees, cards at its readers, and
// people who walk through a door that lets them. A person who tapped opens the door when the lock lets go, not before.
import type { InputLevel } from '@latchkey/controller/ports/panel';
import { type BenchInput, type BenchLayout, type BenchPortal, portalInputs } from './bench-layout.ts';

/** How people move. Without a contact nothing is seen of it. */
export interface Manners {
  /** Lock released → door open. */
  readonly reachMs: number;
  /** Door open → door shut. */
  readonly passMs: number;
  /** How long somebody who tapped waits for the lock. */
  readonly patienceMs: number;
}

export const DEFAULT_MANNERS: Manners = { reachMs: 400, passMs: 1_200, patienceMs: 5_000 };

/** Lays cards on readers that are not the bench's own, such as virtual ones under pcscd. */
export interface CardHand {
  present(reader: string, uid: Uint8Array): Promise<void>;
  remove(reader: string): Promise<void>;
}

export interface DoorBenchOptions {
  readonly layout: BenchLayout;
  readonly manners?: Manners;
  readonly hand?: CardHand;
  /** Monotonic, in milliseconds. */
  readonly now?: () => number;
}

/** What the connected controller is told. */
export type BenchEvent =
  | { readonly kind: 'input'; readonly input: string; readonly level: InputLevel }
  | { readonly kind: 'card'; readonly reader: string; readonly uid: string }
  | { readonly kind: 'code'; readonly reader: string; readonly text: string }
  | { readonly kind: 'removed'; readonly reader: string }
  | { readonly kind: 'unreadable'; readonly reader: string; readonly detail: string }
  | { readonly kind: 'attached' | 'detached'; readonly reader: string };

/** A relay that moved, at a time of the bench's clock. */
export interface RelayMove {
  readonly output: string;
  readonly on: boolean;
  readonly atMs: number;
}

const KEPT_MOVES = 1_000;

export class DoorBench {
  readonly layout: BenchLayout;
  readonly #manners: Manners;
  readonly #hand: CardHand | undefined;
  readonly #now: () => number;
  readonly #relays = new Map<string, boolean>();
  readonly #levels = new Map<string, InputLevel>();
  readonly #unplugged = new Set<string>();
  readonly #moves: RelayMove[] = [];
  readonly #moveListeners = new Set<(move: RelayMove) => void>();
  readonly #eventListeners = new Set<(event: BenchEvent) => void>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Portal → until when somebody waits before it. */
  readonly #waiting = new Map<string, number>();
  readonly #open = new Set<string>();

  constructor(options: DoorBenchOptions) {
    this.layout = options.layout;
    this.#manners = options.manners ?? DEFAULT_MANNERS;
    this.#hand = options.hand;
    this.#now = options.now ?? (() => performance.now());
    for (const input of options.layout.portals.flatMap(portalInputs)) this.#levels.set(input.input, quietLevel(input));
  }

  /** Relays that moved, oldest first; the last 1,000 are kept. */
  get moves(): readonly RelayMove[] {
    return this.#moves;
  }

  get attachedReaders(): string[] {
    return this.#hand ? [] : this.layout.readers.filter((reader) => !this.#unplugged.has(reader));
  }

  get inputLevels(): Readonly<Record<string, InputLevel>> {
    return Object.fromEntries(this.#levels);
  }

  relay(output: string): boolean {
    return this.#relays.get(output) ?? false;
  }

  /** Whether the lock lets people through in this direction, as its relay and its kind make it. */
  isReleased(portalId: string, direction: 'in' | 'out' = 'in'): boolean {
    const portal = this.portal(portalId);
    return this.relay(portal.outputs[direction]) === (portal.fail === 'secure');
  }

  isOpen(portalId: string): boolean {
    return this.#open.has(portalId);
  }

  portal(id: string): BenchPortal {
    const found = this.layout.portals.find((portal) => portal.id === id);
    if (found === undefined) throw new Error(`this bench has no portal "${id}"`);
    return found;
  }

  hasOutput(output: string): boolean {
    return this.layout.portals.some(
      ({ outputs, feedback }) => outputs.in === output || outputs.out === output || feedback?.includes(output),
    );
  }

  /** The controller's order. The relay has moved when this returns. */
  setRelay(output: string, on: boolean): void {
    if (this.relay(output) === on) return;
    this.#relays.set(output, on);
    const move = { output, on, atMs: this.#now() };
    this.#moves.push(move);
    if (this.#moves.length > KEPT_MOVES) this.#moves.shift();
    for (const listener of this.#moveListeners) listener(move);
    for (const portal of this.layout.portals) this.#letThrough(portal, output);
  }

  /** Resolves with the first move, from now on, of this relay to this state; undefined when time runs out. */
  async nextMove(output: string, on: boolean, timeoutMs: number): Promise<RelayMove | undefined> {
    return new Promise((resolve) => {
      const settle = (move: RelayMove | undefined) => {
        clearTimeout(timer);
        this.#timers.delete(timer);
        this.#moveListeners.delete(listener);
        resolve(move);
      };
      const listener = (move: RelayMove) => {
        if (move.output === output && move.on === on) settle(move);
      };
      const timer = setTimeout(() => settle(undefined), timeoutMs);
      this.#timers.add(timer);
      this.#moveListeners.add(listener);
    });
  }

  /** A person lays a card on a reader, and will go through if the lock lets go within their patience. */
  async present(reader: string, uid: Uint8Array): Promise<void> {
    this.#wait(reader);
    if (this.#hand) return this.#hand.present(reader, uid);
    this.#tell({ kind: 'card', reader, uid: Buffer.from(uid).toString('hex') });
  }

  /** A person holds a code under a scanner, and will go through as with a card. */
  scan(reader: string, text: string): void {
    this.#wait(reader);
    this.#tell({ kind: 'code', reader, text });
  }

  presentUnreadable(reader: string): void {
    this.#tell({ kind: 'unreadable', reader, detail: 'simulated: the card gave no number' });
  }

  async remove(reader: string): Promise<void> {
    if (this.#hand) return this.#hand.remove(reader);
    this.#tell({ kind: 'removed', reader });
  }

  plugReader(reader: string, present: boolean): void {
    if (present) this.#unplugged.delete(reader);
    else this.#unplugged.add(reader);
    this.#tell({ kind: present ? 'attached' : 'detached', reader });
  }

  /** Pushes the door, whatever the lock says: by force if it must be. */
  openDoor(portalId: string): void {
    this.#open.add(portalId);
    this.#drive(this.portal(portalId).contact, true);
  }

  closeDoor(portalId: string): void {
    this.#open.delete(portalId);
    this.#drive(this.portal(portalId).contact, false);
  }

  /** Presses the button or passes the motion sensor for a moment; a person stands there who wants out. */
  requestExit(portalId: string, holdMs = 300): void {
    const portal = this.portal(portalId);
    if (portal.requestToExit === undefined) throw new Error(`portal "${portalId}" has no request-to-exit input`);
    this.#waiting.set(portalId, this.#now() + this.#manners.patienceMs);
    this.#drive(portal.requestToExit, true);
    this.#later(holdMs, () => this.#drive(portal.requestToExit, false));
  }

  /** The fire panel, for one portal or for all that are wired to it. Returns how many inputs it drove. */
  setFire(on: boolean, portalId?: string): number {
    const inputs = this.layout.portals.filter(({ id }) => portalId === undefined || id === portalId);
    const wired = new Map(inputs.flatMap(({ fire }) => (fire ? [[fire.input, fire] as const] : [])));
    for (const input of wired.values()) this.#drive(input, on);
    return wired.size;
  }

  /** Any input, raw: for faults and for what no portal uses. */
  setInput(input: string, level: InputLevel): void {
    if (this.#levels.get(input) === level) return;
    this.#levels.set(input, level);
    this.#tell({ kind: 'input', input, level });
  }

  onEvent(listener: (event: BenchEvent) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  onMove(listener: (move: RelayMove) => void): () => void {
    this.#moveListeners.add(listener);
    return () => this.#moveListeners.delete(listener);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#eventListeners.clear();
    this.#moveListeners.clear();
  }

  #letThrough(portal: BenchPortal, output: string): void {
    const direction = portal.outputs.in === output ? 'in' : portal.outputs.out === output ? 'out' : undefined;
    if (direction === undefined || !this.isReleased(portal.id, direction)) return;
    if ((this.#waiting.get(portal.id) ?? 0) < this.#now()) return;
    this.#waiting.delete(portal.id);
    this.#later(this.#manners.reachMs, () => {
      if (!this.isReleased(portal.id, direction)) return;
      this.openDoor(portal.id);
      this.#later(this.#manners.passMs, () => this.closeDoor(portal.id));
    });
  }

  #wait(reader: string): void {
    const portal = this.layout.portals.find(({ readers }) => readers.some(({ name }) => name === reader));
    if (portal) this.#waiting.set(portal.id, this.#now() + this.#manners.patienceMs);
  }

  #drive(input: BenchInput | undefined, disturbed: boolean): void {
    if (input) this.setInput(input.input, disturbed ? otherLevel(input) : quietLevel(input));
  }

  #later(delayMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
  }

  #tell(event: BenchEvent): void {
    for (const listener of this.#eventListeners) listener(event);
  }
}

/** A closed circuit reads as active. */
const quietLevel = (input: BenchInput): InputLevel => (input.normallyClosed ? 'active' : 'inactive');
const otherLevel = (input: BenchInput): InputLevel => (input.normallyClosed ? 'inactive' : 'active');
