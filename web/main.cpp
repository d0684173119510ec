// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/daemon.hpp"
#include "core/exposition.hpp"
#include "core/http_server.hpp"
#include "web/access.hpp"
#include "web/config.hpp"
#include "web/gather.hpp"
#include "web/metrics.hpp"
#include "web/poller.hpp"
#include "web/router.hpp"

using namespace intendance;

int main(int argument_count, char** arguments) {
  return core::run_daemon(argument_count, arguments, "intendance-webd", [](core::Daemon& daemon) {
    const web::WebConfig config = web::require_config(daemon.config());
    web::Access access(web::read_access_token(config), daemon.clock(), config.session_lifetime);
    const web::Poller poller(web::daemons_of(config), web::read_daemon_token(config),
                             {config.every, config.timeout}, daemon.clock());
    core::MetricsPage metrics;
    metrics.add("web", web::make_web_metrics(poller, access));
    core::HttpServerOptions options;
    options.listen = config.listen;
    options.most_body = std::size_t{16} << 10; // only a token is ever sent to us
    const core::HttpServer server(
        options, web::make_router(poller, access, metrics, core::HttpGuard(config.token_file)));
    daemon.ready("the dashboard is at " + server.address() + "/");
    daemon.wait();
  });
}
