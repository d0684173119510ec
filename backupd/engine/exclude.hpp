// SPDX-License-Identifier: AGPL-3.0-or-later
// What a backup leaves out, said by patterns much like those of a .gitignore:
//
//   *.tmp        a name, wherever it is: `*` stands for any characters, `?` for one, [a-z], [!a-z]
//                and [[:digit:]] for one of those; `\` takes the meaning from the next character
//   cache/       with '/' at the end: folders only
//   /srv/cache   with '/' in front: the whole path, from the root of the file system
//   cache/old    with '/' within: the end of a path
//   /srv/**/log  `**` as a whole part: any number of folders, none included; at the end, all that
//                is in a folder
//   !keep.tmp    takes back what a pattern before it left out; the last pattern that fits decides
//
// What is in a folder that is left out is not looked at, so nothing in it can be taken back: leave
// out /srv/* and take back !/srv/tei, instead of leaving out /srv. `*`, `?` and [ ] never fit a
// '/';
// `?` and [ ] take a character of UTF-8, or a single byte where a name is no UTF-8. Case matters.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace intendance::backupd {

// A pattern of one name, ready to be compared.
class NamePattern {
public:
  // Throws ConfigError for a [ without its ] or a `\` at the end.
  explicit NamePattern(std::string_view pattern);
  bool matches(std::string_view name) const;
  // The only name that fits, or nullptr when there may be several.
  const std::string* only() const { return kind_ == Kind::exact ? &text_ : nullptr; }

private:
  enum class Kind { exact, begins, ends, general };
  struct Token {
    enum class Kind { character, any, star, set } kind = Kind::character;
    char32_t character = 0;
    bool negated = false;
    std::vector<std::pair<char32_t, char32_t>> ranges; // both ends included
    bool takes(char32_t each) const;
  };
  static Token read_set(std::string_view& rest);
  bool matches_tokens(std::string_view name) const;
  Kind kind_ = Kind::general;
  std::string text_; // of the first three kinds, without `*` and `\`
  std::vector<Token> tokens_;
};

// Immutable once made, so any thread may ask.
class Excludes {
public:
  Excludes() = default;
  // Throws ConfigError that says what is allowed.
  explicit Excludes(const std::vector<std::string>& patterns);

  bool empty() const { return rules_.empty(); }
  // True when the answer may depend on what is a folder.
  bool ask_for_folders() const { return ask_for_folders_; }
  // Whether a name in the folder of that path (without the leading '/') is to be left out.
  bool matches(std::string_view folder, std::string_view name, bool is_folder) const;

private:
  struct Part {
    bool any_folders = false; // `**`
    NamePattern pattern;
  };
  struct Rule {
    bool take_back = false, folders_only = false;
    std::vector<Part> parts; // from the root; the last is never `**`
    bool matches(std::string_view folder, std::string_view name, bool is_folder) const;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  static Rule compile(std::string_view pattern);

  std::vector<Rule> rules_;
  // Numbers of rules, rising: those whose last part is a plain name, by it, and the others.
  std::unordered_map<std::string, std::vector<std::uint32_t>, Hash, std::equal_to<>> by_name_;
  std::vector<std::uint32_t> others_;
  bool ask_for_folders_ = false;
};

} // namespace intendance::backupd
