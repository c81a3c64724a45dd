// SPDX-License-Identifier: Apache-2.0
// The publisher over the gateway's parts: woken by the registry, it tells the network what to hand out.
import type { Logger } from 'pino';
import type { CloseStack } from './close-stack.ts';
import type { Foundation } from './foundation.ts';
import { reasonOf } from './log.ts';
import { createPublishOnce, type PublishedList } from './publisher.ts';
import { type PublisherLoop, startPublisher } from './publisher-loop.ts';

export interface PublishingOptions {
  readonly foundation: Pick<Foundation, 'database' | 'keystore' | 'registry'>;
  readonly timeZone: string;
  readonly logger: Logger;
  readonly stack: CloseStack;
  readonly onPublished: (list: PublishedList) => void;
}

export function startPublishing({
  foundation,
  timeZone,
  logger,
  stack,
  onPublished,
}: PublishingOptions): PublisherLoop {
  const { database, keystore, registry } = foundation;
  const loop = startPublisher({
    publishOnce: createPublishOnce({
      database,
      keystore,
      now: Date.now,
      timeZone,
      onPublished(list) {
        logger.info({ scope: list.scope, version: list.version }, 'list signed');
        onPublished(list);
      },
      // Details may name people's data: the scope and the kind of problem are enough to look further.
      onProblem: (scope, problem) => logger.error({ scope, problem }, 'list not made, the one in force stays'),
    }),
    onFailure: (error) => logger.error({ reason: reasonOf(error) }, 'publishing failed, tried again later'),
  });
  const unsubscribe = registry.subscribe(({ lists }) => {
    if (lists) loop.wake();
  });
  stack.add('publisher', async () => {
    unsubscribe();
    await loop.close();
  });
  loop.wake();
  return loop;
}
