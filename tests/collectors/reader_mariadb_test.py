#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""collectord reads a real MariaDB, as a user who may see statistics and nothing else.

reader_mariadb_test.py COLLECTORD FIXTURES     exit 0 when all holds
"""
import os
import pwd
import signal
import sys

from reader_house import House, Page, answers, free_ports, need

SERVER = "/usr/sbin/mariadbd"


class Database:
    def __init__(self, house: House, port: int) -> None:
        self.house, self.port = house, port
        self.data, self.socket = house.top / "data", house.top / "mariadb.sock"
        user = house.user.pw_name if house.user else pwd.getpwuid(os.getuid()).pw_name
        house.run("/usr/bin/mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--skip-test-db",
                  "--auth-root-authentication-method=normal", f"--auth-root-socket-user={user}", "--skip-name-resolve")
        house.file("init.sql", f"""CREATE USER '{user}'@'localhost' IDENTIFIED VIA unix_socket;
GRANT PROCESS, SLAVE MONITOR ON *.* TO '{user}'@'localhost';
CREATE USER 'remote'@'127.0.0.1' IDENTIFIED BY 'a secret';
GRANT PROCESS, SLAVE MONITOR ON *.* TO 'remote'@'127.0.0.1';
CREATE USER 'poor'@'127.0.0.1' IDENTIFIED BY 'a secret';
CREATE DATABASE lab;
CREATE TABLE lab.letters (id INT PRIMARY KEY, text LONGTEXT) ENGINE=InnoDB;
""")
        self.user = user
        self.start("--init-file=" + str(house.top / "init.sql"))

    def start(self, *options: str) -> None:
        self.house.begin("mariadbd", SERVER, "--no-defaults", f"--datadir={self.data}", f"--socket={self.socket}", f"--port={self.port}",
                         "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=8M", "--innodb-flush-log-at-trx-commit=0", "--max-connections=17",
                         "--skip-name-resolve", *options)
        self.house.wait_for("mariadbd", lambda: answers(self.port))


def check_figures(page: Page) -> None:
    def value(metric: str, **labels: str) -> float | None:
        return page.value(metric, service="ledger", **labels)

    assert value("mysql_up") == 1
    assert value("mysql_global_status_threads_connected") >= 1
    assert value("mysql_global_variables_max_connections") == 17
    assert value("mysql_global_variables_innodb_buffer_pool_size") == 8 * 1024 * 1024
    assert value("mysql_global_status_commands_total", command="show_status") >= 1
    assert value("mysql_global_status_handlers_total", handler="read_key") is not None
    assert value("mysql_global_status_buffer_pool_pages", state="data") > 0
    assert value("intendance_mariadb_schema_size_bytes", schema="lab") >= 16384
    assert value("intendance_mariadb_oldest_transaction_seconds") >= 0
    assert page.types["mysql_global_status_commands_total"] == "counter"
    assert [labels["version"].startswith("10.11.") for labels in page.labels("mysql_version_info") if labels["service"] == "ledger"] == [True]


def check_stopped(house: House, database: Database) -> None:
    """The server stops: the page answers, with the last values; and it is read again when it goes on."""
    process = house.processes["mariadbd"]
    process.send_signal(signal.SIGSTOP)
    try:
        assert house.fails("ledger", "mariadb")
        for _ in range(20):
            page, seconds = house.timed_scrape()
            assert seconds < 1, seconds
        assert page.value("mysql_up", service="ledger") == 0
        assert page.value("mysql_global_variables_max_connections", service="ledger") == 17
        descriptors = len(os.listdir(f"/proc/{house.processes['collectord'].pid}/fd"))
    finally:
        process.send_signal(signal.SIGCONT)
    house.read("ledger", "mariadb")
    house.scrape_until("one connection a reader", lambda page: page.value("mysql_global_status_threads_connected", service="ledger") <= 3)
    assert len(os.listdir(f"/proc/{house.processes['collectord'].pid}/fd")) <= descriptors + 3


def main(program: str) -> None:
    need(SERVER)
    port, = free_ports(1)
    with House("mariadb", program) as house:
        database = Database(house, port)
        house.file("password", "a secret\n", 0o600)
        house.collect(f"""
[[reader]]
service = "ledger"
kind = "mariadb"
socket = "{database.socket}"
user = "{database.user}"
[[reader]]
service = "far"
kind = "mariadb"
host = "127.0.0.1"
port = {port}
user = "remote"
password_file = "password"
[[reader]]
service = "poor"
kind = "mariadb"
host = "127.0.0.1"
port = {port}
user = "poor"
password_file = "password"
[[reader]]
service = "stranger"
kind = "mariadb"
host = "127.0.0.1"
port = {port}
user = "stranger"
""")
        check_figures(house.read("ledger", "mariadb"))
        house.read("far", "mariadb")
        reason = house.fails("poor", "mariadb")
        assert "SLAVE MONITOR" in reason or "PROCESS" in reason, reason
        reason = house.fails("stranger", "mariadb")
        assert "Access denied for user 'stranger'" in reason, reason
        for _ in range(20):
            house.scrape()
        connected = house.scrape().value("mysql_global_status_threads_connected", service="ledger")
        assert connected == 3, connected  # of those that may log in, one each
        check_stopped(house, database)
        house.end("mariadbd")
        assert "MariaDB at" in house.fails("ledger", "mariadb")
        database.start()
        house.read("ledger", "mariadb")


if __name__ == "__main__":
    main(sys.argv[1])
