// SPDX-License-Identifier: AGPL-3.0-or-later
#include "cli/man_page.hpp"

#include "core/version.hpp"

#include <fmt/format.h>

#include <string_view>

namespace intendance::cli {

namespace {

namespace options = boost::program_options;

struct Character {
  std::uint32_t code = 0;
  std::size_t length = 1;
};

// Of a text of ours, which is UTF-8.
Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  Character character{lead & (0xffu >> (length + 1)), length};
  for (std::size_t at = 1; at < length; ++at)
    character.code = character.code << 6 | (byte(at) & 0x3fu);
  return character;
}

// Signs that roff would take for its own, or draw otherwise than one types them.
std::string escaped(std::string_view text) {
  std::string out;
  if (!text.empty() && (text.front() == '.' || text.front() == '\'')) out += "\\&";
  while (!text.empty()) {
    const auto [code, length] = first_of(text);
    switch (code) {
    case '\\': out += "\\e"; break;
    case '-': out += "\\-"; break;
    case '\'': out += "\\(aq"; break;
    case '"': out += "\\(dq"; break;
    case '^': out += "\\(ha"; break;
    case '~': out += "\\(ti"; break;
    case '`': out += "\\(ga"; break;
    default:
      if (code < 0x80)
        out += static_cast<char>(code);
      else
        out += fmt::format("\\[u{:04X}]", code);
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string bold(std::string_view text) { return "\\fB" + escaped(text) + "\\fR"; }

// What is typed as it stands is bold, what stands for something else is slanted.
std::string shown_arguments(std::string_view arguments) {
  std::string out;
  while (!arguments.empty()) {
    const auto end = std::min(arguments.find(' '), arguments.size());
    const auto word = arguments.substr(0, end);
    out += word.starts_with("--") ? bold(word) : "\\fI" + escaped(word) + "\\fR";
    arguments.remove_prefix(end);
    if (!arguments.empty()) {
      out += ' ';
      arguments.remove_prefix(1);
    }
  }
  return out;
}

void add_options(std::string& page, const options::options_description& all) {
  for (const auto& option : all.options()) {
    page += ".TP\n" + bold("--" + option->long_name());
    const auto semantic = option->semantic();
    if (semantic->max_tokens() > 0) {
      const auto value = semantic->name();
      page += (value.starts_with("[=") ? "" : " ") + ("\\fI" + escaped(value) + "\\fR");
    }
    page += '\n' + escaped(option->description()) + ".\n";
  }
}

void add_example(std::string& page, std::string_view example) {
  if (example.empty()) return;
  const bool several = example.find("\nintendance ") != std::string_view::npos;
  page += several ? ".P\nExamples:" : ".P\nExample:";
  page += "\n.P\n.nf\n.RS 4\n";
  for (std::size_t at = 0; at < example.size();) {
    const auto end = std::min(example.find('\n', at), example.size());
    page += escaped(example.substr(at, end - at)) + '\n';
    at = end + 1;
  }
  page += ".RE\n.fi\n";
}

void add_command(std::string& page, const core::Command& command) {
  page += ".SS \"" + escaped(command.name) + "\"\n";
  page += bold("intendance " + command.name);
  if (!command.arguments.empty()) page += ' ' + shown_arguments(command.arguments);
  page += " [\\fIOPTIONS\\fR]\n.P\n" + escaped(command.summary) + ".\n";
  add_options(page, command.named_options());
  add_example(page, command.example);
}

constexpr std::string_view beginning = R"(.SH NAME
intendance \- looks after a small lab\(aqs servers: services, backups, budget
.SH SYNOPSIS
.B intendance
.I COMMAND
.RI [ OPTIONS ]
.br
.B intendance
.I COMMAND
.B \-\-help
.br
.B intendance \-\-version
.SH DESCRIPTION
.B intendance
tells whether machines and services are well, backs up and restores, and keeps the accounts of the
work. It does its work itself and needs no daemon; it shares the state folder with those that run.
.P
A long work shows how far it is on a terminal, and prints its result alone elsewhere.
.P
Commands of backups find the repository in the configuration, or take its address and the folder of
the keys by
.B \-\-repository
and
.BR \-\-keys .
In brackets each says which of the keys it needs.
.SH COMMANDS
)";

constexpr std::string_view end = R"(.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
Failed.
.TP
.B 2
Bad usage or configuration.
.TP
.B 3
Done, with warnings: a file changed while it was read, or could not be read.
.SH FILES
.TP
.I /etc/intendance/intendance.toml
The configuration.
.TP
.I /var/lib/intendance
The state folder.
.SH SEE ALSO
.BR age (1),
.BR systemd.service (5)
)";

} // namespace

std::string man_page(const std::vector<core::Command>& commands) {
  auto page =
      fmt::format(".TH INTENDANCE 1 \"\" \"intendance {}\" \"User Commands\"\n", core::version());
  page += beginning;
  for (const auto& command : commands) {
    if (!command.hidden) add_command(page, command);
  }
  page += ".SH COMMON OPTIONS\n";
  add_options(page, core::common_options());
  page += end;
  return page;
}

} // namespace intendance::cli
