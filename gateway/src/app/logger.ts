// SPDX-License-Identifier: Apache-2.0
// The gateway's log: constant messages with fields, one JSON object a line. Names, card numbers, keys and tokens never appear:
// fields that could hold one are cut out here, whoever logs them (promise 7).
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';

/** Field names whose value is removed wherever it appears in the first levels of a log object. */
const SECRET_FIELDS = [
  'authorization',
  'token',
  'code',
  'cookie',
  'key',
  'jwk',
  'jwe',
  'name',
  'uid',
  'cardNumber',
  'personNumber',
  'person',
  'card',
  'body',
  'csv',
  'passphrase',
  'password',
  'session',
  'csrf',
];
const DEPTHS = ['', '*.', '*.*.', '*.*.*.'];

/** A person's number is 8 to 20 digits, a card number decimal or hex: neither belongs into a message or an address. */
const LONG_NUMBER = /(?<![0-9a-zA-Z-])(?:\d{7,}|(?=[0-9A-F]*\d)[0-9A-F]{8,20})(?![0-9a-zA-Z-])/gi;

export function createLogger(level: LoggerOptions['level'], destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level: level ?? 'info',
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    messageKey: 'message',
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: DEPTHS.flatMap((depth) => SECRET_FIELDS.map((field) => depth + field)), remove: true },
    serializers: { err: describeError, error: describeError, req: describeRequest, res: () => undefined },
  };
  // Standard output is for what people asked to see; synchronous, so that the last line before an end is not lost.
  return pino(options, destination ?? pino.destination({ dest: 2, sync: true }));
}

/** Stacks help an operator; what a message quotes from a request does not leave the process. */
function describeError(value: unknown): Record<string, unknown> {
  if (!(value instanceof Error)) return { type: typeof value };
  return {
    type: value.name,
    message: scrub(value.message),
    stack: scrub(value.stack ?? ''),
    ...('code' in value && typeof value.code === 'string' ? { reason: value.code } : {}),
  };
}

/** The route, never the address: that holds the numbers of people and cards. */
function describeRequest(request: unknown): Record<string, unknown> {
  if (typeof request !== 'object' || request === null) return {};
  const { method, routeOptions } = request as { method?: unknown; routeOptions?: { url?: unknown } };
  return { method, route: routeOptions?.url };
}

export const scrub = (text: string) => text.replace(LONG_NUMBER, '[number]');
