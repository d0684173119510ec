// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/chunk_writer.hpp"

#include <algorithm>

namespace intendance::backupd {

namespace {

constexpr std::uint64_t full_pack = std::uint64_t{24} << 20;
// An index now and then lets the next run go on where a broken one stopped.
constexpr std::size_t packs_per_index = 4;

} // namespace

ChunkWriter::ChunkWriter(Repository& repository, ChunkIndex index,
                         std::filesystem::path spool_folder)
    : repository_(repository), index_(std::move(index)), spool_folder_(std::move(spool_folder)),
      session_(begin_session(repository.trust(), repository.secrets())) {}

std::unique_ptr<PackWriter>& ChunkWriter::pack_for(ChunkKind kind) {
  auto& pack = kind == ChunkKind::contents ? contents_ : structure_;
  if (!pack) pack = std::make_unique<PackWriter>(session_, spool_folder_);
  return pack;
}

ChunkId ChunkWriter::put(ChunkKind kind, ByteView raw) {
  const auto id = chunk_id(session_.naming, kind, raw);
  if (kind != ChunkKind::references) referenced_.insert(id);
  if (index_.contains(id) || unstored_.contains(id)) return id;
  auto& pack = pack_for(kind);
  pack->add(id, kind, raw, compressor_);
  unstored_.insert(id);
  new_bytes_ += raw.size();
  if (pack->size() >= full_pack) store(pack);
  return id;
}

bool ChunkWriter::reuse(const ChunkId& id) {
  if (!index_.contains(id)) return false;
  referenced_.insert(id);
  return true;
}

void ChunkWriter::store(std::unique_ptr<PackWriter>& pack) {
  auto info = pack->store(repository_.store());
  pack.reset();
  stored_bytes_ += info.size;
  for (const auto& entry : info.entries) unstored_.erase(entry.id);
  unindexed_.push_back(info);
  index_.add(std::move(info));
  if (unindexed_.size() >= packs_per_index) store_index();
}

void ChunkWriter::store_index() {
  if (unindexed_.empty()) return;
  const auto object = encode_index(unindexed_, session_.structure);
  repository_.store().put(index_object_name(core::blake2b(object)), object);
  unindexed_.clear();
}

void ChunkWriter::flush() {
  for (auto* pack : {&contents_, &structure_}) {
    if (*pack) store(*pack);
  }
  store_index();
}

std::vector<ChunkId> ChunkWriter::referenced() const {
  std::vector<ChunkId> ids(referenced_.begin(), referenced_.end());
  std::sort(ids.begin(), ids.end());
  return ids;
}

} // namespace intendance::backupd
