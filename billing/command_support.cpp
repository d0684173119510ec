// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/command_support.hpp"

#include "billing/ledger/session.hpp"
#include "core/clock.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace intendance::billing {

void add_text_option(core::Command& command, const char* name, const char* value,
                     const char* description) {
  command.options.add_options()(
      name, boost::program_options::value<std::string>()->value_name(value), description);
}

void add_database_option(core::Command& command) {
  add_text_option(command, "database", "URI",
                  "the ledger's database, without a password (default: [billingd] database, or "
                  "postgresql:///intendance)");
}

BillingConfig settings(const core::CommandContext& context) {
  return context.has_config() ? read_config(context.config()) : BillingConfig();
}

std::string database_address(const core::CommandContext& context) {
  return context.has("database") ? context.text("database") : settings(context).database;
}

core::Postgres open_ledger(const core::CommandContext& context) {
  return open_ledger(database_address(context));
}

std::optional<std::string> optional_text(const core::CommandContext& context, const char* option) {
  if (!context.has(option)) return std::nullopt;
  return context.text(option);
}

Fund chosen_fund(const core::CommandContext& context, core::Postgres& database) {
  const auto asked = optional_text(context, "fund");
  return require_fund(database, asked ? asked : settings(context).fund);
}

Date today() { return core::TimeZone::local().date(core::system_clock().now()); }

std::string_view say(core::Language language, std::string_view french, std::string_view english) {
  return language == core::Language::french ? french : english;
}

std::string money_on_basis(Cents amount, Basis basis, core::Language language) {
  const auto words = [&]() -> std::string_view {
    switch (basis) {
    case Basis::net: return say(language, "nets", "net");
    case Basis::gross: return say(language, "bruts", "gross");
    case Basis::before_tax: return say(language, "avant taxes", "before tax");
    }
    return "";
  }();
  return format_money(amount, language) + " " + std::string(words);
}

void print_json(const core::CommandContext& context, const nlohmann::ordered_json& document) {
  context.out() << document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                << '\n';
}

} // namespace intendance::billing
