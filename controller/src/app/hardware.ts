// SPDX-License-Identifier: Apache-2.0
// Readers and panel that a wiring file describes. Adapters are loaded only where the file names them: a machine without GPIO
// or PC/SC must not need their packages.
import { joinReaders } from '../adapters/reader-sources.ts';
import type { PortalWiring, Wiring } from '../core/wiring.ts';
import { feedbackOutputs, INPUT_ROLES, lockOutputs } from '../core/wiring.ts';
import type { Clock } from '../ports/clock.ts';
import type { LockRadio } from '../ports/lock-radio.ts';
import type { Panel } from '../ports/panel.ts';
import type { Random } from '../ports/random.ts';
import type { ReaderSource } from '../ports/reader-source.ts';
import type { Log } from './log.ts';
import { workerFile } from './worker-file.ts';

export interface Hardware {
  readonly readers: ReaderSource;
  readonly panel: Panel;
  readonly simulated: boolean;
  /** Of a corridor. */
  readonly locks?: LockRadio;
}

export interface HardwareParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly device: string;
  readonly log: Log;
}

type LogFunction = (message: string, fields: Readonly<Record<string, unknown>>) => void;

const lockOutputsOf = ({ lock }: PortalWiring): readonly string[] => Object.values(lockOutputs(lock));
const outputsOf = (portal: PortalWiring): readonly string[] => [...lockOutputsOf(portal), ...feedbackOutputs(portal)];
const inputsOf = (portal: PortalWiring): readonly string[] => INPUT_ROLES.flatMap((role) => portal[role]?.input ?? []);

/** Rejects with words for people: what is missing on this machine, and the fix. */
export async function openHardware(wiring: Wiring, parts: HardwareParts): Promise<Hardware> {
  const log: LogFunction = (message, fields) => parts.log.info(fields, message);
  const simulated = await openSimulated(wiring, parts, log);
  const sources: ReaderSource[] = [...simulated.readers];
  const pcsc = wiring.readers.filter((reader) => reader.kind === 'pcsc');
  if (pcsc.length > 0) {
    const { PcscReaders } = await import('../adapters/pcsc-readers.ts');
    const { clock, random } = parts;
    sources.push(new PcscReaders({ readers: pcsc, worker: workerFile('pcsc-worker'), clock, random, log }));
  }
  const serial = wiring.readers.filter((reader) => reader.kind === 'serial');
  if (serial.length > 0) {
    const { SerialScanners } = await import('../adapters/serial-scanner.ts');
    sources.push(new SerialScanners({ readers: serial, clock: parts.clock, random: parts.random, log }));
  }
  const keyboards = wiring.readers.filter((reader) => reader.kind === 'keyboard');
  if (keyboards.length > 0) {
    const { KeyboardScanners } = await import('../adapters/keyboard-scanner.ts');
    sources.push(new KeyboardScanners({ readers: keyboards, clock: parts.clock, random: parts.random, log }));
  }
  const panel = simulated.panel ?? (await openGpio(wiring));
  const locks = await openLockRadios(wiring, parts, log);
  const isSimulated = simulated.readers.length > 0 || wiring.locks?.radios.some(({ kind }) => kind === 'simulated');
  return { readers: joinReaders(sources), panel, simulated: isSimulated === true, ...(locks ? { locks } : {}) };
}

/** For a corridor without doors: nothing to drive, nothing to watch. */
const NO_PANEL: Panel = {
  setOutput: () => Promise.reject(new Error('this controller has no panel')),
  watch: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

async function openLockRadios(
  { locks }: Wiring,
  { clock }: HardwareParts,
  log: LogFunction,
): Promise<LockRadio | undefined> {
  if (!locks) return undefined;
  const [{ joinLockRadios }, { watchRadio }] = await Promise.all([
    import('../adapters/lock-radios.ts'),
    import('../adapters/radio-watch.ts'),
  ]);
  const radios = locks.radios.map(async (radio): Promise<LockRadio> => {
    if (radio.kind === 'noble') {
      const { RadioProcess, radioChannels } = await import('../adapters/radio-process.ts');
      const say = (text: string, fields: object) => log(text, { ...fields });
      const spawn = radioChannels(workerFile('noble-worker'));
      return watchRadio(new RadioProcess({ device: radio.device, clock, log: say, spawn }), { clock, log: say });
    }
    const { SimulatedRadio } = await import('../adapters/simulated-radio.ts');
    const address = (await import('../adapters/bench-address.ts')).parseBenchAddress(radio.socket);
    if (!address.ok) throw new Error(address.detail ?? address.code);
    return new SimulatedRadio({ address: address.value, clock });
  });
  return joinLockRadios(await Promise.all(radios), (text, fields) => log(text, { ...fields }));
}

async function openGpio({ panel, portals }: Wiring): Promise<Panel> {
  if (panel.kind === 'none') return NO_PANEL;
  if (panel.kind !== 'gpio') throw new Error('panel.kind: use "gpio" or "simulated"');
  const { GpioPanel } = await import('../adapters/gpio-panel.ts');
  const held = portals.filter(({ lock }) => lock.fail === 'safe').flatMap(lockOutputsOf);
  const { chip, outputs, inputs } = panel;
  return GpioPanel.open({ outputs, inputs, energisedAtStart: new Set(held), ...(chip === undefined ? {} : { chip }) });
}

/** One connection a bench, for the panel and for every reader that names it. */
async function openSimulated(
  wiring: Wiring,
  { clock, random, device }: HardwareParts,
  log: LogFunction,
): Promise<{ readers: readonly ReaderSource[]; panel: Panel | undefined }> {
  const panelSocket = wiring.panel.kind === 'simulated' ? wiring.panel.socket : undefined;
  const sockets = new Set<string>(panelSocket === undefined ? [] : [panelSocket]);
  for (const reader of wiring.readers) {
    if (reader.kind === 'simulated' && reader.socket !== undefined) sockets.add(reader.socket);
  }
  if (sockets.size === 0) return { readers: [], panel: undefined };
  const [{ simulatedHardware }, { parseBenchAddress }] = await Promise.all([
    import('../adapters/simulated-hardware.ts'),
    import('../adapters/bench-address.ts'),
  ]);
  const readers: ReaderSource[] = [];
  let panel: Panel | undefined;
  for (const socket of sockets) {
    const address = parseBenchAddress(socket);
    if (!address.ok) throw new Error(address.detail ?? address.code);
    const isPanel = socket === panelSocket;
    const hardware = simulatedHardware({
      address: address.value,
      controller: device,
      clock,
      random,
      log,
      readers: wiring.readers.flatMap((each) => (each.kind === 'simulated' && each.socket === socket ? each.name : [])),
      outputs: isPanel ? wiring.portals.flatMap(outputsOf) : [],
      inputs: isPanel ? [...new Set(wiring.portals.flatMap(inputsOf))] : [],
    });
    readers.push(hardware.readers);
    if (isPanel) panel = hardware.panel;
  }
  return { readers, panel };
}
