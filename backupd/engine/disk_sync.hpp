// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/file.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace intendance::backupd {

// Writes whole file systems to their disks, now and then in the background, so that little is left
// to wait for at the end. Never a call for each file. Any thread may call it.
class DiskSync {
public:
  DiskSync();
  ~DiskSync();
  DiskSync(const DiskSync&) = delete;
  DiskSync& operator=(const DiskSync&) = delete;

  // A folder on a file system that is written to; each file system once.
  void add_file_system(core::FileDescriptor folder);
  void wrote(std::uint64_t bytes);
  // Durable when it returns. Throws Error when anything since the beginning did not reach a disk.
  void finish();

private:
  void run(std::stop_token stop);
  void sync_all();

  std::mutex mutex_; // of all that follows but the thread
  std::condition_variable_any changed_;
  std::vector<core::FileDescriptor> folders_; // only grows
  std::uint64_t written_ = 0;                 // bytes since the last time
  int failure_ = 0;                           // the first errno
  std::jthread thread_;
};

} // namespace intendance::backupd
