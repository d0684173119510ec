// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/restore_target.hpp"

#include "core/error.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

namespace intendance::backupd {

using core::FileDescriptor;

namespace {

bool is_above(const std::string& folder, const std::string& path) {
  return folder.empty() ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

// A path may have thousands of folders; the usual limit is 1024 descriptors.
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

bool is_device(FileType type) {
  return type == FileType::character_device || type == FileType::block_device;
}

} // namespace

Overwrite parse_overwrite(const std::string& text) {
  if (text == "always") return Overwrite::always;
  if (text == "if-changed") return Overwrite::if_changed;
  if (text == "if-newer") return Overwrite::if_newer;
  if (text == "never") return Overwrite::never;
  throw core::ConfigError("--overwrite=" + text +
                          " is unknown\n  allowed: always · if-changed · if-newer · never");
}

RestoreTarget::RestoreTarget(const std::filesystem::path& root, TargetOptions options,
                             RestoreProblems::Report problem)
    : where_(root), options_(std::move(options)),
      services_(std::make_shared<TargetServices>(std::move(problem))),
      unfinished_(std::make_shared<UnfinishedFiles>()), root_(TargetFolder::root(services_, root)) {
  allow_many_descriptors();
}

// The innermost folder first.
RestoreTarget::~RestoreTarget() {
  while (!open_.empty()) leave_folder();
}

void RestoreTarget::leave_folder() {
  open_.pop_back();
  open_path_.resize(open_.empty() ? 0 : open_.back().path_length);
}

void RestoreTarget::enter_folder(std::shared_ptr<TargetFolder> folder, const std::string& path) {
  open_.push_back({std::move(folder), path.size()});
  open_path_ = path;
}

void RestoreTarget::leave_folders_not_above(const std::string& path) {
  while (!open_.empty() && !is_above(open_path_, path)) leave_folder();
}

std::shared_ptr<TargetFolder> RestoreTarget::parent_of(const std::string& path) {
  leave_folders_not_above(path);
  const auto parent = parent_path(path);
  while (open_path_ != parent) {
    const auto begin = open_.empty() ? 0 : open_path_.size() + 1;
    const auto next = parent.substr(0, parent.find('/', begin));
    auto& above = open_.empty() ? root_ : open_.back().folder;
    enter_folder(above->enter(last_part(next), next), next);
  }
  return open_.empty() ? root_ : open_.back().folder;
}

bool RestoreTarget::describes(const TargetFolder& folder, const Entry& entry) const {
  if (folder.is_new()) return true;
  if (options_.overwrite == Overwrite::if_newer)
    return entry.modified > modified_of(folder.found());
  return options_.overwrite != Overwrite::never;
}

void RestoreTarget::make_directory(const std::string& path, const Entry& entry) {
  auto folder = parent_of(path)->enter(last_part(path), path);
  if (describes(*folder, entry))
    folder->describe(attributes_of(entry, options_.owners.owner_of(entry)));
  enter_folder(std::move(folder), path);
}

Replace RestoreTarget::replace() const {
  return options_.overwrite == Overwrite::never ? Replace::no : Replace::yes;
}

bool RestoreTarget::is_unchanged(const TargetFolder& folder, const std::string& name,
                                 const struct stat& there, const Entry& entry,
                                 const Attributes& wanted) const {
  if (!has_attributes(there, wanted)) return false;
  if (entry.type == FileType::file) return static_cast<std::uint64_t>(there.st_size) == entry.size;
  if (is_device(entry.type))
    return there.st_rdev == makedev(entry.device_major, entry.device_minor);
  if (entry.type != FileType::symbolic_link) return true;
  std::string target(entry.link_target.size() + 1, '\0');
  const auto length = ::readlinkat(folder.descriptor(), name.c_str(), target.data(), target.size());
  return length >= 0 && target.substr(0, static_cast<std::size_t>(length)) == entry.link_target;
}

// Whether what has that name stays. Throws Error when it cannot go.
bool RestoreTarget::keeps(const TargetFolder& folder, const std::string& path, const Entry& entry,
                          const Attributes& wanted) {
  if (folder.is_new()) return false;
  const auto name = last_part(path);
  const auto there = folder.look_at(name);
  if (!there) return false;
  bool kept = options_.overwrite == Overwrite::never;
  if (!kept && S_ISDIR(there->st_mode)) {
    throw core::Error("a folder has the place of /" + path +
                      " in the target; remove it, or restore elsewhere");
  }
  if (options_.overwrite == Overwrite::if_newer) kept = entry.modified <= modified_of(*there);
  if (options_.overwrite == Overwrite::if_changed)
    kept = is_unchanged(folder, name, *there, entry, wanted);
  if (kept) ++services_->kept;
  return kept;
}

std::unique_ptr<FileWriter> RestoreTarget::begin_file(const std::string& path, const Entry& entry) {
  try {
    auto folder = parent_of(path);
    auto wanted = attributes_of(entry, options_.owners.owner_of(entry));
    wanted.type = FileType::file;
    if (keeps(*folder, path, entry, wanted)) return nullptr;
    return std::make_unique<FileWriter>(
        services_, unfinished_, std::move(folder),
        FileWriter::Plan{path, entry.size, std::move(wanted), replace()});
  } catch (const core::Error&) {
    unfinished_->end(path, UnfinishedFiles::Outcome::failed);
    throw;
  }
}

void RestoreTarget::make_special(const std::string& path, const Entry& entry) {
  try {
    const auto folder = parent_of(path);
    const auto wanted = attributes_of(entry, options_.owners.owner_of(entry));
    if (!keeps(*folder, path, entry, wanted)) make_special_in(*folder, path, entry, wanted);
  } catch (const core::Error&) {
    unfinished_->end(path, UnfinishedFiles::Outcome::failed);
    throw;
  }
}

void RestoreTarget::make_special_in(TargetFolder& folder, const std::string& path,
                                    const Entry& entry, const Attributes& wanted) {
  const auto temporary = TargetFolder::temporary_name();
  const int result =
      entry.type == FileType::symbolic_link
          ? ::symlinkat(entry.link_target.c_str(), folder.descriptor(), temporary.c_str())
          : ::mknodat(folder.descriptor(), temporary.c_str(), type_bits(entry.type) | 0600,
                      makedev(entry.device_major, entry.device_minor));
  if (result != 0) core::throw_errno("cannot make /" + path);
  try {
    const FileDescriptor made(
        ::openat(folder.descriptor(), temporary.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat now {};
    // Whoever may write in the folder could have put something else in its place.
    if (!made || ::fstat(made.get(), &now) != 0 ||
        (now.st_mode & S_IFMT) != type_bits(entry.type) || now.st_nlink != 1)
      throw core::Error("/" + path + " was replaced while being made");
    set_attributes(made.get(), now, path, wanted, Foreign::none, services_->problems);
    if (!folder.move_into_place(temporary, last_part(path), replace())) {
      ++services_->kept;
      folder.remove(temporary);
    }
  } catch (...) {
    folder.remove(temporary);
    throw;
  }
}

bool RestoreTarget::make_hard_link(const std::string& path, const Entry& entry,
                                   const std::string& existing) {
  const auto folder = parent_of(path);
  const auto wanted = attributes_of(entry, options_.owners.owner_of(entry));
  const bool by_time = replace() == Replace::no || options_.overwrite == Overwrite::if_newer;
  if (by_time && keeps(*folder, path, entry, wanted)) return true;
  switch (unfinished_->add(existing, {folder, path, replace()})) {
  case UnfinishedFiles::State::taken: return true;
  case UnfinishedFiles::State::failed: return false;
  case UnfinishedFiles::State::finished: break;
  }
  const auto first = open_beneath(root_->descriptor(), existing);
  struct stat there {};
  if (!first || ::fstat(first.get(), &there) != 0) return false;
  // The further names of a file that was in use may have later times; where files are kept because
  // of their names or times, it may be another file altogether.
  auto expected = wanted;
  if (!by_time) expected.modified = modified_of(there);
  if (!has_attributes(there, expected)) return false;
  if (!folder->link(first.get(), last_part(path), replace())) ++services_->kept;
  return true;
}

void RestoreTarget::finish() {
  while (!open_.empty()) leave_folder();
  if (!unfinished_->empty()) throw core::Error("files of the target are still being written");
  services_->problems.report_repeated();
  core::with_context(where_.string(), [&] { services_->disk.finish(); });
}

} // namespace intendance::backupd
