// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/jvm.hpp"

#include "core/error.hpp"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace intendance::collectors {

namespace {

using prometheus::MetricFamily;

constexpr std::size_t most_bytes = std::size_t{1} << 20; // 32 KiB by default

// "org.apache.catalina.startup.Bootstrap", "/opt/cantaloupe.jar" → "cantaloupe.jar"
std::string main_of(const HsperfData& machine) {
  auto command = machine.text("sun.rt.javaCommand");
  command = command.substr(0, command.find(' '));
  return command.substr(command.rfind('/') + 1); // npos + 1 is 0
}

struct JvmFamilies {
  MetricFamily used = gauge_family("jvm_memory_bytes_used", "Memory used.");
  MetricFamily committed =
      gauge_family("jvm_memory_bytes_committed", "Memory that the machine holds.");
  MetricFamily most = gauge_family("jvm_memory_bytes_max", "Memory that it may take.");
  MetricFamily pool_used = gauge_family("jvm_memory_pool_bytes_used", "Memory used, by pool.");
  MetricFamily pool_committed =
      gauge_family("jvm_memory_pool_bytes_committed", "Memory held, by pool.");
  MetricFamily pool_most =
      gauge_family("jvm_memory_pool_bytes_max", "Memory that each pool may take.");
  MetricFamily collections{"jvm_gc_collection_seconds",
                           "Garbage collections and the time they took.",
                           prometheus::MetricType::Summary,
                           {}};
  MetricFamily threads = gauge_family("jvm_threads_current", "Threads.");
  MetricFamily daemons = gauge_family("jvm_threads_daemon", "Threads that hold up no exit.");
  MetricFamily peak = gauge_family("jvm_threads_peak", "The most threads that there ever were.");
  MetricFamily started = counter_family("jvm_threads_started_total", "Threads started.");
  MetricFamily loaded = gauge_family("jvm_classes_loaded", "Classes in memory.");
  MetricFamily safepoints =
      counter_family("intendance_jvm_safepoints_total", "Times that all threads were stopped.");
  MetricFamily safepoint_time = counter_family("intendance_jvm_safepoint_seconds_total",
                                               "How long all threads were stopped.");
  MetricFamily start_time = gauge_family("intendance_jvm_start_time_seconds",
                                         "When the machine started, in seconds since 1970.");
  MetricFamily info = gauge_family("jvm_info", "Which virtual machine it is.");

  void add(const HsperfData& machine, const std::string& main);
  void add_generations(const HsperfData& machine, const Labels& labels);
  void add_collectors(const HsperfData& machine, const Labels& labels, double frequency);

  Families take() {
    Families families;
    for (auto* family :
         {&used, &committed, &most, &pool_used, &pool_committed, &pool_most, &collections, &threads,
          &daemons, &peak, &started, &loaded, &safepoints, &safepoint_time, &start_time, &info})
      families.push_back(std::move(*family));
    return families;
  }
};

Labels with(Labels labels, const char* name, const std::string& value) {
  labels.push_back({name, value});
  return labels;
}

void add_number(MetricFamily& family, const HsperfData& machine, const std::string& name,
                const Labels& labels, double divisor = 1) {
  if (const auto value = machine.number(name))
    add_sample(family, static_cast<double>(*value) / divisor, labels);
}

void JvmFamilies::add_generations(const HsperfData& machine, const Labels& labels) {
  double heap_used = 0, heap_committed = 0;
  for (int generation = 0; generation < 8; ++generation) {
    const auto place = "sun.gc.generation." + std::to_string(generation);
    for (int space = 0; space < 8; ++space) {
      const auto name = place + ".space." + std::to_string(space);
      const auto space_used = machine.number(name + ".used");
      if (!space_used) break;
      const auto pool = with(labels, "pool", machine.text(name + ".name"));
      add_sample(pool_used, static_cast<double>(*space_used), pool);
      add_number(pool_committed, machine, name + ".capacity", pool);
      add_number(pool_most, machine, name + ".maxCapacity", pool);
      heap_used += static_cast<double>(*space_used);
      heap_committed += static_cast<double>(machine.number(name + ".capacity").value_or(0));
    }
  }
  const auto heap = with(labels, "area", "heap");
  add_sample(used, heap_used, heap);
  add_sample(committed, heap_committed, heap);
  // Each generation may take the whole of it, so the largest counts.
  double heap_most = 0;
  for (int generation = 0; generation < 8; ++generation)
    heap_most = std::max(
        heap_most,
        static_cast<double>(
            machine.number("sun.gc.generation." + std::to_string(generation) + ".maxCapacity")
                .value_or(0)));
  if (heap_most > 0) add_sample(most, heap_most, heap);
  const auto other = with(labels, "area", "nonheap");
  add_number(used, machine, "sun.gc.metaspace.used", other);
  add_number(committed, machine, "sun.gc.metaspace.capacity", other);
}

void JvmFamilies::add_collectors(const HsperfData& machine, const Labels& labels,
                                 double frequency) {
  for (int collector = 0; collector < 8; ++collector) {
    const auto name = "sun.gc.collector." + std::to_string(collector);
    const auto invocations = machine.number(name + ".invocations");
    const auto ticks = machine.number(name + ".time");
    if (!invocations || !ticks || *invocations < 0) continue;
    prometheus::ClientMetric metric;
    metric.label = with(labels, "gc", machine.text(name + ".name"));
    metric.summary.sample_count = static_cast<std::uint64_t>(*invocations);
    metric.summary.sample_sum = static_cast<double>(*ticks) / frequency;
    collections.metric.push_back(std::move(metric));
  }
}

void JvmFamilies::add(const HsperfData& machine, const std::string& main) {
  const Labels labels = {{"main", main}};
  const auto hertz = machine.number("sun.os.hrt.frequency").value_or(1'000'000'000);
  const auto frequency = hertz > 0 ? static_cast<double>(hertz) : 1e9;
  add_generations(machine, labels);
  add_collectors(machine, labels, frequency);
  add_number(threads, machine, "java.threads.live", labels);
  add_number(daemons, machine, "java.threads.daemon", labels);
  add_number(peak, machine, "java.threads.livePeak", labels);
  add_number(started, machine, "java.threads.started", labels);
  const auto classes = [&](const char* name) {
    return static_cast<double>(machine.number(name).value_or(0));
  };
  add_sample(loaded,
             classes("java.cls.loadedClasses") + classes("java.cls.sharedLoadedClasses") -
                 classes("java.cls.unloadedClasses") - classes("java.cls.sharedUnloadedClasses"),
             labels);
  add_number(safepoints, machine, "sun.rt.safepoints", labels);
  add_number(safepoint_time, machine, "sun.rt.safepointTime", labels, frequency);
  add_number(start_time, machine, "sun.rt.createVmBeginTime", labels, 1000);
  add_sample(info, 1,
             {labels[0],
              {"version", machine.text("java.property.java.vm.version")},
              {"vendor", machine.text("java.property.java.vm.vendor")},
              {"runtime", machine.text("java.property.java.vm.name")}});
}

class JvmReader : public Reader {
public:
  explicit JvmReader(std::string pattern) : pattern_(std::move(pattern)) {}

  Families read() override {
    std::vector<HsperfData> machines;
    for (const auto& path : files())
      machines.push_back(core::with_context(path.string(), [&] {
        const auto bytes = contents(path);
        return parse_hsperfdata(core::as_bytes(bytes));
      }));
    if (machines.empty())
      throw core::TransientError("no virtual machine that runs has its counters in " + pattern_ +
                                 "; start it, let this daemon read that folder, or correct files");
    return publish_jvms(machines);
  }

private:
  // Of processes that run: a machine that was killed leaves its file.
  std::vector<std::filesystem::path> files() const {
    glob_t found{};
    const int fault = ::glob(pattern_.c_str(), GLOB_NOSORT, nullptr, &found);
    std::vector<std::filesystem::path> paths;
    for (std::size_t i = 0; fault == 0 && i < found.gl_pathc; ++i) {
      const std::filesystem::path path = found.gl_pathv[i];
      const auto name = path.filename().string();
      const bool digits = !name.empty() && std::all_of(name.begin(), name.end(),
                                                       [](char c) { return c >= '0' && c <= '9'; });
      if (digits && ::access(("/proc/" + name).c_str(), F_OK) == 0) paths.push_back(path);
    }
    ::globfree(&found);
    return paths;
  }

  // Anybody may write to /tmp: no links, nothing but files, and no waiting.
  static std::string contents(const std::filesystem::path& path) {
    const auto descriptor = core::open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status {};
    if (::fstat(descriptor.get(), &status) != 0) core::throw_errno("looking at it");
    if (!S_ISREG(status.st_mode)) throw core::CorruptData("is not a regular file");
    if (static_cast<std::size_t>(status.st_size) > most_bytes)
      throw core::CorruptData("is too long for counters");
    core::Buffer bytes(static_cast<std::size_t>(status.st_size));
    bytes.resize(core::read_some(descriptor.get(), bytes));
    return std::string(core::as_text(bytes));
  }

  std::string pattern_;
};

} // namespace

Families publish_jvms(const std::vector<HsperfData>& machines) {
  std::map<std::string, const HsperfData*> newest;
  const auto start = [](const HsperfData& machine) {
    return machine.number("sun.rt.createVmBeginTime").value_or(0);
  };
  for (const auto& machine : machines) {
    auto& place = newest[main_of(machine)];
    if (place == nullptr || start(*place) < start(machine)) place = &machine;
  }
  JvmFamilies families;
  for (const auto& [main, machine] : newest) families.add(*machine, main);
  return families.take();
}

MakeReader jvm_reader(core::ConfigTable& table) {
  const auto pattern = table.text("files", "/tmp/hsperfdata_*/*");
  if (!pattern.starts_with('/')) table.fail("files", "is not an absolute path");
  return [pattern] { return std::make_unique<JvmReader>(pattern); };
}

} // namespace intendance::collectors
