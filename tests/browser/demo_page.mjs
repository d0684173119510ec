// SPDX-License-Identifier: AGPL-3.0-or-later
// The page of a running suite, with nothing made up: node demo_page.mjs URL TOKEN PICTURE.
// Exits 0 when it shows a machine, a service, backups and a budget, in both languages, without a
// complaint of the browser.
import assert from "node:assert/strict";

import { signIn, startBrowser } from "./browser.mjs";

const [url, token, picture] = process.argv.slice(2);
const browser = await startBrowser(["--disable-lcd-text"]);
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, timezoneId: "America/Toronto" });
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // Before the sign-in, being refused is the point.
    if (message.type() === "error" && !message.text().includes("401")) complaints.push(message.text());
  });
  await page.goto(`${url}?lang=fr`);
  await signIn(page, token);

  const shown = async (section) => page.locator(`section[aria-labelledby="${section}"]`).innerText();
  assert.match(await page.locator("#sentence").innerText(), /bien|surveiller|intervention|problème/i);
  assert.match(await shown("machines"), /web-1[\s\S]*répond/);
  assert.match(await shown("services"), /tableau-de-bord[\s\S]*en marche/);
  assert.match(await shown("backups"), /tei[\s\S]*bibliotheque|bibliotheque[\s\S]*tei/);
  assert.match(await shown("budget"), /24\s000/);
  await page.screenshot({ path: picture, fullPage: true });

  await page.goto(`${url}?lang=en`);
  await page.locator("section.verdict").waitFor();
  assert.match(await shown("machines"), /web-1[\s\S]*(answers|answering)/i);
  assert.match(await shown("budget"), /24,000/);
  assert.deepEqual(complaints, []);
} finally {
  await browser.close();
}
