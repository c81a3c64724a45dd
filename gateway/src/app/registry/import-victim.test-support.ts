// SPDX-License-Identifier: Apache-2.0
// A process that imports people and is killed meanwhile: node import-victim <database> <worker> <rows>.
import { openDatabase } from '../../adapters/database/open-database.ts';
import { createImports } from './imports.ts';
import { openRegistry } from './open-registry.ts';
import { peopleFile } from './registry.test-support.ts';

const [path = '', worker = '', rows = '0'] = process.argv.slice(2);
const database = await openDatabase({ path, worker: new URL(worker) });
const plainSealer = {
  seal: (secret: Uint8Array) => secret,
  open: (sealed: Uint8Array) => sealed,
  root: { document: { epoch: 1 } } as never,
};
const registry = await openRegistry({ database, keystore: plainSealer, now: Date.now, timeZone: 'Asia/Shanghai' });
const csv = peopleFile(Number(rows));
process.stdout.write('importing\n');
await createImports(registry.context)({ kind: 'people', csv, dryRun: false, form: undefined }, 'victim');
process.stdout.write('imported\n');
await database.close();
