#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""collectord reads a real PostgreSQL, as a role that may see statistics and nothing else, and harms it in no way.

reader_postgresql_test.py COLLECTORD     exit 0 when all holds
"""
import os
import signal
import subprocess
import sys

from reader_house import House, Page, need, wait_until

PROGRAMS = "/usr/lib/postgresql/15/bin"


class Database:
    def __init__(self, house: House) -> None:
        self.house, self.sockets = house, house.folder("sockets")
        self.data = house.top / "data"
        house.run(f"{PROGRAMS}/initdb", "--pgdata", self.data, "--username", "postgres", "--auth", "trust", "--no-sync", "--locale", "C.UTF-8",
                  "--encoding", "UTF8")
        self.start()
        self.ask("CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher")
        self.ask("CREATE DATABASE lab")

    def start(self) -> None:
        self.house.begin("postgres", f"{PROGRAMS}/postgres", "-D", self.data, "-k", self.sockets, "-c", "listen_addresses=", "-c", "fsync=off",
                         "-c", "shared_buffers=16MB", "-c", "max_connections=20")

        def ready() -> bool:
            return subprocess.run(self.psql("SELECT 1"), capture_output=True, check=False).returncode == 0
        self.house.wait_for("postgres", ready)

    def psql(self, sql: str, *options: str) -> list[str]:
        return [f"{PROGRAMS}/psql", "-XqAt", "-h", str(self.sockets), "-U", "postgres", *options, "-c", sql, "postgres"]

    def ask(self, sql: str) -> str:
        return subprocess.run(self.psql(sql), check=True, capture_output=True, text=True, timeout=30).stdout.strip()

    def address(self, role: str) -> str:
        return f"postgresql://{role}@/postgres?host={self.sockets}"

    def connections(self) -> int:
        return int(self.ask("SELECT count(*) FROM pg_stat_activity WHERE usename = 'watcher'"))


def check_figures(page: Page, database: Database) -> None:
    def value(metric: str, **labels: str) -> float | None:
        return page.value(metric, service="ledger", **labels)

    assert value("pg_up") == 1
    datid = database.ask("SELECT oid FROM pg_database WHERE datname = 'lab'")
    assert value("pg_stat_database_numbackends", datname="lab", datid=datid) == 0
    assert value("pg_database_size_bytes", datname="lab") > 5e6
    assert value("pg_stat_database_sessions", datname="postgres", datid=database.ask("SELECT oid FROM pg_database WHERE datname = 'postgres'")) >= 1
    assert value("pg_locks_count", datname="postgres", mode="accesssharelock") >= 1
    assert value("pg_stat_activity_count", datname="postgres", state="active") >= 1
    assert value("pg_stat_activity_max_tx_duration", datname="lab", state="idle in transaction") == 0
    assert value("pg_settings_max_connections") == 20
    assert value("pg_settings_shared_buffers_bytes") == 16 * 1024 * 1024
    assert value("pg_long_running_transactions") == 0
    assert value("pg_wal_size_bytes") >= 16 * 1024 * 1024
    assert value("pg_replication_is_replica") == 0
    assert value("pg_stat_bgwriter_buffers_alloc_total") > 0
    assert value("intendance_postgresql_oldest_transaction_age", datname="lab") > 0
    assert value("pg_postmaster_start_time_seconds") > 1.7e9
    assert page.types["pg_stat_database_xact_commit"] == "counter"
    assert [labels["short_version"].startswith("15.") for labels in page.labels("pg_static")] == [True]


def check_lock_storm(house: House, database: Database) -> None:
    """Somebody locks what we read: readings fail, one connection waits, and it is the same one."""
    holder = subprocess.Popen(database.psql("BEGIN; LOCK TABLE pg_stat_archiver IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)"),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until("the lock is held", lambda: database.ask(
            "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'pg_stat_archiver'::regclass") == "1")
        reason = house.fails("ledger", "postgresql")
        assert "lock timeout" in reason or "has not come back" in reason, reason
        for _ in range(5):
            page, seconds = house.timed_scrape()
            assert seconds < 1.5, seconds  # 200 ms, and what a busy machine takes
            assert page.value("pg_up", service="ledger") == 0
            assert page.value("pg_settings_max_connections", service="ledger") == 20, "the last values stay"
        assert database.connections() == 1
    finally:
        database.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%LOCK TABLE pg_stat_archiver%' AND pid <> pg_backend_pid()")
        holder.wait(timeout=30)
    house.read("ledger", "postgresql")
    assert database.connections() == 1


def check_stopped(house: House, database: Database) -> None:
    """The server process of our connection is stopped: the page answers, with the last values."""
    process = int(database.ask("SELECT pid FROM pg_stat_activity WHERE usename = 'watcher'"))
    os.kill(process, signal.SIGSTOP)
    try:
        assert house.fails("ledger", "postgresql") == "has not come back"
        for _ in range(20):
            page, seconds = house.timed_scrape()
            assert seconds < 1, seconds
        assert page.value("pg_settings_max_connections", service="ledger") == 20
        assert database.connections() == 1
    finally:
        os.kill(process, signal.SIGCONT)
    house.read("ledger", "postgresql")


def main(program: str) -> None:
    need(f"{PROGRAMS}/postgres")
    with House("postgresql", program, "postgres") as house:
        database = Database(house)
        house.collect(f"""
[[reader]]
service = "ledger"
kind = "postgresql"
database = "{database.address('watcher')}"
[[reader]]
service = "closed"
kind = "postgresql"
database = "{database.address('nobody-of-that-name')}"
""")
        check_figures(house.read("ledger", "postgresql"), database)
        for _ in range(20):
            house.scrape()
        assert database.connections() == 1
        reason = house.fails("closed", "postgresql")
        assert 'role "nobody-of-that-name" does not exist' in reason, reason
        check_lock_storm(house, database)
        check_stopped(house, database)
        house.end("postgres", signal.SIGINT)
        reason = house.fails("ledger", "postgresql")
        assert "could not be reached" in reason or "was lost" in reason, reason
        database.start()
        house.read("ledger", "postgresql")


if __name__ == "__main__":
    main(sys.argv[1])
