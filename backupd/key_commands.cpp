// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/key_change.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

namespace intendance::backupd {

namespace options = boost::program_options;
using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;
using Json = nlohmann::json;

namespace {

KeyKind kind_of(const std::string& name) {
  if (name == "owner") return KeyKind::owner;
  if (name == "reader") return KeyKind::reader;
  if (name == "maintenance") return KeyKind::maintenance;
  if (name == "writer") return KeyKind::writer;
  throw ConfigError("\"" + name + "\": reader, maintenance, writer or owner is wanted");
}

ExitStatus key_generate(CommandContext& context) {
  const auto kind = kind_of(context.text("kind"));
  const std::filesystem::path file = context.text("output");
  const auto key = generate_key(kind, core::system_clock().now());
  write_new_file(file, key.file.view());
  if (context.json()) {
    context.out() << dumped({{"file", file.string()}, {"public", key.public_text}});
    return ExitStatus::done;
  }
  fmt::print(context.out(), "{}\n", key.public_text);
  fmt::print(context.err(), "the private half is in {}, and nowhere else\n", file.string());
  return ExitStatus::done;
}

ExitStatus key_export(CommandContext& context) {
  if (!context.has("writer"))
    throw ConfigError("--writer is missing: it is the only bundle that a machine gets");
  const KeyFolder keys(chosen_repository(context).keys);
  const auto writer = keys.writer();
  if (!writer) throw ConfigError(keys.path().string() + "/writer.key is missing");
  const std::filesystem::path folder = context.text("output");
  core::make_folders(folder);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  const auto there = KeyFolder(folder).writer();
  if (!there || there->public_key() != writer->public_key()) {
    const core::SecretBytes text(core::as_bytes(writer->text() + "\n"));
    write_new_file(folder / "writer.key", text.view());
  }
  core::write_file_atomically(folder / "owner.pub", owner_public_text(keys.owner_public()) + "\n",
                              0644);
  fmt::print(context.out(),
             "{0}/writer.key\n{0}/owner.pub\n\nwith these the machine writes and deduplicates; it "
             "reads nothing\n",
             folder.string());
  return ExitStatus::done;
}

// A public key of the command line, whose faults are those of the command line.
template <class Key>
Key parsed_key(const CommandContext& context) {
  const auto text = context.text("key");
  try {
    return Key::parse(text);
  } catch (const core::CorruptData& error) {
    throw ConfigError("\"" + text + "\" " + error.what());
  }
}

// Tells what became of it, once it is in force.
ExitStatus finish_addition(const CommandContext& context, KeyChange& change, std::string_view role,
                           const std::string& name, std::string_view can) {
  finish_key_change(context, change);
  if (context.json()) {
    context.out() << dumped(
        {{"trust_version", change.next.version}, {"role", role}, {"name", name}});
  } else {
    fmt::print(context.out(), "{:<12} {}\ntrust        version {}\n\n{}\n", role, name,
               change.next.version, can);
  }
  return status_of(!change.trust.findings.empty());
}

ExitStatus add_reader_command(CommandContext& context) {
  const TrustedKey key{context.text("name"), parsed_key<AgeRecipient>(context)};
  auto change = begin_key_change(context);
  add_reader(change.next, key);
  return finish_addition(context, change, "reader", key.name,
                         "who holds that key reads everything, old and new; nothing was rewritten");
}

ExitStatus add_maintainer_command(CommandContext& context) {
  const TrustedKey key{context.text("name"), parsed_key<AgeRecipient>(context)};
  auto change = begin_key_change(context);
  add_maintainer(change.next, key);
  return finish_addition(context, change, "maintainer", key.name,
                         "who holds that key prunes and checks, and reads no contents");
}

ExitStatus add_writer_command(CommandContext& context) {
  const auto name = context.text("name");
  const auto key = parsed_key<WriterPublic>(context);
  auto change = begin_key_change(context);
  add_writer(change.next, name, key);
  return finish_addition(context, change, "writer", name,
                         "the machine that holds that key writes and deduplicates, and reads no "
                         "contents; beside it the machine needs owner.pub");
}

core::Command add_command(const std::string& role, const std::string& summary,
                          const std::string& public_key, const std::string& name,
                          ExitStatus (*run)(CommandContext&)) {
  auto command = make_command(
      "key add-" + role, summary + " (owner.key and reader.key)", public_key + " --name NAME",
      fmt::format("intendance key add-{} {} --name {} --repository web-1", role, public_key, name),
      run);
  command.options.add_options()("key", options::value<std::string>()->required())(
      "name", options::value<std::string>()->required()->value_name("NAME"),
      "what he or it is called");
  command.positional = {{"key", 1}};
  return command;
}

} // namespace

void register_key_commands(core::CommandLine& line) {
  core::Command generate;
  generate.name = "key generate";
  generate.summary = "Make a key and print its public half (no key is needed)";
  generate.arguments = "reader|maintenance|writer|owner --output FILE";
  generate.example = "intendance key generate writer --output /etc/intendance/keys/writer.key";
  generate.options.add_options()("kind", options::value<std::string>()->required())(
      "output", options::value<std::string>()->required()->value_name("FILE"),
      "file for the private half, made with mode 0600 and never overwritten");
  generate.positional = {{"kind", 1}};
  generate.run = key_generate;
  line.add(std::move(generate));

  auto exporting = make_command(
      "key export", "Write the bundle of keys that a machine gets (writer.key)",
      "--writer --output DIR",
      "intendance key export --writer --repository web-1 --output ./for-web-1", key_export);
  exporting.options.add_options()("writer", "the writer's key and the owner's public one")(
      "output", options::value<std::string>()->value_name("DIR"), "folder to write into");
  line.add(std::move(exporting));

  line.add(
      add_command("reader", "Let somebody read everything", "age1…", "co-op", add_reader_command));
  line.add(add_command("maintainer", "Let somebody prune and check", "age1…", "hub",
                       add_maintainer_command));
  line.add(add_command("writer", "Let a machine write", "intendance-writer1…", "web-1",
                       add_writer_command));
}

} // namespace intendance::backupd
