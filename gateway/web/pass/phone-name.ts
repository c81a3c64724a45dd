// SPDX-License-Identifier: Apache-2.0
// A first guess at the phone's name, for its owner to change.
import type { Words } from './words/zh-cn.ts';

export function guessPhoneName(userAgent: string, names: Words['phoneNames']): string {
  if (/iPhone/.test(userAgent)) return names.iphone;
  if (/iPad/.test(userAgent)) return names.ipad;
  if (/OpenHarmony|HarmonyOS/.test(userAgent)) return names.harmony;
  if (/Android/.test(userAgent)) return names.android;
  return names.other;
}
