// SPDX-License-Identifier: AGPL-3.0-or-later
// What the commands of this room share.
#pragma once

#include "billing/config.hpp"
#include "billing/dates.hpp"
#include "billing/ledger/budget.hpp"
#include "billing/report/model.hpp"
#include "core/command.hpp"
#include "core/postgres.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace intendance::billing {

// Each file of commands has one.
void register_hours_commands(core::CommandLine& line);
void register_import_commands(core::CommandLine& line);
void register_invoice_commands(core::CommandLine& line);
void register_reconciliation_commands(core::CommandLine& line);
void register_grant_commands(core::CommandLine& line);
void register_budget_commands(core::CommandLine& line);
void register_catalogue_commands(core::CommandLine& line);
void register_ledger_commands(core::CommandLine& line);
void register_report_commands(core::CommandLine& line, std::vector<SectionSource> sections);
void register_forecast_commands(core::CommandLine& line);
void register_commitment_commands(core::CommandLine& line);
void register_cost_commands(core::CommandLine& line);
void register_closing_commands(core::CommandLine& line, std::vector<SectionSource> sections);

// A command of the ledger, with --database.
core::Command ledger_command(const char* name, const char* summary,
                             core::ExitStatus (*run)(core::CommandContext&), const char* example);
// Arguments without a name, in their order; the last may take many words ("description", -1).
void add_positional(core::Command& command, std::vector<std::pair<std::string, int>> names);

// Adds --NAME VALUE with a text.
void add_text_option(core::Command& command, const char* name, const char* value,
                     const char* description);
void add_database_option(core::Command& command);

// The configuration's, or what holds without one.
BillingConfig settings(const core::CommandContext& context);
// --database, or the configuration's.
std::string database_address(const core::CommandContext& context);
core::Postgres open_ledger(const core::CommandContext& context);
// --fund, the configuration's, or the only one.
Fund chosen_fund(const core::CommandContext& context, core::Postgres& database);
std::optional<std::string> optional_text(const core::CommandContext& context, const char* option);

// --service, which the ledger or the configuration knows.
std::string chosen_service(const core::CommandContext& context, core::Postgres& database);
// --document FILE, kept in the ledger; its SHA-256. Absent without the option.
std::optional<std::string> chosen_document(const core::CommandContext& context,
                                           core::Postgres& database);
// Arguments without a name. Bad usage that says what is missing when there is none.
std::string required_word(const core::CommandContext& context, const char* name, const char* what);
std::string required_words(const core::CommandContext& context, const char* name, const char* what);

Date today();             // on this machine's wall clock
std::string login_name(); // throws ConfigError when this login has none

// The option's text by `parse`, whose Error becomes bad usage that names the option.
template <class Parse>
auto parsed_option(const core::CommandContext& context, const std::string& option, Parse&& parse) {
  try {
    return parse(context.text(option));
  } catch (const core::ConfigError&) {
    throw;
  } catch (const core::Error& error) {
    throw core::ConfigError("--" + option + ": " + error.what());
  }
}

template <class Parse>
auto optional_option(const core::CommandContext& context, const std::string& option,
                     Parse&& parse) {
  using Value = decltype(parse(context.text(option)));
  if (!context.has(option)) return std::optional<Value>();
  return std::optional<Value>(parsed_option(context, option, std::forward<Parse>(parse)));
}

template <class Parse, class Value>
Value parsed_option_or(const core::CommandContext& context, const std::string& option,
                       Parse&& parse, Value fallback) {
  return context.has(option) ? parsed_option(context, option, std::forward<Parse>(parse))
                             : fallback;
}

std::string_view say(core::Language language, std::string_view french, std::string_view english);

// "15 835,02 $ nets"
std::string money_on_basis(Cents amount, Basis basis, core::Language language);

void print_json(const core::CommandContext& context, const nlohmann::ordered_json& document);

} // namespace intendance::billing
