// SPDX-License-Identifier: Apache-2.0
// latchkey gateway: runs the gateway in the foreground until SIGINT or SIGTERM, then closes in order.
import { type Command, InvalidArgumentError } from 'commander';
import { CONFIG_VARIABLES, loadConfig } from '../config.ts';
import { action, EXIT, fail, failUsage } from './fail.ts';

interface GatewayOptions {
  readonly data?: string;
  readonly config?: string;
  readonly site?: string;
  readonly listen?: string;
  readonly httpsPort?: number;
  readonly mqttPort?: number;
  readonly httpPort?: number;
  readonly name?: string[];
  readonly demoKeys?: boolean;
  readonly logLevel?: string;
}

const EXAMPLES = `
Examples:
  $ latchkey gateway --demo-keys                              a trial on this machine
  $ latchkey gateway --config /etc/latchkey/gateway.json      a real one, after the root ceremony (latchkey keys --help)
  $ latchkey gateway --data /var/lib/latchkey --listen 0.0.0.0 --name gateway.campus.example

Variables: ${CONFIG_VARIABLES.join(', ')}.
Later sources win: defaults, configuration file, variables, flags.`;

export function registerGateway(program: Command): void {
  program
    .command('gateway')
    .description('run the gateway: registry, lists, broker and HTTP API')
    .option('--data <dir>', 'data directory (default: .latchkey/gateway)')
    .option('--config <file>', 'configuration file, JSON')
    .option('--site <slug>', 'site, first level of every topic')
    .option('--listen <address>', 'listen on this address for HTTPS and MQTT (default: 127.0.0.1)')
    .option('--https-port <port>', 'port of the HTTP API (default: 8443)', port)
    .option('--mqtt-port <port>', 'port of MQTT (default: 8883)', port)
    .option('--http-port <port>', 'also plain HTTP for browsers on this machine: trials, TLS terminators', port)
    .option('--name <name>', 'name in the certificate; repeat for more', (name, all: string[] | undefined) => [
      ...(all ?? []),
      name,
    ])
    .option('--demo-keys', 'make root keys on this machine at first start: trials only')
    .option('--log-level <level>', 'fatal, error, warn, info, debug or silent')
    .addHelpText('after', EXAMPLES)
    .action(action(run));
}

function port(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('Use a port from 0 to 65535.');
}

async function run(options: GatewayOptions): Promise<number> {
  const config = await loadConfig({
    file: options.config ?? process.env['LATCHKEY_CONFIG'],
    environment: process.env,
    flags: {
      dataDir: options.data,
      site: options.site,
      https: { host: options.listen, port: options.httpsPort },
      mqtt: { host: options.listen, port: options.mqttPort },
      ...(options.httpPort === undefined ? {} : { web: { http: { port: options.httpPort } } }),
      names: options.name,
      demoKeys: options.demoKeys,
      logLevel: options.logLevel,
    },
  });
  if (!config.ok) return failUsage(`configuration: ${config.detail ?? config.code}`);
  const { startGateway, StartRefused } = await import('../start-gateway.ts');
  const stopped = untilSignal();
  try {
    const gateway = await startGateway(config.value);
    process.stdout.write(
      `Latchkey gateway\n  API    ${gateway.url}\n${gateway.httpUrl === undefined ? '' : `  HTTP   ${gateway.httpUrl}\n`}` +
        `  MQTT   ${gateway.mqttUrl}\n` +
        `  token  ${gateway.adminTokenFile}\n  CA     ${gateway.caFile}\n`,
    );
    await stopped;
    await gateway.close();
  } catch (error) {
    if (error instanceof StartRefused) return fail(error.message, error.fix);
    throw error;
  }
  return EXIT.done;
}

/** The first signal asks to close; the second, while closing hangs, ends the process at once. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const onSignal = () => {
      resolve();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(EXIT.failed));
    };
    process.once('SIGINT', onSignal);
    process.once('SIGTERM', onSignal);
  });
}
