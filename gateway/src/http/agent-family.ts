// SPDX-License-Identifier: Apache-2.0
// The family of a browser, so that people recognise their own sessions. The whole user agent would be a fingerprint.

/** The first that fits: apps and derived browsers also carry the names of those they derive from. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/cpdaily/i, '今日校园'],
  [/MicroMessenger/i, 'WeChat'],
  [/DingTalk/i, 'DingTalk'],
  [/HuaweiBrowser/i, 'Huawei Browser'],
  [/MiuiBrowser/i, 'Mi Browser'],
  [/Edg(?:e|A|iOS)?\//, 'Edge'],
  [/(?:Firefox|FxiOS)\//, 'Firefox'],
  [/(?:Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];

export const agentFamily = (userAgent: string | undefined): string =>
  FAMILIES.find(([pattern]) => pattern.test((userAgent ?? '').slice(0, 512)))?.[1] ?? '';
