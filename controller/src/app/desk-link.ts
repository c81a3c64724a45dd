// SPDX-License-Identifier: Apache-2.0
// The link that opens a desk's page in a browser of its machine: it carries the station's token, so it is for staff alone.
import { err, ok, type Result } from '@latchkey/protocols/result';
import { openKeyFolder } from '../adapters/key-folder.ts';
import { openSettingsFile } from '../adapters/settings-file.ts';
import { parseWiring } from '../core/wiring.ts';
import { dataFolder, KEY_FILES } from './data-folder.ts';
import { NEW_SETTINGS, settingsSchema } from './settings-schema.ts';

export async function stationLink(dataDir: string): Promise<Result<string>> {
  const folder = dataFolder(dataDir);
  const settings = await openSettingsFile(folder.settings, settingsSchema, NEW_SETTINGS);
  const wiring = parseWiring(settings.current().wiring);
  await settings.close();
  if (!wiring.ok || !wiring.value.desk)
    return err('no-desk', `${dataDir} is not the folder of a controller with a desk`);
  const token = await openKeyFolder(folder.keys).read(KEY_FILES.station);
  if (!token) return err('not-started', 'the desk has no station yet: start the controller once, then ask again');
  const query = new URLSearchParams({ station: new TextDecoder().decode(token) });
  return ok(`http://127.0.0.1:${wiring.value.desk.page.port}/open?${query.toString()}`);
}
