// SPDX-License-Identifier: AGPL-3.0-or-later
// A dashboard to look at, with answers made beforehand: node lab.mjs PATH-OF-WEBD [healthy|troubled]
// Prints its address and its token, and runs until Ctrl-C.
import { healthyLab, troubledLab } from "./answers.mjs";
import { startLab } from "./daemons.mjs";
import { startWebd } from "./webd.mjs";

const [program, state = "healthy"] = process.argv.slice(2);
const accessToken = "only-for-looking-at-the-page";
const lab = await startLab(state === "troubled" ? troubledLab() : healthyLab(), "daemons");
const webd = await startWebd(program, { addresses: lab.addresses, token: "daemons", accessToken });
console.log(`${webd.url} ${accessToken}`);
for (const signal of ["SIGINT", "SIGTERM"])
  process.on(signal, async () => {
    await webd.stop();
    await lab.stopAll();
  });
