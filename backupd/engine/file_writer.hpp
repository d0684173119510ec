// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/target_folder.hpp"
#include "backupd/engine/unfinished_files.hpp"

namespace intendance::backupd {

// A file of the target that is being written under a temporary name. Any thread, one at a time.
// It is made when the first bytes of it come, so that files may wait for theirs without a
// descriptor each. What is not written stays a hole.
class FileWriter {
public:
  // Where a file comes from and goes to: see RestoreTarget::begin_file().
  struct Plan {
    std::string path;
    std::uint64_t size = 0; // bytes, holes included
    Attributes attributes;
    Replace replace = Replace::yes;
  };
  FileWriter(std::shared_ptr<TargetServices> services, std::shared_ptr<UnfinishedFiles> unfinished,
             std::shared_ptr<TargetFolder> folder, Plan plan);
  // Without commit() nothing is left of it; names that waited for it are reported as lost.
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  const std::string& path() const { return plan_.path; }
  // In any order. Throws Error, when nothing can be made in the folder, too.
  void write(ByteView bytes, std::uint64_t offset);
  // Another size than the plan's, known later.
  void set_size(std::uint64_t size) { plan_.size = size; }
  // Gives it its size, its attributes, its name, and the further names that came meanwhile. Throws
  // Error when it is not there afterwards.
  void commit();

private:
  void make();
  void make_late_links(const std::vector<LateLink>& links);

  const std::shared_ptr<TargetServices> services_;
  const std::shared_ptr<UnfinishedFiles> unfinished_;
  const std::shared_ptr<TargetFolder> folder_;
  Plan plan_;
  const std::string temporary_;
  core::FileDescriptor file_; // once it is made
  std::uint64_t unsent_ = 0;  // bytes whose way to the disk has not been begun
  bool committed_ = false;
};

} // namespace intendance::backupd
