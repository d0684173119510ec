// SPDX-License-Identifier: AGPL-3.0-or-later
// find, diff, cat: what changed when, and one file's contents.
#include "backupd/command_support.hpp"
#include "backupd/engine/hole_filler.hpp"
#include "backupd/engine/snapshot_reader.hpp"
#include "core/calendar.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fnmatch.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

namespace intendance::backupd {

namespace options = boost::program_options;
using core::CommandContext;
using core::ExitStatus;
using Json = nlohmann::json;

namespace {

// One state of a path, and in which snapshots it stands.
struct Version {
  std::uint64_t size = 0;
  FileTime modified;
  FileType type = FileType::file;
  std::vector<std::string> snapshots; // ids, oldest first
};

class Search {
public:
  explicit Search(std::string pattern) : pattern_(std::move(pattern)) {}

  void look_into(const Snapshot& snapshot, SnapshotReader& reader) {
    for (const auto& page : reader.pages({})) {
      const auto [place, is_new] = pages_.try_emplace(page.chunk);
      if (is_new) place->second = matching(reader.read_page(page));
      for (const auto& entry : place->second) note(entry, core::to_hex(snapshot.name));
    }
  }
  const std::map<std::string, std::vector<Version>>& found() const { return found_; }

private:
  struct Match {
    std::string path;
    Version version;
  };

  bool matches(const std::string& path) const {
    const bool whole = pattern_.find('/') != std::string::npos;
    const auto subject = whole ? "/" + path : path.substr(path.rfind('/') + 1);
    return ::fnmatch(pattern_.c_str(), subject.c_str(), whole ? FNM_PATHNAME : 0) == 0;
  }
  std::vector<Match> matching(const std::vector<Entry>& entries) const {
    std::vector<Match> found;
    for (const auto& entry : entries) {
      if (entry.type == FileType::more_extents || !matches(entry.path)) continue;
      found.push_back({entry.path, {entry.size, entry.modified, entry.type, {}}});
    }
    return found;
  }
  void note(const Match& match, const std::string& snapshot) {
    auto& versions = found_[match.path];
    const auto same = [&](const Version& each) {
      return each.size == match.version.size && each.modified == match.version.modified &&
             each.type == match.version.type;
    };
    auto known = std::find_if(versions.begin(), versions.end(), same);
    if (known == versions.end()) known = versions.insert(known, match.version);
    known->snapshots.push_back(snapshot);
  }

  std::string pattern_;
  std::map<ChunkId, std::vector<Match>> pages_; // most pages are those of the snapshot before
  std::map<std::string, std::vector<Version>> found_;
};

Json json_of(const Version& version) {
  return {{"type", static_cast<int>(version.type)},
          {"size", version.size},
          {"mtime",
           {{"seconds", version.modified.seconds}, {"nanoseconds", version.modified.nanoseconds}}},
          {"snapshots", version.snapshots}};
}

void print(const CommandContext& context, const Search& search) {
  const auto zone = core::TimeZone::local();
  for (const auto& [path, versions] : search.found()) {
    fmt::print(context.out(), "/{}\n", shown_path(path));
    for (const auto& version : versions) {
      const core::TimePoint time{std::chrono::seconds(version.modified.seconds)};
      const auto& ids = version.snapshots;
      fmt::print(context.out(), "  {} {:>10}   {}{}\n", zone.format(time),
                 shown_bytes(version.size), ids.front().substr(0, 8),
                 ids.size() == 1
                     ? ""
                     : fmt::format(" … {}  ({} snapshots)", ids.back().substr(0, 8), ids.size()));
    }
  }
}

ExitStatus find(CommandContext& context) {
  const auto repository = open_repository(context, {Role::reader});
  auto findings = repository.findings();
  OpenIndex opened(context, repository, findings);
  Search search(context.text("pattern"));
  for (const auto& snapshot : repository.snapshots(findings)) {
    if (context.stop().stop_requested()) throw core::Cancelled("stopped as asked");
    if (context.has("job") && snapshot.header.job != context.text("job")) continue;
    SnapshotReader reader(repository, opened.index(), snapshot);
    search.look_into(snapshot, reader);
  }
  const bool warned = report(context, findings);
  if (context.json()) {
    auto json = Json::array();
    for (const auto& [path, versions] : search.found()) {
      Json one = {{"path", "/" + path}, {"versions", Json::array()}};
      for (const auto& version : versions) one["versions"].push_back(json_of(version));
      json.push_back(std::move(one));
    }
    context.out() << dumped(json);
  } else {
    print(context, search);
  }
  if (search.found().empty()) throw core::Error("no snapshot holds anything of that name");
  return status_of(warned);
}

// Files that are not in pages which both snapshots share.
std::map<std::string, Entry> entries_beside(SnapshotReader& reader,
                                            const std::set<ChunkId>& shared) {
  std::map<std::string, Entry> entries;
  for (const auto& page : reader.pages({})) {
    if (shared.contains(page.chunk)) continue;
    for (auto& entry : reader.read_page(page)) {
      if (entry.type == FileType::more_extents) {
        auto& file = entries[entry.path]; // of a large file, to compare contents
        file.extents.insert(file.extents.end(), entry.extents.begin(), entry.extents.end());
      } else {
        auto path = entry.path;
        entries.insert_or_assign(std::move(path), std::move(entry));
      }
    }
  }
  return entries;
}

std::vector<std::string> differences(const Entry& before, const Entry& after) {
  std::vector<std::string> found;
  const auto add = [&](bool differs, const char* what) {
    if (differs) found.emplace_back(what);
  };
  add(before.type != after.type, "type");
  add(before.extents != after.extents || before.data != after.data || before.size != after.size,
      "contents");
  add(before.link_target != after.link_target, "target");
  add(before.hard_link != after.hard_link, "links");
  add(before.mode != after.mode, "mode");
  add(before.uid != after.uid || before.gid != after.gid, "owner");
  add(before.attributes != after.attributes, "attributes");
  add(before.modified != after.modified, "time");
  return found;
}

struct Difference {
  char kind; // '+', '-', 'M'
  std::string path;
  std::vector<std::string> what;
  std::uint64_t size_before = 0, size_after = 0;
};

std::vector<Difference> compare(SnapshotReader& before, SnapshotReader& after) {
  std::set<ChunkId> ids, shared;
  for (const auto& page : before.pages({})) ids.insert(page.chunk);
  for (const auto& page : after.pages({})) {
    if (ids.contains(page.chunk)) shared.insert(page.chunk);
  }
  const auto old_entries = entries_beside(before, shared);
  const auto new_entries = entries_beside(after, shared);
  std::vector<Difference> found;
  for (const auto& [path, entry] : old_entries) {
    const auto other = new_entries.find(path);
    if (other == new_entries.end()) {
      found.push_back({'-', path, {}, entry.size, 0});
      continue;
    }
    auto what = differences(entry, other->second);
    if (!what.empty())
      found.push_back({'M', path, std::move(what), entry.size, other->second.size});
  }
  for (const auto& [path, entry] : new_entries) {
    if (!old_entries.contains(path)) found.push_back({'+', path, {}, 0, entry.size});
  }
  std::sort(found.begin(), found.end(), [](const auto& left, const auto& right) {
    return compare_paths(left.path, right.path) < 0;
  });
  return found;
}

void print(const CommandContext& context, const Difference& each) {
  std::string what;
  for (const auto& name : each.what) what += (what.empty() ? "  " : ", ") + name;
  const auto sizes = each.size_before == each.size_after
                         ? shown_bytes(each.size_after)
                         : shown_bytes(each.size_before) + " -> " + shown_bytes(each.size_after);
  fmt::print(context.out(), "{} /{}  {}{}\n", each.kind, shown_path(each.path),
             each.kind == '+'   ? shown_bytes(each.size_after)
             : each.kind == '-' ? shown_bytes(each.size_before)
                                : sizes,
             what);
}

ExitStatus diff(CommandContext& context) {
  const auto repository = open_repository(context, {Role::reader});
  auto findings = repository.findings();
  OpenIndex opened(context, repository, findings);
  const auto before = repository.find_snapshot(context.text("before"), findings);
  const auto after = repository.find_snapshot(context.text("after"), findings);
  const bool warned = report(context, findings);
  SnapshotReader one(repository, opened.index(), before);
  SnapshotReader other(repository, opened.index(), after);
  const auto found = compare(one, other);
  if (context.json()) {
    auto json = Json::array();
    for (const auto& each : found) {
      json.push_back({{"kind", each.kind == '+'   ? "added"
                               : each.kind == '-' ? "removed"
                                                  : "modified"},
                      {"path", "/" + each.path},
                      {"what", each.what},
                      {"size_before", each.size_before},
                      {"size_after", each.size_after}});
    }
    context.out() << dumped(json);
  } else {
    for (const auto& each : found) print(context, each);
    if (found.empty()) fmt::print(context.out(), "(nothing differs)\n");
  }
  return status_of(warned);
}

ExitStatus cat(CommandContext& context) {
  const auto repository = open_repository(context, {Role::reader});
  auto findings = repository.findings();
  OpenSnapshot opened(context, repository, findings);
  const auto& snapshot = opened.snapshot();
  const bool warned = report(context, findings);
  SnapshotReader reader(repository, opened.index(), snapshot);
  const auto path = context.text("path");
  auto entry = reader.find(path);
  if (entry && !entry->hard_link.empty()) entry = reader.find(entry->hard_link);
  if (!entry) throw core::Error("the snapshot does not hold " + shown_path(path));
  if (entry->type != FileType::file) throw core::Error(shown_path(path) + " is no file");
  const auto write = [&](ByteView bytes) {
    context.out() << core::as_text(bytes);
    if (!context.out()) throw core::Error("the output cannot be written");
  };
  const Buffer zeros(std::size_t{1} << 16);
  HoleFiller filler(reader.with_all_parts(*entry), write, [&](std::uint64_t count) {
    for (; count > 0; count -= std::min<std::uint64_t>(count, zeros.size()))
      write(ByteView(zeros).first(std::min<std::uint64_t>(count, zeros.size())));
  });
  reader.read(*entry, [&](ByteView bytes) { filler.write(bytes); });
  filler.finish();
  context.out() << std::flush;
  return status_of(warned);
}

} // namespace

void register_search_commands(core::CommandLine& line) {
  auto finding = make_command("find", "Find a name in all snapshots (reader.key)", "PATTERN",
                              "intendance find 'lettre-04*.xml'", find);
  finding.options.add_options()("pattern", options::value<std::string>()->required())(
      "job", options::value<std::string>()->value_name("NAME"), "only of this job");
  finding.positional = {{"pattern", 1}};
  line.add(std::move(finding));

  auto comparing = make_command("diff", "Show what changed between two snapshots (reader.key)",
                                "A B", "intendance diff 7f3a9c1e latest", diff);
  comparing.options.add_options()("before", options::value<std::string>()->required())(
      "after", options::value<std::string>()->required());
  comparing.positional = {{"before", 1}, {"after", 1}};
  line.add(std::move(comparing));

  auto printing = make_command("cat", "Write a file's contents to standard output (reader.key)",
                               "SNAPSHOT PATH", "intendance cat latest /etc/fstab", cat);
  printing.options.add_options()("snapshot", options::value<std::string>()->required())(
      "path", options::value<std::string>()->required());
  printing.positional = {{"snapshot", 1}, {"path", 1}};
  line.add(std::move(printing));
}

} // namespace intendance::backupd
