// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/chacha.hpp"

#include "core/error.hpp"
#include "core/handle.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <limits>

namespace intendance::core {

namespace {

constexpr std::size_t tag_size = 16;

using Cipher = Handle<EVP_CIPHER, EVP_CIPHER_free>;
using Context = Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

void check(int result) {
  if (result != 1) throw Error("OpenSSL cannot do ChaCha20-Poly1305 on this machine");
}

// Looked up once: OpenSSL 3 otherwise searches its providers at each use.
const EVP_CIPHER* cipher() {
  static const Cipher fetched(EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr));
  check(fetched != nullptr ? 1 : 0);
  return fetched.get();
}

// OpenSSL counts in int; nothing that is sealed at once comes near it.
int length_of(ByteView bytes) {
  if (bytes.size() > std::numeric_limits<int>::max())
    throw Error("more than 2 GiB cannot be sealed at once");
  return static_cast<int>(bytes.size());
}

Context prepared(ChaChaKey key, const ChaChaNonce& nonce, ByteView associated, int encrypting) {
  Context context(EVP_CIPHER_CTX_new());
  check(context != nullptr ? 1 : 0);
  check(EVP_CipherInit_ex2(context.get(), cipher(), key.data(), nonce.data(), encrypting, nullptr));
  int length = 0;
  if (!associated.empty())
    check(EVP_CipherUpdate(context.get(), nullptr, &length, associated.data(),
                           length_of(associated)));
  return context;
}

void transform(EVP_CIPHER_CTX* context, ByteView from, std::uint8_t* to) {
  if (from.empty()) return;
  int length = 0;
  check(EVP_CipherUpdate(context, to, &length, from.data(), length_of(from)));
}

} // namespace

void chacha_seal(ChaChaKey key, const ChaChaNonce& nonce, ByteView plain, ByteView associated,
                 std::span<std::uint8_t> sealed) {
  if (sealed.size() != plain.size() + tag_size) throw Error("a sealed buffer of the wrong size");
  const auto context = prepared(key, nonce, associated, 1);
  transform(context.get(), plain, sealed.data());
  const auto tag = sealed.last(tag_size);
  int length = 0;
  check(EVP_CipherFinal_ex(context.get(), tag.data(), &length));
  check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tag_size, tag.data()));
}

bool chacha_open(ChaChaKey key, const ChaChaNonce& nonce, ByteView sealed, ByteView associated,
                 std::span<std::uint8_t> plain) {
  if (sealed.size() != plain.size() + tag_size) throw Error("an opened buffer of the wrong size");
  const auto context = prepared(key, nonce, associated, 0);
  std::array<std::uint8_t, tag_size> tag;
  const auto given = sealed.last(tag_size);
  std::copy(given.begin(), given.end(), tag.begin());
  check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()));
  transform(context.get(), sealed.first(plain.size()), plain.data());
  int length = 0;
  std::array<std::uint8_t, 16> rest; // a stream cipher leaves nothing for the end
  return EVP_CipherFinal_ex(context.get(), rest.data(), &length) == 1;
}

} // namespace intendance::core
