// SPDX-License-Identifier: Apache-2.0
// Finds the form of an office's file from a few cards read at a reader beside the numbers the file has for them.
import { matchesCard } from './spelling.ts';
import { FORMS, type Form } from './spelling-forms.ts';
import type { CardUid } from './uid.ts';

export interface Sample {
  readonly uid: CardUid;
  /** The number of this card in the office's file. */
  readonly text: string;
}

export interface FormFit {
  readonly form: Form;
  /** Keeps every byte of every sample: the file can be imported. */
  readonly exact: boolean;
}

export type Detection =
  /** Every fitting form reads the same bytes; the first is the one to use. */
  | { readonly verdict: 'found'; readonly fits: readonly FormFit[] }
  /** Forms that differ in bytes or order all fit these samples: more samples are needed. */
  | { readonly verdict: 'several'; readonly fits: readonly FormFit[] }
  /** None fits all. `closest` fits most; the samples it misses are the ones to look at again. */
  | { readonly verdict: 'none'; readonly closest?: Form; readonly misses: readonly number[] };

const isExact = (form: Form, uid: CardUid) => form.keep === 'all' || form.keep.bytes === uid.length;

/** Bytes and order, without the way they are written. */
function arrangement({ keep, order }: Form): string {
  return keep === 'all' ? `all/${order}` : `${keep.bytes}/${keep.side}/${order}`;
}

export function detectForm(samples: readonly Sample[]): Detection {
  const fits = FORMS.filter((form) => samples.every(({ text, uid }) => matchesCard(text, form.id, uid))).map(
    (form) => ({
      form,
      exact: samples.every(({ uid }) => isExact(form, uid)),
    }),
  );
  if (samples.length === 0 || fits.length === 0) return none(samples);
  const different = new Set(fits.map(({ form }) => arrangement(form)));
  return { verdict: different.size === 1 ? 'found' : 'several', fits };
}

function none(samples: readonly Sample[]): Detection {
  const missesOf = (form: Form) =>
    samples.flatMap(({ text, uid }, index) => (matchesCard(text, form.id, uid) ? [] : [index]));
  let closest: { form: Form; misses: number[] } | undefined;
  for (const form of FORMS) {
    const misses = missesOf(form);
    if (misses.length < (closest?.misses.length ?? samples.length)) closest = { form, misses };
  }
  return closest ? { verdict: 'none', closest: closest.form, misses: closest.misses } : { verdict: 'none', misses: [] };
}
