// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/config.hpp"

#include "billing/report/render.hpp"
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

void read_server(core::ConfigTable& table, core::SmtpServer& server) {
  const auto url = table.text("server");
  server = table.parsed("server", url, core::parse_smtp_server);
  server.user = table.text("user", "");
  server.password_file = table.optional_path("password_file");
  if (server.user.empty() != !server.password_file)
    table.fail(server.user.empty() ? "password_file" : "user",
               "user and password_file belong together; without both, nobody logs in");
  if (!server.user.empty() && server.tls == core::SmtpServer::Tls::none && !server.is_loopback())
    table.fail("server", "a password does not go over an open line; smtps:// is wanted");
}

MailSettings read_mail(core::ConfigTable& table) {
  MailSettings mail;
  read_server(table, mail.server);
  const auto checked = [&](const char* key, const std::string& address) {
    table.parsed(key, address, [](const std::string& text) {
      core::check_mail_address(text);
      return text;
    });
  };
  mail.from = table.text("from");
  checked("from", mail.from);
  mail.to = table.texts("to");
  if (mail.to.empty()) table.fail("to", "names nobody; [\"finances@example.org\"] is wanted");
  for (const auto& each : mail.to) checked("to", each);
  const auto on = table.text("on", mail.on.text());
  mail.on = table.parsed("on", on, [](const std::string& text) {
    if (!text.starts_with("monthly "))
      throw core::ConfigError("a report is mailed each month: \"monthly DAY HH:MM\" is wanted");
    return core::Schedule::parse(text);
  });
  mail.language = table.choice("language", {"fr", "en"}, "fr") == "en" ? core::Language::english
                                                                       : core::Language::french;
  if (table.has("formats")) mail.formats = table.texts("formats");
  for (const auto& each : mail.formats) table.parsed("formats", each, require_format);
  table.finish();
  return mail;
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
  if (auto mail = table->table("mail")) config.mail = read_mail(*mail);
  table->finish();
  return config;
}

void check_config(const core::ConfigDocument& document) { read_config(document); }

} // namespace intendance::billing
