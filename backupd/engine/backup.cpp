// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/backup.hpp"

#include "backupd/engine/chunk_writer.hpp"
#include "backupd/engine/manifest_writer.hpp"
#include "backupd/engine/previous.hpp"
#include "backupd/engine/writer_chain.hpp"
#include "core/clock.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace intendance::backupd {

namespace {

constexpr std::size_t read_size = std::size_t{1} << 20;
constexpr std::size_t most_warnings = 1000;
// A file that changed within the clock's grain before the last backup began may have changed again
// after it was read, at the same time stamp.
constexpr std::int64_t grain_seconds = 2;

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

// Cuts contents into chunks as they come.
class ContentCutter {
public:
  ContentCutter(ChunkWriter& chunks, const Chunker& chunker) : chunks_(chunks), chunker_(chunker) {}

  void add(ByteView bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    total_ += bytes.size();
    while (buffer_.size() - begin_ >= chunker_.sizes().most) cut();
    if (begin_ >= chunker_.sizes().most) compact();
  }
  std::uint64_t total() const { return total_; }
  // Of contents that were too short for a cut.
  bool is_small() const { return extents_.empty() && total_ < chunker_.sizes().least; }
  ByteView small() const { return buffer_; }
  std::vector<Extent> finish() {
    while (begin_ < buffer_.size()) cut();
    return std::move(extents_);
  }

private:
  void cut() {
    const auto rest = ByteView(buffer_).subspan(begin_);
    const auto chunk = rest.first(chunker_.cut(rest));
    extents_.push_back(
        {chunks_.put(ChunkKind::contents, chunk), 0, static_cast<std::uint32_t>(chunk.size())});
    begin_ += chunk.size();
  }
  void compact() {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }

  ChunkWriter& chunks_;
  const Chunker& chunker_;
  Buffer buffer_;
  std::size_t begin_ = 0;
  std::uint64_t total_ = 0;
  std::vector<Extent> extents_;
};

// The parts of an open file that are not holes; empty when it has none.
std::vector<DataRange> data_ranges(int descriptor, std::uint64_t size) {
  std::vector<DataRange> ranges;
  off_t at = 0;
  const auto end = static_cast<off_t>(size);
  while (at < end) {
    const auto data = ::lseek(descriptor, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break; // a hole up to the end
    if (data < 0) return {};               // a file system that knows no holes
    const auto hole = std::min(::lseek(descriptor, data, SEEK_HOLE), end);
    if (hole <= data) break;
    ranges.push_back({static_cast<std::uint64_t>(data), static_cast<std::uint64_t>(hole - data)});
    at = hole;
  }
  if (ranges.size() == 1 && ranges.front() == DataRange{0, size}) return {};
  if (ranges.empty() && size > 0) ranges.push_back({0, 0});
  return ranges;
}

class Run {
public:
  Run(Repository& repository, const BackupRequest& request, std::stop_token stop,
      const std::function<void(const BackupProgress&)>& progress);
  BackupResult run();

private:
  void visit(Found&& found);
  void back_up_file(Found&& found);
  bool reuse(Entry& entry);
  void read_ranges(const Found& found, const std::vector<DataRange>& ranges, ContentCutter& cutter);
  void back_up_stream(const Stream& stream);
  void add_contents(Entry entry, ContentCutter& cutter);
  void count(const Entry& entry);
  void warn(const std::string& path, const std::string& message);
  void walk(Walker& walker, const std::string& root);
  std::vector<ChunkId> store_references();
  void commit(const SnapshotBody& body);
  std::filesystem::path cache_file() const;

  Repository& repository_;
  const BackupRequest& request_;
  std::stop_token stop_;
  const std::function<void(const BackupProgress&)>& progress_;
  BackupResult result_;
  SnapshotHeader& header_ = result_.header;
  ChunkWriter chunks_;
  Chunker chunker_;
  PreviousManifest previous_;
  std::unique_ptr<NextManifest> next_;
  ManifestWriter manifest_;
  Buffer block_;
};

std::filesystem::path Run::cache_file() const {
  // A job's name may hold anything; its hash is a file name. The epoch is in it, so that chunks of
  // before it are not used again.
  const auto job = core::blake2b(
      core::as_bytes(fmt::format("{} {}", repository_.trust().deduplicate_from, request_.job)));
  return request_.state / "manifests" / core::to_hex(repository_.trust().repository) /
         core::to_hex(ByteView(job).first(8));
}

Run::Run(Repository& repository, const BackupRequest& request, std::stop_token stop,
         const std::function<void(const BackupProgress&)>& progress)
    : repository_(repository), request_(request), stop_(std::move(stop)), progress_(progress),
      chunks_(repository, repository.load_index(result_.findings), request.state / "spool"),
      chunker_(repository.secrets().newest().naming), previous_(cache_file()),
      manifest_(chunks_, chunker_, [this](const Entry& entry) { next_->add(entry); }),
      block_(read_size) {
  header_.machine = repository.trust().writer(repository.writer().public_key())->name;
  header_.job = request.job;
  header_.started = core::system_clock().now();
  header_.trust_version = repository.trust().version;
  const auto since = header_.started.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  next_ = std::make_unique<NextManifest>(
      cache_file(),
      FileTime{seconds.count(), static_cast<std::uint32_t>((since - seconds).count())});
  result_.findings.insert(result_.findings.end(), repository.findings().begin(),
                          repository.findings().end());
}

void Run::warn(const std::string& path, const std::string& message) {
  ++header_.warnings;
  if (result_.warnings.size() < most_warnings) result_.warnings.push_back({path, message});
}

void Run::count(const Entry& entry) {
  if (entry.type == FileType::file)
    ++header_.files;
  else if (entry.type == FileType::directory)
    ++header_.directories;
  else
    ++header_.other;
  header_.bytes += entry.hard_link.empty() ? entry.size : 0;
  if (progress_) progress_({header_.files, header_.bytes, chunks_.new_bytes()});
}

void Run::visit(Found&& found) {
  if (found.contents) return back_up_file(std::move(found));
  count(found.entry);
  manifest_.add(std::move(found.entry));
}

// Takes over the extents of the last backup when nothing says that the file changed since.
bool Run::reuse(Entry& entry) {
  const auto* known = previous_.find(entry.path);
  if (known == nullptr || known->type != FileType::file || !known->hard_link.empty() ||
      !known->identity || known->size != entry.size || known->modified != entry.modified ||
      known->identity->inode != entry.identity->inode ||
      known->identity->changed != entry.identity->changed) {
    return false;
  }
  if (known->identity->changed.seconds >= previous_.started().seconds - grain_seconds) return false;
  for (const auto& extent : known->extents) {
    if (!chunks_.reuse(extent.chunk)) return false;
  }
  entry.extents = known->extents;
  entry.data = known->data;
  return true;
}

void Run::read_ranges(const Found& found, const std::vector<DataRange>& ranges,
                      ContentCutter& cutter) {
  for (const auto& range : ranges) {
    for (std::uint64_t done = 0; done < range.length;) {
      if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
      const auto most = std::min<std::uint64_t>(block_.size(), range.length - done);
      const auto count = reading([&] {
        return core::read_at(found.contents.get(), std::span(block_).first(most),
                             range.offset + done);
      });
      cutter.add(ByteView(block_).first(count));
      done += count;
      if (count < most) return; // the file became shorter
    }
  }
}

void Run::back_up_file(Found&& found) {
  auto& entry = found.entry;
  if (reuse(entry)) {
    count(entry);
    return manifest_.add(std::move(entry));
  }
  const auto shown = "/" + entry.path;
  ContentCutter cutter(chunks_, chunker_);
  std::string problem;
  try {
    entry.data = data_ranges(found.contents.get(), entry.size);
    const auto ranges = entry.data.empty() ? std::vector<DataRange>{{0, entry.size}} : entry.data;
    read_ranges(found, ranges, cutter);
    problem = reading([&] { return torn(found.contents.get(), entry); });
    std::uint64_t wanted = 0;
    for (const auto& range : ranges) wanted += range.length;
    if (cutter.total() != wanted) {
      // Shorter than it was: what could be read is the file now, without its holes' places.
      entry.size = cutter.total();
      entry.data.clear();
      problem = "became shorter while being read (kept as read)";
    }
  } catch (const Unreadable& error) {
    return warn(shown, error.what());
  }
  if (!problem.empty()) {
    warn(shown, problem);
    entry.identity.reset(); // so that the next backup reads it again
  }
  add_contents(std::move(entry), cutter);
}

void Run::add_contents(Entry entry, ContentCutter& cutter) {
  count(entry);
  if (cutter.is_small()) return manifest_.add_small(std::move(entry), cutter.small());
  entry.extents = cutter.finish();
  manifest_.add(std::move(entry));
}

void Run::back_up_stream(const Stream& stream) {
  core::with_context(stream.path, [&] {
    ContentCutter cutter(chunks_, chunker_);
    stream.produce([&](ByteView bytes) {
      if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
      cutter.add(bytes);
    });
    Entry entry;
    entry.path = stream.path.substr(1);
    entry.mode = 0600;
    entry.uid = ::getuid();
    entry.gid = ::getgid();
    entry.modified.seconds =
        std::chrono::floor<std::chrono::seconds>(header_.started.time_since_epoch()).count();
    entry.size = cutter.total();
    add_contents(std::move(entry), cutter);
  });
}

// A root that is not there costs the others nothing, but a backup of nothing is none.
void Run::walk(Walker& walker, const std::string& root) {
  try {
    walker.walk(root);
  } catch (const Unreachable& error) {
    if (request_.roots.size() + request_.streams.size() == 1) throw;
    warn(root, error.what());
  }
}

std::vector<ChunkId> Run::store_references() {
  Buffer list;
  for (const auto& id : chunks_.referenced()) list.insert(list.end(), id.begin(), id.end());
  std::vector<ChunkId> references;
  for (ByteView rest = list; !rest.empty();) {
    const auto part = rest.first(std::min(rest.size(), chunker_.sizes().average));
    references.push_back(chunks_.put(ChunkKind::references, part));
    rest = rest.subspan(part.size());
  }
  return references;
}

BackupResult Run::run() {
  SnapshotBody body;
  Walker walker(
      request_.walk, [this](Found&& found) { visit(std::move(found)); },
      [this](const std::string& path, const std::string& message) { warn(path, message); }, stop_);
  // Entries come in order of paths, so streams and roots are taken in that order too.
  struct Part {
    std::string path;
    const Stream* stream;
  };
  std::vector<Part> parts;
  for (const auto& root : request_.roots)
    parts.push_back({root.lexically_normal().string(), nullptr});
  for (const auto& stream : request_.streams) parts.push_back({stream.path, &stream});
  std::sort(parts.begin(), parts.end(), [](const Part& left, const Part& right) {
    return compare_paths(left.path, right.path) < 0;
  });
  for (const auto& part : parts) {
    body.roots.push_back(part.path);
    if (part.stream != nullptr)
      back_up_stream(*part.stream);
    else
      walk(walker, part.path);
  }
  body.pages = manifest_.finish();
  body.warnings = result_.warnings;
  header_.references = store_references();
  chunks_.flush();
  if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
  header_.new_bytes = chunks_.new_bytes();
  header_.stored_bytes = chunks_.stored_bytes();
  commit(body);
  return std::move(result_);
}

// One at a time of this writer, whatever job it runs: the chain must not fork.
void Run::commit(const SnapshotBody& body) {
  WriterChain chain(request_.state, repository_);
  chain.join(header_, result_.findings);
  header_.finished = core::system_clock().now();
  const auto object = encode_snapshot(header_, body, chunks_.session(), repository_.writer(),
                                      repository_.trust().repository);
  result_.snapshot = core::blake2b(object);
  repository_.store().put(snapshot_object_name(result_.snapshot), object);
  // From here on the backup is done, whatever becomes of what makes the next one quick.
  try {
    chain.remember(header_.sequence, result_.snapshot);
    next_->commit(result_.snapshot);
  } catch (const core::Error& error) {
    result_.findings.push_back({request_.state.string(), error.what()});
  }
}

} // namespace

BackupResult back_up(Repository& repository, const BackupRequest& request, std::stop_token stop,
                     const std::function<void(const BackupProgress&)>& progress) {
  std::filesystem::create_directories(request.state / "spool");
  return Run(repository, request, std::move(stop), progress).run();
}

} // namespace intendance::backupd
