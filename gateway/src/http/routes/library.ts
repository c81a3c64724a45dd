// SPDX-License-Identifier: Apache-2.0
// Borrowing while the library is away: rules of groups, blocks and numbers of single people.
import { personNumber, slug } from '@latchkey/protocols/api/common';
import * as schema from '@latchkey/protocols/api/library';
import type { Api } from '../server.ts';
import type { ApiServices } from '../services.ts';
import { registerCollection } from './collection.ts';

export function registerLibrary(app: Api, services: Pick<ApiServices, 'loanRules' | 'borrowers'>): void {
  const tag = 'library';
  registerCollection(app, {
    path: '/v1/loan-rules',
    tag,
    noun: 'what a group borrows without the library',
    id: slug,
    item: schema.loanRule,
    body: schema.loanRuleBody,
    collection: services.loanRules,
  });
  registerCollection(app, {
    path: '/v1/borrowers',
    tag,
    noun: 'patron number and block of a person',
    id: personNumber,
    item: schema.borrower,
    body: schema.borrowerBody,
    collection: services.borrowers,
  });
}
