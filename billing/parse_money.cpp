// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/money.hpp"
#include "core/error.hpp"

#include <optional>

namespace intendance::billing {
namespace {

constexpr std::size_t most_digits = 12; // beyond any budget or day, and far from overflow

// Reads from the front of a text; blanks, also no-break ones, may stand between the parts.
class Scanner {
public:
  explicit Scanner(std::string_view text) : rest_(text) { skip_blanks(); }

  // One or more digits; absent when there is none or too many.
  std::optional<std::string_view> digits() {
    std::size_t length = 0;
    while (length < rest_.size() && rest_[length] >= '0' && rest_[length] <= '9') ++length;
    if (length == 0 || length > most_digits) return std::nullopt;
    const auto found = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return found;
  }
  bool take(std::string_view word) {
    if (rest_.substr(0, word.size()) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool skip_blanks() {
    bool any = false;
    while (take(" ") || take("\u00a0") || take("\u202f")) any = true;
    return any;
  }
  bool at_end() const { return rest_.empty(); }

private:
  std::string_view rest_;
};

std::int64_t to_number(std::string_view digits) {
  std::int64_t value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return value;
}

// Minutes in "H[.FRACTION]" hours; absent when they are not whole.
std::optional<std::int64_t> fraction_of_hour(std::string_view fraction) {
  if (fraction.size() > 6) return std::nullopt;
  std::int64_t scale = 1;
  for (std::size_t index = 0; index < fraction.size(); ++index) scale *= 10;
  const auto scaled = to_number(fraction) * 60;
  if (scaled % scale != 0) return std::nullopt;
  return scaled / scale;
}

bool take_hour_unit(Scanner& scanner) {
  scanner.skip_blanks();
  return scanner.take("h") || scanner.take("H");
}

bool take_minute_unit(Scanner& scanner) {
  scanner.skip_blanks();
  return scanner.take("min") || scanner.take("m");
}

// What stands behind "1h": nothing, "30", "30m", "30 min".
std::optional<std::int64_t> minutes_behind_hours(Scanner& scanner) {
  scanner.skip_blanks();
  if (scanner.at_end()) return 0;
  const auto minutes = scanner.digits();
  if (!minutes || minutes->size() > 2 || to_number(*minutes) > 59) return std::nullopt;
  take_minute_unit(scanner);
  return to_number(*minutes);
}

std::optional<std::int64_t> read_work(Scanner& scanner) {
  const auto whole = scanner.digits();
  if (!whole) return std::nullopt;
  if (scanner.take(".") || scanner.take(",")) {
    const auto fraction = scanner.digits();
    if (!fraction || !take_hour_unit(scanner)) return std::nullopt;
    const auto minutes = fraction_of_hour(*fraction);
    if (!minutes) {
      throw core::Error("not a whole number of minutes; write hours and minutes, as in 1h20");
    }
    return to_number(*whole) * 60 + *minutes;
  }
  if (take_hour_unit(scanner)) {
    const auto minutes = minutes_behind_hours(scanner);
    if (!minutes) return std::nullopt;
    return to_number(*whole) * 60 + *minutes;
  }
  if (take_minute_unit(scanner)) return to_number(*whole);
  return std::nullopt;
}

// Digits in groups of three behind the first: "24 000", "1,234".
std::optional<std::int64_t> read_grouped(Scanner& scanner, bool& commas) {
  const auto first = scanner.digits();
  if (!first) return std::nullopt;
  std::string digits(*first);
  while (true) {
    Scanner ahead = scanner;
    const bool comma = ahead.take(",");
    if (!comma && !ahead.skip_blanks()) break;
    const auto group = ahead.digits();
    if (!group || group->size() != 3 || first->size() > 3) break;
    digits += *group;
    if (digits.size() > most_digits) return std::nullopt;
    commas = commas || comma;
    scanner = ahead;
  }
  return to_number(digits);
}

std::optional<std::int64_t> read_money(Scanner& scanner) {
  const bool sign_in_front = scanner.take("$");
  scanner.skip_blanks();
  bool commas = false;
  const auto dollars = read_grouped(scanner, commas);
  if (!dollars) return std::nullopt;
  std::int64_t cents = 0;
  const bool point = scanner.take(".");
  if (point || (!commas && scanner.take(","))) {
    const auto decimals = scanner.digits();
    if (!decimals || decimals->size() != 2) return std::nullopt;
    cents = to_number(*decimals);
  } else if (commas) {
    return std::nullopt; // "24,000": twenty-four thousand, or twenty-four to three decimals?
  }
  scanner.skip_blanks();
  if (!sign_in_front) scanner.take("$");
  scanner.skip_blanks();
  return *dollars * 100 + cents;
}

} // namespace

Minutes parse_work(std::string_view text) {
  Scanner scanner(text);
  const auto quoted = "\"" + std::string(text) + "\"";
  const auto minutes = core::with_context(quoted, [&] { return read_work(scanner); });
  scanner.skip_blanks();
  if (!minutes || !scanner.at_end()) {
    throw core::Error(quoted + " is not a duration of work; allowed: 1h30 · 2h · 45m · 1.5h");
  }
  if (*minutes == 0) throw core::Error(quoted + " is no work at all; write at least one minute");
  return Minutes(*minutes);
}

Cents parse_money(std::string_view text) {
  Scanner scanner(text);
  const auto cents = read_money(scanner);
  if (!cents || !scanner.at_end()) {
    throw core::Error("\"" + std::string(text) +
                      "\" is not an amount in dollars; allowed: 24000 · 24000.50 · 24 000,50");
  }
  return Cents(*cents);
}

} // namespace intendance::billing
