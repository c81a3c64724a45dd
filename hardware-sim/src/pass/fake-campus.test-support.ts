// SPDX-License-Identifier: Apache-2.0
// The gateway's own HTTP layer, serving the built pages, over a person made up in memory: every state of the pass can be set, and
// every answer is held to the API's schemas.
import type { AddressInfo } from 'node:net';
import { createLogger } from '@latchkey/gateway/app/logger';
import type { KeychainService } from '@latchkey/gateway/http/keychain-service';
import type { OwnService } from '@latchkey/gateway/http/own-service';
import type { PeopleSide } from '@latchkey/gateway/http/people-side';
import type { SessionState } from '@latchkey/gateway/http/principal';
import { createServer } from '@latchkey/gateway/http/server';
import type { ApiServices } from '@latchkey/gateway/http/services';
import type { SignInOutcome } from '@latchkey/gateway/http/sign-in-services';
import { findWebPages } from '@latchkey/gateway/http/web';
import type { MyDoor, Opening } from '@latchkey/protocols/api/keychain';
import type { MyCard, MyPass, MyPassage, MyPhone, PhoneCertificate, PhoneEnrol } from '@latchkey/protocols/api/me';

export const PASSWORD = '041027';
export const NEXT_PASSWORD = 'correct horse battery';
export const NUMBER = '2026000001';
export const CAMPUS_ID = '00000000c0ffee01';
const CSRF = 'csrf-of-this-session';
const TOKEN = 'session-token';
const NOTHING = new Proxy({}, { get: () => async () => undefined });

/** What the tests set and look at. */
export interface FakeCampus {
  readonly url: string;
  methods: { password: boolean; passkey: boolean; oidc: boolean };
  mustChangePassword: boolean;
  signedIn: boolean;
  /** The sign-in was a moment ago. */
  fresh: boolean;
  /** Gateway minus real time. */
  clockMs: number;
  zones: MyPass['zones'];
  phones: MyPhone[];
  enrolled: PhoneEnrol[];
  certificates: PhoneCertificate[];
  cards: MyCard[];
  doors: MyDoor[];
  /** States that an opening goes through, one a look; the last one stays. */
  openings: Pick<Opening, 'state' | 'reason'>[];
  /** Confirmations as they came. */
  confirmed: string[];
  passages: MyPassage[];
  confirmation: { online: number; confirmed: number; confirmedMs: number | null };
  close(): Promise<void>;
}

type State = Omit<FakeCampus, 'url' | 'close'>;

export const firstState = (): State => ({
  methods: { password: true, passkey: true, oidc: true },
  mustChangePassword: false,
  signedIn: false,
  fresh: true,
  clockMs: 0,
  zones: [
    { zone: 1, name: '一号宿舍楼', nameEn: 'Dormitory 1' },
    { zone: 7, name: '图书馆', nameEn: 'Library' },
  ],
  phones: [],
  enrolled: [],
  certificates: [],
  cards: [],
  doors: [],
  openings: [],
  confirmed: [],
  passages: [],
  confirmation: { online: 12, confirmed: 12, confirmedMs: 312 },
});

export async function startFakeCampus(): Promise<FakeCampus> {
  const web = findWebPages(import.meta.url);
  if (web === undefined) throw new Error('the web pages are not built: npm run build');
  const state = firstState() as FakeCampus;
  const origins: string[] = [];
  const app = await createServer({
    services: servicesOf(state),
    people: peopleOf(state, origins),
    token: { accepts: () => false },
    logger: createLogger('silent'),
    version: '0',
    monotonicMs: () => performance.now(),
    web,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://localhost:${(app.server.address() as AddressInfo).port}`;
  origins.push(url);
  return Object.assign(state, { url, close: () => app.close() });
}

function servicesOf(state: State): ApiServices {
  const parts: Partial<Record<string | symbol, unknown>> = { own: ownOf(state), keychain: keychainOf(state) };
  return new Proxy({} as ApiServices, { get: (_, name) => parts[name] ?? NOTHING });
}

const ok = <T>(value: T) => ({ ok: true, value }) as const;
const now = () => new Date().toISOString();

function ownOf(state: State): OwnService {
  const { cards } = { cards: cardsOf(state) };
  return {
    cards,
    pass: async () => {
      const { zones, clockMs } = state;
      const nowMs = Date.now() + clockMs;
      return ok({ campusId: CAMPUS_ID, number: NUMBER, name: '王然平', nowMs, zones, phonesAllowed: 1 });
    },
    phones: {
      list: async () => ok({ items: state.phones, allowed: 1 }),
      challenge: async () => ok({ challenge: 'A'.repeat(43) }),
      enrol: async (_person, _session, body) => {
        state.enrolled.push(body);
        for (const phone of state.phones) {
          if (phone.id === body.replaces) Object.assign(phone, { state: 'replaced', endedAt: now() });
        }
        const phone = newPhone(`phone-${state.enrolled.length}`, body);
        state.phones.unshift(phone);
        return ok({ phone, certificates: state.certificates });
      },
      withdraw: async (_person, id) => {
        for (const phone of state.phones) {
          if (phone.id === id) Object.assign(phone, { state: 'withdrawn', endedAt: now() });
        }
        return ok({ changed: true });
      },
      certificates: async () => ok(state.certificates),
      status: async ({ id }) => {
        const phone = state.phones.find((one) => one.id === id);
        if (phone === undefined) return { ok: false, code: 'not-found' };
        return ok({ state: phone.state, nowMs: Date.now() + state.clockMs, endedAt: phone.endedAt });
      },
    },
    passages: async () => ok({ items: state.passages }),
  };
}

function keychainOf(state: State): KeychainService {
  const look = (portal: string): Opening => {
    const [first = { state: 'opened', reason: null }] = state.openings;
    if (state.openings.length > 1) state.openings.shift();
    const elapsedMs = first.state === 'opened' ? 812 : null;
    return { id: '0011223344556677', portal, askedAt: now(), elapsedMs, ...first };
  };
  return {
    doors: async () => ok(state.doors),
    open: async (_person, { portal, confirm }) => {
      state.confirmed.push(confirm);
      return ok(look(portal));
    },
    opening: async () => ok(look(state.doors[0]?.portal ?? 'room-101')),
    follow: async function* () {},
  };
}

const newPhone = (id: string, { name, algorithm }: PhoneEnrol): MyPhone => ({
  id,
  name,
  algorithm,
  state: 'active',
  enrolledAt: now(),
  endedAt: null,
});

function cardsOf(state: State): OwnService['cards'] {
  const become = async (id: string, change: Partial<MyCard>) => {
    const card = state.cards.find((one) => one.id === id);
    if (card === undefined) return { ok: false, code: 'not-found' } as const;
    Object.assign(card, change);
    return ok({ card, confirmation: state.confirmation });
  };
  return {
    list: async () => ok(state.cards),
    lose: (_person, id) => become(id, { state: 'lost', mayReport: false, mayFind: true }),
    found: (_person, id) => become(id, { state: 'active', mayReport: true, mayFind: false }),
  };
}

function peopleOf(state: State, origins: readonly string[]): PeopleSide {
  const session = (): SessionState => ({
    principal: {
      actor: NUMBER,
      number: NUMBER,
      roles: [{ role: 'student', buildings: 'all' }],
      session: 'session',
      mustChangePassword: state.mustChangePassword,
    },
    personId: 1,
    name: '王然平',
    csrf: CSRF,
    fresh: state.fresh,
    expiresMs: Date.now() + 3_600_000,
  });
  const enter = (): SignInOutcome => {
    Object.assign(state, { signedIn: true, fresh: true });
    return ok({ token: TOKEN, device: 'device-token', state: session() });
  };
  const services = new Proxy({} as PeopleSide['services'], {
    get: (_, name) => Reflect.get(signInOf(state, enter), name) ?? NOTHING,
  });
  return {
    services,
    findSession: async (token) => (state.signedIn && token === TOKEN ? session() : undefined),
    origins: () => ({ primary: origins[0] ?? '', all: origins }),
  };
}

function signInOf(state: State, enter: () => SignInOutcome): Partial<PeopleSide['services']> {
  const { methods } = state;
  return {
    password: {
      available: methods.password,
      signIn: async ({ password }) =>
        password === PASSWORD || password === NEXT_PASSWORD ? enter() : { ok: false, code: 'sign-in-refused' },
      change: async () => {
        state.mustChangePassword = false;
        return enter();
      },
    },
    passkeys: new Proxy({} as PeopleSide['services']['passkeys'], {
      get: (_, name) => (name === 'available' ? () => methods.passkey : async () => []),
    }),
    oidc: methods.oidc
      ? {
          name: { name: '统一身份认证', nameEn: 'Campus sign-in' },
          start: async () => ({ ok: false, code: 'provider-down' }),
          finish: async () => ({ ok: false, code: 'provider-down' }),
        }
      : undefined,
    sessions: {
      list: async () => [],
      signOut: async () => {
        state.signedIn = false;
        return { continueAt: null };
      },
      signOutEverywhere: async () => undefined,
      end: async () => ok(undefined),
    },
  };
}
