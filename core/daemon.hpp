// SPDX-License-Identifier: AGPL-3.0-or-later
// What every daemon's main has in common: arguments, configuration, signals, readiness, watchdog,
// exit status. The body builds its objects by hand, says ready() and waits.
#pragma once

#include "core/clock.hpp"
#include "core/config.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace intendance::core {

class Daemon {
public:
  const ConfigDocument& config() const { return config_; }
  const std::filesystem::path& state_directory() const { return state_directory_; }
  Clock& clock() const { return system_clock(); }
  std::stop_token stop() const { return stop_.get_token(); }

  // Tells systemd (and the log) that requests are answered; `status` is what systemctl shows.
  void ready(const std::string& status);
  // Returns when SIGTERM or SIGINT arrives, feeding the watchdog meanwhile.
  void wait();

private:
  friend int run_daemon(int, char**, const std::string&, const std::function<void(Daemon&)>&);
  Daemon(ConfigDocument config, std::filesystem::path state);
  ConfigDocument config_;
  std::filesystem::path state_directory_;
  std::stop_source stop_;
};

// main's whole body. `--config FILE`, `--state DIR`, `--verbose`, `--help`, `--version`. Exit
// status 0 stopped as asked, 1 failed, 2 bad usage or configuration; one line on stderr for each
// failure.
int run_daemon(int argument_count, char** arguments, const std::string& name,
               const std::function<void(Daemon&)>& body);

} // namespace intendance::core
