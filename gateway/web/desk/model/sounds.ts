// SPDX-License-Identifier: Apache-2.0
// The desk's sounds, made and not fetched: told apart by pitch, direction and number of notes, so that nobody has to look up from
// the books. Rising: done. Two equal: look at it. Low and long: not done. One short: a card.
import type { DeskSound } from '@latchkey/protocols/api/desk-terms';

export interface Note {
  readonly startMs: number;
  readonly lengthMs: number;
  readonly hertz: number;
  readonly wave: 'sine' | 'triangle' | 'square';
}

export const SOUNDS: Readonly<Record<DeskSound, readonly Note[]>> = {
  success: [
    { startMs: 0, lengthMs: 90, hertz: 880, wave: 'sine' },
    { startMs: 90, lengthMs: 140, hertz: 1318, wave: 'sine' },
  ],
  attention: [
    { startMs: 0, lengthMs: 140, hertz: 660, wave: 'triangle' },
    { startMs: 220, lengthMs: 140, hertz: 660, wave: 'triangle' },
  ],
  refusal: [
    { startMs: 0, lengthMs: 180, hertz: 233, wave: 'square' },
    { startMs: 200, lengthMs: 340, hertz: 165, wave: 'square' },
  ],
  card: [{ startMs: 0, lengthMs: 70, hertz: 1568, wave: 'sine' }],
};

export interface SoundPlayer {
  play(sound: DeskSound): void;
  /** False until a key or a click allowed it: browsers keep pages silent before. */
  isAllowed(): boolean;
  /** To be called from a key or a click. */
  allow(): void;
}

const LOUDNESS = 0.25;
const RAMP_S = 0.008;

/** `open` makes the browser's audio, the first time something sounds. */
export function createSoundPlayer(open: () => AudioContext | undefined): SoundPlayer {
  let audio: AudioContext | undefined;
  const opened = (): AudioContext | undefined => (audio ??= open());
  return {
    play(sound) {
      const context = opened();
      if (context?.state !== 'running') return;
      for (const note of SOUNDS[sound]) playNote(context, note);
    },
    isAllowed: () => opened()?.state === 'running',
    allow() {
      if (opened()?.state === 'suspended') void opened()?.resume();
    },
  };
}

function playNote(context: AudioContext, { startMs, lengthMs, hertz, wave }: Note): void {
  const from = context.currentTime + startMs / 1000;
  const to = from + lengthMs / 1000;
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.type = wave;
  tone.frequency.value = hertz;
  // Without ramps every note begins and ends with a crack.
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(LOUDNESS, from + RAMP_S);
  volume.gain.setValueAtTime(LOUDNESS, to - RAMP_S);
  volume.gain.linearRampToValueAtTime(0, to);
  tone.connect(volume).connect(context.destination);
  tone.start(from);
  tone.stop(to);
}
