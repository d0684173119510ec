// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/synchronized.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace intendance::backupd {

enum class Loss { attributes, everything };

// What a restore could not put back. Any thread may call it; `report` hears of one at a time.
class RestoreProblems {
public:
  using Report =
      std::function<void(const std::string& path, const std::string& message, Loss loss)>;

  explicit RestoreProblems(Report report);

  // `path` as in an entry, without the leading '/'.
  void add(const std::string& path, const std::string& message, Loss loss);
  // Says why in the words for `error_number`. What this user or this file system can never do is
  // said once for each kind, by report_repeated(), with the first path and how many there were.
  void add_attribute(const std::string& path, const std::string& what, int error_number);
  void report_repeated();

private:
  struct Repeated {
    std::string first_path;
    std::uint64_t count = 0;
  };
  struct State {
    Report report;
    std::map<std::string, Repeated> repeated; // by message
  };
  core::Synchronized<State> state_;
};

} // namespace intendance::backupd
