// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/manifest_writer.hpp"

namespace intendance::backupd {

namespace {

// A bundle ends after a file that says so by itself, so that a change in one file moves no boundary
// of the others, and at the latest at its greatest size.
constexpr std::size_t least_bundle = std::size_t{384} << 10;
constexpr std::size_t most_bundle = std::size_t{2} << 20;
constexpr std::uint64_t files_per_bundle_end = 32;
constexpr std::size_t most_waiting = 20'000;

constexpr std::size_t least_page = std::size_t{32} << 10;
constexpr std::size_t most_page = std::size_t{1} << 20;
constexpr std::uint64_t entries_per_page_end = 128;

} // namespace

ManifestWriter::ManifestWriter(ChunkWriter& chunks, const Chunker& chunker, Written written)
    : chunks_(chunks), chunker_(chunker), written_(std::move(written)) {}

void ManifestWriter::add(Entry entry) {
  if (waiting_.empty()) return write(std::move(entry));
  waiting_.push_back({std::move(entry), false});
  if (waiting_.size() >= most_waiting) store_bundle();
}

void ManifestWriter::add_small(Entry entry, ByteView contents) {
  if (contents.empty()) return add(std::move(entry));
  entry.extents = {{ChunkId{}, static_cast<std::uint32_t>(bundle_.size()),
                    static_cast<std::uint32_t>(contents.size())}};
  waiting_.push_back({std::move(entry), true});
  bundle_.insert(bundle_.end(), contents.begin(), contents.end());
  const bool ends =
      bundle_.size() >= least_bundle && chunker_.boundary_after(contents, files_per_bundle_end);
  if (ends || bundle_.size() >= most_bundle) store_bundle();
}

void ManifestWriter::store_bundle() {
  if (!bundle_.empty()) {
    const auto id = chunks_.put(ChunkKind::contents, bundle_);
    bundle_.clear();
    for (auto& waiting : waiting_) {
      if (waiting.needs_bundle) waiting.entry.extents.front().chunk = id;
    }
  }
  for (auto& waiting : waiting_) write(std::move(waiting.entry));
  waiting_.clear();
}

void ManifestWriter::write(Entry entry) {
  if (page_.empty()) first_of_page_ = entry.path;
  encode_entry(entry, page_);
  if (written_) written_(entry);
  const bool ends = page_.size() >= least_page &&
                    chunker_.boundary_after(core::as_bytes(entry.path), entries_per_page_end);
  if (ends || page_.size() >= most_page) store_page();
}

void ManifestWriter::store_page() {
  if (page_.empty()) return;
  pages_.push_back({chunks_.put(ChunkKind::manifest, page_), first_of_page_});
  page_.clear();
}

std::vector<PageReference> ManifestWriter::finish() {
  store_bundle();
  store_page();
  return std::move(pages_);
}

} // namespace intendance::backupd
