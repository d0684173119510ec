// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/compression.hpp"

#include "core/error.hpp"
#include "core/handle.hpp"

#include <zstd.h>

#include <algorithm>
#include <string>

namespace intendance::backupd {

namespace {

std::size_t check(std::size_t result) {
  if (ZSTD_isError(result) != 0)
    throw core::CorruptData(std::string("zstd: ") + ZSTD_getErrorName(result));
  return result;
}

using Context = core::Handle<ZSTD_CCtx, ZSTD_freeCCtx>;
using DecompressionContext = core::Handle<ZSTD_DCtx, ZSTD_freeDCtx>;

} // namespace

struct Compressor::State {
  Context context{ZSTD_createCCtx()};
};

Compressor::Compressor(int level) : state_(std::make_unique<State>()) {
  if (!state_->context) throw core::Error("zstd: no memory");
  check(ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_compressionLevel, level));
}
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;
Compressor::~Compressor() = default;

core::ByteView Compressor::pack(core::ByteView raw, core::Buffer& memory) {
  const auto packed = core::room_in(memory, 1 + ZSTD_compressBound(raw.size()));
  packed[0] = static_cast<std::uint8_t>(Compression::zstd);
  const auto size = check(ZSTD_compress2(state_->context.get(), packed.data() + 1,
                                         packed.size() - 1, raw.data(), raw.size()));
  if (size < raw.size()) return packed.first(1 + size);
  packed[0] = static_cast<std::uint8_t>(Compression::none);
  std::copy(raw.begin(), raw.end(), packed.begin() + 1);
  return packed.first(1 + raw.size());
}

struct StreamCompressor::State {
  Context context{ZSTD_createCCtx()};
  core::Buffer out = core::Buffer(ZSTD_CStreamOutSize());

  // Compresses all of `bytes`; with ZSTD_e_end, ends the frame.
  void run(core::ByteView bytes, ZSTD_EndDirective directive, Sink& next) {
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    for (;;) {
      ZSTD_outBuffer output{out.data(), out.size(), 0};
      const auto left = check(ZSTD_compressStream2(context.get(), &output, &input, directive));
      if (output.pos > 0) next.write(core::ByteView(out).first(output.pos));
      const bool done =
          directive == ZSTD_e_end ? left == 0 : input.pos == input.size && output.pos == 0;
      if (done) return;
    }
  }
};

StreamCompressor::StreamCompressor(Sink& next, int level)
    : next_(next), state_(std::make_unique<State>()) {
  if (!state_->context) throw core::Error("zstd: no memory");
  const auto set = [&](ZSTD_cParameter parameter, int value) {
    return ZSTD_CCtx_setParameter(state_->context.get(), parameter, value);
  };
  check(set(ZSTD_c_compressionLevel, level));
  check(set(ZSTD_c_checksumFlag, 1));
  // A zstd that was built without threads refuses, and works without.
  if (ZSTD_isError(set(ZSTD_c_nbWorkers, 1)) == 0) check(set(ZSTD_c_jobSize, 1 << 20));
}
StreamCompressor::~StreamCompressor() = default;

void StreamCompressor::write(core::ByteView bytes) { state_->run(bytes, ZSTD_e_continue, next_); }

void StreamCompressor::finish() {
  state_->run({}, ZSTD_e_end, next_);
  next_.finish();
}

std::string compression_version() { return ZSTD_versionString(); }

core::ByteView unpack(core::ByteView packed, std::uint64_t length, core::Buffer& memory) {
  if (packed.empty()) throw core::CorruptData("is empty where compressed bytes are wanted");
  const auto bytes = packed.subspan(1);
  const auto raw = core::room_in(memory, length);
  std::size_t size = bytes.size();
  switch (static_cast<Compression>(packed[0])) {
  case Compression::none:
    if (size == length) std::copy(bytes.begin(), bytes.end(), raw.begin());
    break;
  case Compression::zstd: {
    thread_local const DecompressionContext context{ZSTD_createDCtx()};
    if (!context) throw core::Error("zstd: no memory");
    size = check(
        ZSTD_decompressDCtx(context.get(), raw.data(), raw.size(), bytes.data(), bytes.size()));
    break;
  }
  default: throw core::CorruptData("has an unknown compression");
  }
  if (size != length) throw core::CorruptData("has another length than its directory says");
  return raw;
}

} // namespace intendance::backupd
