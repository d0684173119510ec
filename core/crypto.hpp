// SPDX-License-Identifier: AGPL-3.0-or-later
// libsodium as this project uses it, and the only place that includes it beside core/secret.cpp;
// ciphers are OpenSSL's, which are faster.
// Nothing here decides a format: docs/repository-format.md does. Every function may be called from
// any thread. Failed authentication throws CorruptData without saying more.
#pragma once

#include "core/chacha.hpp"
#include "core/file.hpp"
#include "core/secret.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace intendance::core {

using Digest = std::array<std::uint8_t, 32>;
using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;
using Nonce = std::array<std::uint8_t, 24>;
inline constexpr std::size_t tag_size = 16;

Buffer random_bytes(std::size_t count);
SecretBytes random_secret(std::size_t count = 32);
Nonce random_nonce();

// BLAKE2b-256, RFC 7693; with a key it is a MAC.
Digest blake2b(ByteView bytes);
Digest blake2b(ByteView bytes, const SecretBytes& key);

class Blake2b {
public:
  Blake2b();
  void update(ByteView bytes);
  Digest finish();

private:
  alignas(64) std::array<std::uint8_t, 384> state_; // crypto_generichash_state
};

// 32 bytes: keyed BLAKE2b-256 over the context's name, a zero byte, and each part after its length
// (8 bytes, little endian).
SecretBytes derive(const SecretBytes& key, std::string_view context,
                   std::initializer_list<ByteView> parts = {});

// XChaCha20-Poly1305 (IETF): ciphertext, then the tag of 16 bytes.
Buffer seal(const SecretBytes& key, const Nonce& nonce, ByteView plain, ByteView associated);
Buffer open_sealed(const SecretBytes& key, const Nonce& nonce, ByteView sealed,
                   ByteView associated);
// The same in memory that is used again and again; it must not hold what is sealed or opened.
ByteView seal(const SecretBytes& key, const Nonce& nonce, ByteView plain, ByteView associated,
              Buffer& memory);
ByteView open_sealed(const SecretBytes& key, const Nonce& nonce, ByteView sealed,
                     ByteView associated, Buffer& memory);

// ChaCha20-Poly1305 of RFC 8439, with its nonce of 12 bytes, as age uses it.
Buffer seal_chacha(const SecretBytes& key, const ChaChaNonce& nonce, ByteView plain);
SecretBytes open_chacha(const SecretBytes& key, const ChaChaNonce& nonce, ByteView sealed);

// RFC 2104 and RFC 5869 with SHA-256; 32 bytes.
Digest hmac_sha256(ByteView key, ByteView message);
SecretBytes hkdf_sha256(ByteView secret, ByteView salt, std::string_view info);

// X25519, RFC 7748. `agree` throws CorruptData for a point of low order.
PublicKey agreement_public(const SecretBytes& secret);
SecretBytes agree(const SecretBytes& secret, const PublicKey& other);

// Ed25519, RFC 8032, from a seed of 32 bytes.
PublicKey signing_public(const SecretBytes& seed);
Signature sign(const SecretBytes& seed, ByteView message);
bool verify_signature(const PublicKey& key, ByteView message, const Signature& signature);

std::string to_hex(ByteView bytes);
Buffer from_hex(std::string_view text); // throws CorruptData
// Standard alphabet; `padded` or not.
std::string to_base64(ByteView bytes, bool padded = true);
Buffer from_base64(std::string_view text, bool padded = true); // throws CorruptData

// Copies into an array of exactly that many bytes; throws CorruptData when there are not as many.
template <std::size_t Size>
std::array<std::uint8_t, Size> to_array(ByteView bytes);

[[noreturn]] void throw_wrong_size(std::size_t wanted, std::size_t found);

template <std::size_t Size>
std::array<std::uint8_t, Size> to_array(ByteView bytes) {
  if (bytes.size() != Size) throw_wrong_size(Size, bytes.size());
  std::array<std::uint8_t, Size> out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

} // namespace intendance::core
