// SPDX-License-Identifier: Apache-2.0
// What a person is told about a refusal: its name, what it means, what to do. Every reason of the protocol has words.
import type { Reason } from '@latchkey/protocols/mqtt/reasons';

interface ReasonText {
  readonly name: string;
  readonly meaning: string;
  readonly advice: string;
}
export type ReasonWords = Readonly<Record<Reason, ReasonText>>;
