// SPDX-License-Identifier: Apache-2.0
// Which place the code is for. One place: its name. More: a sheet to choose from; the choice is remembered.
import type { MyPass } from '@latchkey/protocols/api/me';
import { useState } from 'preact/hooks';
import { Icon } from '../ui/icon.tsx';
import type { Language } from '../ui/language.ts';
import { Sheet } from '../ui/sheet.tsx';
import { useApp, useWords } from './model/app.ts';
import type { Saved } from './model/store.ts';

type Zone = MyPass['zones'][number];

export const zoneInUse = ({ pass, zone }: Saved): Zone | undefined =>
  pass?.zones.find((one) => one.zone === zone) ?? pass?.zones[0];

export const zoneName = ({ name, nameEn }: Zone, language: Language): string =>
  language === 'en' && nameEn !== '' ? nameEn : name;

interface ZoneChooserProps {
  readonly zones: readonly Zone[];
  readonly chosen: Zone;
}

export function ZoneChooser({ zones, chosen }: ZoneChooserProps) {
  const app = useApp();
  const words = useWords();
  const [open, setOpen] = useState(false);
  const language = app.language.value;
  const place = (
    <>
      <Icon name="place" />
      <span class="main">{zoneName(chosen, language)}</span>
    </>
  );
  if (zones.length < 2) return <p class="place">{place}</p>;
  return (
    <>
      <button type="button" class="place" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        {place}
        <span class="small action">{words.code.choosePlace}</span>
      </button>
      {open && (
        <Sheet title={words.code.choosePlace} onClose={() => setOpen(false)}>
          <ul class="rows flat">
            {zones.map((zone) => (
              <li key={zone.zone}>
                <button
                  type="button"
                  class="row"
                  aria-pressed={zone.zone === chosen.zone ? 'true' : 'false'}
                  onClick={() => {
                    void app.phone.chooseZone(zone.zone);
                    setOpen(false);
                  }}
                >
                  <Icon name="place" />
                  <span class="main">{zoneName(zone, language)}</span>
                  {zone.zone === chosen.zone && <Icon name="good" />}
                </button>
              </li>
            ))}
          </ul>
        </Sheet>
      )}
    </>
  );
}
