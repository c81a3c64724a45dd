// SPDX-License-Identifier: Apache-2.0
// English words for every reason of refusal.
import type { ReasonWords } from './reason-words.ts';

const CARD_OFFICE = 'Please see the card office.';

export const reasons: ReasonWords = {
  CredentialNotEnabled: {
    name: 'Not enabled',
    meaning: 'This card or phone has not been enabled yet.',
    advice: CARD_OFFICE,
  },
  CredentialNotActive: {
    name: 'Not valid yet',
    meaning: 'Your right to pass has not started.',
    advice: 'Try again once it has.',
  },
  CredentialExpired: {
    name: 'Expired',
    meaning: 'Your right to pass has ended.',
    advice: 'If you are still here, ask your college or the card office to extend it.',
  },
  InvalidPIN: {
    name: 'Wrong PIN',
    meaning: 'The PIN typed at the door was wrong.',
    advice: 'Type it again; if you forgot it, see the card office.',
  },
  NotPermittedAtThisTime: {
    name: 'Outside hours',
    meaning: 'You may pass here, but not at this time.',
    advice: 'Come back in opening hours; in an emergency speak to the duty desk.',
  },
  Unauthorized: {
    name: 'No right here',
    meaning: 'This door is not among those you may pass.',
    advice: 'If it should be, ask the manager of the building.',
  },
  AntipassbackViolation: {
    name: 'Out of order',
    meaning: 'You entered without leaving before, or left without entering.',
    advice: 'Present your card at the exit first; if that does not help, speak to the duty desk.',
  },
  UnknownCredential: {
    name: 'Not known',
    meaning: 'The door does not know this card or phone.',
    advice: 'A phone enrolled just now: open this page with a network, then try again. A card: see the card office.',
  },
  CredentialDenied: {
    name: 'Stopped',
    meaning: 'The card was reported lost, frozen or withdrawn, or the phone was replaced.',
    advice: 'Found it? Say so under Cards. Otherwise see the card office.',
  },
  AssuranceTooLow: {
    name: 'Stronger proof needed',
    meaning: 'At this time the door does not take this kind of card.',
    advice: 'Show the code of this page, or get a new card at the card office.',
  },
  DoorNotAccessible: {
    name: 'Door closed',
    meaning: 'The door is locked down for now.',
    advice: 'Use another door, or ask the duty desk.',
  },
  ListMissing: {
    name: 'Gate not ready',
    meaning: 'This gate has no list yet.',
    advice: 'Use another gate and tell the duty desk.',
  },
  ListExpired: {
    name: 'Gate out of date',
    meaning: 'This gate has not had a new list for too long.',
    advice: 'Use another gate and tell the duty desk.',
  },
  GatewayUnreachable: {
    name: 'No answer',
    meaning: 'This door has to ask over the network and got no answer.',
    advice: 'Use your card, or try again later.',
  },
  CodeUnreadable: {
    name: 'Not readable',
    meaning: 'What was scanned is no code this gate knows.',
    advice: 'Turn the brightness up, hold the whole code flat to the window, and check that it is your pass.',
  },
  CodeExpired: {
    name: 'Code too old',
    meaning: 'The code was made too long ago: a picture of it, or a clock that is behind.',
    advice: "Show the live code of this page, and set your phone's time to automatic.",
  },
  CodeFromFuture: {
    name: 'Clock ahead',
    meaning: "The code is from the future: your phone's clock is ahead.",
    advice: "Set your phone's time to automatic, then try again.",
  },
  CodeReplayed: {
    name: 'Used already',
    meaning: 'This code, or a newer one, has been used.',
    advice: 'Wait a few seconds and show the next one.',
  },
  CodeWrongZone: {
    name: 'For another place',
    meaning: 'The code was made for the gates of another place.',
    advice: 'Choose the place you are at, above the code.',
  },
  CodeForged: {
    name: 'Not valid',
    meaning: 'The signature of the code does not hold.',
    advice: 'Enrol this phone again; if that does not help, see the card office.',
  },
  CodeClockUnsure: {
    name: "Gate's clock unsure",
    meaning: 'The gate does not know the time well enough to check ordinary codes.',
    advice: `Use your card; or, where the gate shows a QR code, choose "Answer a gate's code".`,
  },
  CodeNeedsNetwork: {
    name: 'Needs the network',
    meaning: "Other apps' codes are checked over the network, and the gate has none now.",
    advice: 'Show the code of this page, or use your card.',
  },
  CodeNotRecognised: {
    name: 'Not recognised',
    meaning: "The other app's system does not know this code.",
    advice: 'Show the code of this page, or use your card.',
  },
  ResolverUnavailable: {
    name: 'Other app silent',
    meaning: "The other app's system does not answer.",
    advice: 'Show the code of this page, or use your card.',
  },
  PaymentCodeNotAccepted: {
    name: 'Payment code',
    meaning: 'Payment codes of Alipay and UnionPay open no door.',
    advice: 'Close it and show the code of this page.',
  },
};
