// SPDX-License-Identifier: AGPL-3.0-or-later
// The examples of docs/api.md, and daemons that give them or worse.
#pragma once

#include "core/http_server.hpp"
#include "web/overview.hpp"

#include <memory>
#include <string>

namespace intendance::web::samples {

extern const std::string collectord;  // machine web-1, one service up, /: 43 % free
extern const std::string hub_backupd; // the care for one repository, whose prune failed once
extern const std::string backupd;     // machine web-1, one job that succeeded with warnings 2
extern const std::string billingd;    // one budget, 2026-04-01 to 2027-03-31

// 2026-11-23T13:12:00Z: when the samples speak.
core::TimePoint now();

// `text` with the first `from` replaced; fails the test when it is not there.
std::string with(std::string text, const std::string& from, const std::string& to);

// Reports as they are after `body` was received at now().
DaemonReport answered_collectord(const std::string& body = collectord,
                                 const std::string& machine = "web-1");
DaemonReport answered_backupd(const std::string& body = backupd,
                              const std::string& machine = "web-1");
DaemonReport answered_billingd(const std::string& body = billingd);

// A daemon on a free port that gives `response` to any GET.
std::unique_ptr<core::HttpServer> serve(core::HttpHandler handler);
std::unique_ptr<core::HttpServer> serve(const std::string& body, int status = 200);

} // namespace intendance::web::samples
