// SPDX-License-Identifier: Apache-2.0
// GpioPanel against a stand-in for onoff that keeps raw levels like sysfs does. What the stand-in cannot show, the kernel's
// own behaviour, belongs to a virtual machine with gpio-sim: no ordinary test machine has GPIO lines.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { panelContract } from '../ports/panel.contract.ts';
import { type GpioConstructor, type GpioHandle, GpioPanel, type GpioPanelOptions } from './gpio-panel.ts';

type Watcher = (error: Error | null | undefined, value: 0 | 1) => void;

/** Lines by number; survives panels, as a kernel survives processes. */
class FakeKernel {
  readonly levels = new Map<number, 0 | 1>();
  readonly history: string[] = [];
  readonly failures = new Map<number, string>();
  readonly withoutInterrupts = new Set<number>();
  readonly stuckAsInput = new Set<number>();
  readonly exported = new Set<number>();
  readonly #watchers = new Map<number, Watcher>();
  accessible = true;

  drive(line: number, level: 0 | 1): void {
    this.levels.set(line, level);
    this.#watchers.get(line)?.(null, level);
  }

  breakLine(line: number): void {
    this.#watchers.get(line)?.(new Error('EIO'), 0);
  }

  watch(line: number, watcher: Watcher | undefined): void {
    if (watcher) this.#watchers.set(line, watcher);
    else this.#watchers.delete(line);
  }

  readonly load = (): GpioConstructor => fakeGpio(this);
}

function fakeGpio(kernel: FakeKernel): GpioConstructor {
  return class Gpio implements GpioHandle {
    static readonly accessible = kernel.accessible;
    readonly #line: number;
    readonly #direction: string;

    constructor(line: number, direction: 'in' | 'high' | 'low', ..._configuration: unknown[]) {
      const code = kernel.failures.get(line);
      if (code) throw Object.assign(new Error(`${code}: write`), { code });
      this.#line = line;
      this.#direction = direction === 'in' || kernel.stuckAsInput.has(line) ? 'in' : 'out';
      kernel.exported.add(line);
      if (direction !== 'in') this.writeSync(direction === 'high' ? 1 : 0);
    }

    readSync(): 0 | 1 {
      return kernel.levels.get(this.#line) ?? 0;
    }

    writeSync(level: 0 | 1): void {
      kernel.levels.set(this.#line, level);
      kernel.history.push(`${this.#line}=${level}`);
    }

    watch(watcher: Watcher): void {
      kernel.watch(this.#line, watcher);
    }

    direction(): string {
      return this.#direction;
    }

    edge(): string {
      if (kernel.withoutInterrupts.has(this.#line)) throw new Error('ENOENT');
      return 'both';
    }

    unexport(): void {
      kernel.watch(this.#line, undefined);
      kernel.exported.delete(this.#line);
    }
  };
}

const LINES = {
  outputs: { 'lock-1': { line: 17 }, 'lock-2': { line: 27, activeLow: true } },
  inputs: { contact: { line: 5 }, button: { line: 6, activeLow: true } },
} as const;

const open = async (kernel: FakeKernel, options: Partial<GpioPanelOptions> = {}) =>
  GpioPanel.open({ ...LINES, energisedAtStart: new Set(), load: kernel.load, ...options });

describe('GpioPanel on a stand-in for onoff', () => {
  panelContract(async () => {
    const kernel = new FakeKernel();
    kernel.levels.set(6, 1);
    const outputs = new Map<string, { line: number; activeLow?: boolean }>(Object.entries(LINES.outputs));
    const inputs = new Map<string, { line: number; activeLow?: boolean }>(Object.entries(LINES.inputs));
    const raw = (active: boolean, activeLow = false) => (active === activeLow ? 0 : 1);
    return {
      panel: await open(kernel),
      outputs: ['lock-1', 'lock-2'],
      inputs: ['contact', 'button'],
      relay: (output) => {
        const { line, activeLow } = outputs.get(output) as { line: number; activeLow?: boolean };
        return kernel.levels.get(line) === raw(true, activeLow);
      },
      drive: async (input, active) => {
        const { line, activeLow } = inputs.get(input) as { line: number; activeLow?: boolean };
        kernel.drive(line, raw(active, activeLow));
      },
      close: async () => undefined,
    };
  });

  it('takes a line over at the level it shall have: no pulse on a relay that holds a fail-safe lock', async () => {
    const kernel = new FakeKernel();
    kernel.levels.set(17, 1).set(27, 0);
    await open(kernel, { energisedAtStart: new Set(['lock-1', 'lock-2']) });
    expect(kernel.history).toEqual(['17=1', '27=0']);
  });

  it('keeps outputs exported at close, as a freed line may float', async () => {
    const kernel = new FakeKernel();
    await (await open(kernel)).close();
    expect(kernel.exported).toEqual(new Set([17, 27]));
  });

  it('tells a line that cannot be read as a fault', async () => {
    const kernel = new FakeKernel();
    const told: string[] = [];
    await (await open(kernel)).watch((input, level) => told.push(`${input} ${level}`));
    kernel.breakLine(5);
    expect(told.at(-1)).toBe('contact fault');
  });

  it.each([
    ['EBUSY', /panel\.outputs\.lock-1\.line: GPIO 17 .*another driver/],
    ['EINVAL', /panel\.outputs\.lock-1\.line: GPIO 17 .*no chip has this line/],
    ['EACCES', /panel\.outputs\.lock-1\.line: GPIO 17 .*group "gpio"/],
    ['EIO', /panel\.outputs\.lock-1\.line: GPIO 17 .*EIO/],
  ])('names the field and the fix when a line fails to open with %s', async (code, message) => {
    const kernel = new FakeKernel();
    kernel.failures.set(17, code);
    await expect(open(kernel)).rejects.toThrow(message);
  });

  it('lets go of what it had opened when a later line fails', async () => {
    const kernel = new FakeKernel();
    kernel.failures.set(6, 'EBUSY');
    await expect(open(kernel, { energisedAtStart: new Set(['lock-1']) })).rejects.toThrow(/panel\.inputs\.button/);
    expect(kernel.levels.get(17)).toBe(0);
    expect(kernel.exported.has(5)).toBe(false);
  });

  it('refuses an input without interrupts and an output that stays an input', async () => {
    const kernel = new FakeKernel();
    kernel.withoutInterrupts.add(5);
    await expect(open(kernel)).rejects.toThrow(/panel\.inputs\.contact\.line: GPIO 5 has no interrupts/);
    kernel.stuckAsInput.add(27);
    await expect(open(kernel)).rejects.toThrow(/panel\.outputs\.lock-2\.line: GPIO 27 cannot be an output/);
  });

  it('says what to do on a machine without GPIO', async () => {
    const kernel = new FakeKernel();
    kernel.accessible = false;
    await expect(open(kernel)).rejects.toThrow(/no GPIO under \/sys\/class\/gpio.*CONFIG_GPIO_SYSFS/);
  });

  it('counts lines from the base of a chip named by its label', async () => {
    const sysfs = mkdtempSync(join(tmpdir(), 'lk-gpio-'));
    for (const [base, label] of [
      [512, 'pinctrl-bcm2711'],
      [570, 'expander'],
    ]) {
      mkdirSync(join(sysfs, `gpiochip${base}`));
      writeFileSync(join(sysfs, `gpiochip${base}`, 'label'), `${label}\n`);
      writeFileSync(join(sysfs, `gpiochip${base}`, 'base'), `${base}\n`);
    }
    const kernel = new FakeKernel();
    await open(kernel, { chip: 'pinctrl-bcm2711', sysfs });
    expect(kernel.history).toEqual(['529=0', '539=1']);
    await expect(open(kernel, { chip: 'pl061', sysfs })).rejects.toThrow(
      /panel\.chip "pl061": no chip has this label; present: .*"pinctrl-bcm2711"/,
    );
    rmSync(sysfs, { recursive: true });
  });
});
