// SPDX-License-Identifier: AGPL-3.0-or-later
// Small files, one a name, in which is remembered between runs and restarts how something went, and
// beside each a lock. Shared by the daemon and the command line.
#pragma once

#include "core/clock.hpp"
#include "core/file.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace intendance::backupd {

enum class Outcome { done, warnings, failed };
inline constexpr std::array<const char*, 3> outcome_names = {"done", "warnings", "failed"};
inline const char* name_of(Outcome outcome) {
  return outcome_names.at(static_cast<std::size_t>(outcome));
}
Outcome outcome_of(const std::string& name); // throws CorruptData

nlohmann::json time_or_null(const std::optional<core::TimePoint>& time);
// Nothing where the key is missing or null.
std::optional<core::TimePoint> time_of(const nlohmann::json& json, const char* key);
// 0 where the key is missing: what an older version did not count.
std::uint64_t count_of(const nlohmann::json& json, const char* key);

class StateFolder {
public:
  // Makes the folder. Throws Error when that cannot be done.
  explicit StateFolder(std::filesystem::path folder);
  // An absent or damaged file is none (and a damaged one a warning in the log); so is one that
  // `read` throws on.
  template <class State, class Read>
  State load(const std::string& name, Read&& read) const;
  void store(const std::string& name, const nlohmann::json& json) const;
  const std::filesystem::path& path() const { return folder_; }

  bool is_locked(const std::string& name) const;
  // Nothing when another process, or thread, holds it; released when it is closed.
  std::optional<core::FileDescriptor> lock(const std::string& name) const;

private:
  std::optional<std::string> text_of(const std::string& name) const;
  void warn_of(const std::string& name, const std::string& reason) const;
  std::filesystem::path folder_;
};

template <class State, class Read>
State StateFolder::load(const std::string& name, Read&& read) const {
  try {
    const auto text = text_of(name);
    return text ? read(*text) : State();
  } catch (const std::exception& error) {
    warn_of(name, error.what());
    return {};
  }
}

} // namespace intendance::backupd
