// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/command_support.hpp"
#include "backupd/recovery_sheet.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

namespace intendance::backupd {

namespace options = boost::program_options;
using core::CommandContext;
using core::ExitStatus;

namespace {

RecoverySheet sheet_of(const CommandContext& context, const Repository& repository) {
  const auto chosen = chosen_repository(context);
  const KeyFolder keys(chosen.keys);
  const auto reader = keys.reader();
  const auto owner = keys.owner_public();
  const auto& trust = repository.trust();
  RecoverySheet sheet;
  sheet.address = chosen.url;
  for (const auto& writer : trust.writers) sheet.machines.push_back(writer.name);
  sheet.recipient = reader->recipient().text();
  sheet.reader_key = reader->text();
  for (const auto& each : trust.readers) {
    if (each.recipient == reader->recipient()) sheet.reader = each.name;
  }
  sheet.owner_public = owner_public_text(owner);
  sheet.owner_fingerprint = fingerprint(owner);
  if (context.has("credentials-file")) {
    const auto& file = chosen.credentials_file;
    core::load_config_table(file); // what is printed must be TOML
    sheet.credentials = printable_credentials(core::read_file(file, std::size_t{64} << 10));
  } else if (!chosen.url.starts_with("file:")) {
    throw core::ConfigError(
        "--credentials-file FILE is missing: whoever holds the page must be able "
        "to read " +
        chosen.url + "; these credentials are printed on it, best such as can only read");
  }
  sheet.trust_version = trust.version;
  sheet.printed = core::system_clock().now();
  return sheet;
}

ExitStatus recovery_command(CommandContext& context) {
  const auto output = context.text("output");
  const auto repository = open_repository(context, {Role::reader}); // the key opens it: proven
  const auto sheet = sheet_of(context, repository);
  const auto text = output.ends_with(".html") ? recovery_html(sheet, context.language())
                                              : recovery_text(sheet, context.language());
  if (output == "-") {
    context.out() << text;
  } else {
    write_new_file(output, core::as_bytes(text));
    fmt::print(context.err(),
               "{} holds a private key: print it, put the page into a safe, and "
               "remove the file (shred -u {})\n",
               output, output);
  }
  if (repository.trust().readers.size() < 2) {
    fmt::print(context.err(), "warning: this is the only key that reads this repository; two or "
                              "more are wanted: intendance key add-reader\n");
  }
  return status_of(report(context, repository.findings()));
}

} // namespace

void register_recovery_command(core::CommandLine& line) {
  auto command = make_command(
      "key recovery-sheet",
      "Write the page to be printed and kept in a safe, with the credentials given (reader.key)",
      "--output FILE.txt|FILE.html|-",
      "intendance key recovery-sheet --repository web-1 --credentials-file reading.toml "
      "--output web-1.html --lang fr",
      recovery_command);
  command.options.add_options()("output",
                                options::value<std::string>()->required()->value_name("FILE"),
                                "a new file, mode 0600: of text, or for a browser when it ends in "
                                ".html; - is standard output");
  line.add(std::move(command));
}

} // namespace intendance::backupd
