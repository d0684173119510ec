// SPDX-License-Identifier: AGPL-3.0-or-later
// intendance-collectord: this machine's figures and the state of its services.
#include "collectors/apt/watch.hpp"
#include "collectors/config.hpp"
#include "collectors/host/host.hpp"
#include "collectors/probes/prober.hpp"
#include "collectors/readers/reader.hpp"
#include "collectors/status.hpp"
#include "core/daemon.hpp"

using namespace intendance;

int main(int argument_count, char** arguments) {
  return core::run_daemon(argument_count, arguments, "intendance-collectord", [](auto& daemon) {
    const auto config = collectors::read_config(daemon.config());
    const collectors::Prober prober(config.services, config.probe_interval,
                                    collectors::machine_name_servers(), daemon.clock(),
                                    collectors::FailureFolder(daemon.state_directory()));

    const collectors::AptWatch apt(daemon.clock());

    core::MetricsPage page;
    collectors::build_host_page(page, {}, config.textfiles, daemon.clock());
    page.add("apt", apt.collectable());
    page.add("probes", prober.collectable());
    collectors::add_readers(page, config.readers);

    using Area = core::HttpGuard::Area;
    const core::HttpGuard guard(config.token_file);
    const auto status = collectors::status_handler(config.machine, page, prober, daemon.clock());
    core::HttpRouter router;
    router.add("GET", "/metrics", guard(Area::metrics, page.handler()));
    router.add("GET", "/api/v1/status", guard(Area::api, status));
    router.add(
        "GET", "/api/v1/probes",
        guard(Area::api, collectors::probes_handler(config.machine, prober, daemon.clock())));
    router.add("GET", "/healthz", [](const auto&) {
      return core::HttpResponse{200, "text/plain", "ok\n", {}};
    });

    core::HttpServerOptions options;
    options.listen = config.listen;
    const core::HttpServer server(options, router);
    daemon.ready("answering on " + server.address());
    daemon.wait();
  });
}
