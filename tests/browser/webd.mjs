// SPDX-License-Identifier: AGPL-3.0-or-later
// Starts the real intendance-webd on a free port, with a configuration of its own in a new folder.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const nobody = 65534;

function configuration(addresses, every) {
  const machines = addresses.machines.map(
    ({ name, collectord, backupd }) => `  { name = "${name}", collectord = "${collectord}", backupd = "${backupd}" },`,
  );
  return [
    "[webd]",
    'listen = "127.0.0.1:0"',
    'token_file = "token"',
    'access_token_file = "access-token"',
    `every = "${every}"`,
    'timeout = "2s"',
    "machines = [", ...machines, "]",
    addresses.billingd ? `billingd = "${addresses.billingd}"` : "",
    "",
  ].join("\n");
}

// { url, stop() }. As root, the daemon runs as nobody, from a copy that nobody can reach.
export async function startWebd(program, { addresses, token, accessToken, every = "1s" }) {
  const folder = mkdtempSync(join(tmpdir(), "intendance-webd-"));
  const root = process.getuid() === 0;
  const place = (name, write, mode) => {
    const file = join(folder, name);
    write(file);
    chmodSync(file, mode);
    if (root) chownSync(file, nobody, nobody);
    return file;
  };
  const binary = place("intendance-webd", (file) => copyFileSync(program, file), 0o700);
  const config = place("intendance.toml", (file) => writeFileSync(file, configuration(addresses, every)), 0o600);
  place("token", (file) => writeFileSync(file, `${token}\n`), 0o600);
  place("access-token", (file) => writeFileSync(file, `${accessToken}\n`), 0o600);
  if (root) chownSync(folder, nobody, nobody);

  const child = spawn(binary, ["--config", config, "--state", folder], {
    stdio: ["ignore", "ignore", "pipe"],
    ...(root ? { uid: nobody, gid: nobody } : {}),
  });
  const exited = once(child, "exit");
  const said = [];
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      said.push(line);
      const found = /the dashboard is at (http:\S+)/.exec(line);
      if (found) resolve(found[1]);
    });
    child.on("error", reject);
    exited.then(([code]) => reject(new Error(`intendance-webd ended with ${code}:\n${said.join("\n")}`)));
  });
  return {
    url,
    said,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      const [code, signal] = await exited;
      rmSync(folder, { recursive: true, force: true });
      return { code, signal };
    },
  };
}
