// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/file_writer.hpp"

#include "core/error.hpp"
#include "core/log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace intendance::backupd {

namespace {

// So much of a large file is sent to the disk at once, while the next part is being made.
constexpr std::uint64_t send_after = std::uint64_t{8} << 20;

} // namespace

FileWriter::FileWriter(std::shared_ptr<TargetServices> services,
                       std::shared_ptr<UnfinishedFiles> unfinished,
                       std::shared_ptr<TargetFolder> folder, Plan plan)
    : services_(std::move(services)), unfinished_(std::move(unfinished)),
      folder_(std::move(folder)), plan_(std::move(plan)),
      temporary_(TargetFolder::temporary_name()) {
  unfinished_->begin(plan_.path);
}

void FileWriter::make() {
  if (file_) return;
  file_ =
      core::FileDescriptor(::openat(folder_->descriptor(), temporary_.c_str(),
                                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file_) core::throw_errno("cannot write in the folder of /" + plan_.path);
  // Tells another restore that this is no leftover; where it cannot be had, its age does.
  (void)::flock(file_.get(), LOCK_EX | LOCK_NB);
}

FileWriter::~FileWriter() {
  if (committed_) return;
  if (file_) folder_->remove(temporary_);
  try {
    for (const auto& link : unfinished_->end(plan_.path, UnfinishedFiles::Outcome::failed)) {
      services_->problems.add(link.path, "is a further name of /" + plan_.path + ", which failed",
                              Loss::everything);
    }
  } catch (const std::exception& error) {
    core::log::error("a link is lost", {{"path", plan_.path}, {"error", error.what()}});
  }
}

void FileWriter::write(ByteView bytes, std::uint64_t offset) {
  make();
  services_->disk.wrote(bytes.size());
  unsent_ += bytes.size();
  while (!bytes.empty()) {
    const auto count =
        ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0) {
      if (errno == EINTR) continue;
      core::throw_errno("cannot write /" + plan_.path);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  if (unsent_ < send_after) return;
  unsent_ = 0;
  (void)::sync_file_range(file_.get(), 0, 0, SYNC_FILE_RANGE_WRITE); // whether it arrives: DiskSync
}

void FileWriter::commit() {
  make();
  struct stat now {};
  const auto size = static_cast<off_t>(plan_.size);
  if (::fstat(file_.get(), &now) != 0 ||
      (now.st_size != size && ::ftruncate(file_.get(), size) != 0))
    core::throw_errno("cannot set the size of /" + plan_.path);
  set_attributes(file_.get(), now, plan_.path, plan_.attributes, folder_->foreign(),
                 services_->problems);
  const bool moved = folder_->move_into_place(temporary_, last_part(plan_.path), plan_.replace);
  if (!moved) ++services_->kept;
  committed_ = true;
  make_late_links(unfinished_->end(plan_.path, UnfinishedFiles::Outcome::committed));
  if (!moved) folder_->remove(temporary_);
  file_.close();
}

void FileWriter::make_late_links(const std::vector<LateLink>& links) {
  for (const auto& link : links) {
    try {
      if (!link.folder->link(file_.get(), last_part(link.path), link.replace)) ++services_->kept;
    } catch (const core::Error& error) {
      services_->problems.add(link.path, error.what(), Loss::everything);
    }
  }
}

} // namespace intendance::backupd
