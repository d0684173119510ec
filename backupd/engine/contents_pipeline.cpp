// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/contents_pipeline.hpp"

#include "core/error.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace intendance::backupd {

using core::CorruptData;

namespace {

// So many blocks are planned at a time: files whose chunks lie in different packs find them opened
// once.
constexpr std::size_t most_waiting = 8;
constexpr std::size_t most_waiting_weight = 2048;
constexpr std::size_t most_tasks_weight = 4096;
// A piece weighs one, about a kilobyte, and one more for each of its file's path and attributes.
constexpr std::size_t bytes_a_weight = std::size_t{1} << 10;
// Bytes of one request, and of what was fetched and waits: with a dozen connections, more than a
// line of 1 Gbit/s holds in 100 ms.
constexpr std::size_t most_run = std::size_t{1} << 20;
constexpr std::size_t most_fetched = std::size_t{4} << 20;

// A file that waits keeps its folder open, which may be another one for each file: where a process
// may open little, fewer wait. All that waits in queues or is fetched weighs less than this.
std::size_t weight_of_a_folder() {
  constexpr std::size_t most_weight = 65'536;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > most_weight) return 0;
  return most_weight / std::max<std::size_t>(1, limit.rlim_cur);
}

} // namespace

// What is dropped with pieces that nobody wrote, or before it was ended, is not committed.
struct ContentsPipeline::OpenFile {
  OpenFile(ContentsPipeline& owner, std::unique_ptr<FileWriter> file, const Entry& record)
      : pipeline(owner), writer(std::move(file)), size(record.size) {
    for (const auto& each : record.attributes) held += each.name.size() + each.value.size();
  }

  // Whichever thread held it last.
  ~OpenFile() {
    const bool whole = ended && unwritten == 0;
    Outcome outcome{writer->path(), size, problem};
    try {
      if (whole && problem.empty()) writer->commit();
    } catch (const std::exception& error) { // a destructor's boundary
      outcome.problem = error.what();
    }
    writer.reset();
    pipeline.work_.add_item();
    if (size > written) pipeline.work_.add_bytes(size - written); // holes, and what failed
    if (!whole && outcome.problem.empty()) return;                // all is given up
    const std::scoped_lock lock(pipeline.done_mutex_);
    pipeline.done_(outcome);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  void write(ByteView bytes, std::uint64_t offset) {
    const std::scoped_lock lock(mutex);
    if (!problem.empty()) return; // in vain
    try {
      writer->write(bytes, offset);
      --unwritten;
      written += bytes.size();
      pipeline.work_.add_bytes(bytes.size());
      pipeline.work_.look_at(writer->path());
    } catch (const core::Error& error) {
      problem = error.what();
    }
  }
  void fail(const std::string& message) {
    const std::scoped_lock lock(mutex);
    if (problem.empty()) problem = message;
  }
  void expect_piece() {
    const std::scoped_lock lock(mutex);
    ++unwritten;
  }
  // The size may be another than was said: of a file that became shorter while it was backed up.
  void end(std::uint64_t bytes) {
    const std::scoped_lock lock(mutex);
    ended = true;
    size = bytes;
    writer->set_size(bytes);
  }

  ContentsPipeline& pipeline;
  std::mutex mutex;
  std::unique_ptr<FileWriter> writer;
  std::size_t held = writer->path().size(); // bytes, while it waits
  std::uint64_t size;
  std::string problem;
  std::uint64_t unwritten = 0; // pieces
  std::uint64_t written = 0;   // bytes
  bool ended = false;
};

ContentsPipeline::ContentsPipeline(BlockReader& reader, WorkCounters& counters, Done done)
    : reader_(reader), work_(counters), done_(std::move(done)),
      tasks_(most_tasks_weight, [](const Task& task) { return task.weight; }),
      fetched_(most_fetched,
               [](const Task& task) { return task.sealed.size() + task.weight * bytes_a_weight; }),
      folder_weight_(weight_of_a_folder()),
      fetches_(reader.repository().store().connections() > 1) {
  if (fetches_) {
    for (auto each = reader.repository().store().connections(); each > 0; --each)
      fetchers_.emplace_back([this] { fetch(); });
  }
  for (auto each = std::max(1u, std::thread::hardware_concurrency()); each > 0; --each)
    workers_.emplace_back([this] { work(); });
}

ContentsPipeline::~ContentsPipeline() {
  fail(std::make_exception_ptr(core::Cancelled("stopped as asked")));
}

void ContentsPipeline::fail(const std::exception_ptr& failure) noexcept {
  tasks_.fail(failure);
  fetched_.fail(failure);
}

void ContentsPipeline::begin(std::unique_ptr<FileWriter> writer, const Entry& record) {
  current_ = std::make_shared<OpenFile>(*this, std::move(writer), record);
  ranges_.clear();
  unplaced_.clear();
  sparse_ = !record.data.empty();
  filled_ = 0;
  add(record);
}

void ContentsPipeline::add(const Entry& record) {
  if (!current_) return; // its first record was refused
  try {
    check_.add(record);
    ranges_.insert(ranges_.end(), record.data.begin(), record.data.end());
    for (const auto& extent : record.extents) add_extent(extent);
    place();
  } catch (const CorruptData& error) {
    current_->fail(error.what());
  }
}

void ContentsPipeline::end() {
  if (!current_) return;
  if (!check_.is_whole()) current_->fail("ends before its last record");
  if (!unplaced_.empty()) current_->fail("has more contents than its parts hold");
  current_->end(check_.size());
  unplaced_.clear();
  current_.reset();
}

void ContentsPipeline::add_extent(const Extent& extent) {
  Piece piece;
  piece.file = current_;
  piece.id = extent.chunk;
  piece.chunk = reader_.locate(ChunkKind::contents, extent.chunk).front();
  if (piece.chunk.length != extent.length)
    throw CorruptData("chunk " + core::to_hex(extent.chunk) +
                      " has another length than its file says");
  if (sparse_) {
    unplaced_.push_back({std::move(piece), extent.length});
    return;
  }
  piece.length = extent.length;
  piece.offset = filled_;
  filled_ += extent.length;
  add_piece(std::move(piece));
}

// Spreads what comes in order over the parts of a sparse file that are not holes.
void ContentsPipeline::place() {
  while (!unplaced_.empty() && !ranges_.empty()) {
    auto& next = unplaced_.front();
    const auto& range = ranges_.front();
    auto part = next.piece;
    part.from = next.piece.chunk.length - next.left;
    part.length =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(next.left, range.length - filled_));
    part.offset = range.offset + filled_;
    next.left -= part.length;
    filled_ += part.length;
    if (filled_ == range.length) {
      ranges_.pop_front();
      filled_ = 0;
    }
    if (next.left == 0) unplaced_.pop_front();
    if (part.length > 0) add_piece(std::move(part));
  }
}

void ContentsPipeline::add_piece(Piece&& piece) {
  const auto task = std::find_if(waiting_.begin(), waiting_.end(), [&](const Task& each) {
    return each.block.place == piece.chunk.block;
  });
  const auto weight = 1 + folder_weight_ + piece.file->held / bytes_a_weight;
  waiting_weight_ += weight;
  piece.file->expect_piece();
  if (task != waiting_.end()) {
    task->pieces.push_back(std::move(piece));
    task->weight += weight;
  } else {
    Task next;
    next.block = reader_.stored(piece.chunk.block);
    next.pieces.push_back(std::move(piece));
    next.weight = weight;
    waiting_.push_back(std::move(next));
  }
  while (waiting_.size() > most_waiting || waiting_weight_ > most_waiting_weight) hand_over_first();
}

void ContentsPipeline::hand_over_first() {
  waiting_weight_ -= waiting_.front().weight;
  auto task = std::move(waiting_.front());
  waiting_.pop_front();
  tasks_.push(std::move(task));
}

void ContentsPipeline::flush() {
  while (!waiting_.empty()) hand_over_first();
}

void ContentsPipeline::finish() {
  end();
  flush();
  tasks_.close();
  fetchers_.clear(); // waits for all
  fetched_.close();
  workers_.clear();
  tasks_.pop(); // throws what a thread failed of
}

void ContentsPipeline::fetch() {
  const auto joins = [](const std::vector<Task>& run, const Task& next) {
    return next.block.lies_behind(run.back().block) &&
           next.block.offset + next.block.size - run.front().block.offset <= most_run;
  };
  try {
    for (auto tasks = tasks_.pop_run(joins); !tasks.empty(); tasks = tasks_.pop_run(joins)) {
      std::shared_ptr<Buffer> run;
      try {
        run = std::make_shared<Buffer>(reader_.fetch(tasks.front().block, tasks.back().block));
      } catch (const CorruptData&) { // whoever opens them looks into it, block by block
      }
      for (auto& task : tasks) {
        if (run) {
          task.sealed = ByteView(*run).subspan(task.block.offset - tasks.front().block.offset,
                                               task.block.size);
        }
        task.run = run;
        fetched_.push(std::move(task));
      }
    }
  } catch (...) { // the boundary of a thread
    fail(std::current_exception());
  }
}

void ContentsPipeline::work() {
  auto& tasks = fetches_ ? fetched_ : tasks_;
  try {
    Buffer memory;
    while (auto task = tasks.pop()) run(*task, memory);
  } catch (...) { // the boundary of a thread
    fail(std::current_exception());
  }
}

void ContentsPipeline::run(const Task& task, Buffer& memory) {
  std::string problem;
  ByteView raw;
  try {
    raw = task.run ? reader_.open_fetched(task.block.place, task.sealed, memory)
                   : reader_.open(task.block.place, memory);
  } catch (const CorruptData& error) {
    problem = error.what();
  }
  Elsewhere elsewhere;
  const ChunkInBlock* checked = nullptr;
  for (const auto& piece : task.pieces) {
    if (!problem.empty()) {
      write_from(elsewhere, piece, problem);
      continue;
    }
    try {
      if (checked == nullptr || checked->chunk != piece.chunk.chunk)
        reader_.check(piece.chunk, raw);
      checked = &piece.chunk;
      write(piece, raw);
    } catch (const CorruptData& error) {
      write_from(elsewhere, piece, error.what());
    }
  }
}

void ContentsPipeline::write(const Piece& piece, ByteView raw) {
  piece.file->write(raw.subspan(piece.chunk.offset + piece.from, piece.length), piece.offset);
}

// A chunk that is damaged in one place may be whole in another, and one that a prune moved is with
// the others of its block again.
void ContentsPipeline::write_from(Elsewhere& elsewhere, const Piece& piece,
                                  const std::string& problem) {
  try {
    const auto use = [&](const ChunkInBlock& place) {
      if (place.length != piece.chunk.length)
        throw CorruptData("chunk " + core::to_hex(piece.id) + " has several lengths");
      if (elsewhere.block != place.block) {
        elsewhere.block.reset();
        elsewhere.raw = reader_.open(place.block, elsewhere.memory);
        elsewhere.block = place.block;
      }
      reader_.check(place, elsewhere.raw);
      auto moved = piece;
      moved.chunk = place;
      write(moved, elsewhere.raw);
    };
    reader_.from_any_place(ChunkKind::contents, piece.id, use, {piece.chunk.block}, problem);
  } catch (const CorruptData& error) {
    piece.file->fail(error.what());
  }
}

} // namespace intendance::backupd
