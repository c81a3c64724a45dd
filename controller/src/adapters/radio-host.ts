// SPDX-License-Identifier: Apache-2.0
// The side of a radio's process that holds the radio: does what it is told, and tells what it hears.
import { type LockLink, type LockRadio, LockRadioError } from '../ports/lock-radio.ts';
import type { FromRadioProcess, ToRadioProcess } from './radio-messages.ts';
import { createRadioSieve } from './radio-sieve.ts';

export interface RadioHostParts {
  readonly open: (device: number, log: (message: string, fields: object) => void) => LockRadio;
  readonly post: (message: FromRadioProcess) => void;
  readonly end: () => void;
  readonly monotonicMs: () => number;
}

/** Gives what is to be called with every message, in their order. */
export function serveRadio({ open, post, end, monotonicMs }: RadioHostParts): (message: ToRadioProcess) => void {
  const links = new Map<number, LockLink>();
  let radio: LockRadio | undefined;

  const running = (): LockRadio => {
    if (!radio) throw new LockRadioError('radio-down');
    return radio;
  };
  const standing = (link: number): LockLink => {
    const found = links.get(link);
    if (!found) throw new LockRadioError('link-lost');
    return found;
  };

  async function connect(id: number, address: string, deadlineMs: number): Promise<void> {
    const link = await running().connect(address, deadlineMs, () => post({ kind: 'reached', id }));
    links.set(id, link);
    post({ kind: 'linked', id, room: link.room });
    link.onFrame((frame) => post({ kind: 'frame', link: id, frame }));
    link.onClosed(() => {
      links.delete(id);
      post({ kind: 'closed', link: id });
    });
  }

  async function obey(message: ToRadioProcess): Promise<void> {
    const { id } = message;
    if (message.kind === 'connect') return connect(id, message.address, message.deadlineMs);
    if (message.kind === 'start') {
      radio = open(message.device, (text, fields) => post({ kind: 'log', message: text, fields }));
      const tells = createRadioSieve(monotonicMs);
      await radio.start((lock) => {
        if (tells(lock)) post({ kind: 'seen', lock });
      });
    } else if (message.kind === 'write') await standing(message.link).write(message.frame);
    else if (message.kind === 'close') await links.get(message.link)?.close();
    else {
      await radio?.close();
      return end();
    }
    post({ kind: 'done', id });
  }

  return (message) =>
    void obey(message).catch((error: Error) => {
      const code = error instanceof LockRadioError ? error.code : 'radio-down';
      post({ kind: 'failed', id: message.id, code, message: error.message });
    });
}
