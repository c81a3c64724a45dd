// SPDX-License-Identifier: Apache-2.0
// latchkey card import: the card office's file of who holds which card.
import type { Command } from 'commander';
import { addImport } from './import-file.ts';

const HELP = `
Columns (Chinese or English): 学号 number of the person, 卡号 card number; where they are there also 卡类型 kind
(普通卡 or CPU卡), 有效期至 valid until. People come first: see "latchkey person import".
A lost or frozen card stays so; a card that somebody else holds is refused.
"latchkey card detect" finds the form from three cards, "latchkey card convert --help" lists all forms.

Examples:
  $ latchkey card import cards.csv --form decimal-reversed --dry-run
  $ latchkey card import cards.csv --form hex
`;

export function registerCardImport(program: Command): void {
  addImport(program, 'card', 'cards: numbers and their spellings, import', {
    kind: 'cards',
    description: 'issue cards to people from a CSV file',
    help: HELP,
    extend: (command) =>
      command.option('--form <form>', 'spelling of the card numbers (default: hex, where letters show that they are)'),
  });
}
