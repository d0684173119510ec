// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/hole_filler.hpp"

#include "core/error.hpp"

#include <algorithm>

namespace intendance::backupd {

HoleFiller::HoleFiller(const Entry& entry, Write write, WriteZeros write_zeros)
    : write_(std::move(write)), write_zeros_(std::move(write_zeros)), size_(entry.size),
      ranges_(entry.data.empty() ? std::vector<DataRange>{{0, entry.size}} : entry.data) {}

void HoleFiller::write(ByteView bytes) {
  while (!bytes.empty()) {
    skip_to_data();
    const auto& range = ranges_.at(range_);
    const auto left = range.offset + range.length - place_;
    const auto part = bytes.first(std::min<std::uint64_t>(bytes.size(), left));
    write_(part);
    place_ += part.size();
    bytes = bytes.subspan(part.size());
  }
}

void HoleFiller::finish() {
  // What is left must be holes.
  for (; range_ < ranges_.size(); ++range_) {
    const auto end = ranges_[range_].offset + ranges_[range_].length;
    if (ranges_[range_].length > 0 && place_ < end)
      throw core::CorruptData("holds less than its size says");
  }
  write_zeros_(size_ - place_);
  place_ = size_;
}

void HoleFiller::skip_to_data() {
  while (range_ < ranges_.size()) {
    const auto& range = ranges_[range_];
    if (range.length > 0 && place_ < range.offset + range.length) {
      if (place_ < range.offset) {
        write_zeros_(range.offset - place_);
        place_ = range.offset;
      }
      return;
    }
    ++range_;
  }
  throw core::CorruptData("holds more than its size says");
}

} // namespace intendance::backupd
