// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/age_stream.hpp"

#include "core/error.hpp"

#include <algorithm>

namespace intendance::backupd {

AgeStream::AgeStream(Sink& next, const std::vector<AgeRecipient>& recipients) : next_(next) {
  if (recipients.empty()) throw core::Error("nobody to seal to: no recipient is named");
  auto start = age_start(recipients);
  key_ = std::move(start.payload_key);
  part_.reserve(age_part_size);
  next_.write(start.bytes);
}

void AgeStream::write(core::ByteView bytes) {
  while (!bytes.empty()) {
    if (part_.size() == age_part_size) seal(AgePart::inner);
    const auto more = bytes.first(std::min(bytes.size(), age_part_size - part_.size()));
    part_.insert(part_.end(), more.begin(), more.end());
    bytes = bytes.subspan(more.size());
  }
}

void AgeStream::finish() {
  seal(AgePart::last);
  next_.finish();
}

void AgeStream::seal(AgePart part) {
  next_.write(age_seal_part(key_, number_++, part, part_));
  part_.clear();
}

} // namespace intendance::backupd
