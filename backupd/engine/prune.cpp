// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/prune.hpp"

#include "backupd/engine/index_rewriter.hpp"
#include "backupd/engine/repack.hpp"
#include "backupd/repository/announcements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace intendance::backupd {

namespace {

using std::chrono::seconds;

// The nodes of a store may differ in their clocks by less than this.
constexpr std::chrono::hours clock_margin{1};
// Packs much smaller than a full one are rewritten when there are some: each backup leaves one.
constexpr std::uint64_t small_pack = std::uint64_t{6} << 20;
constexpr std::size_t small_packs_worth_merging = 16;
constexpr std::size_t deleted_at_once = 100; // packs, in one request where the store can

class Prune {
public:
  Prune(const Repository& repository, ChunkIndex& index, const PruneOptions& options,
        std::stop_token stop, WorkCounters& work)
      : repository_(repository), index_(index), options_(options), stop_(std::move(stop)),
        work_(work), grace_(options.grace.value_or(repository.trust().grace)) {}

  PruneReport run() {
    report_.findings = repository_.findings();
    read_clock();
    read_sessions();
    mark();
    if (!options_.dry_run) sweep();
    return std::move(report_);
  }

private:
  // What is looked at again is named once.
  void find(const std::vector<Finding>& findings) {
    auto& all = report_.findings;
    for (const auto& each : findings) {
      if (std::find(all.begin(), all.end(), each) == all.end()) all.push_back(each);
    }
  }

  // A mark that names nothing, for the time that the store gives it.
  void read_clock() {
    const auto name = put_mark(repository_, options_.machine, {});
    const auto info = repository_.store().head(name);
    repository_.store().remove(name);
    if (!info) throw core::Error(name + " is not there although it was just put");
    now_ = info->modified;
  }

  // Whether a backup that began then may still be running.
  bool counts(const SessionInfo& session) const { return now_ - session.stored < session_life; }

  void read_sessions() {
    oldest_session_ = now_;
    for (const auto& session : list_sessions(repository_)) {
      if (!counts(session)) {
        if (!options_.dry_run) repository_.store().remove(session.object); // it gave up long ago
        continue;
      }
      ++report_.sessions;
      oldest_session_ = std::min(oldest_session_, session.stored);
    }
  }

  // Everything that the store holds now, by the packs' own directories: an index that somebody
  // wrote with a stolen writer's key must not make a pack look dead. From indexes come only names.
  void read_repository() {
    work_.begin(WorkPhase::listing);
    index_.clear();
    repository_.add_packs_without_index(index_, report_.findings, [this] { work_.add_item(); });
    read_index_names();
    blocks_ = std::make_unique<BlockReader>(repository_, index_);
    read_packs();
    live_ =
        std::make_unique<LiveChunks>(repository_, index_, *blocks_, work_, stop_, report_.findings);
  }

  void read_index_names() {
    named_.clear();
    repository_.store().list("indexes/", [&](const storage::ObjectInfo& info) {
      try {
        const auto object = repository_.store().get(info.name, longest_index);
        if (!object) return;
        decode_index(*object, repository_.secrets(),
                     [&](PackInfo&& pack) { named_.insert(pack.name); });
      } catch (const core::CorruptData& error) {
        report_.findings.push_back({info.name, error.what()});
      }
    });
  }

  bool is_named(std::uint32_t pack) const { return named_.contains(index_.packs().at(pack).name); }

  void read_packs() {
    stored_.clear();
    repository_.store().list("packs/", [&](const storage::ObjectInfo& info) {
      const auto name = digest_of(info.name);
      const auto pack = name ? index_.find_pack(*name) : std::nullopt;
      if (pack) stored_.emplace(*pack, info.modified);
    });
  }

  // And those that no copy may be counted on for another reason.
  std::set<std::uint32_t> marked_packs(const std::vector<Mark>& marks) const {
    std::set<std::uint32_t> packs;
    for (const auto& mark : marks) {
      for (const auto& name : mark.packs) {
        if (const auto pack = index_.find_pack(name)) packs.insert(*pack);
      }
    }
    for (std::uint32_t pack = 0; pack < index_.packs().size(); ++pack) {
      if (!stored_.contains(pack)) packs.insert(pack);
    }
    return packs;
  }

  // Old enough that no running backup can have put it, or be about to.
  bool may_be_marked(std::uint32_t pack) const {
    const auto stored = stored_.at(pack);
    if (grace_ == seconds(0)) return report_.sessions == 0 || stored < oldest_session_;
    // Of what is in no index, a backup may be about to store the index.
    const auto age = is_named(pack) ? grace_ : std::max<seconds>(grace_, session_life);
    return now_ - stored >= age && (report_.sessions == 0 || stored < oldest_session_);
  }

  std::uint64_t live_bytes(std::uint32_t pack) const {
    std::uint64_t total = 0;
    const auto directory = blocks_->directory(pack);
    for (const auto& block : directory->blocks) {
      if (live_->is_live(pack, block)) total += block.stored;
    }
    return total;
  }

  void mark() {
    read_repository();
    report_.snapshots = live_->snapshots();
    report_.packs = stored_.size();
    const auto marks = read_marks(repository_, report_.findings);
    auto marked = marked_packs(marks);
    std::vector<std::uint32_t> dead, mostly_dead, small;
    for (const auto& [pack, time] : stored_) {
      if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
      const auto size = index_.packs().at(pack).size;
      report_.bytes += size;
      if (marked.contains(pack) || !may_be_marked(pack)) continue;
      if (!live_->any_in(pack))
        dead.push_back(pack);
      else if (static_cast<double>(live_bytes(pack)) <
               options_.repack_below * static_cast<double>(size))
        mostly_dead.push_back(pack);
      else if (size < small_pack)
        small.push_back(pack);
    }
    if (small.size() >= small_packs_worth_merging)
      mostly_dead.insert(mostly_dead.end(), small.begin(), small.end());
    if (!options_.dry_run) repack(mostly_dead, marked);
    dead.insert(dead.end(), mostly_dead.begin(), mostly_dead.end());
    put_mark_of(dead);
  }

  // Rewrites packs, and takes out of the list those of which something could not be copied.
  void repack(std::vector<std::uint32_t>& packs, std::set<std::uint32_t> excluded) {
    if (packs.empty()) return;
    find(drop_damaged(*blocks_, index_, packs, stop_, work_));
    excluded.insert(packs.begin(), packs.end());
    const BlockCopies copies(repository_, index_, *blocks_, excluded);
    Repacker repacker(repository_, *blocks_, options_.spool);
    work_.begin(WorkPhase::rewriting, {packs.size()});
    for (auto pack = packs.begin(); pack != packs.end();) {
      if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
      try {
        repacker.add(*pack, *live_, copies);
        ++report_.rewritten;
        report_.rewritten_bytes += live_bytes(*pack);
        ++pack;
      } catch (const core::CorruptData& error) {
        find({{blocks_->pack_name(*pack), error.what()}});
        pack = packs.erase(pack);
      }
      work_.add_item();
    }
    repacker.finish();
  }

  void put_mark_of(const std::vector<std::uint32_t>& packs) {
    std::vector<PackName> names;
    for (const auto pack : packs) {
      names.push_back(index_.packs().at(pack).name);
      ++report_.marked;
      report_.marked_bytes += index_.packs().at(pack).size;
    }
    if (names.empty() || options_.dry_run) return;
    put_mark(repository_, options_.machine, names);
  }

  // Whether a running backup may not have seen the mark.
  std::optional<SessionInfo> session_before(const Mark& mark) const {
    for (const auto& session : list_sessions(repository_)) {
      if (counts(session) && session.stored <= mark.stored + clock_margin) return session;
    }
    return std::nullopt;
  }

  void sweep() {
    std::vector<Mark> due;
    for (const auto& mark : read_marks(repository_, report_.findings)) {
      if (grace_ > seconds(0) && now_ - mark.stored < grace_) {
        report_.waiting += mark.packs.size();
      } else if (const auto session = session_before(mark)) {
        report_.waiting += mark.packs.size();
        report_.held_back.push_back(session->object + " is a backup that may have begun before " +
                                    mark.object);
      } else {
        due.push_back(mark);
      }
    }
    if (due.empty() && gone_packs().empty()) return;
    // Afresh, now that every backup which did not see these marks has ended; and again after
    // copying what turns out to be needed. A mark stays until all its packs are gone: another
    // prune may have decided to delete them, or count on them as copies never.
    do {
      read_repository();
    } while (copy_what_is_needed(due));
    delete_packs(due);
    read_packs();
    for (const auto& mark : due) {
      if (packs_of({mark}).empty()) repository_.store().remove(mark.object);
    }
  }

  std::set<std::uint32_t> packs_that_may_go(const std::vector<Mark>& marks) const {
    auto packs = marked_packs(marks);
    for (std::uint32_t pack = 0; pack < index_.packs().size(); ++pack) {
      if (!is_named(pack)) packs.insert(pack);
    }
    return packs;
  }

  std::set<std::uint32_t> packs_of(const std::vector<Mark>& marks) const {
    std::set<std::uint32_t> packs;
    for (const auto& mark : marks) {
      for (const auto& name : mark.packs) {
        const auto pack = index_.find_pack(name);
        if (pack && stored_.contains(*pack)) packs.insert(*pack);
      }
    }
    return packs;
  }

  // Copies in packs that any prune wants to delete do not count.
  BlockCopies copies_that_stay() {
    return BlockCopies(repository_, index_, *blocks_,
                       packs_that_may_go(read_marks(repository_, report_.findings)));
  }

  // Whether anything was copied.
  bool copy_what_is_needed(const std::vector<Mark>& due) {
    const auto copies = copies_that_stay();
    Repacker repacker(repository_, *blocks_, options_.spool);
    std::vector<std::uint32_t> needed;
    for (const auto pack : packs_of(due)) {
      if (!is_replaced(pack, copies)) needed.push_back(pack);
    }
    if (!needed.empty()) find(drop_damaged(*blocks_, index_, needed, stop_, work_));
    for (const auto pack : needed) {
      if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
      try {
        report_.rescued += repacker.add(pack, *live_, copies) ? 1 : 0;
      } catch (const core::CorruptData&) {
        // It stays, and is_replaced() will say so.
      }
    }
    return !repacker.finish().empty();
  }

  // Named by an index and not there.
  std::set<PackName> gone_packs() const {
    std::set<PackName> gone;
    for (const auto& name : named_) {
      // A list may lag, and a pack whose directory cannot be read is there all the same.
      if (!index_.find_pack(name) && !repository_.store().head(pack_object_name(name)))
        gone.insert(name);
    }
    return gone;
  }

  void delete_packs(const std::vector<Mark>& due) {
    const auto copies = copies_that_stay();
    std::vector<std::uint32_t> packs;
    // An index may name packs that are gone: another prune put it back.
    auto names = gone_packs();
    for (const auto pack : packs_of(due)) {
      if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
      if (is_replaced(pack, copies)) {
        packs.push_back(pack);
        names.insert(index_.packs().at(pack).name);
      } else {
        find({{blocks_->pack_name(pack),
               "is needed and cannot be copied; look at intendance verify"}});
      }
    }
    remove(packs, names);
  }

  // Whether all that is needed of a pack is elsewhere too, byte for byte.
  bool is_replaced(std::uint32_t pack, const BlockCopies& copies) const {
    if (!live_->any_in(pack)) return true;
    try {
      const auto directory = blocks_->directory(pack);
      for (std::uint32_t each = 0; each < directory->blocks.size(); ++each) {
        if (live_->is_live(pack, directory->blocks[each]) && !copies.has_same({pack, each}))
          return false;
      }
      return true;
    } catch (const core::CorruptData&) {
      return false; // a damaged pack is for verify and repair
    }
  }

  // New indexes first, then packs: whoever reads an index meanwhile finds what it names, or finds
  // the packs marked.
  void remove(const std::vector<std::uint32_t>& packs, const std::set<PackName>& names) {
    if (names.empty()) return;
    work_.begin(WorkPhase::deleting, {packs.size()});
    std::vector<storage::ObjectInfo> indexes;
    repository_.store().list("indexes/", [&](const auto& info) { indexes.push_back(info); });
    IndexRewriter rewriter(repository_, [&](const PackName& name) { return described(name); });
    for (const auto& info : indexes) {
      if (names_any(info, names)) rewriter.replace(info, names);
    }
    rewriter.finish();
    for (std::size_t at = 0; at < packs.size();) { // in any order: each is marked and replaced
      std::vector<std::string> batch;
      for (; at < packs.size() && batch.size() < deleted_at_once; ++at) {
        batch.push_back(blocks_->pack_name(packs[at]));
        report_.deleted_bytes += index_.packs().at(packs[at]).size;
      }
      repository_.store().remove_all(batch);
      report_.deleted += batch.size();
      work_.add_items(batch.size());
    }
  }

  // As it describes itself.
  std::optional<PackInfo> described(const PackName& name) {
    const auto pack = index_.find_pack(name);
    if (!pack) return std::nullopt;
    const auto& indexed = index_.packs().at(*pack);
    return PackInfo{name, indexed.size, indexed.directory_length, *blocks_->directory(*pack)};
  }

  bool names_any(const storage::ObjectInfo& info, const std::set<PackName>& names) const {
    const auto object = repository_.store().get(info.name, longest_index);
    if (!object) return false;
    bool any = false;
    try {
      decode_index(*object, repository_.secrets(),
                   [&](PackInfo&& pack) { any = any || names.contains(pack.name); });
    } catch (const core::CorruptData&) {
      return false; // it is reported; whoever reads it finds the packs' own directories instead
    }
    return any;
  }

  const Repository& repository_;
  ChunkIndex& index_;
  const PruneOptions& options_;
  std::stop_token stop_;
  WorkCounters& work_;
  const seconds grace_;
  PruneReport report_;
  core::TimePoint now_{}, oldest_session_{}; // by the store's clock
  std::set<PackName> named_;                 // by any index
  std::map<std::uint32_t, core::TimePoint> stored_;
  std::unique_ptr<BlockReader> blocks_;
  std::unique_ptr<LiveChunks> live_;
};

} // namespace

PruneReport prune(const Repository& repository, ChunkIndex& index, const PruneOptions& options,
                  std::stop_token stop, WorkCounters* work) {
  WorkCounters unseen;
  return Prune(repository, index, options, std::move(stop), work != nullptr ? *work : unseen).run();
}

} // namespace intendance::backupd
