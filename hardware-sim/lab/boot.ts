// SPDX-License-Identifier: Apache-2.0
// Boots the lab in software emulation and reads what it says on its serial line. Its root is this machine's own, read-only over
// 9p with a memory overlay on top: the guest has the same Node and the same built program, and changes nothing.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { LabMachine } from './machine.ts';

/** Marks the lines that are results among what a kernel prints. */
export const RESULT_MARK = '@lab ';

export interface LabResult {
  readonly step: string;
  readonly ok: boolean;
  readonly detail?: string;
  readonly ms?: number;
}

export interface LabRun {
  readonly results: readonly LabResult[];
  /** The guest said that it had come to its end. */
  readonly finished: boolean;
  readonly console: readonly string[];
  readonly tookMs: number;
}

const KEPT_LINES = 500;

/** What the kernel starts: modules, the host's root below an overlay, then the guest's own program in it. */
export const initScript = (command: string): string => `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
for module in /modules/*.ko; do insmod $module || echo "no $module"; done
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose host /host || poweroff -f
mkdir -p /memory; mount -t tmpfs memory /memory; mkdir -p /memory/upper /memory/work
mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /new || poweroff -f
for name in proc sys dev; do mount --bind /$name /new/$name; done
mkdir -p /new/dev/pts /new/dev/shm; mount -t devpts pts /new/dev/pts; mount -t tmpfs shm /new/dev/shm
mount -t configfs config /new/sys/kernel/config
ip link set lo up
ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root
chroot /new /bin/sh -c '${command}'
sync; poweroff -f
`;

export interface BootOptions {
  readonly machine: LabMachine;
  /** The whole run, boot included. */
  readonly deadlineMs: number;
  readonly onResult?: (result: LabResult) => void;
}

export function boot({ machine, deadlineMs, onResult }: BootOptions): Promise<LabRun> {
  const args = [
    '-m 1024 -smp 2 -nographic -no-reboot -nic user,model=virtio-net-pci'.split(' '),
    ['-kernel', machine.kernel, '-initrd', machine.initrd, '-append', 'console=ttyS0 quiet panic=-1'],
    ['-fsdev', 'local,id=root,path=/,security_model=none,readonly=on,multidevs=remap'],
    ['-device', 'virtio-9p-pci,fsdev=root,mount_tag=host'],
  ].flat();
  const started = performance.now();
  const child = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const console: string[] = [];
  const results: LabResult[] = [];
  let finished = false;
  const take = (line: string) => {
    console.push(line.slice(0, 500));
    if (console.length > KEPT_LINES) console.shift();
    const at = line.indexOf(RESULT_MARK);
    if (at < 0) return;
    const result = parseResult(line.slice(at + RESULT_MARK.length));
    if (result === 'end') finished = true;
    else if (result) {
      results.push(result);
      onResult?.(result);
    }
  };
  createInterface({ input: child.stdout }).on('line', take);
  createInterface({ input: child.stderr }).on('line', take);
  const deadline = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(deadline);
      resolve({ results, finished, console, tookMs: performance.now() - started });
    });
  });
}

function parseResult(text: string): LabResult | 'end' | undefined {
  if (text.trim() === 'end') return 'end';
  try {
    return JSON.parse(text) as LabResult;
  } catch {
    return undefined;
  }
}
