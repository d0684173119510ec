// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/crypto.hpp"

#include "core/chacha.hpp"
#include "core/error.hpp"

#include <sodium.h>

namespace intendance::core {

namespace {

// Before the first use of anything random or fast; sodium_init is safe to call again.
const bool ready = [] { return sodium_init() >= 0; }();

void require_ready() {
  if (!ready && sodium_init() < 0) throw Error("libsodium cannot be initialised on this machine");
}

[[noreturn]] void not_authentic() {
  throw CorruptData("is not what was written (its authentication failed)");
}

void want(const SecretBytes& key, std::size_t size) {
  if (key.size() != size) throw_wrong_size(size, key.size());
}

void append_length(Buffer& out, std::uint64_t length) {
  for (int shift = 0; shift < 64; shift += 8) {
    out.push_back(static_cast<std::uint8_t>(length >> shift & 0xff));
  }
}

} // namespace

void throw_wrong_size(std::size_t wanted, std::size_t found) {
  throw CorruptData("has " + std::to_string(found) + " bytes where " + std::to_string(wanted) +
                    " are wanted");
}

Buffer random_bytes(std::size_t count) {
  require_ready();
  Buffer bytes(count);
  if (count > 0) randombytes_buf(bytes.data(), count); // which takes no null pointer
  return bytes;
}

SecretBytes random_secret(std::size_t count) {
  require_ready();
  SecretBytes secret(count);
  randombytes_buf(secret.writable().data(), count);
  return secret;
}

Nonce random_nonce() {
  require_ready();
  Nonce nonce;
  randombytes_buf(nonce.data(), nonce.size());
  return nonce;
}

Digest blake2b(ByteView bytes) {
  Digest digest;
  crypto_generichash(digest.data(), digest.size(), bytes.data(), bytes.size(), nullptr, 0);
  return digest;
}

static_assert(sizeof(crypto_generichash_state) <= 384);

Blake2b::Blake2b() {
  auto* state = reinterpret_cast<crypto_generichash_state*>(state_.data());
  crypto_generichash_init(state, nullptr, 0, std::tuple_size_v<Digest>);
}

void Blake2b::update(ByteView bytes) {
  auto* state = reinterpret_cast<crypto_generichash_state*>(state_.data());
  crypto_generichash_update(state, bytes.data(), bytes.size());
}

Digest Blake2b::finish() {
  Digest digest;
  auto* state = reinterpret_cast<crypto_generichash_state*>(state_.data());
  crypto_generichash_final(state, digest.data(), digest.size());
  return digest;
}

SecretBytes derive(const SecretBytes& key, std::string_view context,
                   std::initializer_list<ByteView> parts) {
  Buffer message(context.begin(), context.end());
  message.push_back(0);
  for (const auto& part : parts) {
    append_length(message, part.size());
    message.insert(message.end(), part.begin(), part.end());
  }
  const auto digest = blake2b(message, key);
  sodium_memzero(message.data(), message.size());
  return SecretBytes(ByteView(digest));
}

namespace {

// draft-irtf-cfrg-xchacha-03, section 2.3: the first 16 bytes of the nonce make a key of their own,
// the last 8 are what ChaCha20-Poly1305 takes behind four zero bytes.
struct ExtendedNonce {
  ExtendedNonce(const SecretBytes& secret, const Nonce& nonce) {
    want(secret, chacha_key_size);
    crypto_core_hchacha20(key.writable().data(), nonce.data(), secret.view().data(), nullptr);
    std::copy(nonce.begin() + crypto_core_hchacha20_INPUTBYTES, nonce.end(), rest.begin() + 4);
  }

  ChaChaKey chacha_key() const { return key.view().first<chacha_key_size>(); }

  SecretBytes key{chacha_key_size};
  ChaChaNonce rest{};
};

} // namespace

ByteView seal(const SecretBytes& key, const Nonce& nonce, ByteView plain, ByteView associated,
              Buffer& memory) {
  const ExtendedNonce extended(key, nonce);
  const auto sealed = room_in(memory, plain.size() + tag_size);
  chacha_seal(extended.chacha_key(), extended.rest, plain, associated, sealed);
  return sealed;
}

ByteView open_sealed(const SecretBytes& key, const Nonce& nonce, ByteView sealed,
                     ByteView associated, Buffer& memory) {
  const ExtendedNonce extended(key, nonce);
  if (sealed.size() < tag_size) not_authentic();
  const auto plain = room_in(memory, sealed.size() - tag_size);
  if (!chacha_open(extended.chacha_key(), extended.rest, sealed, associated, plain))
    not_authentic();
  return plain;
}

Buffer seal(const SecretBytes& key, const Nonce& nonce, ByteView plain, ByteView associated) {
  Buffer sealed;
  seal(key, nonce, plain, associated, sealed);
  return sealed;
}

Buffer open_sealed(const SecretBytes& key, const Nonce& nonce, ByteView sealed,
                   ByteView associated) {
  Buffer plain;
  open_sealed(key, nonce, sealed, associated, plain);
  return plain;
}

Buffer seal_chacha(const SecretBytes& key, const ChaChaNonce& nonce, ByteView plain) {
  want(key, chacha_key_size);
  Buffer sealed(plain.size() + tag_size);
  chacha_seal(key.view().first<chacha_key_size>(), nonce, plain, {}, sealed);
  return sealed;
}

SecretBytes open_chacha(const SecretBytes& key, const ChaChaNonce& nonce, ByteView sealed) {
  want(key, chacha_key_size);
  if (sealed.size() < tag_size) not_authentic();
  SecretBytes plain(sealed.size() - tag_size);
  if (!chacha_open(key.view().first<chacha_key_size>(), nonce, sealed, {}, plain.writable()))
    not_authentic();
  return plain;
}

Digest hmac_sha256(ByteView key, ByteView message) {
  crypto_auth_hmacsha256_state state;
  // An empty view may hold no pointer, which the library must not be given.
  const std::uint8_t nothing = 0;
  crypto_auth_hmacsha256_init(&state, key.empty() ? &nothing : key.data(), key.size());
  crypto_auth_hmacsha256_update(&state, message.empty() ? &nothing : message.data(),
                                message.size());
  Digest digest;
  crypto_auth_hmacsha256_final(&state, digest.data());
  return digest;
}

SecretBytes hkdf_sha256(ByteView secret, ByteView salt, std::string_view info) {
  const auto extracted = hmac_sha256(salt, secret);
  Buffer block(info.begin(), info.end());
  block.push_back(1);
  const auto expanded = hmac_sha256(extracted, block);
  return SecretBytes(ByteView(expanded));
}

PublicKey agreement_public(const SecretBytes& secret) {
  want(secret, crypto_scalarmult_SCALARBYTES);
  PublicKey key;
  crypto_scalarmult_base(key.data(), secret.view().data());
  return key;
}

SecretBytes agree(const SecretBytes& secret, const PublicKey& other) {
  want(secret, crypto_scalarmult_SCALARBYTES);
  SecretBytes shared(crypto_scalarmult_BYTES);
  if (crypto_scalarmult(shared.writable().data(), secret.view().data(), other.data()) != 0) {
    throw CorruptData("holds a public key that no honest program makes");
  }
  return shared;
}

namespace {

struct SigningPair {
  PublicKey public_key;
  SecretBytes secret{crypto_sign_SECRETKEYBYTES};
};

SigningPair expand(const SecretBytes& seed) {
  want(seed, crypto_sign_SEEDBYTES);
  SigningPair pair;
  crypto_sign_seed_keypair(pair.public_key.data(), pair.secret.writable().data(),
                           seed.view().data());
  return pair;
}

} // namespace

PublicKey signing_public(const SecretBytes& seed) { return expand(seed).public_key; }

Signature sign(const SecretBytes& seed, ByteView message) {
  const auto pair = expand(seed);
  Signature signature;
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                       pair.secret.view().data());
  return signature;
}

bool verify_signature(const PublicKey& key, ByteView message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     key.data()) == 0;
}

std::string to_hex(ByteView bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

Buffer from_hex(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() % 2 != 0) throw CorruptData("is not hexadecimal");
  Buffer bytes(text.size() / 2);
  std::size_t length = 0;
  const char* end = nullptr;
  if (sodium_hex2bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length,
                     &end) != 0 ||
      end != text.data() + text.size() || length * 2 != text.size()) {
    throw CorruptData("is not hexadecimal");
  }
  return bytes;
}

std::string to_base64(ByteView bytes, bool padded) {
  const int variant =
      padded ? sodium_base64_VARIANT_ORIGINAL : sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
  std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), variant);
  text.pop_back();
  return text;
}

Buffer from_base64(std::string_view text, bool padded) {
  // libsodium takes some bytes beyond ASCII for letters of its alphabet.
  if (std::any_of(text.begin(), text.end(), [](char each) { return (each & 0x80) != 0; })) {
    throw CorruptData("is not base64");
  }
  const int variant =
      padded ? sodium_base64_VARIANT_ORIGINAL : sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
  Buffer bytes(text.size() / 4 * 3 + 3);
  std::size_t length = 0;
  const char* end = nullptr;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length,
                        &end, variant) != 0 ||
      end != text.data() + text.size()) {
    throw CorruptData("is not base64");
  }
  bytes.resize(length);
  return bytes;
}

} // namespace intendance::core
