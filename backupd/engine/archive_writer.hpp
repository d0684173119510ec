// SPDX-License-Identifier: AGPL-3.0-or-later
// The only includer of archive.h and archive_entry.h: tar and zip as others read them.
#pragma once

#include "backupd/repository/manifest.hpp"
#include "backupd/repository/sink.hpp"

#include <memory>
#include <string>
#include <vector>

namespace intendance::backupd {

enum class ArchiveFormat { tar, zip };

// What an archive does not keep of an entry.
struct ArchiveLoss {
  enum class Kind { left_out, hard_link, holes, attribute, access_list, name, time, second };
  Kind kind = Kind::left_out;
  std::string message;
};

// "left out", "hard link", … for a summary.
std::string_view name_of(ArchiveLoss::Kind kind);

// Of `entry`, whose name in the archive is `path`. Nothing else but these is lost.
std::vector<ArchiveLoss> losses_of(ArchiveFormat format, const std::string& path,
                                   const Entry& entry);

// Writes one archive, entry by entry: tar is pax as GNU tar, bsdtar and Python's tarfile read it,
// zip has Info-ZIP's extra fields and zip64. Its memory grows with the number of entries for zip
// alone (its table of contents comes last). One thread at a time; after an exception it is of no
// more use.
class ArchiveWriter {
public:
  ArchiveWriter(ArchiveFormat format, Sink& out); // `out` must outlive it
  ~ArchiveWriter();                               // without finish(), the archive is cut
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  // `path` and `link` are names in the archive, relative. A non-empty `link` makes a tar's further
  // name of an entry that came before. An entry that losses_of leaves out is an Error.
  void begin(const std::string& path, const Entry& entry, const std::string& link = "");
  // What a file that was begun holds: its size in bytes and zeros altogether, in order.
  void write(ByteView bytes);
  void write_zeros(std::uint64_t count);
  // Ends the archive, and `out` with it.
  void finish();
  // Whether it was `out` that threw.
  bool output_failed() const;

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace intendance::backupd
