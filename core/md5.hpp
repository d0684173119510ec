// SPDX-License-Identifier: AGPL-3.0-or-later
// MD5 (RFC 1321): a checksum that object stores want and give. It protects from accidents only.
#pragma once

#include "core/file.hpp"

#include <array>
#include <cstdint>
#include <memory>

namespace intendance::core {

class Md5 {
public:
  using Digest = std::array<std::uint8_t, 16>;
  Md5();
  ~Md5();
  void update(ByteView bytes);
  Digest finish(); // once
  static Digest of(ByteView bytes);

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace intendance::core
