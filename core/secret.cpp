// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/secret.hpp"

#include "core/error.hpp"

#include <sodium.h>

#include <cstdlib>

namespace intendance::core {

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    wipe();
    bytes_ = std::move(other.bytes_);
    other.bytes_.clear();
  }
  return *this;
}

SecretBytes::~SecretBytes() { wipe(); }

void SecretBytes::wipe() noexcept {
  if (!bytes_.empty()) sodium_memzero(bytes_.data(), bytes_.size());
}

std::optional<std::filesystem::path> find_credential(const std::filesystem::path& name) {
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  if (credentials == nullptr || name.is_absolute()) return std::nullopt;
  auto path = std::filesystem::path(credentials) / name;
  std::error_code error; // one that cannot be looked at is not there for us
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  return path;
}

SecretBytes read_secret(const std::filesystem::path& file) {
  const auto path = find_credential(file).value_or(file);
  auto text = read_file(path, std::size_t{64} << 10);
  const auto end = text.find_first_of("\r\n");
  SecretBytes secret(as_bytes(text).first(end == std::string::npos ? text.size() : end));
  sodium_memzero(text.data(), text.size());
  if (secret.empty())
    throw ConfigError(path.string() + ": its first line is empty, a secret is wanted");
  return secret;
}

bool equal_secret(const SecretBytes& secret, std::string_view candidate) {
  return secret.size() == candidate.size() &&
         sodium_memcmp(secret.view().data(), candidate.data(), candidate.size()) == 0;
}

} // namespace intendance::core
