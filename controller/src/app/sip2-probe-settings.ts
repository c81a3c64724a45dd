// SPDX-License-Identifier: Apache-2.0
// The `library` of a desk's wiring, from what the connection tester found: only what differs from the defaults.
import { NOT_SHOWN } from '../core/wiring-library.ts';
import type { ProbeParts } from './sip2-probe.ts';
import type { MessageFinding, ProbeReport } from './sip2-probe-report.ts';

const DEFAULTS: Readonly<Record<string, unknown>> = {
  tls: false,
  terminator: 'cr',
  delimiter: '|',
  institution: '',
  location: '',
};

export function settingsOf(found: Omit<ProbeReport, 'library'>, parts: ProbeParts): Record<string, unknown> {
  const { address, login, institution, location, terminalPassword } = parts;
  const supports = overrides(found.messages);
  const all: Record<string, unknown> = {
    host: address.host,
    port: address.port,
    tls: address.tls,
    // Where nothing told it, none is claimed: the standard's own holds.
    ...(found.charset.charset ? { charset: found.charset.charset } : {}),
    checksum: found.checksum.mode,
    terminator: found.terminator,
    delimiter: found.delimiter,
    ...(login ? { login: loginOf(login, found.login.order) } : {}),
    institution,
    location,
    ...(terminalPassword === '' ? {} : { terminalPassword: NOT_SHOWN }),
    ...(Object.keys(supports).length > 0 ? { supports } : {}),
  };
  return Object.fromEntries(Object.entries(all).filter(([field, value]) => DEFAULTS[field] !== value));
}

/** The password is never shown. */
function loginOf({ user, location }: NonNullable<ProbeParts['login']>, order: ProbeReport['login']['order']) {
  return {
    user,
    password: NOT_SHOWN,
    ...(location === '' ? {} : { location }),
    ...(order === 'status-first' ? { order } : {}),
  };
}

/** Where a claim and what was seen differ. */
function overrides(messages: readonly MessageFinding[]): Record<string, boolean> {
  const differing = messages.flatMap(({ name, claimed, found }): [string, boolean][] => {
    if (claimed === false && found === 'works') return [[name, true]];
    return claimed === true && (found === 'no-answer' || found === 'ends-connection') ? [[name, false]] : [];
  });
  return Object.fromEntries(differing);
}
