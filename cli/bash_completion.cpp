// SPDX-License-Identifier: AGPL-3.0-or-later
#include "cli/bash_completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace intendance::cli {

namespace {

namespace options = boost::program_options;

enum class Takes { nothing, words, files, folders, several_files, other };

// Of an option, by what --help calls its value.
Takes what_takes(const options::option_description& option) {
  const auto semantic = option.semantic();
  if (semantic->max_tokens() == 0) return Takes::nothing;
  auto value = semantic->name();
  value.resize(std::min(value.find(' '), value.size())); // a default follows
  const bool several = semantic->max_tokens() > 1;
  if (value == "DIR") return Takes::folders;
  if (value == "FILE") return Takes::files;
  if (value == "P…") return several ? Takes::several_files : Takes::files;
  const auto is_of_a_word = [](char each) {
    return each == '|' || each == '-' || (each >= 'a' && each <= 'z');
  };
  if (value.find('|') != std::string::npos && std::all_of(value.begin(), value.end(), is_of_a_word))
    return Takes::words;
  // --read-data and --read-data=10%: what follows is not its value.
  return semantic->min_tokens() == 0 ? Takes::nothing : Takes::other;
}

// The script's function, for each kind, by which it does its part.
std::string_view action_of(Takes takes) {
  switch (takes) {
  case Takes::nothing: return "";
  case Takes::words: return "words";
  case Takes::files: return "files";
  case Takes::folders: return "folders";
  case Takes::several_files: return "several";
  case Takes::other: return "other";
  }
  return "";
}

// "--config files", a line each; flags have no second word.
std::string table_of(const options::options_description& all) {
  std::string table;
  for (const auto& option : all.options()) {
    const auto takes = what_takes(*option);
    auto value = option->semantic()->name();
    std::replace(value.begin(), value.end(), '|', ' ');
    table += fmt::format("--{} {}{}\n", option->long_name(), action_of(takes),
                         takes == Takes::words ? " " + value : "");
  }
  return table;
}

bool takes_paths(const core::Command& command) {
  return std::any_of(command.positional.begin(), command.positional.end(),
                     [](const auto& each) { return each.first == "path"; });
}

// What may follow these words of a command's name, for each beginning of one.
std::string next_words(const std::vector<core::Command>& commands) {
  std::vector<std::pair<std::string, std::vector<std::string>>> all;
  for (const auto& command : commands) {
    if (command.hidden) continue;
    for (std::size_t at = 0; at < command.name.size();) {
      const auto end = std::min(command.name.find(' ', at), command.name.size());
      const auto before = command.name.substr(0, at == 0 ? 0 : at - 1);
      const auto word = command.name.substr(at, end - at);
      auto place = std::find_if(all.begin(), all.end(),
                                [&](const auto& each) { return each.first == before; });
      if (place == all.end()) place = all.insert(all.end(), {before, {}});
      if (std::find(place->second.begin(), place->second.end(), word) == place->second.end())
        place->second.push_back(word);
      at = end + 1;
    }
  }
  std::string cases;
  for (const auto& [before, words] : all) {
    cases += fmt::format("    \"{}\") next=\"{}", before, before.empty() ? "--help --version" : "");
    for (const auto& word : words) cases += (cases.back() == '"' ? "" : " ") + word;
    cases += "\" ;;\n";
  }
  return cases;
}

std::string cases_of(const std::vector<core::Command>& commands) {
  std::string cases;
  for (const auto& command : commands) {
    if (command.hidden) continue;
    cases +=
        fmt::format("    \"{}\")\n      paths={}\n      table=\"{}\"\n      ;;\n", command.name,
                    takes_paths(command) ? "yes" : "", table_of(command.named_options()));
  }
  return cases;
}

// File names are left to bash's own completion, which quotes them and knows ~.
constexpr std::string_view script =
    R"bash(# bash completion for intendance(1), made from the commands' own tables.

_intendance() {
  local cur=${COMP_WORDS[COMP_CWORD]} command="" words=0 next paths="" table="" word option="" kind="" list
  COMPREPLY=()

  # The command is as many of the first words as the tables know.
  while :; do
    _intendance_next "$command"
    word=${COMP_WORDS[words + 1]}
    [[ $((words + 1)) -lt $COMP_CWORD && " $next " == *" $word "* && $word != -* ]] || break
    command+="${command:+ }$word"
    words=$((words + 1))
  done
  _intendance_table "$command"
  if [[ $((words + 1)) -eq $COMP_CWORD && -n $next ]]; then
    compopt +o default 2>/dev/null
    COMPREPLY=($(compgen -W "$next" -- "$cur"))
    [[ ${#COMPREPLY[@]} -gt 0 || -z $table ]] && return
  fi

  # The option whose value this is: the word before, or the one before a "=", or, for those that
  # take several, the last one.
  local at=$((COMP_CWORD - 1)) last="" distance=1
  if [[ $cur == "=" ]]; then cur=""; else [[ ${COMP_WORDS[at]} == "=" ]] && at=$((at - 1)); fi
  for (( ; at > words; --at, ++distance)); do
    if [[ ${COMP_WORDS[at]} == --* ]]; then
      last=${COMP_WORDS[at]}
      break
    fi
  done
  if [[ -n $last ]]; then
    while read -r option kind list; do
      [[ $option == "$last" ]] && break
      kind=""
    done <<<"$table"
    [[ $distance -gt 1 && $kind != several ]] && kind=""
  fi

  case $cur:$kind in
    -*:*) ;;
    *:files | *:several) return ;;
    *:folders)
      compopt +o default -o dirnames 2>/dev/null
      return
      ;;
    *:words)
      compopt +o default 2>/dev/null
      COMPREPLY=($(compgen -W "$list" -- "$cur"))
      return
      ;;
    *:other)
      compopt +o default 2>/dev/null
      return
      ;;
  esac

  [[ $cur != -* && -n $paths ]] && return
  compopt +o default 2>/dev/null
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$(while read -r option kind; do echo "$option"; done <<<"$table")" -- "$cur"))
  fi
}

complete -o default -F _intendance intendance
)bash";

} // namespace

std::string bash_completion(const std::vector<core::Command>& commands) {
  std::string text(script);
  const auto registration = text.find("complete -o default");
  const auto functions = fmt::format(
      "# What may follow the words of a command that are there.\n"
      "_intendance_next() {{\n  next=\"\"\n  case $1 in\n{}  esac\n}}\n\n"
      "# The options of a command, and what each takes.\n"
      "_intendance_table() {{\n  case $1 in\n{}    *) return ;;\n  esac\n  table+=\"{}\"\n}}\n\n",
      next_words(commands), cases_of(commands), table_of(core::common_options()));
  text.insert(registration, functions);
  return text;
}

} // namespace intendance::cli
