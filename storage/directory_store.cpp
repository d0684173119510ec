// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "storage/object_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace intendance::storage {

namespace {

constexpr std::size_t copy_size = std::size_t{1} << 20;
constexpr std::size_t worth_announcing = std::size_t{128} << 10;

void sync_folder(const std::filesystem::path& path) {
  const auto folder = core::open_file(path, O_RDONLY | O_DIRECTORY);
  if (::fsync(folder.get()) != 0) core::throw_errno("cannot write folder " + path.string());
}

// Removes a file that is not wanted after all.
class Unlinker {
public:
  explicit Unlinker(std::filesystem::path path) : path_(std::move(path)) {}
  Unlinker(const Unlinker&) = delete;
  Unlinker& operator=(const Unlinker&) = delete;
  ~Unlinker() { ::unlink(path_.c_str()); }

private:
  std::filesystem::path path_;
};

class DirectoryStore final : public ObjectStore {
public:
  explicit DirectoryStore(std::filesystem::path root)
      : root_(std::move(root)), incoming_(root_ / ".incoming") {
    make_folders(incoming_);
    remove_leftovers();
  }

  void put(const std::string& name, const Content& content) override {
    const auto path = path_of(name);
    core::with_context("storing " + name + " in " + address(), [&] {
      make_folders(path.parent_path());
      if (content.file() != nullptr && adopt(*content.file(), path)) return;
      auto pattern = (incoming_ / "XXXXXX").string();
      const core::FileDescriptor file(::mkostemp(pattern.data(), O_CLOEXEC));
      if (!file) core::throw_errno("cannot write in " + incoming_.string());
      const Unlinker temporary(pattern);
      copy(content, file);
      if (::fchmod(file.get(), 0600) != 0) core::throw_errno("cannot set its mode");
      if (::fsync(file.get()) != 0) core::throw_errno("cannot write it");
      // link, unlike rename, refuses a name that is in use.
      if (::link(pattern.c_str(), path.c_str()) != 0) core::throw_errno("cannot name it");
      sync_folder(path.parent_path());
    });
  }

  std::optional<std::filesystem::path> spool_folder() const override { return incoming_; }

  std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) override {
    core::Buffer bytes;
    const bool there = open_object(name, [&](int file, std::uint64_t size) {
      if (size > most) throw core::CorruptData("is longer than it may be");
      bytes.resize(size);
      read_exactly(file, 0, bytes);
    });
    if (!there) return std::nullopt;
    return bytes;
  }

  bool read(const std::string& name, std::uint64_t offset, std::span<std::uint8_t> into) override {
    return open_object(name, [&](int file, std::uint64_t size) {
      if (offset > size || into.size() > size - offset) {
        throw core::CorruptData("ends before what was asked of it");
      }
      if (into.size() >= worth_announcing) announce(file, offset, into.size());
      read_exactly(file, offset, into);
    });
  }

  void list(const std::string& prefix,
            const std::function<void(const ObjectInfo&)>& visit) override {
    std::vector<ObjectInfo> found;
    // The last folder that the prefix names whole; what lies beside it cannot match.
    const auto folder =
        root_ / prefix.substr(0, prefix.rfind('/') == std::string::npos ? 0 : prefix.rfind('/'));
    collect(folder, prefix, found);
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    for (const auto& info : found) visit(info);
  }

  std::optional<ObjectInfo> head(const std::string& name) override {
    return info_of(path_of(name), name);
  }

  void remove(const std::string& name) override {
    if (::unlink(path_of(name).c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
      core::throw_errno("cannot remove " + name + " from " + address());
    }
  }

  std::string address() const override { return "file://" + root_.string(); }

private:
  std::filesystem::path path_of(const std::string& name) const {
    check_object_name(name);
    return root_ / name;
  }

  // Of puts that were broken off long ago; a put that still goes on is younger.
  void remove_leftovers() const {
    const auto limit = std::filesystem::file_time_type::clock::now() - std::chrono::hours(24);
    std::error_code error; // whoever may only read leaves them
    for (const auto& entry : std::filesystem::directory_iterator(incoming_, error)) {
      const auto modified = entry.last_write_time(error);
      if (!error && modified < limit) std::filesystem::remove(entry.path(), error);
    }
  }

  static void make_folders(const std::filesystem::path& folder) {
    if (std::filesystem::is_directory(folder)) return;
    if (folder.has_parent_path()) make_folders(folder.parent_path());
    if (::mkdir(folder.c_str(), 0700) == 0) return sync_folder(folder.parent_path());
    if (errno != EEXIST) core::throw_errno("cannot make folder " + folder.string());
  }

  // A file without a name, in this file system, gets one; false when it must be copied after all.
  static bool adopt(const core::FileDescriptor& file, const std::filesystem::path& path) {
    struct stat status {};
    if (::fstat(file.get(), &status) != 0 || status.st_nlink != 0) return false;
    if (::fsync(file.get()) != 0) core::throw_errno("cannot write it");
    const auto own = "/proc/self/fd/" + std::to_string(file.get());
    if (::linkat(AT_FDCWD, own.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      if (errno == EEXIST) core::throw_errno("cannot name it");
      return false; // another file system, or one where a file that lost its name gets none again
    }
    sync_folder(path.parent_path());
    return true;
  }

  static void copy(const Content& content, const core::FileDescriptor& file) {
    core::Buffer block;
    for (std::uint64_t offset = 0; offset < content.size(); offset += block.size()) {
      block.resize(std::min<std::uint64_t>(copy_size, content.size() - offset));
      content.read(offset, block);
      core::write_all(file.get(), block);
    }
  }

  // Whoever reads a part mostly wants the next one too, and opens the object again for it, so that
  // the kernel does not see that he reads on. Advice changes nothing but the speed.
  static void announce(int file, std::uint64_t offset, std::size_t length) {
    (void)::posix_fadvise(file, static_cast<off_t>(offset), static_cast<off_t>(2 * length),
                          POSIX_FADV_WILLNEED);
  }

  static void read_exactly(int file, std::uint64_t offset, std::span<std::uint8_t> into) {
    if (core::read_at(file, into, offset) != into.size()) {
      throw core::CorruptData("became shorter while it was being read");
    }
  }

  // False when there is no such object.
  template <class Use>
  bool open_object(const std::string& name, Use&& use) {
    const auto path = path_of(name);
    const core::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file && (errno == ENOENT || errno == ENOTDIR)) return false;
    if (!file) core::throw_errno("cannot open " + name + " in " + address());
    return core::with_context(name + " in " + address(), [&] {
      struct stat status {};
      if (::fstat(file.get(), &status) != 0) core::throw_errno("cannot look at it");
      if (!S_ISREG(status.st_mode)) return false;
      use(file.get(), static_cast<std::uint64_t>(status.st_size));
      return true;
    });
  }

  static std::optional<ObjectInfo> info_of(const std::filesystem::path& path, std::string name) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
      core::throw_errno("cannot look at " + path.string());
    }
    if (!S_ISREG(status.st_mode)) return std::nullopt;
    const auto modified = std::chrono::seconds(status.st_mtim.tv_sec) +
                          std::chrono::nanoseconds(status.st_mtim.tv_nsec);
    return ObjectInfo{std::move(name), static_cast<std::uint64_t>(status.st_size),
                      core::TimePoint(modified)};
  }

  void collect(const std::filesystem::path& folder, const std::string& prefix,
               std::vector<ObjectInfo>& found) const {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
      if (entry.path().filename().string().front() == '.') continue;
      auto name = entry.path().lexically_relative(root_).string();
      if (entry.is_directory() && !entry.is_symlink()) {
        const auto shared = std::min(name.size(), prefix.size());
        if (name.compare(0, shared, prefix, 0, shared) == 0) collect(entry.path(), prefix, found);
      } else if (name.starts_with(prefix)) {
        if (auto info = info_of(entry.path(), std::move(name))) found.push_back(std::move(*info));
      }
    }
    if (error && error != std::errc::no_such_file_or_directory) {
      throw core::Error("cannot list " + folder.string() + ": " + error.message());
    }
  }

  std::filesystem::path root_;
  std::filesystem::path incoming_;
};

} // namespace

std::unique_ptr<ObjectStore> open_directory_store(const std::filesystem::path& folder) {
  return std::make_unique<DirectoryStore>(folder);
}

} // namespace intendance::storage
