// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/object_store.hpp"

#include "core/error.hpp"

#include <algorithm>
#include <cstring>

namespace intendance::storage {

namespace {

class BytesContent final : public Content {
public:
  explicit BytesContent(core::ByteView bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  void read(std::uint64_t offset, std::span<std::uint8_t> into) const override {
    if (!into.empty()) std::memcpy(into.data(), bytes_.data() + offset, into.size());
  }

private:
  core::ByteView bytes_;
};

class FileContent final : public Content {
public:
  const core::FileDescriptor* file() const override { return &file_; }
  FileContent(const core::FileDescriptor& file, std::uint64_t size) : file_(file), size_(size) {}
  std::uint64_t size() const override { return size_; }
  void read(std::uint64_t offset, std::span<std::uint8_t> into) const override {
    if (core::read_at(file_.get(), into, offset) != into.size()) {
      throw core::Error("the spool file became shorter while it was being stored");
    }
  }

private:
  const core::FileDescriptor& file_;
  std::uint64_t size_;
};

} // namespace

std::unique_ptr<Content> content_of(core::ByteView bytes) {
  return std::make_unique<BytesContent>(bytes);
}

std::unique_ptr<Content> content_of(const core::FileDescriptor& file, std::uint64_t size) {
  return std::make_unique<FileContent>(file, size);
}

void check_object_name(const std::string& name) {
  const auto allowed = [](char each) {
    return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9') ||
           std::string_view("/._-").find(each) != std::string_view::npos;
  };
  bool good = !name.empty() && name.size() <= 512 && std::all_of(name.begin(), name.end(), allowed);
  for (std::size_t at = 0; good && at <= name.size();) {
    const auto end = std::min(name.find('/', at), name.size());
    const auto part = std::string_view(name).substr(at, end - at);
    good = !part.empty() && part.front() != '.'; // dots begin what is the store's own
    at = end + 1;
  }
  if (!good) throw core::Error("\"" + name + "\" cannot be an object's name");
}

} // namespace intendance::storage
