// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/export.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace intendance::backupd {

namespace {

// Spreads contents that come in order over the parts of a file that are not holes, and writes the
// holes as zeros in between.
class HoleFiller {
public:
  HoleFiller(ArchiveWriter& archive, const Entry& entry)
      : archive_(archive), size_(entry.size),
        ranges_(entry.data.empty() ? std::vector<DataRange>{{0, entry.size}} : entry.data) {}

  void write(ByteView bytes) {
    while (!bytes.empty()) {
      skip_to_data();
      const auto& range = ranges_.at(range_);
      const auto left = range.offset + range.length - place_;
      const auto part = bytes.first(std::min<std::uint64_t>(bytes.size(), left));
      archive_.write(part);
      place_ += part.size();
      bytes = bytes.subspan(part.size());
    }
  }

  void finish() {
    // What is left must be holes.
    for (; range_ < ranges_.size(); ++range_) {
      const auto end = ranges_[range_].offset + ranges_[range_].length;
      if (ranges_[range_].length > 0 && place_ < end)
        throw core::CorruptData("holds less than its size says");
    }
    archive_.write_zeros(size_ - place_);
    place_ = size_;
  }

  std::uint64_t place() const { return place_; } // how far the file has come

private:
  void skip_to_data() {
    while (range_ < ranges_.size()) {
      const auto& range = ranges_[range_];
      if (range.length > 0 && place_ < range.offset + range.length) {
        if (place_ < range.offset) {
          archive_.write_zeros(range.offset - place_);
          place_ = range.offset;
        }
        return;
      }
      ++range_;
    }
    throw core::CorruptData("holds more than its size says");
  }

  ArchiveWriter& archive_;
  std::uint64_t size_, place_ = 0;
  std::vector<DataRange> ranges_;
  std::size_t range_ = 0;
};

// Nothing is left of a path that has no more parts than are dropped.
std::string stripped(const std::string& path, std::size_t parts) {
  std::size_t at = 0;
  for (; parts > 0; --parts) {
    const auto slash = path.find('/', at);
    if (slash == std::string::npos) return "";
    at = slash + 1;
  }
  return path.substr(at);
}

class Export {
public:
  Export(SnapshotReader& snapshot, const ExportRequest& request, Sink& out, std::stop_token stop,
         const HearLoss& hear, const std::function<void(const ExportResult&)>& progress)
      : snapshot_(snapshot), request_(request), archive_(request.format, out),
        stop_(std::move(stop)), hear_(hear), progress_(progress) {}

  ExportResult run() {
    snapshot_.for_each(request_.paths, [this](const Entry& entry) {
      found_ = found_ || request_.paths.is_within(entry.path);
      const auto path = stripped(entry.path, request_.strip);
      if (path.empty()) return;
      go_on();
      try {
        add(path, entry);
      } catch (core::Error& error) {
        if (!stopped() && !archive_.output_failed()) error.add_context("/" + entry.path);
        throw;
      }
    });
    if (!found_) throw core::Error("the snapshot holds nothing of that path");
    archive_.finish();
    return std::move(result_);
  }

private:
  bool stopped() const { return stop_.stop_requested(); }

  void go_on() const {
    if (stopped()) throw core::Cancelled("stopped as asked; no archive is made");
    if (progress_) progress_(result_);
  }

  void add(const std::string& path, const Entry& entry) {
    if (!report_losses(path, entry)) return;
    if (request_.format == ArchiveFormat::tar) {
      const auto link = earlier_name(entry);
      if (!link.empty()) {
        archive_.begin(path, entry, link);
        return count(entry);
      }
    }
    if (entry.hard_link.empty())
      add_whole(path, entry);
    else
      add_with_contents_of_first_name(path, entry);
    count(entry);
  }

  // Where in the tar the same file is already; empty when this is its first name there.
  std::string earlier_name(const Entry& entry) const {
    const auto& first = entry.hard_link.empty() ? entry.path : entry.hard_link;
    const auto elsewhere = elsewhere_.find(first);
    if (elsewhere != elsewhere_.end()) return elsewhere->second;
    const bool came = !entry.hard_link.empty() && request_.paths.is_within(first) &&
                      compare_paths(first, entry.path) < 0;
    return came ? stripped(first, request_.strip) : "";
  }

  void add_whole(const std::string& path, const Entry& entry) {
    if (entry.type != FileType::file) return archive_.begin(path, entry);
    const auto whole = with_all_parts(entry);
    archive_.begin(path, whole);
    HoleFiller filler(archive_, whole);
    const auto before = result_.bytes;
    snapshot_.read(entry, [&](ByteView bytes) {
      go_on();
      filler.write(bytes);
      result_.bytes = before + filler.place();
    });
    filler.finish();
    result_.bytes = before + filler.place();
  }

  // An archive says before the contents how long they are and where the holes; a long file's last
  // record may be the one that knows.
  Entry with_all_parts(const Entry& entry) {
    auto whole = entry;
    if (!entry.continues) return whole;
    snapshot_.for_each_record(PathFilter({entry.path}), [&](Entry&& more) {
      if (more.path != entry.path || more.type != FileType::more_extents) return;
      if (more.size != 0) whole.size = more.size;
      whole.data.insert(whole.data.end(), more.data.begin(), more.data.end());
    });
    return whole;
  }

  // Its first name is not in the archive, or a zip is written: the contents come under this name.
  void add_with_contents_of_first_name(const std::string& path, const Entry& entry) {
    bool added = false;
    // Read within the visit: contents of a long file take more than one record.
    snapshot_.for_each(PathFilter({entry.hard_link}), [&](const Entry& first) {
      if (first.path != entry.hard_link || !first.hard_link.empty()) return;
      add_whole(path, first);
      added = true;
    });
    if (!added)
      throw core::CorruptData("is a further name of /" + entry.hard_link +
                              ", which the snapshot lacks");
    if (request_.format == ArchiveFormat::tar) elsewhere_.emplace(entry.hard_link, path);
  }

  // Whether anything is left to be written.
  bool report_losses(const std::string& path, const Entry& entry) {
    bool kept = true;
    for (const auto& loss : losses_of(request_.format, path, entry)) {
      ++result_.losses[loss.kind];
      if (hear_ && loss.kind != ArchiveLoss::Kind::second) hear_("/" + entry.path, loss);
      kept = kept && loss.kind != ArchiveLoss::Kind::left_out;
    }
    return kept;
  }

  void count(const Entry& entry) {
    if (entry.type == FileType::file)
      ++result_.files;
    else if (entry.type == FileType::directory)
      ++result_.directories;
    else
      ++result_.other;
  }

  SnapshotReader& snapshot_;
  const ExportRequest& request_;
  ArchiveWriter archive_;
  std::stop_token stop_;
  const HearLoss& hear_;
  const std::function<void(const ExportResult&)>& progress_;
  // First names that the archive lacks → the name there under which their contents are.
  std::unordered_map<std::string, std::string> elsewhere_;
  ExportResult result_;
  bool found_ = false;
};

} // namespace

ExportResult export_snapshot(SnapshotReader& snapshot, const ExportRequest& request, Sink& out,
                             std::stop_token stop, const HearLoss& hear,
                             const std::function<void(const ExportResult&)>& progress) {
  return Export(snapshot, request, out, std::move(stop), hear, progress).run();
}

} // namespace intendance::backupd
