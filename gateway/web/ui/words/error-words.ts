// SPDX-License-Identifier: Apache-2.0
// What a person is told when a request failed. Every code of the API's error table has words.
import type { ApiFailure } from '../api-client.ts';

export type ErrorWords = Readonly<Record<ApiFailure, string>>;
