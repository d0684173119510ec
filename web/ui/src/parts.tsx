// SPDX-License-Identifier: AGPL-3.0-or-later
// The small things that every section is made of.
import type { ComponentChildren } from "preact";

import type { Format } from "./format";
import type { Messages } from "./messages";

// What all sections need to speak: words, figures, and the moment that ages count from.
export interface Voice {
  words: Messages;
  format: Format;
  now: number;
}

export type Tone = "well" | "warning" | "critical" | "unknown";

// Shapes differ as much as colours do, and words always stand beside them.
const shapes: Record<Tone, ComponentChildren> = {
  well: (
    <>
      <circle cx="12" cy="12" r="10" />
      <path d="m7.5 12.5 3 3 6-7" />
    </>
  ),
  warning: (
    <>
      <path d="M12 2.8 22.4 21H1.6Z" />
      <path d="M12 9.5v5M12 17.6v.2" />
    </>
  ),
  critical: (
    <>
      <path d="M8 2h8l6 6v8l-6 6H8l-6-6V8Z" />
      <path d="m8.7 8.7 6.6 6.6m0-6.6-6.6 6.6" />
    </>
  ),
  unknown: (
    <>
      <circle cx="12" cy="12" r="10" class="dashed" />
      <path d="M9.2 9.3a2.9 2.9 0 1 1 4 2.7c-.9.4-1.2 1-1.2 1.9M12 17.2v.2" />
    </>
  ),
};

export function Sign({ tone }: { tone: Tone }) {
  return (
    <svg class={`sign ${tone}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {shapes[tone]}
    </svg>
  );
}

export function State({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`state ${tone}`}>
      <Sign tone={tone} />
      <span>{children}</span>
    </span>
  );
}

// How much of a whole is used; the words beside it say the same.
export function Meter({ used, tone }: { used: number; tone: Tone }) {
  const share = Math.min(Math.max(used, 0), 1) * 100;
  return (
    <svg class={`meter ${tone}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <rect class="track" width="100" height="6" />
      <rect class="fill" width={share.toFixed(1)} height="6" />
    </svg>
  );
}

export function Section(props: { id: string; title: string; note?: string; children: ComponentChildren }) {
  return (
    <section aria-labelledby={props.id}>
      <div class="section-head">
        <h2 id={props.id}>{props.title}</h2>
        {props.note !== undefined && <p class="note">{props.note}</p>}
      </div>
      {props.children}
    </section>
  );
}

// Nothing to show yet: says what to do about it.
export function Empty({ text, code }: { text: string; code?: string }) {
  return (
    <div class="empty">
      <p>{text}</p>
      {code !== undefined && (
        <pre tabIndex={0}>
          <code translate={false}>{code}</code>
        </pre>
      )}
    </div>
  );
}

export interface Column<Row> {
  title: string;
  firstLine?: boolean; // beside the name, where the row is a card
  cell(row: Row): ComponentChildren;
}

// A table that becomes a stack of cards where the window is narrow. The roles are said, because
// browsers forget them when cells are laid out as blocks.
export function Table<Row>(props: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf(row: Row): string;
  toneOf(row: Row): Tone;
}) {
  const [heading, ...others] = props.columns;
  if (heading === undefined) return null;
  return (
    <table role="table">
      <caption>{props.caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {props.columns.map((column) => (
            <th key={column.title} role="columnheader" scope="col">
              {column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {props.rows.map((row) => (
          <tr key={props.keyOf(row)} role="row" class={props.toneOf(row)}>
            <th role="rowheader" scope="row">
              {heading.cell(row)}
            </th>
            {others.map((column) => (
              <td key={column.title} role="cell" data-label={column.title} class={column.firstLine ? "first-line" : undefined}>
                <div>{column.cell(row)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
