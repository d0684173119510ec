// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/unfinished_files.hpp"

namespace intendance::backupd {

namespace {

// Each keeps a folder open.
constexpr std::size_t most_waiting = 256;

} // namespace

void UnfinishedFiles::begin(const std::string& path) {
  std::scoped_lock lock(mutex_);
  writing_.try_emplace(path);
  failed_.erase(path);
}

std::vector<LateLink> UnfinishedFiles::end(const std::string& path, Outcome outcome) {
  std::scoped_lock lock(mutex_);
  std::vector<LateLink> links;
  const auto found = writing_.find(path);
  if (found != writing_.end()) {
    links = std::move(found->second);
    writing_.erase(found);
  }
  if (outcome == Outcome::failed) failed_.insert(path);
  waiting_ -= links.size();
  changed_.notify_all();
  return links;
}

UnfinishedFiles::State UnfinishedFiles::add(const std::string& existing, LateLink link) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_ < most_waiting || !writing_.contains(existing); });
  const auto found = writing_.find(existing);
  if (found == writing_.end()) return failed_.contains(existing) ? State::failed : State::finished;
  found->second.push_back(std::move(link));
  ++waiting_;
  return State::taken;
}

bool UnfinishedFiles::empty() const {
  std::scoped_lock lock(mutex_);
  return writing_.empty();
}

} // namespace intendance::backupd
