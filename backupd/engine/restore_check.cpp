// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/restore_check.hpp"

#include "core/error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <map>

namespace intendance::backupd {

namespace {

using core::FileDescriptor;

// What is in the target is not what the snapshot holds.
class Differs : public core::Error {
public:
  using Error::Error;
};

constexpr std::size_t piece = std::size_t{1} << 18;
constexpr std::uint64_t window = std::uint64_t{8} << 20;

// The bytes of a file that are no holes, in order; the holes on the way must be empty.
class DataOfFile {
public:
  DataOfFile(int file, const Entry& whole) : file_(file), ranges_(whole.data), size_(whole.size) {
    if (ranges_.empty()) ranges_ = {{0, size_}};
  }

  Buffer next(std::uint32_t length) {
    Buffer bytes;
    bytes.reserve(length);
    while (bytes.size() < length) {
      if (at_range_ == ranges_.size()) throw Differs("has less in it than the snapshot's file");
      const auto& range = ranges_[at_range_];
      if (in_range_ == 0) expect_hole_until(range.offset);
      const auto count = std::min<std::uint64_t>(length - bytes.size(), range.length - in_range_);
      const auto before = bytes.size();
      bytes.resize(before + count);
      read_ahead(range.offset + in_range_);
      const auto got =
          core::read_at(file_, std::span(bytes).subspan(before), range.offset + in_range_);
      if (got != count) throw Differs("ends too early");
      in_range_ += count;
      if (in_range_ < range.length) continue;
      place_ = range.offset + range.length;
      ++at_range_;
      in_range_ = 0;
    }
    return bytes;
  }

  void expect_end() {
    for (; at_range_ < ranges_.size(); ++at_range_) {
      if (ranges_[at_range_].length != in_range_)
        throw Differs("has more in it than the snapshot says");
      in_range_ = 0;
    }
    expect_hole_until(size_);
  }

private:
  // Parts between holes look to the kernel like reads here and there, one disk access each.
  void read_ahead(std::uint64_t place) {
    if (place + window / 2 < ahead_) return;
    ::posix_fadvise(file_, static_cast<off_t>(place), window, POSIX_FADV_WILLNEED);
    ahead_ = place + window;
  }

  void expect_hole_until(std::uint64_t end) {
    Buffer bytes;
    while (place_ < end) {
      const auto data = ::lseek(file_, static_cast<off_t>(place_), SEEK_DATA);
      if (data < 0 && errno != ENXIO) core::throw_errno("cannot look for its holes");
      if (data < 0 || static_cast<std::uint64_t>(data) >= end) break;
      place_ = static_cast<std::uint64_t>(data);
      bytes.resize(piece);
      const auto part = std::span(bytes).first(std::min<std::uint64_t>(piece, end - place_));
      if (core::read_at(file_, part, place_) != part.size()) throw Differs("ends too early");
      if (std::any_of(part.begin(), part.end(), [](auto each) { return each != 0; }))
        throw Differs("has bytes where the snapshot's file has a hole");
      place_ += part.size();
    }
    place_ = std::max(place_, end);
  }

  const int file_;
  std::vector<DataRange> ranges_;
  const std::uint64_t size_;
  std::size_t at_range_ = 0;
  std::uint64_t in_range_ = 0, place_ = 0;
  std::uint64_t ahead_ = 0; // how far the kernel was told
};

mode_t kind_of(FileType type) {
  switch (type) {
  case FileType::directory: return S_IFDIR;
  case FileType::symbolic_link: return S_IFLNK;
  case FileType::character_device: return S_IFCHR;
  case FileType::block_device: return S_IFBLK;
  case FileType::fifo: return S_IFIFO;
  case FileType::file:
  case FileType::more_extents: break;
  }
  return S_IFREG;
}

class Check {
public:
  Check(SnapshotReader& snapshot, const RestoreRequest& request,
        const std::set<std::string>& failed, std::stop_token stop, WorkCounters& work)
      : snapshot_(snapshot), request_(request), failed_(failed), stop_(std::move(stop)),
        work_(work), root_(core::open_file(request.target, O_PATH | O_DIRECTORY)) {}

  RestoreCheck run() {
    work_.begin(WorkPhase::comparing, request_.expected);
    // Page by page: a part of the list that is lost was named by the restore.
    snapshot_.for_each(
        request_.paths, [this](const Entry& entry) { look_at(entry); },
        [](const std::string&, const std::string&) {});
    return std::move(result_);
  }

private:
  void look_at(const Entry& entry) {
    go_on();
    const auto path = without_leading_parts(entry.path, request_.strip);
    if (path.empty() || failed_.contains("/" + path)) return;
    work_.look_at(path);
    try {
      compare(path, entry);
    } catch (const core::Unanswered&) {
      throw;
    } catch (const core::Error& error) {
      const bool replaced = request_.options.overwrite == Overwrite::always ||
                            request_.options.overwrite == Overwrite::if_changed;
      result_.problems.push_back(
          {"/" + path, error.what(), replaced ? Loss::everything : Loss::attributes});
    }
    if (entry.type == FileType::file) work_.add_item();
  }

  void go_on() const {
    if (stop_.stop_requested())
      throw core::Cancelled("stopped as asked; what was restored is not compared to its end");
  }

  void compare(const std::string& path, const Entry& entry) {
    const auto there = open_beneath(root_.get(), path);
    if (!there && errno == ENOENT) throw Differs("is not there");
    if (!there) core::throw_errno("cannot be opened");
    struct stat status {};
    if (::fstat(there.get(), &status) != 0) core::throw_errno("cannot look at it");
    const auto* described = &entry;
    std::optional<Entry> first;
    if (!entry.hard_link.empty()) {
      const auto known = first_names_.find(entry.hard_link);
      if (known != first_names_.end() && known->second == std::pair(status.st_dev, status.st_ino))
        return count(entry, 0);
      first = snapshot_.find(entry.hard_link);
      if (!first) return; // the restore said so
      described = &*first;
    }
    if ((status.st_mode & S_IFMT) != kind_of(described->type)) throw Differs("is of another kind");
    if (described->type == FileType::file)
      compare_contents(path, *described, status);
    else if (described->type == FileType::symbolic_link)
      compare_link(there.get(), *described);
    else if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
      compare_device(status, *described);
    if (described->links > 1) first_names_[described->path] = {status.st_dev, status.st_ino};
  }

  static void compare_link(int link, const Entry& entry) {
    std::string target(entry.link_target.size() + 1, '\0');
    const auto length = ::readlinkat(link, "", target.data(), target.size());
    if (length < 0) core::throw_errno("cannot read the link");
    target.resize(static_cast<std::size_t>(length));
    if (target != entry.link_target) throw Differs("points elsewhere than the snapshot's link");
  }

  static void compare_device(const struct stat& status, const Entry& entry) {
    if (::major(status.st_rdev) != entry.device_major ||
        ::minor(status.st_rdev) != entry.device_minor)
      throw Differs("is another device");
  }

  void compare_contents(const std::string& path, const Entry& entry, const struct stat& looked_at) {
    const auto parent = open_beneath(root_.get(), parent_path(path));
    const FileDescriptor file(::openat(parent.get(), last_part(path).c_str(),
                                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) core::throw_errno("cannot be opened");
    struct stat status {};
    if (::fstat(file.get(), &status) != 0 || status.st_ino != looked_at.st_ino ||
        status.st_dev != looked_at.st_dev)
      throw Differs("is being replaced by somebody");
    // The kernel would answer from what was just written to it.
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
    const auto whole = snapshot_.with_all_parts(entry);
    if (static_cast<std::uint64_t>(status.st_size) != whole.size)
      throw Differs(fmt::format("has {} bytes instead of {}", status.st_size, whole.size));
    DataOfFile data(file.get(), whole);
    compare_extents(data, entry);
    if (entry.continues) {
      snapshot_.for_each_record(PathFilter({entry.path}), [&](Entry&& more) {
        if (more.path == entry.path && more.type == FileType::more_extents)
          compare_extents(data, more);
      });
    }
    data.expect_end();
    count(entry, whole.size);
  }

  void compare_extents(DataOfFile& data, const Entry& record) {
    for (const auto& extent : record.extents) {
      go_on();
      const auto bytes = data.next(extent.length);
      if (!snapshot_.blocks().is_chunk(ChunkKind::contents, extent.chunk, bytes))
        throw Differs("holds other bytes than the snapshot's file");
      work_.add_bytes(bytes.size());
    }
  }

  void count(const Entry& entry, std::uint64_t bytes) {
    if (entry.type != FileType::file) return;
    ++result_.files;
    result_.bytes += bytes;
  }

  SnapshotReader& snapshot_;
  const RestoreRequest& request_;
  const std::set<std::string>& failed_;
  std::stop_token stop_;
  WorkCounters& work_;
  const FileDescriptor root_;
  // Files with several names: the one that was compared, by its path in the snapshot.
  std::map<std::string, std::pair<dev_t, ino_t>> first_names_;
  RestoreCheck result_;
};

} // namespace

RestoreCheck check_restored(SnapshotReader& snapshot, const RestoreRequest& request,
                            const std::set<std::string>& failed, std::stop_token stop,
                            WorkCounters* work) {
  WorkCounters unseen;
  return Check(snapshot, request, failed, std::move(stop), work != nullptr ? *work : unseen).run();
}

} // namespace intendance::backupd
