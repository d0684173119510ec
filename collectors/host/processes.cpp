// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/processes.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace intendance::collectors {

namespace {

using Number = std::uint32_t; // a process'

// Descriptors of stat files are kept between scrapes, which makes one system call a process of
// three. A descriptor stays with its process: once that has ended, reading fails, even when its
// number was given anew.
constexpr std::size_t most_kept = 192;

std::optional<Number> process_number(const char* name) {
  Number number = 0;
  for (; *name != '\0'; ++name) {
    if (*name < '0' || *name > '9' || number > 99'999'999) return std::nullopt;
    number = number * 10 + static_cast<Number>(*name - '0');
  }
  return number == 0 ? std::nullopt : std::optional(number);
}

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

class ProcessTable {
public:
  explicit ProcessTable(std::filesystem::path proc) : proc_(std::move(proc)) {}

  // One thread at a time.
  ProcessCounts count() {
    ProcessCounts counts;
    std::map<Number, core::FileDescriptor> kept; // of the processes that are still there
    for (const auto number : list()) {
      const auto before = kept_.find(number);
      auto descriptor = before == kept_.end() ? core::FileDescriptor{} : std::move(before->second);
      const auto text = read(number, descriptor);
      if (text.empty()) continue;
      const auto process = parse_process_state(text);
      ++counts.processes;
      counts.threads += process.threads;
      ++counts.by_state[process.state];
      if (kept.size() < most_kept) kept.emplace_hint(kept.end(), number, std::move(descriptor));
    }
    kept_ = std::move(kept);
    return counts;
  }

private:
  std::vector<Number> list() {
    if (!folder_) folder_.reset(::opendir(proc_.c_str()));
    if (!folder_) core::throw_errno("listing " + proc_.string());
    ::rewinddir(folder_.get());
    std::vector<Number> numbers;
    errno = 0;
    while (const auto* entry = ::readdir(folder_.get()))
      if (const auto number = process_number(entry->d_name)) numbers.push_back(*number);
    if (errno != 0) core::throw_errno("listing " + proc_.string());
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  // The text of a process' stat file, in a memory of ours; empty when it has ended.
  std::string_view read(Number number, core::FileDescriptor& descriptor) {
    if (descriptor)
      if (const auto size = ::pread(descriptor.get(), text_.data(), text_.size(), 0); size > 0)
        return {text_.data(), static_cast<std::size_t>(size)};
    const auto path = std::to_string(number) + "/stat";
    descriptor =
        core::FileDescriptor(::openat(::dirfd(folder_.get()), path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor) return {};
    const auto size = ::pread(descriptor.get(), text_.data(), text_.size(), 0);
    return {text_.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

  std::filesystem::path proc_;
  Folder folder_;
  std::map<Number, core::FileDescriptor> kept_;
  std::array<char, 2048> text_; // longer than the file's 52 numbers and its name can be
};

std::optional<std::uint64_t> read_limit(const KernelFile& file, std::string_view field) {
  const auto text = file.read();
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  return parse_count(next_line(rest).value_or(""), field);
}

} // namespace

ProcessState parse_process_state(std::string_view text) {
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos)
    throw core::CorruptData("/proc/PID/stat: no command's name");
  auto rest = text.substr(name_end + 1);
  // proc(5) counts fields from 1; the one after the name is 3, the state.
  ProcessState process;
  process.state = next_word(rest);
  if (process.state.size() != 1)
    throw core::CorruptData("/proc/PID/stat: \"" + process.state.substr(0, 40) +
                            "\" is not a state");
  for (int field = 4; field < 20; ++field) next_word(rest);
  process.threads = parse_count(next_word(rest), "/proc/PID/stat num_threads");
  return process;
}

Families publish_processes(const ProcessCounts& counts) {
  Families families;
  const auto add = [&](const char* name, const char* help, std::optional<std::uint64_t> value) {
    if (!value) return;
    families.push_back(gauge_family(std::string("node_processes_") + name, help));
    add_sample(families.back(), static_cast<double>(*value));
  };
  add("pids", "Processes.", counts.processes);
  add("threads", "Threads of all processes.", counts.threads);
  add("max_processes", "Numbers of processes that the kernel can give.", counts.most_processes);
  add("max_threads", "Threads that the kernel allows.", counts.most_threads);
  auto states = gauge_family("node_processes_state", "Processes in each state.");
  for (const auto& [state, count] : counts.by_state)
    add_sample(states, static_cast<double>(count), {{"state", state}});
  families.push_back(std::move(states));
  return families;
}

std::shared_ptr<prometheus::Collectable> processes_collector(const HostRoots& roots) {
  auto table = std::make_shared<core::Synchronized<ProcessTable>>(roots.proc);
  const auto kernel = roots.proc / "sys" / "kernel";
  auto most_processes = std::make_shared<const KernelFile>(kernel / "pid_max");
  auto most_threads = std::make_shared<const KernelFile>(kernel / "threads-max");
  return make_collectable([table, most_processes, most_threads] {
    auto counts = table->with([](ProcessTable& all) { return all.count(); });
    counts.most_processes = read_limit(*most_processes, "pid_max");
    counts.most_threads = read_limit(*most_threads, "threads-max");
    return publish_processes(counts);
  });
}

} // namespace intendance::collectors
