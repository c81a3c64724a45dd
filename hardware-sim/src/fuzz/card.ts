// SPDX-License-Identifier: Apache-2.0
// Card numbers, ATRs, response APDUs and Wiegand frames from hostile readers and files.
import { decodeResponse, statusMeaning } from '@latchkey/protocols/card/apdu';
import { parseAtr } from '@latchkey/protocols/card/atr';
import { readCardNumber, spell } from '@latchkey/protocols/card/spelling';
import { FORMS } from '@latchkey/protocols/card/spelling-forms';
import { cardUid } from '@latchkey/protocols/card/uid';
import { decodeWiegand, encodeWiegand } from '@latchkey/protocols/card/wiegand';
import type { FuzzTarget } from './target.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const ascii = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

const ATRS = ['3b8f8001804f0ca000000306030001000000006a', '3b8180018080', '3bfd111800b18100f1204d011f01889999'];
const NUMBERS = [
  '529D06E3',
  '04A1B2C3D4E580',
  '1386022627',
  '01303516170159400',
  '157,01763',
  '15701763',
  'A1B2C3D404',
];
const FRAMES = ['0010101100011000011110000000010011', '11101010000011011100000010'];

/** A number read in a form must be written by that form as a number that reads the same. */
function checkNumber(text: string): void {
  for (const form of FORMS) {
    const uid = readCardNumber(text, form.id);
    if (!uid.ok) continue;
    const written = spell(uid.value, form.id);
    if (!written.ok) continue;
    const again = readCardNumber(written.value.text, form.id);
    if (!again.ok || again.value.join() !== uid.value.join()) throw new Error(`${form.id} does not round-trip`);
  }
}

export const CARD_TARGETS: readonly FuzzTarget[] = [
  { name: 'card/atr', seeds: ATRS.map(hex), run: parseAtr },
  { name: 'card/uid', seeds: [hex('529d06e3'), hex('04a1b2c3d4e580')], run: cardUid },
  {
    name: 'card/response',
    seeds: [hex('04a1b2c3d4e5809000'), hex('6a82')],
    run(bytes) {
      const response = decodeResponse(bytes);
      if (response.ok) statusMeaning(response.value.status);
    },
  },
  { name: 'card/number', seeds: NUMBERS.map(ascii), run: (bytes) => checkNumber(Buffer.from(bytes).toString('utf8')) },
  {
    name: 'card/wiegand',
    seeds: FRAMES.map(ascii),
    run(bytes) {
      const text = Buffer.from(bytes).toString('latin1');
      const frame = decodeWiegand(text);
      if (!frame.ok) return;
      const written = encodeWiegand(frame.value.data);
      if (!written.ok || written.value !== text) throw new Error('a frame does not round-trip');
    },
  },
];
