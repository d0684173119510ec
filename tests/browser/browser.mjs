// SPDX-License-Identifier: AGPL-3.0-or-later
// Debian's Chromium with a profile of its own; nothing is downloaded, and nobody is called.
import { chromium } from "playwright-core";

export async function startBrowser(more = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true, // --headless=new, and a new user-data-dir for each launch
    chromiumSandbox: process.getuid() !== 0, // it refuses to sandbox root
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
}

// Shows the token to the page, in whatever language it asks for it.
export async function signIn(page, token) {
  await page.locator("#token").fill(token);
  await page.locator("form button[type=submit]").click();
  await page.locator("section.verdict").waitFor();
}
