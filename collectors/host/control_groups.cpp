// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/control_groups.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace intendance::collectors {

namespace {

// A machine has some sixty; containers and transient units must not make the page endless.
constexpr std::size_t most_units = 512;
// Of these the files stay open between scrapes.
constexpr std::size_t most_kept = 60;
constexpr int deepest_slice = 8;

constexpr std::array<std::string_view, 5> shown_kinds = {".service", ".scope", ".socket", ".mount",
                                                         ".swap"};

bool is_unit(std::string_view name) {
  return std::any_of(shown_kinds.begin(), shown_kinds.end(),
                     [&](std::string_view kind) { return name.ends_with(kind); });
}

void find_units_in(const std::filesystem::path& root, const std::filesystem::path& below, int depth,
                   std::vector<UnitFolder>& found) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(root / below, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto name = entry->path().filename().string();
    const bool slice = name.ends_with(".slice");
    if (!slice && !is_unit(name)) continue;
    if (found.size() == most_units) return;
    if (!slice || name.starts_with("user-"))
      found.push_back({name, below / name});
    else if (depth < deepest_slice)
      find_units_in(root, below / name, depth + 1, found);
  }
}

template <class Parse>
auto parsed(KernelAttribute& attribute, Parse&& parse)
    -> std::optional<decltype(parse(std::string_view{}))> {
  const auto text = attribute.read();
  if (!text) return std::nullopt;
  return parse(*text);
}

std::optional<std::uint64_t> counted(KernelAttribute& attribute, const char* field) {
  return parsed(attribute, [&](std::string_view text) { return parse_count(text, field); });
}

// The files of one unit under version 2.
class UnifiedFiles {
public:
  UnifiedFiles(const std::filesystem::path& root, const std::filesystem::path& unit)
      : folder_(root / unit), cpu_(folder_ / "cpu.stat"), memory_(folder_ / "memory.current"),
        events_(folder_ / "memory.events"), io_(folder_ / "io.stat"),
        tasks_(folder_ / "pids.current"), cpu_pressure_(folder_ / "cpu.pressure"),
        io_pressure_(folder_ / "io.pressure"), memory_pressure_(folder_ / "memory.pressure") {}

  UnitFigures read() {
    UnitFigures figures;
    figures.cpu = parsed(cpu_, parse_cpu_stat);
    figures.memory_bytes = counted(memory_, "memory.current");
    if (const auto text = events_.read()) figures.oom_kills = parse_keyed(*text, "oom_kill");
    figures.tasks = counted(tasks_, "pids.current");
    if (const auto text = io_.read()) figures.io = parse_io_stat(*text);
    figures.pressure.cpu = parsed(cpu_pressure_, parse_pressure);
    figures.pressure.io = parsed(io_pressure_, parse_pressure);
    figures.pressure.memory = parsed(memory_pressure_, parse_pressure);
    return figures;
  }

private:
  std::filesystem::path folder_;
  KernelAttribute cpu_, memory_, events_, io_, tasks_, cpu_pressure_, io_pressure_,
      memory_pressure_;
};

// Under version 1, each controller with a tree of its own.
class SeparateFiles {
public:
  SeparateFiles(const std::filesystem::path& root, const std::filesystem::path& unit)
      : user_(root / "cpuacct" / unit / "cpuacct.usage_user"),
        system_(root / "cpuacct" / unit / "cpuacct.usage_sys"),
        memory_(root / "memory" / unit / "memory.usage_in_bytes"),
        oom_control_(root / "memory" / unit / "memory.oom_control"),
        io_bytes_(root / "blkio" / unit / "blkio.throttle.io_service_bytes_recursive"),
        io_operations_(root / "blkio" / unit / "blkio.throttle.io_serviced_recursive"),
        tasks_(root / "pids" / unit / "pids.current") {}

  UnitFigures read() {
    UnitFigures figures;
    const auto user = counted(user_, "cpuacct.usage_user");
    const auto system = counted(system_, "cpuacct.usage_sys");
    if (user && system)
      figures.cpu = {static_cast<double>(*user) / 1e9, static_cast<double>(*system) / 1e9};
    figures.memory_bytes = counted(memory_, "memory.usage_in_bytes");
    if (const auto text = oom_control_.read()) figures.oom_kills = parse_keyed(*text, "oom_kill");
    figures.tasks = counted(tasks_, "pids.current");
    if (const auto bytes = io_bytes_.read())
      figures.io = parse_blkio(*bytes, io_operations_.read().value_or(""));
    return figures;
  }

private:
  KernelAttribute user_, system_, memory_, oom_control_, io_bytes_, io_operations_, tasks_;
};

template <class Files>
class UnitTable {
public:
  UnitTable(std::filesystem::path root, std::filesystem::path tree)
      : root_(std::move(root)), tree_(std::move(tree)) {}

  std::vector<UnitFigures> read() {
    std::vector<UnitFigures> units;
    std::map<std::filesystem::path, Files> kept;
    for (auto& [unit, path] : find_units(tree_)) {
      auto node = kept_.extract(path);
      auto files = node.empty() ? Files(root_, path) : std::move(node.mapped());
      auto figures = files.read();
      figures.unit = std::move(unit);
      units.push_back(std::move(figures));
      if (kept.size() < most_kept) kept.emplace(path, std::move(files));
    }
    kept_ = std::move(kept);
    return units;
  }

private:
  std::filesystem::path root_, tree_; // the tree is the one whose folders are listed
  std::map<std::filesystem::path, Files> kept_;
};

template <class Files>
std::shared_ptr<prometheus::Collectable> collector_of(const std::filesystem::path& root,
                                                      const std::filesystem::path& tree) {
  auto table = std::make_shared<core::Synchronized<UnitTable<Files>>>(root, tree);
  return make_collectable([table] {
    return publish_units(table->with([](UnitTable<Files>& units) { return units.read(); }));
  });
}

} // namespace

UnitCpu parse_cpu_stat(std::string_view text) {
  const auto user = parse_keyed(text, "user_usec");
  const auto system = parse_keyed(text, "system_usec");
  if (!user || !system) throw core::CorruptData("cpu.stat: no user_usec or no system_usec");
  return {static_cast<double>(*user) / 1e6, static_cast<double>(*system) / 1e6};
}

std::vector<UnitIo> parse_io_stat(std::string_view text) {
  std::vector<UnitIo> devices;
  while (auto line = next_line(text)) {
    UnitIo io;
    io.device = next_word(*line);
    bool known = false;
    for (auto word = next_word(*line); !word.empty(); word = next_word(*line)) {
      const auto equals = word.find('=');
      const auto key = word.substr(0, equals);
      auto* value = key == "rbytes"   ? &io.read_bytes
                    : key == "wbytes" ? &io.written_bytes
                    : key == "rios"   ? &io.reads
                    : key == "wios"   ? &io.writes
                                      : nullptr;
      if (value == nullptr || equals == std::string_view::npos) continue;
      *value = parse_count(word.substr(equals + 1), key);
      known = true;
    }
    if (known) devices.push_back(std::move(io)); // a device may have but its number
  }
  return devices;
}

std::vector<UnitIo> parse_blkio(std::string_view bytes, std::string_view operations) {
  std::map<std::string, UnitIo, std::less<>> devices;
  const auto read = [&](std::string_view text, std::uint64_t UnitIo::*reads,
                        std::uint64_t UnitIo::*writes) {
    while (auto line = next_line(text)) {
      const std::string device(next_word(*line));
      const auto operation = next_word(*line);
      if (operation != "Read" && operation != "Write") continue; // sums, and what these are of
      devices[device].*(operation == "Read" ? reads : writes) =
          parse_count(next_word(*line), "blkio");
    }
  };
  read(bytes, &UnitIo::read_bytes, &UnitIo::written_bytes);
  read(operations, &UnitIo::reads, &UnitIo::writes);
  std::vector<UnitIo> all;
  for (auto& [device, io] : devices) {
    io.device = device;
    all.push_back(std::move(io));
  }
  return all;
}

std::optional<std::uint64_t> parse_keyed(std::string_view text, std::string_view key) {
  while (auto line = next_line(text))
    if (next_word(*line) == key) return parse_count(next_word(*line), key);
  return std::nullopt;
}

std::vector<UnitFolder> find_units(const std::filesystem::path& root) {
  std::vector<UnitFolder> found;
  find_units_in(root, {}, 0, found);
  std::sort(found.begin(), found.end(),
            [](const UnitFolder& left, const UnitFolder& right) { return left.path < right.path; });
  return found;
}

std::shared_ptr<prometheus::Collectable> control_groups_collector(const HostRoots& roots) {
  const auto root = roots.sys / "fs" / "cgroup";
  if (std::filesystem::exists(root / "cgroup.controllers"))
    return collector_of<UnifiedFiles>(root, root);
  return collector_of<SeparateFiles>(root, root / "systemd");
}

} // namespace intendance::collectors
