// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/restore.hpp"

#include <algorithm>
#include <unordered_map>

namespace intendance::backupd {

namespace {

// Spreads contents that come in order over the parts of a sparse file that are not holes.
class RangeWriter {
public:
  RangeWriter(FileWriter& file, const Entry& entry)
      : file_(file),
        ranges_(entry.data.empty() ? std::vector<DataRange>{{0, entry.size}} : entry.data) {}

  void write(ByteView bytes) {
    while (!bytes.empty() && range_ < ranges_.size()) {
      const auto& range = ranges_[range_];
      const auto part = bytes.first(std::min<std::uint64_t>(bytes.size(), range.length - done_));
      file_.write(part, range.offset + done_);
      bytes = bytes.subspan(part.size());
      done_ += part.size();
      if (done_ == range.length) {
        ++range_;
        done_ = 0;
      }
    }
  }

private:
  FileWriter& file_;
  std::vector<DataRange> ranges_;
  std::size_t range_ = 0;
  std::uint64_t done_ = 0;
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

class Restore {
public:
  Restore(SnapshotReader& snapshot, const RestoreRequest& request, std::stop_token stop,
          const std::function<void(const RestoreResult&)>& progress)
      : snapshot_(snapshot), request_(request), stop_(std::move(stop)), progress_(progress) {}

  RestoreResult run() {
    if (!request_.dry_run) {
      target_ =
          std::make_unique<RestoreTarget>(request_.target, request_.options,
                                          [this](const auto& path, const auto& message, Loss loss) {
                                            result_.problems.push_back({path, message, loss});
                                          });
    }
    snapshot_.for_each(request_.paths, [this](const Entry& entry) { put_back(entry); });
    if (target_) {
      target_->finish();
      result_.kept = target_->kept();
    }
    return std::move(result_);
  }

private:
  void put_back(const Entry& entry) {
    if (stop_.stop_requested()) throw core::Cancelled("stopped as asked; run it again to go on");
    const auto path = stripped(entry.path, request_.strip);
    if (path.empty()) return;
    try {
      if (target_) make(path, entry);
      count(entry);
    } catch (const core::Cancelled&) {
      throw;
    } catch (const core::TransientError&) {
      throw;
    } catch (const core::Error& error) {
      result_.problems.push_back({"/" + path, error.what(), Loss::everything});
    }
    if (progress_) progress_(result_);
  }

  void make(const std::string& path, const Entry& entry) {
    if (entry.type == FileType::directory) return target_->make_directory(path, entry);
    if (!entry.hard_link.empty()) return make_further_name(path, entry);
    if (entry.type != FileType::file) {
      target_->make_special(path, entry);
    } else {
      make_file(path, entry);
    }
    made_.emplace(entry.path, path);
  }

  void make_file(const std::string& path, const Entry& entry) {
    const auto file = target_->begin_file(path, entry);
    if (!file) return;
    RangeWriter writer(*file, entry);
    snapshot_.read(entry, [&](ByteView bytes) { writer.write(bytes); });
    file->commit();
    result_.bytes += entry.size;
  }

  // The first name may not be among what is restored; then the contents come back under this one.
  void make_further_name(const std::string& path, const Entry& entry) {
    const auto made = made_.find(entry.hard_link);
    if (made != made_.end() && target_->make_hard_link(path, entry, made->second)) return;
    const auto first = snapshot_.find(entry.hard_link);
    if (!first || !first->hard_link.empty()) {
      throw core::CorruptData("is a further name of /" + entry.hard_link +
                              ", which the snapshot lacks");
    }
    if (first->type == FileType::file)
      make_file(path, *first);
    else
      target_->make_special(path, *first);
    made_.insert_or_assign(entry.hard_link, path);
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
  const RestoreRequest& request_;
  std::stop_token stop_;
  const std::function<void(const RestoreResult&)>& progress_;
  std::unique_ptr<RestoreTarget> target_;             // none in a dry run
  std::unordered_map<std::string, std::string> made_; // path in the snapshot → path in the target
  RestoreResult result_;
};

} // namespace

bool RestoreResult::complete() const {
  return std::none_of(problems.begin(), problems.end(),
                      [](const auto& each) { return each.loss == Loss::everything; });
}

RestoreResult restore(SnapshotReader& snapshot, const RestoreRequest& request, std::stop_token stop,
                      const std::function<void(const RestoreResult&)>& progress) {
  return Restore(snapshot, request, std::move(stop), progress).run();
}

} // namespace intendance::backupd
