// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/usable_packs.hpp"

namespace intendance::backupd {

namespace {

// Which packs of the index the store has, whatever an index says.
std::vector<bool> present_packs(const Repository& repository, const ChunkIndex& index) {
  std::vector<bool> present(index.packs().size());
  repository.store().list("packs/", [&](const storage::ObjectInfo& info) {
    const auto name = digest_of(info.name);
    if (const auto pack = name ? index.find_pack(*name) : std::nullopt) present[*pack] = true;
  });
  return present;
}

} // namespace

void set_usable_packs(const Repository& repository, const std::vector<Mark>& marks,
                      ChunkIndex& index) {
  const auto first = repository.trust().deduplicate_from;
  const auto present = present_packs(repository, index);
  for (std::uint32_t pack = 0; pack < index.packs().size(); ++pack)
    index.set_usable(pack, present[pack] && index.packs()[pack].named &&
                               index.packs()[pack].oldest_epoch >= first);
  for (const auto& mark : marks) {
    for (const auto& name : mark.packs) {
      if (const auto pack = index.find_pack(name)) index.set_usable(*pack, false);
    }
  }
}

// Marks first, then packs: a sweep between the two is seen by one of them.
bool stands_firm(const Repository& repository, const ChunkIndex& index,
                 const std::vector<bool>& used_packs, std::vector<Finding>& findings) {
  for (const auto& mark : read_marks(repository, findings)) {
    for (const auto& name : mark.packs) {
      const auto pack = index.find_pack(name);
      if (pack && used_packs.at(*pack)) return false;
    }
  }
  const auto present = present_packs(repository, index);
  for (std::uint32_t pack = 0; pack < used_packs.size(); ++pack) {
    if (!used_packs[pack] || present[pack]) continue;
    // A list may lag.
    if (!repository.store().head(pack_object_name(index.packs()[pack].name))) return false;
  }
  return true;
}

void check_commit_times(const Repository& repository, const Session& announcement,
                        const std::string& snapshot) {
  const auto announced = repository.store().head(announcement.object());
  const auto committed = repository.store().head(snapshot);
  if (announced && committed && committed->modified - announced->modified < session_life) return;
  repository.store().remove(snapshot);
  throw core::Error("was suspended while it was committed, for longer than prunes wait; what was "
                    "stored serves the next run");
}

} // namespace intendance::backupd
