// SPDX-License-Identifier: Apache-2.0
// The controller's log: one JSON object a line on stdout, constant messages with fields. Fields that could hold a number, a key
// or a name are cut out, whoever logs them (promise 7).
import { type Logger, pino } from 'pino';

const SECRET_FIELDS = ['uid', 'card', 'key', 'jwk', 'jwe', 'token', 'secret', 'name', 'payload', 'body', 'id16'];

export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), remove: true },
  });
}
