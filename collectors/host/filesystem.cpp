// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/filesystem.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

namespace intendance::collectors {

namespace {

constexpr std::array<std::string_view, 24> ignored_types = {
    "autofs",     "binfmt_misc", "bpf",       "cgroup",   "cgroup2",   "configfs",
    "debugfs",    "devpts",      "devtmpfs",  "fusectl",  "hugetlbfs", "iso9660",
    "mqueue",     "nsfs",        "overlay",   "proc",     "procfs",    "pstore",
    "rpc_pipefs", "securityfs",  "selinuxfs", "squashfs", "sysfs",     "tracefs"};

// Beneath these; of the last three only what is below a folder of theirs.
constexpr std::array<std::string_view, 3> ignored_places = {"/dev", "/proc", "/sys"};
constexpr std::array<std::string_view, 3> ignored_parents = {
    "/run/credentials/", "/var/lib/docker/", "/var/lib/containers/storage/"};

// The kernel writes space, tab, newline and backslash as \ooo.
std::string unescape(std::string_view text) {
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
                        is_octal(text[i + 2]) && is_octal(text[i + 3]);
    if (!escape) {
      result += text[i];
      continue;
    }
    result +=
        static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
    i += 3;
  }
  return result;
}

bool has_option(std::string_view options, std::string_view wanted) {
  while (!options.empty()) {
    const auto comma = options.find(',');
    if (options.substr(0, comma) == wanted) return true;
    options = comma == std::string_view::npos ? std::string_view{} : options.substr(comma + 1);
  }
  return false;
}

Mount parse_mount(std::string_view line) {
  // 36 35 98:0 /root /mountpoint rw,noatime [shared:1 …] - ext3 /dev/root rw,errors=continue
  const auto whole = line;
  for (int skipped = 0; skipped < 4; ++skipped) next_word(line);
  Mount mount;
  mount.mountpoint = unescape(next_word(line));
  const auto options = next_word(line);
  for (auto word = next_word(line); word != "-"; word = next_word(line))
    if (word.empty())
      throw core::CorruptData("mountinfo: no \" - \" in \"" + std::string(whole.substr(0, 80)) +
                              "\"");
  mount.fstype = unescape(next_word(line));
  mount.device = unescape(next_word(line));
  mount.readonly = has_option(options, "ro") || has_option(next_word(line), "ro");
  if (mount.fstype.empty() || mount.mountpoint.empty())
    throw core::CorruptData("mountinfo: incomplete line \"" + std::string(whole.substr(0, 80)) +
                            "\"");
  return mount;
}

std::optional<FilesystemSizes> sizes_of(const Mount& mount) {
  struct statvfs answer {};
  if (::statvfs(mount.mountpoint.c_str(), &answer) != 0) return std::nullopt;
  const auto blocks = [&](fsblkcnt_t count) {
    return static_cast<double>(count) * static_cast<double>(answer.f_frsize);
  };
  return FilesystemSizes{blocks(answer.f_blocks), blocks(answer.f_bfree), blocks(answer.f_bavail),
                         static_cast<double>(answer.f_files), static_cast<double>(answer.f_ffree)};
}

} // namespace

std::vector<Mount> parse_mountinfo(std::string_view text) {
  std::vector<Mount> mounts;
  while (const auto line = next_line(text))
    if (!line->empty()) mounts.push_back(parse_mount(*line));
  return mounts;
}

bool is_ignored_mount(const Mount& mount) {
  if (std::find(ignored_types.begin(), ignored_types.end(), mount.fstype) != ignored_types.end())
    return true;
  const std::string_view place = mount.mountpoint;
  for (const auto& ignored : ignored_places)
    if (place.starts_with(ignored) &&
        (place.size() == ignored.size() || place[ignored.size()] == '/'))
      return true;
  return std::any_of(ignored_parents.begin(), ignored_parents.end(), [&](std::string_view parent) {
    return place.starts_with(parent) && place.size() > parent.size();
  });
}

Families publish_filesystems(const std::vector<FilesystemFigures>& filesystems) {
  auto size = gauge_family("node_filesystem_size_bytes", "Size of the file system in bytes.");
  auto free =
      gauge_family("node_filesystem_free_bytes", "Free space in bytes, root's reserve included.");
  auto available =
      gauge_family("node_filesystem_avail_bytes", "Bytes that others than root can still use.");
  auto files = gauge_family("node_filesystem_files", "Inodes of the file system.");
  auto files_free = gauge_family("node_filesystem_files_free", "Free inodes of the file system.");
  auto readonly = gauge_family("node_filesystem_readonly", "Whether it is mounted read-only.");
  auto error =
      gauge_family("node_filesystem_device_error", "Whether asking for its figures failed.");

  std::set<std::tuple<std::string, std::string, std::string>> seen; // mounts may lie on each other
  for (const auto& [mount, sizes] : filesystems) {
    if (!seen.emplace(mount.device, mount.mountpoint, mount.fstype).second) continue;
    const Labels labels = {
        {"device", mount.device}, {"mountpoint", mount.mountpoint}, {"fstype", mount.fstype}};
    add_sample(error, sizes ? 0 : 1, labels);
    if (!sizes) continue;
    add_sample(size, sizes->size_bytes, labels);
    add_sample(free, sizes->free_bytes, labels);
    add_sample(available, sizes->available_bytes, labels);
    add_sample(files, sizes->files, labels);
    add_sample(files_free, sizes->files_free, labels);
    add_sample(readonly, mount.readonly ? 1 : 0, labels);
  }
  Families families;
  for (auto* family : {&size, &free, &available, &files, &files_free, &readonly, &error})
    families.push_back(std::move(*family));
  return families;
}

std::shared_ptr<prometheus::Collectable> filesystem_collector(const HostRoots& roots) {
  // An overlay's options can fill a page.
  constexpr auto lines = KernelLines::of_any_length;
  auto first = std::make_shared<const KernelFile>(roots.proc / "1" / "mountinfo", lines);
  auto own = std::make_shared<const KernelFile>(roots.proc / "self" / "mountinfo", lines);
  return make_collectable([first, own] {
    std::optional<std::string> text;
    try {
      text = first->read();
    } catch (const core::AccessDenied&) {
      // hidepid hides the first process from us; our own mounts are the next best thing.
    }
    std::vector<FilesystemFigures> filesystems;
    for (auto& mount : parse_mountinfo(text ? *text : own->read_required())) {
      if (is_ignored_mount(mount)) continue;
      auto sizes = sizes_of(mount);
      filesystems.push_back({std::move(mount), sizes});
    }
    return publish_filesystems(filesystems);
  });
}

} // namespace intendance::collectors
