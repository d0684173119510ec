#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""collectord relays real Prometheus pages: HAProxy's, and CouchDB's as it was recorded, which asks for a password.

reader_relay_test.py COLLECTORD FIXTURES     exit 0 when all holds
"""
import base64
import http.server
import pathlib
import sys
import threading

from reader_house import House, answers, free_ports, need

HAPROXY = """global
  maxconn 100
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
frontend lab
  bind 127.0.0.1:{lab}
  http-request return status 200 if {{ path /known }}
  default_backend nowhere
backend nowhere
  server gone 127.0.0.1:{closed} check inter 200ms
frontend figures
  bind 127.0.0.1:{figures}
  http-request use-service prometheus-exporter if {{ path /metrics }}
"""


class CouchDb(http.server.BaseHTTPRequestHandler):
    """A stand-in: the answer is real, the server is not."""
    page = b""
    broken = False

    def do_GET(self):
        allowed = self.headers["Authorization"] == "Basic " + base64.b64encode(b"admin:a secret").decode()
        body = b"<html>oops" if self.broken else self.page
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Length", str(len(body) if allowed else 0))
        self.end_headers()
        if allowed:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def check_haproxy(house: House, lab: int) -> None:
    page = house.scrape_until("HAProxy sees that its server is down", lambda page: page.value(
        "haproxy_server_status", service="proxy", proxy="nowhere", server="gone", state="DOWN") == 1)
    assert page.types["haproxy_server_status"] == "gauge" and page.types["haproxy_frontend_http_requests_total"] == "counter"
    before = page.value("haproxy_frontend_http_requests_total", service="proxy", proxy="lab")
    house.run("curl", "-sf", f"http://127.0.0.1:{lab}/known")
    after = house.scrape().value("haproxy_frontend_http_requests_total", service="proxy", proxy="lab")
    assert after == before + 1, (before, after)
    assert not page.names("haproxy_backend"), "a family that nobody asked for"


def check_couchdb(house: House, url: str) -> None:
    page = house.read("documents", "prometheus")
    assert page.types["couchdb_httpd_status_codes"] == "counter"
    assert page.value("couchdb_httpd_status_codes", service="documents", code="200") is not None
    assert page.value("couchdb_request_time_seconds", service="documents", quantile="0.5") == 0.001375
    (house.top / "password").write_text("another\n")
    reason = house.fails("documents", "prometheus")
    assert reason.startswith(f"{url} answers 401") and "another" not in reason, reason
    (house.top / "password").write_text("a secret\n")
    house.read("documents", "prometheus")
    CouchDb.broken = True
    reason = house.fails("documents", "prometheus")
    assert reason.startswith(f"{url}: has none of the families"), reason
    page = house.scrape()  # and nothing else is
    assert page.value("intendance_reader_success", service="proxy", kind="prometheus") == 1
    assert page.value("couchdb_open_os_files", service="documents") is not None, "the last values stay"


def main(program: str, fixtures: pathlib.Path) -> None:
    need("/usr/sbin/haproxy")
    CouchDb.page = (fixtures / "couchdb-3.4.3_prometheus.txt").read_bytes()
    couchdb = http.server.ThreadingHTTPServer(("127.0.0.1", 0), CouchDb)
    threading.Thread(target=couchdb.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{couchdb.server_port}/_node/_local/_prometheus"
    lab, figures, closed = free_ports(3)
    with House("relay", program) as house:
        configuration = house.file("haproxy.cfg", HAPROXY.format(lab=lab, figures=figures, closed=closed))
        house.begin("haproxy", "/usr/sbin/haproxy", "-db", "-f", configuration)
        house.wait_for("haproxy", lambda: answers(figures))
        house.file("password", "a secret\n", 0o600)
        house.collect(f"""
[[reader]]
service = "proxy"
kind = "prometheus"
url = "http://127.0.0.1:{figures}/metrics"
families = ["haproxy_server_*", "haproxy_frontend_http_requests_total"]
[[reader]]
service = "documents"
kind = "prometheus"
url = "{url}"
user = "admin"
password_file = "password"
families = ["couchdb_httpd_status_codes", "couchdb_request_time_seconds", "couchdb_open_os_files"]
""")
        house.read("proxy", "prometheus")
        check_haproxy(house, lab)
        check_couchdb(house, url)
        house.end("haproxy")
        reason = house.fails("proxy", "prometheus")
        assert "Connection refused" in reason, reason
    couchdb.shutdown()
    couchdb.server_close()


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
