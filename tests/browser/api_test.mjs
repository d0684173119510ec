// SPDX-License-Identifier: AGPL-3.0-or-later
// Holds web/openapi.yaml to the truth: node api_test.mjs WEBD OPENAPI. The real daemon answers; every
// status that is documented is brought about, and each body is held against its schema.
import Ajv from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { parse } from "yaml";

import { healthyLab, troubledLab } from "./answers.mjs";
import { startLab } from "./daemons.mjs";
import { startWebd } from "./webd.mjs";

const [program, descriptionFile] = process.argv.slice(2);
const description = parse(readFileSync(descriptionFile, "utf8"));
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(description, "openapi");

const token = "what-the-daemons-want-to-hear";
const accessToken = "what-people-show-once-a-session";
let lab;
let webd;
before(async () => {
  lab = await startLab(healthyLab(), token);
  webd = await startWebd(program, { addresses: lab.addresses, token, accessToken });
});
after(async () => {
  await webd?.stop();
  await lab?.stopAll();
});

const address = (path) => new URL(path, webd.url);
const bearer = (secret) => ({ Authorization: `Bearer ${secret}` });
// Wrong tokens are counted by address, so that each trial of one comes from an address of its own.
const from = (host) => ({ "X-Forwarded-For": host });
const json = { "Content-Type": "application/json" };

async function tagOf(path, headers) {
  const response = await fetch(address(path), { headers });
  await response.arrayBuffer();
  return { ...headers, "If-None-Match": response.headers.get("ETag") };
}

async function exhaust(host) {
  for (let attempt = 0; attempt < 5; ++attempt)
    await fetch(address("/api/v1/session"), { method: "POST", headers: { ...json, ...from(host) }, body: '{"token":"no"}' });
  return from(host);
}

// How each documented status comes about: "METHOD PATH STATUS" → the request's init.
const trials = {
  "get / 200": () => ({}),
  "get / 304": async () => ({ headers: await tagOf("/", {}) }),
  "get /healthz 200": () => ({}),
  "get /metrics 200": () => ({ headers: bearer(token) }),
  "get /metrics 401": () => ({ headers: bearer(accessToken) }),
  "post /api/v1/session 200": () => ({ headers: json, body: JSON.stringify({ token: accessToken }) }),
  "post /api/v1/session 400": () => ({ headers: json, body: "{" }),
  "post /api/v1/session 401": () => ({ headers: { ...json, ...from("192.0.2.1") }, body: '{"token":"no"}' }),
  "post /api/v1/session 415": () => ({ headers: { "Content-Type": "text/plain" }, body: "no" }),
  "post /api/v1/session 429": async () => ({ headers: { ...json, ...(await exhaust("192.0.2.2")) }, body: '{"token":"no"}' }),
  "delete /api/v1/session 204": () => ({}),
  "get /api/v1/overview 200": () => ({ headers: bearer(accessToken) }),
  "get /api/v1/overview 304": async () => ({ headers: await tagOf("/api/v1/overview", bearer(accessToken)) }),
  "get /api/v1/overview 401": () => ({}),
  "get /api/v1/overview 429": async () => ({ headers: { ...bearer("no"), ...(await exhaust("192.0.2.3")) } }),
};

const documented = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).flatMap(([method, operation]) =>
    Object.entries(operation.responses).map(([status, response]) => ({ path, method, status, response })),
  ),
);

function resolve(node) {
  if (node?.$ref === undefined) return node;
  return node.$ref.split("/").slice(1).reduce((at, key) => at[key], description);
}

function holdAgainst(pointer, body) {
  const validate = ajv.getSchema(`openapi${pointer}`);
  assert.ok(validate, `no schema at ${pointer}`);
  assert.ok(validate(body), ajv.errorsText(validate.errors));
}

// The overview once its findings are those that are awaited, which a few questions to the daemons take.
async function overviewWith(...awaited) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const overview = await (await fetch(address("/api/v1/overview"), { headers: bearer(accessToken) })).json();
    const codes = overview.findings.map(({ code }) => code);
    if (overview.verdict !== "unknown" && codes.join() === awaited.join()) return overview;
    assert.ok(Date.now() < deadline, `the findings are ${codes}; awaited: ${awaited}`);
    await setTimeout(50);
  }
}

test("every trial is documented, and every documented status has a trial", () => {
  assert.deepEqual(documented.map(({ method, path, status }) => `${method} ${path} ${status}`).sort(), Object.keys(trials).sort());
});

test("the description speaks of the version that runs", async () => {
  const metrics = await (await fetch(address("/metrics"), { headers: bearer(token) })).text();
  assert.match(metrics, new RegExp(`intendance_webd_build_info\\{version="${description.info.version}"\\} 1`));
});

for (const { path, method, status, response } of documented)
  test(`${method} ${path} answers ${status} as described`, async () => {
    const init = await trials[`${method} ${path} ${status}`]();
    const answer = await fetch(address(path), { method: method.toUpperCase(), ...init });
    assert.equal(answer.status, Number(status));
    const described = resolve(response);
    for (const name of Object.keys(described.headers ?? {})) assert.ok(answer.headers.get(name), `${name} is missing`);
    const type = answer.headers.get("Content-Type")?.split(";")[0];
    if (described.content === undefined) assert.equal(await answer.text(), "");
    else assert.ok(Object.keys(described.content).includes(type), `${type} is not described`);
    const schema = described.content?.["application/json"]?.schema;
    if (schema) holdAgainst(schema.$ref, await answer.json());
  });

test("the overview keeps to its schema, well, in trouble and when a daemon stops", async () => {
  const schema = "#/components/schemas/Overview";
  const well = await overviewWith();
  holdAgainst(schema, well);
  assert.equal(well.verdict, "well");
  assert.equal(well.counts.machines.total, 3);
  lab.set(troubledLab());
  const troubled = await overviewWith("service_down", "backup_failed", "backup_overdue", "filesystem_low");
  holdAgainst(schema, troubled);
  assert.equal(troubled.verdict, "critical");
  lab.set(healthyLab());
  await overviewWith();
  await lab.stop("tei-1/collectord");
  const silent = await overviewWith("machine_silent");
  holdAgainst(schema, silent);
  assert.equal(silent.findings[0].machine, "tei-1");
});

test("a longer body than a token is refused before it is read", async () => {
  const body = JSON.stringify({ token: "x".repeat(20_000) });
  const answer = await fetch(address("/api/v1/session"), { method: "POST", headers: json, body });
  assert.equal(answer.status, 413);
});
