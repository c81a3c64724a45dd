// SPDX-License-Identifier: Apache-2.0
// What an engineer does with a new controller: announce it at the gateway, enrol it with the code, wire it, and lead it through a
// cable that can be cut.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NetworkLink } from '../network.ts';
import { bundle } from './bundle.ts';
import type { GatewayApi } from './gateway-api.ts';
import { runToEnd } from './program.ts';

export interface NewController {
  readonly device: string;
  readonly folder: string;
  readonly wiringFile: string;
  readonly logFile: string;
}

export interface GatewayPlace {
  readonly url: string;
  readonly mqttPort: number;
}

/** The one-time code with which it enrols. */
export async function announce(api: GatewayApi, device: string, name: string): Promise<string> {
  const { code } = await api.must<{ code: string }>('POST', '/v1/devices', { id: device, name });
  return code;
}

/** Returns the cable between the controller and the gateway's broker. */
export async function enrol(gateway: GatewayPlace, controller: NewController, code: string): Promise<NetworkLink> {
  const { device, folder, wiringFile, logFile } = controller;
  const link = await NetworkLink.start({ host: '127.0.0.1', port: gateway.mqttPort });
  try {
    const args = ['enroll', '--gateway', gateway.url, '--data', folder, '--code', code, '--wiring', wiringFile];
    await runToEnd({ name: `enroll ${device}`, args: [bundle('controller/main.mjs'), ...args], logFile });
    const file = join(folder, 'settings.json');
    const settings = JSON.parse(await readFile(file, 'utf8')) as { enrolment: { mqttUrl: string } };
    settings.enrolment.mqttUrl = `mqtts://127.0.0.1:${link.port}`;
    await writeFile(file, JSON.stringify(settings), { mode: 0o600 });
    return link;
  } catch (error) {
    await link.close();
    throw error;
  }
}
