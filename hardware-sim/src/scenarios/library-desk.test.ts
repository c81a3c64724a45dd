// SPDX-License-Identifier: Apache-2.0
// The desk of npm start from end to end: the real gateway signs who may borrow, the shipped controller serves the counter, the
// library behind it knows the residents. A newcomer lends a book, pulls the library's plug, lends on, and sees it told.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeskState } from '@latchkey/protocols/api/desk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../campus/campus.ts';
import { DESK, DESK_READER } from '../campus/library-desk.ts';
import { tap } from '../control-commands.ts';
import { reportLibrary, setPlug } from '../control-library.ts';
import { type DeskPage, openDeskPage } from '../desk/desk-process.ts';
import { freePorts } from '../free-ports.ts';
import { toldAsStored } from '../library/library.test-support.ts';
import type { SimulatedLibrary } from '../library/simulated-library.ts';

const RESIDENTS = 8;
const START_MS = 120_000;
/** Whose card the library blocked. */
const BLOCKED = 3;

describe('the campus of npm start, at the library', { timeout: 60_000 }, () => {
  let dataDir = '';
  let campus: Campus;
  let library: SimulatedLibrary;
  let page: DeskPage;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'lk-library-'));
    const deskPort = await freePorts(1);
    campus = await Campus.start({ dataDir, residents: RESIDENTS, deskPort });
    await campus.furnish();
    await campus.startControllers();
    await campus.listsInForce();
    if (!campus.library) throw new Error('the campus has no library');
    library = campus.library;
    page = await openDeskPage({ dataDir: campus.controllerFolder(DESK), pagePort: deskPort });
    await page.until((state) => state.library.state === 'up' && state.list?.borrowers === RESIDENTS);
  }, START_MS);
  afterAll(async () => {
    page?.close();
    await campus?.close();
    await rm(dataDir, { recursive: true, force: true });
  }, START_MS);

  const numberOf = (index: number) => campus.people[index]?.number ?? '';
  async function tapCard(index: number): Promise<DeskState> {
    await tap(campus, DESK_READER, numberOf(index));
    return page.until(({ patron }) => patron !== null && patron.number === numberOf(index));
  }
  async function scan(text: string): Promise<DeskState['items'][number] | undefined> {
    await page.act({ kind: 'scan', text });
    const { items } = await page.until(({ items: [first] }) => first?.item === text && first.message !== 'waiting');
    return items[0];
  }

  it('a card and a barcode of the shelf: lent, with its Chinese title and a date', async () => {
    await tapCard(0);
    await page.until(({ patron }) => patron?.source === 'library' && patron.name === campus.people[0]?.name);
    expect(await scan('B0001')).toMatchObject({ message: 'lent', title: '论语译注' });
    expect([...library.lent]).toEqual([['B0001', numberOf(0)]]);
    expect(await scan('B0198')).toMatchObject({ message: 'refused-by-library', detail: '仅供馆内阅览' });
    expect(await scan('B0199')).toMatchObject({ message: 'fee-asked', fee: { amount: '2.00', currency: 'CNY' } });
  });

  it('a number that is typed serves as well while the library is there', async () => {
    await page.act({ kind: 'scan', text: numberOf(1) });
    await page.until(({ patron }) => patron?.number === numberOf(1) && patron.source === 'library');
    expect(await scan('B0003')).toMatchObject({ message: 'lent' });
  });

  it('whoever the library blocked borrows nothing', async () => {
    await tapCard(BLOCKED);
    await page.until(({ patron }) => patron?.blocks.some(({ condition }) => condition === 'chargeDenied') === true);
    expect(await scan('B0005')).toMatchObject({ colour: 'red' });
    expect(library.lent.has('B0005')).toBe(false);
  });

  it('its plug pulled: a card is enough, and all is told once it is back', async () => {
    await setPlug(campus, false);
    await page.until((state) => state.library.state === 'offline');
    await tapCard(2);
    expect(await scan('B0007')).toMatchObject({ message: 'lent-offline' });
    expect(await scan('B0009')).toMatchObject({ message: 'lent-offline' });
    await setPlug(campus, true);
    await page.until(({ uploads, library: { state } }) => uploads.pending === 0 && state === 'up');
    expect(toldAsStored(library)).toMatchObject([
      { code: '11', item: 'B0007', patron: numberOf(2) },
      { code: '11', item: 'B0009', patron: numberOf(2) },
    ]);
    expect(reportLibrary(campus).transactions.slice(-2)).toMatchObject([
      { kind: 'loan', item: 'B0007', noBlock: true },
      { kind: 'loan', item: 'B0009', noBlock: true },
    ]);
  });
});
