// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/disk_sync.hpp"
#include "backupd/engine/target_attributes.hpp"

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace intendance::backupd {

// What the folders and files of one restore share. Any thread may use it.
struct TargetServices {
  explicit TargetServices(RestoreProblems::Report report) : problems(std::move(report)) {}
  RestoreProblems problems;
  DiskSync disk;
  std::atomic<std::uint64_t> kept = 0; // left alone as the request says
  const FileTime started = now();      // what is older was left by another restore
  static FileTime now();
};

enum class Replace { yes, no };

// An open folder of the target. Whoever works in it shares it; when the last one lets go, it gets
// its attributes. Names are resolved within it without following a symbolic link.
// It keeps the folder above it, so that a tree that is deep holds each name once.
class TargetFolder : public std::enable_shared_from_this<TargetFolder> {
public:
  // Without one above it: the root.
  TargetFolder(std::shared_ptr<TargetServices> services, std::shared_ptr<TargetFolder> above,
               std::string name, core::FileDescriptor descriptor);
  ~TargetFolder();
  TargetFolder(const TargetFolder&) = delete;
  TargetFolder& operator=(const TargetFolder&) = delete;

  // The folder that a restore writes beneath; it is made when it is not there. Throws Error.
  static std::shared_ptr<TargetFolder> root(std::shared_ptr<TargetServices> services,
                                            const std::filesystem::path& path);
  // Opens `name` or makes it. What an interrupted restore left there is removed. Throws Error when
  // something else has that name. `path` is for messages.
  std::shared_ptr<TargetFolder> enter(const std::string& name, const std::string& path);

  // What it gets when everything in it is there; without it, an older folder stays as it was.
  void describe(Attributes attributes) { attributes_ = std::move(attributes); }

  int descriptor() const { return descriptor_.get(); }
  std::string path() const;                         // for messages: it is put together at each call
  std::string child(const std::string& name) const; // its path
  bool is_new() const { return is_new_; }           // made by this restore, hence empty at first
  const struct stat& found() const { return found_; } // as it was when entered
  // Attributes that whatever is made in it would inherit.
  Foreign foreign() const { return gives_access_lists_ ? Foreign::access_lists : Foreign::none; }

  // The status of what has that name; absent when nothing has.
  std::optional<struct stat> look_at(const std::string& name) const;
  // A new name within it, which nobody guesses.
  static std::string temporary_name();
  // Gives what is called `temporary` its name, in place of anything but a folder; or only if
  // nothing has that name. False when something had. Throws Error.
  bool move_into_place(const std::string& temporary, const std::string& name, Replace replace);
  // Gives an open file this name too. False as above.
  bool link(int descriptor, const std::string& name, Replace replace);
  void remove(const std::string& name) noexcept; // no folder

private:
  void take_over(bool is_new);
  void remove_leftovers();
  bool is_leftover(const std::string& name) const;

  const std::shared_ptr<TargetServices> services_;
  const std::shared_ptr<TargetFolder> above_;
  const std::string name_;
  const core::FileDescriptor descriptor_;
  struct stat found_ {};
  bool is_new_ = false, gives_access_lists_ = false;
  std::optional<mode_t> mode_before_; // given back when it is not described
  std::optional<Attributes> attributes_;
};

// Opens a path of any length beneath `folder` with O_PATH; no symbolic link is followed. Closed
// (with errno) when that fails.
core::FileDescriptor open_beneath(int folder, std::string_view path);

std::string parent_path(const std::string& path); // empty at the top
std::string last_part(const std::string& path);

} // namespace intendance::backupd
