// SPDX-License-Identifier: Apache-2.0
// Holds, payments and blocks of a made-up library.
import { err, ok, type Result } from '@latchkey/protocols/result';
import { type Acting, findPatron, type Refusal, record, removeHold, type written } from './circulation.ts';
import { debtsOf, type Hold, holdsOf, type Item, itemOf, type LibraryState, type Patron } from './library-state.ts';

interface HoldAct {
  readonly patron: string;
  readonly item: string;
  readonly pin?: string | undefined;
  readonly pickup: string;
  readonly untilMs: number | null;
  readonly written: ReturnType<typeof written>;
}

export interface Placed {
  readonly item: Item;
  readonly hold: Hold | undefined;
  /** 1 is next. */
  readonly position: number;
  readonly isAvailable: boolean;
}

/** `+` places, `-` cancels, `*` changes. */
export function changeHold(acting: Acting, mode: string, act: HoldAct): Result<Placed, Refusal> {
  const patron = findPatron(acting, act.patron, act.pin);
  if (!patron.ok) return patron;
  const item = itemOf(acting.state, act.item, acting.policy);
  if (!item) return err('unknown-item');
  if (mode === '-') return cancel(acting, act, item);
  return mode === '*' ? change(acting, act, item) : place(acting, act, item);
}

function place(acting: Acting, act: HoldAct, item: Item): Result<Placed, Refusal> {
  const { state, policy, nowMs } = acting;
  const { ready, waiting } = holdsOf(state, act.patron);
  const queue = state.holds.get(act.item) ?? [];
  if (queue.some(({ patron }) => patron === act.patron)) return err('already-held');
  if (state.loans.get(act.item)?.patron === act.patron) return err('already-lent');
  if (ready.length + waiting.length >= policy.holdLimit) return err('hold-limit');
  const hold: Hold = { patron: act.patron, placedMs: nowMs, pickup: act.pickup, untilMs: act.untilMs };
  state.holds.set(act.item, [...queue, hold]);
  // What stands on the shelf is put aside at once.
  if (queue.length === 0 && !state.loans.has(act.item) && item.status === undefined)
    state.awaited.set(act.item, act.patron);
  record(acting, 'hold', act);
  return ok(placed(acting, act, item));
}

function cancel(acting: Acting, act: HoldAct, item: Item): Result<Placed, Refusal> {
  if (!removeHold(acting.state, act.item, act.patron)) return err('no-such-hold');
  record(acting, 'hold-cancelled', act);
  return ok({ item, hold: undefined, position: 0, isAvailable: false });
}

function change({ state, ...rest }: Acting, act: HoldAct, item: Item): Result<Placed, Refusal> {
  const queue = state.holds.get(act.item) ?? [];
  if (!queue.some(({ patron }) => patron === act.patron)) return err('no-such-hold');
  const changed = queue.map((hold) =>
    hold.patron === act.patron ? { ...hold, pickup: act.pickup || hold.pickup, untilMs: act.untilMs } : hold,
  );
  state.holds.set(act.item, changed);
  return ok(placed({ state, ...rest }, act, item));
}

function placed({ state }: Acting, { item: barcode, patron }: HoldAct, item: Item): Placed {
  const queue = state.holds.get(barcode) ?? [];
  const at = queue.findIndex((hold) => hold.patron === patron);
  return { item, hold: queue[at], position: at + 1, isAvailable: state.awaited.get(barcode) === patron };
}

export interface Payment {
  readonly patron: string;
  readonly pin?: string | undefined;
  /** As written: `12.50`. */
  readonly amount: string;
  /** Of one debt; without it the oldest go first. */
  readonly debt?: string | undefined;
  readonly written: ReturnType<typeof written>;
}

const AMOUNT = /^(\d{1,6})(?:\.(\d{1,2}))?$/;

export function pay(acting: Acting, payment: Payment): Result<Patron, Refusal> {
  const patron = findPatron(acting, payment.patron, payment.pin);
  if (!patron.ok) return patron;
  const parts = AMOUNT.exec(payment.amount.trim());
  const cents = parts ? Number(parts[1]) * 100 + Number((parts[2] ?? '').padEnd(2, '0')) : 0;
  if (cents === 0) return err('bad-amount');
  const debts = debtsOf(acting.state, payment.patron);
  const meant = debts.filter(({ id }) => payment.debt === undefined || id === payment.debt);
  if (meant.reduce((sum, debt) => sum + debt.cents, 0) < cents) return err('owes-less');
  let left = cents;
  const rest = debts.map((debt) => {
    const paid = meant.includes(debt) ? Math.min(left, debt.cents) : 0;
    left -= paid;
    return { ...debt, cents: debt.cents - paid };
  });
  acting.state.debts.set(
    payment.patron,
    rest.filter((debt) => debt.cents > 0),
  );
  record(acting, 'payment', { patron: payment.patron, item: null, written: payment.written }, { cents });
  return patron;
}

const BLOCKS = ['chargeDenied', 'renewalDenied', 'recallDenied', 'holdDenied'] as const;

/** 01: a card was kept, or misused. */
export function blockPatron({ patrons }: Pick<LibraryState, 'patrons'>, patron: Patron, isCardKept: boolean): Patron {
  const conditions = new Set([...(patron.conditions ?? []), ...BLOCKS]);
  if (isCardKept) conditions.add('cardReportedLost');
  const blocked: Patron = { ...patron, conditions: [...conditions] };
  patrons.set(patron.number, blocked);
  return blocked;
}

export function enablePatron({ patrons }: Pick<LibraryState, 'patrons'>, patron: Patron): Patron {
  const enabled: Patron = { ...patron, conditions: [] };
  patrons.set(patron.number, enabled);
  return enabled;
}
