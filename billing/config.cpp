// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/config.hpp"

#include "core/error.hpp"
#include "core/http_server.hpp"
#include "core/postgres.hpp"

namespace intendance::billing {
namespace {

void read_listen(core::ConfigTable& table, BillingConfig& config) {
  config.listen = table.text("listen", config.listen);
  config.token_file = table.optional_path("token_file");
  const auto address = table.parsed("listen", config.listen, core::parse_listen_address);
  if (!address.is_loopback() && !config.token_file) {
    table.fail("listen", config.listen + " can be reached from other machines, so token_file must "
                                         "be given; without one only 127.0.0.1 is allowed");
  }
}

} // namespace

BillingConfig read_config(const core::ConfigDocument& document) {
  BillingConfig config;
  for (auto& service : document.tables("service")) config.services.push_back(service.text("name"));
  auto table = document.table("billingd");
  if (!table) return config;
  read_listen(*table, config);
  config.database = table->text("database", config.database);
  try {
    core::Postgres::check_address(config.database);
  } catch (const core::ConfigError& error) {
    // Not by the table's own means, which would show the value and with it a password.
    throw core::ConfigError(table->place() + ": [billingd] database: " + error.what());
  }
  config.refresh = table->duration("refresh", config.refresh);
  config.fund = table->optional_text("fund");
  config.vendor = table->text("vendor", config.vendor);
  config.activity = table->text("activity", config.activity);
  table->finish();
  return config;
}

void check_config(const core::ConfigDocument& document) { read_config(document); }

} // namespace intendance::billing
