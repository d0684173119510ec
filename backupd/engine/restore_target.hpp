// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/file_writer.hpp"
#include "backupd/engine/owner_map.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace intendance::backupd {

// What to do with what is there already. Folders are entered in any case, and never replaced.
enum class Overwrite {
  always,
  // Leaves what has the size, time, mode and owner of the snapshot's file (for links: the target)
  // alone: goes on where a restore was interrupted. Contents and extended attributes are not
  // compared: after a power failure, which may cost contents, `always` is the safe choice.
  if_changed,
  if_newer, // replaces what was modified before the snapshot's file was
  never,
};

// "always", "if-changed", "if-newer", "never". Throws ConfigError.
Overwrite parse_overwrite(const std::string& text);

struct TargetOptions {
  Overwrite overwrite = Overwrite::always;
  OwnerMap owners;
};

// The folder that a restore writes beneath. Nothing outside it is reached, whatever links somebody
// puts into it meanwhile. A file has its name when it is complete, and never before; folders get
// their attributes when the walk has left them and every FileWriter in them is gone. Entries must
// come in the order of their paths, from one thread; the writers may be used by others. Nothing in
// it grows with the number of files. It may be destroyed without finish().
class RestoreTarget {
public:
  // `problem` hears, from any thread but from one at a time, of attributes that could not be set
  // and of links that could not be made later. Raises the limit of open descriptors of the process
  // as far as it may, because each folder of a path is kept open.
  RestoreTarget(const std::filesystem::path& root, TargetOptions options,
                RestoreProblems::Report problem);
  ~RestoreTarget();
  RestoreTarget(const RestoreTarget&) = delete;
  RestoreTarget& operator=(const RestoreTarget&) = delete;

  // `path` is relative; folders that lead to it are made. Throw Error.
  void make_directory(const std::string& path, const Entry& entry);
  // Null when what is there stays, as the options say.
  std::unique_ptr<FileWriter> begin_file(const std::string& path, const Entry& entry);
  void make_special(const std::string& path, const Entry& entry);
  // `existing` is a path in the target that was begun or made before; if it is not committed yet,
  // the link follows when it is. May wait until it is committed, so the writers must not wait for
  // the entries. False when `existing` is not the snapshot's file (it failed, or another one was
  // kept): then the contents should be put under this name by begin_file() or make_special().
  bool make_hard_link(const std::string& path, const Entry& entry, const std::string& existing);
  // Waits until all is on the disk. Every FileWriter must be gone.
  void finish();

  // Files, links and devices that were left alone.
  std::uint64_t kept() const { return services_->kept; }

private:
  std::shared_ptr<TargetFolder> parent_of(const std::string& path);
  void leave_folders_not_above(const std::string& path);
  void leave_folder();
  void enter_folder(std::shared_ptr<TargetFolder> folder, const std::string& path);
  bool describes(const TargetFolder& folder, const Entry& entry) const;
  bool keeps(const TargetFolder& folder, const std::string& path, const Entry& entry,
             const Attributes& wanted);
  bool is_unchanged(const TargetFolder& folder, const std::string& name, const struct stat& there,
                    const Entry& entry, const Attributes& wanted) const;
  void make_special_in(TargetFolder& folder, const std::string& path, const Entry& entry,
                       const Attributes& wanted);
  Replace replace() const;

  std::filesystem::path where_;
  TargetOptions options_;
  std::shared_ptr<TargetServices> services_;
  std::shared_ptr<UnfinishedFiles> unfinished_;
  std::shared_ptr<TargetFolder> root_;
  struct Open {
    std::shared_ptr<TargetFolder> folder;
    std::size_t path_length; // of its path, which open_path_ begins with
  };
  std::vector<Open> open_; // from the outermost
  std::string open_path_;  // of the innermost
};

} // namespace intendance::backupd
