// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/file.hpp"

#include "core/error.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace intendance::core {

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::span<std::uint8_t> room_in(Buffer& memory, std::size_t size) {
  if (memory.size() < size) memory.resize(size);
  return std::span(memory).first(size);
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    close();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

FileDescriptor::~FileDescriptor() { close(); }

void FileDescriptor::close() noexcept {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

FileDescriptor open_file(const std::filesystem::path& path, int flags, mode_t mode) {
  const int number = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (number < 0) throw_errno("cannot open " + path.string());
  return FileDescriptor(number);
}

FileDescriptor open_unnamed_file(const std::filesystem::path& folder) {
  FileDescriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file) return file;
  // Not every file system can do without a name for a moment.
  auto pattern = (folder / "XXXXXX").string();
  file = FileDescriptor(::mkostemp(pattern.data(), O_CLOEXEC));
  if (!file) throw_errno("cannot write in " + folder.string());
  ::unlink(pattern.c_str());
  return file;
}

namespace {

template <class Read>
std::size_t fill(std::span<std::uint8_t> into, Read&& read) {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto count = read(into.data() + done, into.size() - done, done);
    if (count == 0) break;
    if (count < 0) {
      if (errno == EINTR) continue;
      throw_errno("cannot read");
    }
    done += static_cast<std::size_t>(count);
  }
  return done;
}

void sync_directory(const std::filesystem::path& path) {
  const auto directory = open_file(path, O_RDONLY | O_DIRECTORY);
  if (::fsync(directory.get()) != 0) throw_errno("cannot write folder " + path.string());
}

} // namespace

std::size_t read_some(int descriptor, std::span<std::uint8_t> into) {
  return fill(into, [&](std::uint8_t* at, std::size_t most, std::size_t) {
    return ::read(descriptor, at, most);
  });
}

std::size_t read_at(int descriptor, std::span<std::uint8_t> into, std::uint64_t offset) {
  return fill(into, [&](std::uint8_t* at, std::size_t most, std::size_t done) {
    return ::pread(descriptor, at, most, static_cast<off_t>(offset + done));
  });
}

void write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      throw_errno("cannot write");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

std::string read_file(const std::filesystem::path& path, std::size_t most) {
  const auto file = open_file(path, O_RDONLY);
  return with_context(path.string(), [&] {
    std::string content;
    std::uint8_t block[16384];
    while (const auto count = read_some(file.get(), block)) {
      if (content.size() + count > most) {
        throw Error("is longer than the " + std::to_string(most) + " bytes that are allowed");
      }
      content.append(reinterpret_cast<const char*>(block), count);
    }
    return content;
  });
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content,
                           mode_t mode) {
  auto pattern = path.string() + ".XXXXXX";
  const FileDescriptor file(::mkostemp(pattern.data(), O_CLOEXEC));
  if (!file) throw_errno("cannot write " + path.string());
  try {
    if (::fchmod(file.get(), mode) != 0) throw_errno("cannot set the mode");
    write_all(file.get(), as_bytes(content));
    if (::fsync(file.get()) != 0) throw_errno("cannot write");
    if (::rename(pattern.c_str(), path.c_str()) != 0) throw_errno("cannot rename");
  } catch (Error& error) {
    ::unlink(pattern.c_str());
    error.add_context("cannot write " + path.string());
    throw;
  }
  sync_directory(path.has_parent_path() ? path.parent_path() : ".");
}

void make_folders(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw_errno("cannot make folder " + folder.string(), error.value());
}

TemporaryDirectory::TemporaryDirectory()
    : TemporaryDirectory(std::filesystem::temp_directory_path()) {}

TemporaryDirectory::TemporaryDirectory(const std::filesystem::path& inside) {
  auto pattern = (inside / "intendance-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw_errno("cannot make a folder in " + inside.string());
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

} // namespace intendance::core
