#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""collectord reads what a real Puppet sums up of its runs.

reader_puppet_test.py COLLECTORD FIXTURES     exit 0 when all holds
"""
import sys
import time

from reader_house import House, need

GOOD = 'file { "%s/made": ensure => file, content => "by puppet" }\n'
BAD = 'exec { "/bin/false": }\n'


def main(program: str) -> None:
    need("/usr/bin/puppet")
    with House("puppet", program) as house:
        public = house.folder("public")
        summary = public / "last_run_summary.yaml"

        def apply(manifest: str) -> None:
            path = house.file("site.pp", manifest)
            house.run("sh", "-c", f"puppet apply --detailed-exitcodes --confdir {house.top}/conf --vardir {house.top}/var"
                                  f" --publicdir {public} --lastrunfile {summary} {path}; test $? -ne 1 || false", seconds=100)

        house.collect(f"""
[[reader]]
service = "configuration"
kind = "puppet"
file = "{summary}"
""")
        assert "No such file" in house.fails("configuration", "puppet")
        started = time.time()
        apply(GOOD % house.top)
        page = house.read("configuration", "puppet")
        assert (house.top / "made").read_text() == "by puppet"
        assert page.value("puppet_last_run_success", service="configuration") == 1
        assert started - 2 <= page.value("puppet_last_run_at_seconds", service="configuration") <= time.time() + 1
        assert page.value("puppet_last_run_changes", service="configuration") == 1
        assert page.value("puppet_last_run_events", service="configuration", result="success") == 1
        apply(BAD)
        page = house.scrape_until("the second run", lambda page: page.value("puppet_last_run_success", service="configuration") == 0)
        assert page.value("puppet_last_run_resources", service="configuration", state="failed") == 1


if __name__ == "__main__":
    main(sys.argv[1])
