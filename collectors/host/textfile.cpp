// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/textfile.hpp"

#include "collectors/text_format.hpp"
#include "core/error.hpp"
#include "core/file.hpp"
#include "core/synchronized.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <map>

namespace intendance::collectors {

namespace {

constexpr std::size_t most_bytes = std::size_t{4} << 20;
constexpr std::size_t most_files = 256;

// What changes when a file does.
struct Stamp {
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;

  bool operator==(const Stamp&) const = default;
};

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Stamp stamp_of(const struct stat& file) {
  return {file.st_ino, file.st_size, nanoseconds(file.st_mtim), nanoseconds(file.st_ctim)};
}

class TextfileReader {
public:
  explicit TextfileReader(TextfileFolder folder) : folder_(std::move(folder)) {}

  std::vector<core::ForeignFamilies> read() {
    auto mtimes = gauge_family("node_textfile_mtime_seconds",
                               "When each file that was read was last changed.");
    std::vector<core::ForeignFamilies> sources(1);
    std::map<std::filesystem::path, Known> known;
    try {
      for (const auto& path : list()) {
        if (known.size() == most_files)
          throw core::Error("more than " + std::to_string(most_files) +
                            " files, leaving the others out");
        auto& file = known[path] = read_file(path);
        if (file.families.error.empty())
          add_sample(mtimes, static_cast<double>(file.stamp.modified_ns / 1'000'000) / 1000,
                     {{"file", path.string()}});
        sources.push_back(file.families);
      }
    } catch (const core::Error& error) {
      sources.push_back({folder_.path.string(), {}, error.what()});
    }
    known_ = std::move(known);
    sources.front().families.push_back(std::move(mtimes));
    return sources;
  }

private:
  struct Known {
    Stamp stamp;
    bool settled = false; // a later change cannot have the same stamp
    core::ForeignFamilies families;
  };

  std::vector<std::filesystem::path> list() const {
    std::vector<std::filesystem::path> paths;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder_.path, error), end;
         !error && entry != end; entry.increment(error))
      if (entry->path().extension() == ".prom") paths.push_back(entry->path());
    const bool absent = error == std::errc::no_such_file_or_directory;
    if (error && (!absent || folder_.must_exist))
      throw core::Error("listing " + folder_.path.string() + ": " + error.message());
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  Known read_file(const std::filesystem::path& path) {
    struct stat status {};
    if (const auto before = known_.find(path); before != known_.end() && before->second.settled &&
                                               ::stat(path.c_str(), &status) == 0 &&
                                               stamp_of(status) == before->second.stamp)
      return std::move(before->second);
    Known file;
    file.families.source = path.string();
    try {
      // What is no file, a pipe for instance, must not make us wait.
      const auto descriptor = core::open_file(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
      if (::fstat(descriptor.get(), &status) != 0) core::throw_errno("reading " + path.string());
      if (!S_ISREG(status.st_mode)) throw core::Error("is not a regular file");
      file.stamp = stamp_of(status);
      file.settled = nanoseconds(now()) - file.stamp.changed_ns > 2'000'000'000;
      file.families.families =
          named(parse_text_format(contents(descriptor.get()), Timestamps::refused), path);
    } catch (const core::Error& error) {
      file.families.error = error.what();
    }
    return file;
  }

  static timespec now() {
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME, &time);
    return time;
  }

  static std::string contents(int descriptor) {
    core::Buffer bytes(16384);
    std::string text;
    while (const auto count = core::read_some(descriptor, bytes)) {
      if (text.size() + count > most_bytes)
        throw core::Error("is longer than " + std::to_string(most_bytes) + " bytes");
      text += core::as_text({bytes.data(), count});
    }
    return text;
  }

  // Families without a HELP say where they come from, as node_exporter's do.
  static Families named(Families families, const std::filesystem::path& path) {
    for (auto& family : families)
      if (family.help.empty()) family.help = "Metric read from " + path.string();
    return families;
  }

  TextfileFolder folder_;
  std::map<std::filesystem::path, Known> known_;
};

} // namespace

core::ForeignCollector textfile_collector(const TextfileFolder& folder) {
  auto reader = std::make_shared<core::Synchronized<TextfileReader>>(folder);
  return [reader] { return reader->with([](TextfileReader& files) { return files.read(); }); };
}

} // namespace intendance::collectors
