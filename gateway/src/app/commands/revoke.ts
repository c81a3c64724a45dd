// SPDX-License-Identifier: Apache-2.0
// latchkey revoke: stops a lost card, or every card and phone of a person, and says how long the doors took to confirm.

import { personNumber } from '@latchkey/protocols/api/common';
import { type CardChange, card, cardChange, person } from '@latchkey/protocols/api/people';
import { type Command, Option } from 'commander';
import type { ApiClient } from './api-client.ts';
import { type ConnectionOptions, useGateway, withConnection } from './connection.ts';
import { action, EXIT, fail, failUsage } from './fail.ts';

interface RevokeOptions extends ConnectionOptions {
  readonly person?: boolean;
  readonly card?: boolean;
  readonly form?: string;
  readonly reason: string;
}

const WAIT_MS = 3_000;

const EXAMPLES = `
Examples:
  $ latchkey revoke 2026000001                     every card and phone of that person
  $ latchkey revoke 04A1B2C3D4E580 --form hex      one card

Exit code: 0 every connected controller confirmed, 1 otherwise (the deny stands and reaches the others later).`;

export function registerRevoke(program: Command): void {
  withConnection(program.command('revoke'))
    .description('stop a lost card everywhere, by card number or person number')
    .argument('<number>', 'card number, or person number')
    .addOption(new Option('--person', 'it is a person number').conflicts('card'))
    .option('--card', 'it is a card number')
    .option('--form <form>', 'spelling of the card number, such as hex or decimal-reversed')
    .addOption(new Option('--reason <reason>', 'why').choices(['lost', 'frozen', 'withdrawn']).default('lost'))
    .addHelpText('after', EXAMPLES)
    .action(action(revoke));
}

async function revoke(number: string, options: RevokeOptions): Promise<number> {
  return useGateway(options, async (client) => {
    const kind = await kindOf(client, number, options);
    const form = options.form === undefined ? {} : { form: options.form };
    const whose = kind === 'person' ? { person: number } : { number, ...form };
    const startedMs = performance.now();
    const change = await client.call({
      method: 'POST',
      path: `/v1/revocations?waitMs=${WAIT_MS}`,
      body: { ...whose, reason: options.reason },
      answer: cardChange,
    });
    return report(change, Math.round(performance.now() - startedMs));
  });
}

/** The number of a student may also be a card number: then the person has to say which. */
async function kindOf(client: ApiClient, number: string, options: RevokeOptions): Promise<'person' | 'card'> {
  if (options.person === true) return 'person';
  if (options.card === true || options.form !== undefined || !personNumber.safeParse(number).success) return 'card';
  const path = `/v1/people/${encodeURIComponent(number)}`;
  const holder = await client.find({ path, answer: person });
  if (holder === undefined) return 'card';
  const found = await client
    .find({ method: 'POST', path: '/v1/cards/lookup', body: { number }, answer: card })
    .catch(() => undefined);
  if (found === undefined) return 'person';
  return failUsage('that is both a person number and a card number', 'say which with --person or --card');
}

function report({ cards, phones = [], confirmation }: CardChange, elapsedMs: number): number {
  if (cards.length + phones.length === 0)
    fail('there is no card to stop', 'check the number; latchkey card list shows what exists');
  const what = [
    ...(cards.length === 1 ? [`card …${cards[0]?.ending ?? ''}`] : cards.length > 1 ? [`${cards.length} cards`] : []),
    ...(phones.length === 0 ? [] : [phones.length === 1 ? '1 phone' : `${phones.length} phones`]),
  ].join(' and ');
  if (confirmation === undefined) {
    process.stdout.write(`${what} stopped (${elapsedMs} ms); no confirmation was asked for\n`);
    return EXIT.done;
  }
  const { online, confirmed, confirmedMs } = confirmation;
  if (online === 0) {
    process.stdout.write(`${what} stopped; no controller is connected, each learns it when it is back\n`);
    return EXIT.failed;
  }
  const took = confirmedMs === null ? `within ${WAIT_MS} ms` : `after ${confirmedMs} ms`;
  process.stdout.write(`${what} stopped; ${confirmed} of ${online} connected controllers confirmed ${took}\n`);
  return confirmed === online ? EXIT.done : EXIT.failed;
}
