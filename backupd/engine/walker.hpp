// SPDX-License-Identifier: AGPL-3.0-or-later
// Walks a tree as it is, for a backup. Everything is looked at first, by its name in an open
// folder; what the last backup knows to be the same is not touched again. The rest is opened,
// without following a link or waiting for a FIFO, and what was opened must be what was looked at.
#pragma once

#include "backupd/engine/exclude.hpp"
#include "backupd/engine/file_status.hpp"
#include "backupd/engine/hard_links.hpp"
#include "backupd/engine/owner_names.hpp"
#include "backupd/repository/manifest.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::backupd {

// One thing found. `contents` is open for reading when the entry is a file with contents of its own
// (not a further name of a file seen before) that the last backup does not know.
struct Found {
  Entry entry; // without extents, unless recognised
  core::FileDescriptor contents;
  bool recognised = false; // the rest of the entry was filled in from the last backup
};

// A root that cannot be looked at.
class Unreachable : public core::Error {
public:
  using Error::Error;
};

struct WalkOptions {
  std::vector<std::string> exclude; // patterns, see exclude.hpp; a root itself is never left out
  bool one_file_system = false;     // where another one is mounted, an empty folder is kept
  bool exclude_caches = false;      // of a folder with a CACHEDIR.TAG, only that is kept
};

// Used by one thread, which calls back from walk(). Memory: the names of the folders that are open,
// and the paths of files with further names still to come. Descriptors: at most
// `most_open_folders` and a few, however deep the tree is.
class Walker {
public:
  // Asked of everything, in the order of compare_paths(), with what statx and the owners' names
  // give (for a further name of a file also hard_link): true when the last backup's entry is the
  // same, after having filled in attributes, link target, extents and data.
  using Recognise = std::function<bool(Entry&)>;
  using Visit = std::function<void(Found&&)>;
  // What could not be read; it is left out, or kept as far as it could be read.
  using Warn = std::function<void(const std::string& path, const std::string& message)>;

  static constexpr std::size_t most_open_folders = 64;
  // Of a path, in bytes: what is deeper is left out, because a record and the list of pages that
  // begins with it must fit into a chunk (docs/repository-format.md).
  static constexpr std::size_t longest_path = std::size_t{400} << 10;

  // Throws ConfigError for patterns that cannot be.
  Walker(WalkOptions options, Recognise recognise, Visit visit, Warn warn, std::stop_token stop);
  ~Walker();
  Walker(const Walker&) = delete;
  Walker& operator=(const Walker&) = delete;

  // Visits the tree in the order of compare_paths(): first the folders that lead to it (once, if
  // several roots share them), then the root itself. Throws Unreachable when there is no root,
  // Cancelled when asked to stop, and what the callbacks throw.
  void walk(const std::filesystem::path& root);

private:
  struct Folder; // one that is being walked
  enum class Look { done, replaced };

  core::FileDescriptor visit_parents(const std::filesystem::path& parent);
  void walk_folders();
  void look_ahead(Folder& folder);
  void visit_name(int folder, const char* name, const FileStatus& status);
  Look visit_looked_at(int folder, const char* name, const FileStatus& status, bool ask);
  Look refuse(int folder, const char* name, const FileStatus& status, Found&& found);
  bool complete(Entry& entry, int descriptor, OpenFor purpose, const FileStatus& status);
  Entry described(const FileStatus& status, std::string path);
  void enter_folder(core::FileDescriptor descriptor, const FileStatus& status, std::string path);
  void leave_folder();
  bool reopen_folder();
  void give_up_folders(std::size_t from);
  std::string child(const char* name) const;

  WalkOptions options_;
  Excludes excludes_;
  Recognise recognise_;
  Visit visit_;
  Warn warn_;
  std::stop_token stop_;
  OwnerNames owners_;
  HardLinks links_;
  std::uint64_t root_device_ = 0;
  std::string last_parent_; // of the walks before; folders are not visited twice
  // From the root to where the walk is. Open are the first and, from `first_open_` on, the last.
  std::vector<Folder> folders_;
  std::size_t first_open_ = 1;
  std::string path_; // of the last of them: as in Entry, empty for the root of the file system
  std::vector<char> listing_buffer_;
};

// Why contents that were just read may not be one state of the file; empty when they are.
std::string torn(int descriptor, const Entry& before);

} // namespace intendance::backupd
