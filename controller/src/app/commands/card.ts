// SPDX-License-Identifier: Apache-2.0
// `latchkey card convert` and `card detect`: which spelling a card office uses, and one spelling into another. Work offline.
import { readFile } from 'node:fs/promises';
import { type Detection, detectForm, type Sample } from '@latchkey/protocols/card/detect-form';
import {
  convertNumber,
  type Explained,
  explainCard,
  type PartialUid,
  possibleForms,
  readCardNumber,
  readSpelling,
} from '@latchkey/protocols/card/spelling';
import { FORMS, findForm } from '@latchkey/protocols/card/spelling-forms';
import { cardUid, isNonUniqueUid, isRandomUid } from '@latchkey/protocols/card/uid';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { Command } from 'commander';
import { EXIT, fail, fileProblem } from './fail.ts';

interface ConvertOptions {
  readonly from?: string;
  readonly to?: string;
  readonly json?: true;
}

/** Adds to the `card` command, which the gateway's commands may have made already. */
export function registerCard(program: Command): void {
  const card =
    program.commands.find((command) => command.name() === 'card') ??
    program.command('card').description('cards: numbers and their spellings');
  card
    .command('convert')
    .description('write a card number in another form; without --to, in every form')
    .argument('<number>', 'the number as printed, read or exported; put it in quotes if it holds a space')
    .option('--from <form>', 'form of the number; needed where it could be of several')
    .option('--to <form>', 'form wanted')
    .option('--json', 'print JSON')
    .addHelpText('after', formsHelp())
    .action(convert);
  card
    .command('detect')
    .description("find the form of an office's file from a few cards read at a reader")
    .argument('<samples.csv>', 'lines of UID,NUMBER: hexadecimal from the reader, then the number in the file')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nThree cards are enough as a rule. `latchkey card import --form` takes the answer.')
    .action(detect);
}

function formsHelp(): string {
  const rows = FORMS.map(({ id, title }) => `  ${id.padEnd(28)} ${title}`);
  return [
    '',
    'Forms:',
    ...rows,
    '',
    '-reversed: last byte of the card first. -first, -last: which bytes are left.',
  ].join('\n');
}

function convert(number: string, { from, to, json }: ConvertOptions): void {
  const unknown = [from, to].find((form) => form !== undefined && findForm(form) === undefined);
  if (unknown !== undefined)
    return fail(`there is no form "${unknown}"; see: latchkey card convert --help`, EXIT.usage);
  const source = from === undefined ? guessForm(number) : ok(from);
  if (!source.ok) return fail(source.detail ?? 'say the form with --from', EXIT.usage);
  if (to !== undefined) return convertTo(number, source.value, to, json);
  const partial = readSpelling(number, source.value);
  if (!partial.ok) return fail(`not a number of the form "${source.value}": ${partial.detail}`);
  const spellings = explainCard(partial.value);
  if (json) return printJson({ from: source.value, spellings: spellings.map(flat) });
  process.stdout.write(table(partial.value, source.value, spellings));
}

function convertTo(number: string, from: string, to: string, json: true | undefined): void {
  const spelled = convertNumber(number, from, to);
  if (!spelled.ok) return fail(`cannot convert from "${from}" to "${to}": ${spelled.detail}`);
  const { value } = spelled;
  if (value.kind === 'lossy') {
    const others = 256 ** (value.uidBytes - value.keptBytes);
    process.stderr.write(
      `latchkey: note: "${to}" keeps ${value.keptBytes} of ${value.uidBytes} bytes, so ${others.toLocaleString('en')} cards share this number\n`,
    );
  }
  if (json) return printJson({ from, to, ...value });
  process.stdout.write(`${value.text}\n`);
}

/** A letter makes it hexadecimal as the reader gives it; anything that several forms fit must be said. */
function guessForm(number: string): Result<string> {
  if (/[a-f]/i.test(number) && readCardNumber(number, 'hex').ok) return ok('hex');
  const forms = possibleForms(number);
  const [only, ...more] = forms;
  if (only !== undefined && more.length === 0) return ok(only);
  if (only === undefined) {
    const parts = FORMS.filter(({ id, keep }) => keep !== 'all' && readSpelling(number, id).ok).map(({ id }) => id);
    const hint = parts.length > 0 ? `; as a part of a number it could be: ${parts.join(', ')}` : '';
    return err('unknown', `this is no whole card number in any known form${hint}; say the form with --from`);
  }
  return err('ambiguous', `this number could be of several forms; say which with --from: ${forms.join(', ')}`);
}

const flat = ({ form, spelled }: Explained) => ({ form: form.id, title: form.title, ...spelled });

function table(uid: PartialUid, from: string, spellings: readonly Explained[]): string {
  const known = uid.filter((byte) => byte !== undefined).length;
  const lines = [
    `Read as "${from}": ${known === uid.length ? `a UID of ${uid.length} bytes` : `${known} of ${uid.length} bytes`}.`,
  ];
  const whole = known === uid.length ? cardUid(Uint8Array.from(uid as readonly number[])) : undefined;
  if (whole && !whole.ok) lines.push(`Not a usable card: ${whole.detail}.`);
  if (whole?.ok && isRandomUid(whole.value)) lines.push('A random UID: it changes at every tap and identifies nobody.');
  if (whole?.ok && isNonUniqueUid(whole.value)) lines.push('Note: UIDs of this range may belong to several cards.');
  for (const kind of ['exact', 'lossy'] as const) {
    const group = spellings.filter(({ spelled }) => spelled.kind === kind);
    if (group.length === 0) continue;
    lines.push('', kind === 'exact' ? 'The whole number:' : 'Parts of it, shared by other cards:');
    for (const { form, spelled } of group)
      lines.push(`  ${form.id.padEnd(28)} ${spelled.text.padEnd(26)} ${form.title}`);
  }
  return `${lines.join('\n')}\n`;
}

async function detect(path: string, { json }: { readonly json?: true }): Promise<void> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return fail(fileProblem(path, error), EXIT.usage);
  }
  const samples = readSamples(text);
  if (!samples.ok) return fail(`${path}, ${samples.detail}`, EXIT.usage);
  const detection = detectForm(samples.value.map(({ sample }) => sample));
  if (json) printJson(summary(detection));
  else process.stdout.write(report(detection, samples.value));
  process.exitCode = detection.verdict === 'found' ? EXIT.done : EXIT.failed;
}

interface PlacedSample {
  readonly line: number;
  readonly sample: Sample;
}

/** The number may hold the delimiter itself ("123,45678"), so only the first one parts. A first line of words is a header. */
function readSamples(text: string): Result<PlacedSample[]> {
  const samples: PlacedSample[] = [];
  for (const [at, raw] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    if (raw.trim() === '') continue;
    const [, uidText = '', number = ''] = /^\s*"?([^",;\t]*)"?\s*[,;\t]\s*(.*?)\s*$/.exec(raw) ?? [];
    const uid = readCardNumber(uidText, 'hex');
    if (!uid.ok && samples.length === 0 && !/\d/.test(uidText)) continue;
    if (!uid.ok) return err('malformed', `line ${at + 1}: put the UID in hexadecimal first: ${uid.detail}`);
    if (number === '') return err('malformed', `line ${at + 1}: the number is missing; write UID,NUMBER`);
    samples.push({ line: at + 1, sample: { uid: uid.value, text: number.replace(/^"(.*)"$/, '$1') } });
  }
  return samples.length > 0 ? ok(samples) : err('malformed', 'no line of UID,NUMBER in it; write one for each card');
}

function summary(detection: Detection) {
  if (detection.verdict === 'none')
    return { verdict: 'none', closest: detection.closest?.id, misses: detection.misses };
  return { verdict: detection.verdict, forms: detection.fits.map(({ form, exact }) => ({ form: form.id, exact })) };
}

function report(detection: Detection, samples: readonly PlacedSample[]): string {
  if (detection.verdict === 'none') {
    if (detection.closest === undefined)
      return 'No known form fits these samples. Are UID and number of the same card?\n';
    const lines = detection.misses.map((index) => samples[index]?.line).join(', ');
    return `No form fits all samples. "${detection.closest.id}" fits all but line ${lines}: read those cards again.\n`;
  }
  const [best] = detection.fits;
  const names = detection.fits.map(({ form }) => form.id).join(', ');
  if (detection.verdict === 'several' || best === undefined) {
    return `Several forms fit: ${names}.\nAdd another card or two to the samples.\n`;
  }
  const next = best.exact
    ? `Import with: latchkey card import cards.csv --form ${best.form.id}`
    : 'It keeps a part of each number only: several cards share one. Ask the card office for the full number.';
  return `${best.form.id}: ${best.form.title}. It fits all ${samples.length} samples.\n${next}\n`;
}

const printJson = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
