// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/random.hpp"

#include "core/error.hpp"

#include <sys/random.h>

#include <array>

namespace intendance::web {

std::string random_hex(std::size_t bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::array<unsigned char, 256> raw{}; // the most that getentropy gives at once
  if (bytes > raw.size() || ::getentropy(raw.data(), bytes) != 0)
    core::throw_errno("drawing " + std::to_string(bytes) + " random bytes");
  std::string hex;
  for (std::size_t i = 0; i < bytes; ++i) {
    hex.push_back(digits[raw[i] >> 4U]);
    hex.push_back(digits[raw[i] & 0x0FU]);
  }
  return hex;
}

} // namespace intendance::web
