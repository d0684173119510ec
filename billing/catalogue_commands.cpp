// SPDX-License-Identifier: AGPL-3.0-or-later
// service add | list, activity add | list, vendor add
#include "billing/command_support.hpp"
#include "billing/report/columns.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace intendance::billing {
namespace {

using core::Command;
using core::CommandContext;
using core::ExitStatus;

ExitStatus answer_added(const CommandContext& context, const char* kind, bool added) {
  const auto name = context.text("name");
  if (context.json()) {
    print_json(context, {{"kind", kind}, {"name", name}, {"added", added}});
  } else {
    context.out() << name << ' '
                  << (added ? say(context.language(), "est inscrit", "is recorded")
                            : say(context.language(), "était déjà inscrit", "was recorded already"))
                  << '\n';
  }
  return ExitStatus::done;
}

ExitStatus add_service_command(CommandContext& context) {
  const auto name = context.text("name");
  auto database = open_ledger(context);
  return answer_added(context, "service", add_service(database, name, context.text("label", "")));
}

ExitStatus add_activity_command(CommandContext& context) {
  CatalogueItem activity{context.text("name"), "", ""};
  activity.label_french = context.text("label-fr", activity.name);
  activity.label_english = context.text("label-en", activity.name);
  auto database = open_ledger(context);
  return answer_added(context, "activity", add_activity(database, activity));
}

ExitStatus add_vendor_command(CommandContext& context) {
  const auto name = context.text("name");
  auto database = open_ledger(context);
  return answer_added(context, "vendor", add_vendor(database, name, context.text("label", name)));
}

void print_items(const CommandContext& context, const std::vector<CatalogueItem>& items) {
  auto array = nlohmann::ordered_json::array();
  for (const auto& item : items) {
    if (context.json()) {
      array.push_back(
          {{"name", item.name}, {"label_fr", item.label_french}, {"label_en", item.label_english}});
    } else {
      context.out() << pad_right(item.name, 24)
                    << say(context.language(), item.label_french, item.label_english) << '\n';
    }
  }
  if (context.json()) print_json(context, array);
}

ExitStatus list_services_command(CommandContext& context) {
  auto database = open_ledger(context);
  print_items(context, list_services(database));
  return ExitStatus::done;
}

ExitStatus list_activities_command(CommandContext& context) {
  auto database = open_ledger(context);
  print_items(context, list_activities(database));
  return ExitStatus::done;
}

Command named_command(const char* name, const char* summary, const char* example,
                      ExitStatus (*run)(CommandContext&)) {
  Command command;
  command.name = name;
  command.summary = summary;
  command.arguments = "NAME";
  command.example = example;
  command.options.add_options()("name", boost::program_options::value<std::string>(), "");
  command.positional = {{"name", 1}};
  command.run = run;
  add_database_option(command);
  return command;
}

Command list_command(const char* name, const char* summary, const char* example,
                     ExitStatus (*run)(CommandContext&)) {
  Command command;
  command.name = name;
  command.summary = summary;
  command.example = example;
  command.run = run;
  add_database_option(command);
  return command;
}

} // namespace

void register_catalogue_commands(core::CommandLine& line) {
  auto service = named_command("service add", "Let hours be recorded for a service",
                               "intendance service add expositions --label \"Expositions (Omeka)\"",
                               add_service_command);
  add_text_option(service, "label", "TEXT", "its name in reports");
  line.add(std::move(service));
  line.add(list_command("service list", "Show the services that hours are recorded for",
                        "intendance service list", list_services_command));
  auto activity =
      named_command("activity add", "Add a kind of work",
                    "intendance activity add training --label-fr formation --label-en training",
                    add_activity_command);
  add_text_option(activity, "label-fr", "TEXT", "its name in French");
  add_text_option(activity, "label-en", "TEXT", "its name in English");
  line.add(std::move(activity));
  line.add(list_command("activity list", "Show the kinds of work", "intendance activity list",
                        list_activities_command));
  auto vendor = named_command("vendor add", "Add someone who does billable work",
                              "intendance vendor add koumbit --label Koumbit", add_vendor_command);
  add_text_option(vendor, "label", "TEXT", "the name in reports");
  line.add(std::move(vendor));
}

} // namespace intendance::billing
