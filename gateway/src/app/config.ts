// SPDX-License-Identifier: Apache-2.0
// Configuration of the gateway: defaults, then a JSON file, then LATCHKEY_* variables, then flags; the last one wins.
// Every error names the field, where it came from and what to write instead.
import { readFile } from 'node:fs/promises';
import { siteId } from '@latchkey/protocols/ids';
import { err, ok, type Result } from '@latchkey/protocols/result';
import { z } from 'zod';
import { campusAppConfigs } from './campus-apps.ts';
import { resolverConfigs } from './config-resolvers.ts';
import { oidcConfig, signInConfig, webConfig } from './config-web.ts';

const port = z.int('use a whole number').min(0, 'use a port from 0 to 65535').max(65_535, 'use a port from 0 to 65535');
const host = z.string().min(1, 'give an address to listen on, such as 127.0.0.1 or 0.0.0.0').max(253);
const certificateName = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$/, 'give a host name or an IP address, without port');

export const gatewayConfig = z
  .strictObject({
    dataDir: z.string().min(1, 'give a directory').default('.latchkey/gateway'),
    site: siteId.default('campus' as z.infer<typeof siteId>),
    /** 8 bytes that keep one campus's lists from being used on another. The root document says it; here it is only held to. */
    campusId: z
      .string()
      .regex(/^[0-9a-f]{16}$/, 'use 16 hex digits, such as 00000000c0ffee01')
      .optional(),
    timeZone: z.string().refine(isTimeZone, 'use an IANA zone, such as Asia/Shanghai').default('Asia/Shanghai'),
    /** Plain loopback until an operator says where to listen (security on by default). */
    https: z.strictObject({ host: host.default('127.0.0.1'), port: port.default(8443) }).prefault({}),
    mqtt: z.strictObject({ host: host.default('127.0.0.1'), port: port.default(8883) }).prefault({}),
    web: webConfig.prefault({}),
    signIn: signInConfig.prefault({}),
    /** The campus's identity provider, where people sign in with it. */
    oidc: oidcConfig.optional(),
    /** Names and addresses in the gateway's certificate: what controllers and the CLI call it by. */
    names: z
      .array(certificateName)
      .min(1, 'name the gateway at least once, such as gateway.campus.example')
      .default(['localhost', '127.0.0.1', '::1']),
    /** Phones with identity codes that a person may have at once. */
    phonesPerPerson: z
      .int('use a whole number')
      .min(1, 'use a number from 1 to 20')
      .max(20, 'use a number from 1 to 20')
      .default(2),
    /** For so long a person may take back their own report of a lost card. 0: at the card office only. */
    cardFoundWithinHours: z
      .number('use a number of hours')
      .min(0, 'use 0 to 720 hours')
      .max(720, 'use 0 to 720 hours')
      .default(24),
    /** Systems behind the codes of other apps. */
    resolvers: resolverConfigs,
    /** Apps that open doors for people who are signed in there. */
    campusApps: campusAppConfigs,
    /** Makes root keys on this machine at first start. For trials only: whoever takes the machine has the campus. */
    demoKeys: z.boolean('use true or false').default(false),
    logLevel: z
      .enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent'], 'use fatal, error, warn, info, debug or silent')
      .default('info'),
  })
  .readonly();
export type GatewayConfig = z.infer<typeof gatewayConfig>;
export type GatewayConfigInput = z.input<typeof gatewayConfig>;

type Path = readonly [string, ...string[]];
type Kind = 'text' | 'number' | 'boolean' | 'list';

/** Environment variable → field. Names in lists are separated by commas. */
const ENVIRONMENT: Readonly<Record<string, { path: Path; kind: Kind }>> = {
  LATCHKEY_DATA: { path: ['dataDir'], kind: 'text' },
  LATCHKEY_SITE: { path: ['site'], kind: 'text' },
  LATCHKEY_CAMPUS_ID: { path: ['campusId'], kind: 'text' },
  LATCHKEY_TIME_ZONE: { path: ['timeZone'], kind: 'text' },
  LATCHKEY_HTTPS_HOST: { path: ['https', 'host'], kind: 'text' },
  LATCHKEY_HTTPS_PORT: { path: ['https', 'port'], kind: 'number' },
  LATCHKEY_MQTT_HOST: { path: ['mqtt', 'host'], kind: 'text' },
  LATCHKEY_MQTT_PORT: { path: ['mqtt', 'port'], kind: 'number' },
  LATCHKEY_HTTP_HOST: { path: ['web', 'http', 'host'], kind: 'text' },
  LATCHKEY_HTTP_PORT: { path: ['web', 'http', 'port'], kind: 'number' },
  LATCHKEY_WEB_ORIGIN: { path: ['web', 'origin'], kind: 'text' },
  LATCHKEY_TRUSTED_PROXIES: { path: ['web', 'trustedProxies'], kind: 'list' },
  LATCHKEY_NAMES: { path: ['names'], kind: 'list' },
  LATCHKEY_PHONES_PER_PERSON: { path: ['phonesPerPerson'], kind: 'number' },
  LATCHKEY_CARD_FOUND_WITHIN_HOURS: { path: ['cardFoundWithinHours'], kind: 'number' },
  LATCHKEY_DEMO_KEYS: { path: ['demoKeys'], kind: 'boolean' },
  LATCHKEY_LOG_LEVEL: { path: ['logLevel'], kind: 'text' },
};
export const CONFIG_VARIABLES = Object.keys(ENVIRONMENT);

export interface ConfigSources {
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags: { readonly [field: string]: unknown };
}

export type ConfigError = 'config-unreadable' | 'config-not-json' | 'config-invalid';

export async function loadConfig(sources: ConfigSources): Promise<Result<GatewayConfig, ConfigError>> {
  const file = sources.file === undefined ? ok({}) : await readConfigFile(sources.file);
  if (!file.ok) return file;
  const environment = fromEnvironment(sources.environment);
  const merged = merge(merge(file.value, environment), sources.flags);
  const parsed = gatewayConfig.safeParse(merged);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  const field = issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : (issue?.path.join('.') ?? '');
  const advice = issue?.code === 'unrecognized_keys' ? `no such field; fields: ${knownFields()}` : issue?.message;
  return err('config-invalid', `${field}${originOf(field, sources)}: ${advice}`);
}

async function readConfigFile(path: string): Promise<Result<Record<string, unknown>, ConfigError>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return err('config-unreadable', `${path}: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}`);
  }
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    if (isObject(value)) return ok(value);
    return err(
      'config-not-json',
      `${path}: the file must hold one JSON object, such as {"dataDir": "/var/lib/latchkey"}`,
    );
  } catch (error) {
    return err('config-not-json', `${path}: ${(error as Error).message}`);
  }
}

function fromEnvironment(environment: ConfigSources['environment']): Record<string, unknown> {
  let result: Record<string, unknown> = {};
  for (const [name, { path, kind }] of Object.entries(ENVIRONMENT)) {
    const text = environment[name];
    if (text === undefined || text === '') continue;
    const [outer, ...inner] = path;
    const value = inner.reduceRight<unknown>((below, name) => ({ [name]: below }), convert(text, kind));
    result = merge(result, { [outer]: value });
  }
  return result;
}

/** What does not convert stays text, so that the schema names the field. */
function convert(text: string, kind: Kind): unknown {
  switch (kind) {
    case 'text':
      return text;
    case 'number':
      return /^\d+$/.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;
    case 'list':
      return text.split(',').map((name) => name.trim());
  }
}

function merge(base: Readonly<Record<string, unknown>>, over: Readonly<Record<string, unknown>>) {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const below = result[key];
    result[key] = isObject(below) && isObject(value) ? merge(below, value) : value;
  }
  return result;
}

function originOf(field: string, sources: ConfigSources): string {
  const variable = Object.entries(ENVIRONMENT).find(([, { path }]) => path.join('.') === field)?.[0];
  if (lookUp(sources.flags, field) !== undefined) return ' (flag)';
  if (variable !== undefined && (sources.environment[variable] ?? '') !== '') return ` (${variable})`;
  return sources.file === undefined ? '' : ` (${sources.file})`;
}

const lookUp = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((below, key) => (isObject(below) ? below[key] : undefined), value);

const knownFields = () =>
  [...Object.values(ENVIRONMENT).map(({ path }) => path.join('.')), 'signIn', 'oidc', 'resolvers', 'campusApps'].join(
    ', ',
  );

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
