// SPDX-License-Identifier: AGPL-3.0-or-later
// One page that is printed and kept in a safe: with it and a bare machine, everything can be read.
#pragma once

#include "core/clock.hpp"
#include "core/command.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::backupd {

struct RecoverySheet {
  std::string address;               // of the repository
  std::vector<std::string> machines; // whose backups it holds
  std::string reader;                // what the trust object calls the holder of the key
  std::string reader_key;            // the secret itself, AGE-SECRET-KEY-1…
  std::string recipient;             // its public half, age1…
  std::string owner_public;          // the line of owner.pub
  std::string owner_fingerprint;
  std::string credentials; // the file for the store, TOML; may be empty
  std::uint32_t trust_version = 0;
  core::TimePoint printed;
};

// A page of at most 80 columns that is a shell script at the same time: what explains begins with
// "# ", the rest is what to type.
std::string recovery_text(const RecoverySheet& sheet, core::Language language);
// The same for a browser, which prints it on one page of A4 or Letter.
std::string recovery_html(const RecoverySheet& sheet, core::Language language);

// A TOML file without its comments, its long texts cut into lines of at most 80 columns, as TOML
// allows. Throws ConfigError for a line that cannot be made to fit.
std::string printable_credentials(std::string_view toml);

} // namespace intendance::backupd
