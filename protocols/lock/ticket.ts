// SPDX-License-Identifier: Apache-2.0
// Opening ticket (reference: lock): 28 bytes signed by the gateway's command key, so that a stolen corridor controller can mint
// none. The lock keeps the command's id until it expires: a retry gets the old result, never a second opening.
import { sign, verify } from 'node:crypto';
import { concatBytes } from '../bytes/equal.ts';
import { type TableValue, table } from '../bytes/field-table.ts';
import { fromHex } from '../bytes/hex.ts';
import { err, ok, type Result } from '../result.ts';

const FIELDS = [
  { name: 'lockId', type: 'hex', length: 8 },
  { name: 'commandId', type: 'hex', length: 8 },
  { name: 'issuedS', type: 'u32' },
  { name: 'expiresS', type: 'u32' },
  { name: 'action', type: 'u8', min: 1, max: 5 },
  /** Bit 0: also against the thumb-turn (maintenance, rescue). */
  { name: 'rights', type: 'u8', max: 1 },
  /** Seconds the bolt stays drawn; 0: as the lock is set. */
  { name: 'holdS', type: 'u16', max: 300 },
] as const;

export const TICKET = table('ticket', FIELDS);
export type Ticket = TableValue<typeof FIELDS>;
export const TICKET_SIGNATURE_BYTES = 64;
export const TICKET_BYTES = TICKET.size + TICKET_SIGNATURE_BYTES;

export const TICKET_ACTIONS = { open: 1, lock: 2, identify: 3, restart: 4, 'factory-reset': 5 } as const;
export type TicketAction = keyof typeof TICKET_ACTIONS;
export const MIGHT_OVERRIDE = 1;

/** Longest life of a ticket: an opening that waited for its lock must not fire later. */
export const TICKET_LIFE_S = 10;

/** What is signed: a purpose of its own, the campus, the 28 bytes. */
export function ticketInput(campusId: string, ticket: Uint8Array): Uint8Array {
  const campus = fromHex(campusId);
  if (!campus.ok || campus.value.length !== 8) throw new RangeError('a campus id has 16 hex digits');
  return concatBytes([new TextEncoder().encode('campus-ticket-v1\0'), campus.value, ticket]);
}

type NodeKey = Parameters<typeof sign>[2];

/** 92 bytes. `key`: a private Ed25519 key. */
export function signTicket(campusId: string, ticket: Ticket, key: NodeKey): Uint8Array {
  const bytes = TICKET.encode(ticket);
  return concatBytes([bytes, new Uint8Array(sign(null, ticketInput(campusId, bytes), key))]);
}

export type TicketRefusal =
  | 'ticket-malformed'
  | 'ticket-forged'
  | 'ticket-other-lock'
  | 'ticket-life'
  | 'ticket-expired'
  | 'ticket-from-future';

export interface TicketContext {
  readonly campusId: string;
  readonly lockId: string;
  /** The lock's time, seconds, and how far off it may be. */
  readonly nowS: number;
  readonly uncertainS: number;
}

/** `keys`: public Ed25519 keys trusted for commands. */
export function judgeTicket(
  bytes: Uint8Array,
  keys: readonly Parameters<typeof verify>[2][],
  context: TicketContext,
): Result<Ticket, TicketRefusal> {
  if (bytes.length !== TICKET_BYTES) return err('ticket-malformed', `a ticket takes ${TICKET_BYTES} bytes`);
  const body = bytes.slice(0, TICKET.size);
  const decoded = TICKET.decode(body);
  if (!decoded.ok) return err('ticket-malformed', decoded.detail);
  const ticket = decoded.value;
  const input = ticketInput(context.campusId, body);
  const signature = bytes.slice(TICKET.size);
  if (!keys.some((key) => verify(null, input, key, signature))) return err('ticket-forged');
  if (ticket.lockId !== context.lockId) return err('ticket-other-lock');
  const life = ticket.expiresS - ticket.issuedS;
  if (life <= 0 || life > TICKET_LIFE_S) return err('ticket-life', `a ticket lives at most ${TICKET_LIFE_S} s`);
  if (context.nowS - context.uncertainS > ticket.expiresS) return err('ticket-expired');
  if (context.nowS + context.uncertainS < ticket.issuedS) return err('ticket-from-future');
  return ok(ticket);
}
