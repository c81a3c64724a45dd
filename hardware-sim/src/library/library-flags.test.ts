// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { type Flags, libraryProgram, readLibraryFlags } from './library-flags.ts';

const files: Readonly<Record<string, string>> = {
  'people.json': JSON.stringify({ patrons: [{ number: '1', name: 'Li', pin: '9' }], items: [] }),
  'bad.json': JSON.stringify({ patrons: [{ name: 'Li' }] }),
};
const read = (...args: string[]) => {
  const program = libraryProgram()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  const flags = program.parse(args, { from: 'user' }).opts<Flags>();
  return readLibraryFlags(flags, (file) => files[file] ?? '');
};

it('takes what is agreed on, quirks and faults, each as often as wanted', () => {
  const fault = ['--fault', 'slow,after=30,codes=11+09', '--fault', 'drop-after,times=1'];
  const quirks = ['--quirk', 'executes-again', '--quirk', 'due-date-iso'];
  const { options } = read('--port', '0', '--charset', 'gbk', '--login', 'a:b:c', ...quirks, ...fault);
  expect(options).toMatchObject({
    port: 0,
    charset: 'gbk',
    login: { user: 'a', password: 'b:c' },
    quirks: ['executes-again', 'due-date-iso'],
    faults: [
      { kind: 'slow', afterMs: 30, codes: ['11', '09'] },
      { kind: 'drop-after', times: 1 },
    ],
  });
});

it('starts as a system that is known, and takes what is said beside it', () => {
  expect(read('--like', 'koha').options).toMatchObject({ terminator: 'crlf', policies: { reissues: true } });
  const { options } = read('--like', 'evergreen', '--charset', 'gbk', '--quirk', 'due-date-iso');
  expect(options.charset).toBe('gbk');
  expect(options.quirks).toEqual(['executes-again', 'no-block-dies', 'needs-cr', 'bx-understates', 'due-date-iso']);
});

it("takes one's own patrons and books from a file", () => {
  expect(read('--data', 'people.json').data).toEqual({ patrons: [{ number: '1', name: 'Li', pin: '9' }], items: [] });
  expect(() => read('--data', 'bad.json')).toThrow('number');
});

it.each([
  [['--quirk', 'polite'], 'executes-again'],
  [['--fault', 'smoke'], 'drop-before'],
  [['--fault', 'slow,codes=98'], 'codes=11+09'],
  [['--fault', 'slow,after=soon'], 'after=MS'],
  [['--port', '70000'], '65535'],
  [['--login', 'desk'], 'user:password'],
  [['--like', 'nobody'], 'evergreen, koha'],
  [['--tls-key', 'key.pem'], '--tls-cert'],
])('says of %j what to write instead', (args, says) => {
  expect(() => read(...args)).toThrow(says);
});
