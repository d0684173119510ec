// SPDX-License-Identifier: AGPL-3.0-or-later
// The sub-commands of `intendance`: each room registers its own, cli/main.cpp lists the rooms.
#pragma once

#include "core/config.hpp"

#include <boost/program_options.hpp>

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::core {

enum class ExitStatus { done = 0, failed = 1, usage = 2, warnings = 3 };

enum class Language { french, english };
// From --lang, LC_ALL, LC_MESSAGES, LANG; English when none says French.
Language language_of(std::string_view locale);

// What a command gets beside its own options.
class CommandContext {
public:
  CommandContext(boost::program_options::variables_map values, std::ostream& out, std::ostream& err,
                 std::stop_token stop);

  const boost::program_options::variables_map& values() const { return values_; }
  bool has(const std::string& option) const { return values_.count(option) > 0; }
  std::string text(const std::string& option) const; // throws ConfigError when absent
  std::string text(const std::string& option, std::string fallback) const;
  std::vector<std::string> texts(const std::string& option) const;

  std::ostream& out() const { return out_; }
  std::ostream& err() const { return err_; }
  bool json() const { return has("json"); }
  bool terminal() const; // stdout is a terminal: align, colour, draw progress
  Language language() const;
  std::filesystem::path state_directory() const; // --state, or /var/lib/intendance
  // The file of --config or the default one, read at the first call. Throws ConfigError.
  const ConfigDocument& config() const;
  bool has_config() const; // --config was given or the default file exists
  // Requested by SIGINT and SIGTERM.
  std::stop_token stop() const { return stop_; }

private:
  boost::program_options::variables_map values_;
  std::ostream& out_;
  std::ostream& err_;
  mutable std::shared_ptr<const ConfigDocument> config_;
  std::stop_token stop_;
};

struct Command {
  std::string name;      // "repository init"
  std::string summary;   // one line, imperative
  std::string arguments; // "SNAPSHOT [PATH…]", as the usage line shows it
  // Real ones, shown by --help, a line each; a line that does not begin with "intendance" shows
  // what to do with what the one above made.
  std::string example;
  boost::program_options::options_description options;
  // Names of the positional arguments in their order; the last may take many ("path", -1).
  std::vector<std::pair<std::string, int>> positional;
  std::function<ExitStatus(CommandContext&)> run;
  bool hidden = false; // for packagers, and in no list

  // Without the positional arguments, which are options to Boost; the usage line shows those.
  boost::program_options::options_description named_options() const;
};

// Those that every command has.
boost::program_options::options_description common_options();

// Finds the command, parses, runs, and turns every exception into one line on `err` and a status:
// ConfigError and bad options 2, all else 1.
class CommandLine {
public:
  void add(Command command);
  const std::vector<Command>& commands() const { return commands_; }

  // What the arguments mean: a command and its values. Throws ConfigError.
  struct Parsed {
    const Command* command;
    boost::program_options::variables_map values;
  };
  Parsed parse(const std::vector<std::string>& arguments) const;
  ExitStatus run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err,
                 std::stop_token stop = {}) const;

private:
  std::vector<Command> commands_;
};

} // namespace intendance::core
