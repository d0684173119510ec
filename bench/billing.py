#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ledger at its size: a million entries recorded, verified, exported and verified by the independent
program, one hour logged and a month reported at that size, on a PostgreSQL server of the bench's own."""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import pwd
import statistics
import subprocess
import sys
import tempfile
import time

BATCH = 50_000
SOURCE = pathlib.Path(__file__).resolve().parent.parent


class Server:
    """A cluster in a folder, reached by a Unix socket there; as nobody when we are root."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.data = folder, folder / "data"
        self.programs = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if self.account:
            os.chown(folder, self.account.pw_uid, self.account.pw_gid)
        self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8")
        self.run("pg_ctl", "-D", self.data, "-w", "-l", folder / "log", "-o",
                 f"-k {folder} -c listen_addresses= -c shared_buffers=256MB -c max_wal_size=4GB -c track_commit_timestamp=on", "start")

    def run(self, program: str, *arguments: object) -> None:
        command = [self.programs / program, *arguments]
        if self.account:
            command = ["setpriv", f"--reuid={self.account.pw_uid}", f"--regid={self.account.pw_gid}", "--clear-groups", *command]
        done = subprocess.run([str(part) for part in command], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{program}: {done.stderr}")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", self.data, "-w", "-m", "fast", "stop")

    def sql(self, text: str) -> str:
        done = subprocess.run([str(self.programs / "psql"), "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-U", "postgres",
                               "-d", "ledger", "-c", text], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        return done.stdout.strip()


def timed(command: list[object], output: pathlib.Path | None = None) -> tuple[float, str]:
    started = time.perf_counter()
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE if output is None else open(output, "wb"),
                          stderr=subprocess.PIPE, env=dict(os.environ, LC_ALL="C.UTF-8"))
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 3):  # 3: done, with a budget that is overspent
        raise SystemExit(f"{command[1:4]}: {done.stderr.decode()}{(done.stdout or b'').decode()[-2000:]}")
    return seconds, (done.stdout or b"").decode()


def log_hours(server: Server, command: list[object]) -> tuple[float, float]:
    """Milliseconds from the start of the command to the commit, and to its end; medians of 21."""
    committed, ended = [], []
    for _ in range(21):
        started = time.time()
        ended.append(timed(command)[0] * 1000)
        moment = server.sql("SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin)) FROM ledger.entry ORDER BY number DESC LIMIT 1")
        committed.append((float(moment) - started) * 1000)
    return statistics.median(committed), statistics.median(ended)


def record(server: Server, entries: int) -> float:
    """Through the ledger's own triggers, as any program records them; days go forward over five years."""
    started = time.perf_counter()
    for first in range(1, entries + 1, BATCH):
        last = min(first + BATCH - 1, entries)
        server.sql(f"""
            INSERT INTO ledger.entry (entry_id, minutes, worked_on, fund, vendor, activity, service, person, description)
            SELECT gen_random_uuid(), 5 + n % 480, date '2021-04-01' + (n * 1826 / {entries})::integer, 'F-1234', 'koumbit',
              (ARRAY['maintenance', 'development', 'incident', 'advice'])[1 + n % 4], 'service-' || n % 14,
              'sysadmin-' || n % 5, 'travail ' || n || ' : mise à jour et vérification'
            FROM generate_series({first}::bigint, {last}) n""")
    return time.perf_counter() - started


def record_month(server: Server, month: str, entries: int) -> None:
    server.sql(f"""
        INSERT INTO ledger.entry (entry_id, minutes, worked_on, fund, vendor, activity, service, person, description)
        SELECT gen_random_uuid(), 5 + n % 480, date '{month}-01' + n % 28, 'F-1234', 'koumbit',
          (ARRAY['maintenance', 'development', 'incident', 'advice'])[1 + n % 4], 'service-' || n % 14,
          'sysadmin-' || n % 5, 'travail ' || n || ' : mise à jour et vérification'
        FROM generate_series(1, {entries}) n""")


def report(command: list[object], forms: str, folder: pathlib.Path) -> float:
    """Seconds for all of these forms; the median of three."""
    return statistics.median(timed([*command, "--format", forms, "--output", folder])[0] for _ in range(3))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    program = arguments.build / "cli/intendance"
    with tempfile.TemporaryDirectory(prefix="intendance-bench-") as name:
        folder = pathlib.Path(name)
        server = Server(folder)
        try:
            subprocess.run([server.programs / "createdb", "-h", folder, "-U", "postgres", "ledger"], check=True)
            database = ["--database", f"postgresql://postgres@/ledger?host={folder}"]
            timed([program, "database", "migrate", *database])
            timed([program, "budget", "set", "--fund", "F-1234", "--year", "2026", "--amount", "24000", *database])
            timed([program, "rate", "set", "--amount", "120", "--from", "2021-04-01", *database])
            server.sql("INSERT INTO ledger.service (name) SELECT 'service-' || n FROM generate_series(0, 13) n")
            rows: list[tuple[str, float, str, float | None]] = []
            hours = [program, "hours", "add", "15m", "--service", "service-1", "mise à jour", *database]
            record(server, 2_000)
            server.sql("VACUUM ANALYZE")
            committed, ended = log_hours(server, hours)
            rows.append(("hours add among 2,000, to committed", committed, "ms", 100))
            rows.append(("  to its answer", ended, "ms", None))
            monthly = [program, "report", "monthly", "2026-06", "--lang", "fr", *database]
            plain = "html,csv,xlsx,json,hledger"
            record_month(server, "2026-06", 2_000)
            server.sql("VACUUM ANALYZE")
            without = report(monthly, plain, folder)
            rows.append(("month of 2,000: all forms but PDF", without, "s", 0.5))
            rows.append(("  and PDF", report(monthly, plain + ",pdf", folder), "s", 5))
            seconds = record(server, arguments.entries)
            rows.append((f"record {arguments.entries:,} entries", seconds, "s", None))
            rows.append(("  each", seconds * 1e6 / arguments.entries, "µs", None))
            server.sql("VACUUM ANALYZE")
            verified, said = timed([program, "ledger", "verify", *database])
            rows.append(("ledger verify", verified, "s", 15 * max(1.0, arguments.entries / 1e6)))
            print(said.strip())
            rows.append(("ledger export", timed([program, "ledger", "export", *database], folder / "export")[0], "s", None))
            rows.append(("verify_ledger.py", timed(["/usr/bin/python3", SOURCE / "billing/verify_ledger.py", folder / "export"])[0], "s", 30))
            committed, ended = log_hours(server, hours)
            rows.append((f"hours add among {arguments.entries:,}", committed, "ms", 100))
            rows.append(("  to its answer", ended, "ms", None))
            rows.append((f"monthly report among {arguments.entries:,}", report(monthly, "html", folder), "s", 2))
        finally:
            server.stop()
    print(f"{'':38}{'measured':>12}{'goal':>12}")
    for what, value, unit, goal in rows:
        met = "" if goal is None else ("met" if value <= goal else "NOT met")
        print(f"{what:38}{value:10.2f} {unit:2}{'' if goal is None else f'{goal:9g} {unit}':>12}  {met}")
    if arguments.json:
        arguments.json.write_text(json.dumps([{"what": what.strip(), "value": value, "unit": unit, "goal": goal}
                                              for what, value, unit, goal in rows], ensure_ascii=False, indent=1))
    return 0 if all(goal is None or value <= goal for _, value, _, goal in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
