#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tests of grafana_check.py: that it finds the faults it is there for."""
import http.server
import json
import threading
import unittest
import urllib.parse

import grafana_check

SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def panel(number=1, x=0, expression="up", **other):
    return {"id": number, "type": "stat", "title": "Machines", "datasource": SOURCE,
            "gridPos": {"x": x, "y": 0, "w": 8, "h": 4}, "fieldConfig": {"defaults": {"unit": "short"}},
            "targets": [{"refId": "A", "datasource": SOURCE, "expr": expression}], **other}


def dashboard(*panels, **other):
    variables = [{"name": "datasource", "type": "datasource"}, {"name": "machine", "type": "query", "allValue": ".*"}]
    return {"uid": "intendance", "schemaVersion": 39, "templating": {"list": variables},
            "panels": list(panels or [panel()]), **other}


class Document(unittest.TestCase):
    def faults(self, document):
        found = [*grafana_check.faults_of_document(document), *grafana_check.faults_of_places(document)]
        for each in grafana_check.panels_of(document):
            found += grafana_check.faults_of_panel(each)
        return found + list(grafana_check.faults_of_expressions(document, None))

    def assert_fault(self, words, document):
        self.assertTrue(any(words in fault for fault in self.faults(document)), self.faults(document))

    def test_a_good_one_has_none(self):
        self.assertEqual(self.faults(dashboard(panel(1), panel(2, x=8))), [])

    def test_names_each_fault(self):
        self.assert_fault("uid", dashboard(uid=None))
        self.assert_fault("schemaVersion", dashboard(schemaVersion=16))
        self.assert_fault("exported", dashboard(id=7))
        self.assert_fault("data source", dashboard(templating={"list": []}))
        self.assert_fault("twice", dashboard(panel(1), panel(1, x=8)))
        self.assert_fault("lies on", dashboard(panel(1), panel(2, x=4)))
        self.assert_fault("no title", dashboard(panel(title=" ")))
        self.assert_fault("no unit", dashboard(panel(fieldConfig={"defaults": {}})))
        self.assert_fault("nothing is asked", dashboard(panel(targets=[])))
        self.assert_fault("not ${datasource}", dashboard(panel(datasource={"uid": "abc"})))
        self.assert_fault("declared", dashboard(panel(expression='up{instance="$host"}')))

    def test_panels_in_a_row_count(self):
        row = {"id": 9, "type": "row", "title": "", "gridPos": {"x": 0, "y": 9, "w": 24, "h": 1}, "panels": [panel(9)]}
        self.assert_fault("twice", dashboard(row))


class Expressions(unittest.TestCase):
    """Against a server that answers as Prometheus does."""

    def setUp(self):
        self.asked = asked = []

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                asked.append(urllib.parse.parse_qs(body)["query"][0])
                bad = "(" in asked[-1]
                found = [] if "nothing" in asked[-1] or "failure_info" in asked[-1] else [{"metric": {}}]
                answer = {"error": "parse error"} if bad else {"data": {"result": found}}
                self.send_response(400 if bad else 200)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(lambda: (server.shutdown(), thread.join(), server.server_close()))
        self.address = f"http://127.0.0.1:{server.server_port}"

    def faults(self, expression, address=None):
        document = dashboard(panel(expression=expression))
        return list(grafana_check.faults_of_expressions(document, address or self.address))

    def test_variables_are_put_in(self):
        self.assertEqual(self.faults('rate(x{i=~"$machine"}[$__rate_interval]'.replace("(", "[")), [])
        self.assertEqual(self.asked, ['rate[x{i=~".*"}[2m]'])

    def test_an_error_and_an_empty_answer_are_faults(self):
        self.assertIn("parse error", self.faults("rate(")[0])
        self.assertIn("finds nothing", self.faults("nothing")[0])

    def test_what_may_be_empty_is_no_fault(self):
        self.assertEqual(self.faults('probe_failure_info{instance=~"$machine"}'), [])

    def test_a_prometheus_that_is_away_is_one_line(self):
        (fault,) = self.faults("up", "http://127.0.0.1:1")
        self.assertIn("http://127.0.0.1:1 does not answer", fault)


if __name__ == "__main__":
    unittest.main()
