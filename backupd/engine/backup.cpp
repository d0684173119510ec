// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/backup.hpp"

#include "backupd/engine/file_recorder.hpp"
#include "backupd/engine/previous.hpp"
#include "backupd/engine/tree_scan.hpp"
#include "backupd/engine/usable_packs.hpp"
#include "backupd/engine/writer_chain.hpp"
#include "backupd/repository/announcements.hpp"
#include "core/clock.hpp"
#include "storage/at_once.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <set>

namespace intendance::backupd {

namespace {

constexpr std::size_t most_warnings = 1000;
constexpr int most_attempts = 3;
constexpr std::size_t most_warning_bytes = std::size_t{4} << 20;

// The file at hand cannot be read; the others can. Whatever else fails (the repository, the spool)
// ends the backup.
class Unreadable : public core::Error {
public:
  using Error::Error;
};

template <class Read>
auto reading(Read&& read) {
  try {
    return read();
  } catch (const core::Error& error) {
    throw Unreadable(error.what());
  }
}

FileTime file_time(core::TimePoint time) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  return {seconds.count(), static_cast<std::uint32_t>((since - seconds).count())};
}

// A job's name may hold anything; its hash is a file name.
std::filesystem::path previous_file(const BackupRequest& request, const std::string& repository) {
  const auto job = core::blake2b(core::as_bytes(request.job));
  return request.state / "manifests" / repository / core::to_hex(ByteView(job).first(8));
}

// One attempt: everything up to the snapshot.
class Run {
public:
  Run(Repository& repository, ChunkIndex& index, const BackupRequest& request, std::stop_token stop,
      WorkCounters& work);

  // Reads and stores everything but the snapshot.
  void store_all();
  enum class Committed { yes, too_late, stale }; // stale: a prune wants what it is built on
  Committed commit(const Session& announcement, std::vector<Finding>& findings);
  BackupResult take_result() { return std::move(result_); }

private:
  void keep_for_the_next(const WriterChain& chain);
  void take(Scanned&& found);
  void take_known(const Scanned& found);
  void back_up_file(Scanned&& found);
  void read_range(int file, const std::string& path, const DataRange& range);
  void back_up_stream(const Stream& stream);
  void back_up_streams_before(const std::string* path); // all for no path
  void count(const Entry& entry, std::uint64_t BackupResult::*files);
  void warn(const std::string& path, const std::string& message);
  void scan_tree(const std::string& root);

  Repository& repository_;
  ChunkIndex& index_;
  const BackupRequest& request_;
  std::stop_token stop_;
  WorkCounters& work_;
  BackupResult result_;
  SnapshotHeader& header_ = result_.header;
  SnapshotBody body_;
  std::size_t warning_bytes_ = 0;
  ChunkWriter chunks_;
  Chunker chunker_;
  std::filesystem::path previous_file_;
  PreviousManifest previous_;
  NextManifest next_;
  ManifestWriter manifest_;
  FileRecorder recorder_;
  TreeScan scan_;
  std::vector<const Stream*> streams_; // by path
  std::size_t next_stream_ = 0;
  std::set<std::string> unread_; // first names of files that could not be read
};

PackPipeline::Options pipeline_options(const BackupRequest& request, Repository& repository,
                                       std::stop_token stop) {
  PackPipeline::Options options;
  options.stop = std::move(stop);
  const auto of_store = repository.store().spool_folder();
  options.spool_folder = of_store.value_or(request.state / "spool");
  if (!of_store) core::make_folders(options.spool_folder);
  return options;
}

Run::Run(Repository& repository, ChunkIndex& index, const BackupRequest& request,
         std::stop_token stop, WorkCounters& work)
    : repository_(repository), index_(index), request_(request), stop_(std::move(stop)),
      work_(work), chunks_(repository, index, pipeline_options(request, repository, stop_)),
      chunker_(repository.secrets().newest().naming),
      previous_file_(previous_file(request, core::to_hex(repository.trust().repository))),
      previous_(previous_file_, index),
      next_(previous_file_, file_time(core::system_clock().now())),
      manifest_(
          chunks_, chunker_,
          [this](ByteView record, std::span<const ChunkHome> homes) { next_.add(record, homes); }),
      recorder_(chunks_, chunker_, manifest_), scan_(request.walk, previous_, stop_) {
  header_.machine = repository.trust().writer(repository.writer().public_key())->name;
  header_.job = request.job;
  header_.started = core::system_clock().now();
  header_.trust_version = repository.trust().version;
}

void Run::warn(const std::string& path, const std::string& message) {
  ++header_.warnings;
  // The first of them are kept; paths may be long.
  warning_bytes_ += path.size() + message.size();
  if (result_.warnings.size() < most_warnings && warning_bytes_ < most_warning_bytes)
    result_.warnings.push_back({path, message});
}

// As one of these files, when it is one.
void Run::count(const Entry& entry, std::uint64_t BackupResult::*files) {
  if (entry.type == FileType::file) {
    ++header_.files;
    ++(result_.*files);
    work_.add_item();
  } else if (entry.type == FileType::directory) {
    ++header_.directories;
  } else if (entry.type == FileType::more_extents) {
    return;
  } else {
    ++header_.other;
  }
  header_.bytes += entry.hard_link.empty() ? entry.size : 0;
}

void Run::take(Scanned&& found) {
  if (!found.warning.empty()) return warn(found.entry.path, found.warning);
  if (found.entry.type != FileType::more_extents) back_up_streams_before(&found.entry.path);
  if (found.contents) return back_up_file(std::move(found));
  if (unread_.contains(found.entry.hard_link))
    return warn("/" + found.entry.path,
                "is a further name of /" + found.entry.hard_link + ", which could not be read");
  take_known(found);
}

void Run::take_known(const Scanned& found) {
  std::vector<ChunkHome> homes;
  for (const auto pack : found.packs) {
    chunks_.reuse(pack);
    homes.push_back(ChunkHome::pack(pack));
  }
  count(found.entry, found.known ? &BackupResult::unchanged_files : &BackupResult::new_files);
  if (found.entry.type == FileType::file && found.entry.hard_link.empty())
    work_.add_bytes(found.entry.size);
  manifest_.add(found.entry, homes);
}

void Run::read_range(int file, const std::string& path, const DataRange& range) {
  for (std::uint64_t done = 0; done < range.length;) {
    work_.look_at(path);
    if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
    auto into = recorder_.contents().room();
    into = into.first(std::min<std::uint64_t>(into.size(), range.length - done));
    const auto count = reading([&] { return core::read_at(file, into, range.offset + done); });
    recorder_.contents().added(count);
    result_.read_bytes += count;
    work_.add_bytes(count);
    work_.set_new_bytes(chunks_.new_bytes());
    done += count;
    if (count < into.size()) return; // the file became shorter
  }
}

void Run::back_up_file(Scanned&& found) {
  auto& entry = found.entry;
  const auto before = entry;
  const auto kind = found.known ? &BackupResult::changed_files : &BackupResult::new_files;
  const auto shown = "/" + entry.path;
  const int file = found.contents.get();
  entry.data = data_ranges(file, entry.size);
  const auto ranges = entry.data.empty() ? std::vector<DataRange>{{0, entry.size}} : entry.data;
  recorder_.begin(std::move(entry));
  try {
    for (const auto& range : ranges) read_range(file, shown, range);
    auto problem = reading([&] { return torn(file, before); });
    if (recorder_.contents().total() != recorder_.announced())
      problem = "became shorter while being read (kept as read)";
    if (!problem.empty()) {
      warn(shown, problem);
      next_.add_unsure(before.path);
    }
  } catch (const Unreadable& error) {
    warn(shown, error.what());
    next_.add_unsure(before.path);
    if (recorder_.abandon()) return count(before, kind);
    if (before.links > 1) unread_.insert(before.path);
    return;
  }
  recorder_.finish();
  count(before, kind);
  work_.add_bytes(before.size - std::min(before.size, recorder_.announced())); // its holes
}

void Run::back_up_stream(const Stream& stream) {
  core::with_context(stream.path, [&] {
    Entry entry;
    entry.path = stream.path.substr(1);
    entry.mode = 0600;
    entry.uid = ::getuid();
    entry.gid = ::getgid();
    entry.modified.seconds =
        std::chrono::floor<std::chrono::seconds>(header_.started.time_since_epoch()).count();
    recorder_.begin_stream(entry);
    stream.produce([&](ByteView bytes) {
      if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
      recorder_.contents().add(bytes);
      work_.add_bytes(bytes.size());
      work_.set_new_bytes(chunks_.new_bytes());
    });
    entry.size = recorder_.contents().total();
    result_.read_bytes += entry.size;
    recorder_.finish();
    count(entry, &BackupResult::changed_files);
  });
}

// A root that is not there costs the others nothing, but a backup of nothing is none.
void Run::scan_tree(const std::string& root) {
  try {
    scan_.begin(root);
    while (auto found = scan_.next()) take(std::move(*found));
  } catch (const Unreachable& error) {
    if (request_.roots.size() + request_.streams.size() == 1) throw;
    warn(root, error.what());
  }
}

// Links on the way to a root are resolved, so that the roots' order is that of the paths in them.
std::string resolved(const std::filesystem::path& root) {
  auto normal = root.lexically_normal();
  if (!normal.has_filename()) normal = normal.parent_path();
  std::error_code error;
  const auto parent = std::filesystem::canonical(normal.parent_path(), error);
  if (error || normal == normal.root_path()) return normal.string(); // the walk says why
  return (parent / normal.filename()).string();
}

std::vector<std::string> roots_in_order(const BackupRequest& request) {
  std::vector<std::string> all;
  for (const auto& root : request.roots) all.push_back(resolved(root));
  std::sort(all.begin(), all.end(),
            [](const auto& left, const auto& right) { return compare_paths(left, right) < 0; });
  std::vector<std::string> roots;
  for (const auto& root : all) {
    // What lies in another root comes with it.
    if (!roots.empty() &&
        (root == roots.back() || roots.back() == "/" || root.starts_with(roots.back() + "/"))) {
      continue;
    }
    roots.push_back(root);
  }
  return roots;
}

// Streams take their places among the files, in the order of paths.
void Run::back_up_streams_before(const std::string* path) {
  while (next_stream_ < streams_.size()) {
    const auto& stream = *streams_[next_stream_];
    if (path != nullptr && compare_paths(stream.path.substr(1), *path) >= 0) return;
    ++next_stream_;
    back_up_stream(stream);
  }
}

void Run::store_all() {
  for (const auto& stream : request_.streams) streams_.push_back(&stream);
  std::sort(streams_.begin(), streams_.end(), [](const Stream* left, const Stream* right) {
    return compare_paths(left->path, right->path) < 0;
  });
  for (const auto& root : roots_in_order(request_)) {
    body_.roots.push_back(root);
    scan_tree(root);
  }
  back_up_streams_before(nullptr);
  for (const auto* stream : streams_) body_.roots.push_back(stream->path);
  work_.begin(WorkPhase::storing);
  manifest_.finish();
  chunks_.flush();
  body_.page_lists = manifest_.page_lists();
  body_.warnings = result_.warnings;
  header_.references = manifest_.reference_roots();
  header_.new_bytes = chunks_.new_bytes();
  header_.stored_bytes = chunks_.stored_bytes();
}

// One at a time of this writer, whatever job it runs: the chain must not fork.
Run::Committed Run::commit(const Session& announcement, std::vector<Finding>& findings) {
  if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
  const WriterChain chain(request_.state, repository_);
  bool firm = false;
  storage::at_once(
      repository_.store(),
      {[&] { firm = stands_firm(repository_, index_, chunks_.used_packs(), findings); },
       [&] { chain.join(header_, result_.findings); }});
  if (!firm) return Committed::stale;
  header_.finished = core::system_clock().now();
  const auto object = encode_snapshot(header_, body_, chunks_.session(), repository_.secrets(),
                                      repository_.writer(), repository_.trust().repository);
  result_.snapshot = core::sha256(object);
  const auto name = snapshot_object_name(result_.snapshot);
  if (announcement.age() > commit_limit) return Committed::too_late;
  repository_.store().put(name, object);
  check_commit_times(repository_, announcement, name);
  keep_for_the_next(chain);
  return Committed::yes;
}

// The backup is done, whatever becomes of this.
void Run::keep_for_the_next(const WriterChain& chain) {
  const auto keep = [&](const char* otherwise, const auto& work) {
    try {
      work();
    } catch (const core::Error& error) {
      result_.findings.push_back(
          {request_.state.string(), fmt::format("{}: {}", otherwise, error.what())});
    }
  };
  keep("the removal of this snapshot would not be noticed",
       [&] { chain.remember(header_.sequence, result_.snapshot); });
  keep("the next backup reads more than it would have to",
       [&] { next_.commit(result_.snapshot, chunks_, index_); });
  keep("the next backup asks the store for all indexes", [&] { index_.save(); });
}

// Nothing when a prune wants to delete what it was built on.
std::optional<BackupResult> try_to_back_up(Repository& repository, ChunkIndex& index,
                                           const BackupRequest& request, std::stop_token stop,
                                           WorkCounters& work, std::vector<Finding>& findings) {
  work.begin(WorkPhase::opening);
  update_usable_packs(repository, index, findings);
  Run run(repository, index, request, std::move(stop), work);
  work.begin(WorkPhase::reading, request.expected);
  run.store_all();
  for (;;) {
    const Session announcement(repository, request.machine, request.job,
                               session_memory(request.state, repository));
    switch (run.commit(announcement, findings)) {
    case Run::Committed::yes: return run.take_result();
    case Run::Committed::stale: return std::nullopt;
    case Run::Committed::too_late: break; // announce it again
    }
  }
}

} // namespace

BackupResult back_up(Repository& repository, const BackupRequest& request, std::stop_token stop,
                     WorkCounters* work) {
  WorkCounters unseen;
  const auto memory = session_memory(request.state, repository);
  const Session session(repository, request.machine, request.job, memory);
  withdraw_dead_sessions(repository, memory, session);
  ChunkIndex index(request.state / "index" / core::to_hex(repository.trust().repository));
  auto findings = repository.findings();
  for (int attempt = 1; attempt <= most_attempts; ++attempt) {
    try {
      auto result = try_to_back_up(repository, index, request, stop,
                                   work != nullptr ? *work : unseen, findings);
      if (!result) continue;
      result->findings.insert(result->findings.begin(), findings.begin(), findings.end());
      return std::move(*result);
    } catch (const DamagedIndex&) {
      if (attempt == most_attempts) throw;
      index.remove(); // a cache: it is made again
    }
  }
  throw core::Error(
      "prunes wanted to delete what this backup was built on, again and again; run it "
      "when no prune runs");
}

} // namespace intendance::backupd
