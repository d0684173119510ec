// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/bus_message.hpp"

#include "core/error.hpp"

namespace intendance::collectors {

namespace {

constexpr std::size_t fixed_header = 16;                  // up to the length of the header's fields
constexpr std::size_t most_bytes = std::size_t{16} << 20; // ListUnits of a thousand has 300 kB

enum HeaderField : std::uint8_t {
  path = 1,
  interface = 2,
  member = 3,
  error_name = 4,
  reply_serial = 5,
  destination = 6,
  signature = 8,
};

std::size_t padded(std::size_t place, std::size_t boundary) {
  return (place + boundary - 1) / boundary * boundary;
}

// Little-endian, as we write.
class BusWriter {
public:
  void byte(std::uint8_t value) { bytes_ += static_cast<char>(value); }
  void uint32(std::uint32_t value) {
    align(4);
    for (int shift = 0; shift < 32; shift += 8) byte(static_cast<std::uint8_t>(value >> shift));
  }
  void string(std::string_view text) {
    uint32(static_cast<std::uint32_t>(text.size()));
    bytes_.append(text).append(1, '\0');
  }
  void signature(std::string_view text) {
    byte(static_cast<std::uint8_t>(text.size()));
    bytes_.append(text).append(1, '\0');
  }
  // A header's field, whose value is a string but for the signature's.
  void field(HeaderField which, std::string_view type, std::string_view value) {
    align(8);
    byte(which);
    signature(type);
    if (type == "g")
      signature(value);
    else
      string(value);
  }
  void align(std::size_t boundary) { bytes_.resize(padded(bytes_.size(), boundary), '\0'); }
  std::string take() { return std::move(bytes_); }
  std::size_t size() const { return bytes_.size(); }

private:
  std::string bytes_;
};

std::uint32_t length_at(std::string_view bytes, std::size_t place) {
  return BusReader(bytes.substr(place, 4), bytes[0] == 'B').uint32();
}

void read_fields(BusReader& header, std::size_t end, BusMessage& message) {
  while (header.place() < end) {
    header.align(8);
    switch (header.byte()) {
    case error_name: message.error_name = header.variant_string(); break;
    case reply_serial: message.answers = static_cast<std::uint32_t>(header.variant_number()); break;
    case signature:
      if (header.signature() != "g") throw core::CorruptData("D-Bus: a signature of another type");
      message.signature = header.signature();
      break;
    default: header.skip_variant();
    }
  }
}

} // namespace

std::string encode_call(const BusCall& call, std::uint32_t serial) {
  BusWriter body;
  for (const auto& argument : call.arguments) body.string(argument);
  BusWriter fields;
  fields.field(HeaderField::path, "o", call.path);
  fields.field(HeaderField::interface, "s", call.interface);
  fields.field(HeaderField::member, "s", call.member);
  fields.field(HeaderField::destination, "s", call.destination);
  if (!call.arguments.empty())
    fields.field(HeaderField::signature, "g", std::string(call.arguments.size(), 's'));

  BusWriter message;
  message.byte('l');
  message.byte(static_cast<std::uint8_t>(BusMessageKind::call));
  message.byte(0); // flags
  message.byte(1); // version of the protocol
  message.uint32(static_cast<std::uint32_t>(body.size()));
  message.uint32(serial);
  message.uint32(static_cast<std::uint32_t>(fields.size()));
  auto bytes =
      message.take() + fields.take(); // the fields begin at 16, which keeps their alignment
  bytes.resize(padded(bytes.size(), 8), '\0');
  return bytes + body.take();
}

std::optional<std::size_t> message_length(std::string_view bytes) {
  if (bytes.size() < fixed_header) return std::nullopt;
  if ((bytes[0] != 'l' && bytes[0] != 'B') || bytes[3] != 1)
    throw core::CorruptData("D-Bus: these bytes are no message");
  const std::size_t body = length_at(bytes, 4);
  const std::size_t fields = length_at(bytes, 12);
  if (body > most_bytes || fields > most_bytes)
    throw core::CorruptData("D-Bus: a message is longer than " + std::to_string(most_bytes) +
                            " bytes");
  return padded(fixed_header + fields, 8) + body;
}

BusMessage decode_message(std::string_view bytes) {
  if (message_length(bytes) != bytes.size()) throw core::CorruptData("D-Bus: a message is cut");
  BusMessage message;
  message.big_endian = bytes[0] == 'B';
  message.kind = static_cast<BusMessageKind>(bytes[1]);
  const auto fields_end = fixed_header + length_at(bytes, 12);
  BusReader header(bytes.substr(0, fields_end), message.big_endian);
  header.align(8);
  for (std::size_t skipped = 0; skipped < fixed_header; ++skipped) header.byte();
  read_fields(header, fields_end, message);
  message.body = bytes.substr(padded(fields_end, 8));
  return message;
}

std::string_view BusReader::take(std::size_t count) {
  if (count > bytes_.size() - place_) throw core::CorruptData("D-Bus: a value is cut");
  const auto part = bytes_.substr(place_, count);
  place_ += count;
  return part;
}

void BusReader::align(std::size_t boundary) { take(padded(place_, boundary) - place_); }

std::uint64_t BusReader::number(std::size_t size) {
  align(size);
  const auto part = take(size);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value = value << 8 | static_cast<unsigned char>(part[big_endian_ ? i : size - 1 - i]);
  return value;
}

std::uint8_t BusReader::byte() { return static_cast<std::uint8_t>(take(1).front()); }
std::uint32_t BusReader::uint32() { return static_cast<std::uint32_t>(number(4)); }
std::uint64_t BusReader::uint64() { return number(8); }

std::string_view BusReader::string() {
  const auto text = take(uint32());
  if (byte() != 0) throw core::CorruptData("D-Bus: a string does not end");
  return text;
}

std::string_view BusReader::signature() {
  const auto text = take(byte());
  if (byte() != 0) throw core::CorruptData("D-Bus: a signature does not end");
  return text;
}

std::size_t BusReader::array_end(std::size_t element_alignment) {
  const std::size_t length = uint32();
  align(element_alignment);
  if (length > bytes_.size() - place_) throw core::CorruptData("D-Bus: an array is cut");
  return place_ + length;
}

std::string BusReader::variant_string() {
  const auto type = signature();
  if (type != "s" && type != "o") throw core::CorruptData("D-Bus: a value is no string");
  return std::string(string());
}

std::uint64_t BusReader::variant_number() {
  const auto type = signature();
  if (type == "u") return uint32();
  if (type == "t") return uint64();
  throw core::CorruptData("D-Bus: a value is no number");
}

void BusReader::skip_variant() {
  const auto type = signature();
  if (type == "s" || type == "o")
    string();
  else if (type == "g")
    signature();
  else if (type == "u" || type == "i" || type == "b")
    uint32();
  else if (type == "t" || type == "x" || type == "d")
    uint64();
  else if (type == "y")
    byte();
  else
    throw core::CorruptData("D-Bus: a header's field is of the type \"" + std::string(type) + "\"");
}

} // namespace intendance::collectors
