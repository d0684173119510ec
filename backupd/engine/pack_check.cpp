// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/pack_check.hpp"

#include "backupd/engine/bounded_queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace intendance::backupd {

namespace {

constexpr std::uint64_t read_size = std::uint64_t{4} << 20;

// What a thread uses again for each pack.
struct Memory {
  Buffer parts = Buffer(read_size + longest_sealed_block), block;
};

// Reads one pack from its beginning to its end, and opens its blocks.
class PackCheck {
public:
  PackCheck(BlockReader& reader, const IndexedPack& indexed, std::uint32_t pack, Memory& memory,
            WorkCounters& work)
      : reader_(reader), indexed_(indexed), work_(work), name_(pack_object_name(indexed.name)),
        memory_(memory) {
    report_.pack = pack;
  }

  PackReport run() {
    try {
      directory_ = reader_.directory(report_.pack);
    } catch (const core::Unanswered&) {
      throw;
    } catch (const core::Error& error) {
      report_.problems.emplace_back(error.what()); // then the name alone is checked
      report_.all_lost = true;
    }
    while (at_ < indexed_.size && fetch()) open_blocks();
    if (at_ == indexed_.size && hash_.finish() != indexed_.name)
      report_.problems.emplace_back("does not hold what was written");
    return std::move(report_);
  }

private:
  // The next part, behind what is left of the one before: the beginning of a block.
  bool fetch() {
    auto& bytes = memory_.parts;
    std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(taken_),
              bytes.begin() + static_cast<std::ptrdiff_t>(at_ - begin_), bytes.begin());
    begin_ += taken_;
    taken_ = 0;
    const auto part =
        std::span(bytes).subspan(at_ - begin_, std::min(read_size, indexed_.size - at_));
    try {
      if (!reader_.repository().store().read(name_, at_, part)) return lose_rest("is gone");
    } catch (const core::Unanswered&) {
      throw;
    } catch (const core::Error& error) {
      return lose_rest(error.what());
    }
    hash_.update(part);
    report_.bytes_read += part.size();
    work_.add_bytes(part.size());
    at_ += part.size();
    return true;
  }

  bool lose_rest(const std::string& why) {
    report_.problems.push_back(why);
    for (; directory_ && next_ < directory_->blocks.size(); ++next_)
      lose(directory_->blocks[next_]);
    return false;
  }

  void lose(const PackBlock& block) {
    for (const auto& chunk : directory_->chunks_of(block)) report_.lost.push_back(chunk.id);
  }

  void open_blocks() {
    for (; directory_ && next_ < directory_->blocks.size(); ++next_) {
      const auto& block = directory_->blocks[next_];
      taken_ = block.offset - begin_;
      if (std::uint64_t{block.offset} + block.stored > at_) return;
      const auto sealed = ByteView(memory_.parts).subspan(taken_, block.stored);
      taken_ += block.stored;
      const auto epoch = directory_->origins.at(block.origin).epoch;
      try {
        if (!reader_.repository().namer().can_name(epoch, block.kind)) continue;
      } catch (const core::CorruptData& error) {
        report_.problems.push_back(fmt::format("block {}: {}", block.number, error.what()));
        lose(block);
        continue;
      }
      open(block, sealed);
    }
    taken_ = at_ - begin_; // nobody opens what follows the last block
  }

  // Chunk by chunk, so that damage costs only what it touches.
  void open(const PackBlock& block, ByteView sealed) {
    ByteView rest;
    try {
      rest = reader_.repository().opener().open(directory_->origins.at(block.origin), block.kind,
                                                block.number, sealed, block.length, memory_.block);
    } catch (const core::AccessDenied&) {
      return; // a writer's key names what it cannot open
    } catch (const core::Error& error) {
      report_.problems.push_back(fmt::format("block {}: {}", block.number, error.what()));
      return lose(block);
    }
    for (const auto& chunk : directory_->chunks_of(block)) {
      const auto bytes = rest.first(chunk.length);
      rest = rest.subspan(chunk.length);
      if (reader_.repository().namer().name(directory_->origins.at(block.origin).epoch, block.kind,
                                            bytes) == chunk.id)
        continue;
      report_.problems.push_back(
          fmt::format("chunk {}: holds other bytes than its id says", core::to_hex(chunk.id)));
      report_.lost.push_back(chunk.id);
    }
  }

  BlockReader& reader_;
  const IndexedPack& indexed_;
  WorkCounters& work_;
  const std::string name_;
  std::shared_ptr<const PackDirectory> directory_;
  PackReport report_;
  core::Sha256 hash_;
  Memory& memory_;
  std::uint64_t begin_ = 0; // of memory_.parts in the pack
  std::uint64_t at_ = 0;    // how far the pack is read
  std::size_t taken_ = 0;   // of memory_.parts
  std::size_t next_ = 0;    // block
};

} // namespace

void check_packs(BlockReader& reader, const ChunkIndex& index,
                 const std::vector<std::uint32_t>& packs, unsigned threads, WorkCounters& counters,
                 std::stop_token stop, const std::function<void(PackReport&&)>& done) {
  WorkTotal total{packs.size()};
  for (const auto pack : packs) total.bytes += index.packs().at(pack).size;
  counters.begin(WorkPhase::verifying, total);
  BoundedQueue<PackReport> reports(threads);
  std::atomic<std::size_t> next = 0;
  std::atomic<unsigned> running = threads;
  const auto work = [&] {
    try {
      Memory memory;
      for (std::size_t each; (each = next++) < packs.size();) {
        if (stop.stop_requested()) throw core::Cancelled("stopped as asked");
        reports.push(
            PackCheck(reader, index.packs().at(packs[each]), packs[each], memory, counters).run());
        counters.add_item();
      }
      if (--running == 0) reports.close();
    } catch (...) { // the boundary of a thread
      reports.fail(std::current_exception());
    }
  };
  std::vector<std::jthread> workers;
  for (unsigned each = 0; each < threads; ++each) workers.emplace_back(work);
  try {
    while (auto report = reports.pop()) done(std::move(*report));
  } catch (...) {
    reports.fail(std::current_exception()); // so that no thread waits for ever
    throw;
  }
}

} // namespace intendance::backupd
