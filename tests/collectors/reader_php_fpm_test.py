#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""collectord reads the status of a real PHP-FPM, also while every process of its pool is busy.

reader_php_fpm_test.py COLLECTORD FIXTURES     exit 0 when all holds
"""
import socket
import struct
import sys

from reader_house import House, answers, free_ports, need

PHP_FPM = "/usr/sbin/php-fpm8.2"
# A pool of one process; its state is asked on sockets of its own, which answer when it cannot.
CONFIGURATION = """[global]
error_log = {top}/error.log
daemonize = no
[www]
listen = {top}/www.sock
pm = static
pm.max_children = 1
pm.status_path = /fpm-status
pm.status_listen = 127.0.0.1:{port}
[other]
listen = {top}/other.sock
pm = static
pm.max_children = 1
"""


def main(program: str) -> None:
    need(PHP_FPM)
    port, = free_ports(1)
    with House("php-fpm", program) as house:
        configuration = house.file("php-fpm.conf", CONFIGURATION.format(top=house.top, port=port))
        house.begin("php-fpm", PHP_FPM, "--fpm-config", configuration, "--nodaemonize", "-n")
        house.wait_for("php-fpm", lambda: answers(port) and (house.top / "www.sock").exists())
        house.collect(f"""
[[reader]]
service = "site"
kind = "php-fpm"
socket = "{house.top}/www.sock"
[[reader]]
service = "beside"
kind = "php-fpm"
socket = "127.0.0.1:{port}"
[[reader]]
service = "other"
kind = "php-fpm"
socket = "{house.top}/other.sock"
[[reader]]
service = "absent"
kind = "php-fpm"
socket = "{house.top}/absent.sock"
""")
        page = house.read("site", "php-fpm")
        assert page.value("phpfpm_up", service="site") == 1
        assert page.value("phpfpm_total_processes", service="site", pool="www") == 1
        assert page.value("phpfpm_active_processes", service="site", pool="www") == 1
        before = page.value("phpfpm_accepted_connections", service="site", pool="www")
        assert house.scrape().value("phpfpm_accepted_connections", service="site", pool="www") > before
        assert page.types["phpfpm_accepted_connections"] == "counter"
        house.read("beside", "php-fpm")
        reason = house.fails("other", "php-fpm")
        assert "pm.status_path" in reason, reason
        assert "No such file or directory; start the service" in house.fails("absent", "php-fpm")
        check_busy(house)
        house.end("php-fpm")
        assert "start the service" in house.fails("beside", "php-fpm")


def record(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def check_busy(house: House) -> None:
    """A script holds the only process: who asks it waits in vain, who asks beside it sees that."""
    script = house.file("slow.php", "<?php while (!file_exists(__DIR__ . '/enough')) { usleep(10000); clearstatcache(); }")
    parameters = b"".join(bytes([len(name), len(value)]) + name + value for name, value in (
        (b"REQUEST_METHOD", b"GET"), (b"SCRIPT_NAME", b"/slow.php"), (b"SCRIPT_FILENAME", str(script).encode())))
    with socket.socket(socket.AF_UNIX) as holder:
        holder.connect(str(house.top / "www.sock"))
        holder.sendall(record(1, struct.pack(">HB5x", 1, 0)) + record(4, parameters) + record(4, b"") + record(5, b""))
        reason = house.fails("site", "php-fpm")
        assert "did not answer in time" in reason or reason == "has not come back", reason
        page, seconds = house.timed_scrape()
        assert seconds < 1, seconds
        assert page.value("phpfpm_total_processes", service="site", pool="www") == 1, "the last values stay"
        house.scrape_until("it is seen from beside", lambda page: page.value("phpfpm_active_processes", service="beside", pool="www") == 1)
        house.file("enough", "")
    house.read("site", "php-fpm")


if __name__ == "__main__":
    main(sys.argv[1])
