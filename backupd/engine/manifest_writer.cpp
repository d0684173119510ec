// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/manifest_writer.hpp"

#include <algorithm>

namespace intendance::backupd {

namespace {

// A page ends after a path that says so by itself, so that a change moves no boundary of the
// others, and at the latest before it is larger than this; a record that is has one to itself.
constexpr std::size_t least_page = std::size_t{32} << 10;
constexpr std::size_t most_page = std::size_t{1} << 20;
constexpr std::uint64_t entries_per_page_end = 128;
// So do lists of pages and of reference lists, by the ids in them.
constexpr std::size_t least_list = std::size_t{2} << 10;
constexpr std::size_t most_list = std::size_t{1} << 20;

bool ends_list(const Buffer& list, const ChunkId& last) {
  return (list.size() >= least_list && last[0] < 4) || list.size() >= most_list;
}

} // namespace

ManifestWriter::ManifestWriter(ChunkWriter& chunks, const Chunker& chunker, Written written)
    : chunks_(chunks), chunker_(chunker), written_(std::move(written)) {}

void ManifestWriter::add(const Entry& entry, std::span<const ChunkHome> homes) {
  // A list out of order could not be read back.
  if (entry.type != FileType::more_extents && !last_.empty() &&
      compare_paths(last_, entry.path) >= 0) {
    throw core::Error("/" + entry.path + " comes after /" + last_ +
                      ": two sources of this backup hold the same path");
  }
  last_ = entry.path;
  record_.clear();
  encode_entry(entry, record_);
  if (written_) written_(record_, homes);
  if (page_.size() + record_.size() > most_page) store_page();
  if (page_.empty()) first_of_page_ = entry.path;
  page_.insert(page_.end(), record_.begin(), record_.end());
  for (const auto& extent : entry.extents) needed_.push_back(extent.chunk);
  const bool ends = page_.size() >= least_page &&
                    chunker_.boundary_after(core::as_bytes(entry.path), entries_per_page_end);
  if (ends) store_page();
}

void ManifestWriter::store_page() {
  if (page_.empty()) return;
  const auto page = chunks_.put(ChunkKind::manifest, page_).id;
  page_.clear();
  encode_page_reference({page, first_of_page_}, page_list_);
  needed_.push_back(page);
  std::sort(needed_.begin(), needed_.end());
  needed_.erase(std::unique(needed_.begin(), needed_.end()), needed_.end());
  const ByteView ids(needed_.front().data(), needed_.size() * sizeof(ChunkId));
  const auto references = chunks_.put(ChunkKind::references, ids).id;
  needed_.clear();
  reference_root_.insert(reference_root_.end(), references.begin(), references.end());
  if (ends_list(page_list_, page)) store_page_list();
  if (ends_list(reference_root_, references)) store_reference_root();
}

void ManifestWriter::store_page_list() {
  if (page_list_.empty()) return;
  page_lists_.push_back(chunks_.put_page_list(page_list_).id);
  page_list_.clear();
}

void ManifestWriter::store_reference_root() {
  if (reference_root_.empty()) return;
  reference_roots_.push_back(chunks_.put(ChunkKind::references, reference_root_).id);
  reference_root_.clear();
}

void ManifestWriter::finish() {
  store_page();
  store_page_list();
  // What the snapshot itself names must be kept too.
  if (!page_lists_.empty()) {
    const ByteView ids(page_lists_.front().data(), page_lists_.size() * sizeof(ChunkId));
    const auto references = chunks_.put(ChunkKind::references, ids).id;
    reference_root_.insert(reference_root_.end(), references.begin(), references.end());
  }
  store_reference_root();
}

} // namespace intendance::backupd
