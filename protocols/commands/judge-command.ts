// SPDX-License-Identifier: Apache-2.0
// May this command, its signature already verified, be carried out here and now? An unlock that waited for an offline door
// must not fire later, and nothing recorded may work twice (reference: door, momentary commands carry an expiry).
import { err, ok, type Result } from '../result.ts';
import { type Command, MOMENTARY_EXPIRY_MS, type Operation } from './command.ts';

export interface CommandContext {
  readonly device: string;
  readonly nowMs: number;
  /** Id of this boot, as said in hello. */
  readonly boot: string;
  /** Order of the last mode change carried out; survives a restart. 0 before the first. */
  readonly lastOrder: number;
  /** Ids of commands seen since this boot. */
  readonly recentIds: ReadonlySet<string>;
}

export type CommandRefusal =
  | 'wrong-device'
  | 'replay'
  | 'mode-missing'
  | 'mode-unexpected'
  | 'ticket-missing'
  | 'ticket-unexpected'
  | 'boot-missing'
  | 'wrong-boot'
  | 'expiry-too-long'
  | 'issued-ahead'
  | 'expired'
  | 'superseded';

/** Waits for nobody. Everything else is desired state: it holds until a later one supersedes it. */
export const isMomentary = (operation: Operation): boolean =>
  operation === 'unlock-momentary' || operation === 'open-lock';

export function judgeCommand(command: Command, context: CommandContext): Result<Command, CommandRefusal> {
  if (command.device !== context.device) return err('wrong-device', 'the command is for another controller');
  if (context.recentIds.has(command.id)) return err('replay', 'this command was received before');
  if (command.operation === 'set-mode' && command.mode === undefined)
    return err('mode-missing', 'set-mode names a mode');
  if (command.operation !== 'set-mode' && command.mode !== undefined) {
    return err('mode-unexpected', 'only set-mode names a mode');
  }
  if (command.operation === 'open-lock' && command.ticket === undefined)
    return err('ticket-missing', 'open-lock brings a ticket');
  if (command.operation !== 'open-lock' && command.ticket !== undefined)
    return err('ticket-unexpected', 'only open-lock brings a ticket');
  const refusal = isMomentary(command.operation) ? judgeMomentary(command, context) : judgeModeChange(command, context);
  return refusal ?? ok(command);
}

function judgeMomentary(command: Command, { boot, nowMs }: CommandContext) {
  if (command.boot === undefined) return err('boot-missing', 'a momentary command names the boot it is for');
  if (command.boot !== boot) return err('wrong-boot', 'the controller restarted since the command was given');
  const life = command.expiresMs - command.issuedMs;
  if (life < 0 || life > MOMENTARY_EXPIRY_MS) return err('expiry-too-long', 'a momentary command lives at most 10 s');
  // A clock this far behind would stretch the life of a held-back command.
  if (command.issuedMs > nowMs + MOMENTARY_EXPIRY_MS) return err('issued-ahead', 'issued in the future of this clock');
  if (nowMs > command.expiresMs) return err('expired', 'the command arrived too late');
  return undefined;
}

function judgeModeChange(command: Command, { lastOrder, nowMs }: CommandContext) {
  if (nowMs > command.expiresMs) return err('expired', 'the command arrived too late');
  if (command.order <= lastOrder)
    return err('superseded', 'a later command of this controller was carried out already');
  return undefined;
}
