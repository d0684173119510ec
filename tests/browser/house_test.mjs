// SPDX-License-Identifier: AGPL-3.0-or-later
// The dashboard over the real daemons of this machine: node house_test.mjs WEBD OPENAPI COLLECTORD BACKUPD
import Ajv from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { parse } from "yaml";

import { startDaemon } from "./daemon.mjs";
import { startWebd } from "./webd.mjs";

const [webdProgram, descriptionFile, collectordProgram, backupdProgram] = process.argv.slice(2);
const token = "what-the-daemons-want-to-hear";
const accessToken = "what-people-show-once-a-session";
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(parse(readFileSync(descriptionFile, "utf8")), "openapi");

const running = new Map();
const daemon = (table, more = "") =>
  `[machine]\nname = "here"\n\n[${table}]\nlisten = "127.0.0.1:0"\ntoken_file = "token"\n${more}`;
before(async () => {
  const files = { token: `${token}\n` };
  const catalogue = { "services/site.toml": 'kind = "site"\nsummary = "A page"\n\n[[check]]\nname = "page"\npath = "/"\n' };
  // Nobody listens on port 1 of this machine: a service that is down.
  const service = 'services = "services"\n\n[[service]]\nname = "page"\nkind = "site"\nurl = "http://127.0.0.1:1/"\n';
  running.set("collectord", await startDaemon(collectordProgram, daemon("collectord", service), { ...files, ...catalogue }));
  running.set("backupd", await startDaemon(backupdProgram, daemon("backupd"), files));
  const machine = { name: "here", collectord: running.get("collectord").url, backupd: running.get("backupd").url };
  running.set("webd", await startWebd(webdProgram, { addresses: { machines: [machine] }, token, accessToken }));
});
after(async () => {
  for (const each of running.values()) await each.stop();
});

async function overviewWith(...awaited) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const answer = await fetch(new URL("/api/v1/overview", running.get("webd").url), {
      headers: { Authorization: `Bearer ${accessToken}` },
    });
    const overview = await answer.json();
    const codes = overview.findings.map(({ code }) => code).filter((code) => !code.startsWith("filesystem_"));
    if (codes.join() === awaited.join()) return overview;
    assert.ok(Date.now() < deadline, `the findings are ${codes}; awaited: ${awaited}`);
    await setTimeout(100);
  }
}

test("shows what the real daemons say of this machine", async () => {
  const overview = await overviewWith("service_down");
  const validate = ajv.getSchema("openapi#/components/schemas/Overview");
  assert.ok(validate(overview), ajv.errorsText(validate.errors));
  const [machine] = overview.machines;
  assert.equal(machine.state, "up");
  assert.ok(machine.status.memory.total_bytes > machine.status.memory.available_bytes);
  assert.ok(machine.status.cpus >= 1);
  const finding = overview.findings.find(({ code }) => code === "service_down");
  assert.equal(finding.subject, "page");
  assert.match(finding.reason, /refused|connect/i);
  assert.deepEqual(overview.jobs, []);
});

test("notices when a daemon stops", async () => {
  await running.get("collectord").stop();
  running.delete("collectord");
  const overview = await overviewWith("machine_silent");
  assert.equal(overview.machines[0].state, "silent");
  assert.equal(overview.services[0].state, "unknown");
});
