// SPDX-License-Identifier: AGPL-3.0-or-later
// A lab's daemons as docs/api.md lets them speak, for states that no real machine can be brought into
// on demand: a service that fails, a disk that fills up, a job that is late. Times count from `now`.

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const iso = (time) => new Date(time).toISOString().replace(/\.\d{3}Z$/, "Z");

function service(name, kind, since, seconds) {
  return {
    name, kind, url: `https://${name}.example.org/`, state: "up", since: iso(since), checked: iso(Date.now()),
    phase: null, reason: null, detail: null, duration_seconds: seconds,
  };
}

function collectord(machine, { load, cpus, memory, disks, services, boot }) {
  return {
    machine, version: "0.1.0", time: iso(Date.now()), boot_time: iso(boot), load1: load, cpus,
    memory: { total_bytes: memory[1], available_bytes: memory[0] },
    filesystems: disks.map(([mountpoint, available_bytes, size_bytes]) => ({ mountpoint, size_bytes, available_bytes })),
    services,
  };
}

function job(name, now, { age, next, stored = 141_000_000, fresh = 812_000_000, outcome = "done", warnings = 0 }) {
  const success = now - age;
  return {
    name, repository: "calcul-quebec", schedule: "daily 02:15", next_run: iso(now + next), running: false,
    overdue: false, last_success: iso(success),
    last_run: {
      started: iso(success - 31_000), finished: iso(success), outcome, error: null, snapshot: "7f3a9c1e",
      files: 182_410, read_bytes: 851_443_712, new_bytes: fresh, stored_bytes: stored, warnings,
    },
  };
}

// What each daemon of a healthy lab says: { "web-1": { collectord, backupd }, …, billingd }.
export function healthyLab(now = Date.now()) {
  const boot = now - 22 * day;
  const answers = {
    "web-1": {
      collectord: collectord("web-1", {
        load: 0.42, cpus: 2, memory: [2_201_231_360, 4_112_621_568], disks: [["/", 9_123_456_789, 21_001_531_392]], boot,
        services: [
          service("expositions", "omeka-s", now - 3 * day, 0.182),
          service("revue", "wordpress", now - 22 * day, 0.341),
          service("carnets", "hugo", now - 22 * day, 0.012),
        ],
      }),
      backupd: { jobs: [job("expositions", now, { age: 5 * hour, next: 19 * hour }), job("revue", now, { age: 4 * hour, next: 20 * hour, warnings: 2, outcome: "warnings" })] },
    },
    "tei-1": {
      collectord: collectord("tei-1", {
        load: 1.1, cpus: 4, memory: [5_100_000_000, 8_225_243_136],
        disks: [["/", 11_200_000_000, 21_001_531_392], ["/srv", 61_000_000_000, 105_689_415_680]], boot: now - 61 * day,
        services: [service("tei-publisher", "exist-db", now - 12 * day, 0.221), service("corpus", "basex", now - 12 * day, 0.087)],
      }),
      backupd: { jobs: [job("tei", now, { age: 5.2 * hour, next: 19 * hour, fresh: 61_200_000, stored: 14_100_000 })] },
    },
    "nuage-1": {
      collectord: collectord("nuage-1", {
        load: 0.2, cpus: 2, memory: [1_900_000_000, 4_112_621_568],
        disks: [["/", 14_000_000_000, 21_001_531_392], ["/var/lib/nextcloud", 412_000_000_000, 1_056_894_156_800]], boot,
        services: [service("nuage", "nextcloud", now - 2 * day, 0.264), service("annotations", "couchdb", now - 22 * day, 0.019)],
      }),
      backupd: { jobs: [job("nuage", now, { age: 3.5 * hour, next: 20.5 * hour, fresh: 1_300_000_000, stored: 990_000_000 })] },
    },
    billingd: {
      time: iso(now), currency: "CAD", basis: "net",
      budgets: [{
        fund: "F-1234", label: "Fonctionnement", year: 2026, from: "2026-04-01", to: "2027-03-31",
        basis: "net", budget_cents: 2_400_000, spent_cents: 641_250, available_cents: 1_758_750, minutes: 3_206, as_of: iso(now).slice(0, 10),
        forecast: { verdict: "lasts", exhausted: null, cost: { low_cents: 1_982_211, middle_cents: 2_104_500, high_cents: 2_291_240 } },
      }],
      ledger: { entries: 118, head: "5f0c" },
    },
  };
  for (const [machine, said] of Object.entries(answers))
    if (said.backupd) Object.assign(said.backupd, { machine, version: "0.1.0", time: iso(now) });
  return answers;
}

// The same lab on a bad morning: a service down, a disk nearly full, a job that failed and one late.
export function troubledLab(now = Date.now()) {
  const lab = healthyLab(now);
  Object.assign(lab["web-1"].collectord.services[0], {
    state: "down", since: iso(now - 8 * minute), phase: "response", reason: "redirect",
    detail: "302 to /install: the database does not answer (connection refused on 127.0.0.1:3306)", duration_seconds: null,
  });
  lab["tei-1"].collectord.filesystems[1].available_bytes = 7_300_000_000;
  const [revue] = lab["web-1"].backupd.jobs.slice(1);
  revue.last_run.outcome = "failed";
  revue.last_run.error = "uploading data/3f/3f9a: 507 Insufficient Storage";
  revue.last_success = iso(now - 29 * hour);
  const [nuage] = lab["nuage-1"].backupd.jobs;
  nuage.overdue = true;
  nuage.last_success = iso(now - 31 * hour);
  return lab;
}
