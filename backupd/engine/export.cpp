// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/export.hpp"

#include "backupd/engine/hole_filler.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace intendance::backupd {

namespace {

class Export {
public:
  Export(SnapshotReader& snapshot, const ExportRequest& request, Sink& out, std::stop_token stop,
         const HearLoss& hear, WorkCounters& work)
      : snapshot_(snapshot), request_(request), archive_(request.format, out),
        stop_(std::move(stop)), hear_(hear), work_(work) {}

  ExportResult run() {
    work_.begin(WorkPhase::exporting, request_.expected);
    snapshot_.for_each(request_.paths, [this](const Entry& entry) {
      found_ = found_ || request_.paths.is_within(entry.path);
      const auto path = without_leading_parts(entry.path, request_.strip);
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
    return came ? without_leading_parts(first, request_.strip) : "";
  }

  void add_whole(const std::string& path, const Entry& entry) {
    if (entry.type != FileType::file) return archive_.begin(path, entry);
    const auto whole = snapshot_.with_all_parts(entry);
    archive_.begin(path, whole);
    HoleFiller filler(
        whole, [&](ByteView bytes) { archive_.write(bytes); },
        [&](std::uint64_t count) { archive_.write_zeros(count); });
    work_.look_at(path);
    std::uint64_t seen = 0;
    const auto show = [&] {
      work_.add_bytes(filler.place() - std::exchange(seen, filler.place()));
    };
    snapshot_.read(entry, [&](ByteView bytes) {
      go_on();
      filler.write(bytes);
      show();
      work_.look_at(path);
    });
    filler.finish();
    show();
    result_.bytes += filler.place();
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
    if (entry.type == FileType::file) {
      ++result_.files;
      work_.add_item();
    } else if (entry.type == FileType::directory)
      ++result_.directories;
    else
      ++result_.other;
  }

  SnapshotReader& snapshot_;
  const ExportRequest& request_;
  ArchiveWriter archive_;
  std::stop_token stop_;
  const HearLoss& hear_;
  WorkCounters& work_;
  // First names that the archive lacks → the name there under which their contents are.
  std::unordered_map<std::string, std::string> elsewhere_;
  ExportResult result_;
  bool found_ = false;
};

} // namespace

ExportResult export_snapshot(SnapshotReader& snapshot, const ExportRequest& request, Sink& out,
                             std::stop_token stop, const HearLoss& hear, WorkCounters* work) {
  WorkCounters unseen;
  return Export(snapshot, request, out, std::move(stop), hear, work != nullptr ? *work : unseen)
      .run();
}

} // namespace intendance::backupd
