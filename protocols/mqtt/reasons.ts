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
] as const;
export type Reason = (typeof REASONS)[number];
