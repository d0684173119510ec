// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/chunker.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace intendance::backupd {

namespace {

// The upper bits of a gear hash depend on the most bytes: 64 of them.
std::uint64_t upper_bits(unsigned count) { return ~(~std::uint64_t{0} >> std::min(count, 63u)); }

} // namespace

Chunker::Chunker(const core::SecretBytes& naming, ChunkSizes sizes)
    : sizes_(sizes), boundary_key_(core::derive(naming, "boundary")) {
  const auto bits = static_cast<unsigned>(std::countr_zero(sizes.average));
  // Normalised as in FastCDC: cuts are rarer before the average and more frequent after it.
  strict_mask_ = upper_bits(bits + 2);
  loose_mask_ = upper_bits(bits - 2);
  for (std::size_t value = 0; value < gear_.size(); ++value) {
    const auto byte = static_cast<std::uint8_t>(value);
    const auto secret = core::derive(naming, "gear", {core::ByteView(&byte, 1)});
    std::memcpy(&gear_[value], secret.view().data(), sizeof(std::uint64_t));
  }
}

std::size_t Chunker::cut(core::ByteView bytes) const {
  const auto end = std::min(bytes.size(), sizes_.most);
  if (end <= sizes_.least) return end;
  std::uint64_t hash = 0;
  std::size_t at = sizes_.least;
  for (const auto strict_end = std::min(end, sizes_.average); at < strict_end; ++at) {
    hash = (hash << 1) + gear_[bytes[at]];
    if ((hash & strict_mask_) == 0) return at + 1;
  }
  for (; at < end; ++at) {
    hash = (hash << 1) + gear_[bytes[at]];
    if ((hash & loose_mask_) == 0) return at + 1;
  }
  return end;
}

bool Chunker::boundary_after(core::ByteView bytes, std::uint64_t one_in) const {
  const auto digest = core::blake2b(bytes, boundary_key_);
  std::uint64_t value;
  std::memcpy(&value, digest.data(), sizeof(value));
  return (value & (one_in - 1)) == 0;
}

} // namespace intendance::backupd
