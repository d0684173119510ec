// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/backupd/tree.hpp"

#include "core/crypto.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace intendance::backupd {

namespace fs = std::filesystem;

namespace {

void check(int result, const std::string& what) {
  if (result != 0) core::throw_errno(what);
}

void write(const fs::path& path, std::string_view content) {
  const auto file = core::open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  core::write_all(file.get(), core::as_bytes(content));
}

void write_sparse(const fs::path& path, off_t size, std::initializer_list<off_t> data_at) {
  const auto file = core::open_file(path, O_RDWR | O_CREAT, 0644);
  check(::ftruncate(file.get(), size), "ftruncate");
  for (const auto at : data_at) check(::pwrite(file.get(), "data", 4, at) == 4 ? 0 : -1, "pwrite");
}

void set_time(const fs::path& path, time_t seconds, long nanoseconds) {
  const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
  check(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), "utimensat");
}

std::string attributes_of(const fs::path& path) {
  char names[4096];
  const auto length = ::llistxattr(path.c_str(), names, sizeof(names));
  std::map<std::string, std::string> sorted;
  for (ssize_t at = 0; at < length;) {
    const std::string name(names + at);
    char value[4096];
    const auto size = ::lgetxattr(path.c_str(), name.c_str(), value, sizeof(value));
    sorted[name] = core::to_hex(core::as_bytes(
        std::string_view(value, static_cast<std::size_t>(std::max<ssize_t>(size, 0)))));
    at += static_cast<ssize_t>(name.size()) + 1;
  }
  std::string text;
  for (const auto& [name, value] : sorted) text += " " + name + "=" + value;
  return text;
}

// Bytes that are no hole. How many blocks a file has changes while it is on its way to the disk.
off_t data_in(const fs::path& path) {
  const auto file = core::open_file(path, O_RDONLY);
  off_t bytes = 0, end = 0;
  for (off_t at = 0; (at = ::lseek(file.get(), end, SEEK_DATA)) >= 0; bytes += end - at) {
    end = ::lseek(file.get(), at, SEEK_HOLE);
    check(end > at ? 0 : -1, "lseek");
  }
  return bytes;
}

} // namespace

void make_tree(const fs::path& root) {
  fs::create_directories(root / "deep/er/and/deeper");
  fs::create_directory(root / "empty folder");
  write(root / "small.xml", "<TEI>é</TEI>");
  write(root / "empty", "");
  for (int each = 0; each < 40; ++each) {
    write(root / "deep" / fmt::format("lettre-{:04}.xml", each),
          fmt::format("<letter n=\"{}\">{}</letter>", each, std::string(3000, 'x')));
  }
  write(root / "deep/er/large", core::to_hex(core::random_bytes(2'500'000)));
  write(root / "deep/er/and/deeper/random",
        std::string(core::as_text(core::random_bytes(700'000))));
  write(root / "new\nline", "1");
  write(root / "not\xffutf8", "2");
  write(root / "quote\"'\\ $(x)", "3");
  write(root / std::string(255, 'n'), "4");
  write_sparse(root / "hole at both ends", 10'000'000, {5'000'000});
  write_sparse(root / "nothing but a hole", 3'000'000, {});
  write_sparse(root / "hole in the middle", 2'000'004, {0, 2'000'000});
  fs::create_hard_link(root / "small.xml", root / "deep/second name");
  fs::create_hard_link(root / "small.xml", root / "zz third name");
  fs::create_symlink("../nowhere", root / "dangling");
  check(
      ::linkat(AT_FDCWD, (root / "dangling").c_str(), AT_FDCWD, (root / "dangling too").c_str(), 0),
      "linkat");
  fs::create_symlink("deep", root / "link to folder");
  check(::mkfifo((root / "fifo").c_str(), 0640), "mkfifo");
  check(::setxattr((root / "small.xml").c_str(), "user.note", "\0x", 2, 0), "setxattr");
  check(::setxattr((root / "deep").c_str(), "user.empty", "", 0, 0), "setxattr");
  check(::chmod((root / "empty").c_str(), 04711), "chmod");
  check(::chmod((root / "quote\"'\\ $(x)").c_str(), 0), "chmod");
  set_time(root / "dangling", 1'000'000'000, 123'456'789);
  set_time(root / "small.xml", -86'400, 1);
  set_time(root / "deep/er/large", 4'102'444'800, 999'999'999);
  check(::chmod((root / "deep/er").c_str(), 0555), "chmod");
  set_time(root / "deep/er", 86'400, 5);
  set_time(root / "deep", 86'401, 0);
  set_time(root, 86'402, 0);
}

std::map<std::string, std::string> describe_tree(const fs::path& root) {
  std::map<std::string, std::string> found;
  std::map<ino_t, std::string> first_names;
  const auto add = [&](const fs::path& path, const std::string& name) {
    struct stat status {};
    check(::lstat(path.c_str(), &status), path.string());
    auto text = fmt::format("{:o} {}:{} {}.{:09}", status.st_mode, status.st_uid, status.st_gid,
                            status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    if (S_ISREG(status.st_mode)) {
      // Root reads a file of mode 000; others compare what they may.
      std::error_code error;
      const auto readable = ::access(path.c_str(), R_OK) == 0;
      text += fmt::format(
          " {} {}", status.st_size,
          readable ? core::to_hex(core::blake2b(core::as_bytes(core::read_file(path, 1u << 30))))
                   : "?");
      text += readable && data_in(path) < status.st_size / 2 ? " sparse" : "";
    }
    if (S_ISLNK(status.st_mode)) text += " -> " + fs::read_symlink(path).string();
    if (!S_ISDIR(status.st_mode) && status.st_nlink > 1) {
      const auto [first, is_new] = first_names.emplace(status.st_ino, name);
      if (!is_new) text += " = " + first->second;
    }
    found[name] = text + attributes_of(path);
  };
  add(root, ".");
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(root)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) add(path, path.lexically_relative(root).string());
  return found;
}

} // namespace intendance::backupd
