// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/usable_packs.hpp"

#include "storage/at_once.hpp"

#include <algorithm>
#include <optional>

namespace intendance::backupd {

std::vector<PackName> list_packs(const Repository& repository) {
  std::vector<PackName> packs;
  repository.store().list("packs/", [&](const storage::ObjectInfo& info) {
    if (const auto name = digest_of(info.name)) packs.push_back(*name);
  });
  std::sort(packs.begin(), packs.end());
  return packs;
}

namespace {

bool contains(const std::vector<PackName>& packs, const PackName& name) {
  return std::binary_search(packs.begin(), packs.end(), name);
}

} // namespace

void set_usable_packs(const Repository& repository, const std::vector<Mark>& marks,
                      const std::vector<PackName>& present, ChunkIndex& index) {
  const auto first = repository.trust().deduplicate_from;
  for (std::uint32_t number = 0; number < index.packs().size(); ++number) {
    const auto& pack = index.packs()[number];
    index.set_usable(number,
                     contains(present, pack.name) && pack.named && pack.oldest_epoch >= first);
  }
  for (const auto& mark : marks) {
    for (const auto& name : mark.packs) {
      if (const auto pack = index.find_pack(name)) index.set_usable(*pack, false);
    }
  }
}

// What one of the three lists shows and another does not yet is left out, which costs bytes that
// are stored twice, or is seen by stands_firm.
void update_usable_packs(const Repository& repository, ChunkIndex& index,
                         std::vector<Finding>& findings) {
  std::vector<Mark> marks;
  std::vector<Finding> bad_marks;
  std::vector<PackName> present;
  storage::at_once(repository.store(), {[&] { marks = read_marks(repository, bad_marks); },
                                        [&] { repository.update(index, findings); },
                                        [&] { present = list_packs(repository); }});
  findings.insert(findings.end(), bad_marks.begin(), bad_marks.end());
  set_usable_packs(repository, marks, present, index);
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
  const auto present = list_packs(repository);
  for (std::uint32_t pack = 0; pack < used_packs.size(); ++pack) {
    const auto& name = index.packs()[pack].name;
    if (!used_packs[pack] || contains(present, name)) continue;
    if (!repository.store().head(pack_object_name(name))) return false; // a list may lag
  }
  return true;
}

void check_commit_times(const Repository& repository, const Session& announcement,
                        const std::string& snapshot) {
  std::optional<storage::ObjectInfo> announced, committed;
  storage::at_once(repository.store(),
                   {[&] { announced = repository.store().head(announcement.object()); },
                    [&] { committed = repository.store().head(snapshot); }});
  if (announced && committed && committed->modified - announced->modified < session_life) return;
  repository.store().remove(snapshot);
  throw core::Error("was suspended while it was committed, for longer than prunes wait; what was "
                    "stored serves the next run");
}

} // namespace intendance::backupd
