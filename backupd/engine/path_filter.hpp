// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace intendance::backupd {

// Which entries are wanted: whole trees, and the folders that lead to them.
class PathFilter {
public:
  PathFilter() = default; // everything
  // Absolute paths, or without the leading '/'. Throws ConfigError for an empty one.
  explicit PathFilter(const std::vector<std::string>& trees);
  bool matches(const std::string& path) const;   // itself, beneath, or a folder that leads to it
  bool is_within(const std::string& path) const; // itself or beneath
  // Whether entries from `first` up to (not including) `next` may match; `next` may be absent.
  bool may_match(const std::string& first, const std::string* next) const;
  const std::vector<std::string>& trees() const { return trees_; }

private:
  std::vector<std::string> trees_;
};

// Nothing is left of a path that has no more parts than are dropped.
std::string without_leading_parts(const std::string& path, std::size_t parts);

} // namespace intendance::backupd
