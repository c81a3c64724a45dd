// SPDX-License-Identifier: Apache-2.0
// `latchkey enroll`: makes this machine a controller of a gateway, with the one-time code that the gateway gave for it.
import type { Command } from 'commander';
import { readWiring } from './controller.ts';
import { EXIT, fail } from './fail.ts';

interface EnrollOptions {
  readonly gateway: string;
  readonly code: string;
  readonly data: string;
  readonly wiring?: string;
  readonly replace?: true;
}

export function registerEnroll(program: Command): void {
  program
    .command('enroll')
    .description('make this machine a controller, with the one-time code of the gateway')
    .requiredOption('--gateway <url>', 'address of the gateway, https://…')
    .requiredOption('--code <code>', 'one-time code, LK1-…; it also names the authority to trust')
    .option('--data <dir>', 'folder to keep settings, keys, lists and journal in', '.latchkey/controller')
    .option('--wiring <file>', 'wiring file, JSON; without it, the folder keeps the one it has')
    .option('--replace', 'enrol a folder again as the same device; its lists and journal stay')
    .addHelpText('after', '\nThe code comes from: latchkey device add. It works once.')
    .action(enroll);
}

const BAD_USE = ['bad-code', 'bad-address'];

async function enroll(options: EnrollOptions): Promise<void> {
  const wiring = options.wiring === undefined ? undefined : await readWiring(options.wiring);
  if (wiring && !wiring.ok) return fail(wiring.problem, EXIT.failed);
  const [
    { enrol },
    { openSettingsFile, SettingsError },
    { NEW_SETTINGS, settingsSchema },
    { dataFolder },
    { makePrivateDirectory },
    { VERSION },
  ] = await Promise.all([
    import('../enrol.ts'),
    import('../../adapters/settings-file.ts'),
    import('../settings-schema.ts'),
    import('../data-folder.ts'),
    import('../../adapters/durable-file.ts'),
    import('../version.ts'),
  ]);
  const folder = dataFolder(options.data);
  try {
    await makePrivateDirectory(folder.root);
    const settings = await openSettingsFile(folder.settings, settingsSchema, NEW_SETTINGS);
    const { gateway, code } = options;
    const result = await enrol({
      gateway,
      code,
      folder,
      settings,
      software: VERSION,
      replace: options.replace === true,
      ...(wiring ? { wiring: wiring.json } : {}),
    });
    if (!result.ok) {
      return fail(result.detail ?? result.code, BAD_USE.includes(result.code) ? EXIT.usage : EXIT.failed);
    }
    const { site, device } = result.value;
    process.stdout.write(`Enrolled as ${site}/${device}.\nRun it: latchkey controller --data ${options.data}\n`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof SettingsError) return fail(message);
    if (code === 'EACCES' || code === 'EPERM' || code === 'ENOTDIR' || code === 'EROFS' || code === 'ENOSPC') {
      return fail(`${options.data} cannot be written (${code}); choose another folder with --data`);
    }
    throw error;
  }
}
