// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/command.hpp"

#include "core/error.hpp"
#include "core/log.hpp"
#include "core/version.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace intendance::core {

namespace options = boost::program_options;

Language language_of(std::string_view locale) {
  return locale.starts_with("fr") ? Language::french : Language::english;
}

CommandContext::CommandContext(options::variables_map values, std::ostream& out, std::ostream& err,
                               std::stop_token stop)
    : values_(std::move(values)), out_(out), err_(err), stop_(std::move(stop)) {}

std::string CommandContext::text(const std::string& option) const {
  if (!has(option)) throw ConfigError("--" + option + " is missing");
  return values_[option].as<std::string>();
}

std::string CommandContext::text(const std::string& option, std::string fallback) const {
  if (!has(option)) return fallback;
  return values_[option].as<std::string>();
}

std::vector<std::string> CommandContext::texts(const std::string& option) const {
  return has(option) ? values_[option].as<std::vector<std::string>>() : std::vector<std::string>();
}

bool CommandContext::terminal() const {
  return &out_ == &std::cout && ::isatty(STDOUT_FILENO) == 1;
}

Language CommandContext::language() const {
  if (has("lang")) {
    const auto asked = text("lang");
    if (asked != "fr" && asked != "en")
      throw ConfigError("--lang " + asked + ": fr or en is wanted");
    return language_of(asked);
  }
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return language_of(value);
  }
  return Language::english;
}

std::filesystem::path CommandContext::state_directory() const {
  return text("state", "/var/lib/intendance");
}

bool CommandContext::has_config() const {
  return has("config") || std::filesystem::exists(ConfigDocument::default_file());
}

const ConfigDocument& CommandContext::config() const {
  if (!config_) {
    config_ = std::make_shared<const ConfigDocument>(
        ConfigDocument::load(text("config", ConfigDocument::default_file().string())));
  }
  return *config_;
}

options::options_description common_options() {
  options::options_description common("common options");
  common.add_options()("config", options::value<std::string>()->value_name("FILE"),
                       "configuration file")("state",
                                             options::value<std::string>()->value_name("DIR"),
                                             "state folder shared with the daemons")(
      "lang", options::value<std::string>()->value_name("fr|en"), "language of what is printed")(
      "json", "print JSON")("verbose", "log every step")("help", "show this");
  return common;
}

options::options_description Command::named_options() const {
  options::options_description named("options");
  for (const auto& option : options.options()) {
    const auto is_positional = [&](const auto& each) { return each.first == option->long_name(); };
    if (std::none_of(positional.begin(), positional.end(), is_positional)) named.add(option);
  }
  return named;
}

namespace {

std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at <= name.size();) {
    const auto end = std::min(name.find(' ', at), name.size());
    words.push_back(name.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

bool begins_with(const std::vector<std::string>& arguments, const std::vector<std::string>& words) {
  return arguments.size() >= words.size() &&
         std::equal(words.begin(), words.end(), arguments.begin());
}

void print_help(const Command& command, std::ostream& out) {
  out << command.summary << "\n\nusage: intendance " << command.name;
  if (!command.arguments.empty()) out << ' ' << command.arguments;
  out << " [OPTIONS]\n\n";
  const auto named = command.named_options();
  if (!named.options().empty()) out << named << '\n';
  out << common_options();
  if (command.example.empty()) return;
  const auto& example = command.example;
  const bool several = example.find("\nintendance ") != std::string::npos;
  out << (several ? "\nexamples:\n  " : "\nexample:\n  ");
  for (const char each : example) {
    out << each;
    if (each == '\n') out << "  ";
  }
  out << '\n';
}

void print_commands(const std::vector<Command>& commands, std::ostream& out) {
  out << "usage: intendance COMMAND [OPTIONS]\n\n";
  for (const auto& command : commands) {
    if (!command.hidden) out << fmt::format("  {:<17} {}\n", command.name, command.summary);
  }
  out << "\nintendance COMMAND --help shows its options and an example.\n";
}

options::variables_map values_of(const Command& command,
                                 const std::vector<std::string>& arguments) {
  options::options_description all;
  all.add(command.options).add(common_options());
  options::positional_options_description positional;
  for (const auto& [name, count] : command.positional) positional.add(name.c_str(), count);
  options::variables_map values;
  try {
    options::store(
        options::command_line_parser(arguments).options(all).positional(positional).run(), values);
    if (values.count("help") == 0) options::notify(values);
  } catch (const options::error& error) {
    throw ConfigError(
        fmt::format("{}; intendance {} --help shows what is allowed", error.what(), command.name));
  }
  return values;
}

} // namespace

void CommandLine::add(Command command) { commands_.push_back(std::move(command)); }

CommandLine::Parsed CommandLine::parse(const std::vector<std::string>& arguments) const {
  const Command* found = nullptr;
  for (const auto& command : commands_) {
    const bool longer = found == nullptr || command.name.size() > found->name.size();
    if (longer && begins_with(arguments, words_of(command.name))) found = &command;
  }
  if (found == nullptr) {
    throw ConfigError(fmt::format("\"{}\" is not a command here; intendance --help lists them",
                                  arguments.empty() ? "" : arguments.front()));
  }
  const auto count = static_cast<std::ptrdiff_t>(words_of(found->name).size());
  return {found, values_of(*found, {arguments.begin() + count, arguments.end()})};
}

ExitStatus CommandLine::run(const std::vector<std::string>& arguments, std::ostream& out,
                            std::ostream& err, std::stop_token stop) const {
  const auto first = arguments.empty() ? std::string() : arguments.front();
  if (first == "--version") {
    out << "intendance " << version() << '\n';
    return ExitStatus::done;
  }
  if (first.empty() || first == "--help" || first == "help") {
    print_commands(commands_, first.empty() ? err : out);
    return first.empty() ? ExitStatus::usage : ExitStatus::done;
  }
  try {
    auto [found, values] = parse(arguments);
    if (values.count("help") > 0) {
      print_help(*found, out);
      return ExitStatus::done;
    }
    if (values.count("verbose") > 0) log::set_level(log::Level::debug);
    CommandContext context(std::move(values), out, err, std::move(stop));
    return found->run(context);
  } catch (const ConfigError& error) {
    err << "intendance: " << error.what() << '\n';
    return ExitStatus::usage;
  } catch (const std::exception& error) {
    err << "intendance: " << error.what() << '\n';
    return ExitStatus::failed;
  }
}

} // namespace intendance::core
