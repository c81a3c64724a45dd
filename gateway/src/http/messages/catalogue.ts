// SPDX-License-Identifier: Apache-2.0
// What a message catalogue holds: every key of the API's error table, with what happened and what to do.
import type { API_ERRORS } from '@latchkey/protocols/api/errors';

export type MessageKey = (typeof API_ERRORS)[keyof typeof API_ERRORS]['key'];

export interface Message {
  readonly message: string;
  readonly fix: string;
}
export type Catalogue = Readonly<Record<MessageKey, Message>>;
