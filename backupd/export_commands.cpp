// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/command_support.hpp"
#include "backupd/engine/export.hpp"
#include "backupd/engine/export_output.hpp"
#include "backupd/repository/compression.hpp"
#include "core/calendar.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include <ostream>

namespace intendance::backupd {

namespace options = boost::program_options;
using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;
using Json = nlohmann::json;

namespace {

// The name's ends say what is in the file: x.tar.zst.age is a tar, compressed, then sealed.
struct NameEnds {
  bool zstd = false, age = false;
};

NameEnds ends_of(std::string name) {
  NameEnds ends;
  const auto take = [&](std::string_view end) {
    const bool there = name.ends_with(end);
    if (there) name.resize(name.size() - end.size());
    return there;
  };
  ends.age = take(".age");
  ends.zstd = take(".zst") || take(".tzst");
  return ends;
}

ArchiveFormat chosen_format(const CommandContext& context) {
  if (context.has("tar") == context.has("zip"))
    throw ConfigError("export: one of --tar FILE and --zip FILE is wanted");
  return context.has("tar") ? ArchiveFormat::tar : ArchiveFormat::zip;
}

std::optional<int> chosen_compression(const CommandContext& context, ArchiveFormat format,
                                      NameEnds ends) {
  constexpr int usual_level = 3;
  const bool wanted = context.has("zstd");
  if (format == ArchiveFormat::zip) {
    if (wanted || ends.zstd)
      throw ConfigError("export: a zip is compressed already: no --zstd, no name in .zst");
    return std::nullopt;
  }
  if (!wanted && !ends.zstd) return std::nullopt;
  const int level = wanted ? context.values()["zstd"].as<int>() : usual_level;
  if (level < StreamCompressor::lowest_level || level > StreamCompressor::highest_level) {
    throw ConfigError(fmt::format("--zstd={}: a level from {} to {} is wanted", level,
                                  StreamCompressor::lowest_level, StreamCompressor::highest_level));
  }
  return level;
}

std::vector<AgeRecipient> named_recipients(const CommandContext& context) {
  std::vector<AgeRecipient> recipients;
  for (const auto& text : context.texts("recipient")) {
    try {
      recipients.push_back(AgeRecipient::parse(text));
    } catch (const core::CorruptData& error) {
      throw ConfigError("--recipient " + text + " " + error.what());
    }
  }
  return recipients;
}

// Everything that can be wrong with the command line, before the repository is asked.
OutputRequest chosen_output(const CommandContext& context, ArchiveFormat format) {
  OutputRequest output;
  output.file = context.text(format == ArchiveFormat::tar ? "tar" : "zip");
  const auto ends = ends_of(output.file);
  output.compression = chosen_compression(context, format, ends);
  output.recipients = named_recipients(context);
  return output;
}

bool is_sealed(const CommandContext& context, const OutputRequest& output) {
  return context.has("age") || !output.recipients.empty() || ends_of(output.file).age;
}

Json json_of(const ExportResult& result, const Snapshot& snapshot, const OutputRequest& output,
             std::uint64_t written) {
  Json json = {{"snapshot", core::to_hex(snapshot.name)},
               {"files", result.files},
               {"directories", result.directories},
               {"other", result.other},
               {"bytes", result.bytes},
               {"written_bytes", written},
               {"recipients", Json::array()},
               {"losses", Json::object()}};
  for (const auto& recipient : output.recipients) json["recipients"].push_back(recipient.text());
  for (const auto& [kind, count] : result.losses)
    json["losses"][std::string(name_of(kind))] = count;
  return json;
}

void print(std::ostream& out, const ExportResult& result, const Snapshot& snapshot,
           const OutputRequest& output, std::uint64_t written) {
  fmt::print(out, "exported   {} files, {} folders, {} other  {}   to {} ({})\n",
             shown_count(result.files), shown_count(result.directories), shown_count(result.other),
             shown_bytes(result.bytes), output.file == "-" ? "standard output" : output.file,
             shown_bytes(written));
  fmt::print(out, "from       {}  {}  {}\n", short_id(snapshot.name),
             shown_path(snapshot.header.job),
             core::TimeZone::local().format(snapshot.header.started));
  for (const auto& recipient : output.recipients)
    fmt::print(out, "sealed to  {}\n", recipient.text());
  for (const auto& [kind, count] : result.losses)
    fmt::print(out, "not kept   {}: {}\n", name_of(kind), shown_count(count));
}

ExitStatus export_command(CommandContext& context) {
  ExportRequest request;
  request.format = chosen_format(context);
  request.paths = PathFilter(context.texts("path"));
  request.strip = context.values()["strip"].as<std::size_t>();
  auto output = chosen_output(context, request.format);
  const bool to_stdout = output.file == "-";

  ProgressBar bar(context);
  const auto repository = open_repository(context, {Role::reader});
  auto findings = repository.findings();
  OpenSnapshot opened(context, repository, findings);
  bool warned = false;
  bar.aside([&] { warned = report(context, findings); });
  const auto& snapshot = opened.snapshot();
  SnapshotReader reader(repository, opened.index(), snapshot);
  if (output.recipients.empty() && is_sealed(context, output)) {
    for (const auto& each : repository.trust().readers) output.recipients.push_back(each.recipient);
  }
  ExportOutput file(output);
  if (!context.has("path")) request.expected = {snapshot.header.files, snapshot.header.bytes};
  const auto result = export_snapshot(
      reader, request, file.front(), context.stop(),
      [&](const std::string& path, const ArchiveLoss& loss) {
        bar.aside([&] {
          fmt::print(context.err(), "warning: {}: {}\n", shown_path(path),
                     shown_path(loss.message));
        });
      },
      bar.work());
  bar.finish();
  auto& out = to_stdout ? context.err() : context.out();
  if (context.json())
    out << dumped(json_of(result, snapshot, output, file.written()));
  else
    print(out, result, snapshot, output, file.written());
  return status_of(warned || !result.losses.empty());
}

} // namespace

void register_export_commands(core::CommandLine& line) {
  auto exporting =
      make_command("export", "Write a tar or zip that every tool can read (reader.key)",
                   "SNAPSHOT [PATH…] --tar FILE|- | --zip FILE|-",
                   "intendance export latest /srv/tei --tar tei.tar.zst.age\n"
                   "age -d -i reader.key tei.tar.zst.age | zstd -d | tar x\n"
                   "intendance export latest /srv/tei --zip tei.zip --strip 1",
                   export_command);
  exporting.options.add_options()("snapshot", options::value<std::string>())(
      "path", options::value<std::vector<std::string>>())(
      "tar", options::value<std::string>()->value_name("FILE"),
      "write a tar (pax); - is standard output. A name in .zst is compressed, one in .age sealed, "
      "as --zstd and --age do")("zip", options::value<std::string>()->value_name("FILE"),
                                "write a zip, which keeps less; what it loses is named")(
      "zstd", options::value<int>()->implicit_value(3)->value_name("LEVEL"),
      "compress the tar, by level 1 to 19; --zstd alone is --zstd=3")(
      "age", "seal it so that every reader of the repository can open it with age")(
      "recipient", options::value<std::vector<std::string>>()->value_name("AGE1…"),
      "seal it to this key of age instead; may be given several times")(
      "strip", options::value<std::size_t>()->default_value(0)->value_name("N"),
      "drop N leading parts of each path");
  exporting.positional = {{"snapshot", 1}, {"path", -1}};
  add_priority(exporting, Urgency::awaited);
  line.add(std::move(exporting));
}

} // namespace intendance::backupd
