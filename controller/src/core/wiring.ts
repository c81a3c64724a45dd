// SPDX-License-Identifier: Apache-2.0
// Reads a wiring file and checks what a schema cannot: names that point nowhere, relays used twice, timers that contradict
// each other. Every problem names the field and what to do, all at once, so that a file is corrected in one go.
import type { Err, Ok } from '@latchkey/protocols/result';
import type { z } from 'zod';
import { deskProblems } from './wiring-desk.ts';
import { type PortalWiring, type Wiring, wiring } from './wiring-schema.ts';

export type { InputWiring, PanelWiring, PortalWiring, ReaderWiring, Wiring } from './wiring-schema.ts';

export interface WiringProblem {
  /** As in `portals.0.lock.output`. */
  readonly field: string;
  readonly fix: string;
}

export interface BadWiring extends Err<'bad-wiring'> {
  readonly detail: string;
  readonly problems: readonly WiringProblem[];
}

export function parseWiring(json: unknown): Ok<Wiring> | BadWiring {
  const parsed = wiring.safeParse(json, { error: plainMessage });
  if (!parsed.success) return refuse(parsed.error.issues.map(toProblem));
  const problems = [
    ...roleProblems(parsed.data),
    ...readerProblems(parsed.data),
    ...panelProblems(parsed.data),
    ...portalProblems(parsed.data),
    ...deskProblems(parsed.data.desk, parsed.data.portals),
  ];
  return problems.length > 0 ? refuse(problems) : { ok: true, value: withSockets(parsed.data) };
}

function refuse(problems: readonly WiringProblem[]): BadWiring {
  const detail = problems.map(({ field, fix }) => `${field}: ${fix}`).join('\n');
  return { ok: false, code: 'bad-wiring', detail, problems };
}

/** Words for the mistakes people make in a file; fields with their own message keep it. */
function plainMessage(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') {
    const wanted = issue.expected === 'int' ? 'a whole number' : `a value of type ${issue.expected}`;
    return issue.input === undefined ? `is missing: give ${wanted}` : `give ${wanted}`;
  }
  if (issue.code === 'unrecognized_keys') return `remove what this version does not know: ${issue.keys.join(', ')}`;
  if (issue.code === 'invalid_union' && issue.discriminator !== undefined) return 'say which kind it is';
  return undefined;
}

function toProblem(issue: z.core.$ZodIssue): WiringProblem {
  if (issue.code === 'invalid_union') {
    // Of several forms, the one with the fewest mistakes is what was meant.
    const closest = [...issue.errors].sort((a, b) => a.length - b.length)[0]?.[0];
    if (closest && closest.path.length > 0) return toProblem({ ...closest, path: [...issue.path, ...closest.path] });
  }
  return { field: issue.path.length > 0 ? issue.path.join('.') : 'the file', fix: issue.message };
}

/** A gate has portals, a corridor locks, a desk its library; a controller may be all of them. */
function roleProblems({ portals, panel, locks, desk }: Wiring): WiringProblem[] {
  if (portals.length === 0 && !locks && !desk) return [{ field: 'portals', fix: 'describe at least one portal' }];
  if (portals.length > 0 && panel.kind === 'none')
    return [{ field: 'panel.kind', fix: 'portals need a panel: say "gpio" or "simulated"' }];
  const devices = locks?.radios.map((radio, r) => ({
    value: radio.kind === 'noble' ? `hci${radio.device}` : radio.socket,
    field: `locks.radios.${r}`,
  }));
  return repeated(devices ?? []).map(({ field, before }) => ({
    field,
    fix: `the same as ${before}: name each radio once`,
  }));
}

/** Each value's second and later use. */
function repeated<T>(uses: readonly { readonly value: T; readonly field: string }[]) {
  const first = new Map<T, string>();
  return uses.flatMap(({ value, field }) => {
    const before = first.get(value);
    if (before === undefined) first.set(value, field);
    return before === undefined ? [] : [{ value, field, before }];
  });
}

function readerProblems({ readers, portals, desk }: Wiring): WiringProblem[] {
  const names = new Set(readers.map(({ name }) => name));
  const declared = readers.map(({ name }, i) => ({ value: name, field: `readers.${i}.name` }));
  const matches = readers.flatMap((reader, i) =>
    reader.kind === 'pcsc' ? [{ value: reader.match, field: `readers.${i}.match` }] : [],
  );
  const devices = readers.flatMap((reader, i) => {
    if (reader.kind === 'serial') return [{ value: reader.path, field: `readers.${i}.path` }];
    return reader.kind === 'keyboard' ? [{ value: reader.device, field: `readers.${i}.device` }] : [];
  });
  const atDesk = desk?.readers.map((name, i) => ({ value: name, field: `desk.readers.${i}` })) ?? [];
  const used = portals
    .flatMap((portal, p) =>
      portal.readers.map(({ name }, i) => ({ value: name, field: `portals.${p}.readers.${i}.name` })),
    )
    .concat(atDesk);
  return [
    ...repeated(declared).map(({ value, field }) => ({
      field,
      fix: `"${value}" is taken: give each reader its own name`,
    })),
    ...repeated(matches).map(({ field, before }) => ({
      field,
      fix: `the same as ${before}: two readers need names that tell them apart`,
    })),
    ...repeated(devices).map(({ field, before }) => ({
      field,
      fix: `the same as ${before}: one device is one reader`,
    })),
    ...used
      .filter(({ value }) => !names.has(value))
      .map(({ value, field }) => ({
        field,
        fix: `no reader is called "${value}": add it to readers or correct the name`,
      })),
    ...repeated(used).map(({ value, field, before }) => ({
      field,
      fix: `"${value}" already serves ${before}: a reader belongs to one portal and direction`,
    })),
  ];
}

export interface LockOutputs {
  readonly in: string;
  readonly out: string;
}

/** The relay of each direction; a plain lock has one for both. */
export function lockOutputs(lock: PortalWiring['lock']): LockOutputs {
  return 'output' in lock ? { in: lock.output, out: lock.output } : { in: lock.in.output, out: lock.out.output };
}

interface Use {
  readonly value: string;
  readonly field: string;
}

function lockUses({ portals }: Wiring): Use[] {
  return portals.flatMap(({ lock }, p) =>
    'output' in lock
      ? [{ value: lock.output, field: `portals.${p}.lock.output` }]
      : [
          { value: lock.in.output, field: `portals.${p}.lock.in.output` },
          { value: lock.out.output, field: `portals.${p}.lock.out.output` },
        ],
  );
}

function feedbackUses({ feedback }: PortalWiring, at: string): Use[] {
  return FEEDBACK_SIDES.flatMap((side) =>
    FEEDBACK_KINDS.flatMap((kind) => {
      const wired = feedback?.[side]?.[kind];
      return wired ? [{ value: wired.output, field: `${at}.feedback.${side}.${kind}.output` }] : [];
    }),
  );
}

/** Every lamp and beeper of a portal. */
export const feedbackOutputs = (portal: PortalWiring): readonly string[] =>
  feedbackUses(portal, '').map(({ value }) => value);

const outputUses = (file: Wiring): Use[] => [
  ...lockUses(file),
  ...file.portals.flatMap((portal, p) => feedbackUses(portal, `portals.${p}`)),
];

const FEEDBACK_SIDES = ['in', 'out', 'both'] as const;
const FEEDBACK_KINDS = ['granted', 'refused', 'beeper'] as const;

export const INPUT_ROLES = ['contact', 'requestToExit', 'fire', 'tamper'] as const;
export type InputRole = (typeof INPUT_ROLES)[number];

function inputUses({ portals }: Wiring) {
  return portals.flatMap((portal, p) =>
    INPUT_ROLES.flatMap((role) => {
      const wired = portal[role];
      return wired ? [{ value: wired.input, field: `portals.${p}.${role}`, role, supervised: wired.supervised }] : [];
    }),
  );
}

function panelProblems(file: Wiring): WiringProblem[] {
  const outputs = outputUses(file);
  const inputs = inputUses(file);
  // One fire line may free many doors; everything else belongs to one.
  const exclusive = inputs.filter(({ role }) => role !== 'fire');
  const problems = [
    ...repeated(outputs).map(({ value, field, before }) => ({
      field,
      fix: `"${value}" is used by ${before}: one output drives one lock, lamp or beeper`,
    })),
    ...repeated(exclusive).map(({ value, field, before }) => ({
      field: `${field}.input`,
      fix: `"${value}" is used by ${before}: give it its own input`,
    })),
  ];
  return file.panel.kind === 'gpio' ? [...problems, ...gpioProblems(file.panel, outputs, inputs)] : problems;
}

function gpioProblems(
  panel: Extract<Wiring['panel'], { kind: 'gpio' }>,
  outputs: readonly Use[],
  inputs: ReturnType<typeof inputUses>,
): WiringProblem[] {
  const lines = (['outputs', 'inputs'] as const).flatMap((side) =>
    Object.entries(panel[side]).map(([name, { line }]) => ({ value: line, field: `panel.${side}.${name}.line` })),
  );
  return [
    ...repeated(lines).map(({ value, field, before }) => ({ field, fix: `line ${value} is used by ${before}` })),
    ...outputs
      .filter(({ value }) => !(value in panel.outputs))
      .map(({ value, field }) => ({ field, fix: `panel.outputs has no "${value}": add its line or correct the name` })),
    ...inputs
      .filter(({ value }) => !(value in panel.inputs))
      .map(({ value, field }) => ({
        field: `${field}.input`,
        fix: `panel.inputs has no "${value}": add its line or correct the name`,
      })),
    ...inputs
      .filter(({ supervised }) => supervised)
      .map(({ field }) => ({
        field: `${field}.supervised`,
        fix: 'a GPIO line cannot tell a cut wire: remove it, or use a panel that measures',
      })),
  ];
}

function portalProblems({ portals }: Wiring): WiringProblem[] {
  const ids = portals.map(({ id }, p) => ({ value: id, field: `portals.${p}.id` }));
  const displays = portals.flatMap(({ display }, p) =>
    display ? [{ value: display.port, field: `portals.${p}.display.port` }] : [],
  );
  return [
    ...repeated(displays).map(({ value, field, before }) => ({
      field,
      fix: `${value} is used by ${before}: give each display its own port`,
    })),
    ...repeated(ids).map(({ value, field }) => ({
      field,
      fix: `"${value}" is described twice: give each portal its own id`,
    })),
    ...portals.flatMap((portal, p) => timerProblems(portal, `portals.${p}`)),
    ...portals.flatMap((portal, p) => safetyProblems(portal, `portals.${p}`)),
  ];
}

function timerProblems({ timers, contact }: PortalWiring, at: string): WiringProblem[] {
  const problems: WiringProblem[] = [];
  if (timers.preAlarmTimeMs >= timers.openTimeMs)
    problems.push({
      field: `${at}.timers.preAlarmTimeMs`,
      fix: 'the warning comes before the alarm: use less than openTimeMs',
    });
  if (timers.entryTimeMs !== undefined && timers.entryTimeMs < timers.releaseTimeMs)
    problems.push({
      field: `${at}.timers.entryTimeMs`,
      fix: 'the door may be opened while it is released: use at least releaseTimeMs',
    });
  if (timers.entryTimeMs !== undefined && !contact)
    problems.push({
      field: `${at}.timers.entryTimeMs`,
      fix: 'without a contact a passage counts at the grant: remove it or wire a contact',
    });
  return problems;
}

function safetyProblems({ lock, fire, requestToExit, contact }: PortalWiring, at: string): WiringProblem[] {
  const problems: WiringProblem[] = [];
  if (fire && lock.fail === 'secure' && !fire.freedInHardware)
    problems.push({
      field: `${at}.fire.freedInHardware`,
      fix: 'a fail-secure lock stays shut without power: set true once the fire panel or a handle frees this door by itself, or use a fail-safe lock',
    });
  if (requestToExit?.mode === 'mask' && !contact)
    problems.push({
      field: `${at}.requestToExit.mode`,
      fix: '"mask" silences an alarm that needs a contact: wire one or use "unlock"',
    });
  return problems;
}

/** Simulated readers speak through the panel's socket unless they name their own. */
function withSockets(file: Wiring): Wiring {
  const { panel } = file;
  if (panel.kind !== 'simulated') return file;
  const readers = file.readers.map((reader) =>
    reader.kind === 'simulated' ? { socket: panel.socket, ...reader } : reader,
  );
  return { ...file, readers };
}
