// SPDX-License-Identifier: AGPL-3.0-or-later
// What is left of a snapshot whose manifest or contents lost something.
#pragma once

#include "backupd/engine/lost_chunks.hpp"
#include "backupd/repository/block_reader.hpp"
#include "backupd/repository/manifest.hpp"

#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::backupd {

// A part of a manifest that cannot be read.
struct ManifestGap {
  std::string first; // path of its first record; empty when that is lost too
  std::string message;
};

// The pages that can be read, in order, and the gaps between them. Throws TransientError,
// AccessDenied: what cannot be read now is not lost.
void for_each_surviving_page(BlockReader& blocks, const SnapshotBody& body,
                             const std::function<void(std::vector<Entry>&&)>& page,
                             const std::function<void(const ManifestGap&)>& gap);

struct SnapshotLosses {
  std::vector<SnapshotWarning> named; // each lost file and each gap, in the order of paths
  std::set<std::string> left_out;     // paths whose records cannot be kept
  bool references = false;            // lists of what it needs; costs no file
  bool any() const { return references || !named.empty(); }
};

// What a survey needs to know of a record.
struct SurveyedRecord {
  std::string path, hard_link;
  bool more_extents = false;
  bool continues = false;
  bool first_of_several = false; // names
  bool hit = false;              // some of its contents are lost
  // Whether it makes a difference to others than itself, or is lost.
  bool matters() const {
    return more_extents || continues || first_of_several || hit || !hard_link.empty();
  }
};
SurveyedRecord surveyed(const Entry& entry, const LostChunks& lost);

// Which files of a manifest are lost, with those that hang on others: further names, and records of
// more extents. Takes the records in order, all or just those that matter, and the gaps.
class SnapshotSurvey {
public:
  void take(const SurveyedRecord& record);
  void take(const ManifestGap& gap);
  SnapshotLosses finish(); // nothing can be taken after

private:
  void end_file();
  void close_gap(const std::string& end);
  void leave_out(const std::string& path, const std::string& message);

  SnapshotLosses losses_;
  std::set<std::string> first_names_; // of files with several, as far as they are whole
  std::string open_;                  // the file whose next record is to come
  std::string last_;
  std::optional<SnapshotWarning> gap_;
  std::string gap_problem_;
};

// Reads the whole manifest, no contents. Throws as above, and Cancelled.
SnapshotLosses survey(BlockReader& blocks, const LostChunks& lost, const Snapshot& snapshot,
                      const SnapshotBody& body, std::stop_token stop);

} // namespace intendance::backupd
