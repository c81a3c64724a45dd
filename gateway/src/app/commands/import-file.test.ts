// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiServices } from '../../http/services.ts';
import { latchkey, type PretendGateway, pretendGateway } from './pretend-gateway.test-support.ts';

const services: Partial<ApiServices> = {
  async import({ kind, csv, dryRun, form }) {
    if (csv.length < 10)
      return {
        ok: true,
        value: { ok: false, problems: [{ line: 2, column: '卡号', message: 'too short; ask the office' }] },
      };
    const changes = [
      { line: 2, action: 'change' as const, key: `${kind} ${form ?? 'no form'}`, fields: ['room: 1 → 2'] },
    ];
    return {
      ok: true,
      value: { ok: true, difference: { applied: !dryRun, added: 0, changed: 1, unchanged: 4, changes } },
    };
  },
};

let gateway: PretendGateway;
beforeAll(async () => {
  gateway = await pretendGateway(services);
  await writeFile(join(gateway.dir, 'good.csv'), '学号,卡号\nS1,04a1b2c3\n');
  await writeFile(join(gateway.dir, 'bad.csv'), '学号\n');
});
afterAll(() => gateway.close());

const run = (name: string, file: string, ...more: string[]) =>
  latchkey([name, 'import', join(gateway.dir, file), '--gateway', gateway.url, '--data', gateway.dir, ...more]);

describe('latchkey … import', () => {
  it('shows in a dry run what would change, and says that nothing did', async () => {
    const { code, stdout } = await run('card', 'good.csv', '--dry-run', '--form', 'hex');
    expect(code).toBe(0);
    expect(stdout).toContain('cards hex');
    expect(stdout).toContain('room: 1 → 2');
    expect(stdout).toContain('0 to add, 1 to change, 4 unchanged: dry run, nothing was changed');
  });

  it('says what was done', async () => {
    expect((await run('person', 'good.csv')).stdout).toBe('0 added, 1 changed, 4 unchanged\n');
    expect(JSON.parse((await run('level', 'good.csv', '--json')).stdout)).toMatchObject({ applied: true, changed: 1 });
  });

  it('names line and column of what to correct, and fails', async () => {
    const { code, stdout, stderr } = await run('card', 'bad.csv');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('bad.csv: line 2, 卡号: too short; ask the office\n');
    expect(stderr).toContain('nothing was changed');
  });

  it('says which file it cannot read', async () => {
    const { code, stderr } = await run('person', 'none.csv');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/there is no file .*none\.csv; check the name/)]);
  });
});
