// SPDX-License-Identifier: Apache-2.0
// What a person may borrow by the list of a library desk: the most generous rule of their groups, and their patron number.
import type { LoanTerms } from '@latchkey/protocols/authorization/policy-document';
import type { SnapshotLoans } from './scope-snapshot.ts';

export interface PersonLoans {
  readonly patron: string;
  /** Absent: no rule is for them. */
  readonly terms?: LoanTerms;
}

export interface Loans {
  of(person: number): PersonLoans | undefined;
}

const NOBODY: Loans = { of: () => undefined };

export function createLoans(loans: SnapshotLoans | undefined): Loans {
  if (loans === undefined) return NOBODY;
  const terms = termsByPerson(loans);
  const { ids, patrons, blocked } = loans.people;
  const found = new Map<number, PersonLoans>();
  ids.forEach((person, index) => {
    const patron = patrons.values[patrons.indexes[index] ?? 0] ?? '';
    const own = terms.get(person);
    const held = own && blocked[index] === 1 ? { ...own, blocked: true } : own;
    found.set(person, held === undefined ? { patron } : { patron, terms: held });
  });
  return { of: (person) => found.get(person) };
}

/** Higher limit, then longer time, then the group named first. */
const isBetter = (one: LoanTerms, other: LoanTerms): boolean =>
  one.limit > other.limit || (one.limit === other.limit && one.days > other.days);

function termsByPerson({ rules, members }: SnapshotLoans): Map<number, LoanTerms> {
  const byGroup = new Map(rules.map(({ id, terms }) => [id, terms]));
  const found = new Map<number, LoanTerms>();
  members.persons.forEach((person, index) => {
    const terms = byGroup.get(members.groups.values[members.groups.indexes[index] ?? 0] ?? '');
    const before = found.get(person);
    if (terms && (before === undefined || isBetter(terms, before))) found.set(person, terms);
  });
  return found;
}
