// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/html_style.hpp"

namespace intendance::billing {

const std::string_view html_style = R"css(
:root { color-scheme: light; }
html { font: 16px/1.45 "Source Sans 3", "Liberation Sans", Arial, "DejaVu Sans", sans-serif;
  color: #1a1a1a; background: #fff; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem 1.25rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .75rem; }
h2 { font-size: 1.2rem; line-height: 1.25; margin: 2rem 0 .5rem; }
p, ul, dl { margin: .5rem 0; }
li { margin: .25rem 0; }
a { color: #0b4a8f; }
.status { float: right; margin: .2rem 0 0 1rem; padding: .1rem .6rem; border: 2px solid #1a1a1a;
  font-weight: 700; text-transform: uppercase; letter-spacing: .05em; }
.cover { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
.cover dt { font-weight: 700; }
.cover dd { margin: 0; overflow-wrap: anywhere; }
.note { font-size: .875rem; color: #444; }
.box { border: 2px solid #1a1a1a; border-left-width: .75rem; padding: .5rem 1rem .75rem; margin: 1.25rem 0; }
.box h2 { margin: .25rem 0 .5rem; }
.box h3 { font-size: 1rem; margin: .75rem 0 .25rem; }
.green { border-color: #1b6e3c; }
.amber { border-color: #8a5a00; border-style: double solid double solid; }
.red { border-color: #a11212; border-style: dashed solid dashed solid; }
.figures { display: flex; flex-wrap: wrap; gap: .5rem 1.75rem; margin: .5rem 0; }
.figures dt { font-size: .875rem; color: #444; }
.figures dd { margin: 0; font-weight: 700; font-size: 1.05rem; white-space: nowrap; }
.light { font-weight: 700; }
nav ol { columns: 2; padding-left: 1.5rem; margin: .25rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; font-size: .875rem;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 700; padding: .25rem 0; }
th, td { padding: .2rem .5rem; border-bottom: 1px solid #bbb; text-align: left; vertical-align: top;
  overflow-wrap: break-word; }
thead th { border-bottom: 2px solid #1a1a1a; vertical-align: bottom; }
tbody th { font-weight: 400; }
.total th, .total td { font-weight: 700; border-top: 2px solid #1a1a1a; }
.n { text-align: right; }
table .n + :not(.n) { padding-left: .75rem; }
td.n, td.d { white-space: nowrap; }
.dense { font-size: .8rem; }
.hash { font-family: "DejaVu Sans Mono", monospace; font-size: .75em; overflow-wrap: anywhere; }
figure { margin: 1.25rem 0; }
figcaption { font-weight: 700; margin-bottom: .5rem; }
svg { display: block; width: 100%; height: auto; max-width: 52rem; font-size: 12px; }
svg text { fill: #1a1a1a; stroke: #fff; stroke-width: 3; paint-order: stroke; }
svg .value { font-weight: 700; }
.axis, .grid, .link { stroke: #1a1a1a; stroke-width: 1; fill: none; }
.grid { stroke: #ccc; }
.link { stroke-dasharray: 2 2; }
.shape { stroke: #1a1a1a; stroke-width: 1; }
.strokes { stroke: #444; stroke-width: 1; fill: none; }
.dots { stroke: #333; stroke-width: 2.6; stroke-linecap: round; fill: none; }
.actual { stroke: #1f3a5f; stroke-width: 3; fill: none; }
.dot { fill: #1f3a5f; stroke: #fff; }
.plan { stroke: #1a1a1a; stroke-width: 1.5; stroke-dasharray: 7 4; fill: none; }
.budget { stroke: #1a1a1a; stroke-width: 1.5; fill: none; }
.forecast { stroke: #1a1a1a; stroke-width: 2.5; stroke-dasharray: 2 4; fill: none; }
.blank { display: flex; gap: .75rem; align-items: flex-end; min-height: 2.2rem; margin: .5rem 0; }
.blank span { white-space: nowrap; }
.blank span:empty { display: none; }
.blank::after { content: ""; flex: 1; border-bottom: 1px solid #1a1a1a; }
footer { margin-top: 2rem; border-top: 1px solid #bbb; font-size: .875rem; color: #444;
  overflow-wrap: anywhere; }
@media print {
  html { font-size: 10.5pt; }
  body { max-width: none; padding: 0; }
  nav { display: none; }
  a { color: inherit; text-decoration: none; }
  h2 { break-after: avoid; }
  tr, figure, .box, .blank, .wide { break-inside: avoid; }
  #annex .wide { break-inside: auto; }
  thead { display: table-header-group; }
  .wide { overflow: visible; }
  table { font-size: 8.5pt; }
  th, td { padding: .12rem .3rem; }
  .dense { font-size: 7.5pt; }
  .dense th, .dense td { padding: .1rem .25rem; }
  #annex { break-before: page; }
  body > footer { display: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";

} // namespace intendance::billing
