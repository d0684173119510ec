// SPDX-License-Identifier: AGPL-3.0-or-later
// The integers of docs/repository-format.md: little endian, varint, zigzag.
#pragma once

#include "core/crypto.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

#include <concepts>
#include <cstdint>
#include <limits>
#include <string_view>

namespace intendance::backupd {

using core::Buffer;
using core::ByteView;

// Appends to a buffer.
class ByteWriter {
public:
  explicit ByteWriter(Buffer& out) : out_(out) {}

  template <std::unsigned_integral Number>
  void fixed(Number value) {
    for (std::size_t each = 0; each < sizeof(Number); ++each) {
      out_.push_back(static_cast<std::uint8_t>(value >> (8 * each) & 0xff));
    }
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<std::uint8_t>(value | 0x80));
    out_.push_back(static_cast<std::uint8_t>(value));
  }
  void zigzag(std::int64_t value) {
    varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void bytes(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void text(std::string_view text) { bytes(core::as_bytes(text)); }

private:
  Buffer& out_;
};

// Reads from foreign bytes: every function throws CorruptData at the end.
class ByteReader {
public:
  explicit ByteReader(ByteView bytes) : left_(bytes) {}

  bool at_end() const { return left_.empty(); }
  std::size_t left() const { return left_.size(); }

  ByteView bytes(std::uint64_t count) {
    if (count > left_.size()) throw core::CorruptData("ends too early");
    const auto found = left_.first(count);
    left_ = left_.subspan(count);
    return found;
  }
  ByteView rest() { return bytes(left_.size()); }

  template <std::unsigned_integral Number>
  Number fixed() {
    Number value = 0;
    const auto found = bytes(sizeof(Number));
    for (std::size_t each = 0; each < sizeof(Number); ++each) {
      value = static_cast<Number>(value | static_cast<Number>(found[each]) << (8 * each));
    }
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = bytes(1).front();
      const std::uint64_t bits = byte & 0x7f;
      if (shift == 63 && bits > 1) break;
      value |= bits << shift;
      if ((byte & 0x80) == 0) return value;
    }
    throw core::CorruptData("holds a number that is too large");
  }
  template <std::unsigned_integral Number>
  Number varint_as() {
    const auto value = varint();
    if (value > std::numeric_limits<Number>::max()) {
      throw core::CorruptData("holds a number that is too large");
    }
    return static_cast<Number>(value);
  }
  std::int64_t zigzag() {
    const auto value = varint();
    return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
  }
  template <std::size_t Size>
  std::array<std::uint8_t, Size> array() {
    return core::to_array<Size>(bytes(Size));
  }
  void expect(std::string_view literal, std::string_view what) {
    if (core::as_text(left_.first(std::min(literal.size(), left_.size()))) != literal) {
      throw core::CorruptData("is not " + std::string(what));
    }
    bytes(literal.size());
  }

private:
  ByteView left_;
};

// What every object but the trust object begins with: eight letters, version, algorithm, two zeros,
// the epoch whose structure secret seals it.
inline constexpr std::size_t intro_size = 16;

inline Buffer object_intro(std::string_view letters, std::uint32_t epoch) {
  Buffer intro;
  ByteWriter writer(intro);
  writer.text(letters);
  writer.fixed(std::uint8_t{1});
  writer.fixed(std::uint8_t{1});
  writer.fixed(std::uint16_t{0});
  writer.fixed(epoch);
  return intro;
}

struct ObjectIntro {
  ByteView bytes;
  std::uint32_t epoch = 0;
};

// Takes it from the front. Throws CorruptData for other letters, Error for another version.
inline ObjectIntro read_intro(ByteReader& reader, std::string_view letters, std::string_view what) {
  ObjectIntro intro;
  intro.bytes = reader.bytes(intro_size);
  ByteReader(intro.bytes).expect(letters, what);
  intro.epoch = ByteReader(intro.bytes.last(sizeof(intro.epoch))).fixed<std::uint32_t>();
  if (core::as_text(intro.bytes) != core::as_text(object_intro(letters, intro.epoch))) {
    throw core::Error("is " + std::string(what) + " of a newer program; update this one");
  }
  return intro;
}

} // namespace intendance::backupd
