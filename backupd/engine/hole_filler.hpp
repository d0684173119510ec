// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/repository/manifest.hpp"

#include <functional>
#include <vector>

namespace intendance::backupd {

// Makes a whole file of contents that come in order without its holes: hands them on, and the holes
// in between.
class HoleFiller {
public:
  using Write = std::function<void(ByteView)>;
  using WriteZeros = std::function<void(std::uint64_t count)>;

  // The entry has the size and all parts of the file: SnapshotReader::with_all_parts().
  HoleFiller(const Entry& entry, Write write, WriteZeros write_zeros);
  // Both throw CorruptData when contents and parts do not fit each other.
  void write(ByteView bytes);
  void finish();
  std::uint64_t place() const { return place_; } // how far the file has come

private:
  void skip_to_data();

  Write write_;
  WriteZeros write_zeros_;
  std::uint64_t size_, place_ = 0;
  std::vector<DataRange> ranges_;
  std::size_t range_ = 0;
};

} // namespace intendance::backupd
