// SPDX-License-Identifier: AGPL-3.0-or-later
// intendance-backupd: runs this machine's jobs when they are due, and tells how they went.
#include "backupd/config.hpp"
#include "backupd/schedule/care_runner.hpp"
#include "backupd/schedule/job_runner.hpp"
#include "backupd/schedule/scheduler.hpp"
#include "backupd/service.hpp"
#include "core/daemon.hpp"
#include "core/exposition.hpp"

int main(int count, char** arguments) {
  using namespace intendance;
  return core::run_daemon(count, arguments, "intendance-backupd", [](core::Daemon& daemon) {
    const auto config = backupd::read_config(daemon.config());
    const backupd::JobStates states(daemon.state_directory());
    const auto zone = core::TimeZone::local();
    const backupd::CareStates care(daemon.state_directory());
    storage::StoreMeters meters;
    const backupd::ServiceView view{config, states, care, zone, daemon.clock(), meters};
    core::MetricsPage page;
    page.add("backup", backupd::backup_metrics(view));

    core::HttpServerOptions options;
    options.listen = config.listen;
    const core::HttpServer server(options, backupd::make_router(view, page));
    const backupd::CareSetting setting{config.machine, daemon.state_directory(), zone,
                                       daemon.clock(), config.priority,          &meters};
    // Apart, so that reading a repository through delays no backup.
    const backupd::Scheduler jobs(
        job_duties(config.jobs, states, daemon.clock(), zone,
                   backupd::logged_runner(
                       {config.machine, daemon.state_directory(), config.priority, &meters})),
        daemon.clock());
    const backupd::Scheduler caring(care_duties(config.care, care, setting), daemon.clock());
    daemon.ready("answering on " + server.address());
    daemon.wait();
  });
}
