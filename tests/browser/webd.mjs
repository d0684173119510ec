// SPDX-License-Identifier: AGPL-3.0-or-later
// The real intendance-webd, asking the daemons at `addresses` (daemons.mjs says of what shape).
import { startDaemon } from "./daemon.mjs";

function entry({ name, collectord, backupd }) {
  const parts = [`name = "${name}"`];
  if (collectord) parts.push(`collectord = "${collectord}"`);
  if (backupd) parts.push(`backupd = "${backupd}"`);
  return `  { ${parts.join(", ")} },`;
}

function configuration(addresses) {
  return [
    "[webd]",
    'listen = "127.0.0.1:0"',
    'token_file = "token"',
    'access_token_file = "access-token"',
    'every = "1s"',
    'timeout = "2s"',
    "machines = [",
    ...addresses.machines.map(entry),
    "]",
    addresses.billingd ? `billingd = "${addresses.billingd}"` : "",
    "",
  ].join("\n");
}

// `token` is what the daemons want to hear, `accessToken` what people and scripts show.
export function startWebd(program, { addresses, token, accessToken }) {
  return startDaemon(program, configuration(addresses), { token: `${token}\n`, "access-token": `${accessToken}\n` });
}
