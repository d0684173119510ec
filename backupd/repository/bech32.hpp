// SPDX-License-Identifier: AGPL-3.0-or-later
// Bech32 (BIP 173), the text form of keys: lower case or upper case letters and digits that are not
// mistaken for each other, with a checksum of six characters that finds mistyped ones. As age does,
// it is used beyond the 90 characters of the BIP.
#pragma once

#include "core/file.hpp"

#include <string>
#include <string_view>

namespace intendance::backupd {

// In lower case: prefix, "1", the bytes, the checksum.
std::string bech32_encode(std::string_view prefix, core::ByteView bytes);
std::string upper_case(std::string_view text); // ASCII letters alone

// Throws CorruptData: "is not WHAT …" unless there are exactly `size` bytes.
core::Buffer bech32_decode(std::string_view prefix, std::string_view text, std::size_t size,
                           std::string_view what);

} // namespace intendance::backupd
