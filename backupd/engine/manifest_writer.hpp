// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/chunk_writer.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace intendance::backupd {

// Puts entries, given in order, into pages, and small contents into chunks that they share. An
// entry whose contents wait for their chunk to fill holds back the ones after it.
class ManifestWriter {
public:
  using Written = std::function<void(const Entry&)>;

  // `written` sees each entry, complete and in order, as it goes into a page.
  ManifestWriter(ChunkWriter& chunks, const Chunker& chunker, Written written);

  // An entry whose extents are known already, or that has none.
  void add(Entry entry);
  // A file of contents smaller than Chunker's least size.
  void add_small(Entry entry, ByteView contents);
  // The pages in order. Nothing may be added after.
  std::vector<PageReference> finish();

private:
  struct Waiting {
    Entry entry;
    bool needs_bundle = false;
  };

  void store_bundle();
  void write(Entry entry);
  void store_page();

  ChunkWriter& chunks_;
  const Chunker& chunker_;
  Written written_;
  Buffer bundle_;
  std::deque<Waiting> waiting_;
  Buffer page_;
  std::string first_of_page_;
  std::vector<PageReference> pages_;
};

} // namespace intendance::backupd
