// SPDX-License-Identifier: Apache-2.0
// Line icons, drawn here: no font and no request. They only accompany words, so readers of screens are spared them.

const PATHS = {
  code: 'M4 4h6v6H4z M14 4h6v6h-6z M4 14h6v6H4z M14 14h2v2h-2z M18 18h2v2h-2z M18 14h2 M14 18v2',
  card: 'M3 7a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z M3 10h18 M7 15h4',
  door: 'M6 21V4a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v17 M3 21h18 M14 12v1',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M4 21c0-4 3.5-6 8-6s8 2 8 6',
  phone: 'M7 3h10a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1z M11 18h2',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M12 7v5l3 2',
  offline: 'M3 3l18 18 M8.5 15.5a5 5 0 0 1 5-1.3 M5 12a10 10 0 0 1 4-2.4 M13 9.1A10 10 0 0 1 19 12 M12 19h.01',
  warning: 'M12 3.5 2.5 20h19z M12 10v4 M12 17h.01',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M12 11v5 M12 8h.01',
  good: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M8 12l3 3 5-6',
  bad: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M9 9l6 6 M15 9l-6 6',
  enter: 'M10 4h8a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1h-8 M3 12h11 M10 8l4 4-4 4',
  leave: 'M14 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h8 M10 12h11 M17 8l4 4-4 4',
  key: 'M8 15a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M12 11h9 M18 11v4',
  lock: 'M6 11h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1z M8 11V7.5a4 4 0 0 1 8 0V11 M12 15v2',
  next: 'M9 5l7 7-7 7',
  back: 'M15 5l-7 7 7 7',
  place: 'M12 21s7-6.2 7-11a7 7 0 1 0-14 0c0 4.8 7 11 7 11z M12 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4z',
  camera: 'M4 8h3l2-3h6l2 3h3v11H4z M12 16a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M12 2v2 M12 20v2 M2 12h2 M20 12h2 M5 5l1.5 1.5 M17.5 17.5 19 19 M5 19l1.5-1.5 M17.5 6.5 19 5',
  out: 'M9 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h3 M9 12h12 M17 8l4 4-4 4',
  help: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7 M12 16.5h.01',
  barcode: 'M4 6v12 M7 6v12 M9.5 6v12 M13 6v12 M16 6v12 M20 6v12',
  book: 'M12 6c-2.5-1.6-5.5-2-9-1.5V18c3.5-.5 6.5 0 9 1.5 2.5-1.5 5.5-2 9-1.5V4.5c-3.5-.5-6.5-.1-9 1.5z M12 6v13.5',
  lend: 'M4 12v7h16v-7 M12 15V4 M8 8l4-4 4 4',
  takeBack: 'M4 12v7h16v-7 M12 4v11 M8 11l4 4 4-4',
  again: 'M20 11a8 8 0 1 0-2.3 6 M20 5v6h-6',
  printer: 'M7 9V3h10v6 M7 17H4V9h16v8h-3 M7 14h10v7H7z',
  sound: 'M4 9v6h4l5 4V5L8 9z M16.5 9a4 4 0 0 1 0 6 M19 6.5a8 8 0 0 1 0 11',
  mute: 'M4 9v6h4l5 4V5L8 9z M17 9.5l5 5 M22 9.5l-5 5',
  upload: 'M12 16V4 M7 9l5-5 5 5 M4 20h16',
  download: 'M12 4v12 M7 11l5 5 5-5 M4 20h16',
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
