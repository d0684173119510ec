// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/terminal.hpp"

#include "core/printable.hpp"

#include <fmt/format.h>
#include <locale.h>

#include <algorithm>
#include <array>
#include <cwchar>
#include <vector>

namespace intendance::backupd {

std::string shown_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  auto value = static_cast<double>(bytes);
  for (; value >= 1024 && unit + 1 < units.size(); value /= 1024) ++unit;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string shown_count(std::uint64_t number) {
  auto digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ' ');
  }
  return digits;
}

std::string shown_path(const std::string& path) { return core::printable(path); }

namespace {

// The C library's tables of characters, whatever the language of the process; this thread's while
// it exists.
class CharacterTables {
public:
  CharacterTables() : before_(::uselocale(tables())) {}
  ~CharacterTables() { ::uselocale(before_); }
  CharacterTables(const CharacterTables&) = delete;
  CharacterTables& operator=(const CharacterTables&) = delete;

  // Of the character that the text begins with: its bytes, none when it is no UTF-8.
  std::size_t read(std::string_view text, wchar_t& character) const {
    std::mbstate_t state{};
    const auto length = ::mbrtowc(&character, text.data(), text.size(), &state);
    return length == 0 || length > text.size() ? 0 : length; // errors are the largest numbers
  }

private:
  // It is built into the C library; without it, every byte beyond ASCII counts as unreadable.
  static locale_t tables() {
    static const auto tables = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return tables;
  }
  const locale_t before_;
};

// It would show what follows in another order.
bool turns_writing(wchar_t character) {
  return character == 0x061c || character == 0x200e || character == 0x200f ||
         (character >= 0x202a && character <= 0x202e) ||
         (character >= 0x2066 && character <= 0x2069);
}

struct Shown {
  std::string text;
  std::size_t columns = 0;
};

std::vector<Shown> characters_of(std::string_view text) {
  const CharacterTables tables;
  std::vector<Shown> all;
  while (!text.empty()) {
    wchar_t character = 0;
    const auto length = tables.read(text, character);
    const int columns = length == 0 || turns_writing(character) ? -1 : ::wcwidth(character);
    if (columns >= 0) {
      all.push_back({std::string(text.substr(0, length)), static_cast<std::size_t>(columns)});
    } else {
      Shown escaped;
      for (const char each : text.substr(0, std::max<std::size_t>(length, 1)))
        escaped.text += fmt::format("\\x{:02x}", static_cast<unsigned char>(each));
      escaped.columns = escaped.text.size();
      all.push_back(std::move(escaped));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return all;
}

} // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const auto& each : characters_of(text)) columns += each.columns;
  return columns;
}

std::string last_columns(std::string_view text, std::size_t most) {
  const auto characters = characters_of(text);
  std::size_t columns = 0;
  for (const auto& each : characters) columns += each.columns;
  auto first = characters.begin();
  if (columns > most) {
    for (; first != characters.end() && columns + 1 > most; ++first) columns -= first->columns;
    while (first != characters.end() && first->columns == 0) ++first; // belongs to what was cut
    if (first == characters.end()) return "";
  }
  std::string shown = first == characters.begin() ? "" : "…";
  for (; first != characters.end(); ++first) shown += first->text;
  return shown;
}

} // namespace intendance::backupd
