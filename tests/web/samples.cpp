// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/web/samples.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace intendance::web::samples {

const std::string collectord = R"({
  "machine": "web-1", "version": "0.1.0", "time": "2026-11-23T13:12:00Z",
  "boot_time": "2026-11-01T04:00:12Z", "load1": 0.42, "cpus": 2,
  "memory": { "total_bytes": 4112621568, "available_bytes": 2201231360 },
  "filesystems": [ { "mountpoint": "/", "size_bytes": 21001531392, "available_bytes": 9123456789 } ],
  "services": [
    { "name": "expositions", "kind": "omeka-s", "url": "https://expositions.example.org/",
      "state": "up", "since": "2026-11-20T08:00:00Z", "checked": "2026-11-23T13:11:48Z",
      "phase": null, "reason": null, "detail": null, "duration_seconds": 0.182 }
  ]
})";

const std::string backupd = R"({
  "machine": "web-1", "version": "0.1.0", "time": "2026-11-23T13:12:00Z",
  "jobs": [
    { "name": "expositions", "repository": "calcul-quebec", "schedule": "daily 02:15",
      "next_run": "2026-11-24T07:15:00Z", "running": false, "overdue": false,
      "last_success": "2026-11-23T07:15:31Z",
      "last_run": { "started": "2026-11-23T07:15:00Z", "finished": "2026-11-23T07:15:31Z",
        "outcome": "done", "error": null, "snapshot": "7f3a9c1e", "files": 182410,
        "read_bytes": 851443712, "new_bytes": 812646400, "stored_bytes": 147849216, "warnings": 2 } }
  ]
})";

const std::string hub_backupd = R"({
  "machine": "hub", "version": "0.1.0", "time": "2026-11-23T13:12:00Z", "jobs": [],
  "care": [
    { "repository": "web-1", "running": false, "snapshots": 31, "bytes": 442381631488,
      "damaged_objects": 0, "lost_files": null, "never_read_bytes": 147849216,
      "oldest_unread": "2026-09-20T08:41:00Z",
      "forget": { "schedule": "daily 03:41", "next_run": null, "overdue": false,
        "last_success": "2026-11-23T08:41:00Z", "failures": 0, "last_run": null },
      "prune": { "schedule": "daily 03:41", "next_run": null, "overdue": false,
        "last_success": "2026-11-23T08:41:30Z", "failures": 1,
        "last_run": { "started": "2026-11-23T09:41:00Z", "finished": "2026-11-23T09:41:30Z",
          "outcome": "failed", "error": "no route to host", "findings": 0 } },
      "verify": { "schedule": "weekly sun 03:41", "next_run": null, "overdue": false,
        "last_success": "2026-11-22T09:02:11Z", "failures": 0, "last_run": null } }
  ]
})";

const std::string billingd = R"({
  "time": "2026-11-23T13:12:00Z", "currency": "CAD", "basis": "net",
  "budgets": [
    { "fund": "F-1234", "label": "Fonctionnement", "year": 2026,
      "from": "2026-04-01", "to": "2027-03-31",
      "budget_cents": 2400000, "spent_cents": 641250, "available_cents": 1758750,
      "minutes": 3206, "as_of": "2026-11-23",
      "forecast": { "verdict": "lasts", "exhausted": null,
        "cost": { "low_cents": 1982211, "middle_cents": 2104500, "high_cents": 2291240 } } }
  ],
  "ledger": { "entries": 118, "head": "5f0c" }
})";

core::TimePoint now() { return core::parse_utc("2026-11-23T13:12:00Z"); }

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos)
    ADD_FAILURE() << "the sample does not hold " << from;
  else
    text.replace(at, from.size(), to);
  return text;
}

DaemonReport answered_collectord(const std::string& body, const std::string& machine) {
  return {{DaemonKind::collectord, machine, "http://127.0.0.1:9710"},
          now(),
          now(),
          "",
          parse_collectord_answer(body)};
}

DaemonReport answered_backupd(const std::string& body, const std::string& machine) {
  return {{DaemonKind::backupd, machine, "http://127.0.0.1:9711"},
          now(),
          now(),
          "",
          parse_backupd_answer(body)};
}

DaemonReport answered_billingd(const std::string& body) {
  return {{DaemonKind::billingd, "", "http://127.0.0.1:9712"},
          now(),
          now(),
          "",
          parse_billingd_answer(body)};
}

std::unique_ptr<core::HttpServer> serve(core::HttpHandler handler) {
  core::HttpRouter router;
  router.add("GET", "/*", std::move(handler));
  core::HttpServerOptions options;
  options.listen = "127.0.0.1:0";
  return std::make_unique<core::HttpServer>(options, std::move(router));
}

std::unique_ptr<core::HttpServer> serve(const std::string& body, int status) {
  return serve(
      [body, status](const core::HttpRequest&) { return core::HttpResponse::json(body, status); });
}

} // namespace intendance::web::samples
