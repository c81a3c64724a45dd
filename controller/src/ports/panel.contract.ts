// SPDX-License-Identifier: Apache-2.0
// What every Panel keeps, whatever stands behind it. Each adapter's suite calls this with a harness of its own.
import { describe, expect, it } from 'vitest';
import type { InputLevel, Panel } from './panel.ts';

/** The other end of the wires: `relay` reads an output's real state, `drive` closes or opens an input's circuit. */
export interface PanelHarness {
  readonly panel: Panel;
  readonly outputs: readonly [string, string];
  readonly inputs: readonly [string, string];
  readonly relay: (output: string) => boolean;
  readonly drive: (input: string, active: boolean) => Promise<void>;
  close(): Promise<void>;
}

/** What a panel told about its inputs, to look back at and to wait for. */
export class InputLevels {
  readonly all: (readonly [string, InputLevel])[] = [];
  readonly listener = (input: string, level: InputLevel): void => {
    this.all.push([input, level]);
  };

  present(input: string): InputLevel | undefined {
    return this.all.findLast(([name]) => name === input)?.[1];
  }
}

export function panelContract(make: () => Promise<PanelHarness>): void {
  const withPanel = async (body: (harness: PanelHarness, levels: InputLevels) => Promise<void>) => {
    const harness = await make();
    try {
      await body(harness, new InputLevels());
    } finally {
      await harness.panel.close();
      await harness.close();
    }
  };

  describe('as a panel', () => {
    it('has moved the relay when setOutput resolves, and no other', async () =>
      withPanel(async ({ panel, outputs: [first, second], relay }) => {
        await panel.setOutput(first, true);
        expect([relay(first), relay(second)]).toEqual([true, false]);
        await panel.setOutput(second, true);
        await panel.setOutput(first, false);
        expect([relay(first), relay(second)]).toEqual([false, true]);
      }));

    it('takes orders for one output in the order they were given', async () =>
      withPanel(async ({ panel, outputs: [output], relay }) => {
        await Promise.all([true, false, true, false, true].map(async (on) => panel.setOutput(output, on)));
        expect(relay(output)).toBe(true);
      }));

    it('refuses an output it does not have', async () =>
      withPanel(async ({ panel }) => {
        await expect(panel.setOutput('no-such-output', true)).rejects.toThrow(/no-such-output/);
      }));

    it('tells the present level of every input before watch resolves', async () =>
      withPanel(async ({ panel, inputs: [first, second], drive }, levels) => {
        await drive(first, true);
        await panel.watch(levels.listener);
        expect([levels.present(first), levels.present(second)]).toEqual(['active', 'inactive']);
      }));

    it('tells every later change, in order', async () =>
      withPanel(async ({ panel, inputs: [input], drive }, levels) => {
        await panel.watch(levels.listener);
        const before = levels.all.length;
        for (const active of [true, false, true]) await drive(input, active);
        await expect
          .poll(() => levels.all.slice(before).map(([, level]) => level))
          .toEqual(['active', 'inactive', 'active']);
      }));

    it('releases every output when it is closed, and tells nothing more', async () =>
      withPanel(async ({ panel, outputs: [first, second], inputs: [input], relay, drive }, levels) => {
        await panel.watch(levels.listener);
        await panel.setOutput(first, true);
        await panel.setOutput(second, true);
        await panel.close();
        await expect.poll(() => [relay(first), relay(second)]).toEqual([false, false]);
        const told = levels.all.length;
        await drive(input, true);
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(levels.all).toHaveLength(told);
      }));
  });
}
