// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/file.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::core {

// Bytes that wipe themselves and cannot be printed. Copying must be said: clone().
class SecretBytes {
public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  explicit SecretBytes(ByteView from) : bytes_(from.begin(), from.end()) {}
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) {
    other.bytes_.clear();
  }
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  SecretBytes clone() const { return SecretBytes(view()); }
  ByteView view() const { return bytes_; }
  std::span<std::uint8_t> writable() { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

private:
  void wipe() noexcept;
  std::vector<std::uint8_t> bytes_;
};

// What systemd handed over as a credential of that name, LoadCredential= of systemd.exec(5): its
// file in $CREDENTIALS_DIRECTORY. Nothing for an absolute path, or when there is none.
std::optional<std::filesystem::path> find_credential(const std::filesystem::path& name);

// The first line of a secret's file, without its newline. A relative path is looked for among the
// credentials first. Throws ConfigError when the file is empty, AccessDenied or Error
// when it cannot be read.
SecretBytes read_secret(const std::filesystem::path& file);

// In constant time for equal lengths.
bool equal_secret(const SecretBytes& secret, std::string_view candidate);

} // namespace intendance::core
