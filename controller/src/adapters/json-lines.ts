// SPDX-License-Identifier: Apache-2.0
// JSON lines over a socket, each line bounded: nobody makes the other side keep more than one line in memory.

export const MAX_LINE_BYTES = 16_384;

/** Returns a function to feed chunks to. After `onTooLong` nothing more is told; the caller drops the connection. */
export function lineReader(onLine: (line: string) => void, onTooLong: () => void): (chunk: Uint8Array) => void {
  let rest = Buffer.alloc(0);
  let broken = false;
  return (chunk) => {
    if (broken) return;
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      if (end > MAX_LINE_BYTES) break;
      const line = rest.toString('utf8', 0, end);
      rest = rest.subarray(end + 1);
      if (line.trim() !== '') onLine(line);
    }
    if (rest.length <= MAX_LINE_BYTES) return;
    broken = true;
    rest = Buffer.alloc(0);
    onTooLong();
  };
}

export const jsonLine = (message: object): string => `${JSON.stringify(message)}\n`;

/** undefined for anything that is not JSON: what follows is a schema, which refuses undefined as well. */
export function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
