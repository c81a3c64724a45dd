// SPDX-License-Identifier: Apache-2.0
// English messages of the API's errors.
import type { Catalogue } from './catalogue.ts';

export const en: Catalogue = {
  invalidRequest: { message: 'A field of the request is not valid.', fix: 'Correct the named field.' },
  malformedBody: { message: 'The body cannot be read.', fix: 'Send valid JSON with content-type application/json.' },
  invalidCursor: { message: 'The cursor is not one this gateway gave out.', fix: 'Start again without a cursor.' },
  invalidCardNumber: { message: 'This is not a card number.', fix: 'Give the number as printed and its form.' },
  ambiguousCardNumber: {
    message: 'The card number can be read in more than one way.',
    fix: 'Name its form, such as decimal-reversed.',
  },
  unauthenticated: {
    message: 'You are not signed in, or the administrator token is wrong.',
    fix: 'Sign in; programs send "Authorization: Bearer …" with the token from the gateway\'s data directory.',
  },
  signInRefused: {
    message: 'Signing in was refused.',
    fix: 'Check number and password. A forgotten password is reset by the office that gave it out.',
  },
  twoIdentities: {
    message: 'The request carries a session and a token.',
    fix: 'Send one of them: a request has one sender.',
  },
  crossSite: {
    message: 'The change was not asked for by a page of this site.',
    fix: 'Open the page again and repeat it; programs send x-latchkey-csrf from /v1/me.',
  },
  forbidden: {
    message: 'Your roles do not allow this.',
    fix: 'Ask an administrator for a role that does, in the building it is about.',
  },
  mustChangePassword: {
    message: 'The initial password must be changed first.',
    fix: 'Choose a password of your own; until then nothing else is allowed.',
  },
  signInAgain: {
    message: 'This needs a fresh sign-in.',
    fix: 'Sign out, sign in again, and repeat it within fifteen minutes.',
  },
  onlyForPeople: {
    message: 'This is about the person signed in; a token is nobody.',
    fix: 'Sign in as a person.',
  },
  codeRefused: {
    message: 'The enrolment code is wrong, used or expired.',
    fix: 'Make a new one with: latchkey device add <id>',
  },
  routeNotFound: { message: 'There is no such address in this API.', fix: 'See /v1/openapi.json.' },
  notFound: { message: 'There is nothing by that name.', fix: 'Check the identifier; list what exists.' },
  conflict: { message: 'The change contradicts what is there.', fix: 'Read the current state and try again.' },
  alreadyExists: {
    message: 'Something by that name exists already.',
    fix: 'Choose another, or change the existing one.',
  },
  inUse: { message: 'It is still in use.', fix: 'Remove what refers to it first.' },
  wrongState: {
    message: 'Its present state does not allow this.',
    fix: 'Look at its state and choose another action.',
  },
  deviceOffline: {
    message: 'The controller is not connected.',
    fix: 'Check its power and network. A momentary opening is never kept for later.',
  },
  bodyTooLarge: { message: 'The body is too large.', fix: 'Split it into smaller parts.' },
  unsupportedMediaType: {
    message: 'This content type is not understood here.',
    fix: 'Use application/json, or text/csv for imports.',
  },
  unknownReference: { message: 'The request names something that does not exist.', fix: 'Create it first.' },
  importRefused: {
    message: 'The file has errors. Nothing of it was applied.',
    fix: 'Correct the lines named and send the file again.',
  },
  notAllowedHere: { message: 'This does not fit here.', fix: 'Correct the named field.' },
  tooManyAttempts: {
    message: 'Too many failed attempts.',
    fix: 'Wait and try again, or sign in another way or on a device that you signed in on before.',
  },
  tooManyStreams: { message: 'Too many live streams are open.', fix: 'Close one, or wait a minute.' },
  busy: { message: 'Too many people sign in at this moment.', fix: 'Try again in a few seconds.' },
  internal: { message: 'The gateway failed.', fix: 'Give the request id to whoever runs the gateway.' },
  notReady: { message: 'The gateway is not ready yet.', fix: 'Try again in a few seconds.' },
};
