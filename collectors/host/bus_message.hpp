// SPDX-License-Identifier: AGPL-3.0-or-later
// The bytes of D-Bus messages: method calls out, answers in.
// https://dbus.freedesktop.org/doc/dbus-specification.html, "Message Protocol"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::collectors {

struct BusCall {
  std::string destination; // "org.freedesktop.systemd1"
  std::string path;        // "/org/freedesktop/systemd1"
  std::string interface;
  std::string member;
  std::vector<std::string> arguments; // strings only; we ask nothing else
};

// `serial`, which is not 0, comes back in the answer.
std::string encode_call(const BusCall& call, std::uint32_t serial);

enum class BusMessageKind : std::uint8_t { call = 1, answer, error, signal };

struct BusMessage {
  BusMessageKind kind{};
  std::uint32_t answers = 0; // the call's serial; 0 for what answers nothing
  std::string error_name;    // "org.freedesktop.DBus.Error.ServiceUnknown"
  std::string signature;     // of the body
  std::string body;
  bool big_endian = false;
};

// How long the message is that `bytes` begins with; absent when more bytes are needed to know.
// Throws CorruptData when it is none, or longer than we take.
std::optional<std::size_t> message_length(std::string_view bytes);
// Reads one whole message. Throws CorruptData.
BusMessage decode_message(std::string_view bytes);

// Reads values off a message's body, one after the other. Throws CorruptData when the bytes are not
// what is asked for.
class BusReader {
public:
  BusReader(std::string_view bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}
  explicit BusReader(const BusMessage& message) : BusReader(message.body, message.big_endian) {}

  std::uint8_t byte();
  std::uint32_t uint32();
  std::uint64_t uint64();
  std::string_view string(); // also an object's path
  std::string_view signature();
  void align(std::size_t boundary);
  // The bytes of an array whose elements are aligned so: where it ends.
  std::size_t array_end(std::size_t element_alignment);
  std::size_t place() const { return place_; }
  bool at_end() const { return place_ == bytes_.size(); }
  // A variant of one of the types that we ask for: s, u or t.
  std::string variant_string();
  std::uint64_t variant_number();
  // Passes over a variant, for the headers that we don't know: basic types only.
  void skip_variant();

private:
  std::string_view take(std::size_t count);
  std::uint64_t number(std::size_t size);

  std::string_view bytes_;
  std::size_t place_ = 0;
  bool big_endian_;
};

} // namespace intendance::collectors
