// SPDX-License-Identifier: Apache-2.0
// A message as a log may show it: code, fixed block and harmless fields; passwords, patrons and unknown fields as dots
// (promise 7).
import { isLoggable } from './field-ids.ts';
import type { SipMessage } from './message.ts';
import { formOf } from './message-table.ts';

export function redactMessage({ code, fields, sequence }: SipMessage): string {
  const shown = Object.entries(fields).flatMap(([id, values]) =>
    values.map((value) => `${id}=${isLoggable(id) ? value : '…'}`),
  );
  return [`${code} ${formOf(code).name}`, ...shown, ...(sequence === undefined ? [] : [`AY=${sequence}`])].join(' ');
}
