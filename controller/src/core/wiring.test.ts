// SPDX-License-Identifier: Apache-2.0
// A wiring file is refused with the field and the fix, never with a guess.
import { describe, expect, it } from 'vitest';
import { parseWiring } from './wiring.ts';

// Partly filled files are the subject here, so they are plain JSON.
type Json = Record<string, unknown>;

const portal = (more: Json = {}): Json => ({
  id: 'gate-1',
  lock: { output: 'relay-1', fail: 'safe' },
  readers: [{ name: 'front', direction: 'in' }],
  ...more,
});
const file = (portals: readonly Json[] = [portal()], more: Json = {}): Json => ({
  readers: [{ name: 'front', kind: 'simulated' }],
  panel: { kind: 'simulated', socket: '127.0.0.1:4000' },
  portals,
  ...more,
});

function problemsOf(json: unknown): readonly { field: string; fix: string }[] {
  const parsed = parseWiring(json);
  return parsed.ok ? [] : parsed.problems;
}
const fieldsOf = (json: unknown) => problemsOf(json).map(({ field }) => field);

describe('wiring file', () => {
  it('fills every timer with the usual figure of the field', () => {
    const parsed = parseWiring(file());
    expect(parsed.ok && parsed.value.portals[0]?.timers).toEqual({
      releaseTimeMs: 5_000,
      extendedReleaseTimeMs: 10_000,
      delayTimeBeforeRelockMs: 0,
      openTimeMs: 30_000,
      preAlarmTimeMs: 5_000,
      extendedOpenTimeMs: 30_000,
    });
  });

  it('gives simulated readers the socket of the panel', () => {
    const parsed = parseWiring(file());
    expect(parsed.ok && parsed.value.readers[0]).toEqual({
      name: 'front',
      kind: 'simulated',
      socket: '127.0.0.1:4000',
    });
  });

  it('accepts a lane with a relay for each direction', () => {
    const lane = portal({ lock: { fail: 'secure', in: { output: 'relay-1' }, out: { output: 'relay-2' } } });
    expect(problemsOf(file([lane]))).toEqual([]);
  });

  it('refuses a lock that says neither fail-safe nor fail-secure', () => {
    const [problem] = problemsOf(file([portal({ lock: { output: 'relay-1' } })]));
    expect(problem?.field).toBe('portals.0.lock.fail');
    expect(problem?.fix).toContain('"safe"');
  });

  it('refuses a reader that is not there, and names it', () => {
    const [problem] = problemsOf(file([portal({ readers: [{ name: 'back' }] })]));
    expect(problem?.field).toBe('portals.0.readers.0.name');
    expect(problem?.fix).toContain('"back"');
  });

  it('refuses one reader for two portals', () => {
    const second = portal({ id: 'gate-2', lock: { output: 'relay-2', fail: 'safe' } });
    expect(fieldsOf(file([portal(), second]))).toEqual(['portals.1.readers.0.name']);
  });

  it('refuses an output used twice', () => {
    expect(fieldsOf(file([portal(), portal({ id: 'gate-2', readers: [] })]))).toEqual(['portals.1.lock.output']);
  });

  it('refuses a portal described twice', () => {
    const again = portal({ lock: { output: 'relay-2', fail: 'safe' }, readers: [] });
    expect(fieldsOf(file([portal(), again]))).toEqual(['portals.1.id']);
  });

  it('refuses timers out of range and timers that contradict each other', () => {
    expect(fieldsOf(file([portal({ timers: { releaseTimeMs: 10 } })]))).toEqual(['portals.0.timers.releaseTimeMs']);
    expect(fieldsOf(file([portal({ timers: { openTimeMs: 5_000 } })]))).toEqual(['portals.0.timers.preAlarmTimeMs']);
    expect(fieldsOf(file([portal({ contact: { input: 'in-1' }, timers: { entryTimeMs: 1_000 } })]))).toEqual([
      'portals.0.timers.entryTimeMs',
    ]);
  });

  it('refuses a fire input on a fail-secure lock that nothing but software frees', () => {
    const fire = { input: 'fire' };
    expect(fieldsOf(file([portal({ fire, lock: { output: 'relay-1', fail: 'secure' } })]))).toEqual([
      'portals.0.fire.freedInHardware',
    ]);
    expect(problemsOf(file([portal({ fire })]))).toEqual([]);
  });

  it('lets one fire line free several doors', () => {
    const second = portal({
      id: 'gate-2',
      lock: { output: 'relay-2', fail: 'safe' },
      readers: [],
      fire: { input: 'fire' },
    });
    expect(problemsOf(file([portal({ fire: { input: 'fire' } }), second]))).toEqual([]);
  });

  it('refuses debouncing that is not in steps of 0.1 s', () => {
    expect(fieldsOf(file([portal({ contact: { input: 'in-1', debounceMs: 50 } })]))).toEqual([
      'portals.0.contact.debounceMs',
    ]);
  });

  it('takes the label of a GPIO chip, so that lines need no number that changes with the kernel', () => {
    const outputs = Object.fromEntries(['relay-1', 'relay-2', 'barrier', 'lock'].map((name, line) => [name, { line }]));
    const panel = { kind: 'gpio', chip: 'pinctrl-bcm2711', outputs, inputs: {} };
    expect(fieldsOf(file([portal()], { panel }))).not.toContain('panel.chip');
    expect(fieldsOf(file([portal()], { panel: { ...panel, chip: '' } }))).toContain('panel.chip');
  });

  it('refuses names a GPIO panel has no line for, and supervision it cannot do', () => {
    const panel = { kind: 'gpio', outputs: {}, inputs: { 'in-1': { line: 4 } } };
    const contact = { input: 'in-1', supervised: true };
    expect(fieldsOf(file([portal({ contact })], { panel }))).toEqual([
      'portals.0.lock.output',
      'portals.0.contact.supervised',
    ]);
  });

  it('takes scanners with the usual settings, several at one lane', () => {
    const readers = [
      { name: 'front', kind: 'serial', path: '/dev/ttyACM0' },
      { name: 'low', kind: 'keyboard', device: '/dev/input/by-id/usb-scan-event-kbd', suffix: '#' },
    ];
    const parsed = parseWiring(file([portal({ readers: [{ name: 'front' }, { name: 'low' }] })], { readers }));
    expect(parsed.ok && parsed.value.readers).toEqual([
      {
        name: 'front',
        kind: 'serial',
        path: '/dev/ttyACM0',
        baudRate: 9_600,
        dataBits: 8,
        parity: 'none',
        stopBits: 1,
        terminator: 'cr',
        prefix: '',
        suffix: '',
        encoding: 'utf-8',
      },
      { ...readers[1], terminator: 'enter', prefix: '' },
    ]);
  });

  it.each([
    ['path', { path: 'COM3' }, '/dev/serial/by-id/'],
    ['baudRate', { baudRate: 110 }, '300'],
    ['dataBits', { dataBits: 9 }, '7 or 8'],
    ['parity', { parity: 'mark' }, '"even"'],
    ['stopBits', { stopBits: 3 }, '1 or 2'],
    ['terminator', { terminator: '\r' }, '"crlf"'],
    ['idleMs', { idleMs: 1 }, '10 ms'],
    ['prefix', { prefix: '\u0002' }, 'control characters'],
    ['encoding', { encoding: 'latin1' }, '"gbk"'],
  ])('refuses a serial scanner with a wrong %s, and says what to write', (field, wrong, fix) => {
    const [problem] = problemsOf(
      file([portal()], { readers: [{ name: 'front', kind: 'serial', path: '/dev/ttyACM0', ...wrong }] }),
    );
    expect(problem?.field).toBe(`readers.0.${field}`);
    expect(problem?.fix).toContain(fix);
  });

  it('refuses a keyboard scanner without its device, and one device read twice', () => {
    const scanner = { kind: 'keyboard', device: '/dev/input/by-id/usb-scan-event-kbd' };
    expect(fieldsOf(file([portal()], { readers: [{ name: 'front', kind: 'keyboard' }] }))).toEqual([
      'readers.0.device',
    ]);
    const readers = [
      { name: 'front', ...scanner },
      { name: 'back', ...scanner },
    ];
    expect(fieldsOf(file([portal()], { readers }))).toEqual(['readers.1.device']);
  });

  it('fills the pulses of lamps and beepers, for a direction or for both', () => {
    const feedback = {
      in: { granted: { output: 'green' } },
      both: { beeper: { output: 'beep', refused: { count: 2 } } },
    };
    const parsed = parseWiring(file([portal({ feedback })]));
    expect(parsed.ok && parsed.value.portals[0]?.feedback).toEqual({
      in: { granted: { output: 'green', pulses: { count: 1, onMs: 3_000, offMs: 100 } } },
      both: {
        beeper: {
          output: 'beep',
          granted: { count: 1, onMs: 150, offMs: 150 },
          refused: { count: 2, onMs: 150, offMs: 150 },
        },
      },
    });
  });

  it('refuses a lamp on the output of a lock, and one that GPIO has no line for', () => {
    const feedback = { both: { granted: { output: 'relay-1' } } };
    expect(fieldsOf(file([portal({ feedback })]))).toEqual(['portals.0.feedback.both.granted.output']);
    const panel = { kind: 'gpio', outputs: { 'relay-1': { line: 1 } } };
    const green = { out: { granted: { output: 'green' } } };
    expect(fieldsOf(file([portal({ feedback: green })], { panel }))).toEqual(['portals.0.feedback.out.granted.output']);
  });

  it('keeps a display to this machine unless told otherwise, and gives each its own port', () => {
    const display = { port: 7_500 };
    const parsed = parseWiring(file([portal({ display })]));
    expect(parsed.ok && parsed.value.portals[0]?.display).toEqual({ port: 7_500, host: '127.0.0.1' });
    const second = portal({ id: 'gate-2', lock: { output: 'relay-2', fail: 'safe' }, readers: [], display });
    expect(fieldsOf(file([portal({ display }), second]))).toEqual(['portals.1.display.port']);
    expect(fieldsOf(file([portal({ display: { port: 0, host: 'lane' } })]))).toEqual([
      'portals.0.display.port',
      'portals.0.display.host',
    ]);
  });

  it('takes neighbours of the zone by address and port, and believes a clock only where it is told to', () => {
    const neighbours = { addresses: ['10.0.3.12:4720'] };
    const parsed = parseWiring(file([portal()], { neighbours }));
    expect(parsed.ok && [parsed.value.neighbours, parsed.value.clock]).toEqual([
      { port: 4_720, host: '0.0.0.0', addresses: ['10.0.3.12:4720'] },
      { keptWhileOff: false },
    ]);
    const addresses = ['10.0.3.12', 'gate-2:4720', '10.0.3.400:4720', '10.0.3.12:70000'];
    expect(fieldsOf(file([portal()], { neighbours: { addresses } }))).toEqual(
      addresses.map((_, index) => `neighbours.addresses.${index}`),
    );
  });

  it('says which word it does not know instead of ignoring it', () => {
    const [problem] = problemsOf(file([portal({ relocktime: 5 })]));
    expect(problem).toEqual({ field: 'portals.0', fix: 'remove what this version does not know: relocktime' });
  });

  it('names a field that is missing', () => {
    expect(problemsOf({ readers: [], panel: { kind: 'simulated', socket: 'x' } })).toEqual([
      { field: 'portals', fix: 'is missing: give a value of type array' },
    ]);
    expect(fieldsOf('text')).toEqual(['the file']);
  });

  it('tells every problem at once', () => {
    const broken = portal({ readers: [{ name: 'back' }], timers: { openTimeMs: 5_000 } });
    expect(fieldsOf(file([broken]))).toEqual(['portals.0.readers.0.name', 'portals.0.timers.preAlarmTimeMs']);
  });
});
