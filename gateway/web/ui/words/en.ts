// SPDX-License-Identifier: Apache-2.0
// English words every page shares.
import { reasons } from './reasons-en.ts';
import type { SharedWords } from './zh-cn.ts';

export const en: SharedWords = {
  language: 'Language',
  close: 'Close',
  cancel: 'Cancel',
  back: 'Back',
  retry: 'Try again',
  loading: 'Loading',
  more: 'More',
  errors: {
    offline: 'No network now. Check it and try again.',
    unexpected: 'Something went wrong. Try again later.',
    'invalid-request': 'Something filled in is not right. Check it and try again.',
    'malformed-body': 'The request cannot be read. Reload the page and try again.',
    'invalid-cursor': 'The list has changed. Reload the page.',
    'invalid-card-number': 'This is not a card number.',
    'ambiguous-card-number': 'This card number can be read in more than one way. Name its form.',
    unauthenticated: 'Your sign-in has ended. Please sign in again.',
    'sign-in-refused':
      'Not signed in. Check number and password; a forgotten password is reset by the office that gave it out.',
    'two-identities': 'Two identities at once. Sign out and in again.',
    'cross-site': 'The request did not come from this page. Open it again and retry.',
    'must-change-password': 'Change the initial password first.',
    'only-for-people': 'Sign in as a person.',
    'sign-in-again': 'Sign out, sign in again, and repeat this within fifteen minutes.',
    'code-refused': 'The code is wrong, used or expired.',
    'route-not-found': 'The server does not know this. It may need an update.',
    'not-found': 'Not found. It may be gone: reload the page.',
    conflict: 'That contradicts how things are now. Reload the page and try again.',
    'already-exists': 'Something by that name exists already.',
    'in-use': 'It is still in use.',
    'wrong-state': 'Not possible as things are now. Reload the page.',
    'device-offline': 'The controller is not connected.',
    'body-too-large': 'That is too large.',
    'unsupported-media-type': 'This kind of content is not understood.',
    'unknown-reference': 'Something it refers to does not exist. Reload the page and try again.',
    'import-refused': 'The file has errors; nothing was imported.',
    'not-allowed-here': 'Not allowed here.',
    'too-many-attempts': 'Too many attempts. Try again in a minute.',
    internal: 'The server failed. Try again later.',
    'not-ready': 'The server is starting. Try again in a moment.',
    busy: 'The server is busy. Try again in a moment.',
  },
  reasons,
};
