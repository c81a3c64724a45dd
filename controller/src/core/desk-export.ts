// SPDX-License-Identifier: Apache-2.0
// What waits at a desk as a file for library systems that take no stored transactions over SIP2: Koha's `.koc` 1.0 and CSV
// (reference: sip2, section 9). Times are the desk's wall clock.
import type { CirculationEntry } from './circulation.ts';

export interface ExportLine {
  readonly entry: CirculationEntry;
  readonly atMs: number;
  readonly dueMs: number | null;
}

const VERSION = '1.0';

/** Neither a tab nor the end of a line may stand in a value. */
const plain = (text: string): string => text.replace(/[\t\r\n]/g, ' ');

/** A loan and a renewal are both an issue: Koha renews what the same patron has. */
export function koc(lines: readonly ExportLine[], software: string, timeZone: string): string {
  const rows = lines.map(({ entry, atMs }) => {
    const time = `${wallTime(atMs, timeZone)} ${String(Math.floor(atMs % 1_000)).padStart(3, '0')}`;
    const what =
      entry.act === 'return' ? ['return', plain(entry.item)] : ['issue', plain(entry.patron ?? ''), plain(entry.item)];
    return [time, ...what].join('\t');
  });
  return `${[`Version=${VERSION}`, 'Generator=latchkey', `GeneratorVersion=${software}`].join('\t')}\n${rows.map((row) => `${row}\n`).join('')}`;
}

/** A spreadsheet takes what begins with these for a formula. */
const cell = (text: string): string => `"${(/^[=+\-@]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;

export function csv(lines: readonly ExportLine[], timeZone: string): string {
  const rows = lines.map(({ entry, atMs, dueMs }) =>
    [
      String(entry.number),
      wallTime(atMs, timeZone),
      entry.act,
      entry.item,
      entry.patron ?? '',
      dueMs === null ? '' : wallTime(dueMs, timeZone),
      entry.state,
    ]
      .map(cell)
      .join(),
  );
  return `number,at,act,item,patron,due,state\r\n${rows.map((row) => `${row}\r\n`).join('')}`;
}

/** `2026-11-22 14:03:09`. */
function wallTime(ms: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return format.format(ms);
}
