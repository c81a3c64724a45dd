// SPDX-License-Identifier: Apache-2.0
// Told in every status and at pairing.
export const FIRMWARE_VERSION = 1;
