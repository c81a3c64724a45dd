// SPDX-License-Identifier: Apache-2.0
// What a portal does with a scanned text: the rules by name.
import type { Decision } from '@latchkey/protocols/authorization/decide';
import type { CodeCheck } from '@latchkey/protocols/codes/check-code';
import { portalId } from '@latchkey/protocols/ids';
import { journalEvent } from '@latchkey/protocols/mqtt/events';
import type { Reason } from '@latchkey/protocols/mqtt/reasons';
import { describe, expect, it } from 'vitest';
import { stepAdmission } from './admission.ts';
import {
  type AdmissionContext,
  type AdmissionEffect,
  type AdmissionEvent,
  type AdmissionState,
  INITIAL_ADMISSION,
  type OnlineAnswer,
} from './admission-state.ts';
import { createAntiPassback } from './anti-passback.ts';

const granted: Decision = {
  outcome: 'granted',
  scope: 7,
  version: 3,
  profile: 1,
  extended: false,
  antiPassback: { mode: 'hard', area: 'dorm', exempt: false },
  holder: 'resident',
  askGateway: true,
};
const denied = (reason: Reason): Decision => ({ ...granted, outcome: 'denied', reason });
const STRANGER: Decision = { ...denied('UnknownCredential'), antiPassback: { mode: 'soft', exempt: false } };
const refused = (reason: Reason): CodeCheck => ({ kind: 'refused', reason });
const PHONE = '0a'.repeat(8);
const identified = (decision: Decision, who = 0x0a): CodeCheck => ({
  kind: 'identified',
  profile: 'A',
  credential: { id: new Uint8Array(16).fill(who), class: 'phone-code' },
  decision,
  acceptance: { seen: { key: PHONE, timeS: 100 } },
});

const PASS = '1'.padStart(251, '0');
const LATER_PASS = '2'.padStart(251, '0');
const WECHAT = '134567890123456789';
const ALIPAY = '281234567890123456';
const UNIONPAY = '6212345678901234567';
const OTHER = 'JRXY|20251234|k3k3';

interface Setting {
  check?: CodeCheck;
  stranger?: Decision;
  online?: boolean;
  accessible?: boolean;
  stillNew?: boolean;
}

function gate(setting: Setting = {}) {
  let state: AdmissionState = INITIAL_ADMISSION;
  let now = 0;
  let checks = 0;
  const effects: AdmissionEffect[] = [];
  const ledger = createAntiPassback();
  const context = (): AdmissionContext => ({
    config: { id: portalId.parse('gate-1'), repeatWindowMs: 2_000, wrongAttempts: { limit: 5, windowMs: 60_000 } },
    decide: () => granted,
    stranger: () => setting.stranger ?? STRANGER,
    refOf: (id) => Buffer.from(id.subarray(0, 8)).toString('hex'),
    checkCode() {
      checks += 1;
      return setting.check ?? identified(granted);
    },
    isStillNew: () => setting.stillNew ?? true,
    isDenied: () => false,
    antiPassback: ledger,
    accessible: setting.accessible ?? true,
    online: setting.online ?? true,
    nowMs: 1_000_000 + now,
    boot: 'boot',
  });
  function feed(event: AdmissionEvent): readonly AdmissionEffect[] {
    const step = stepAdmission(context(), state, event);
    state = step.state;
    effects.push(...step.effects);
    return step.effects;
  }
  return {
    setting,
    effects,
    checks: () => checks,
    state: () => state,
    wait: (ms: number) => {
      now += ms;
    },
    scan: (text: string, reader = 'front') => feed({ kind: 'scanned', reader, direction: 'in', text, atMs: now }),
    tap: (ref: string) =>
      feed({
        kind: 'presented',
        reader: 'front',
        direction: 'in',
        credential: { id: new Uint8Array(16), ref, class: 'uid-only' },
        atMs: now,
      }),
    taken(all: readonly AdmissionEffect[]) {
      for (const each of all) {
        if (each.kind !== 'admit') continue;
        for (const effect of feed({ kind: 'concluded', outcome: 'taken', passage: each.passage }))
          if (effect.kind === 'commit') ledger.commit(effect.by, effect.areas, context().nowMs);
      }
    },
    answer: (answer?: OnlineAnswer, admission = 'boot-1') => feed({ kind: 'answered', admission, answer, atMs: now }),
  };
}

const kinds = (effects: readonly AdmissionEffect[]) => effects.map(({ kind }) => kind);
const told = (effects: readonly AdmissionEffect[]) =>
  effects.flatMap((each) => {
    if (each.kind !== 'event') return [];
    const { event } = each;
    return event.type === 'access-denied' || event.type === 'code-refused' ? [[event.type, event.reason]] : [];
  });
const alarms = (effects: readonly AdmissionEffect[]) =>
  effects.flatMap((each) => (each.kind === 'event' && each.event.type === 'alarm' ? [each.event.active] : []));
const of = { ref: 'c0'.repeat(8), class: 'phone-code' } as const;

describe('a pass code', () => {
  it('granted: a record of a phone code, and the code to be used up before the relay moves', () => {
    const [effect] = gate().scan(PASS);
    expect(effect).toMatchObject({
      kind: 'admit',
      record: { type: 'access-granted', credential: { ref: PHONE, class: 'phone-code' }, via: 'list', profile: 1 },
      code: { acceptance: { seen: { timeS: 100 } } },
    });
  });

  it('whose holder may not pass: a record by name, with the reason', () => {
    const effects = gate({ check: identified(denied('CodeReplayed')) }).scan(PASS);
    expect(told(effects)).toEqual([['access-denied', 'CodeReplayed']]);
  });

  it('refused before anybody is known: a record of the form and the reason, and of nobody', () => {
    const [effect] = gate({ check: refused('CodeForged') }).scan(PASS);
    const event = { type: 'code-refused', portal: 'gate-1', direction: 'in', reader: 'front' };
    expect(effect).toEqual({ kind: 'event', event: { ...event, form: 'pass', reason: 'CodeForged' } });
  });

  it('is stopped by the door and by anti-passback like a card, and is then not used up', () => {
    const door = gate();
    door.taken(door.scan(PASS));
    door.wait(10_000);
    expect(told(door.scan(LATER_PASS))).toEqual([['access-denied', 'AntipassbackViolation']]);
    expect(told(gate({ accessible: false }).scan(PASS))).toEqual([['access-denied', 'DoorNotAccessible']]);
  });

  it('counts for anti-passback by itself: a card of the same person is another credential', () => {
    const door = gate();
    door.taken(door.scan(PASS));
    door.wait(10_000);
    expect(kinds(door.tap('0b'.repeat(8)))).toEqual(['admit']);
  });

  it('of a phone that the list lacks is asked about by its id, and by nothing of the code', () => {
    const door = gate({ check: identified(STRANGER) });
    const [effect] = door.scan(PASS);
    expect(effect).toEqual({
      kind: 'ask',
      admission: 'boot-1',
      direction: 'in',
      credential: { kind: 'id', id: new Uint8Array(16).fill(0x0a), class: 'phone-code' },
    });
    expect(door.answer({ outcome: 'granted' })[0]).toMatchObject({ kind: 'admit', code: { acceptance: {} } });
  });

  it('that opened another gate while this one asked is a replay', () => {
    const door = gate({ check: identified(STRANGER) });
    door.scan(PASS);
    door.setting.stillNew = false;
    expect(told(door.answer({ outcome: 'granted' }))).toEqual([['access-denied', 'CodeReplayed']]);
  });
});

describe('a code held before the scanner', () => {
  it('is one event for as long as it is read again, granted or not', () => {
    for (const check of [identified(granted), refused('CodeExpired'), identified(denied('Unauthorized'))]) {
      const door = gate({ check });
      expect(door.scan(PASS)).toHaveLength(1);
      for (let i = 0; i < 5; i += 1) {
        door.wait(1_500);
        expect(door.scan(PASS)).toEqual([]);
      }
      expect(door.checks()).toBe(1);
    }
  });

  it('once away for the window is looked at again', () => {
    const door = gate();
    door.scan(PASS);
    door.wait(2_000);
    door.scan(PASS);
    expect(door.checks()).toBe(2);
  });

  it('is nobody new when the phone let in shows its next code', () => {
    const door = gate();
    door.scan(PASS);
    door.wait(1_500);
    expect(door.scan(LATER_PASS)).toEqual([]);
    door.wait(1_500);
    expect(door.scan(PASS)).toEqual([]);
  });

  it('is somebody new when the next code is of another phone', () => {
    const door = gate();
    door.scan(PASS);
    door.setting.check = identified(granted, 0x0b);
    expect(kinds(door.scan(LATER_PASS))).toEqual(['admit']);
  });

  it('refused once passes with its next code', () => {
    const door = gate({ check: identified(denied('CodeReplayed')) });
    door.scan(PASS);
    door.setting.check = identified(granted);
    expect(kinds(door.scan(LATER_PASS))).toEqual(['admit']);
  });
});

describe('a code of another app', () => {
  it('is asked about with its form and text, and the text stays in no state', () => {
    for (const [text, form] of [
      [WECHAT, 'wechat-pay'],
      [OTHER, 'other'],
    ]) {
      const door = gate();
      const [effect] = door.scan(text ?? '');
      expect(effect).toMatchObject({ kind: 'ask', credential: { kind: 'code', form, text } });
      expect(JSON.stringify(door.state())).not.toContain(text);
      door.answer({ outcome: 'granted', credential: of });
      expect(JSON.stringify(door.effects.slice(1))).not.toContain(text);
    }
  });

  it('granted: recorded for whom the answer names', () => {
    const door = gate();
    door.scan(WECHAT);
    const [effect] = door.answer({ outcome: 'granted', credential: of, extended: true });
    expect(effect).toMatchObject({
      kind: 'admit',
      extended: true,
      record: { type: 'access-granted', credential: of, via: 'gateway', reader: 'front' },
    });
    expect(effect).not.toHaveProperty('code');
  });

  it('granted to nobody is refused', () => {
    const door = gate();
    door.scan(WECHAT);
    expect(told(door.answer({ outcome: 'granted' }))).toEqual([['code-refused', 'CodeNotRecognised']]);
  });

  it('denied: by name where the answer names one, otherwise of the form', () => {
    const door = gate();
    door.scan(WECHAT);
    const named = door.answer({ outcome: 'denied', reason: 'NotPermittedAtThisTime', credential: of });
    expect(told(named)).toEqual([['access-denied', 'NotPermittedAtThisTime']]);
    door.scan(OTHER);
    expect(told(door.answer({ outcome: 'denied' }, 'boot-2'))).toEqual([['code-refused', 'CodeNotRecognised']]);
  });

  it('while the network is down says what to do instead, and asks nobody', () => {
    expect(told(gate({ online: false }).scan(WECHAT))).toEqual([['code-refused', 'CodeNeedsNetwork']]);
  });

  it('without an answer: its system is silent, or the network went meanwhile', () => {
    const door = gate();
    door.scan(WECHAT);
    expect(told(door.answer())).toEqual([['code-refused', 'ResolverUnavailable']]);
    door.scan(OTHER);
    door.setting.online = false;
    expect(told(door.answer(undefined, 'boot-2'))).toEqual([['code-refused', 'CodeNeedsNetwork']]);
  });

  it('read again while it is asked about, here or by the scanner beside, is one question', () => {
    const door = gate();
    door.scan(WECHAT);
    expect(door.scan(WECHAT, 'beside')).toEqual([]);
    door.wait(5_000);
    expect(door.scan(WECHAT)).toEqual([]);
  });

  it('beyond four questions at once is refused unasked', () => {
    const door = gate();
    for (let n = 0; n < 10; n += 1) door.scan(`${OTHER}${n}`);
    expect(kinds(door.effects).filter((kind) => kind === 'ask')).toHaveLength(4);
    expect(told(door.effects)).toHaveLength(6);
  });

  it('where the portal does not ask is refused at once', () => {
    const stranger = { ...STRANGER, askGateway: false };
    expect(told(gate({ stranger }).scan(WECHAT))).toEqual([['code-refused', 'PaymentCodeNotAccepted']]);
    expect(told(gate({ stranger }).scan(OTHER))).toEqual([['code-refused', 'CodeUnreadable']]);
  });

  it('without a list is refused for that', () => {
    expect(told(gate({ stranger: denied('ListMissing') }).scan(WECHAT))).toEqual([['code-refused', 'ListMissing']]);
  });

  it('longer than any code, or empty, is asked of nobody', () => {
    for (const text of ['', 'x'.repeat(513)]) {
      expect(told(gate().scan(text))).toEqual([['code-refused', 'CodeUnreadable']]);
    }
  });
});

it('payment codes of Alipay and UnionPay are refused unasked, whatever the portal wants', () => {
  for (const text of [ALIPAY, UNIONPAY]) {
    expect(told(gate().scan(text))).toEqual([['code-refused', 'PaymentCodeNotAccepted']]);
  }
});

describe('wrong attempts', () => {
  const after = (reason: Reason) => {
    const door = gate({ check: refused(reason) });
    for (let n = 1; n <= 6; n += 1) door.scan(`${n}`.padStart(251, '0'));
    return alarms(door.effects);
  };

  it('forged, replayed and unknown codes count', () => {
    for (const reason of ['CodeForged', 'CodeWrongZone', 'UnknownCredential', 'CodeUnreadable'] as const) {
      expect([reason, after(reason)]).toEqual([reason, [true]]);
    }
    const door = gate({ check: identified(denied('CodeReplayed')) });
    for (let n = 1; n <= 6; n += 1) door.scan(`${n}`.padStart(251, '0'));
    expect(alarms(door.effects)).toEqual([true]);
  });

  it('stale codes, the wrong app, the clock and the network do not', () => {
    for (const reason of ['CodeExpired', 'CodeFromFuture', 'CodeClockUnsure'] as const) {
      expect([reason, after(reason)]).toEqual([reason, []]);
    }
    for (const setting of [{ online: false }, {}]) {
      const door = gate(setting);
      for (let n = 0; n < 9; n += 1) door.scan(`28${n}`.padEnd(18, '1'));
      for (let n = 0; n < 9; n += 1) door.scan(`13${n}`.padEnd(18, '1'));
      expect(alarms(door.effects)).toEqual([]);
    }
  });
});

it('every record is an event of the wire contract, and none holds a code', () => {
  const doors = [
    gate(),
    gate({ check: refused('CodeExpired') }),
    gate({ online: false }),
    gate({ check: identified(denied('CodeReplayed')) }),
  ];
  for (const door of doors) {
    for (const text of [PASS, WECHAT, ALIPAY, UNIONPAY, OTHER, '']) door.scan(text);
    door.answer({ outcome: 'granted', credential: of }, 'boot-2');
    for (const effect of door.effects) {
      const event = effect.kind === 'admit' ? effect.record : effect.kind === 'event' ? effect.event : undefined;
      if (event === undefined) continue;
      expect(journalEvent.safeParse({ ...event, at: 1, clock: 'synced' }).success).toBe(true);
      for (const text of [PASS, WECHAT, ALIPAY, UNIONPAY, OTHER]) expect(JSON.stringify(event)).not.toContain(text);
    }
  }
});
