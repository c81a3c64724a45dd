// SPDX-License-Identifier: Apache-2.0
// Panel on the GPIO lines of a small computer, through onoff (Linux sysfs). Polarity is applied here and not by the kernel:
// its "direction" file takes raw levels, and only that file sets direction and level of an output in one step, without a pulse.
import { createRequire } from 'node:module';
import type { InputLevel, Panel } from '../ports/panel.ts';
import { findChipBase, SYSFS_GPIO } from './gpio-chip.ts';

export interface GpioLine {
  readonly line: number;
  readonly activeLow?: boolean;
}

export interface GpioPanelOptions {
  readonly outputs: Readonly<Record<string, GpioLine>>;
  readonly inputs: Readonly<Record<string, GpioLine>>;
  /** Outputs that are on from the first moment: relays that hold fail-safe locks shut. Others begin released. */
  readonly energisedAtStart: ReadonlySet<string>;
  /** Label of a chip; lines then count from its base. Without it they are the numbers of /sys/class/gpio. */
  readonly chip?: string;
  /** Where onoff comes from; tests give their own. */
  readonly load?: () => GpioConstructor;
  readonly sysfs?: string;
}

/** The part of onoff's Gpio used here. */
export interface GpioHandle {
  readSync(): 0 | 1;
  writeSync(value: 0 | 1): void;
  watch(callback: (error: Error | null | undefined, value: 0 | 1) => void): void;
  direction(): string;
  edge(): string;
  unexport(): void;
}

export interface GpioConstructor {
  readonly accessible: boolean;
  new (
    line: number,
    direction: 'in' | 'high' | 'low',
    ...rest: [edge: 'both', options: { activeLow: boolean }] | [options: { activeLow: boolean }]
  ): GpioHandle;
}

interface OpenLine {
  readonly gpio: GpioHandle;
  readonly activeLow: boolean;
}

const raw = (active: boolean, activeLow: boolean): 0 | 1 => (active === activeLow ? 0 : 1);

export class GpioPanel implements Panel {
  readonly #outputs = new Map<string, OpenLine>();
  readonly #inputs = new Map<string, OpenLine>();

  private constructor() {}

  /** Opens every line; rejects with the field of the wiring file and the fix, holding on to none. */
  static async open(options: GpioPanelOptions): Promise<GpioPanel> {
    const Gpio = (options.load ?? loadOnoff)();
    if (!Gpio.accessible) throw new Error(NOT_ACCESSIBLE);
    const base = options.chip === undefined ? 0 : await findChipBase(options.chip, options.sysfs ?? SYSFS_GPIO);
    const panel = new GpioPanel();
    try {
      for (const [name, wired] of Object.entries(options.outputs)) {
        const on = options.energisedAtStart.has(name);
        panel.#outputs.set(name, openOutput(Gpio, name, base, wired, on));
      }
      for (const [name, wired] of Object.entries(options.inputs)) {
        panel.#inputs.set(name, openInput(Gpio, name, base, wired));
      }
      return panel;
    } catch (error) {
      await panel.close();
      throw error;
    }
  }

  async setOutput(output: string, on: boolean): Promise<void> {
    const line = this.#outputs.get(output);
    if (line === undefined) throw new Error(`panel.outputs has no "${output}"`);
    // Synchronous: a write to sysfs takes microseconds, while the thread pool may be busy with a slow disk.
    line.gpio.writeSync(raw(on, line.activeLow));
  }

  async watch(listener: (input: string, level: InputLevel) => void): Promise<void> {
    for (const [name, { gpio, activeLow }] of this.#inputs) {
      const tell = (value: 0 | 1) => listener(name, value === raw(true, activeLow) ? 'active' : 'inactive');
      gpio.watch((error, value) => (error ? listener(name, 'fault') : tell(value)));
      // After watch: a change in between is then told twice rather than never.
      tell(gpio.readSync());
    }
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    const attempt = (action: () => void) => {
      try {
        action();
      } catch (error) {
        failures.push(error);
      }
    };
    // Outputs are not unexported: some drivers (bcm2835) turn a freed line into an input, and the relay's level floats.
    for (const { gpio, activeLow } of this.#outputs.values()) attempt(() => gpio.writeSync(raw(false, activeLow)));
    for (const { gpio } of this.#inputs.values()) attempt(() => gpio.unexport());
    this.#outputs.clear();
    this.#inputs.clear();
    if (failures.length > 0) throw new AggregateError(failures, 'some GPIO lines could not be let go of');
  }
}

function openOutput(Gpio: GpioConstructor, name: string, base: number, wired: GpioLine, on: boolean): OpenLine {
  const activeLow = wired.activeLow ?? false;
  const number = base + wired.line;
  const field = `panel.outputs.${name}.line`;
  const gpio = opened(field, number, () => new Gpio(number, raw(on, activeLow) ? 'high' : 'low', { activeLow: false }));
  // onoff overlooks a failure to configure a line that was exported before.
  if (gpio.direction() !== 'out') throw new Error(`${field}: GPIO ${number} cannot be an output; wire another line`);
  return { gpio, activeLow };
}

function openInput(Gpio: GpioConstructor, name: string, base: number, wired: GpioLine): OpenLine {
  const number = base + wired.line;
  const field = `panel.inputs.${name}.line`;
  const gpio = opened(field, number, () => new Gpio(number, 'in', 'both', { activeLow: false }));
  try {
    if (gpio.direction() !== 'in') throw new Error(`${field}: GPIO ${number} cannot be an input; wire another line`);
    if (edgeOf(gpio) !== 'both') {
      throw new Error(`${field}: GPIO ${number} has no interrupts, so changes would go unseen; wire another line`);
    }
    return { gpio, activeLow: wired.activeLow ?? false };
  } catch (error) {
    gpio.unexport();
    throw error;
  }
}

/** The file is missing on lines without interrupts. */
function edgeOf(gpio: GpioHandle): string | undefined {
  try {
    return gpio.edge();
  } catch {
    return undefined;
  }
}

const FIXES: Readonly<Record<string, string>> = {
  EBUSY: 'another driver or program holds it (see /sys/kernel/debug/gpio); free it or wire another line',
  EINVAL: 'no chip has this line; look up the base in /sys/class/gpio/gpiochip*/base or give panel.chip',
  EACCES: 'no permission; add the user to the group "gpio" or run the service as root',
  EPERM: 'not permitted; add the user to the group "gpio" or run the service as root',
};

function opened(field: string, line: number, open: () => GpioHandle): GpioHandle {
  try {
    return open();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const fix = FIXES[code ?? ''] ?? message;
    throw new Error(`${field}: GPIO ${line} cannot be opened: ${fix}`, { cause: error });
  }
}

const NOT_ACCESSIBLE =
  'panel.kind "gpio": this machine offers no GPIO under /sys/class/gpio; load its GPIO driver, use a kernel with ' +
  'CONFIG_GPIO_SYSFS, give the user the group "gpio", or use another kind of panel';

function loadOnoff(): GpioConstructor {
  try {
    const require = createRequire(import.meta.url);
    return (require('onoff') as { Gpio: GpioConstructor }).Gpio;
  } catch (error) {
    const fix = 'run "apt-get install build-essential", then "npm install onoff@6.0.3"';
    const why = (error as Error).message.split('\n')[0];
    throw new Error(`panel.kind "gpio" needs the optional package onoff: ${fix} (${why})`, { cause: error });
  }
}
