// SPDX-License-Identifier: Apache-2.0
// Two-letter ids of SIP2's fields (3M rev 2.12) with common extensions, and what of them may not be shown or logged.

export interface FieldForm {
  readonly name: string;
  /** May come more than once in a message. */
  readonly repeats?: true;
  /** Never in a log: passwords and people's data. */
  readonly secret?: true;
  /** Not of the standard: Evergreen's and Koha's constants, 3M extensions of 2005, EnvisionWare. */
  readonly extension?: true;
}

export const FIELD_IDS = {
  AA: { name: 'patron identifier', secret: true },
  AB: { name: 'item identifier' },
  AC: { name: 'terminal password', secret: true },
  AD: { name: 'patron password', secret: true },
  AE: { name: 'personal name', secret: true },
  AF: { name: 'screen message', repeats: true, secret: true },
  AG: { name: 'print line', repeats: true, secret: true },
  AH: { name: 'due date' },
  AJ: { name: 'title identifier' },
  AL: { name: 'blocked card message' },
  AM: { name: 'library name' },
  AN: { name: 'terminal location' },
  AO: { name: 'institution id' },
  AP: { name: 'current location' },
  AQ: { name: 'permanent location' },
  AS: { name: 'hold items', repeats: true },
  AT: { name: 'overdue items', repeats: true },
  AU: { name: 'charged items', repeats: true },
  AV: { name: 'fine items', repeats: true },
  BD: { name: 'home address', secret: true },
  BE: { name: 'e-mail address', secret: true },
  BF: { name: 'home phone number', secret: true },
  BG: { name: 'owner' },
  BH: { name: 'currency type' },
  BI: { name: 'cancel' },
  BK: { name: 'transaction id' },
  BL: { name: 'valid patron' },
  BM: { name: 'renewed items', repeats: true },
  BN: { name: 'unrenewed items', repeats: true },
  BO: { name: 'fee acknowledged' },
  BP: { name: 'start item' },
  BQ: { name: 'end item' },
  BR: { name: 'queue position' },
  BS: { name: 'pickup location' },
  BT: { name: 'fee type' },
  BU: { name: 'recall items', repeats: true },
  BV: { name: 'fee amount' },
  BW: { name: 'expiration date' },
  BX: { name: 'supported messages' },
  BY: { name: 'hold type' },
  BZ: { name: 'hold items limit' },
  CA: { name: 'overdue items limit' },
  CB: { name: 'charged items limit' },
  CC: { name: 'fee limit' },
  CD: { name: 'unavailable hold items', repeats: true },
  CF: { name: 'hold queue length' },
  CG: { name: 'fee identifier' },
  CH: { name: 'item properties' },
  CI: { name: 'security inhibit' },
  CJ: { name: 'recall date' },
  CK: { name: 'media type' },
  CL: { name: 'sort bin' },
  CM: { name: 'hold pickup date' },
  CN: { name: 'login user id', secret: true },
  CO: { name: 'login password', secret: true },
  CP: { name: 'location code' },
  CQ: { name: 'valid patron password' },
  CR: { name: 'collection code', extension: true },
  CS: { name: 'call number', extension: true },
  CT: { name: 'destination location', extension: true },
  CV: { name: 'alert type', extension: true },
  CY: { name: 'hold patron id', secret: true, extension: true },
  DA: { name: 'hold patron name', secret: true, extension: true },
  PA: { name: 'privilege expiry', extension: true },
  PB: { name: 'birth date', secret: true, extension: true },
  PC: { name: 'patron class', extension: true },
  PI: { name: 'internet privileges', extension: true },
  XI: { name: 'internal id', secret: true, extension: true },
} as const satisfies Readonly<Record<string, FieldForm>>;

export type FieldId = keyof typeof FIELD_IDS;
export const isFieldId = (id: string): id is FieldId => Object.hasOwn(FIELD_IDS, id);

/** What a log may hold of a message: secrets and unknown fields as dots. */
export const isLoggable = (id: string): boolean => isFieldId(id) && !('secret' in FIELD_IDS[id]);
