// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/command_support.hpp"

#include "billing/ledger/documents.hpp"
#include "billing/ledger/session.hpp"
#include "core/clock.hpp"

#include <nlohmann/json.hpp>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
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

core::Command ledger_command(const char* name, const char* summary,
                             core::ExitStatus (*run)(core::CommandContext&), const char* example) {
  core::Command command;
  command.name = name;
  command.summary = summary;
  command.example = example;
  command.run = run;
  add_database_option(command);
  return command;
}

void add_positional(core::Command& command, std::vector<std::pair<std::string, int>> names) {
  namespace options = boost::program_options;
  for (const auto& [name, count] : names) {
    if (count == 1) {
      command.options.add_options()(name.c_str(), options::value<std::string>(), "");
    } else {
      command.options.add_options()(name.c_str(), options::value<std::vector<std::string>>(), "");
    }
  }
  command.positional = std::move(names);
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

// A service of the configuration is known without more ado; another must have been added.
std::string chosen_service(const core::CommandContext& context, core::Postgres& database) {
  const auto name = context.text("service");
  const auto configured = settings(context).services;
  std::string known;
  for (const auto& service : list_services(database)) {
    if (service.name == name) return name;
    known += (known.empty() ? "" : " · ") + service.name;
  }
  if (std::find(configured.begin(), configured.end(), name) != configured.end()) {
    add_service(database, name, "");
    return name;
  }
  throw core::ConfigError("--service: there is no service \"" + name +
                          "\"; there are: " + (known.empty() ? "none yet" : known) +
                          "; add it with: intendance service add " + name);
}

std::optional<std::string> chosen_document(const core::CommandContext& context,
                                           core::Postgres& database) {
  if (!context.has("document")) return std::nullopt;
  return add_document_file(database, context.text("document")).sha256;
}

std::string required_word(const core::CommandContext& context, const char* name, const char* what) {
  if (!context.has(name)) throw core::ConfigError(std::string(what) + " is missing");
  return context.text(name);
}

std::string required_words(const core::CommandContext& context, const char* name,
                           const char* what) {
  std::string text;
  if (context.has(name)) {
    for (const auto& word : context.texts(name)) text += (text.empty() ? "" : " ") + word;
  }
  if (text.empty()) throw core::ConfigError("say " + std::string(what) + ", behind the rest");
  return text;
}

std::string login_name() {
  const passwd* entry = ::getpwuid(::getuid());
  if (entry == nullptr || entry->pw_name == nullptr) {
    throw core::ConfigError("this login has no name; say who with --by");
  }
  return entry->pw_name;
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
