// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/repository/repository.hpp"

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace intendance::backupd {

// Which entries are wanted: whole trees, and the folders that lead to them.
class PathFilter {
public:
  PathFilter() = default; // everything
  // Absolute paths, or without the leading '/'. Throws ConfigError for an empty one.
  explicit PathFilter(const std::vector<std::string>& trees);
  bool matches(const std::string& path) const;   // itself, beneath, or a folder that leads to it
  bool is_within(const std::string& path) const; // itself or beneath
  // Whether entries from `first` up to (not including) `next` may match; `next` may be absent.
  bool may_match(const std::string& first, const std::string* next) const;
  const std::vector<std::string>& trees() const { return trees_; }

private:
  std::vector<std::string> trees_;
};

// Chunks, opened; the last few are kept, because small files share them.
class ChunkCache {
public:
  ChunkCache(const Repository& repository, const ChunkIndex& index);
  // Valid until the next call.
  ByteView get(const ChunkId& id);

private:
  const Repository& repository_;
  const ChunkIndex& index_;
  std::list<std::pair<ChunkId, Buffer>> kept_; // the newest first
  std::size_t kept_bytes_ = 0;
};

// What one snapshot holds, for whoever has a reader key. One thread at a time.
class SnapshotReader {
public:
  // Both must outlive it. Throws AccessDenied without a reader key.
  SnapshotReader(const Repository& repository, const ChunkIndex& index, const Snapshot& snapshot);

  const SnapshotBody& body() const { return body_; }
  // Calls `visit` for each entry that matches, in order. Throws CorruptData for a damaged page.
  void for_each(const PathFilter& filter, const std::function<void(const Entry&)>& visit);
  std::optional<Entry> find(const std::string& path);
  // The bytes of a file's extents, in order, holes left out. Throws CorruptData that names the
  // pack.
  void read(const Entry& entry, const std::function<void(ByteView)>& sink);

private:
  const Repository& repository_;
  const ChunkIndex& index_;
  SnapshotName name_{};
  SnapshotBody body_;
  ChunkCache chunks_;
};

} // namespace intendance::backupd
