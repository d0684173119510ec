// SPDX-License-Identifier: AGPL-3.0-or-later
// database migrate | status, ledger verify | export
#include "billing/command_support.hpp"
#include "billing/ledger/chain.hpp"
#include "billing/ledger/entries.hpp"
#include "billing/ledger/export.hpp"
#include "billing/report/columns.hpp"
#include "billing/schema/migrations.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <ostream>

namespace intendance::billing {
namespace {

using core::Command;
using core::CommandContext;
using core::ExitStatus;
using Json = nlohmann::ordered_json;

ExitStatus database_migrate(CommandContext& context) {
  core::Postgres database(database_address(context));
  const auto applied = migrate(database);
  grant_rights(database);
  if (context.json()) {
    print_json(context, {{"applied", applied}});
  } else if (applied.empty()) {
    context.out() << say(context.language(), "le registre est à jour\n",
                         "the ledger is up to date\n");
  }
  if (!context.json()) {
    for (const auto& name : applied) context.out() << "applied " << name << '\n';
  }
  return ExitStatus::done;
}

ExitStatus database_status(CommandContext& context) {
  core::Postgres database(database_address(context));
  Json array = Json::array();
  for (const auto& migration : migration_status(database)) {
    if (context.json()) {
      array.push_back(
          {{"name", migration.name},
           {"applied_at", migration.applied_at ? Json(*migration.applied_at) : Json(nullptr)}});
    } else {
      context.out() << pad_right(migration.name, 24)
                    << (migration.applied_at ? "applied " + *migration.applied_at : "pending")
                    << '\n';
    }
  }
  if (context.json()) print_json(context, array);
  return ExitStatus::done;
}

ExitStatus ledger_verify(CommandContext& context) {
  auto database = open_ledger(context);
  const auto faults = ledger_faults(database);
  const auto head = ledger_head(database);
  const auto expected = optional_text(context, "head");
  const bool held = !expected || chain_holds(database, *expected);
  if (context.json()) {
    Json array = Json::array();
    for (const auto& fault : faults) {
      array.push_back({{"what", fault.what}, {"fault", fault.fault}});
    }
    print_json(context, {{"entries", head.entries},
                         {"facts", head.facts},
                         {"head", head.hash},
                         {"expected_head_found", expected ? Json(held) : Json(nullptr)},
                         {"faults", array}});
  } else {
    for (const auto& fault : faults) {
      context.out() << fmt::format("{}: {}\n", fault.what, fault.fault);
    }
    context.out() << fmt::format("{} entries, {} facts, {} faults, head {}\n", head.entries,
                                 head.facts, faults.size(), head.hash);
  }
  if (!held) {
    context.err() << "intendance: no entry has the fingerprint " << *expected
                  << ": entries that were there when it was printed have been removed or changed; "
                     "compare with the last report's annex\n";
  }
  return faults.empty() && held ? ExitStatus::done : ExitStatus::failed;
}

ExitStatus ledger_export(CommandContext& context) {
  auto database = open_ledger(context);
  if (!context.has("output")) {
    export_ledger(database, context.out());
    context.out().flush();
    if (!context.out()) throw core::Error("the export could not be written to standard output");
    return ExitStatus::done;
  }
  const std::filesystem::path file = context.text("output");
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  if (!out) throw core::Error(file.string() + " cannot be written; choose another --output");
  const auto head = export_ledger(database, out);
  out.close();
  if (!out)
    throw core::Error(file.string() + " could not be written to its end; is the disk full?");
  context.out() << fmt::format("{} entries, {} facts, head {}\n", head.entries, head.facts,
                               head.hash);
  return ExitStatus::done;
}

Command simple_command(const char* name, const char* summary, ExitStatus (*run)(CommandContext&)) {
  Command command;
  command.name = name;
  command.summary = summary;
  command.example =
      "intendance " + command.name + " --database postgresql:///intendance?host=/run/postgresql";
  command.run = run;
  add_database_option(command);
  return command;
}

} // namespace

void register_ledger_commands(core::CommandLine& line) {
  line.add(simple_command("database migrate", "Create or upgrade the ledger's schema",
                          database_migrate));
  line.add(
      simple_command("database status", "Show which migrations the ledger has", database_status));
  auto verify =
      simple_command("ledger verify", "Check that no entry was changed or removed", ledger_verify);
  add_text_option(verify, "head", "HASH", "the fingerprint printed in an earlier report");
  line.add(std::move(verify));
  auto written =
      ledger_command("ledger export", "Write the whole ledger as lines of JSON, for auditors",
                     ledger_export, "intendance ledger export --output ledger.jsonl");
  add_text_option(written, "output", "FILE", "write there instead of to standard output");
  line.add(std::move(written));
}

} // namespace intendance::billing
