#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""collectord reads the statistics of a real BIND.

reader_bind_test.py COLLECTORD FIXTURES     exit 0 when all holds
"""
import socket
import struct
import sys

from reader_house import House, answers, free_ports, need

CONFIGURATION = """options {{
  directory "{top}";
  pid-file "{top}/named.pid";
  session-keyfile "{top}/session.key";
  listen-on port {dns} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  recursion no;
  dnssec-validation no;
}};
controls {{ }};
statistics-channels {{ inet 127.0.0.1 port {http} allow {{ 127.0.0.1; }}; }};
zone "lab.test" {{ type primary; file "{top}/lab.test"; }};
"""
ZONE = """$TTL 300
@ IN SOA ns.lab.test. root.lab.test. 2026112301 3600 600 86400 300
@ IN NS ns.lab.test.
ns IN A 127.0.0.1
"""


def ask(port: int, name: str, kind: int) -> int:
    """The code of the answer."""
    question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(20)
        channel.sendto(struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 0) + question + struct.pack(">HH", kind, 1), ("127.0.0.1", port))
        return channel.recv(512)[3] & 15


def main(program: str) -> None:
    need("/usr/sbin/named")
    dns, http = free_ports(2)
    with House("bind", program) as house:
        house.file("lab.test", ZONE)
        configuration = house.file("named.conf", CONFIGURATION.format(top=house.top, dns=dns, http=http))
        house.begin("named", "/usr/sbin/named", "-f", "-n", "1", "-c", configuration)
        house.wait_for("named", lambda: answers(http) and answers(dns))
        house.collect(f"""
[[reader]]
service = "names"
kind = "bind"
url = "http://127.0.0.1:{http}/json/v1"
[[reader]]
service = "xml"
kind = "bind"
url = "http://127.0.0.1:{http}/xml/v3"
""")
        page = house.read("names", "bind")
        assert page.value("bind_up", service="names") == 1
        assert page.value("bind_zone_serial", service="names", view="_default", zone_name="lab.test") == 2026112301
        assert page.value("bind_boot_time_seconds", service="names") > 1.7e9
        assert page.types["bind_incoming_requests_total"] == "counter"
        assert ask(dns, "ns.lab.test", 1) == 0
        assert ask(dns, "nowhere.lab.test", 1) == 3
        page = house.scrape_until("BIND has counted both", lambda page: page.value("bind_incoming_queries_total", service="names", type="A") == 2)
        assert page.value("bind_responses_total", service="names", result="Success") == 1
        assert page.value("bind_responses_total", service="names", result="NXDOMAIN") == 1
        assert "let url end in /json/v1" in house.fails("xml", "bind")
        house.end("named")
        assert house.fails("names", "bind").endswith("Connection refused")


if __name__ == "__main__":
    main(sys.argv[1])
