// SPDX-License-Identifier: Apache-2.0
// The page that says why the way through the identity provider ended. No script, no style: it holds under the API's own CSP,
// and nothing of a request is in it.
import type { Language } from './language.ts';
import type { OidcRefusal } from './sign-in-services.ts';

interface Words {
  readonly title: string;
  readonly text: string;
}

export const REFUSAL_STATUS: Readonly<Record<OidcRefusal, number>> = {
  'provider-down': 503,
  'state-unknown': 400,
  'provider-refused': 403,
  'person-unknown': 403,
};

const WORDS: Readonly<Record<Language, Readonly<Record<OidcRefusal, Words>> & { readonly back: string }>> = {
  'zh-CN': {
    'provider-down': { title: '统一身份认证暂时无法访问', text: '请稍后再试，或改用密码、通行密钥登录。' },
    'state-unknown': { title: '本次登录已失效', text: '登录用时过长、已经用过，或不是从本浏览器开始的。请重新登录。' },
    'provider-refused': { title: '统一身份认证未予通过', text: '请重新登录；若仍不成功，请改用其他登录方式。' },
    'person-unknown': {
      title: '门禁系统中没有您的信息',
      text: '您已通过统一身份认证，但门禁系统中没有与您的学号（工号）对应的人员，或已停用。请联系校园卡管理部门。',
    },
    back: '返回登录',
  },
  en: {
    'provider-down': {
      title: 'The campus sign-in cannot be reached',
      text: 'Try again later, or sign in with a password or a passkey.',
    },
    'state-unknown': {
      title: 'This sign-in is no longer valid',
      text: 'It took too long, was used already, or began in another browser. Sign in again.',
    },
    'provider-refused': {
      title: 'The campus sign-in did not vouch for you',
      text: 'Sign in again. If that does not help, sign in another way.',
    },
    'person-unknown': {
      title: 'Access control does not know you',
      text: 'The campus sign-in knows you, but nobody with your number is registered here, or may sign in. Ask the card office.',
    },
    back: 'Back to sign-in',
  },
};

export function refusalPage(refusal: OidcRefusal, language: Language): string {
  const { title, text } = WORDS[language][refusal];
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<main>
<h1>${title}</h1>
<p>${text}</p>
<p><a href="/pass/">${WORDS[language].back}</a></p>
</main>
</html>
`;
}
