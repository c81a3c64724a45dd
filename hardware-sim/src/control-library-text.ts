// SPDX-License-Identifier: Apache-2.0
// What the control API says about the library, in words, for a terminal.
import type { ItemReport, LibraryReport, PatronReport } from './control-library.ts';
import type { Fault } from './library/faults.ts';

/** `path` is the route that gave the answer. */
export function describeLibrary(path: string, answer: unknown): string {
  if (path === '/library/switches') return describeSwitches(answer as Record<string, Record<string, string>>);
  if (path.startsWith('/library/items')) return describeItems(answer as { items: readonly ItemReport[] } | ItemReport);
  if (path === '/library/patron') return describePatron(answer as PatronReport);
  return describeReport(answer as LibraryReport);
}

const orNone = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));

function describeReport(report: LibraryReport): string {
  const { name, port, pluggedIn, desks, patrons, books, quirks, faults, lent, transactions } = report;
  const lines = [
    `${name}: port ${port}, ${pluggedIn ? `on line, ${desks} connected` : 'off line'}; ${patrons} patrons, ${books} books`,
    `quirks: ${orNone(quirks)}`,
    `faults: ${orNone(faults.map(describeFault))}`,
    `lent: ${lent.length}`,
    ...lent.map(({ item, title, patron, due }) => `  ${item}  ${patron}  until ${due.slice(0, 10)}  ${title}`),
    'latest transactions:',
    ...transactions.map(describeTransaction),
  ];
  return `${lines.join('\n')}\n`;
}

const describeTransaction = (done: LibraryReport['transactions'][number]): string =>
  [
    ` ${done.at}`,
    done.kind,
    done.item ?? '',
    done.patron ?? '',
    done.noBlock ? `(no block, of ${done.transactionDate})` : '',
  ]
    .filter(Boolean)
    .join(' ');

function describeFault({ kind, times, codes, beforeMs, afterMs }: Fault): string {
  const parts = [
    codes ? `for ${codes.join(' ')}` : '',
    times === undefined ? '' : `${times} times`,
    beforeMs === undefined ? '' : `${beforeMs} ms before`,
    afterMs === undefined ? '' : `${afterMs} ms after`,
  ].filter(Boolean);
  return parts.length === 0 ? kind : `${kind} (${parts.join(', ')})`;
}

const describeSwitches = (switches: Record<string, Record<string, string>>): string =>
  Object.entries(switches)
    .map(([what, rows]) => `${what}:\n${table(rows)}`)
    .join('\n');

/** Names and their lines, in two columns. */
export function table(rows: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(rows).map(({ length }) => length));
  return Object.entries(rows)
    .map(([name, says]) => `  ${name.padEnd(width)}  ${says}\n`)
    .join('');
}

function describeItems(answer: { readonly items: readonly ItemReport[] } | ItemReport): string {
  const items = 'items' in answer ? answer.items : [answer];
  const rows = items.map(
    ({ barcode, title, callNumber, lentTo }) =>
      `${barcode}  ${title}${callNumber ? `  ${callNumber}` : ''}${lentTo ? `  lent to ${lentTo}` : ''}\n`,
  );
  return rows.length === 0 ? 'no such book\n' : rows.join('');
}

const describePatron = ({ number, name, conditions, lent, holds }: PatronReport): string =>
  `${number}  ${name}: ${orNone(conditions)}\nlent: ${orNone(lent)}\nholds: ${orNone(holds)}\n`;
