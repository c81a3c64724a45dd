// SPDX-License-Identifier: Apache-2.0
// Why a passage was refused. The first eight are ONVIF's; the others are ours (reference: door, Reasons of refusal).

export const REASONS = [
  'CredentialNotEnabled',
  'CredentialNotActive',
  'CredentialExpired',
  'InvalidPIN',
  'NotPermittedAtThisTime',
  'Unauthorized',
  'AntipassbackViolation',
  'UnknownCredential',
  /** On the campus deny list: lost, frozen or withdrawn since the list was made. */
  'CredentialDenied',
  /** The portal wants a stronger class of credential at this time (a cloneable UID after 22:00, say). */
  'AssuranceTooLow',
  /** The door is blocked, locked down or locked open: no momentary access. */
  'DoorNotAccessible',
  /** No list is in force for this portal, or it is past its hard expiry and the portal's policy refuses. */
  'ListMissing',
  'ListExpired',
  /** The gateway was asked and did not answer in time, or cannot be asked. */
  'GatewayUnreachable',
  /** Scanned text that is no code of a known form, or one with a value out of range. */
  'CodeUnreadable',
  /** Made too long ago: an old picture, or a phone whose clock is behind. */
  'CodeExpired',
  /** Made in the future: a phone whose clock is ahead. */
  'CodeFromFuture',
  /** This code, or a later one of the same phone, was accepted before. */
  'CodeReplayed',
  /** Made for the gates of another zone. */
  'CodeWrongZone',
  /** The signature, the algorithm or the certificate does not hold. */
  'CodeForged',
  /** The controller's own clock is too uncertain for codes: cards, or a code that answers the gate's challenge. */
  'CodeClockUnsure',
  /** A code of another app, which only the network can check, while it is down: show the student pass or the card. */
  'CodeNeedsNetwork',
  /** A code of another app whose system did not know it. */
  'CodeNotRecognised',
  /** A code of another app whose system does not answer. */
  'ResolverUnavailable',
  /** A payment code of an app that identifies nobody here (Alipay, UnionPay). */
  'PaymentCodeNotAccepted',
] as const;
export type Reason = (typeof REASONS)[number];
