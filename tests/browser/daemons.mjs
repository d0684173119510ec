// SPDX-License-Identifier: AGPL-3.0-or-later
// Speaks for daemons from answers made beforehand, each on a loopback port of its own.
import { createServer } from "node:http";
import { once } from "node:events";

export class AnsweringDaemon {
  // `token` must be shown by whoever asks.
  static async start(path, answer, token) {
    const daemon = new AnsweringDaemon();
    daemon.answer = answer;
    daemon.server = createServer((request, response) => {
      const allowed = request.headers.authorization === `Bearer ${token}`;
      const status = !allowed ? 401 : request.url === path ? 200 : 404;
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(status === 200 ? daemon.answer : { error: `status ${status}` }));
    });
    daemon.server.listen(0, "127.0.0.1");
    await once(daemon.server, "listening");
    daemon.url = `http://127.0.0.1:${daemon.server.address().port}`;
    return daemon;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}

// A daemon for each part of a lab; { addresses, set(lab), stop(name), stopAll() }. The addresses are
// all that the dashboard learns, so that real daemons can stand in their place.
export async function startLab(lab, token) {
  const daemons = new Map();
  for (const [name, said] of Object.entries(lab)) {
    if (name === "billingd") daemons.set(name, await AnsweringDaemon.start("/api/v1/budget", said, token));
    else for (const kind of ["collectord", "backupd"])
      daemons.set(`${name}/${kind}`, await AnsweringDaemon.start("/api/v1/status", said[kind], token));
  }
  const machines = Object.keys(lab).filter((name) => name !== "billingd");
  return {
    addresses: {
      machines: machines.map((name) => ({
        name, collectord: daemons.get(`${name}/collectord`).url, backupd: daemons.get(`${name}/backupd`).url,
      })),
      billingd: daemons.get("billingd")?.url,
    },
    set(next) {
      for (const [name, daemon] of daemons) {
        const [machine, kind] = name.split("/");
        daemon.answer = kind === undefined ? next[machine] : next[machine][kind];
      }
    },
    async stop(name) {
      await daemons.get(name).stop();
      daemons.delete(name);
    },
    async stopAll() {
      await Promise.all([...daemons.values()].map((daemon) => daemon.stop()));
    },
  };
}
