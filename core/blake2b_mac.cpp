// SPDX-License-Identifier: AGPL-3.0-or-later
// Keyed BLAKE2b by OpenSSL: it is what a chunk's name costs, and some processors run libsodium's at
// two thirds of this speed.
#include "core/crypto.hpp"
#include "core/error.hpp"
#include "core/handle.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>

namespace intendance::core {

namespace {

using Mac = Handle<EVP_MAC, EVP_MAC_free>;
using Context = Handle<EVP_MAC_CTX, EVP_MAC_CTX_free>;

void check(bool done) {
  if (!done) throw Error("OpenSSL cannot compute keyed BLAKE2b on this machine");
}

// Looked up once: OpenSSL 3 otherwise searches its providers at each use.
EVP_MAC* mac() {
  static const Mac fetched(EVP_MAC_fetch(nullptr, "BLAKE2BMAC", nullptr));
  check(fetched != nullptr);
  return fetched.get();
}

} // namespace

// The context goes with each call, and wipes the key.
Digest blake2b(ByteView bytes, const SecretBytes& key) {
  Digest digest;
  std::size_t size = digest.size();
  const std::array parameters = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                                 OSSL_PARAM_construct_end()};
  const Context context(EVP_MAC_CTX_new(mac()));
  check(context != nullptr);
  check(EVP_MAC_init(context.get(), key.view().data(), key.size(), parameters.data()) == 1);
  if (!bytes.empty()) check(EVP_MAC_update(context.get(), bytes.data(), bytes.size()) == 1);
  std::size_t written = 0;
  check(EVP_MAC_final(context.get(), digest.data(), &written, digest.size()) == 1 &&
        written == digest.size());
  return digest;
}

} // namespace intendance::core
