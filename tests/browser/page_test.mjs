// SPDX-License-Identifier: AGPL-3.0-or-later
// The page as people meet it, in a real browser, from the real daemon: node page_test.mjs WEBD
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { healthyLab, troubledLab } from "./answers.mjs";
import { signIn, startBrowser } from "./browser.mjs";
import { startLab } from "./daemons.mjs";
import { startWebd } from "./webd.mjs";

const [program] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const token = "what-the-daemons-want-to-hear";
const accessToken = "what-people-show-once-a-session";

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

// What the browser complained about; a test may expect some of it.
let complaints;
let context;
let stops;
beforeEach(() => {
  complaints = [];
  stops = [];
});
afterEach(async () => {
  await context?.close();
  context = undefined;
  for (const stop of stops.reverse()) await stop();
  assert.deepEqual(complaints, []);
});

async function serve(lab) {
  const daemons = await startLab(lab, token);
  stops.push(() => daemons.stopAll());
  const webd = await startWebd(program, { addresses: daemons.addresses, token, accessToken });
  stops.push(() => webd.stop());
  return { daemons, webd };
}

async function open(url, options = {}) {
  context = await browser.newContext({ timezoneId: "America/Toronto", locale: "fr-CA", ...options });
  const page = await context.newPage();
  page.on("console", (message) => {
    // A browser reports each 401 as an error; before the sign-in that one is the point.
    const asked = message.location().url;
    if (message.type() === "error" && !(asked.includes("/api/v1/") && message.text().includes("401")))
      complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(url);
  return page;
}

async function assertAccessible(page, where) {
  await page.evaluate(axe); // by the debugger, which the page's own policy does not bind
  const { violations } = await page.evaluate((only) => window.axe.run(document, { runOnly: only }), tags);
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
  assert.deepEqual(found, [], where);
}

async function assertFits(page, where) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= window, `${where}: the page is ${content} pixels wide in a window of ${window}`);
}

const sentence = (page) => page.locator("h1#sentence");
// The pollers need a moment, and the page is shown what they have when it asks.
async function waitForSentence(page, text) {
  for (let attempt = 0; attempt < 40; ++attempt) {
    await page.locator("section.verdict").waitFor();
    if ((await sentence(page).innerText()).includes(text)) return;
    await page.waitForTimeout(250);
    await page.reload();
  }
  assert.fail(`the sentence stays "${await sentence(page).innerText()}"; awaited: "${text}"`);
}

for (const lang of ["fr", "en"])
  for (const colorScheme of ["light", "dark"])
    test(`is accessible and fits: ${lang}, ${colorScheme}, three widths`, async () => {
      const { webd } = await serve(troubledLab());
      const page = await open(`${webd.url}?lang=${lang}`, { colorScheme, viewport: { width: 1280, height: 800 } });
      await page.locator("#token").waitFor();
      await assertAccessible(page, "signing in");
      await signIn(page, accessToken);
      await waitForSentence(page, lang === "fr" ? "2 problèmes demandent une intervention." : "2 problems need somebody.");
      await page.locator("details summary").first().click();
      for (const width of [360, 768, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        await assertFits(page, `${width} pixels`);
        await assertAccessible(page, `${width} pixels`);
      }
      // Text at twice its size, as WCAG 1.4.4 and 1.4.10 ask: the same as a window half as wide.
      await page.setViewportSize({ width: 320, height: 800 });
      await assertFits(page, "320 pixels");
    });

test("says in one sentence that all is well, and then why", async () => {
  const { webd } = await serve(healthyLab());
  const page = await open(webd.url);
  await signIn(page, accessToken);
  await waitForSentence(page, "Tout va bien.");
  assert.equal(await page.locator("html").getAttribute("lang"), "fr-CA");
  assert.equal(await page.title(), "Tout va bien. — Intendance");
  const text = (await page.locator("main").innerText()).replaceAll(/[\u00a0\u202f]/g, " ");
  for (const expected of [
    "3 machines répondent, 7 services vont bien, 4 sauvegardes à l’heure, la moins récente faite il y a 5 heures.",
    "0,42 pour 2 processeurs",
    "9,1 Go libres sur 21 Go",
    "répond en 182 ms",
    "17 587,50 $",
    "soit environ 146 h de travail",
    "6 412,50 $ dépensés sur 24 000,00 $",
    "L’exercice se terminera entre 19 800,00 $ et 22 900,00 $ : le budget suffit.",
    "Du 1er avril 2026 au 31 mars 2027",
  ])
    assert.ok(text.includes(expected), `"${expected}" is missing in:\n${text}`);
});

test("shows what is wrong, where and since when, with the reason one touch away", async () => {
  const { webd } = await serve(troubledLab());
  const page = await open(`${webd.url}?lang=en`);
  await signIn(page, accessToken);
  await waitForSentence(page, "2 problems need somebody.");
  const findings = page.locator(".findings li");
  assert.equal(await findings.count(), 4);
  const first = findings.first();
  assert.match((await first.innerText()).replaceAll("\u00a0", " "), /Service expositions \(omeka-s\) on web-1 has been down for 8 minutes\./);
  const reason = first.locator(".reason");
  assert.equal(await reason.isVisible(), false);
  await first.locator("summary").click();
  assert.equal(await reason.isVisible(), true);
  assert.match(await reason.innerText(), /^302 to \/install/);
  const rows = page.getByRole("table").first().getByRole("row");
  assert.match(await rows.nth(1).innerText(), /expositions/, "what is down comes first");
});

test("lets nobody in without the token, and says so", async () => {
  const { webd } = await serve(healthyLab());
  const page = await open(webd.url);
  const alert = page.locator("#token-fault");
  await page.locator("form button").click();
  assert.equal(await alert.innerText(), "Entrez le jeton d’accès.");
  await page.locator("#token").fill("not the token");
  await page.locator("form button").click();
  await page.getByText("Ce n’est pas le jeton d’accès.").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "token");
  assert.equal(await page.locator("section.verdict").count(), 0);
  await page.getByRole("button", { name: "English" }).click();
  assert.match(await alert.innerText(), /^This is not the access token\./);
  await signIn(page, accessToken);
});

test("keeps its cookie from scripts, and forgets it when one signs out", async () => {
  const { webd } = await serve(healthyLab());
  const page = await open(webd.url);
  await signIn(page, accessToken);
  const [cookie] = await context.cookies();
  assert.deepEqual(
    { name: cookie.name, httpOnly: cookie.httpOnly, sameSite: cookie.sameSite },
    { name: "intendance_session", httpOnly: true, sameSite: "Strict" },
  );
  assert.equal(await page.evaluate(() => document.cookie), "");
  await page.reload();
  await page.locator("section.verdict").waitFor();
  await page.getByRole("button", { name: "Quitter" }).click();
  await page.locator("#token").waitFor();
  assert.deepEqual(await context.cookies(), []);
  const replayed = await fetch(new URL("/api/v1/overview", webd.url), {
    headers: { Cookie: `${cookie.name}=${cookie.value}` },
  });
  assert.equal(replayed.status, 401);
});

test("remembers the language that was chosen", async () => {
  const { webd } = await serve(healthyLab());
  const page = await open(`${webd.url}?lang=fr`, { locale: "en-CA" });
  await signIn(page, accessToken);
  await waitForSentence(page, "Tout va bien.");
  await page.getByRole("button", { name: "English" }).click();
  assert.equal(await sentence(page).innerText(), "All is well.");
  assert.equal(await page.locator("html").getAttribute("lang"), "en-CA");
  await page.getByRole("button", { name: "Français" }).click();
  await page.reload();
  await waitForSentence(page, "Tout va bien.");
  assert.equal(new URL(page.url()).search, "");
});

test("can be walked through by keyboard alone", async () => {
  const { webd } = await serve(troubledLab());
  const page = await open(webd.url);
  await page.locator("#token").waitFor();
  // Focus waits in the field; Enter sends the form.
  await page.keyboard.type(accessToken);
  await page.keyboard.press("Enter");
  await page.locator("section.verdict").waitFor();
  await page.waitForFunction(() => document.activeElement?.id === "sentence");
  // A page that is opened afresh begins with the way past its header.
  await page.reload();
  await waitForSentence(page, "2 problèmes");
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Aller au contenu");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid", "focus can be seen");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "content");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Détail");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(".findings .reason").first().isVisible(), true);
});

test("says how old its data are when the server stops answering", async () => {
  const { webd } = await serve(healthyLab());
  const page = await open(webd.url);
  await page.clock.install();
  await page.reload();
  await signIn(page, accessToken);
  await webd.stop();
  await page.clock.runFor(16_000);
  const banner = page.locator(".stale");
  await banner.waitFor();
  assert.match((await banner.innerText()).replaceAll(/[\u00a0\u202f]/g, " "), /Le serveur ne répond pas : données de \d\d h \d\d\./);
  assert.equal(await banner.getAttribute("role"), "status");
  assert.equal(await page.locator("section.verdict").count(), 1, "the last data stay");
  await assertAccessible(page, "stale");
  // The failed requests themselves are what the browser complained about, and nothing else.
  assert.ok(complaints.every((text) => text.includes("ERR_CONNECTION_REFUSED")), complaints.join("\n"));
  complaints = [];
});

test("shows news without being reloaded, and tells screen readers", async () => {
  const { daemons, webd } = await serve(healthyLab());
  const page = await open(webd.url);
  await page.clock.install();
  await page.reload();
  await signIn(page, accessToken);
  daemons.set(troubledLab());
  for (let attempt = 0; attempt < 40 && !(await sentence(page).innerText()).includes("2 problèmes"); ++attempt) {
    await page.waitForTimeout(100);
    await page.clock.runFor(15_500);
  }
  assert.match(await sentence(page).innerText(), /^2 problèmes/);
  const said = page.locator("section.verdict [role=status]");
  await assert.doesNotReject(said.filter({ hasText: "Le service expositions" }).waitFor({ state: "attached" }));
});

test("says what to do where nothing is configured yet", async () => {
  const webd = await startWebd(program, { addresses: { machines: [] }, token, accessToken });
  stops.push(() => webd.stop());
  const page = await open(webd.url, { viewport: { width: 360, height: 800 } });
  await signIn(page, accessToken);
  assert.equal(await sentence(page).innerText(), "Aucune machine n’est encore suivie.");
  const text = await page.locator("main").innerText();
  for (const expected of ["[webd]", "[[service]]", "[[job]]", "billingd ="]) assert.ok(text.includes(expected), expected);
  await assertFits(page, "empty");
  await assertAccessible(page, "empty");
});

test("shows markup in a daemon's answer as the text that it is", async () => {
  const lab = troubledLab();
  const nasty = '<img src=x onerror="document.title=`taken`"><script>document.title="taken"</script>';
  Object.assign(lab["web-1"].collectord.services[0], { reason: nasty, name: nasty, url: "javascript:alert(1)" });
  const { webd } = await serve(lab);
  const page = await open(webd.url);
  await signIn(page, accessToken);
  await waitForSentence(page, "2 problèmes");
  assert.equal(await page.locator("img").count(), 0);
  assert.equal(await page.locator("a[href^=javascript]").count(), 0);
  assert.ok((await page.getByRole("table").first().innerText()).includes(nasty));
  assert.match(await page.title(), /^2 problèmes/);
});
