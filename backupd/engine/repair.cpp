// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/repair.hpp"

#include "backupd/engine/manifest_writer.hpp"
#include "backupd/engine/pack_check.hpp"
#include "backupd/engine/usable_packs.hpp"
#include "backupd/engine/writer_chain.hpp"

#include <algorithm>
#include <thread>

namespace intendance::backupd {

namespace {

constexpr std::size_t most_warnings = 1000;

// The first warning of the snapshot that holds the rest, by which a later repair knows it.
std::string rest_of(const SnapshotName& damaged) {
  return "this snapshot holds what was left of " + snapshot_object_name(damaged);
}

// Writes the rest of one snapshot.
class Rest {
public:
  Rest(BlockReader& blocks, Repository& writer, ChunkIndex& index, const RepairOptions& options)
      : blocks_(blocks), writer_(writer), index_(index), options_(options),
        chunks_(writer, index, pipeline_options(options)),
        chunker_(writer.secrets().newest().naming), manifest_(chunks_, chunker_, {}) {}

  void store(const DamagedSnapshot& damaged, const SnapshotBody& body, std::stop_token stop) {
    for_each_surviving_page(
        blocks_, body,
        [&](std::vector<Entry>&& entries) {
          if (stop.stop_requested()) throw core::Cancelled("stopped as asked");
          for (auto& entry : entries) {
            if (!damaged.losses.left_out.contains(entry.path)) keep(entry);
          }
        },
        [](const ManifestGap&) {});
    manifest_.finish();
    chunks_.flush();
    describe(damaged, body);
  }

  SnapshotName commit(std::vector<Finding>& findings) {
    const Session announcement(writer_, header_.machine, header_.job);
    if (!stands_firm(writer_, index_, chunks_.used_packs(), findings))
      throw core::Error("a prune wants to delete what this was built on; run it again when no "
                        "prune runs");
    const WriterChain chain(options_.state, writer_);
    chain.join(header_, findings);
    header_.finished = core::system_clock().now();
    const auto object = encode_snapshot(header_, body_, chunks_.session(), writer_.secrets(),
                                        writer_.writer(), writer_.trust().repository);
    const auto snapshot = core::sha256(object);
    if (announcement.age() > commit_limit)
      throw core::Error("took too long to commit; run it again");
    writer_.store().put(snapshot_object_name(snapshot), object);
    check_commit_times(writer_, announcement, snapshot_object_name(snapshot));
    chain.remember(header_.sequence, snapshot);
    return snapshot;
  }

  const SnapshotHeader& header() const { return header_; }

private:
  static PackPipeline::Options pipeline_options(const RepairOptions& options) {
    PackPipeline::Options pipeline;
    pipeline.spool_folder = options.spool;
    return pipeline;
  }

  void keep(Entry& entry) {
    for (auto& extent : entry.extents) keep(extent);
    manifest_.add(entry, {});
    if (entry.type == FileType::more_extents) return;
    ++(entry.type == FileType::file        ? header_.files
       : entry.type == FileType::directory ? header_.directories
                                           : header_.other);
    header_.bytes += entry.hard_link.empty() ? entry.size : 0;
  }

  // What lies in a pack that may not be built on is stored again, under the newest names.
  void keep(Extent& extent) {
    if (const auto place = index_.find_usable(extent.chunk)) return chunks_.reuse(place->pack);
    const auto bytes = blocks_.read(ChunkKind::contents, extent.chunk);
    extent.chunk = chunks_.put(ChunkKind::contents, bytes).id;
  }

  void describe(const DamagedSnapshot& damaged, const SnapshotBody& body) {
    const auto& before = damaged.snapshot.header;
    header_.machine = before.machine;
    header_.job = before.job;
    header_.started = before.started;
    header_.trust_version = writer_.trust().version;
    header_.new_bytes = chunks_.new_bytes();
    header_.stored_bytes = chunks_.stored_bytes();
    header_.warnings = before.warnings + damaged.losses.named.size() + 1;
    header_.references = manifest_.reference_roots();
    body_.roots = body.roots;
    body_.page_lists = manifest_.page_lists();
    // What was lost first, because only so many are kept.
    body_.warnings = {{"/", rest_of(damaged.snapshot.name)}};
    for (const auto* list : {&damaged.losses.named, &body.warnings})
      body_.warnings.insert(body_.warnings.end(), list->begin(), list->end());
    if (body_.warnings.size() > most_warnings) body_.warnings.resize(most_warnings);
  }

  BlockReader& blocks_;
  Repository& writer_;
  ChunkIndex& index_;
  const RepairOptions& options_;
  ChunkWriter chunks_;
  Chunker chunker_;
  ManifestWriter manifest_;
  SnapshotHeader header_;
  SnapshotBody body_;
};

class Repair {
public:
  Repair(const Repository& reader, Repository& writer, ChunkIndex& index,
         const RepairOptions& options, std::stop_token stop, WorkCounters& work)
      : reader_(reader), writer_(writer), index_(index), options_(options), stop_(std::move(stop)),
        work_(work), blocks_(reader, index), lost_(index) {}

  RepairReport run() {
    const auto marks = read_marks(reader_, report_.findings);
    load_index();
    set_usable_packs(writer_, marks, list_packs(writer_), index_);
    check_packs();
    const auto snapshots = reader_.snapshots(report_.findings, Repository::Copies::are_not_enough);
    work_.begin(WorkPhase::checking_lists, {snapshots.size()});
    for (const auto& snapshot : snapshots) look_at(snapshot);
    if (!report_.damaged.empty()) refuse_unindexed();
    work_.begin(WorkPhase::saving, {report_.damaged.size()});
    for (auto& damaged : report_.damaged) {
      if (damaged.reason.empty() && !options_.dry_run) make_rest(damaged);
      work_.add_item();
    }
    return std::move(report_);
  }

private:
  void load_index() {
    std::vector<Finding> findings;
    reader_.update(index_, findings);
    if (findings.empty()) return;
    throw core::Error(findings.front().object + ": " + findings.front().message +
                      "; first run intendance repository rebuild-index");
  }

  // What seems lost may lie in a pack that no index names.
  void refuse_unindexed() {
    const auto known = index_.packs().size();
    std::vector<Finding> unreadable;
    reader_.add_packs_without_index(index_, unreadable);
    if (index_.packs().size() == known) return;
    throw core::Error("something is lost, and there are packs that no index names: first run "
                      "intendance repository rebuild-index, when no backup runs");
  }

  // Of a damaged pack, nothing is built on.
  void check_packs() {
    std::map<std::string, std::uint64_t> sizes;
    reader_.store().list("packs/", [&](const auto& info) { sizes.emplace(info.name, info.size); });
    std::vector<std::uint32_t> present;
    for (std::uint32_t each = 0; each < index_.packs().size(); ++each) {
      const auto size = sizes.find(blocks_.pack_name(each));
      if (size != sizes.end() && size->second == index_.packs()[each].size) {
        present.push_back(each);
        continue;
      }
      report_.findings.push_back({blocks_.pack_name(each), "is gone, or was cut"});
      lost_.lose_pack(each);
      index_.set_usable(each, false);
    }
    report_.packs = index_.packs().size();
    const auto threads = std::max(1u, std::thread::hardware_concurrency());
    backupd::check_packs(blocks_, index_, present, threads, work_, stop_, [&](PackReport&& pack) {
      report_.bytes_read += pack.bytes_read;
      for (const auto& problem : pack.problems)
        report_.findings.push_back({blocks_.pack_name(pack.pack), problem});
      if (pack.all_lost) lost_.lose_pack(pack.pack);
      lost_.lose(pack.pack, pack.lost);
      if (!pack.problems.empty()) damaged_packs_.push_back(pack.pack);
    });
    for (const auto pack : damaged_packs_) index_.set_usable(pack, false);
  }

  void look_at(const Snapshot& snapshot) {
    ++report_.snapshots;
    DamagedSnapshot found;
    found.snapshot = snapshot;
    SnapshotBody body;
    try {
      body = reader_.body(snapshot);
      found.losses = survey(blocks_, lost_, snapshot, body, stop_);
    } catch (const core::CorruptData& error) {
      found.reason = error.what();
      found.hopeless = true;
    }
    if (found.losses.any() || found.hopeless)
      report_.damaged.push_back(std::move(found));
    else
      note_whole(snapshot, body);
    work_.add_item();
  }

  // It may be the one that an earlier repair made; oldest first, so it comes after the damaged.
  void note_whole(const Snapshot& whole, const SnapshotBody& body) {
    if (body.warnings.empty()) return;
    for (auto& damaged : report_.damaged) {
      if (body.warnings.front().message != rest_of(damaged.snapshot.name)) continue;
      damaged.by = whole.name;
      damaged.reason = "was repaired already";
      damaged.hopeless = false;
    }
  }

  void make_rest(DamagedSnapshot& damaged) {
    const auto* own = writer_.trust().writer(writer_.writer().public_key());
    if (damaged.snapshot.header.machine != own->name) {
      damaged.reason = "is of " + damaged.snapshot.header.machine +
                       ", whose writer.key is needed; this one is of " + own->name;
      damaged.hopeless = true;
      return;
    }
    Rest rest(blocks_, writer_, index_, options_);
    rest.store(damaged, reader_.body(damaged.snapshot), stop_);
    damaged.by = rest.commit(report_.findings);
    damaged.rest = rest.header();
  }

  const Repository& reader_;
  Repository& writer_;
  ChunkIndex& index_;
  const RepairOptions& options_;
  std::stop_token stop_;
  WorkCounters& work_;
  RepairReport report_;
  BlockReader blocks_;
  LostChunks lost_;
  std::vector<std::uint32_t> damaged_packs_;
};

} // namespace

RepairReport repair(const Repository& reader, Repository& writer, ChunkIndex& index,
                    const RepairOptions& options, std::stop_token stop, WorkCounters* work) {
  WorkCounters unseen;
  return Repair(reader, writer, index, options, std::move(stop), work != nullptr ? *work : unseen)
      .run();
}

} // namespace intendance::backupd
