// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/verify.hpp"

#include "backupd/engine/pack_check.hpp"
#include "backupd/engine/snapshot_survey.hpp"
#include "backupd/repository/manifest.hpp"
#include "core/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>

namespace intendance::backupd {

namespace {

// What is remembered of pages, so that those which snapshots share are read once.
constexpr std::size_t most_summary_bytes = std::size_t{16} << 20;

class Verification {
public:
  Verification(const Repository& repository, ChunkIndex& index, std::stop_token stop,
               WorkCounters& work)
      : repository_(repository), index_(index), stop_(std::move(stop)), work_(work), lost_(index) {}

  VerifyReport run(const VerifyOptions& options) {
    report_.remarks = repository_.findings();
    // From the packs' own directories; then each index is held against them.
    work_.begin(WorkPhase::listing);
    index_.clear();
    repository_.add_packs_without_index(index_, report_.findings, [this] { work_.add_item(); });
    check_indexes();
    blocks_ = std::make_unique<BlockReader>(repository_, index_);
    snapshots_ = repository_.snapshots(report_.findings, Repository::Copies::are_not_enough);
    report_.snapshots = snapshots_.size();
    report_.chunks = index_.size();
    check_chain();
    check_packs(options);
    work_.begin(WorkPhase::checking, {snapshots_.size()});
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
      if (snapshot.header.sequence == 0) {
        remark(snapshot_object_name(snapshot.name), "is number 0, and writers begin with 1");
        continue;
      }
      const auto before = numbered.find({snapshot.writer, snapshot.header.sequence - 1});
      if (before != numbered.end() && snapshot.header.previous != before->second->name) {
        remark(snapshot_object_name(snapshot.name),
               "does not follow the snapshot numbered before it");
      }
    }
  }

  // Whoever holds a writer's key can write an index that says what is not so.
  void check_indexes() {
    BlockReader own(repository_, index_);
    repository_.store().list("indexes/", [&](const storage::ObjectInfo& info) {
      try {
        const auto name = digest_of(info.name);
        const auto object = repository_.store().get(info.name, longest_index);
        if (!object) return;
        if (!name || core::sha256(*object) != *name)
          throw core::CorruptData("is not what its name says");
        decode_index(*object, repository_.secrets(),
                     [&](PackInfo&& pack) { compare(info.name, pack, own); });
      } catch (const core::Unanswered&) {
        throw;
      } catch (const core::Error& error) {
        find(info.name, error.what());
      }
    });
  }

  void compare(const std::string& index, const PackInfo& described, BlockReader& own) {
    const auto pack = index_.find_pack(described.name);
    if (!pack) {
      const auto name = pack_object_name(described.name);
      // What cannot be read of it was found already.
      if (!repository_.store().head(name)) {
        find(name, "is gone, and " + index + " names it");
        gone_.insert(described.name);
      }
      return;
    }
    named_.insert(*pack);
    Buffer indexed, stored;
    encode_directory(described.directory, indexed);
    encode_directory(*own.directory(*pack), stored);
    if (indexed != stored || described.size != index_.packs()[*pack].size)
      find(index, "describes " + pack_object_name(described.name) +
                      " otherwise than it describes itself; intendance repository rebuild-index "
                      "makes the indexes anew");
  }

  void check_packs(const VerifyOptions& options) {
    std::map<std::string, storage::ObjectInfo> stored;
    repository_.store().list("packs/", [&](const storage::ObjectInfo& info) {
      if (!digest_of(info.name)) remark(info.name, "is not a name of a pack");
      stored.emplace(info.name, info);
    });
    std::vector<VerifyLedger::Pack> present;
    for (std::uint32_t each = 0; each < index_.packs().size(); ++each) {
      const auto& pack = index_.packs()[each];
      const auto found = stored.find(pack_object_name(pack.name));
      if (found == stored.end())
        lose(each, "is gone");
      else if (found->second.size != pack.size)
        lose(each, fmt::format("has {} bytes instead of {}", found->second.size, pack.size));
      else
        present.push_back({pack.name, pack.size, found->second.modified});
    }
    report_.packs = index_.packs().size();
    VerifyLedger forgotten({}, core::system_clock().now());
    auto& ledger = options.ledger != nullptr ? *options.ledger : forgotten;
    ledger.set_packs(present);
    if (options.read_data) read_packs(ledger, options);
    keep([&] { ledger.save(); });
    report_.reading = ledger.summary();
  }

  void read_packs(VerifyLedger& ledger, const VerifyOptions& options) {
    std::vector<std::uint32_t> chosen;
    for (const auto& name : ledger.choose(options.percent, options.unread_since))
      chosen.push_back(*index_.find_pack(name));
    report_.packs_read = chosen.size();
    // A store far away is waited for by several; each holds some megabytes.
    const auto threads = std::max(
        {1u, std::thread::hardware_concurrency(), std::min(4u, repository_.store().connections())});
    backupd::check_packs(*blocks_, index_, chosen, threads, work_, stop_, [&](PackReport&& pack) {
      report_.bytes_read += pack.bytes_read;
      for (const auto& problem : pack.problems) find(blocks_->pack_name(pack.pack), problem);
      if (pack.all_lost) lost_.lose_pack(pack.pack);
      lost_.lose(pack.pack, pack.lost);
      keep([&] {
        ledger.record(index_.packs().at(pack.pack).name, pack.problems.empty(),
                      core::system_clock().now());
      });
    });
  }

  // What was read was read, also when the disk is too full to remember it.
  template <class Work>
  void keep(Work&& work) {
    try {
      work();
    } catch (const core::Error& error) {
      const std::string message = std::string("what was read is not remembered: ") + error.what();
      const auto same = [&](const Finding& each) { return each.message == message; };
      if (std::none_of(report_.remarks.begin(), report_.remarks.end(), same))
        remark("ledger", message);
    }
  }

  // All of a pack.
  void lose(std::uint32_t pack, const std::string& message) {
    find(blocks_->pack_name(pack), message);
    lost_.lose_pack(pack);
  }

  // It is there, and nobody finds it.
  bool is_unnamed(const ChunkId& id) const {
    const auto places = index_.find(id);
    return !places.empty() && std::none_of(places.begin(), places.end(), [&](const auto& place) {
      return named_.contains(place.pack);
    });
  }

  bool anything_lost() const { return !gone_.empty() || lost_.any() || missing_ > 0; }

  void check_references(const Snapshot& snapshot) {
    work_.add_item();
    const auto name = snapshot_object_name(snapshot.name);
    std::uint64_t missing = 0, unnamed = 0;
    try {
      for (const auto& root : snapshot.header.references) {
        // Copied, because the next read takes its place.
        for (const auto& list : decode_references(blocks_->read(ChunkKind::references, root))) {
          if (whole_lists_.contains(list)) continue; // of another snapshot
          const auto before = missing;
          for (const auto& id : decode_references(blocks_->read(ChunkKind::references, list))) {
            missing += lost_.is_lost(id) ? 1 : 0;
            unnamed += is_unnamed(id) ? 1 : 0;
          }
          if (missing == before) whole_lists_.insert(list);
        }
      }
    } catch (const core::Unanswered&) {
      throw;
    } catch (const core::Error& error) {
      find(name, std::string("its reference list cannot be read: ") + error.what());
    }
    missing_ += missing;
    if (unnamed > 0)
      find(name, fmt::format("needs {} chunks of packs that no index names; intendance repository "
                             "rebuild-index makes the indexes anew",
                             unnamed));
    if (missing > 0) find(name, fmt::format("needs {} chunks that are lost", missing));
  }

  // Every entry of every snapshot, when all is to be read or something is lost: that it can be
  // understood, and whether it needs a chunk that is lost.
  void check_manifests(const VerifyOptions& options) {
    report_.files_known = true;
    something_wrong_ = anything_lost() || !report_.findings.empty();
    if (!options.read_data && !something_wrong_) return;
    work_.begin(WorkPhase::checking_lists, {snapshots_.size()});
    for (const auto& snapshot : snapshots_) {
      const auto name = snapshot_object_name(snapshot.name);
      try {
        check_manifest(snapshot, repository_.body(snapshot));
      } catch (const core::CorruptData& error) {
        find(name, error.what());
      }
      work_.add_item();
    }
  }

  void check_manifest(const Snapshot& snapshot, const SnapshotBody& body) {
    const auto name = snapshot_object_name(snapshot.name);
    std::uint64_t entries = 0;
    bool all_read = true;
    std::string last;
    SnapshotSurvey survey;
    const auto lose_part = [&](const std::string& first, const std::string& problem) {
      find(name, "has lost a part of the list of its files" +
                     (first.empty() ? "" : ", from /" + first + " on") + ": " + problem);
      survey.take(ManifestGap{first, problem});
      all_read = false;
    };
    for (const auto& list : body.page_lists) {
      for (const auto& page : pages_of(list, lose_part)) {
        if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
        const auto& summary = summary_of(page);
        if (!summary.problem.empty()) {
          lose_part(page.first, summary.problem);
          continue;
        }
        if (summary.first != page.first || (!last.empty() && compare_paths(last, page.first) > 0)) {
          find(name, "has a list of files that is out of order at /" + page.first);
        }
        last = summary.last;
        entries += summary.entries;
        for (const auto& record : summary.records) survey.take(record);
      }
    }
    for (const auto& path : survey.finish().left_out)
      report_.damaged.push_back({snapshot.name, "/" + path});
    const auto& header = snapshot.header;
    const auto counted = header.files + header.directories + header.other;
    if (all_read && entries != counted)
      find(name, fmt::format("lists {} entries where its header counts {}", entries, counted));
  }

  template <class Lose>
  std::vector<PageReference> pages_of(const ChunkId& list, const Lose& lose_part) {
    try {
      return decode_page_list(blocks_->read(ChunkKind::manifest, list));
    } catch (const core::CorruptData& error) {
      lose_part("", error.what());
      return {};
    }
  }

  struct PageSummary {
    std::string first, last, problem;
    std::uint64_t entries = 0;
    std::vector<SurveyedRecord> records; // those that matter, when something is wrong
  };

  // Most pages are those of the snapshot before.
  const PageSummary& summary_of(const PageReference& page) {
    if (summary_bytes_ > most_summary_bytes) {
      pages_.clear();
      summary_bytes_ = 0;
    }
    const auto [place, is_new] = pages_.try_emplace(page.chunk);
    auto& summary = place->second;
    if (!is_new) return summary;
    std::vector<Entry> entries;
    try {
      entries = decode_page(blocks_->read(ChunkKind::manifest, page.chunk));
      if (entries.empty()) throw core::CorruptData("is empty");
    } catch (const core::Unanswered&) {
      throw;
    } catch (const core::Error& error) {
      summary.problem = error.what();
      return summary;
    }
    summary.first = entries.front().path;
    summary.last = entries.back().path;
    summary_bytes_ += sizeof(PageSummary) + summary.first.size() + summary.last.size();
    for (const auto& entry : entries) {
      if (entry.type != FileType::more_extents) ++summary.entries;
      if (!something_wrong_) continue;
      auto record = surveyed(entry, lost_);
      if (!record.matters()) continue;
      summary_bytes_ += sizeof record + record.path.size() + record.hard_link.size();
      summary.records.push_back(std::move(record));
    }
    return summary;
  }

  const Repository& repository_;
  ChunkIndex& index_;
  std::stop_token stop_;
  WorkCounters& work_;
  VerifyReport report_;
  std::unique_ptr<BlockReader> blocks_;
  std::vector<Snapshot> snapshots_;
  std::set<std::uint32_t> named_; // packs, by any index
  std::set<PackName> gone_;       // packs that an index names
  LostChunks lost_;
  std::set<ChunkId> whole_lists_;
  std::uint64_t missing_ = 0;
  bool something_wrong_ = false; // before manifests are looked at
  std::map<ChunkId, PageSummary> pages_;
  std::size_t summary_bytes_ = 0; // of them
};

constexpr int most_attempts = 3;

std::set<std::string> packs_and_indexes(const Repository& repository) {
  std::set<std::string> names;
  for (const auto* prefix : {"packs/", "indexes/"})
    repository.store().list(prefix, [&](const auto& info) { names.insert(info.name); });
  return names;
}

} // namespace

// What a prune moves while it is looked at seems to be lost. What is lost is so the next time too.
VerifyReport verify(const Repository& repository, ChunkIndex& index, const VerifyOptions& options,
                    std::stop_token stop, WorkCounters* work) {
  WorkCounters unseen;
  for (int attempt = 1;; ++attempt) {
    const auto before = packs_and_indexes(repository);
    auto report =
        Verification(repository, index, stop, work != nullptr ? *work : unseen).run(options);
    if (report.findings.empty() || attempt == most_attempts) return report;
    const auto after = packs_and_indexes(repository);
    if (std::includes(after.begin(), after.end(), before.begin(), before.end())) return report;
  }
}

} // namespace intendance::backupd
