// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "billing/mail/report_mail.hpp"
#include "core/config.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

// [billingd], for the daemon and as the defaults of the command line.
struct BillingConfig {
  std::string listen = "127.0.0.1:9712";
  std::optional<std::filesystem::path> token_file;
  std::string database = "postgresql:///intendance"; // never with a password
  std::chrono::seconds refresh{60};                  // how often the ledger is read
  std::optional<std::string> fund;                   // where there are several
  std::string vendor = "koumbit";
  std::string activity = "maintenance";
  std::optional<MailSettings> mail;  // absent: no report is mailed
  std::vector<std::string> services; // names of [[service]], which hours may be logged for
};

// Throws ConfigError.
BillingConfig read_config(const core::ConfigDocument& document);

// For `intendance config check`: throws ConfigError.
void check_config(const core::ConfigDocument& document);

} // namespace intendance::billing
