// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/live_chunks.hpp"

#include "backupd/repository/manifest.hpp"

#include <fmt/format.h>

namespace intendance::backupd {

namespace {

constexpr const char* forgotten_before =
    " (one that was forgotten and pruned, and put back, can only be forgotten again)";

// One that cannot be a trusted writer's is none of ours; of any other, nobody can say what it
// needs.
std::optional<Snapshot> read_snapshot(const Repository& repository, const std::string& object_name,
                                      const storage::Got& got, std::vector<Finding>& findings) {
  try {
    const auto name = digest_of(object_name);
    if (!name) throw core::AccessDenied("is not a name of a snapshot");
    const auto object = got();
    if (!object) return std::nullopt; // forgotten just now
    return decode_snapshot(*name, *object, repository.trust(), repository.secrets());
  } catch (const core::AccessDenied& error) {
    findings.push_back({object_name, error.what()});
    return std::nullopt;
  } catch (const core::CorruptData& error) {
    throw core::Error(object_name + ": " + error.what() +
                      "; what it needs is not known, so nothing is deleted: put it back from a "
                      "copy of the store, or give it up with intendance forget --damaged " +
                      object_name);
  }
}

// Under an older trust object than there was, a snapshot that counts may seem to be nobody's.
void refuse_older_trust(const Repository& repository, const Snapshot& snapshot) {
  const auto version = snapshot.header.trust_version;
  if (version <= repository.trust().version) return;
  throw core::Error(snapshot_object_name(snapshot.name) + " was written under " +
                    trust_object_name(version) + ", and " +
                    trust_object_name(repository.trust().version) +
                    " is the newest here: whose snapshots count is not known, so nothing is "
                    "deleted; put it back with intendance repository restore-trust on a machine "
                    "that saw it, or run it again if it came just now");
}

} // namespace

LiveChunks::LiveChunks(const Repository& repository, const ChunkIndex& index, BlockReader& blocks,
                       WorkCounters& work, std::stop_token stop, std::vector<Finding>& findings)
    : index_(index), live_(index.packs().size()) {
  std::vector<std::string> names;
  repository.store().list("snapshots/", [&](const auto& info) { names.push_back(info.name); });
  work.begin(WorkPhase::checking, {names.size()});
  const auto use = [&](const std::string& name, const storage::Got& got) {
    if (stop.stop_requested()) throw core::Cancelled("stopped as asked");
    const auto snapshot = read_snapshot(repository, name, got, findings);
    work.add_item();
    if (!snapshot) return;
    refuse_older_trust(repository, *snapshot);
    add_snapshot(*snapshot, blocks);
  };
  storage::get_each(repository.store(), names, longest_snapshot, use);
}

void LiveChunks::add_snapshot(const Snapshot& snapshot, BlockReader& blocks) {
  ++snapshots_;
  const auto name = snapshot_object_name(snapshot.name);
  std::uint64_t missing = 0;
  try {
    for (const auto& root : snapshot.header.references) {
      missing += add(root) ? 0 : 1;
      for (const auto& list : decode_references(blocks.read(ChunkKind::references, root))) {
        if (!lists_.insert(list).second) continue;
        missing += add(list) ? 0 : 1;
        for (const auto& id : decode_references(blocks.read(ChunkKind::references, list)))
          missing += add(id) ? 0 : 1;
      }
    }
  } catch (const core::CorruptData& error) {
    throw core::Error(name +
                      ": its reference lists cannot be read, so what it needs is not known "
                      "and nothing is deleted: " +
                      error.what() + "; look at intendance verify, then repair it or forget it" +
                      forgotten_before);
  }
  if (missing > 0) {
    throw core::Error(
        fmt::format("{} needs {} chunks that are nowhere, so nothing is deleted: look "
                    "at intendance verify, then repair it or forget it{}",
                    name, missing, forgotten_before));
  }
}

bool LiveChunks::add(const ChunkId& id) {
  const auto places = index_.find(id);
  for (const auto& place : places) {
    auto& chunks = live_.at(place.pack);
    if (chunks.size() <= place.chunk) chunks.resize(place.chunk + 1);
    chunks[place.chunk] = true;
  }
  return !places.empty();
}

bool LiveChunks::is_live(std::uint32_t pack, const PackBlock& block) const {
  for (std::uint32_t each = 0; each < block.chunk_count; ++each) {
    if (is_live(pack, block.first_chunk + each)) return true;
  }
  return false;
}

} // namespace intendance::backupd
