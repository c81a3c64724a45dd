// SPDX-License-Identifier: Apache-2.0
// The parts of the lab's virtual machine: Debian's own kernel out of its package, gpio-sim built from the packaged source
// (Debian ships it switched off), and a small first filesystem. Made once a kernel version, kept below .latchkey/lab.
import { spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What is missing to build and boot the lab, with the fix; undefined when all is there. */
export function missingForLab(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the lab needs Linux on x86-64';
  const programs = [
    'qemu-system-x86_64',
    'busybox',
    'cpio',
    'make',
    'gcc',
    'dpkg-deb',
    'apt-get',
    'btvirt',
    'hciconfig',
  ];
  const missing = programs.filter((program) => spawnSync('which', [program]).status !== 0);
  if (missing.length > 0) return `no ${missing.join(', ')}; run: apt-get install ${PACKAGES.join(' ')}`;
  if (headersVersion() === undefined || !sourceArchive())
    return `no kernel headers; run: apt-get install ${PACKAGES.join(' ')}`;
  return undefined;
}

const PACKAGES = [
  'qemu-system-x86',
  'busybox-static',
  'cpio',
  'make',
  'gcc',
  'linux-headers-amd64',
  'linux-source-6.1',
  'bluez',
  'bluez-test-tools',
];

export interface LabMachine {
  readonly kernel: string;
  readonly initrd: string;
}

/** In the order in which they need each other. */
const MODULES = [
  'virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci',
  'failover net_failover virtio_net',
  'netfs fscache 9pnet 9pnet_virtio 9p overlay configfs',
  // btvirt speaks to the kernel's ciphers through sockets: without af_alg it cannot open a virtual radio.
  'rfkill crc16 ecc ecdh_generic cmac libaes aes_generic ecb',
  'af_alg algif_skcipher algif_hash algif_aead bluetooth hci_vhci',
].flatMap((line) => line.split(' '));
const MODULE = 'gpio-sim-lab';

const headersVersion = (): string | undefined =>
  /linux-image-(6\.1\.[0-9.-]+-amd64)/.exec(run('apt-cache', ['depends', 'linux-image-amd64']))?.[1];
const sourceArchive = (): boolean => spawnSync('test', ['-r', SOURCE]).status === 0;
const SOURCE = '/usr/src/linux-source-6.1.tar.xz';

function run(program: string, args: readonly string[], cwd?: string): string {
  const done = spawnSync(program, args, {
    encoding: 'utf8',
    ...(cwd === undefined ? {} : { cwd }),
    maxBuffer: 2 ** 26,
  });
  if (done.status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${done.error?.message ?? done.stderr.slice(-2_000)}`);
  return done.stdout;
}

/** `folder`: where the machine is kept. `init`: the script that the kernel starts. */
export async function buildMachine(folder: string, init: string): Promise<LabMachine> {
  const version = headersVersion();
  if (version === undefined) throw new Error('there is no kernel package of Debian 12');
  const parts = join(folder, version);
  await buildParts(parts, version);
  const initrd = join(parts, 'initrd.gz');
  await packInitrd(parts, initrd, init);
  return { kernel: join(parts, 'unpacked', 'boot', `vmlinuz-${version}`), initrd };
}

/** Whole or not at all: a build cut short begins again. */
async function buildParts(parts: string, version: string): Promise<void> {
  if (await exists(join(parts, 'complete'))) return;
  const making = `${parts}.making`;
  await rm(making, { recursive: true, force: true });
  await rm(parts, { recursive: true, force: true });
  await mkdir(making, { recursive: true });
  run('apt-get', ['download', `linux-image-${version}`], making);
  const archive = (await readdir(making)).find((name) => name.endsWith('.deb'));
  run('dpkg-deb', ['-x', join(making, archive ?? ''), join(making, 'unpacked')]);
  await rm(join(making, archive ?? ''));
  await buildGpioSim(join(making, MODULE), version);
  await writeFile(join(making, 'complete'), '');
  await rename(making, parts);
}

const SOURCES = ['drivers/gpio/gpio-sim.c', 'drivers/gpio/gpiolib.h', 'kernel/irq/irq_sim.c', 'kernel/irq/internals.h'];

async function buildGpioSim(folder: string, version: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  run('tar', [
    '-xJf',
    SOURCE,
    '-C',
    folder,
    '--transform=s,.*/,,',
    '--wildcards',
    ...SOURCES.map((path) => `*/${path}`),
  ]);
  const simulatedInterrupts = join(folder, 'irq_sim.c');
  const text = await readFile(simulatedInterrupts, 'utf8');
  // irq_to_desc is not exported to modules; the safe handler takes the number.
  const patched = text.replace('handle_simple_irq(irq_to_desc(irqnum))', 'generic_handle_irq_safe(irqnum)');
  await writeFile(simulatedInterrupts, patched);
  await writeFile(join(folder, 'Makefile'), `obj-m := ${MODULE}.o\n${MODULE}-y := gpio-sim.o irq_sim.o\n`);
  run('make', ['-C', `/usr/src/linux-headers-${version}`, `M=${folder}`, 'modules']);
}

async function packInitrd(parts: string, initrd: string, init: string): Promise<void> {
  const root = join(parts, 'initrd');
  await rm(root, { recursive: true, force: true });
  for (const name of ['bin', 'proc', 'sys', 'dev', 'host', 'new', 'modules'])
    await mkdir(join(root, name), { recursive: true });
  await copyFile(run('which', ['busybox']).trim(), join(root, 'bin', 'busybox'));
  const shipped = new Map(
    run('find', [join(parts, 'unpacked', 'lib', 'modules'), '-name', '*.ko'])
      .trim()
      .split('\n')
      .map((path) => [path.split('/').at(-1)?.replace('.ko', '') ?? '', path]),
  );
  const wanted = [...MODULES.flatMap((name) => shipped.get(name) ?? []), join(parts, MODULE, `${MODULE}.ko`)];
  for (const [index, path] of wanted.entries())
    await copyFile(path, join(root, 'modules', `${String(index).padStart(2, '0')}.ko`));
  await writeFile(join(root, 'init'), init);
  await chmod(join(root, 'init'), 0o755);
  run('sh', ['-c', `find . | cpio -o -H newc --quiet | gzip -1 > ${initrd}`], root);
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}
