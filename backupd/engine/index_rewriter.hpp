// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/repository/repository.hpp"

#include <functional>
#include <optional>
#include <set>
#include <vector>

namespace intendance::backupd {

// Writes indexes anew. What is new is there before what it replaces is removed, so that at every
// moment the indexes name every pack but those that are to go.
class IndexRewriter {
public:
  // What `describe` says of a pack takes the place of what an index says; without an answer (it
  // cannot be read) the index stands.
  using Describe = std::function<std::optional<PackInfo>(const PackName&)>;
  explicit IndexRewriter(const Repository& repository, Describe describe = {})
      : repository_(repository), describe_(std::move(describe)) {}

  void add(PackInfo&& pack);
  // Takes over the packs of that index, but for those of `without`.
  void replace(const storage::ObjectInfo& index, const std::set<PackName>& without);
  // That index goes, whatever was in it.
  void drop(const storage::ObjectInfo& index) { replaced_.push_back(index.name); }
  // Stores what is left, then removes the indexes that were replaced.
  void finish();

private:
  void store();

  const Repository& repository_;
  Describe describe_;
  std::vector<PackInfo> packs_;
  std::size_t chunks_ = 0; // in them
  std::set<PackName> added_;
  std::vector<std::string> replaced_;
};

} // namespace intendance::backupd
