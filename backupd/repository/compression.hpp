// SPDX-License-Identifier: AGPL-3.0-or-later
// The only includer of zstd.h.
#pragma once

#include "backupd/repository/sink.hpp"
#include "core/file.hpp"

#include <cstdint>
#include <memory>

namespace intendance::backupd {

enum class Compression : std::uint8_t { none = 0, zstd = 1 };

// One thread at a time: it keeps zstd's working memory from chunk to chunk.
class Compressor {
public:
  explicit Compressor(int level = 3);
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;
  ~Compressor();
  // `u8 compression ‖ bytes`; kept as they are when zstd would not make them smaller. In memory
  // that is used again and again, as unpack() uses it.
  core::ByteView pack(core::ByteView raw, core::Buffer& memory);

private:
  struct State;
  std::unique_ptr<State> state_;
};

// What `zstd -d` reads: one frame with a checksum, compressed by a thread of zstd's own beside the
// caller's, in memory that depends on the level alone.
class StreamCompressor : public Sink {
public:
  static constexpr int lowest_level = 1, highest_level = 19;
  StreamCompressor(Sink& next, int level); // `next` must outlive it
  ~StreamCompressor() override;
  void write(core::ByteView bytes) override;
  void finish() override;

private:
  struct State;
  Sink& next_;
  std::unique_ptr<State> state_;
};

// Of the library: another one may compress the same bytes otherwise.
std::string compression_version();

// The reverse. The result has exactly `length` bytes; throws CorruptData otherwise. Any thread.
core::ByteView unpack(core::ByteView packed, std::uint64_t length, core::Buffer& memory);

} // namespace intendance::backupd
