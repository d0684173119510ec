#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""collectord reads the databases of a real BaseX, as a user who may read and nothing else.

reader_basex_test.py COLLECTORD FIXTURES     exit 0 when all holds
"""
import sys

from reader_house import House, answers, free_ports, need


def main(program: str) -> None:
    need("/usr/bin/basexserver", "/usr/bin/basexclient")
    port, = free_ports(1)
    with House("basex", program) as house:
        java = {"JAVA_ARGS": f"-Dorg.basex.path={house.folder('basex')} -Xmx128m"}
        house.begin("basex", "/usr/bin/basexserver", f"-p{port}", "-n127.0.0.1", extra=java)
        house.wait_for("basex", lambda: answers(port))

        def admin(command: str) -> None:
            house.run("/usr/bin/basexclient", "-n127.0.0.1", f"-p{port}", "-Uadmin", "-Padmin", "-c", command, extra=java)

        admin("CREATE DB lab <TEI><text>lettre</text></TEI>")
        admin("CREATE USER watcher secret")
        admin("GRANT READ TO watcher")
        house.file("password", "secret\n", 0o600)
        house.file("wrong", "guess\n", 0o600)
        table = f'[[reader]]\nkind = "basex"\naddress = "127.0.0.1:{port}"\nuser = "watcher"\n'
        house.collect(f'{table}service = "corpus"\npassword_file = "password"\n{table}service = "closed"\npassword_file = "wrong"\n')
        page = house.read("corpus", "basex")
        assert page.value("intendance_basex_database_resources", service="corpus", database="lab") == 1
        assert page.value("intendance_basex_database_size_bytes", service="corpus", database="lab") > 1000
        assert "look at user and password_file" in house.fails("closed", "basex")
        admin("CREATE DB notes")
        house.scrape_until("the second database", lambda page: page.value("intendance_basex_databases", service="corpus") == 2)
        house.end("basex")
        assert "start the service" in house.fails("corpus", "basex")


if __name__ == "__main__":
    main(sys.argv[1])
