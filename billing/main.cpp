// SPDX-License-Identifier: AGPL-3.0-or-later
// intendance-billingd: shows what the ledger says.
#include "billing/config.hpp"
#include "billing/mail/mailer.hpp"
#include "billing/metrics.hpp"
#include "billing/refresher.hpp"
#include "billing/server.hpp"
#include "core/daemon.hpp"
#include "core/exposition.hpp"

int main(int argument_count, char** arguments) {
  using namespace intendance;
  return core::run_daemon(
      argument_count, arguments, "intendance-billingd", [](core::Daemon& daemon) {
        const auto config = billing::read_config(daemon.config());
        const billing::Refresher refresher(config.database, config.refresh, daemon.clock(),
                                           daemon.state_directory() / "ledger-head.txt");
        std::optional<billing::Mailer> mailer;
        if (config.mail) mailer.emplace(config, daemon.state_directory(), daemon.clock());
        core::MetricsPage page;
        page.add("ledger", std::make_shared<billing::LedgerMetrics>(refresher));
        if (mailer) page.add("mail", std::make_shared<billing::MailMetrics>(*mailer));
        core::HttpServerOptions options;
        options.listen = config.listen;
        const core::HttpServer server(options, billing::make_router(config, refresher, page));
        daemon.ready("answering on " + server.address());
        daemon.wait();
      });
}
