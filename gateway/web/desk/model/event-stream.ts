// SPDX-License-Identifier: Apache-2.0
// Reads a stream of server-sent events piece by piece (HTML standard, 9.2.6). Unlike the browser's EventSource it shows the beats,
// which are comments: without them a frozen controller would look like a quiet one.

export type StreamPart =
  | { readonly kind: 'event'; readonly name: string; readonly data: string }
  | { readonly kind: 'beat' };

export interface EventStreamReader {
  /** Whatever is complete with this piece. */
  push(piece: string): StreamPart[];
}

export function createEventStreamReader(): EventStreamReader {
  let rest = '';
  let name = '';
  let data: string[] = [];

  function take(line: string): StreamPart | undefined {
    if (line === '') return finish();
    if (line.startsWith(':')) return { kind: 'beat' };
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
    return undefined;
  }

  function finish(): StreamPart | undefined {
    const part = { kind: 'event', name: name === '' ? 'message' : name, data: data.join('\n') } as const;
    const isEmpty = data.length === 0;
    name = '';
    data = [];
    return isEmpty ? undefined : part;
  }

  return {
    push(piece) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      return lines.map((line) => take(line.replace(/\r$/, ''))).filter((part) => part !== undefined);
    },
  };
}
