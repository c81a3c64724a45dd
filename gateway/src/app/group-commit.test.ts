// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { BatchStatement } from '../adapters/database/database-messages.ts';
import { createGroupCommit } from './group-commit.ts';

const statement = (name: string): BatchStatement[] => [{ sql: name, rows: [] }];

function bench(fail: (names: string[]) => boolean = () => false) {
  const commits: string[][] = [];
  const release: (() => void)[] = [];
  const group = createGroupCommit({
    batch: (statements) => {
      const names = statements.map(({ sql }) => sql);
      commits.push(names);
      return new Promise((resolve, reject) =>
        release.push(() => (fail(names) ? reject(new Error(names.join())) : resolve())),
      );
    },
  });
  const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
  return { commits, release, group, turn };
}

describe('group commit', () => {
  it('takes what comes in one turn together, in order, and the rest after the commit', async () => {
    const { commits, release, group, turn } = bench();
    const first = [group.batch(statement('a')), group.batch(statement('b'))];
    await turn();
    const second = [group.batch(statement('c')), group.batch(statement('d'))];
    await turn();
    expect(commits).toEqual([['a', 'b']]);
    release[0]?.();
    await Promise.all(first);
    await turn();
    expect(commits).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    release[1]?.();
    await Promise.all(second);
  });
  it('one that fails does not take the others with it', async () => {
    const { commits, release, group, turn } = bench((names) => names.includes('bad'));
    const done = Promise.allSettled(['a', 'bad', 'b'].map((name) => group.batch(statement(name))));
    await turn();
    release[0]?.();
    await turn();
    for (const each of release.slice(1)) each();
    expect((await done).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(commits).toEqual([['a', 'bad', 'b'], ['a'], ['bad'], ['b']]);
  });
  it('a failure by itself is not tried again', async () => {
    const { commits, release, group, turn } = bench(() => true);
    const done = group.batch(statement('a'));
    await turn();
    release[0]?.();
    await expect(done).rejects.toThrow('a');
    expect(commits).toHaveLength(1);
  });
});
