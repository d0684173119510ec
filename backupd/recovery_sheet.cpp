// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/recovery_sheet.hpp"

#include "core/error.hpp"

#include <fmt/format.h>

#include <utility>

namespace intendance::backupd {

using core::Language;

namespace {

constexpr std::size_t columns = 80;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// As people count: a byte that goes on with a character of UTF-8 is not another one.
std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (const char each : text) width += (static_cast<unsigned char>(each) & 0xc0) != 0x80 ? 1 : 0;
  return width;
}

std::vector<std::string> wrapped(std::string_view prose, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!prose.empty()) {
    const auto end = std::min(prose.find(' '), prose.size());
    const auto word = prose.substr(0, end);
    prose.remove_prefix(std::min(end + 1, prose.size()));
    if (!lines.back().empty() && width_of(lines.back()) + 1 + width_of(word) > width)
      lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + std::string(word);
  }
  return lines;
}

// "AGE-SECRET-KEY-1 ABCD EFGH …" on two lines, to be read aloud and compared.
std::string grouped(const std::string& key) {
  const auto begin = key.find('1') + 1;
  auto text = key.substr(0, begin);
  for (std::size_t at = begin; at < key.size(); at += 4)
    text += (at == begin + 32 ? "\n  " : " ") + key.substr(at, 4);
  return text + "\n";
}

// A variable of the shell with that value, in pieces that fit the page.
std::string assignment(const std::string& name, const std::string& value) {
  constexpr std::size_t piece = 48;
  std::string out, quoted;
  const auto end_line = [&] {
    out += fmt::format("{}={}'{}'\n", name, out.empty() ? "" : "\"$" + name + "\"", quoted);
    quoted.clear();
  };
  for (const char each : value) {
    if (quoted.size() >= piece) end_line();
    quoted += each == '\'' ? std::string("'\\''") : std::string(1, each);
  }
  end_line();
  return out;
}

std::string here_document(const std::string& file, const std::string& content) {
  return fmt::format("cat > {} <<'END'\n{}\nEND\n", file, content);
}

struct Section {
  std::string prose;         // one paragraph
  std::string commands = {}; // lines; may be empty
  std::string aloud = {};    // a key in groups, lines; may be empty
};

struct Page {
  std::string title, warning;
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<Section> sections;
};

struct Words {
  std::string_view title, warning, repository, machines, trust, trust_value, reader, key, printed;
  std::string_view script, program, keys, checksum, look, restore, without;
};

constexpr Words english = {
    "INTENDANCE: RECOVERY SHEET",
    "Whoever holds this page reads every backup of this repository: keep it in a safe, and remove "
    "the file once it is printed. Print a new one when keys or credentials change.",
    "Repository",
    "Machines",
    "Trust",
    "version {}, owner {}",
    "Reader",
    "Public key",
    "Printed",
    "This page is a shell script too: lines that begin with # explain, the others are to be typed "
    "as they are, by root on a bare Debian 12, in an empty folder.",
    "1. The program, from its Debian package; keep a copy beside this page:",
    "2. The keys, each on one line. If owner.pub is mistyped, step 3 says that no trust object is "
    "the pinned owner's.",
    "The long line of reader.key ends in a checksum (Bech32): a wrong character is refused. The "
    "same key in groups, to be read aloud and compared:",
    "3. Look. The first command must show the owner and the version above, or a later one:",
    "4. Restore everything beneath ./restored, with whole paths; for a part of it, name a path "
    "after \"latest\", or another snapshot instead of it:",
    "Without the program: docs/repository-format.md of its sources describes every byte, and "
    "tests/support/read_repository.py there reads a copy of the repository with these keys.",
};

constexpr Words french = {
    "INTENDANCE : FICHE DE SECOURS",
    "Qui tient cette page lit toutes les sauvegardes de ce dépôt : gardez-la dans un coffre, et "
    "effacez le fichier une fois imprimé. Imprimez-en une autre quand une clé ou un accès change.",
    "Dépôt",
    "Machines",
    "Confiance",
    "version {}, propriétaire {}",
    "Lecteur",
    "Sa clé",
    "Imprimée",
    "Cette page est aussi un script : les lignes qui commencent par # expliquent, les autres "
    "sont à taper telles quelles, par root sur une Debian 12 nue, dans un dossier vide.",
    "1. Le programme, de son paquet Debian ; gardez-en une copie avec cette page :",
    "2. Les clés, chacune sur une ligne. Si owner.pub est mal tapé, l'étape 3 dit « no "
    "trust object is the pinned owner's ».",
    "La longue ligne de reader.key finit par une somme de contrôle (Bech32) : un caractère faux "
    "est refusé. La même clé en groupes, à lire à haute voix et à comparer :",
    "3. Regarder. La première commande doit montrer le propriétaire et la version ci-dessus, "
    "ou une plus récente :",
    "4. Tout restaurer sous ./restored, avec les chemins entiers ; pour une partie, nommez "
    "un chemin après « latest », ou un autre instantané à sa place :",
    "Sans le programme : docs/repository-format.md de ses sources décrit chaque octet, et "
    "tests/support/read_repository.py y lit une copie du dépôt avec ces clés.",
};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// The options that every command here takes, on a line of their own.
std::string command(const std::string& what, const RecoverySheet& sheet, const char* end = "\n") {
  return fmt::format("intendance {} \\\n  --repository \"$repository\" --keys keys{}{}", what,
                     sheet.credentials.empty() ? "" : " --credentials-file keys/store.toml", end);
}

Page page_of(const RecoverySheet& sheet, Language language) {
  const auto& words = language == Language::french ? french : english;
  Page page;
  page.title = words.title;
  page.warning = words.warning;
  page.facts = {
      {std::string(words.repository), sheet.address},
      {std::string(words.machines), joined(sheet.machines)},
      {std::string(words.trust),
       fmt::format(fmt::runtime(words.trust_value), sheet.trust_version, sheet.owner_fingerprint)},
      {std::string(words.reader), sheet.reader},
      {std::string(words.key), sheet.recipient},
      {std::string(words.printed), core::format_utc(sheet.printed)}};
  page.sections.push_back({std::string(words.script)});
  page.sections.push_back({std::string(words.program),
                           "command -v intendance || apt-get install ./intendance_*.deb\n"});
  page.sections.push_back(
      {std::string(words.keys),
       "umask 077\nmkdir keys\n" + here_document("keys/reader.key", sheet.reader_key) +
           here_document("keys/owner.pub", sheet.owner_public) +
           (sheet.credentials.empty() ? "" : here_document("keys/store.toml", sheet.credentials))});
  page.sections.push_back({std::string(words.checksum), "", grouped(sheet.reader_key)});
  page.sections.push_back({std::string(words.look),
                           assignment("repository", sheet.address) +
                               command("repository info", sheet) + command("snapshots", sheet) +
                               command("ls latest", sheet, " \\\n  | head -n 20\n")});
  page.sections.push_back(
      {std::string(words.restore), command("restore latest --target restored", sheet)});
  page.sections.push_back({std::string(words.without)});
  return page;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char each : text) {
    if (each == '&')
      out += "&amp;";
    else if (each == '<')
      out += "&lt;";
    else if (each == '>')
      out += "&gt;";
    else
      out += each;
  }
  return out;
}

constexpr std::string_view style = R"(
@page { margin: 10mm }
* { margin: 0 }
body { font: 9pt/1.25 "DejaVu Sans", sans-serif; max-width: 186mm; margin: 0 auto; color: #000 }
h1 { font-size: 14pt; letter-spacing: 0.04em }
p { margin-top: 5pt }
.warning { border: 1.5pt solid #000; padding: 4pt 6pt; font-weight: bold }
table { margin-top: 6pt; border-collapse: collapse }
th { text-align: left; vertical-align: top; padding-right: 10pt; font-weight: normal }
td, pre { font: 9pt/1.2 "DejaVu Sans Mono", monospace; overflow-wrap: anywhere }
pre { margin-top: 2pt; padding: 2pt 6pt; border-left: 2pt solid #000; white-space: pre-wrap }
)";

} // namespace

std::string recovery_text(const RecoverySheet& sheet, Language language) {
  const auto page = page_of(sheet, language);
  std::string out;
  const auto comment = [&](std::string_view prose, const std::string& indent = "") {
    for (const auto& line : wrapped(prose, columns - 2 - indent.size()))
      out += "# " + indent + line + "\n";
  };
  comment(page.title);
  comment(page.warning);
  out += "#\n";
  for (const auto& [name, value] : page.facts) {
    auto label = name;
    label.append(12 - width_of(name), ' ');
    if (2 + width_of(label) + width_of(value) <= columns) {
      out += "# " + label + value + "\n";
      continue;
    }
    out += "# " + name + "\n";
    for (std::size_t at = 0; at < value.size(); at += columns - 4)
      out += "#   " + value.substr(at, columns - 4) + "\n";
  }
  for (const auto& section : page.sections) {
    out += "#\n";
    comment(section.prose);
    for (const auto& line : lines_of(section.aloud)) out += "#   " + line + "\n";
    out += section.commands;
  }
  return out;
}

std::string recovery_html(const RecoverySheet& sheet, Language language) {
  const auto page = page_of(sheet, language);
  auto out = fmt::format("<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n"
                         "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<h1>{}</h1>\n"
                         "<p class=\"warning\">{}</p>\n<table>\n",
                         language == Language::french ? "fr" : "en", escaped(page.title), style,
                         escaped(page.title), escaped(page.warning));
  for (const auto& [name, value] : page.facts)
    out += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escaped(name),
                       escaped(value));
  out += "</table>\n";
  for (const auto& section : page.sections) {
    out += fmt::format("<p>{}</p>\n", escaped(section.prose));
    if (!section.aloud.empty()) out += fmt::format("<pre>{}</pre>\n", escaped(section.aloud));
    if (!section.commands.empty()) out += fmt::format("<pre>{}</pre>\n", escaped(section.commands));
  }
  return out + "</body>\n</html>\n";
}

std::string printable_credentials(std::string_view toml) {
  std::string out;
  for (const auto& line : lines_of(toml)) {
    if (line.empty() || line.front() == '#') continue;
    if (width_of(line) <= columns) {
      out += line + "\n";
      continue;
    }
    const auto begin = line.find('"');
    const auto end = line.rfind('"');
    const auto value = line.substr(std::min(begin, end) + 1, end - begin - 1);
    if (begin == std::string::npos || begin == end || end + 1 != line.size() ||
        value.find_first_of("\\\" \t") != std::string::npos) {
      throw core::ConfigError("the credentials file has a line that does not fit a page of " +
                              std::to_string(columns) + " columns: " + line.substr(0, begin));
    }
    // A backslash at the end of a line joins it with the next, without its white space.
    out += line.substr(0, begin) + "\"\"\"\\\n";
    for (std::size_t at = 0; at < value.size(); at += 64)
      out += value.substr(at, 64) + (at + 64 < value.size() ? "\\\n" : "\"\"\"\n");
  }
  if (!out.empty()) out.pop_back();
  return out;
}

} // namespace intendance::backupd
