// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/exclude.hpp"

#include "core/error.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

namespace intendance::backupd {

using core::ConfigError;

namespace {

// Bytes that are no UTF-8 stand for themselves, beyond all characters.
constexpr char32_t stray_byte = 0x110000;

// Takes the first character off a text that is not empty.
char32_t take_character(std::string_view& text) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  const auto first = byte(0);
  const std::size_t length = first < 0x80                    ? 1
                             : first >= 0xc2 && first < 0xe0 ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  char32_t character = length < 2 ? first : first & (0xffU >> (length + 1));
  bool well = length > 0 && length <= text.size();
  for (std::size_t at = 1; well && at < length; ++at) {
    well = (byte(at) & 0xc0) == 0x80;
    character = (character << 6) | (byte(at) & 0x3f);
  }
  text.remove_prefix(well ? length : 1);
  return well ? character : stray_byte + first;
}

using Ranges = std::vector<std::pair<char32_t, char32_t>>;

Ranges ranges_of_class(std::string_view name) {
  struct Class {
    std::string_view name, ends; // first and last of each range
  };
  static constexpr std::array<Class, 12> classes = {{{"alnum", "09AZaz"},
                                                     {"alpha", "AZaz"},
                                                     {"blank", "\t\t  "},
                                                     {"cntrl", {"\0\x1f\x7f\x7f", 4}},
                                                     {"digit", "09"},
                                                     {"graph", "!~"},
                                                     {"lower", "az"},
                                                     {"print", " ~"},
                                                     {"punct", "!/:@[`{~"},
                                                     {"space", "\t\r  "},
                                                     {"upper", "AZ"},
                                                     {"xdigit", "09AFaf"}}};
  for (const auto& each : classes) {
    if (each.name != name) continue;
    Ranges ranges;
    for (std::size_t at = 0; at < each.ends.size(); at += 2) {
      ranges.emplace_back(each.ends[at], each.ends[at + 1]);
    }
    return ranges;
  }
  throw ConfigError("[:" + std::string(name) + ":] is no class of characters");
}

char32_t take_escaped(std::string_view& text) {
  if (text.front() == '\\') {
    text.remove_prefix(1);
    if (text.empty()) throw ConfigError("ends in a \\ that stands before nothing");
  }
  return take_character(text);
}

// "a/b" → "a" and "b"; "b" → nothing and "b".
std::pair<std::string_view, std::string_view> split_last(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

} // namespace

bool NamePattern::Token::takes(char32_t each) const {
  if (kind != Kind::set) return kind == Kind::any || each == character;
  const bool within = std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
    return each >= range.first && each <= range.second;
  });
  return within != negated;
}

// What follows a '[', up to its ']'.
NamePattern::Token NamePattern::read_set(std::string_view& rest) {
  Token token;
  token.kind = Token::Kind::set;
  token.negated = rest.starts_with('!') || rest.starts_with('^');
  if (token.negated) rest.remove_prefix(1);
  for (bool first = true; !rest.empty(); first = false) {
    if (rest.front() == ']' && !first) {
      rest.remove_prefix(1);
      return token;
    }
    const auto end = rest.find(":]");
    if (rest.starts_with("[:") && end != std::string_view::npos) {
      const auto ranges = ranges_of_class(rest.substr(2, end - 2));
      token.ranges.insert(token.ranges.end(), ranges.begin(), ranges.end());
      rest.remove_prefix(end + 2);
      continue;
    }
    const auto from = take_escaped(rest);
    auto to = from;
    if (rest.size() > 1 && rest[0] == '-' && rest[1] != ']') {
      rest.remove_prefix(1);
      to = take_escaped(rest);
      if (to < from) throw ConfigError("has a range in [ ] that ends before it begins");
    }
    token.ranges.emplace_back(from, to);
  }
  throw ConfigError("has a [ without its ]; \\[ stands for the character itself");
}

NamePattern::NamePattern(std::string_view pattern) {
  std::size_t stars = 0, others = 0;
  for (auto rest = pattern; !rest.empty();) {
    Token token;
    if (rest.front() == '*' || rest.front() == '?') {
      token.kind = rest.front() == '*' ? Token::Kind::star : Token::Kind::any;
      rest.remove_prefix(1);
      if (token.kind == Token::Kind::star && !tokens_.empty() &&
          tokens_.back().kind == Token::Kind::star) {
        continue;
      }
    } else if (rest.front() == '[') {
      rest.remove_prefix(1);
      token = read_set(rest);
    } else {
      const auto before = rest;
      token.character = take_escaped(rest);
      const auto taken = before.substr(0, before.size() - rest.size());
      text_ += taken.substr(taken.size() > 1 && taken.front() == '\\' ? 1 : 0);
    }
    stars += token.kind == Token::Kind::star ? 1 : 0;
    others += token.kind == Token::Kind::any || token.kind == Token::Kind::set ? 1 : 0;
    tokens_.push_back(std::move(token));
  }
  if (others > 0 || stars > 1 || tokens_.empty()) return;
  if (stars == 0) kind_ = Kind::exact;
  if (stars == 1 && tokens_.front().kind == Token::Kind::star) kind_ = Kind::ends;
  if (stars == 1 && tokens_.back().kind == Token::Kind::star) kind_ = Kind::begins;
}

bool NamePattern::matches(std::string_view name) const {
  switch (kind_) {
  case Kind::exact: return name == text_;
  case Kind::begins: return name.starts_with(text_);
  case Kind::ends: return name.ends_with(text_);
  case Kind::general: break;
  }
  return matches_tokens(name);
}

// When characters do not fit, only the last `*` can still take one more: no more than
// (characters × tokens) steps.
bool NamePattern::matches_tokens(std::string_view name) const {
  std::size_t at = 0;
  std::optional<std::size_t> after_star;
  auto retry = name;
  for (auto rest = name;;) {
    if (at < tokens_.size() && tokens_[at].kind == Token::Kind::star) {
      after_star = ++at;
      retry = rest;
      continue;
    }
    if (at == tokens_.size() && rest.empty()) return true;
    if (at < tokens_.size() && !rest.empty() && tokens_[at].takes(take_character(rest))) {
      ++at;
      continue;
    }
    if (!after_star || retry.empty()) return false;
    take_character(retry);
    rest = retry;
    at = *after_star;
  }
}

Excludes::Rule Excludes::compile(std::string_view pattern) {
  Rule rule;
  rule.take_back = pattern.starts_with('!');
  if (rule.take_back) pattern.remove_prefix(1);
  rule.folders_only = pattern.ends_with('/');
  if (rule.folders_only) pattern.remove_suffix(1);
  if (pattern.empty()) throw ConfigError("names nothing");
  if (pattern.find('\0') != std::string_view::npos) throw ConfigError("holds a NUL");
  const auto any_folders = [] { return Part{true, NamePattern("*")}; };
  if (pattern.front() == '/')
    pattern.remove_prefix(1);
  else
    rule.parts.push_back(any_folders());
  for (bool last = false; !last;) {
    const auto slash = pattern.find('/');
    last = slash == std::string_view::npos;
    const auto part = pattern.substr(0, slash);
    if (part.empty()) throw ConfigError("has a '/' beside a '/'");
    if (part == "." || part == "..") throw ConfigError("has . or .. as a part of a path");
    if (part == "**")
      rule.parts.push_back(any_folders());
    else
      rule.parts.push_back({false, NamePattern(part)});
    if (!last) pattern.remove_prefix(slash + 1);
  }
  if (rule.parts.back().any_folders) rule.parts.push_back({false, NamePattern("*")});
  return rule;
}

Excludes::Excludes(const std::vector<std::string>& patterns) {
  for (const auto& pattern : patterns) {
    try {
      rules_.push_back(compile(pattern));
    } catch (const ConfigError& error) {
      throw ConfigError("\"" + std::string(pattern.c_str()) + "\" " + error.what() +
                        "\n  allowed: *.tmp (names) · cache/ (folders) · /srv/cache (a path) · "
                        "cache/old (its end) · /srv/**/log · ? · [a-z] · !kept.tmp (takes back)");
    }
    const auto& rule = rules_.back();
    const auto number = static_cast<std::uint32_t>(rules_.size() - 1);
    ask_for_folders_ = ask_for_folders_ || rule.folders_only;
    if (const auto* name = rule.parts.back().pattern.only())
      by_name_[*name].push_back(number);
    else
      others_.push_back(number);
  }
}

// From the end of the path to its beginning, `**` taking as few folders as will do.
bool Excludes::Rule::matches(std::string_view folder, std::string_view name, bool is_folder) const {
  if ((folders_only && !is_folder) || !parts.back().pattern.matches(name)) return false;
  auto left = parts.size() - 1;
  std::optional<std::size_t> before_any;
  auto retry = folder;
  for (auto rest = folder;;) {
    if (left > 0 && parts[left - 1].any_folders) {
      before_any = --left;
      retry = rest;
      continue;
    }
    if (left == 0 && (rest.empty() || before_any == 0)) return true;
    if (left > 0 && !rest.empty()) {
      const auto [above, last] = split_last(rest);
      if (parts[left - 1].pattern.matches(last)) {
        rest = above;
        --left;
        continue;
      }
    }
    if (!before_any || retry.empty()) return false;
    retry = split_last(retry).first;
    rest = retry;
    left = *before_any;
  }
}

bool Excludes::matches(std::string_view folder, std::string_view name, bool is_folder) const {
  const auto last_of = [&](std::span<const std::uint32_t> numbers) -> std::int64_t {
    const auto found = std::find_if(numbers.rbegin(), numbers.rend(), [&](std::uint32_t number) {
      return rules_[number].matches(folder, name, is_folder);
    });
    return found == numbers.rend() ? -1 : std::int64_t{*found};
  };
  auto last = last_of(others_);
  if (const auto named = by_name_.find(name); named != by_name_.end()) {
    last = std::max(last, last_of(named->second));
  }
  return last >= 0 && !rules_[static_cast<std::size_t>(last)].take_back;
}

} // namespace intendance::backupd
