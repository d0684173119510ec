// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/path_filter.hpp"
#include "backupd/repository/block_reader.hpp"
#include "backupd/repository/manifest.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace intendance::backupd {

// What one snapshot holds, for whoever has a reader key. One thread at a time.
class SnapshotReader {
public:
  // The repository and the index must outlive it. What the index lacks, because an index object is
  // gone or a prune moved it meanwhile, is looked for in the store and added. Throws AccessDenied
  // without a reader key.
  SnapshotReader(const Repository& repository, ChunkIndex& index, const Snapshot& snapshot);

  const SnapshotBody& body() const { return body_; }
  BlockReader& blocks() { return blocks_; }

  // Calls `visit` for each record that matches, in order, those of more extents too. A page that
  // cannot be read goes to `damaged` with the path of its first record (a list of pages with that
  // of the last record before it that is known), and the others go on; it is thrown as CorruptData
  // when there is no `damaged`.
  using Damaged = std::function<void(const std::string& first, const std::string& message)>;
  void for_each_record(const PathFilter& filter, const std::function<void(Entry&&)>& visit,
                       const Damaged& damaged = {});
  // The same without those of more extents.
  void for_each(const PathFilter& filter, const std::function<void(const Entry&)>& visit,
                const Damaged& damaged = {});
  std::optional<Entry> find(const std::string& path);
  // The entry of a file with its size and all its parts, which the records of a large one hold
  // together.
  Entry with_all_parts(const Entry& entry);
  // The bytes of the contents in order, holes left out. Throws CorruptData that names the pack.
  void read(const Entry& entry, const std::function<void(ByteView)>& sink);

  // Page by page: those that may hold what matches, and the records of one.
  void for_each_page(const PathFilter& filter,
                     const std::function<void(const PageReference&)>& visit,
                     const Damaged& damaged = {});
  std::vector<PageReference> pages(const PathFilter& filter);
  std::vector<Entry> read_page(const PageReference& page);

private:
  void read_extents(const Entry& entry, const std::function<void(ByteView)>& sink);

  SnapshotName name_{};
  SnapshotBody body_;
  BlockReader blocks_;
};

} // namespace intendance::backupd
