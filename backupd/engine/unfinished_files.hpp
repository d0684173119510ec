// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/target_folder.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace intendance::backupd {

// A further name of a file whose contents are not all there yet.
struct LateLink {
  std::shared_ptr<TargetFolder> folder;
  std::string path;
  Replace replace = Replace::yes;
};

// The files that are being written, by path, with the names that wait for them; and those that
// failed. Any thread may call it.
class UnfinishedFiles {
public:
  void begin(const std::string& path);
  // The names that waited for it; `failed` is remembered.
  enum class Outcome { committed, failed };
  std::vector<LateLink> end(const std::string& path, Outcome outcome);

  // Takes a link that is to be made when `existing` is committed. Waits while very many wait
  // already, and `existing` is not committed.
  enum class State { finished, failed, taken };
  State add(const std::string& existing, LateLink link);

  bool empty() const;

private:
  mutable std::mutex mutex_; // of all that follows
  std::condition_variable changed_;
  std::unordered_map<std::string, std::vector<LateLink>> writing_;
  std::unordered_set<std::string> failed_;
  std::size_t waiting_ = 0; // links
};

} // namespace intendance::backupd
