// SPDX-License-Identifier: AGPL-3.0-or-later
// SHA-256 (FIPS 180-4) by OpenSSL, which uses the processor's instructions for it where there are
// some.
#pragma once

#include "core/crypto.hpp"

#include <memory>

namespace intendance::core {

Digest sha256(ByteView bytes);

class Sha256 {
public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();
  void update(ByteView bytes);
  Digest finish(); // once

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace intendance::core
