#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""collectord's readers beside Debian's own exporters of the same servers: the same names, types and labels.

reader_names_test.py COLLECTORD FIXTURES     exit 0 when all holds
"""
import re
import sys

import reader_apache_test
import reader_bind_test
import reader_mariadb_test
import reader_nginx_test
import reader_postgresql_test
from reader_house import House, Page, answers, free_ports, need

# What an exporter says of itself.
OF_ITSELF = re.compile(r"(go|process|promhttp)_|\w+_exporter_|\w+_scrape_|pg_exporter|nginxexporter|apache_exporter")
# Theirs that we leave out: settings but for a dozen, what is of Galera alone, a version as a number, what BIND's
# JSON does not say, and what theirs shows as NaN while it has never happened.
LEFT_OUT = re.compile(r"pg_settings_|mysql_global_variables_|mysql_info_schema_|mysql_galera_|mysql_global_status_wsrep_|mysql_exporter"
                      r"|mysql_transaction_isolation|apache_version|bind_(tasks_running|worker_threads)|pg_stat_archiver_last_archive_age"
                      r"|pg_stat_database_(stats_reset|checksum_)")
# Of later versions than Debian's, and one that is ours.
OURS_ALONE = re.compile(r"pg_(long_running_transactions|postmaster_start_time_seconds|replication_(is_replica|lag_seconds)|wal_)|bind_zone_transfers_sent_total")
# What can go down is no counter, and what is added up is one.
OTHER_TYPE = re.compile(r"bind_(zone_serial|recursive_clients)|pg_stat_database_(sessions|session_time|active_time|idle_in_transaction_time)")

# Ours, postgres_exporter's name of the server, and one that MariaDB has no value for.
NO_LABELS = {"service", "server", "innodb_version"}


class Comparison:
    def __init__(self, house: House, ours: Page) -> None:
        self.house, self.ours = house, ours
        self.faults: list[str] = []

    def beside(self, beginning: str, exporter: str, *options: object, extra: dict[str, str] | None = None) -> None:
        port, = free_ports(1)
        program = f"/usr/bin/prometheus-{exporter}-exporter"
        need(program)
        options = [str(option).format(port=port) for option in options]
        self.house.begin(exporter, program, *options, extra=extra)
        self.house.wait_for(exporter, lambda: answers(port))
        theirs = Page(self.house.run("curl", "-sf", f"http://127.0.0.1:{port}/metrics"))
        self.house.end(exporter)
        for name in sorted(self.ours.names(beginning)):
            self.compare(name, theirs)
        missing = [name for name in sorted(theirs.names(beginning)) if name not in self.ours.values and not LEFT_OUT.match(name) and not OF_ITSELF.match(name)]
        self.faults += [f"{name} is theirs alone" for name in missing]

    def compare(self, name: str, theirs: Page) -> None:
        if name not in theirs.values:
            if OURS_ALONE.match(name):
                return
            self.faults.append(f"{name} is ours alone")
            return
        base = re.sub(r"_(sum|count|bucket)$", "", name)
        kinds = [page.types.get(name) or page.types.get(base) for page in (self.ours, theirs)]
        if kinds[0] != kinds[1] and not OTHER_TYPE.match(name):
            self.faults.append(f"{name} is a {kinds[0]}, and theirs a {kinds[1]}")
        labels = [{frozenset(each) - NO_LABELS for each in page.labels(name)} for page in (self.ours, theirs)]
        if labels[0] != labels[1]:
            self.faults.append(f"{name} has labels {[set(each) for each in labels[0]]}, and theirs {[set(each) for each in labels[1]]}")


def start_servers(house: House) -> tuple[dict[str, int], reader_postgresql_test.Database, reader_mariadb_test.Database]:
    ports = dict(zip(("nginx", "apache", "mariadb", "dns", "bind"), free_ports(5)))
    postgresql = reader_postgresql_test.Database(house)
    mariadb = reader_mariadb_test.Database(house, ports["mariadb"])
    nginx = house.file("nginx.conf", reader_nginx_test.CONFIGURATION.format(top=house.top, port=ports["nginx"]))
    house.begin("nginx", "/usr/sbin/nginx", "-e", house.top / "error.log", "-c", nginx)
    open_to_all = re.sub(r"(?m)^  (Auth.*|Require.*)\n", "", reader_apache_test.CONFIGURATION)
    house.folder("site")
    apache = house.file("apache.conf", open_to_all.format(top=house.top, port=ports["apache"], modules=reader_apache_test.MODULES))
    house.begin("apache", "/usr/sbin/apache2", "-D", "FOREGROUND", "-f", apache)
    house.file("lab.test", reader_bind_test.ZONE)
    bind = house.file("named.conf", reader_bind_test.CONFIGURATION.format(top=house.top, dns=ports["dns"], http=ports["bind"]))
    house.begin("named", "/usr/sbin/named", "-f", "-n", "1", "-c", bind)
    for name, port in (("nginx", "nginx"), ("apache", "apache"), ("named", "bind")):
        house.wait_for(name, lambda port=port: answers(ports[port]))
    return ports, postgresql, mariadb


def main(program: str) -> None:
    with House("names", program, "postgres") as house:
        ports, postgresql, mariadb = start_servers(house)
        house.collect(f"""
[[reader]]
service = "lab"
kind = "postgresql"
database = "{postgresql.address('watcher')}"
[[reader]]
service = "lab"
kind = "mariadb"
socket = "{mariadb.socket}"
user = "{mariadb.user}"
[[reader]]
service = "lab"
kind = "nginx"
url = "http://127.0.0.1:{ports['nginx']}/status"
[[reader]]
service = "lab"
kind = "apache"
url = "http://127.0.0.1:{ports['apache']}/server-status?auto"
[[reader]]
service = "lab"
kind = "bind"
url = "http://127.0.0.1:{ports['bind']}/json/v1"
""")
        for kind in ("postgresql", "mariadb", "nginx", "apache", "bind"):
            page = house.read("lab", kind)
        comparison = Comparison(house, page)
        comparison.beside("pg_", "postgres", "--web.listen-address=127.0.0.1:{port}",
                          extra={"DATA_SOURCE_NAME": f"host={postgresql.sockets} user=watcher dbname=postgres sslmode=disable"})
        comparison.beside("mysql_", "mysqld", "--web.listen-address=127.0.0.1:{port}", extra={"DATA_SOURCE_NAME": f"{mariadb.user}@unix({mariadb.socket})/"})
        comparison.beside("nginx_", "nginx", "-web.listen-address=127.0.0.1:{port}", f"-nginx.scrape-uri=http://127.0.0.1:{ports['nginx']}/status")
        comparison.beside("apache_", "apache", "--telemetry.address=127.0.0.1:{port}", f"--scrape_uri=http://127.0.0.1:{ports['apache']}/server-status?auto")
        comparison.beside("bind_", "bind", "--web.listen-address=127.0.0.1:{port}", f"--bind.stats-url=http://127.0.0.1:{ports['bind']}/")
        assert not comparison.faults, "\n".join(comparison.faults)


if __name__ == "__main__":
    main(sys.argv[1])
