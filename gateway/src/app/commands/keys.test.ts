// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKeystore } from '../../adapters/keystore.ts';
import { latchkey } from './pretend-gateway.test-support.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'latchkey-ceremony-'));
});
afterEach(() => rm(dir, { recursive: true }));

const at = (name: string) => join(dir, name);
const run = async (line: string) => latchkey(line.split(' ').map((word) => word.replace('@', `${dir}/`)));
async function must(line: string): Promise<string> {
  const { code, stdout, stderr } = await run(line);
  if (code !== 0) throw new Error(`${line}: ${stderr}`);
  return stdout;
}
const SIGN = 'keys root sign --request @request.json --root-key @root/root-1.key.json --passphrase-file @one';
const CREATE = 'keys root create --out @root --shares 3 --threshold 2 --passphrase-file @one --passphrase-file @two';

describe('latchkey keys', () => {
  it('leads through the ceremony to a gateway that can sign', async () => {
    await writeFile(at('one'), 'correct horse battery\n');
    await writeFile(at('two'), 'staple staple staple\n');
    await writeFile(at('three'), 'third third third\n');
    await must(`${CREATE} --passphrase-file @three`);
    await must('keys request --data @gateway --out @request.json');
    const signed = `${SIGN} --campus 00000000c0ffee01 --out @root.signed`;
    const alone = await run(signed);
    expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining('2 must sign')]);
    await must(`${signed} --root-key @root/root-2.key.json --passphrase-file @two`);
    expect(await must('keys install @root.signed --data @gateway')).toContain('campus 00000000c0ffee01, epoch 1');
    expect(await must('keys show --data @gateway')).toContain('2 of 3 root keys sign');
    expect((await openKeystore({ dataDir: at('gateway'), passphrase: undefined })).ok).toBe(true);
    const again = await run('keys install @root.signed --data @gateway');
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('version 1 is in force')]);
  });

  it('asks for no passphrase where there is nobody to ask, and leaves no key behind', async () => {
    const { code, stderr } = await run('keys root create --out @root');
    expect(code).toBe(1);
    expect(stderr).toContain('--passphrase-file');
    expect(await readdir(at('root'))).toEqual([]);
  });

  it('tells wrong use from failure by its exit code', async () => {
    expect((await run('keys root create --out @root --threshold 9')).code).toBe(2);
    for (const line of [
      'keys install @none.signed --data @gateway',
      'keys root sign --request @none.json --root-key @k --campus 00000000c0ffee01 --root-public @p --out @out',
    ]) {
      const { code, stderr } = await run(line);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/there is no file \S+; check the name/)]);
    }
    const unnamed = await run('keys root sign --request @r --out @out');
    expect([unnamed.code, unnamed.stderr]).toEqual([2, expect.stringContaining('--root-key')]);
    expect((await run('keys root sign --help')).stdout).not.toContain('[]');
    const missing = await run('keys show --data @nowhere');
    expect([missing.code, missing.stderr.trim().split('\n')]).toEqual([
      1,
      [expect.stringContaining('latchkey keys install')],
    ]);
  });
});
