// SPDX-License-Identifier: Apache-2.0
// What a person can do to the library system of a simulated campus while it runs. No transport: HTTP and the tests both call this.
import type { RequestCode } from '@latchkey/protocols/sip2/message-table';
import { ControlError, type SimulatedCampus } from './control-commands.ts';
import { FAULT_KINDS, FAULTS, type Fault, isFaultKind } from './library/faults.ts';
import { blockPatron, enablePatron } from './library/holds-and-debts.ts';
import { conditionsNow, holdsOf, type Item, loansOf } from './library/library-state.ts';
import { isQuirk, QUIRK_NAMES, QUIRKS } from './library/quirks.ts';
import type { SimulatedLibrary } from './library/simulated-library.ts';
import { isRequest } from './library/sip-answers.ts';

const LATEST = 10;

function libraryOf({ library }: SimulatedCampus): SimulatedLibrary {
  if (library) return library;
  throw new ControlError('this campus has no library');
}

export interface LibraryReport {
  readonly name: string;
  readonly port: number;
  readonly pluggedIn: boolean;
  readonly desks: number;
  readonly patrons: number;
  readonly books: number;
  readonly quirks: readonly string[];
  readonly faults: readonly Fault[];
  readonly lent: readonly {
    readonly item: string;
    readonly title: string;
    readonly patron: string;
    readonly due: string;
  }[];
  readonly transactions: readonly {
    readonly at: string;
    readonly kind: string;
    readonly item: string | null;
    readonly patron: string | null;
    readonly noBlock: boolean;
    /** As the desk wrote it. */
    readonly transactionDate: string | null;
  }[];
}

const time = (ms: number): string => new Date(ms).toISOString();

export function reportLibrary(campus: SimulatedCampus): LibraryReport {
  const library = libraryOf(campus);
  return {
    name: library.policy.name,
    port: library.port,
    pluggedIn: library.isPluggedIn,
    desks: library.connections,
    patrons: library.patrons.size,
    books: library.items.size,
    quirks: [...library.quirks],
    faults: library.faults,
    lent: [...library.loans].map(([item, { patron, dueMs }]) => ({
      item,
      title: library.items.get(item)?.title ?? '',
      patron,
      due: time(dueMs),
    })),
    transactions: library.transactions.slice(-LATEST).map((done) => ({
      at: time(done.atMs),
      kind: done.kind,
      item: done.item,
      patron: done.patron,
      noBlock: done.noBlock,
      transactionDate: done.transactionDate?.local ?? null,
    })),
  };
}

/** What there is to switch, with its one line. */
export const listSwitches = () => ({ quirks: QUIRKS, faults: FAULTS });

export function setQuirk(campus: SimulatedCampus, name: string, on: boolean): LibraryReport {
  const library = libraryOf(campus);
  if (!isQuirk(name)) throw new ControlError(`there is no quirk "${name}"; there are: ${QUIRK_NAMES.join(', ')}`);
  const quirks = new Set(library.quirks);
  if (on) quirks.add(name);
  else quirks.delete(name);
  library.set({ quirks });
  return reportLibrary(campus);
}

export interface FaultOrder {
  readonly times?: number | undefined;
  readonly codes?: readonly string[] | undefined;
  readonly beforeMs?: number | undefined;
  readonly afterMs?: number | undefined;
}

/** One more fault, in place of the one of its kind; `on` false takes it away, and `all` takes all away. */
export function setFault(campus: SimulatedCampus, kind: string, on: boolean, order: FaultOrder = {}): LibraryReport {
  const library = libraryOf(campus);
  if (kind === 'all' && !on) library.set({ faults: [] });
  else {
    if (!isFaultKind(kind)) throw new ControlError(`there is no fault "${kind}"; there are: ${FAULT_KINDS.join(', ')}`);
    const others = library.faults.filter((fault) => fault.kind !== kind);
    library.set({ faults: on ? [...others, faultOf(kind, order)] : others });
  }
  return reportLibrary(campus);
}

function faultOf(kind: Fault['kind'], { codes, ...numbers }: FaultOrder): Fault {
  const given = Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined));
  if (codes === undefined) return { kind, ...given };
  const wrong = codes.find((code) => !isRequest(code));
  if (wrong !== undefined) throw new ControlError(`"${wrong}" is no request of SIP2, such as 11 or 63`);
  return { kind, ...given, codes: codes as RequestCode[] };
}

export async function setPlug(campus: SimulatedCampus, pluggedIn: boolean): Promise<LibraryReport> {
  const library = libraryOf(campus);
  await (pluggedIn ? library.plugIn() : library.unplug());
  return reportLibrary(campus);
}

export interface PatronReport {
  readonly number: string;
  readonly name: string;
  readonly conditions: readonly string[];
  readonly lent: readonly string[];
  readonly holds: readonly string[];
}

/** `blocked` undefined only looks. */
export function changePatron(campus: SimulatedCampus, number: string, blocked?: boolean): PatronReport {
  const library = libraryOf(campus);
  const found = library.patrons.get(number);
  if (!found) throw new ControlError(`the library has no patron "${number}"; see "people" for numbers`);
  const patron =
    blocked === undefined ? found : blocked ? blockPatron(library, found, false) : enablePatron(library, found);
  const { ready, waiting } = holdsOf(library, number);
  return {
    number,
    name: patron.name,
    conditions: conditionsNow(library, patron, library.policy, Date.now()),
    lent: loansOf(library, number).map(([item]) => item),
    holds: [...ready, ...waiting],
  };
}

export interface ItemReport extends Item {
  readonly lentTo: string | null;
}

export const findItems = (campus: SimulatedCampus, text: string, limit: number): ItemReport[] =>
  [...libraryOf(campus).items.values()]
    .filter(({ barcode, title }) => barcode.includes(text) || title.includes(text))
    .slice(0, limit)
    .map((item) => ({ ...item, lentTo: libraryOf(campus).loans.get(item.barcode)?.patron ?? null }));

export function addItem(campus: SimulatedCampus, item: Item): ItemReport {
  const library = libraryOf(campus);
  if (library.items.has(item.barcode)) throw new ControlError(`there is a book "${item.barcode}" already`);
  library.items.set(item.barcode, item);
  return { ...item, lentTo: null };
}
