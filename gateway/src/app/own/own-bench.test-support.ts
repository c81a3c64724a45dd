// SPDX-License-Identifier: Apache-2.0
// The routes of a signed-in person over a real registry, with sessions by header, a clock that is moved, and a browser's keys.
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { enrolmentStatement } from '@latchkey/protocols/codes/phone-statement';
import { type FastifyInstance, fastify } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { installErrors } from '../../http/error-handler.ts';
import type { SessionState } from '../../http/principal.ts';
import { registerOwn } from '../../http/routes/own.ts';
import { putPerson } from '../registry/people.ts';
import {
  ACTOR,
  CAMPUS,
  furnish,
  NOW_MS,
  openTestRegistry,
  person,
  type TestRegistry,
  value,
} from '../registry/registry.test-support.ts';
import type { RegistryContext } from '../registry/registry-context.ts';
import { composeOwn } from './compose.ts';

export const HOUR_MS = 3_600_000;

type Algorithm = 'ES256' | 'EdDSA';
export interface Key {
  readonly algorithm: Algorithm;
  readonly publicKey: string;
  sign(statement: Uint8Array): Promise<string>;
}
/** As a browser makes it. */
export async function makeKey(algorithm: Algorithm = 'ES256'): Promise<Key> {
  const scheme = algorithm === 'ES256' ? { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } : { name: 'Ed25519' };
  const pair = (await crypto.subtle.generateKey(scheme, false, ['sign', 'verify'])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return {
    algorithm,
    publicKey: toBase64url(raw),
    sign: async (statement) =>
      toBase64url(new Uint8Array(await crypto.subtle.sign(scheme, pair.privateKey, new Uint8Array(statement)))),
  };
}
type CryptoKeyPair = { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey };
type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

export const proofOf = (key: Key, challenge: string): Promise<string> =>
  key.sign(enrolmentStatement(CAMPUS, Buffer.from(challenge, 'base64url')));

/** S1 and S2 of `furnish`'s dormitory. Tokens are `<person>.<session>`; a session named `old` is not fresh. */
export class OwnBench {
  readonly registry: TestRegistry;
  readonly context: RegistryContext;
  readonly #app: FastifyInstance = fastify();
  nowMs = NOW_MS;

  private constructor(registry: TestRegistry) {
    this.registry = registry;
    this.context = { ...registry.context, now: () => this.nowMs };
  }

  static async open(): Promise<OwnBench> {
    const registry = await openTestRegistry();
    await furnish(registry);
    const bench = new OwnBench(registry);
    value(await putPerson(bench.context, 'S2', person({ name: '李四', groups: ['dorm-1'] }), ACTOR));
    bench.#serve();
    return bench;
  }

  async close(): Promise<void> {
    await this.#app.close();
    await this.registry.close();
  }

  async call(who: string | undefined, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) {
    const headers = { 'accept-language': 'en', ...(who === undefined ? {} : { 'x-session': who }) };
    const answer = await this.#app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
  }

  async challengeOf(who: string): Promise<string> {
    return String((await this.call(who, 'POST', '/v1/me/phones/challenge')).body['challenge']);
  }

  /** All that enrols this key, with a challenge of its own. */
  async bodyOf(who: string, key: Key, more: object = {}) {
    const challenge = await this.challengeOf(who);
    const { algorithm, publicKey } = key;
    return { name: '手机', algorithm, publicKey, challenge, proof: await proofOf(key, challenge), ...more };
  }

  async enrol(who: string, { key, ...more }: { key?: Key; replaces?: string } = {}) {
    const body = await this.bodyOf(who, key ?? (await makeKey()), more);
    const answer = await this.call(who, 'POST', '/v1/me/phones', body);
    return { ...answer, id: (answer.body['phone'] as { id: string } | undefined)?.id ?? '' };
  }

  denies() {
    const { db } = this.registry.database;
    return db.selectFrom('deny_op').select(['kind', 'reason', 'actor']).orderBy('seq').execute();
  }

  #serve(): void {
    const own = composeOwn({
      context: this.context,
      campusId: CAMPUS,
      phonesPerPerson: 2,
      cardFoundWithinHours: 24,
      confirm: async () => ({ online: 1, confirmed: 1, confirmedMs: 7 }),
      certificates: async () => [],
    });
    const app = this.#app;
    app.setValidatorCompiler(validatorCompiler);
    app.setSerializerCompiler(serializerCompiler);
    installErrors(app);
    app.decorateRequest('session', undefined);
    app.addHook('onRequest', async (request) => {
      const token = request.headers['x-session'];
      if (typeof token === 'string') request.session = this.#sessionOf(token);
    });
    registerOwn(app.withTypeProvider<ZodTypeProvider>(), own, () => this.nowMs);
  }

  #sessionOf(token: string): SessionState {
    const [number = '', name] = token.split('.');
    const principal = { actor: number, number, roles: [], session: token, mustChangePassword: false };
    return { principal, personId: 0, name: '', csrf: 'csrf', fresh: name !== 'old', expiresMs: this.nowMs + HOUR_MS };
  }
}
