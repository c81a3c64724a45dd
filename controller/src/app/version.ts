// SPDX-License-Identifier: Apache-2.0
// Version of this software; a test holds it to package.json, which a bundle does not carry.
export const VERSION = '0.1.0';
