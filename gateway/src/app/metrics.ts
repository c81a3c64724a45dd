// SPDX-License-Identifier: Apache-2.0
// What Prometheus sees: the process, and gauges that ask the gateway's parts at scrape time. No label ever holds a person.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  /** A gauge whose value is asked for at every scrape. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void;
  counter(name: string, help: string): { add(count?: number): void };
  /** One counter with labels: names of things the operator set up. */
  counters<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
  ): { add(values: Readonly<Record<Label, string>>): void };
  /** Seconds. */
  duration(name: string, help: string): { observeMs(ms: number): void };
  render(): Promise<{ contentType: string; text: string }>;
  close(): void;
}

/** From a cable's round trip to the three seconds a command waits. */
const BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5];

/** A registry of its own: two gateways in one process (tests) do not mix. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'latchkey_' });
  const registers = [registry];
  return {
    gauge(name, help, read) {
      const collect = async function (this: Gauge): Promise<void> {
        this.set(await read());
      };
      registry.registerMetric(new Gauge({ name, help, registers: [], collect }));
    },
    counter(name, help) {
      const counter = new Counter({ name, help, registers });
      return { add: (count = 1) => counter.inc(count) };
    },
    counters(name, help, labels) {
      const counter = new Counter({ name, help, labelNames: [...labels], registers });
      return { add: (values) => counter.inc(values, 1) };
    },
    duration(name, help) {
      const histogram = new Histogram({ name, help, registers, buckets: BUCKETS_S });
      return { observeMs: (ms) => histogram.observe(ms / 1_000) };
    },
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    close: () => registry.clear(),
  };
}
