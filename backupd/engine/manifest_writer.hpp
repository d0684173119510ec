// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/chunk_writer.hpp"
#include "backupd/repository/manifest.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace intendance::backupd {

// Puts entries, given in order, into pages, and writes beside each page the list of chunks that it
// needs.
class ManifestWriter {
public:
  // `written` sees each record as it stands in the page, and the homes of its extents.
  using Written = std::function<void(ByteView record, std::span<const ChunkHome> homes)>;

  ManifestWriter(ChunkWriter& chunks, const Chunker& chunker, Written written);

  // `homes` are those of entry.extents.
  void add(const Entry& entry, std::span<const ChunkHome> homes);
  // Nothing may be added after.
  void finish();
  // After finish():
  const std::vector<ChunkId>& page_lists() const { return page_lists_; }
  const std::vector<ChunkId>& reference_roots() const { return reference_roots_; }

private:
  void store_page();
  void store_page_list();
  void store_reference_root();

  ChunkWriter& chunks_;
  const Chunker& chunker_;
  Written written_;
  Buffer record_, page_, page_list_, reference_root_;
  std::string first_of_page_, last_;
  std::vector<ChunkId> needed_; // by the page
  std::vector<ChunkId> page_lists_, reference_roots_;
};

} // namespace intendance::backupd
