// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace intendance::backupd {

namespace {

class Verification {
public:
  Verification(const Repository& repository, std::stop_token stop,
               const std::function<void(const VerifyReport&)>& progress)
      : repository_(repository), stop_(std::move(stop)), progress_(progress) {}

  VerifyReport run(const VerifyOptions& options) {
    report_.remarks = repository_.findings();
    index_ = repository_.load_index(report_.findings);
    snapshots_ = repository_.snapshots(report_.findings);
    report_.snapshots = snapshots_.size();
    report_.chunks = index_.chunk_count();
    check_chain();
    check_packs(options);
    for (const auto& snapshot : snapshots_) check_references(snapshot);
    if (repository_.role() == Role::reader) check_manifests(options);
    return std::move(report_);
  }

private:
  void find(const std::string& object, const std::string& message) {
    report_.findings.push_back({object, message});
  }

  void remark(const std::string& object, const std::string& message) {
    report_.remarks.push_back({object, message});
  }

  // One writer numbers its snapshots one after the other: two of one number, or a predecessor that
  // is not the one of the number before, are somebody else's work or a copied key.
  void check_chain() {
    std::map<std::pair<core::PublicKey, std::uint64_t>, const Snapshot*> numbered;
    for (const auto& snapshot : snapshots_) {
      const auto [place, is_new] =
          numbered.emplace(std::pair(snapshot.writer, snapshot.header.sequence), &snapshot);
      if (!is_new) {
        remark(snapshot_object_name(snapshot.name),
               fmt::format("is number {} of its writer, and so is {}", snapshot.header.sequence,
                           snapshot_object_name(place->second->name)));
      }
    }
    for (const auto& snapshot : snapshots_) {
      const auto before = numbered.find({snapshot.writer, snapshot.header.sequence - 1});
      if (before != numbered.end() && snapshot.header.previous != before->second->name) {
        remark(snapshot_object_name(snapshot.name),
               "does not follow the snapshot numbered before it");
      }
    }
  }

  void check_packs(const VerifyOptions& options) {
    std::map<std::string, std::uint64_t> sizes;
    repository_.store().list(
        "packs/", [&](const storage::ObjectInfo& info) { sizes.emplace(info.name, info.size); });
    std::set<PackName> seen;
    for (const auto& pack : index_.packs()) {
      if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
      if (!seen.insert(pack->name).second) continue; // two indexes may name one pack
      ++report_.packs;
      const auto name = pack_object_name(pack->name);
      const auto size = sizes.find(name);
      if (size == sizes.end()) {
        lose(*pack, "is gone");
      } else if (size->second != pack->size) {
        lose(*pack, fmt::format("has {} bytes instead of {}", size->second, pack->size));
      } else if (options.read_data) {
        read(*pack);
      }
      if (progress_) progress_(report_);
    }
  }

  void lose(const PackInfo& pack, const std::string& message) {
    find(pack_object_name(pack.name), message);
    for (const auto& entry : pack.entries) lost_.insert(entry.id);
  }

  void read(const PackInfo& pack) {
    const auto name = pack_object_name(pack.name);
    const auto bytes = repository_.store().get(name, longest_pack);
    if (!bytes) return lose(pack, "is gone");
    if (bytes->size() != pack.size) return lose(pack, "has another length than its listing says");
    report_.bytes_read += bytes->size();
    if (core::blake2b(*bytes) != pack.name) find(name, "does not hold what was written");
    try {
      const auto stored = repository_.read_directory(pack.name, pack.size);
      if (stored.entries.size() != pack.entries.size())
        find(name, "has another directory than its index says");
    } catch (const core::Error& error) {
      find(name, error.what());
    }
    // Chunk by chunk, so that damage costs only what it touches.
    for (std::size_t number = 0; number < pack.entries.size(); ++number) {
      const auto& entry = pack.entries[number];
      if (repository_.role() != Role::reader && entry.kind != ChunkKind::references) continue;
      try {
        const auto sealed = ByteView(*bytes).subspan(entry.offset, entry.stored);
        repository_.opener().open(pack.header, entry, number, sealed);
      } catch (const core::Error& error) {
        find(name, fmt::format("chunk {}: {}", core::to_hex(entry.id), error.what()));
        lost_.insert(entry.id);
      }
    }
  }

  void check_references(const Snapshot& snapshot) {
    const auto name = snapshot_object_name(snapshot.name);
    std::uint64_t missing = 0;
    try {
      for (const auto& part : snapshot.header.references) {
        const auto list = repository_.read_chunk(index_, part);
        for (ByteReader reader(list); !reader.at_end();) {
          const auto id = reader.array<32>();
          if (index_.contains(id)) continue;
          ++missing;
          lost_.insert(id);
        }
      }
    } catch (const core::Error& error) {
      find(name, std::string("its reference list cannot be read: ") + error.what());
    }
    if (missing > 0) find(name, fmt::format("needs {} chunks that no index knows", missing));
  }

  // Every entry of every snapshot, when all is to be read or something is lost: that it can be
  // understood, and whether it needs a chunk that is lost.
  void check_manifests(const VerifyOptions& options) {
    report_.files_known = true;
    if (!options.read_data && lost_.empty() && report_.findings.empty()) return;
    for (const auto& snapshot : snapshots_) {
      const auto name = snapshot_object_name(snapshot.name);
      try {
        const auto body = repository_.body(snapshot);
        std::uint64_t entries = 0;
        std::string last;
        for (const auto& page : body.pages) entries += check_page(snapshot, page, last);
        const auto& header = snapshot.header;
        if (entries != header.files + header.directories + header.other) {
          find(name, fmt::format("lists {} entries where its header counts {}", entries,
                                 header.files + header.directories + header.other));
        }
      } catch (const core::CorruptData& error) {
        find(name, error.what());
      }
    }
  }

  std::uint64_t check_page(const Snapshot& snapshot, const PageReference& page, std::string& last) {
    const auto name = snapshot_object_name(snapshot.name);
    std::vector<Entry> entries;
    try {
      entries = decode_page(repository_.read_chunk(index_, page.chunk));
    } catch (const core::Error& error) {
      find(name, "has lost a part of the list of its files, from /" + page.first +
                     " on: " + error.what());
      return 0;
    }
    if (entries.empty() || entries.front().path != page.first ||
        (!last.empty() && compare_paths(last, page.first) >= 0)) {
      find(name, "has a list of files that is out of order at /" + page.first);
    }
    if (!entries.empty()) last = entries.back().path;
    for (const auto& entry : entries) {
      const bool hit =
          std::any_of(entry.extents.begin(), entry.extents.end(), [&](const Extent& extent) {
            return lost_.contains(extent.chunk) || !index_.contains(extent.chunk);
          });
      if (hit) report_.damaged.push_back({snapshot.name, "/" + entry.path});
    }
    return entries.size();
  }

  const Repository& repository_;
  std::stop_token stop_;
  const std::function<void(const VerifyReport&)>& progress_;
  VerifyReport report_;
  ChunkIndex index_;
  std::vector<Snapshot> snapshots_;
  std::set<ChunkId> lost_;
};

} // namespace

VerifyReport verify(const Repository& repository, const VerifyOptions& options,
                    std::stop_token stop,
                    const std::function<void(const VerifyReport&)>& progress) {
  return Verification(repository, std::move(stop), progress).run(options);
}

} // namespace intendance::backupd
