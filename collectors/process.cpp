// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/process.hpp"

#include "collectors/host/stat.hpp"
#include "collectors/host/text.hpp"
#include "core/error.hpp"
#include "core/version.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <limits>

namespace intendance::collectors {

namespace {

// Since Linux 6.2 the folder of descriptors has their number as its size, before that none. Listing
// them costs the more the more are kept open.
double count_descriptors(const std::filesystem::path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) == 0 && status.st_size > 0)
    return static_cast<double>(status.st_size);
  double count = -1; // the descriptor that lists them is one of them
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

// RLIM_INFINITY becomes +Inf, as in other exporters' process_virtual_memory_max_bytes.
double soft_limit(__rlimit_resource_t resource) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) core::throw_errno("getrlimit");
  return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity()
                                         : static_cast<double>(limit.rlim_cur);
}

} // namespace

ProcessFigures parse_process_stat(std::string_view text, long ticks_per_second) {
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos)
    throw core::CorruptData("/proc/self/stat: no command's name");
  auto rest = text.substr(name_end + 1);
  if (!rest.empty() && rest.back() == '\n') rest.remove_suffix(1);
  // proc(5) counts fields from 1; the one after the name is 3.
  std::uint64_t user = 0, system = 0, started = 0;
  ProcessFigures figures;
  for (int field = 3; field <= 24; ++field) {
    const auto word = next_word(rest);
    std::uint64_t* wanted = field == 14   ? &user
                            : field == 15 ? &system
                            : field == 22 ? &started
                            : field == 23 ? &figures.virtual_bytes
                            : field == 24 ? &figures.resident_pages
                                          : nullptr;
    if (wanted != nullptr) *wanted = parse_count(word, "/proc/self/stat");
  }
  const auto ticks = static_cast<double>(ticks_per_second);
  figures.cpu_seconds = static_cast<double>(user + system) / ticks;
  figures.started_after_boot = static_cast<double>(started) / ticks;
  return figures;
}

std::shared_ptr<prometheus::Collectable> process_collector(const HostRoots& roots) {
  const auto ticks = ::sysconf(_SC_CLK_TCK);
  const auto boot = parse_stat(KernelFile(roots.proc / "stat").read_required(), ticks).boot_time;
  auto file = std::make_shared<const KernelFile>(roots.proc / "self" / "stat");
  return make_collectable([file, ticks, boot, descriptors = roots.proc / "self" / "fd"] {
    const auto figures = parse_process_stat(file->read_required(), ticks);
    Families families;
    const auto add = [&](prometheus::MetricFamily family, double value) {
      add_sample(family, value);
      families.push_back(std::move(family));
    };
    add(counter_family("process_cpu_seconds_total", "Processor time of this daemon in seconds."),
        figures.cpu_seconds);
    add(gauge_family("process_resident_memory_bytes", "Memory of this daemon in RAM."),
        static_cast<double>(figures.resident_pages) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    add(gauge_family("process_virtual_memory_bytes", "Address space of this daemon."),
        static_cast<double>(figures.virtual_bytes));
    add(gauge_family("process_virtual_memory_max_bytes", "Address space that it may take."),
        soft_limit(RLIMIT_AS));
    add(gauge_family("process_open_fds", "Open file descriptors of this daemon."),
        count_descriptors(descriptors));
    add(gauge_family("process_max_fds", "File descriptors that it may open."),
        soft_limit(RLIMIT_NOFILE));
    if (boot)
      add(gauge_family("process_start_time_seconds", "When it started, in seconds since 1970."),
          static_cast<double>(*boot) + figures.started_after_boot);
    return families;
  });
}

std::shared_ptr<prometheus::Collectable> build_info_collector() {
  return make_collectable([] {
    auto family = gauge_family("intendance_build_info", "Which build this daemon is.");
    add_sample(family, 1, {{"version", std::string(core::version())}});
    return Families{std::move(family)};
  });
}

} // namespace intendance::collectors
