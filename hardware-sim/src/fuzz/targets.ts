// SPDX-License-Identifier: Apache-2.0
// Every fuzz target, by the part it feeds.
import { AUTHORIZATION_TARGETS } from './authorization.ts';
import { CARD_TARGETS } from './card.ts';
import { CODE_TARGETS } from './codes.ts';
import { COMMAND_TARGETS } from './commands.ts';
import { CSV_TARGETS } from './csv.ts';
import { LOCK_TARGETS } from './lock.ts';
import { MQTT_TARGETS } from './mqtt.ts';
import { SCANNER_TARGETS } from './scanner.ts';
import { SIP2_TARGETS } from './sip2.ts';
import type { FuzzTarget } from './target.ts';

export const TARGETS: readonly FuzzTarget[] = [
  ...AUTHORIZATION_TARGETS,
  ...CARD_TARGETS,
  ...MQTT_TARGETS,
  ...COMMAND_TARGETS,
  ...CSV_TARGETS,
  ...CODE_TARGETS,
  ...SCANNER_TARGETS,
  ...LOCK_TARGETS,
  ...SIP2_TARGETS,
];
