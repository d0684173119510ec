// SPDX-License-Identifier: AGPL-3.0-or-later
// The last manifest of a job, kept on the machine itself: by it, files that did not change are
// recognised without being read. It is a cache: when it is absent or damaged, everything is read.
#pragma once

#include "backupd/repository/manifest.hpp"
#include "backupd/repository/snapshot.hpp"

#include <filesystem>
#include <optional>

namespace intendance::backupd {

class PreviousManifest {
public:
  // Nothing is known when the file cannot be used.
  explicit PreviousManifest(const std::filesystem::path& file);

  // The entry of that path, if it is known. Paths must be asked in order.
  const Entry* find(const std::string& path);
  // When the backup that wrote it began.
  FileTime started() const { return started_; }
  std::optional<SnapshotName> snapshot() const { return snapshot_; }

private:
  void advance();
  Buffer bytes_;
  std::size_t at_ = 0;
  std::optional<Entry> current_;
  FileTime started_;
  std::optional<SnapshotName> snapshot_;
};

// Written beside the old one while a backup runs; commit() puts it in its place.
class NextManifest {
public:
  NextManifest(std::filesystem::path file, FileTime started);
  ~NextManifest();
  NextManifest(const NextManifest&) = delete;
  NextManifest& operator=(const NextManifest&) = delete;
  void add(const Entry& entry);
  void commit(const SnapshotName& snapshot);

private:
  void write_buffered();
  std::filesystem::path file_, temporary_;
  core::FileDescriptor out_;
  Buffer buffered_;
};

} // namespace intendance::backupd
