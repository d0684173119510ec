// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/walker.hpp"

#include "backupd/engine/folder_listing.hpp"
#include "core/log.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <numeric>

namespace intendance::backupd {

using core::FileDescriptor;

namespace {

// So many names are looked at before the first of them is visited: enough for an order that is kind
// to the disk, and a bounded memory for folders of millions.
constexpr std::size_t most_looked_ahead = 4096;
constexpr std::size_t listing_size = std::size_t{1} << 16;
// Names that are replaced again and again while being looked at are given up.
constexpr int most_looks = 4;

constexpr const char* cache_tag = "CACHEDIR.TAG"; // https://bford.info/cachedir/
constexpr std::string_view cache_signature = "Signature: 8a477f597d28d172789f06886806bc55";

std::string reason(int error) { return std::strerror(error); }

bool is_tagged_cache(int folder) {
  const auto tag = open_in(folder, cache_tag, OpenFor::reading);
  if (!tag || look_at(tag.get()).type() != FileType::file) return false;
  std::array<std::uint8_t, cache_signature.size()> begin;
  try {
    return core::read_some(tag.get(), begin) == begin.size() &&
           core::as_text(begin) == cache_signature;
  } catch (const core::Error&) {
    return false; // it is kept then, and named when its contents are read
  }
}

} // namespace

std::string torn(int descriptor, const Entry& before) {
  const auto status = look_at(descriptor);
  if (status.error != 0) core::throw_errno("cannot look at it", status.error);
  const bool same = status.size == before.size && status.modified == before.modified &&
                    status.changed == before.identity->changed;
  return same ? "" : "changed while being read (kept as read)";
}

struct Walker::Folder {
  FileDescriptor descriptor; // closed when it is too far from where the walk is
  FileStatus status;
  std::size_t path_length; // of its path, which path_ begins with
  FolderListing names;
  std::size_t next = 0;              // the name to be visited
  std::vector<FileStatus> looked_at; // of the names from `looked_from` on
  std::size_t looked_from = 0;
};

Walker::Walker(WalkOptions options, Recognise recognise, Visit visit, Warn warn,
               std::stop_token stop)
    : options_(std::move(options)), excludes_(options_.exclude), recognise_(std::move(recognise)),
      visit_(std::move(visit)), warn_(std::move(warn)), stop_(std::move(stop)),
      listing_buffer_(listing_size) {}

Walker::~Walker() = default;

std::string Walker::child(const char* name) const {
  return path_.empty() ? name : path_ + "/" + name;
}

Entry Walker::described(const FileStatus& status, std::string path) {
  auto entry = entry_of(status);
  entry.path = std::move(path);
  owners_.fill(entry);
  if (entry.type != FileType::directory && status.links > 1) {
    entry.links = status.links;
    if (const auto* first = links_.first_name(status)) entry.hard_link = *first;
  }
  return entry;
}

void Walker::walk(const std::filesystem::path& root) {
  if (!root.is_absolute()) throw core::ConfigError(root.string() + ": an absolute path is wanted");
  folders_.clear();
  first_open_ = 1;
  // Links on the way to the root are resolved; the root itself is taken as it is.
  auto normal = root.lexically_normal();
  if (!normal.has_filename()) normal = normal.parent_path();
  std::error_code error;
  const auto parent = std::filesystem::canonical(normal.parent_path(), error);
  if (error) throw Unreachable("cannot back up " + root.string() + ": " + error.message());
  const auto above = visit_parents(parent);
  path_ = parent.relative_path().string();
  const bool whole = normal == normal.root_path();
  const auto name = normal.filename().string();
  const auto status = whole ? look_at(above.get()) : look_at(above.get(), name.c_str());
  if (status.error != 0) {
    throw Unreachable("cannot back up " + root.string() + ": " + reason(status.error));
  }
  root_device_ = status.device;
  if (whole) {
    enter_folder(core::open_file("/", O_RDONLY | O_DIRECTORY), status, "");
  } else {
    if (status.type() == FileType::symbolic_link) {
      warn_(root.string(), "is a symbolic link; what it points to is not backed up with it");
    }
    visit_name(above.get(), name.c_str(), status);
  }
  walk_folders();
}

// The folders above a root are kept without what else is in them, so that a restore can make them.
FileDescriptor Walker::visit_parents(const std::filesystem::path& parent) {
  auto folder = core::open_file("/", O_PATH | O_DIRECTORY);
  std::filesystem::path so_far;
  for (const auto& part : parent.relative_path()) {
    so_far /= part;
    const auto path = so_far.string();
    auto next = open_in(folder.get(), part.c_str(), OpenFor::looking);
    const auto status = next ? look_at(next.get()) : FileStatus{};
    if (!next || status.type() != FileType::directory) {
      throw Unreachable("/" + path + " is no folder any more, and a root of the backup is in it");
    }
    folder = std::move(next);
    if (!last_parent_.empty() && compare_paths(path, last_parent_) <= 0) continue;
    last_parent_ = path;
    Found found{described(status, path), {}, false};
    found.recognised = recognise_(found.entry);
    if (!found.recognised) complete(found.entry, folder.get(), OpenFor::looking, status);
    visit_(std::move(found));
  }
  return folder;
}

void Walker::walk_folders() {
  while (!folders_.empty()) {
    auto& folder = folders_.back();
    if (folder.next == folder.names.size()) {
      leave_folder();
      continue;
    }
    if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
    if (!folder.descriptor && !reopen_folder()) continue;
    if (folder.next == folder.looked_from + folder.looked_at.size()) look_ahead(folder);
    const auto at = folder.next++;
    // A copy: entering a folder moves this one.
    const auto status = folder.looked_at[at - folder.looked_from];
    visit_name(folder.descriptor.get(), folder.names.name(at), status);
  }
}

// In the order of inodes, which is mostly that of their places on the disk.
void Walker::look_ahead(Folder& folder) {
  const auto from = folder.next;
  const auto count = std::min(folder.names.size() - from, most_looked_ahead);
  std::vector<std::uint16_t> order(count);
  std::iota(order.begin(), order.end(), std::uint16_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
    return folder.names.inode_hint(from + left) < folder.names.inode_hint(from + right);
  });
  folder.looked_from = from;
  folder.looked_at.resize(count);
  for (const auto each : order) {
    folder.looked_at[each] = look_at(folder.descriptor.get(), folder.names.name(from + each));
  }
}

// A program may save a file by putting a new one in its place just now: the new one is as good.
void Walker::visit_name(int folder, const char* name, const FileStatus& status) {
  auto now = status;
  for (int look = 0; look < most_looks; ++look) {
    if (look > 0) now = look_at(folder, name);
    if (visit_looked_at(folder, name, now, look == 0) == Look::done) return;
  }
  warn_("/" + child(name), "was replaced while being looked at, and is left out");
}

Walker::Look Walker::visit_looked_at(int folder, const char* name, const FileStatus& status,
                                     bool ask) {
  if (path_.size() + 1 + std::strlen(name) > longest_path) {
    warn_("/" + child(name), "has too long a path, and is left out with all that is in it");
    return Look::done;
  }
  if (status.error != 0) {
    warn_("/" + child(name),
          status.error == ENOENT ? "vanished before it was read" : reason(status.error));
    return Look::done;
  }
  const auto type = status.type();
  if (!type) {
    core::log::info("socket left out, no backup can hold one", {{"path", "/" + child(name)}});
    return Look::done;
  }
  Found found{described(status, child(name)), {}, false};
  found.recognised = ask && recognise_(found.entry);
  const bool is_folder = type == FileType::directory;
  const bool enter = is_folder && !(options_.one_file_system && status.device != root_device_);
  FileDescriptor descriptor;
  if (enter || !found.recognised) {
    const auto purpose = enter                    ? OpenFor::listing
                         : type == FileType::file ? OpenFor::reading
                                                  : OpenFor::looking;
    descriptor = open_in(folder, name, purpose);
    if (!descriptor) return refuse(folder, name, status, std::move(found));
    const auto opened = look_at(descriptor.get());
    if (!opened.same_file(status)) return Look::replaced;
    if (!found.recognised && !complete(found.entry, descriptor.get(), purpose, opened))
      return Look::done;
  }
  if (!is_folder) links_.add(status, found.entry.path);
  if (enter) {
    auto path = found.entry.path;
    visit_(std::move(found));
    enter_folder(std::move(descriptor), status, std::move(path));
    return Look::done;
  }
  if (type == FileType::file && !found.recognised && found.entry.hard_link.empty()) {
    prefetch(descriptor.get(), found.entry.size);
    found.contents = std::move(descriptor);
  }
  visit_(std::move(found));
  return Look::done;
}

// What cannot be opened, by errno: a file is left out; a folder is kept as far as it can be looked
// at, so that a restore can make it.
Walker::Look Walker::refuse(int folder, const char* name, const FileStatus& status, Found&& found) {
  const int error = errno;
  if (error == ENOENT || error == ELOOP || error == ENOTDIR || error == ENXIO)
    return Look::replaced;
  const auto shown = "/" + found.entry.path;
  if (found.entry.type != FileType::directory) {
    warn_(shown, reason(error));
    return Look::done;
  }
  if (!found.recognised) {
    const auto looked = open_in(folder, name, OpenFor::looking);
    const auto opened = looked ? look_at(looked.get()) : FileStatus{};
    if (!opened.same_file(status)) return Look::replaced;
    complete(found.entry, looked.get(), OpenFor::looking, opened);
  }
  visit_(std::move(found));
  warn_(shown, "cannot be listed, so what is in it is left out: " + reason(error));
  return Look::done;
}

// Describes anew what was opened, with what only an open file tells.
bool Walker::complete(Entry& entry, int descriptor, OpenFor purpose, const FileStatus& status) {
  entry = described(status, std::move(entry.path));
  const auto shown = [&] { return "/" + entry.path; };
  read_attributes(descriptor, purpose, entry,
                  [&](const std::string& message) { warn_(shown(), message); });
  if (entry.type != FileType::symbolic_link) return true;
  auto target = read_link(descriptor);
  if (target)
    entry.link_target = std::move(*target);
  else
    warn_(shown(), reason(errno));
  return target.has_value();
}

void Walker::enter_folder(FileDescriptor descriptor, const FileStatus& status, std::string path) {
  path_ = std::move(path);
  const auto wanted = [&](const char* name, std::uint8_t type) {
    if (excludes_.empty()) return true;
    const bool is_folder = type == DT_UNKNOWN && excludes_.ask_for_folders()
                               ? look_at(descriptor.get(), name).type() == FileType::directory
                               : type == DT_DIR;
    return !excludes_.matches(path_, name, is_folder);
  };
  FolderListing names(descriptor.get(), listing_buffer_, wanted);
  if (names.error() != 0)
    warn_("/" + path_, "cannot be listed to its end: " + reason(names.error()));
  if (options_.exclude_caches && names.contains(cache_tag) && is_tagged_cache(descriptor.get()))
    names.keep_only(cache_tag);
  folders_.push_back({std::move(descriptor), status, path_.size(), std::move(names), 0, {}, 0});
  while (folders_.size() - first_open_ > most_open_folders)
    folders_[first_open_++].descriptor.close();
}

// If the folder above was closed while the walk was far below it, ".." leads back, provided that no
// folder was moved meanwhile.
void Walker::leave_folder() {
  const auto left = std::move(folders_.back().descriptor);
  folders_.pop_back();
  if (folders_.empty()) return;
  auto& above = folders_.back();
  path_.resize(above.path_length);
  first_open_ = std::min(first_open_, folders_.size());
  if (above.descriptor) return;
  auto up = open_in(left.get(), "..", OpenFor::listing);
  if (!up || !look_at(up.get()).same_file(above.status)) return;
  above.descriptor = std::move(up);
  first_open_ = folders_.size() - 1;
}

// Opens the last folder again, and some above it, to which no ".." leads any more. The way goes
// down from the root by names, each of which must still be the same folder.
bool Walker::reopen_folder() {
  const auto last = folders_.size() - 1;
  first_open_ = last > most_open_folders / 2 ? last - most_open_folders / 2 : 1;
  FileDescriptor passing;
  int above = folders_.front().descriptor.get();
  for (std::size_t at = 1; at <= last; ++at) {
    auto& folder = folders_[at];
    const auto begin = folders_[at - 1].path_length + (folders_[at - 1].path_length > 0 ? 1 : 0);
    const auto name = path_.substr(begin, folder.path_length - begin);
    auto next = open_in(above, name.c_str(), OpenFor::listing);
    if (!next || !look_at(next.get()).same_file(folder.status)) {
      give_up_folders(at);
      return false;
    }
    above = next.get();
    (at < first_open_ ? passing : folder.descriptor) = std::move(next);
  }
  return true;
}

void Walker::give_up_folders(std::size_t from) {
  while (folders_.size() > from) {
    if (folders_.back().next < folders_.back().names.size())
      warn_("/" + path_, "was moved while being walked; what was left of it is left out");
    leave_folder();
  }
}

} // namespace intendance::backupd
