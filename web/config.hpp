// SPDX-License-Identifier: AGPL-3.0-or-later
// [webd]: where the dashboard listens, which daemons it asks and with what tokens.
#pragma once

#include "core/config.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace intendance::web {

// One machine that is shown. At least one of the two addresses is there, without a slash at the
// end.
struct MachineAddresses {
  std::string name;
  std::optional<std::string> collectord;
  std::optional<std::string> backupd;
};

struct WebConfig {
  static constexpr std::size_t most_machines = 64; // each asked daemon costs a thread

  std::string listen;
  std::vector<MachineAddresses> machines;
  std::optional<std::string> billingd;
  std::optional<std::string> prometheus;
  // What the asked daemons want to hear; without one they are asked without a token.
  std::optional<std::filesystem::path> token_file;
  // What people and scripts must know to read the dashboard.
  std::filesystem::path access_token_file;
  std::chrono::seconds every;            // between two questions to one daemon
  std::chrono::seconds timeout;          // of one question
  std::chrono::seconds session_lifetime; // since the sign-in
};

// The configuration of the dashboard, or nothing where there is no [webd]. Throws ConfigError.
std::optional<WebConfig> read_config(const core::ConfigDocument& document);

// The same, for programs that cannot do without: throws ConfigError when there is no [webd].
WebConfig require_config(const core::ConfigDocument& document);

// Reads [webd] for its faults only.
void check_config(const core::ConfigDocument& document);

} // namespace intendance::web
