// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/uuid.hpp"

#include "core/error.hpp"
#include "core/file.hpp"
#include "core/sha256.hpp"

#include <random>

namespace intendance::billing {
namespace {

constexpr std::string_view pattern = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
constexpr std::string_view digits = "0123456789abcdef";

} // namespace

std::string new_uuid() {
  std::random_device random; // the kernel's, on Linux
  std::string text(pattern);
  for (char& place : text) {
    const auto nibble = random() & 15U;
    if (place == 'x') place = digits[nibble];
    if (place == 'y') place = digits[8U | (nibble & 3U)]; // the variant of RFC 9562
  }
  return text;
}

std::string derived_uuid(std::string_view name) {
  auto digest = core::to_hex(core::sha256(core::as_bytes(name))).substr(0, 32);
  digest[12] = '8';
  digest[16] = digits[8U | (digits.find(digest[16]) & 3U)];
  for (const std::size_t dash : {8, 13, 18, 23}) digest.insert(dash, 1, '-');
  return digest;
}

std::string parse_uuid(std::string_view text) {
  std::string lower(text);
  bool good = text.size() == pattern.size();
  for (std::size_t index = 0; good && index < lower.size(); ++index) {
    char& place = lower[index];
    if (place >= 'A' && place <= 'F') place = static_cast<char>(place - 'A' + 'a');
    good = pattern[index] == '-' ? place == '-' : digits.find(place) != std::string_view::npos;
  }
  if (!good) {
    throw core::Error("\"" + std::string(text) +
                      "\" is not a UUID; uuidgen makes one, and without --id so does intendance");
  }
  return lower;
}

} // namespace intendance::billing
