// SPDX-License-Identifier: AGPL-3.0-or-later
// A pack's directory and an index's body, as if somebody who holds the structure secret had sealed
// them; and both as a stranger hands them over.
#include "backupd/repository/index.hpp"
#include "core/error.hpp"

#include <cstdlib>

using namespace intendance;
using backupd::ByteWriter;

namespace {

backupd::SharedSecrets secrets() {
  backupd::SharedSecrets made;
  made.epochs[1].structure = core::SecretBytes(32);
  return made;
}

core::Buffer sealed_index(const backupd::SharedSecrets& known, core::ByteView body) {
  auto object = backupd::object_intro("INTDINDX", 1);
  const core::Nonce nonce{};
  const auto key = core::derive(known.newest().structure, "index");
  const auto sealed = core::seal(key, nonce, body, object);
  ByteWriter out(object);
  out.bytes(nonce);
  out.bytes(sealed);
  return object;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto known = secrets();
  const core::ByteView bytes(data, size);
  const auto visit = [](backupd::PackInfo&& pack) {
    // What is read of a pack is written again as the same.
    core::Buffer entries, again;
    backupd::encode_directory(pack.directory, entries);
    const auto blocks_end =
        pack.size - backupd::pack_tail_size - std::uint64_t{pack.directory_length};
    backupd::encode_directory(backupd::decode_directory(entries, blocks_end), again);
    if (entries != again) std::abort();
  };
  for (const auto& attempt :
       {core::Buffer(bytes.begin(), bytes.end()), sealed_index(known, bytes)}) {
    try {
      backupd::decode_index(attempt, known, visit);
    } catch (const core::Error&) {
    }
  }
  try {
    backupd::open_directory(bytes, size + backupd::intro_size, known);
  } catch (const core::Error&) {
  }
  return 0;
}
