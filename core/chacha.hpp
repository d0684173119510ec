// SPDX-License-Identifier: AGPL-3.0-or-later
// ChaCha20-Poly1305 (RFC 8439) by OpenSSL, which was twice as fast as libsodium's when they were
// measured side by side. XChaCha20-Poly1305 of core/crypto.hpp is this with a derived key.
#pragma once

#include "core/file.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace intendance::core {

inline constexpr std::size_t chacha_key_size = 32;
using ChaChaKey = std::span<const std::uint8_t, chacha_key_size>;
using ChaChaNonce = std::array<std::uint8_t, 12>;

// `sealed` has exactly 16 bytes more than `plain`: the ciphertext, then the tag. The buffers must
// not overlap. Any thread. Throws Error when OpenSSL has no such cipher.
void chacha_seal(ChaChaKey key, const ChaChaNonce& nonce, ByteView plain, ByteView associated,
                 std::span<std::uint8_t> sealed);
// False when `sealed` is not authentic; `plain`, 16 bytes shorter, then holds nothing of use.
[[nodiscard]] bool chacha_open(ChaChaKey key, const ChaChaNonce& nonce, ByteView sealed,
                               ByteView associated, std::span<std::uint8_t> plain);

} // namespace intendance::core
