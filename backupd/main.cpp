// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/config.hpp"
#include "backupd/schedule/job_runner.hpp"
#include "backupd/schedule/scheduler.hpp"
#include "backupd/service.hpp"
#include "core/daemon.hpp"
#include "core/exposition.hpp"

using namespace intendance;

namespace {

void serve(core::Daemon& daemon) {
  const auto config = backupd::read_config(daemon.config());
  const backupd::JobStates states(daemon.state_directory());
  const auto zone = core::TimeZone::local();
  core::MetricsPage metrics;
  metrics.add("backup", backupd::backup_metrics(config, states, zone, daemon.clock()));

  const core::HttpGuard guard(config.token_file);
  core::HttpRouter router;
  router.add("GET", "/metrics", guard(core::HttpGuard::Area::metrics, metrics.handler()));
  router.add("GET", "/api/v1/status",
             guard(core::HttpGuard::Area::api, [&](const core::HttpRequest&) {
               return core::HttpResponse::json(
                   backupd::status_json(config, states, zone, daemon.clock().now()));
             }));
  core::HttpServerOptions options;
  options.listen = config.listen;
  const core::HttpServer server(options, std::move(router));
  const backupd::Scheduler scheduler(
      config.jobs, states, daemon.clock(), zone,
      backupd::logged_runner(config.machine, daemon.state_directory()));
  daemon.ready("answering on " + server.address());
  daemon.wait();
}

} // namespace

int main(int count, char** arguments) {
  return core::run_daemon(count, arguments, "intendance-backupd", serve);
}
