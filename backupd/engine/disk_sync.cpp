// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/disk_sync.hpp"

#include "core/error.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>

namespace intendance::backupd {

namespace {

// Large enough that the file system's journal is seldom made to wait.
constexpr std::uint64_t batch = std::uint64_t{256} << 20;
// What comes slower, from far away, is on the disk soon after it came.
constexpr std::uint64_t least_batch = std::uint64_t{32} << 20;
constexpr std::chrono::seconds longest_wait{1};

} // namespace

DiskSync::DiskSync() : thread_([this](std::stop_token stop) { run(std::move(stop)); }) {}

DiskSync::~DiskSync() = default;

void DiskSync::add_file_system(core::FileDescriptor folder) {
  std::scoped_lock lock(mutex_);
  folders_.push_back(std::move(folder));
}

void DiskSync::wrote(std::uint64_t bytes) {
  std::scoped_lock lock(mutex_);
  written_ += bytes;
  if (written_ >= batch) changed_.notify_one();
}

void DiskSync::sync_all() {
  std::vector<int> numbers; // stay open as long as this object lives
  {
    std::scoped_lock lock(mutex_);
    for (const auto& folder : folders_) numbers.push_back(folder.get());
  }
  for (const int number : numbers) {
    if (::syncfs(number) == 0) continue;
    const int failure = errno; // said once for each descriptor: kept until finish()
    std::scoped_lock lock(mutex_);
    if (failure_ == 0) failure_ = failure;
  }
}

void DiskSync::run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait_for(lock, stop, longest_wait, [this] { return written_ >= batch; });
    if (stop.stop_requested() || written_ < least_batch) continue;
    written_ = 0;
    lock.unlock();
    sync_all();
    lock.lock();
  }
}

void DiskSync::finish() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  sync_all();
  if (failure_ != 0) core::throw_errno("cannot write everything to the disk", failure_);
}

} // namespace intendance::backupd
