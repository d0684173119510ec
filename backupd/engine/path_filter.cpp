// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/path_filter.hpp"

#include "backupd/repository/manifest.hpp"
#include "core/error.hpp"

#include <algorithm>

namespace intendance::backupd {

namespace {

bool is_beneath(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

} // namespace

PathFilter::PathFilter(const std::vector<std::string>& trees) {
  for (auto tree : trees) {
    while (tree.starts_with('/')) tree.erase(0, 1);
    while (tree.ends_with('/')) tree.pop_back();
    if (tree.empty() && trees.size() == 1) return; // "/": everything
    if (tree.empty()) throw core::ConfigError("an empty path cannot be looked for");
    trees_.push_back(tree);
  }
}

bool PathFilter::is_within(const std::string& path) const {
  return trees_.empty() || std::any_of(trees_.begin(), trees_.end(), [&](const auto& tree) {
           return path == tree || is_beneath(path, tree);
         });
}

bool PathFilter::matches(const std::string& path) const {
  return is_within(path) || std::any_of(trees_.begin(), trees_.end(),
                                        [&](const auto& tree) { return is_beneath(tree, path); });
}

bool PathFilter::may_match(const std::string& first, const std::string* next) const {
  if (trees_.empty()) return true;
  const auto before_next = [&](std::string_view path) {
    return next == nullptr || compare_paths(path, *next) < 0;
  };
  for (const auto& tree : trees_) {
    // The tree itself and what is beneath: they end where `first` is past it and not beneath it.
    const bool past = compare_paths(first, tree) > 0 && !is_beneath(first, tree);
    if (!past && before_next(tree)) return true;
    // A folder that leads to it stands in the range.
    for (auto end = tree.find('/'); end != std::string::npos; end = tree.find('/', end + 1)) {
      const auto parent = std::string_view(tree).substr(0, end);
      if (compare_paths(first, parent) <= 0 && before_next(parent)) return true;
    }
  }
  return false;
}

std::string without_leading_parts(const std::string& path, std::size_t parts) {
  std::size_t at = 0;
  for (; parts > 0; --parts) {
    const auto slash = path.find('/', at);
    if (slash == std::string::npos) return "";
    at = slash + 1;
  }
  return path.substr(at);
}

} // namespace intendance::backupd
