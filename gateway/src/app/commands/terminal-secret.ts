// SPDX-License-Identifier: Apache-2.0
// Asks for a passphrase or code on the terminal without showing it.
import { fail } from './fail.ts';

const ENTER = new Set(['\r', '\n', '\u0004']);
const INTERRUPT = '\u0003';
const ERASE = new Set(['\u007f', '\b']);

/** `otherwise`: what to do where there is no terminal. */
export async function askSecret(question: string, otherwise: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) return fail(`there is no terminal to ask for the ${question}`, otherwise);
  stderr.write(`${question}: `);
  stdin.setRawMode(true);
  stdin.resume();
  try {
    return await readLine();
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

/** For a new passphrase: typed twice, as nobody sees a slip. */
export async function askNewSecret(question: string, otherwise: string): Promise<string> {
  const first = await askSecret(question, otherwise);
  if (first.length < MIN_LENGTH)
    return fail(`a passphrase has at least ${MIN_LENGTH} characters`, 'choose a longer one');
  if ((await askSecret(`${question}, again`, otherwise)) === first) return first;
  return fail('the two passphrases differ', 'start again');
}

const MIN_LENGTH = 12;

function readLine(): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = '';
    const onData = (chunk: Buffer) => {
      for (const character of chunk.toString('utf8')) {
        if (character === INTERRUPT) return done(() => reject(new Error('interrupted')));
        if (ENTER.has(character)) return done(() => resolve(typed));
        typed = ERASE.has(character) ? typed.slice(0, -1) : typed + character;
      }
    };
    const done = (settle: () => void) => {
      process.stdin.off('data', onData);
      settle();
    };
    process.stdin.on('data', onData);
  });
}
