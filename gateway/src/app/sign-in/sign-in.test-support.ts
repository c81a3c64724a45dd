// SPDX-License-Identifier: Apache-2.0
// A gateway's HTTP side over a real database, with people who sign in, for tests. Passwords cost little here.
import { type FastifyInstance, type InjectOptions, type LightMyRequestResponse } from 'fastify';
import { createServer } from '../../http/server.ts';
import type { ApiServices } from '../../http/services.ts';
import { createLogger } from '../logger.ts';
import { createImports } from '../registry/imports.ts';
import { NOW_MS, openTestRegistry, type TestRegistry, value } from '../registry/registry.test-support.ts';
import type { AttemptAllowances } from './attempts.ts';
import { type OidcConfig, openSignIn, type SignIn } from './open-sign-in.ts';

export const ORIGIN = 'https://pass.example';
export const TOKEN = 'lka_test';
/** Last six of a made-up, valid ID number that ends in X. */
export const ID_NUMBER = '11010119900307002X';
export const INITIAL = '070020';
export const OWN_PASSWORD = 'correct horse battery';

export interface TestSignIn {
  readonly app: FastifyInstance;
  readonly registry: TestRegistry;
  readonly signIn: SignIn;
  readonly log: string[];
  /** Moved by tests. */
  readonly clock: { nowMs: number };
  close(): Promise<void>;
}

export interface TestSignInOptions {
  readonly allowances?: AttemptAllowances;
  readonly oidc?: OidcConfig;
  readonly origin?: () => string;
}

const PEOPLE = `学号,姓名,身份证号
2026000001,王小明,${ID_NUMBER}
2026000002,李华,${ID_NUMBER}
2026000003,张伟,
`;

export async function openTestSignIn(options: TestSignInOptions = {}): Promise<TestSignIn> {
  const registry = await openTestRegistry();
  const clock = { nowMs: NOW_MS };
  const hour = 3_600_000;
  const origins = () => {
    const primary = options.origin?.() ?? ORIGIN;
    return { primary, all: [primary] };
  };
  const log: string[] = [];
  const logger = createLogger('debug', { write: (line) => void log.push(line) });
  const signIn = await openSignIn({
    database: registry.database,
    keystore: registry.keystore,
    nowMs: () => clock.nowMs,
    monotonicMs: () => performance.now(),
    lifetimes: {
      student: { absoluteMs: 720 * hour, idleMs: 720 * hour },
      staff: { absoluteMs: 12 * hour, idleMs: 2 * hour },
    },
    passwords: true,
    oidc: options.oidc,
    origins,
    log: logger,
    hashLanes: 2,
    chosenCost: 10,
    ...(options.allowances === undefined ? {} : { allowances: options.allowances }),
  });
  const importPeople = createImports(registry.context, signIn.hashInitial);
  value(await importPeople({ kind: 'people', csv: Buffer.from(PEOPLE), dryRun: false, form: undefined }, 'test'));
  const groups = { list: async () => [], put: async () => ({ ok: true, value: { changed: true } }) };
  const services = new Proxy({ groups }, { get: (given, name) => Reflect.get(given, name) ?? {} });
  const app = await createServer({
    services: services as unknown as ApiServices,
    people: { findSession: signIn.findSession, origins, services: signIn.services },
    token: { accepts: (token) => token === TOKEN },
    logger,
    version: '0',
    monotonicMs: () => performance.now(),
  });
  return {
    app,
    registry,
    signIn,
    log,
    clock,
    async close() {
      await app.close();
      await signIn.close();
      await registry.close();
    },
  };
}

type Headers = Readonly<Record<string, string>>;

/** A browser: keeps cookies, names its origin, sends the csrf token it was told. */
export class TestBrowser {
  readonly cookies = new Map<string, string>();
  csrf = '';
  readonly #app: FastifyInstance;
  readonly #address: string;

  constructor(app: FastifyInstance, address = '10.1.0.1') {
    this.#app = app;
    this.#address = address;
  }

  async send(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: object, headers: Headers = {}) {
    const cookie = [...this.cookies].map(([name, text]) => `${name}=${text}`).join('; ');
    const request: InjectOptions = {
      method,
      url,
      remoteAddress: this.#address,
      headers: {
        'accept-language': 'en',
        ...(method === 'GET' ? {} : { origin: ORIGIN, 'sec-fetch-site': 'same-origin' }),
        ...(this.csrf === '' ? {} : { 'x-latchkey-csrf': this.csrf }),
        ...(cookie === '' ? {} : { cookie }),
        ...headers,
      },
      ...(payload === undefined ? {} : { payload }),
    };
    const answer: LightMyRequestResponse = await this.#app.inject(request);
    for (const { name, value: text, maxAge } of answer.cookies) {
      if (maxAge === 0) this.cookies.delete(name);
      else this.cookies.set(name, text);
    }
    return answer;
  }

  async signIn(number: string, password: string) {
    const answer = await this.send('POST', '/v1/sign-in/password', { number, password });
    if (answer.statusCode === 200) this.csrf = answer.json<{ csrf: string }>().csrf;
    return answer;
  }

  /** With the initial password, and then with one of its own. */
  async settle(number: string, initial = INITIAL, next = OWN_PASSWORD) {
    await this.signIn(number, initial);
    const answer = await this.send('POST', '/v1/me/password', { current: initial, next });
    if (answer.statusCode === 200) this.csrf = answer.json<{ csrf: string }>().csrf;
    return answer;
  }

  get session(): string {
    return this.cookies.get('__Host-latchkey') ?? '';
  }
}
