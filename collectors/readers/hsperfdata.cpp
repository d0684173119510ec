// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/hsperfdata.hpp"

#include "core/error.hpp"

namespace intendance::collectors {

namespace {

constexpr std::size_t header_size = 32;
constexpr std::size_t entry_size = 20;
constexpr std::size_t most_entries = 4096; // a real one has some 300

// Numbers in the byte order that the file says, never beyond its end.
class Fields {
public:
  Fields(core::ByteView bytes, bool little) : bytes_(bytes), little_(little) {}

  std::uint64_t whole(std::size_t place, std::size_t size) const {
    if (place > bytes_.size() || size > bytes_.size() - place)
      throw core::CorruptData("an entry reaches beyond the end of the file");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value = value << 8 | bytes_[little_ ? place + size - 1 - i : place + i];
    return value;
  }
  // Offsets and lengths: 32 bits with a sign.
  std::size_t length(std::size_t place) const {
    const auto value = whole(place, 4);
    if (value > 0x7fffffff) throw core::CorruptData("a length or place is negative");
    return value;
  }
  std::uint8_t byte(std::size_t place) const { return static_cast<std::uint8_t>(whole(place, 1)); }
  // Up to a zero byte, or all of it.
  std::string text(std::size_t place, std::size_t size) const {
    whole(place, 0);
    const auto rest = core::as_text(bytes_.subspan(place)).substr(0, size);
    return std::string(rest.substr(0, rest.find('\0')));
  }
  std::size_t size() const { return bytes_.size(); }

private:
  core::ByteView bytes_;
  bool little_;
};

void read_entry(HsperfData& data, const Fields& fields, std::size_t place, std::size_t length) {
  const auto name_place = fields.length(place + 4);
  const auto vector_length = fields.length(place + 8);
  const auto type = fields.byte(place + 12);
  const auto data_place = fields.length(place + 16);
  if (name_place >= length || data_place > length)
    throw core::CorruptData("an entry's name or value lies outside of it");
  auto name = fields.text(place + name_place, length - name_place);
  if (type == 'J' && vector_length == 0)
    data.numbers[std::move(name)] = static_cast<std::int64_t>(fields.whole(place + data_place, 8));
  else if (type == 'B' && vector_length > 0)
    data.texts[std::move(name)] =
        fields.text(place + data_place, std::min(vector_length, length - data_place));
}

} // namespace

std::optional<std::int64_t> HsperfData::number(const std::string& name) const {
  const auto found = numbers.find(name);
  return found == numbers.end() ? std::nullopt : std::optional(found->second);
}

std::string HsperfData::text(const std::string& name) const {
  const auto found = texts.find(name);
  return found == texts.end() ? std::string() : found->second;
}

HsperfData parse_hsperfdata(core::ByteView bytes) {
  const Fields head(bytes, false);
  if (bytes.size() < header_size || head.whole(0, 4) != 0xcafec0c0)
    throw core::CorruptData("is no file of a Java virtual machine's counters");
  if (head.byte(5) != 2)
    throw core::CorruptData("has version " + std::to_string(head.byte(5)) +
                            " of its format, and 2 is known");
  if (head.byte(7) == 0) throw core::TransientError("its virtual machine is still starting");
  const Fields fields(bytes, head.byte(4) == 1);
  const auto entries = fields.length(28);
  if (entries > most_entries) throw core::CorruptData("has too many entries");
  HsperfData data;
  auto place = fields.length(24);
  for (std::size_t i = 0; i < entries; ++i) {
    const auto length = fields.length(place);
    if (length < entry_size || length > fields.size() - std::min(place, fields.size()))
      throw core::CorruptData("an entry's length is wrong");
    read_entry(data, fields, place, length);
    place += length;
  }
  return data;
}

} // namespace intendance::collectors
