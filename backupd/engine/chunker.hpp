// SPDX-License-Identifier: AGPL-3.0-or-later
// Content-defined chunking with a gear hash and normalised cut masks (FastCDC, Xia et al. 2016).
// The table comes from the repository's naming secret, so that cut points say nothing to who lacks
// it.
#pragma once

#include "core/crypto.hpp"

#include <array>
#include <cstdint>

namespace intendance::backupd {

struct ChunkSizes {
  std::size_t least = std::size_t{16} << 10;
  std::size_t average = std::size_t{64} << 10; // a power of two
  std::size_t most = std::size_t{512} << 10;
};

class Chunker {
public:
  explicit Chunker(const core::SecretBytes& naming, ChunkSizes sizes = {});

  // Where the next chunk of `bytes` ends: within sizes(), or bytes.size() when no cut lies before.
  // A result of bytes.size() below the greatest size is final only at the end of the contents.
  std::size_t cut(core::ByteView bytes) const;
  // Whether a boundary of small things may lie after these bytes, on average once in `one_in` (a
  // power of two): the same for the same bytes, wherever they stand.
  bool boundary_after(core::ByteView bytes, std::uint64_t one_in) const;
  const ChunkSizes& sizes() const { return sizes_; }

private:
  ChunkSizes sizes_;
  std::uint64_t strict_mask_ = 0, loose_mask_ = 0; // before and after the average
  core::SecretBytes boundary_key_;
  std::array<std::uint64_t, 256> gear_{};
};

} // namespace intendance::backupd
