// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/snapshot_survey.hpp"

#include <algorithm>
#include <optional>

namespace intendance::backupd {

namespace {

// What `read` returns, or what was wrong: damage, or a store that fails at just this object.
template <class Read>
auto unless_lost(std::string& problem, Read&& read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const core::Unanswered&) {
    throw;
  } catch (const core::AccessDenied&) {
    throw;
  } catch (const core::Error& error) {
    problem = error.what();
    return std::nullopt;
  }
}

bool references_are_lost(BlockReader& blocks, const Snapshot& snapshot) {
  std::string problem;
  const auto ids_of = [&](const ChunkId& id) {
    return unless_lost(problem,
                       [&] { return decode_references(blocks.read(ChunkKind::references, id)); });
  };
  for (const auto& root : snapshot.header.references) {
    const auto lists = ids_of(root);
    if (!lists || !std::all_of(lists->begin(), lists->end(),
                               [&](const ChunkId& list) { return ids_of(list).has_value(); }))
      return true;
  }
  return false;
}

} // namespace

void for_each_surviving_page(BlockReader& blocks, const SnapshotBody& body,
                             const std::function<void(std::vector<Entry>&&)>& page,
                             const std::function<void(const ManifestGap&)>& gap) {
  std::string problem;
  for (const auto& list : body.page_lists) {
    const auto pages = unless_lost(
        problem, [&] { return decode_page_list(blocks.read(ChunkKind::manifest, list)); });
    if (!pages) gap({"", problem});
    for (const auto& each : pages.value_or(std::vector<PageReference>())) {
      auto entries = unless_lost(
          problem, [&] { return decode_page(blocks.read(ChunkKind::manifest, each.chunk)); });
      if (entries)
        page(std::move(*entries));
      else
        gap({each.first, problem});
    }
  }
}

SurveyedRecord surveyed(const Entry& entry, const LostChunks& lost) {
  SurveyedRecord record{entry.path, entry.hard_link};
  record.more_extents = entry.type == FileType::more_extents;
  record.continues = entry.continues;
  record.first_of_several = entry.links > 1 && entry.hard_link.empty() && !record.more_extents;
  record.hit = std::any_of(entry.extents.begin(), entry.extents.end(),
                           [&](const Extent& each) { return lost.is_lost(each.chunk); });
  return record;
}

void SnapshotSurvey::take(const SurveyedRecord& record) {
  close_gap("/" + record.path);
  last_ = record.path;
  const bool goes_on = record.more_extents && record.path == open_;
  if (!goes_on) end_file();
  if (record.more_extents && !goes_on)
    leave_out(record.path, "the beginning of the list of its contents is lost");
  if (!record.hard_link.empty() && !first_names_.contains(record.hard_link))
    leave_out(record.path, "is a further name of /" + record.hard_link + ", which is lost");
  if (record.first_of_several) first_names_.insert(record.path);
  if (record.hit) leave_out(record.path, "a part of its contents is lost");
  open_ = record.continues ? record.path : "";
}

void SnapshotSurvey::take(const ManifestGap& gap) {
  end_file();
  if (gap_) return; // one of several in a row
  const bool known = !gap.first.empty();
  gap_ = SnapshotWarning{"/" + (known ? gap.first : last_),
                         std::string("the list of files is lost from ") +
                             (known ? "here" : "behind this") + " on, up to "};
  gap_problem_ = gap.message;
}

SnapshotLosses SnapshotSurvey::finish() {
  end_file();
  close_gap("its end");
  return std::move(losses_);
}

void SnapshotSurvey::end_file() {
  if (!open_.empty()) leave_out(open_, "the end of the list of its contents is lost");
  open_.clear();
}

void SnapshotSurvey::close_gap(const std::string& end) {
  if (!gap_) return;
  gap_->message += end + " (" + gap_problem_ + ")";
  losses_.named.push_back(std::move(*gap_));
  gap_.reset();
}

void SnapshotSurvey::leave_out(const std::string& path, const std::string& message) {
  first_names_.erase(path);
  if (losses_.left_out.insert(path).second) losses_.named.push_back({"/" + path, message});
}

SnapshotLosses survey(BlockReader& blocks, const LostChunks& lost, const Snapshot& snapshot,
                      const SnapshotBody& body, std::stop_token stop) {
  SnapshotSurvey survey;
  for_each_surviving_page(
      blocks, body,
      [&](std::vector<Entry>&& entries) {
        if (stop.stop_requested()) throw core::Cancelled("stopped as asked");
        for (const auto& entry : entries) survey.take(surveyed(entry, lost));
      },
      [&](const ManifestGap& gap) { survey.take(gap); });
  auto losses = survey.finish();
  losses.references = references_are_lost(blocks, snapshot);
  return losses;
}

} // namespace intendance::backupd
