#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The built intendance-collectord with a real Prometheus: both started on free loopback ports.

collectord_integration.py COLLECTORD SERVICES_DIRECTORY     exit 0 when all holds

The daemon probes a small site of this script's own and one port where nothing listens; its page is
read in both formats and linted by promtool; Prometheus scrapes it and answers queries.
"""
import gzip
import http.server
import json
import pathlib
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

TOKEN = "a-token-of-this-test"
PATIENCE = 40  # seconds until something that must happen counts as missing


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        body = "<h1>Ouvroir</h1>".encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Daemon:
    """A process whose log is read line by line; stopped by SIGTERM, and waited for."""

    def __init__(self, arguments):
        self.lines, self.seen = queue.Queue(), []
        self.process = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            self.lines.put(line)
        self.lines.put(None)

    def wait_for(self, pattern):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"no {pattern!r} from {self.process.args[0]}:\n" + "".join(self.seen))
            self.seen.append(line)
            if match := re.search(pattern, line):
                return match

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=PATIENCE)
        self.reader.join()
        self.process.stderr.close()
        return status


def fetch(url, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=PATIENCE) as answer:
        return answer.headers, answer.read()


def status_of(url, **headers):
    try:
        fetch(url, **headers)
        return 200
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def until(what, ask):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if value := ask():
            return value
        threading.Event().wait(0.1)
    raise AssertionError(f"still not so after {PATIENCE} s: {what}")


def write_config(folder, services, good, closed):
    (folder / "token").write_text(TOKEN + "\n")
    path = folder / "intendance.toml"
    path.write_text(
        f"""[machine]
name = "web-1"
[collectord]
listen = "127.0.0.1:0"
token_file = "token"
services = "{services}"
probe_interval = "1s"
[[service]]
name = "site"
kind = "website"
url = "http://127.0.0.1:{good}/"
text = "Ouvroir"
[[service]]
name = "gone"
kind = "nextcloud"
url = "http://127.0.0.1:{closed}/"
"""
    )
    return path


def check_pages(address):
    bearer = f"Bearer {TOKEN}"
    assert status_of(f"{address}/metrics") == 401
    assert status_of(f"{address}/api/v1/status", Authorization="Bearer wrong") == 401
    assert status_of(f"{address}/healthz") == 200

    def services():
        body = fetch(f"{address}/api/v1/status", Authorization=bearer)[1]
        status = json.loads(body)
        states = {service["name"]: service["state"] for service in status["services"]}
        return status if states == {"site": "up", "gone": "down"} else None

    status = until("site up, gone down", services)
    assert status["machine"] == "web-1" and status["cpus"] >= 1 and status["filesystems"], status
    gone = status["services"][1]
    assert (gone["phase"], gone["reason"], gone["detail"]) == ("connect", "refused", "Connection refused"), gone

    probes = json.loads(fetch(f"{address}/api/v1/probes", Authorization=bearer)[1])
    remembered = probes["services"][1]["failures"]
    assert remembered[-1]["reason"] == "refused" and remembered[-1]["times"] >= 1, remembered
    assert probes["services"][0]["checks"][0]["success"] is True, probes

    headers, page = fetch(f"{address}/metrics", Authorization=bearer, Accept_Encoding="gzip")
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", headers
    page = gzip.decompress(page).decode()
    assert 'probe_success{service="site",kind="website"} 1\n' in page
    assert 'probe_failure_info{service="gone",kind="nextcloud",check="status",phase="connect",reason="refused"} 1\n' in page
    assert status_of(f"{address}/metrics?collect[]=nowhere", Authorization=bearer) == 400
    _, openmetrics = fetch(f"{address}/metrics", Authorization=bearer, Accept="application/openmetrics-text")
    assert openmetrics.endswith(b"# EOF\n")
    return page


def check_lint(page):
    """promtool may complain of node_exporter's own names (camelCase), and of nothing else."""
    lint = subprocess.run(["promtool", "check", "metrics"], input=page, text=True, capture_output=True)
    ours = [line for line in lint.stderr.splitlines() + lint.stdout.splitlines() if not line.startswith("node_")]
    assert not ours, "\n".join(ours)
    assert lint.returncode in (0, 3), lint  # 3: linting problems, those of node_


def check_prometheus(folder, address):
    target = address.removeprefix("http://")
    config = folder / "prometheus.yml"
    config.write_text(
        f"""global: {{ scrape_interval: 1s, scrape_timeout: 1s }}
scrape_configs:
  - job_name: collectord
    authorization: {{ credentials_file: "{folder}/token" }}
    static_configs: [ {{ targets: ["{target}"] }} ]
"""
    )
    # Prometheus wants the credentials without a newline.
    (folder / "token").write_text(TOKEN)
    prometheus = Daemon(
        ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data", "--web.listen-address=127.0.0.1:0"]
    )
    try:
        base = "http://" + prometheus.wait_for(r"Listening on.*address=(127\.0\.0\.1:\d+)").group(1)

        def query(expression):
            try:
                url = f"{base}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
                return json.loads(fetch(url)[1])["data"]["result"]
            except urllib.error.URLError:
                return None  # it is still starting

        until("Prometheus scrapes the daemon", lambda: query('up{job="collectord"} == 1'))
        assert query("node_memory_MemTotal_bytes > 1e8")
        assert query('probe_success{service="gone"} == 0')
        assert query('count(node_cpu_seconds_total{mode="idle"})')
        assert query('node_uname_info{nodename!=""}')
        assert query("count(node_scrape_collector_success == 0)") == []
        samples = query("scrape_samples_scraped")[0]["value"][1]
        return int(samples)
    finally:
        assert prometheus.stop() == 0


def main(program, services):
    for tool in ("promtool", "prometheus"):
        assert shutil.which(tool), f"{tool} is missing: apt install prometheus"
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    closed = socket.socket()  # bound and not listening: connections are refused while it is open
    closed.bind(("127.0.0.1", 0))
    with tempfile.TemporaryDirectory(prefix="collectord-") as name:
        folder = pathlib.Path(name)
        config = write_config(folder, services, site.server_port, closed.getsockname()[1])
        collectord = Daemon([program, "--config", str(config), "--state", name])
        try:
            address = collectord.wait_for(r"answering on (http://127\.0\.0\.1:\d+)").group(1)
            page = check_pages(address)
            check_lint(page)
            samples = check_prometheus(folder, address)
        finally:
            status = collectord.stop()
        assert status == 0, status
        kept = json.loads((folder / "probes" / "gone.json").read_text())["failures"]
        assert [entry["reason"] for entry in kept] == ["refused"], kept
        assert samples >= 200, samples
        print(f"{samples} samples a scrape; promtool has nothing against a name of ours")
    site.shutdown()
    site.server_close()
    closed.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2]).resolve()))
