// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/daemon.hpp"

#include "core/error.hpp"
#include "core/log.hpp"
#include "core/memory.hpp"
#include "core/notify.hpp"
#include "core/signals.hpp"
#include "core/version.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <iostream>

namespace intendance::core {

namespace options = boost::program_options;

namespace {

struct Arguments {
  std::filesystem::path config;
  std::filesystem::path state;
  bool answered = false; // --help or --version
};

Arguments parse_arguments(int count, char** arguments, const std::string& name) {
  Arguments parsed;
  options::options_description known("options");
  known.add_options()("config",
                      options::value(&parsed.config)->default_value(ConfigDocument::default_file()),
                      "configuration file")(
      "state", options::value(&parsed.state)->default_value("/var/lib/intendance"),
      "folder for what must survive a restart")("verbose", "log every step")("help", "show this")(
      "version", "show the version");
  options::variables_map values;
  try {
    options::store(options::parse_command_line(count, arguments, known), values);
    options::notify(values);
  } catch (const options::error& error) {
    throw ConfigError(std::string(error.what()) + "; " + name + " --help shows what is allowed");
  }
  if (values.count("help") > 0) std::cout << "usage: " << name << " [OPTIONS]\n\n" << known;
  if (values.count("version") > 0) std::cout << name << ' ' << version() << '\n';
  parsed.answered = values.count("help") + values.count("version") > 0;
  if (values.count("verbose") > 0) log::set_level(log::Level::debug);
  return parsed;
}

} // namespace

namespace {

// A message of several lines keeps them: the second says what is allowed.
void report(std::string_view message) {
  while (!message.empty()) {
    const auto line = message.substr(0, message.find('\n'));
    log::error(line);
    message.remove_prefix(std::min(line.size() + 1, message.size()));
  }
}

} // namespace

Daemon::Daemon(ConfigDocument config, std::filesystem::path state)
    : config_(std::move(config)), state_directory_(std::move(state)) {}

void Daemon::ready(const std::string& status) {
  log::info(status);
  notify_systemd("READY=1\nSTATUS=" + status);
}

void Daemon::wait() {
  const auto signals = block_stop_signals();
  const auto beat = watchdog_period();
  const auto pause =
      std::chrono::duration_cast<std::chrono::nanoseconds>(beat.value_or(std::chrono::hours(1)));
  const timespec timeout{static_cast<time_t>(pause.count() / 1'000'000'000),
                         static_cast<long>(pause.count() % 1'000'000'000)};
  while (sigtimedwait(&signals, nullptr, &timeout) < 0) {
    if (beat) notify_systemd("WATCHDOG=1");
  }
  notify_systemd("STOPPING=1");
  log::info("stopping");
  stop_.request_stop();
}

int run_daemon(int argument_count, char** arguments, const std::string& name,
               const std::function<void(Daemon&)>& body) {
  block_stop_signals(); // before the first thread, so that every one inherits it
  keep_little_freed_memory();
  try {
    const auto parsed = parse_arguments(argument_count, arguments, name);
    if (parsed.answered) return 0;
    Daemon daemon(ConfigDocument::load(parsed.config), parsed.state);
    body(daemon);
    return 0;
  } catch (const ConfigError& error) {
    report(error.what());
    return 2;
  } catch (const std::exception& error) {
    report(error.what());
    return 1;
  }
}

} // namespace intendance::core
