// SPDX-License-Identifier: AGPL-3.0-or-later
// Files as this project uses them: descriptors that close themselves, whole small files, and writes
// that are there entirely or not at all.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace intendance::core {

using Buffer = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

ByteView as_bytes(std::string_view text);
std::string_view as_text(ByteView bytes);

// The first `size` bytes of memory that is used again and again. It only grows: resize() would
// clear bytes that are about to be written over.
std::span<std::uint8_t> room_in(Buffer& memory, std::size_t size);

class FileDescriptor {
public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) noexcept : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor();

  int get() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  void close() noexcept;

private:
  int number_ = -1;
};

// Opens with O_CLOEXEC. Throws Error or AccessDenied that names the path.
FileDescriptor open_file(const std::filesystem::path& path, int flags, mode_t mode = 0);

// A file for reading and writing in that folder without a name, gone with its descriptor.
FileDescriptor open_unnamed_file(const std::filesystem::path& folder);

// Fills `into` unless the file ends before; returns how many bytes were read. EINTR is retried.
std::size_t read_some(int descriptor, std::span<std::uint8_t> into);
std::size_t read_at(int descriptor, std::span<std::uint8_t> into, std::uint64_t offset);
void write_all(int descriptor, ByteView bytes);

// The whole file; throws Error when it is longer than `most` bytes or cannot be read.
std::string read_file(const std::filesystem::path& path, std::size_t most = std::size_t{16} << 20);

// Replaces `path` in one step, durably: temporary file in the same folder, fsync, rename, fsync of
// the folder. What was there stays when anything fails.
void write_file_atomically(const std::filesystem::path& path, std::string_view content,
                           mode_t mode = 0644);

// With those above it, where they are missing. Throws Error that names the folder.
void make_folders(const std::filesystem::path& folder);

// A new folder of its own under the system's temporary folder, removed with what is in it.
class TemporaryDirectory {
public:
  TemporaryDirectory();
  explicit TemporaryDirectory(const std::filesystem::path& inside);
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();
  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace intendance::core
