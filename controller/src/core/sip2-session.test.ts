// SPDX-License-Identifier: Apache-2.0
// The session's rules by name (reference: sip2, 2, 7 and 8), without a socket or a clock: what comes in, what goes out.

import { checksumOf } from '@latchkey/protocols/sip2/checksum';
import { type SipOptions, STANDARD_OPTIONS } from '@latchkey/protocols/sip2/message';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SipRequest } from './desk-sip-requests.ts';
import { stepSipSession } from './sip2-session.ts';
import { NEW_SESSION, type SipSessionConfig, type SipSessionEffect, type SipSessionEvent } from './sip2-state.ts';

const DATE = '20261123    101500';
const BX = 'YYYYYYYYYYYYYYYY';
const status = (bx = BX, head = 'YYYYYY050003') => `98${head}${DATE}2.00AOLIB|BX${bx}|`;
const date = { local: '2026-11-23T10:15:00', zone: '' };
const loan = (item: string, patron = 'P1'): SipRequest<'11'> => ({
  code: '11',
  fixed: { renewalPolicy: true, noBlock: false, transactionDate: date, noBlockDueDate: null },
  fields: { AO: 'LIB', AA: patron, AB: item, AC: '' },
});
const item = (barcode: string): SipRequest<'17'> => ({
  code: '17',
  fixed: { transactionDate: date },
  fields: { AO: 'LIB', AB: barcode },
});
const lent = (barcode: string) => `121NNY${DATE}AOLIB|AAP1|AB${barcode}|AJT|AH2026|`;
const told = (barcode: string) => `18030001${DATE}AB${barcode}|AJT|`;
const LOGIN = { user: 'desk', password: 'secret', location: 'D1', order: 'login-first' } as const;

class Harness {
  state = NEW_SESSION;
  effects: SipSessionEffect[] = [];
  readonly config: SipSessionConfig;
  lastId = 0;

  constructor(change: Partial<SipSessionConfig> = {}) {
    this.config = { options: STANDARD_OPTIONS, heartbeatMs: 60_000, supports: {}, ...change };
  }
  take(event: SipSessionEvent): this {
    const turned = stepSipSession(this.config, this.state, event);
    this.state = turned.state;
    this.effects = [...turned.effects];
    return this;
  }
  ask(request: SipRequest): this {
    this.lastId += 1;
    return this.take({ kind: 'ask', id: this.lastId, request });
  }
  /** With the AY of the question in flight and a right sum, unless said otherwise. */
  answer(...lines: (string | { readonly raw: string })[]): this {
    const messages = lines.map((line) => bytesOf(typeof line === 'string' ? this.tailed(line) : line.raw));
    return this.take({ kind: 'received', messages });
  }
  tailed(text: string, sequence: number | '' = this.state.flight?.sequence ?? 0): string {
    const { checksum } = this.config.options;
    if (checksum === 'off') return text;
    const whole = `${text}${sequence === '' ? '' : `AY${sequence}`}AZ`;
    return whole + checksumOf(whole, 'cp850', 'bytes');
  }
  timeout(): this {
    return this.take({ kind: 'timer', name: 'answer' });
  }
  up(bx?: string): this {
    this.take({ kind: 'opened' });
    if (this.config.login) this.answer('941');
    return this.answer(status(bx));
  }
  get sent(): string[] {
    return this.effects.flatMap((effect) =>
      effect.kind === 'send' ? [Buffer.from(effect.bytes).toString('latin1').trimEnd()] : [],
    );
  }
  get codes(): string[] {
    return this.sent.map((text) => text.slice(0, 2));
  }
  get settled() {
    return this.effects.flatMap((effect) => (effect.kind === 'settle' ? [effect.outcome] : []));
  }
  get closed() {
    return this.effects.find((effect) => effect.kind === 'close')?.reason;
  }
}
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const NOT_SENT = { ok: false, sent: false };
const UNKNOWN = { ok: false, sent: true };
const ayOf = (text: string | undefined) => /AY(\d)AZ/.exec(text ?? '')?.[1];

describe('the greeting', () => {
  it('is a login, then the status', () => {
    const one = new Harness({ login: LOGIN }).take({ kind: 'opened' });
    expect(one.sent[0]).toMatch(/^9300CNdesk\|COsecret\|CPD1\|AY0AZ/);
    expect(one.answer('941').codes).toEqual(['99']);
    expect(one.answer(status()).effects).toContainEqual({ kind: 'ready' });
    expect(one.state.standing).toBe('up');
  });

  it('is the status, the login, and the status again where the server wants it so', () => {
    const one = new Harness({ login: { ...LOGIN, order: 'status-first' } }).take({ kind: 'opened' });
    expect(one.codes).toEqual(['99']);
    expect(one.answer(status('NNNNYYYNNNNNNNNN')).codes).toEqual(['93']);
    expect(one.state.standing).toBe('connecting');
    expect(one.answer('941').codes).toEqual(['99']);
    expect(one.answer(status()).effects).toContainEqual({ kind: 'ready' });
    expect(one.state.standing).toBe('up');
  });

  it('ends where the login is refused, and says so', () => {
    const one = new Harness({ login: LOGIN }).take({ kind: 'opened' }).answer('940');
    expect(one.closed).toBe('login-refused');
    expect(one.sent).toEqual([]);
  });

  it('lets nobody else ask before it is through', () => {
    const one = new Harness().take({ kind: 'opened' }).ask(loan('B1'));
    expect(one.settled).toEqual([NOT_SENT]);
  });
});

describe('one question is in flight', () => {
  it('and the others wait their turn', () => {
    const one = new Harness().up().ask(item('B1'));
    expect(one.ask(item('B2')).sent).toEqual([]);
    expect(one.answer(told('B1')).sent[0]).toContain('ABB2|');
  });

  it('and AY counts up to 9 and begins again, over connections as well', () => {
    const one = new Harness().up();
    const seen: (string | undefined)[] = [];
    for (let at = 1; at <= 11; at++) {
      seen.push(ayOf(one.ask(item(`B${at}`)).sent[0]));
      one.answer(told(`B${at}`));
    }
    expect(seen).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '1']);
    one.take({ kind: 'closed' }).take({ kind: 'opened' });
    expect(ayOf(one.sent[0])).toBe('2');
  });

  it('what waits when the connection goes is not sent, what left is unknown', () => {
    const one = new Harness().up().ask(loan('B1')).ask(loan('B2'));
    expect(one.take({ kind: 'closed' }).settled).toEqual([UNKNOWN, NOT_SENT]);
    expect(one.take({ kind: 'opened' }).codes).toEqual(['99']);
  });
});

describe('a time-out', () => {
  it('sends a question without effect again, the same bytes', () => {
    const one = new Harness().up().ask(item('B1'));
    const [first] = one.sent;
    expect(one.timeout().sent).toEqual([first]);
    expect(one.timeout().closed).toBe('no-answer');
    expect(one.settled).toEqual([UNKNOWN]);
  });

  it('never sends again what has an effect: what was done is unknown', () => {
    const one = new Harness().up().ask(loan('B1')).ask(loan('B2')).timeout();
    expect(one.sent).toEqual([]);
    expect(one.closed).toBe('no-answer');
    expect(one.settled).toEqual([UNKNOWN, NOT_SENT]);
  });

  it('sends nothing again where a late answer could not be told from the next', () => {
    const off = new Harness({ options: { ...STANDARD_OPTIONS, checksum: 'off' } }).up().ask(item('B1'));
    expect(off.timeout().closed).toBe('no-answer');
    const without = new Harness().take({ kind: 'opened' }).answer({ raw: status() }).ask(item('B1'));
    expect(without.timeout().closed).toBe('no-answer');
  });

  it.each([
    ['the server says 3 s', undefined, '030', 3_000],
    ['the server says 60 s, more than anybody waits', undefined, '600', 10_000],
    ['the server does not know', undefined, '999', 5_000],
    ['the operator says 700 ms', 700, '030', 700],
  ])('comes when %s', (_, timeoutMs, tenths, expected) => {
    const one = new Harness({ timeoutMs }).take({ kind: 'opened' }).answer(status(BX, `YYYYYY${tenths}003`));
    expect(one.ask(item('B1')).effects).toContainEqual({ kind: 'arm', timer: 'answer', afterMs: expected });
  });

  it('is waited for as often as the operator says', () => {
    const one = new Harness({ retries: 3 }).up().ask(item('B1'));
    expect([one.timeout().codes, one.timeout().codes, one.timeout().codes, one.timeout().codes]).toEqual([
      ['17'],
      ['17'],
      ['17'],
      [],
    ]);
  });

  it('of a question that was answered meanwhile does nothing', () => {
    expect(new Harness().up().ask(item('B1')).answer(told('B1')).timeout().effects).toEqual([]);
  });
});

describe('a damaged answer', () => {
  it('is asked for again with 97, which has no AY, and taken then', () => {
    const one = new Harness()
      .up()
      .ask(loan('B1'))
      .answer({ raw: `${lent('B1')}AY1AZ0000` });
    expect(one.sent).toEqual(['97AZFEF5']);
    expect(one.answer(lent('B1')).settled).toMatchObject([{ ok: true, message: { code: '12' } }]);
  });

  it.each(['AY0', 'no AY'])('may come again with %s, once', (form) => {
    const one = new Harness().up().ask(item('B1'));
    one.answer({ raw: `${told('B1')}AY1AZ0000` });
    const again = form === 'AY0' ? one.tailed(told('B1'), 0) : one.tailed(told('B1'), '');
    expect(one.answer({ raw: again }).settled).toMatchObject([{ ok: true }]);
    one.ask(item('B2'));
    expect(one.answer({ raw: one.tailed(told('B2'), 0) }).settled).toEqual([]);
  });

  it('three times over ends the connection', () => {
    const one = new Harness().up().ask(item('B1'));
    const bad = { raw: `${told('B1')}AY1AZ0000` };
    for (let at = 0; at < 3; at++) expect(one.answer(bad).codes).toEqual(['97']);
    expect(one.answer(bad).closed).toBe('damaged-answers');
  });

  it('so that nothing can be read in it is asked for again as well', () => {
    const one = new Harness()
      .up()
      .ask(item('B1'))
      .answer({ raw: `1?${told('B1')}AY1AZ0000` });
    expect(one.codes).toEqual(['97']);
  });

  it('is not asked for with a 97 that the server does not offer', () => {
    const one = new Harness()
      .up('YYYYYNYYYYYYYYYY')
      .ask(loan('B1'))
      .answer({ raw: `${lent('B1')}AY1AZ0000` });
    expect(one.closed).toBe('damaged-answers');
    expect(one.settled).toEqual([UNKNOWN]);
  });

  it('is taken as it is where sums are not looked at', () => {
    const one = new Harness({ options: { ...STANDARD_OPTIONS, checksum: 'ignored' } }).up().ask(item('B1'));
    expect(one.answer({ raw: `${told('B1')}AY1AZ0000` }).settled).toMatchObject([{ ok: true }]);
  });

  it('noise is no answer, and is waited out', () => {
    const one = new Harness().up().ask(item('B1')).answer({ raw: '\xff\x81|09' });
    expect(one.sent).toEqual([]);
    expect(one.answer(told('B1')).settled).toMatchObject([{ ok: true }]);
  });
});

describe('96', () => {
  it('has the same message sent again, of any kind: nothing was done', () => {
    const one = new Harness().up().ask(loan('B1'));
    const [first] = one.sent;
    expect(one.answer({ raw: '96AZFEF6' }).sent).toEqual([first]);
  });

  it('in answer to a 97 is the end', () => {
    const one = new Harness()
      .up()
      .ask(loan('B1'))
      .answer({ raw: `${lent('B1')}AY1AZ0000` });
    expect(one.answer({ raw: '96AZFEF6' }).closed).toBe('damaged-answers');
    expect(one.settled).toEqual([UNKNOWN]);
  });

  it('for ever is the end too', () => {
    const one = new Harness().up().ask(loan('B1'));
    for (let at = 0; at < 3; at++) one.answer({ raw: '96AZFEF6' });
    expect(one.answer({ raw: '96AZFEF6' }).closed).toBe('damaged-questions');
  });
});

describe('an answer to something else', () => {
  it('has another AY, and is waited out', () => {
    const one = new Harness().up().ask(item('B1'));
    expect(one.answer({ raw: one.tailed(told('B1'), 7) }).settled).toEqual([]);
    expect(one.answer(told('B1')).settled).toHaveLength(1);
  });

  it('came in the same read as the answer that let the next question go', () => {
    const off = { ...STANDARD_OPTIONS, checksum: 'off' } as const;
    const one = new Harness({ options: off }).up().ask(item('B1')).ask(item('B2'));
    expect(one.answer(told('B1'), told('B2')).settled).toHaveLength(1);
    expect(one.answer(told('B2')).settled).toHaveLength(1);
  });

  it('without AY names what the question before named', () => {
    const off = { ...STANDARD_OPTIONS, checksum: 'off' } as const;
    const one = new Harness({ options: off }).up().ask(item('B1')).answer(told('B1')).ask(item('B2'));
    expect(one.answer(told('B1')).settled).toEqual([]);
    expect(one.answer(told('B2')).settled).toHaveLength(1);
  });

  it('that nobody asked for is nothing', () => {
    expect(new Harness().up().answer(lent('B1')).effects).toEqual([]);
  });
});

describe('98', () => {
  it('in answer to anything has the question sent again, with an AY of its own', () => {
    const one = new Harness().up().ask(loan('B1')).answer(status());
    expect(one.codes).toEqual(['11']);
    expect(ayOf(one.sent[0])).toBe('2');
    expect(one.answer(lent('B1')).settled).toMatchObject([{ ok: true }]);
  });

  it('in answer to everything leaves it unknown', () => {
    const one = new Harness().up().ask(loan('B1'));
    one.answer(status()).answer(status());
    expect(one.answer(status()).settled).toEqual([UNKNOWN]);
    expect(one.sent).toEqual([]);
  });

  it.each(['NYYYYY050003', 'YYYYYY000003'])('that says %s is a library that is away, asked again soon', (head) => {
    const one = new Harness().up().ask(loan('B1')).ask(loan('B2')).answer(status(BX, head));
    expect(one.settled).toEqual([NOT_SENT, UNKNOWN]);
    expect(one.state.standing).toBe('offline');
    expect(one.effects).toContainEqual({ kind: 'arm', timer: 'heartbeat', afterMs: 5_000 });
    expect(one.ask(loan('B3')).settled).toEqual([NOT_SENT]);
    expect(one.take({ kind: 'timer', name: 'heartbeat' }).codes).toEqual(['99']);
    expect(one.answer(status()).effects).toContainEqual({ kind: 'changed' });
    expect(one.ask(loan('B4')).codes).toEqual(['11']);
  });
});

describe('what the server does not offer', () => {
  it('is never sent', () => {
    const one = new Harness().up('YYYYYYYYYYYYYYNN').ask({
      code: '65',
      fixed: { transactionDate: date },
      fields: { AO: 'LIB', AA: 'P1' },
    });
    expect(one.sent).toEqual([]);
    expect(one.settled).toEqual([{ ...NOT_SENT, unsupported: true }]);
  });

  it('is what the operator says, whatever BX says', () => {
    const both = { supports: { checkout: true, itemInformation: false } };
    const one = new Harness(both).up('NNNNYYYNNNYNNNNN');
    expect(one.ask(loan('B1')).codes).toEqual(['11']);
    one.answer(lent('B1'));
    expect(one.ask(item('B1')).settled).toMatchObject([{ unsupported: true }]);
  });

  it('is unknown where it says nothing', () => {
    const one = new Harness().take({ kind: 'opened' }).answer(`98YYYYYY050003${DATE}2.00AOLIB|`);
    expect(one.ask(loan('B1')).codes).toEqual(['11']);
  });
});

describe('silence', () => {
  it('is broken by a heartbeat', () => {
    const one = new Harness().up();
    expect(one.effects).toContainEqual({ kind: 'arm', timer: 'heartbeat', afterMs: 60_000 });
    expect(one.take({ kind: 'timer', name: 'heartbeat' }).codes).toEqual(['99']);
  });

  it('after two of them is a library that is gone', () => {
    const one = new Harness().up().take({ kind: 'timer', name: 'heartbeat' }).timeout().timeout();
    expect(one.closed).toBe('no-answer');
    expect(one.state.standing).toBe('offline');
  });
});

describe('values', () => {
  it('longer than a field are clipped, and the delimiter is written as an entity', () => {
    const [sent = ''] = new Harness().up().ask(item(`a|b${'x'.repeat(400)}`)).sent;
    expect(sent).toContain('ABa&#124;b');
    expect(/AB([^|]*)\|/.exec(sent)?.[1]).toHaveLength(255);
  });

  it('longer than a field are taken', () => {
    const one = new Harness()
      .up()
      .ask(item('B1'))
      .answer(`${told('B1')}AF${'y'.repeat(2_000)}|`);
    expect(one.settled).toMatchObject([{ ok: true, message: { fields: { AF: ['y'.repeat(2_000)] } } }]);
  });
});

describe('whatever happens', () => {
  const options: SipOptions = STANDARD_OPTIONS;
  const line = fc.oneof(
    fc.constantFrom('941', '940', status(), status(BX, 'NYYYYY000003'), lent('B1'), told('B1')),
    fc.string({ maxLength: 40 }),
  );
  const event: fc.Arbitrary<(one: Harness) => void> = fc.oneof(
    fc.constantFrom(
      (one: Harness) => one.take({ kind: 'opened' }),
      (one: Harness) => one.take({ kind: 'closed' }),
      (one: Harness) => one.timeout(),
      (one: Harness) => one.take({ kind: 'timer', name: 'heartbeat' }),
      (one: Harness) => one.ask(loan('B1')),
      (one: Harness) => one.ask(item('B1')),
      (one: Harness) => one.answer({ raw: '96AZFEF6' }),
    ),
    line.map((text) => (one: Harness) => one.answer(text)),
    line.map((text) => (one: Harness) => one.answer({ raw: text })),
  );

  it('every question is settled once at most, all of them at the end, and a loan leaves again only after 96 or 98', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const one = new Harness({ options, login: LOGIN });
        const settled = new Map<number, number>();
        let excused = true;
        for (const happen of [...events, (each: Harness) => each.take({ kind: 'closed' })]) {
          const before = one.state.flight;
          happen(one);
          const after = one.state.flight;
          const isSame = before !== undefined && after !== undefined && before.id === after.id && before.id !== 'own';
          const again = one.sent.some((text) => text.startsWith('11')) && isSame;
          excused = !again || after.refusals > before.refusals || after.statuses > before.statuses;
          expect(excused).toBe(true);
          for (const effect of one.effects)
            if (effect.kind === 'settle') settled.set(effect.id, (settled.get(effect.id) ?? 0) + 1);
        }
        for (let id = 1; id <= one.lastId; id++) expect(settled.get(id)).toBe(1);
      }),
      { numRuns: 300 },
    );
  });
});
