// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/md5.hpp"

#include "core/error.hpp"
#include "core/handle.hpp"

#include <openssl/evp.h>

namespace intendance::core {

namespace {

void check(int result) {
  if (result != 1) throw Error("OpenSSL computes no MD5 on this machine (is it in FIPS mode?)");
}

} // namespace

struct Md5::State {
  Handle<EVP_MD_CTX, EVP_MD_CTX_free> context{EVP_MD_CTX_new()};
};

Md5::Md5() : state_(std::make_unique<State>()) {
  check(EVP_DigestInit_ex(state_->context.get(), EVP_md5(), nullptr));
}
Md5::~Md5() = default;

void Md5::update(ByteView bytes) {
  check(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()));
}

Md5::Digest Md5::finish() {
  Digest digest{};
  check(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr));
  return digest;
}

Md5::Digest Md5::of(ByteView bytes) {
  Md5 hash;
  hash.update(bytes);
  return hash.finish();
}

} // namespace intendance::core
