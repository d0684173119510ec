// SPDX-License-Identifier: AGPL-3.0-or-later
// node build.mjs FOLDER: bundles the page into FOLDER, which is emptied first. Scripts, styles and
// pictures get the hash of their content into their name; each file lies beside its gzipped form
// where that is smaller.
import { build } from "esbuild";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";

const folder = process.argv[2];
if (!folder) {
  console.error("usage: node build.mjs FOLDER");
  process.exit(2);
}
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const result = await build({
  entryPoints: { app: "src/main.tsx", style: "src/style.css", favicon: "src/favicon.svg" },
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome109", "firefox115", "safari15.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".svg": "copy" },
  entryNames: "[name]-[hash]",
  legalComments: "none",
  charset: "utf8",
  metafile: true,
  outdir: folder,
  logLevel: "warning",
});

// {{app.js}} in index.html becomes the address of the file that came out of that entry.
let page = readFileSync("src/index.html", "utf8");
for (const file of Object.keys(result.metafile.outputs)) {
  const name = basename(file);
  page = page.replaceAll(`{{${name.replace(/-[A-Z0-9]+\./, ".")}}}`, `/assets/${name}`);
}
if (page.includes("{{")) throw new Error("index.html names a file that was not built");
writeFileSync(join(folder, "index.html"), page);

for (const name of readdirSync(folder)) {
  const content = readFileSync(join(folder, name));
  const gzipped = gzipSync(content, { level: 9 });
  if (gzipped.length < content.length) writeFileSync(join(folder, `${name}.gz`), gzipped);
}
