// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/pack_pipeline.hpp"

#include <algorithm>
#include <limits>

namespace intendance::backupd {

namespace {

// An index now and then lets the next run go on where a broken one stopped.
constexpr std::size_t packs_per_index = 8;
constexpr std::size_t most_spare = 8;
constexpr std::size_t largest_spare = std::size_t{2} << 20; // those of large records are rare

} // namespace

PackPipeline::PackPipeline(Repository& repository, const WriteSession& session,
                           const Options& options)
    : repository_(repository), session_(session), options_(options), work_(2),
      sealed_(options.sealing_threads + 2), packs_(1),
      stored_(std::numeric_limits<std::size_t>::max()), stopped_(options.stop, [this] {
        fail(std::make_exception_ptr(core::Cancelled("stopped as asked")));
      }) {
  for (unsigned each = 0; each < options.sealing_threads; ++each)
    threads_.emplace_back([this] { seal_blocks(); });
  threads_.emplace_back([this] { pack_blocks(); });
  // Each waits for a store far away most of the time.
  const auto storing = std::max(1u, repository.store().connections() / 2);
  storing_.with([&](auto& state) { state.threads = storing; });
  for (unsigned each = 0; each < storing; ++each) threads_.emplace_back([this] { store_packs(); });
}

PackPipeline::~PackPipeline() {
  const auto stopped = std::make_exception_ptr(core::Cancelled("stopped as asked"));
  work_.fail(stopped);
  sealed_.fail(stopped);
  packs_.fail(stopped);
}

// The stages stop, and whoever pushes hears why.
void PackPipeline::fail(const std::exception_ptr& failure) noexcept {
  work_.fail(failure);
  sealed_.fail(failure);
  packs_.fail(failure);
  stored_.fail(failure);
}

Buffer PackPipeline::spare_buffer() {
  return spare_.with([](auto& spare) {
    if (spare.empty()) return Buffer();
    auto buffer = std::move(spare.back());
    spare.pop_back();
    buffer.clear();
    return buffer;
  });
}

void PackPipeline::give_back(Buffer&& buffer) {
  spare_.with([&](auto& spare) {
    if (spare.size() < most_spare && buffer.capacity() <= largest_spare)
      spare.push_back(std::move(buffer));
  });
}

void PackPipeline::push(OpenBlock&& block) {
  Work work{std::move(block), {}};
  auto sealed = work.sealed.get_future();
  sealed_.push(std::move(sealed));
  work_.push(std::move(work));
}

void PackPipeline::seal_blocks() {
  try {
    BlockSealer sealer(session_, repository_.secrets(), options_.compression_level);
    while (auto work = work_.pop()) {
      auto& block = work->block;
      const auto bytes = sealer.seal(block.kind, block.number, block.raw);
      SealedBlock sealed{block.kind, block.number, spare_buffer(), std::move(block.chunks)};
      sealed.sealed.assign(bytes.begin(), bytes.end());
      give_back(std::move(block.raw));
      work->sealed.set_value(std::move(sealed));
    }
  } catch (...) { // a boundary of a thread
    fail(std::current_exception());
  }
}

void PackPipeline::pack_blocks() {
  try {
    std::unique_ptr<PackWriter> contents, structure;
    while (auto next = sealed_.pop()) {
      auto block = next->get();
      auto& pack = block.kind == ChunkKind::contents ? contents : structure;
      if (!pack) pack = std::make_unique<PackWriter>(repository_.secrets(), options_.spool_folder);
      pack->add(session_.origin, block.kind, block.number, block.sealed, block.chunks);
      give_back(std::move(block.sealed));
      if (!pack->is_full()) continue;
      pack->finish();
      packs_.push(std::move(pack));
    }
    for (auto* pack : {&contents, &structure}) {
      if (!*pack) continue;
      (*pack)->finish();
      packs_.push(std::move(*pack));
    }
    packs_.close();
  } catch (const std::future_error&) {
    // The sealing thread failed and has said why.
  } catch (...) { // a boundary of a thread
    fail(std::current_exception());
  }
}

void PackPipeline::store_packs() {
  try {
    while (auto pack = packs_.pop()) {
      (*pack)->store(repository_.store());
      tell((*pack)->take_info());
    }
    end_storing();
  } catch (...) { // a boundary of a thread
    fail(std::current_exception());
  }
}

void PackPipeline::tell(PackInfo&& pack) {
  stored_.push(PackInfo(pack));
  std::vector<PackInfo> full;
  storing_.with([&](auto& state) {
    state.unindexed.push_back(std::move(pack));
    if (state.unindexed.size() >= packs_per_index) full.swap(state.unindexed);
  });
  store_index(full);
}

void PackPipeline::end_storing() {
  std::vector<PackInfo> rest;
  const bool last = storing_.with([&](auto& state) {
    if (--state.threads > 0) return false;
    rest.swap(state.unindexed);
    return true;
  });
  if (!last) return;
  store_index(rest);
  storing_.with([&](auto& state) { indexes_.swap(state.indexes); });
  stored_.close();
}

void PackPipeline::store_index(const std::vector<PackInfo>& packs) {
  if (packs.empty()) return;
  const auto object = encode_index(packs, repository_.secrets());
  const auto name = core::sha256(object);
  repository_.store().put(index_object_name(name), object);
  storing_.with([&](auto& state) { state.indexes.push_back(name); });
}

std::optional<PackInfo> PackPipeline::stored() { return stored_.try_pop(); }

void PackPipeline::finish() {
  work_.close();
  sealed_.close();
  threads_.clear(); // waits for all
}

} // namespace intendance::backupd
