// SPDX-License-Identifier: AGPL-3.0-or-later
// Takes the page's picture, whole or its first --height pixels:
// node screenshot.mjs URL TOKEN OUT [--lang fr|en] [--width PIXELS] [--height PIXELS] [--dark]
import { parseArgs } from "node:util";

import { signIn, startBrowser } from "./browser.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lang: { type: "string", default: "fr" },
    width: { type: "string", default: "1280" },
    height: { type: "string" },
    dark: { type: "boolean", default: false },
  },
});
const [url, token, out] = positionals;
if (out === undefined) {
  console.error("usage: node screenshot.mjs URL TOKEN OUT [--lang fr|en] [--width PIXELS] [--height PIXELS] [--dark]");
  process.exit(2);
}

// Grey letters instead of coloured edges: half the bytes.
const browser = await startBrowser(["--disable-lcd-text"]);
try {
  const page = await browser.newPage({
    viewport: { width: Number(values.width), height: Number(values.height ?? 800) },
    colorScheme: values.dark ? "dark" : "light",
    timezoneId: "America/Toronto",
  });
  await page.goto(`${url}?lang=${values.lang}`);
  await signIn(page, token);
  await page.screenshot({ path: out, fullPage: values.height === undefined });
} finally {
  await browser.close();
}
