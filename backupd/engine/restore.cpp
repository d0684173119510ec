// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/restore.hpp"

#include "backupd/engine/contents_pipeline.hpp"
#include "core/synchronized.hpp"

#include <algorithm>
#include <thread>
#include <unordered_map>

namespace intendance::backupd {

namespace {

class Restore {
public:
  Restore(SnapshotReader& snapshot, const RestoreRequest& request, std::stop_token stop,
          WorkCounters& work)
      : snapshot_(snapshot), request_(request), stop_(std::move(stop)), work_(work) {}

  RestoreResult run() {
    work_.begin(WorkPhase::restoring, request_.expected);
    if (!request_.dry_run) {
      target_ =
          std::make_unique<RestoreTarget>(request_.target, request_.options,
                                          [this](const auto& path, const auto& message, Loss loss) {
                                            problem(path, message, loss);
                                          });
      contents_ = std::make_unique<ContentsPipeline>(
          snapshot_.blocks(), work_,
          [this](const ContentsPipeline::Outcome& outcome) { file_done(outcome); });
    }
    snapshot_.for_each_record(
        request_.paths, [this](Entry&& entry) { put_back(entry); },
        [this](const std::string& first, const std::string& message) {
          problem("/" + first, "what follows it is lost: " + message, Loss::everything);
        });
    if (target_) {
      contents_->finish();
      contents_.reset();
      work_.begin(WorkPhase::syncing);
      target_->finish();
    }
    auto result = result_.copy();
    result.kept = target_ ? target_->kept() : 0;
    return result;
  }

private:
  void problem(const std::string& path, const std::string& message, Loss loss) {
    result_.with([&](RestoreResult& result) { result.problems.push_back({path, message, loss}); });
  }

  void file_done(const ContentsPipeline::Outcome& outcome) {
    result_.with([&](RestoreResult& result) {
      if (!outcome.problem.empty()) {
        result.problems.push_back({"/" + outcome.path, outcome.problem, Loss::everything});
        return;
      }
      ++result.files;
      result.bytes += outcome.bytes;
    });
  }

  void put_back(const Entry& entry) {
    if (stop_.stop_requested()) throw core::Cancelled("stopped as asked; run it again to go on");
    if (entry.type == FileType::more_extents) {
      if (in_file_) contents_->add(entry);
      return;
    }
    end_file();
    const auto path = without_leading_parts(entry.path, request_.strip);
    if (path.empty()) return;
    try {
      if (target_)
        make(path, entry);
      else
        count(entry);
    } catch (const core::Unanswered&) {
      throw;
    } catch (const core::Error& error) {
      problem("/" + path, error.what(), Loss::everything);
    }
  }

  void end_file() {
    if (in_file_) contents_->end();
    in_file_ = false;
  }

  void make(const std::string& path, const Entry& entry) {
    if (entry.type == FileType::directory) {
      target_->make_directory(path, entry);
      return count(entry);
    }
    if (!entry.hard_link.empty()) return make_further_name(path, entry);
    make_first_name(path, entry);
    if (entry.links > 1) made_[entry.path] = {path, entry.links - 1};
  }

  void make_first_name(const std::string& path, const Entry& entry) {
    if (entry.type != FileType::file) {
      target_->make_special(path, entry);
      return count(entry);
    }
    auto file = target_->begin_file(path, entry);
    if (!file) return count(entry); // what is there stays
    contents_->begin(std::move(file), entry);
    in_file_ = true;
  }

  // The first name may not be among what is restored; then the contents come back under this one.
  void make_further_name(const std::string& path, const Entry& entry) {
    contents_->flush(); // it may wait for the first
    const auto made = made_.find(entry.hard_link);
    if (made != made_.end() && target_->make_hard_link(path, entry, made->second.path)) {
      if (--made->second.to_come == 0) made_.erase(made);
      return count(entry);
    }
    const auto first = snapshot_.find(entry.hard_link);
    if (!first || !first->hard_link.empty()) {
      throw core::CorruptData("is a further name of /" + entry.hard_link +
                              ", which the snapshot lacks");
    }
    make_first_name(path, *first);
    if (in_file_ && first->continues) {
      snapshot_.for_each_record(PathFilter({first->path}), [&](Entry&& more) {
        if (more.path == first->path && more.type == FileType::more_extents) contents_->add(more);
      });
    }
    end_file();
    made_[entry.hard_link] = {path, first->links};
  }

  // Of a dry run, and of what is done at once.
  void count(const Entry& entry) {
    if (entry.type == FileType::file) {
      work_.add_item();
      work_.add_bytes(entry.hard_link.empty() ? entry.size : 0);
    }
    result_.with([&](RestoreResult& result) {
      if (entry.type == FileType::file) {
        ++result.files;
        result.bytes += target_ || !entry.hard_link.empty() ? 0 : entry.size;
      } else if (entry.type == FileType::directory) {
        ++result.directories;
      } else {
        ++result.other;
      }
    });
  }

  struct Made {
    std::string path;          // in the target
    std::uint64_t to_come = 0; // names, at most
  };

  SnapshotReader& snapshot_;
  const RestoreRequest& request_;
  std::stop_token stop_;
  WorkCounters& work_;
  core::Synchronized<RestoreResult> result_;
  std::unique_ptr<RestoreTarget> target_;      // none in a dry run
  std::unique_ptr<ContentsPipeline> contents_; // neither
  bool in_file_ = false;                       // more extents of it may come
  std::unordered_map<std::string, Made> made_; // files with further names, by the path of the first
};

} // namespace

bool RestoreResult::complete() const {
  return std::none_of(problems.begin(), problems.end(),
                      [](const auto& each) { return each.loss == Loss::everything; });
}

RestoreResult restore(SnapshotReader& snapshot, const RestoreRequest& request, std::stop_token stop,
                      WorkCounters* work) {
  WorkCounters unseen;
  return Restore(snapshot, request, std::move(stop), work != nullptr ? *work : unseen).run();
}

} // namespace intendance::backupd
