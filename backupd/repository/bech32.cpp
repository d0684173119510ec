// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/bech32.hpp"

#include "core/error.hpp"

#include <array>
#include <optional>

namespace intendance::backupd {

using core::Buffer;
using core::ByteView;
using core::CorruptData;

namespace {

constexpr std::string_view alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

std::uint32_t polymod(const Buffer& values) {
  constexpr std::array<std::uint32_t, 5> generator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
                                                      0x3d4233dd, 0x2a1462b3};
  std::uint32_t check = 1;
  for (const auto value : values) {
    const auto top = check >> 25;
    check = (check & 0x1ffffff) << 5 ^ value;
    for (std::size_t each = 0; each < generator.size(); ++each) {
      if ((top >> each & 1) != 0) check ^= generator[each];
    }
  }
  return check;
}

Buffer expanded_prefix(std::string_view prefix) {
  Buffer values;
  for (const char each : prefix) values.push_back(static_cast<std::uint8_t>(each >> 5));
  values.push_back(0);
  for (const char each : prefix) values.push_back(static_cast<std::uint8_t>(each & 31));
  return values;
}

// Groups of `from` bits to groups of `to` bits; nullopt when the rest is not zero padding.
std::optional<Buffer> regroup(ByteView values, unsigned from, unsigned to, bool pad) {
  Buffer out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const auto value : values) {
    bits = (bits << from | value) & 0xfff;
    count += from;
    while (count >= to) {
      count -= to;
      out.push_back(static_cast<std::uint8_t>(bits >> count & ((1u << to) - 1)));
    }
  }
  const auto rest = bits & ((1u << count) - 1);
  if (pad && count > 0) out.push_back(static_cast<std::uint8_t>(rest << (to - count)));
  if (!pad && (count >= from || rest != 0)) return std::nullopt;
  return out;
}

std::string mapped(std::string_view text, char from, char to, int shift) {
  std::string out(text);
  for (char& each : out) {
    if (each >= from && each <= to) each = static_cast<char>(each + shift);
  }
  return out;
}
std::string lower_case(std::string_view text) { return mapped(text, 'A', 'Z', 'a' - 'A'); }

} // namespace

std::string upper_case(std::string_view text) { return mapped(text, 'a', 'z', 'A' - 'a'); }

std::string bech32_encode(std::string_view prefix, ByteView bytes) {
  const auto data = *regroup(bytes, 8, 5, true);
  auto values = expanded_prefix(prefix);
  values.insert(values.end(), data.begin(), data.end());
  values.resize(values.size() + 6);
  const auto check = polymod(values) ^ 1;
  std::string text(prefix);
  text += '1';
  for (const auto value : data) text += alphabet[value];
  for (unsigned each = 0; each < 6; ++each) text += alphabet[check >> (5 * (5 - each)) & 31];
  return text;
}

Buffer bech32_decode(std::string_view prefix, std::string_view text, std::size_t size,
                     std::string_view what) {
  const auto bad = [what] {
    return CorruptData("is not " + std::string(what) + " (a character is wrong, or it is cut)");
  };
  if (text != lower_case(text) && text != upper_case(text)) throw bad();
  const auto plain = lower_case(text);
  if (!plain.starts_with(std::string(prefix) + "1") || plain.size() < prefix.size() + 7)
    throw bad();
  auto values = expanded_prefix(prefix);
  Buffer data;
  for (const char each : std::string_view(plain).substr(prefix.size() + 1)) {
    const auto place = alphabet.find(each);
    if (place == std::string_view::npos) throw bad();
    data.push_back(static_cast<std::uint8_t>(place));
  }
  values.insert(values.end(), data.begin(), data.end());
  if (polymod(values) != 1) throw bad();
  const auto bytes = regroup(ByteView(data).first(data.size() - 6), 5, 8, false);
  if (!bytes || bytes->size() != size) throw bad();
  return *bytes;
}

} // namespace intendance::backupd
