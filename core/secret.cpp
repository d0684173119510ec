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

SecretBytes read_secret(const std::filesystem::path& file) {
  auto path = file;
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  if (credentials != nullptr && file.is_relative()) {
    const auto credential = std::filesystem::path(credentials) / file;
    if (std::filesystem::exists(credential)) path = credential;
  }
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
