// SPDX-License-Identifier: Apache-2.0
// First words with a server of which nothing is known: the terminator that it hears, and whether the login comes first. A password is
// tried once where it is refused: three wrong ones lock users out.
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { LoginOrder, ProbeTalk, Terminator } from './sip2-probe-line.ts';

const TERMINATORS: readonly Terminator[] = ['cr', 'crlf', 'lf'];

export type OpeningFailure = 'silent' | 'login-refused' | 'login-unanswered' | 'wants-login';

export async function findOpening(
  talk: ProbeTalk,
  hasLogin: boolean,
): Promise<Result<LoginOrder | 'either' | null, OpeningFailure>> {
  const isEnding: Terminator[] = [];
  for (const terminator of TERMINATORS) {
    talk.terminator = terminator;
    await talk.open();
    const { answer, message } = await talk.status();
    if (message?.code === '98') return hasLogin ? orderOf(talk) : ok(null);
    if (!hasLogin) {
      if (answer.kind === 'closed') isEnding.push(terminator);
      continue;
    }
    await talk.open();
    const login = await talk.logIn();
    if (login.message?.code === '94') return login.message.fixed.ok ? accepted(talk, 'login-first') : refused();
    if (login.answer.kind === 'closed') isEnding.push(terminator);
  }
  if (isEnding.length > 0 && !hasLogin)
    return err(
      'wants-login',
      'it ends the connection at the first word: give the login with --user and --password-file',
    );
  if (isEnding.length > 0) return err('login-unanswered', 'it ends the connection at the login and at the status');
  return err(
    'silent',
    `it takes the connection and says nothing, whether a message ends with CR, CR LF or LF${hasLogin ? '' : '; some want a login first (--user)'}; is this its SIP2 port, and plain or TLS as it should be?`,
  );
}

const refused = () =>
  err('login-refused' as const, 'it refuses the login: check user and password, before it locks the user out');

function accepted(talk: ProbeTalk, order: LoginOrder): Result<LoginOrder, never> {
  talk.order = order;
  return ok(order);
}

/** A status came without any login; is one welcome before it as well? */
async function orderOf(talk: ProbeTalk): Promise<Result<LoginOrder | 'either', OpeningFailure>> {
  await talk.open();
  const first = await talk.logIn();
  if (first.message?.code === '94') {
    if (!first.message.fixed.ok) return refused();
    talk.order = 'login-first';
    return ok('either');
  }
  await talk.open();
  await talk.status();
  const { message } = await talk.logIn();
  if (message?.code !== '94')
    return err('login-unanswered', 'it does not answer the login, before the status or after it; some take none');
  return message.fixed.ok ? accepted(talk, 'status-first') : refused();
}
