// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/gzip.hpp"

#include "core/error.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace intendance::core {

namespace {

constexpr int gzip_window = 15 + 16; // zlib's way to say: largest window, gzip header and trailer

struct Deflater {
  explicit Deflater(int level) {
    if (deflateInit2(&stream, level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw Error("gzip: cannot start: out of memory, or no such level");
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { deflateEnd(&stream); }
  z_stream stream{};
};

struct Inflater {
  Inflater() {
    if (inflateInit2(&stream, gzip_window) != Z_OK)
      throw Error("gunzip: cannot start: out of memory");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream); }
  z_stream stream{};
};

void give(z_stream& stream, std::string_view bytes) {
  if (bytes.size() > std::numeric_limits<uInt>::max()) throw Error("gzip: more than 4 GiB at once");
  // zlib takes a pointer to non-const for C's sake and does not write through it.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

// Whether "; q=0.5" and the like allow the coding; an unreadable q-value does not.
bool weight_is_positive(std::string_view parameters) {
  const auto equals = parameters.find('=');
  if (parameters.empty()) return true;
  if (equals == std::string_view::npos ||
      !equal_ignoring_case(trim(parameters.substr(0, equals)), "q"))
    return false;
  const auto number = trim(parameters.substr(equals + 1));
  double weight = 0;
  const auto result = std::from_chars(number.data(), number.data() + number.size(), weight);
  return result.ec == std::errc{} && result.ptr == number.data() + number.size() && weight > 0;
}

} // namespace

std::string gzip(std::string_view text, int level) {
  Deflater deflater(level);
  give(deflater.stream, text);
  std::string result;
  // deflateBound is never too small for one call, so that one call does all.
  result.resize(deflateBound(&deflater.stream, static_cast<uLong>(text.size())));
  deflater.stream.next_out = reinterpret_cast<Bytef*>(result.data());
  deflater.stream.avail_out = static_cast<uInt>(result.size());
  if (deflate(&deflater.stream, Z_FINISH) != Z_STREAM_END) throw Error("gzip: zlib did not finish");
  result.resize(deflater.stream.total_out);
  return result;
}

std::string gunzip(std::string_view bytes, std::size_t most) {
  Inflater inflater;
  give(inflater.stream, bytes);
  std::string result;
  std::array<char, 16384> piece{};
  for (int status = Z_OK; status != Z_STREAM_END;) {
    inflater.stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    inflater.stream.avail_out = static_cast<uInt>(piece.size());
    status = inflate(&inflater.stream, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END)
      throw CorruptData("gunzip: not a whole gzip member");
    result.append(piece.data(), piece.size() - inflater.stream.avail_out);
    if (result.size() > most)
      throw CorruptData("gunzip: more than " + std::to_string(most) + " bytes");
  }
  if (inflater.stream.avail_in != 0) throw CorruptData("gunzip: bytes follow the end");
  return result;
}

bool accepts_gzip(const std::optional<std::string>& accept_encoding) {
  bool any = false;
  std::string_view rest = accept_encoding ? std::string_view(*accept_encoding) : "";
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const auto item = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
    const auto semicolon = item.find(';');
    const auto coding = trim(item.substr(0, semicolon));
    const auto allowed = weight_is_positive(
        semicolon == std::string_view::npos ? "" : trim(item.substr(semicolon + 1)));
    if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip"))
      return allowed;
    if (coding == "*") any = allowed;
  }
  return any;
}

} // namespace intendance::core
