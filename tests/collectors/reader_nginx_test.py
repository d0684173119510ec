#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""collectord reads the status of a real nginx.

reader_nginx_test.py COLLECTORD FIXTURES     exit 0 when all holds
"""
import sys

from reader_house import House, answers, free_ports, need

CONFIGURATION = """pid {top}/nginx.pid;
daemon off;
error_log {top}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {top}/body; proxy_temp_path {top}/proxy; fastcgi_temp_path {top}/fastcgi;
  uwsgi_temp_path {top}/uwsgi; scgi_temp_path {top}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location = /status {{ stub_status; }}
    location / {{ return 200 "hello"; }}
  }}
}}
"""


def main(program: str) -> None:
    need("/usr/sbin/nginx")
    port, = free_ports(1)
    with House("nginx", program) as house:
        configuration = house.file("nginx.conf", CONFIGURATION.format(top=house.top, port=port))
        house.begin("nginx", "/usr/sbin/nginx", "-e", house.top / "error.log", "-c", configuration)
        house.wait_for("nginx", lambda: answers(port))
        house.collect(f"""
[[reader]]
service = "site"
kind = "nginx"
url = "http://127.0.0.1:{port}/status"
[[reader]]
service = "wrong"
kind = "nginx"
url = "http://127.0.0.1:{port}/"
[[reader]]
service = "absent"
kind = "nginx"
url = "http://127.0.0.1:{port}/status/"
""")
        page = house.read("site", "nginx")
        assert page.value("nginx_up", service="site") == 1
        assert page.value("nginx_connections_active", service="site") >= 1
        before = page.value("nginx_http_requests_total", service="site")
        for _ in range(5):
            house.run("curl", "-sf", f"http://127.0.0.1:{port}/hello")
        after = house.scrape().value("nginx_http_requests_total", service="site")
        # Ours are among them, and those of the readers that are wrong.
        assert 5 < after - before < 20, (before, after)
        assert page.types["nginx_http_requests_total"] == page.types["nginx_connections_accepted"] == "counter"
        assert "Active" in house.fails("wrong", "nginx")
        assert page.value("nginx_up", service="wrong") == 0
        house.end("nginx")
        reason = house.fails("site", "nginx")
        assert reason.endswith("Connection refused"), reason
        assert house.scrape().value("nginx_up", service="site") == 0


if __name__ == "__main__":
    main(sys.argv[1])
