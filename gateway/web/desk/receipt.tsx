// SPDX-License-Identifier: Apache-2.0
// The receipt, for rolls of 80 mm. Nothing of it is on the screen. The sheet is as long as the receipt: printers on rolls cut where
// it ends, and a page of fixed length would spend paper.
import type { DeskReceipt } from '@latchkey/protocols/api/desk';
import { useEffect, useRef } from 'preact/hooks';
import { dateStyle, dueText, momentOf } from './dates.ts';
import { useApp, useWords } from './model/app.ts';
import { oldestFirst } from './model/standing.ts';

const MILLIMETRES_PER_PIXEL = 25.4 / 96;
const PAPER_MILLIMETRES = 80;

export function Receipt() {
  const app = useApp();
  const paper = useRef<HTMLElement>(null);
  const receipt = app.receipt.value;
  useEffect(() => {
    if (receipt === undefined || paper.current === null) return;
    fitPage(paper.current.offsetHeight);
    globalThis.print();
  }, [receipt]);
  return receipt === undefined ? null : (
    <section ref={paper} class="receipt" aria-hidden="true">
      <Printed receipt={receipt} />
    </section>
  );
}

/** By script, for a style sheet cannot know the height; in a sheet of its own, for the policy allows no inline style. */
function fitPage(heightPx: number): void {
  const height = Math.max(PAPER_MILLIMETRES / 2, Math.ceil(heightPx * MILLIMETRES_PER_PIXEL) + 1);
  if (!('adoptedStyleSheets' in document)) return;
  const sheet = new CSSStyleSheet();
  sheet.insertRule(`@page { size: ${PAPER_MILLIMETRES}mm ${height}mm; margin: 0; }`);
  document.adoptedStyleSheets = [sheet];
}

function Printed({ receipt }: { readonly receipt: DeskReceipt }) {
  const { language } = useApp();
  const words = useWords();
  const style = dateStyle(language.value, receipt.timeZone);
  return (
    <>
      {receipt.library !== null && <p class="library">{receipt.library}</p>}
      <p class="title">{words.receipt.title}</p>
      <p>
        {momentOf(receipt.at, style)} · {receipt.desk}
      </p>
      {receipt.ending !== null && <p>{words.receipt.patron(receipt.ending)}</p>}
      <hr />
      {receipt.items.length === 0 && <p>{words.receipt.none}</p>}
      <ol>
        {oldestFirst(receipt.items).map((line) => (
          <li key={line.id}>
            <b>{line.title ?? line.item}</b>
            <span>
              {line.item} · {words.acts[line.act]} {line.pending && words.receipt.pending}
            </span>
            {line.due !== null && <span class="due">{words.receipt.due(dueText(line.due, style))}</span>}
          </li>
        ))}
      </ol>
      <hr />
      {receipt.items.length > 0 && <p>{words.receipt.total(receipt.items.length)}</p>}
      {receipt.lines.map((line, place) => (
        <p key={`${place}-${line}`}>{line}</p>
      ))}
    </>
  );
}
