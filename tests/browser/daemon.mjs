// SPDX-License-Identifier: AGPL-3.0-or-later
// Starts one of our real daemons with a configuration of its own in a new folder.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";

const nobody = 65534;

// `files` lie beside the configuration, by name; the daemon listens on 127.0.0.1:0 and logs its
// address when it is ready. As root it runs as nobody, from a copy that nobody can reach.
// { url, stop() → { code, signal } }
export async function startDaemon(program, configuration, files) {
  const folder = mkdtempSync(join(tmpdir(), "intendance-test-"));
  const root = process.getuid() === 0;
  const place = (name, write, mode) => {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    if (root) chownSync(dirname(file), nobody, nobody);
    write(file);
    chmodSync(file, mode);
    if (root) chownSync(file, nobody, nobody);
    return file;
  };
  const binary = place(basename(program), (file) => copyFileSync(program, file), 0o700);
  const config = place("intendance.toml", (file) => writeFileSync(file, configuration), 0o600);
  for (const [name, content] of Object.entries(files)) place(name, (file) => writeFileSync(file, content), 0o600);

  const child = spawn(binary, ["--config", config, "--state", folder], {
    stdio: ["ignore", "ignore", "pipe"],
    ...(root ? { uid: nobody, gid: nobody } : {}),
  });
  const exited = once(child, "exit");
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    const [code, signal] = await exited;
    rmSync(folder, { recursive: true, force: true });
    return { code, signal };
  };
  const said = [];
  try {
    const url = await new Promise((resolve, reject) => {
      createInterface({ input: child.stderr }).on("line", (line) => {
        said.push(line);
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(line);
        if (found) resolve(found[0]);
      });
      exited.then(([code]) => reject(new Error(`${basename(program)} ended with ${code}:\n${said.join("\n")}`)), reject);
    });
    return { url, stop };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
