// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/repository/age.hpp"
#include "backupd/repository/sink.hpp"

#include <cstdint>
#include <vector>

namespace intendance::backupd {

// An age file of any length, written as the contents come. Until finish() its last part is missing,
// so that age refuses what was cut off.
class AgeStream : public Sink {
public:
  // Writes the header. `next` must outlive it. Throws Error without any recipient.
  AgeStream(Sink& next, const std::vector<AgeRecipient>& recipients);
  void write(core::ByteView bytes) override;
  void finish() override;

private:
  void seal(AgePart part);

  Sink& next_;
  core::SecretBytes key_;
  core::Buffer part_; // not yet sealed: whether it is the last one is not known
  std::uint64_t number_ = 0;
};

} // namespace intendance::backupd
