// SPDX-License-Identifier: AGPL-3.0-or-later
// The trust object as a stranger hands it over, and its document as if the owner had signed it; and
// the public keys that people type.
#include "backupd/repository/trust.hpp"

#include "core/error.hpp"
#include "core/file.hpp"

#include <cstdlib>

using namespace intendance;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto owner = backupd::OwnerKey::generate();
  const core::ByteView bytes(data, size);
  const auto text = core::as_text(bytes);
  try {
    backupd::decode_trust(bytes, owner.public_key());
  } catch (const core::Error&) {
  }
  try {
    std::string object = "intendance-trust-1\n";
    const auto signature = owner.sign(core::as_bytes(object + std::string(text)));
    object += core::to_base64(signature) + "\n" + std::string(text);
    const auto document = backupd::decode_trust(core::as_bytes(object), owner.public_key());
    // What is read is written again as the same.
    const auto again = backupd::encode_trust(document, owner);
    if (backupd::encode_trust(backupd::decode_trust(again, owner.public_key()), owner) != again)
      std::abort();
  } catch (const core::Error&) {
  }
  try {
    if (backupd::WriterPublic::parse(text).text().size() != text.size()) std::abort();
  } catch (const core::Error&) {
  }
  return 0;
}
