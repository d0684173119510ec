// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/content_cutter.hpp"
#include "backupd/engine/manifest_writer.hpp"

#include <vector>

namespace intendance::backupd {

// Writes the records of one file after another while their contents come, so that a file of any
// size needs little memory: what does not fit into one record goes into further ones.
class FileRecorder {
public:
  // Both must outlive it.
  FileRecorder(ChunkWriter& chunks, const Chunker& chunker, ManifestWriter& manifest);

  // The entry of the file, with entry.data for one with holes; then its contents, into contents().
  void begin(Entry entry);
  // The same for contents of unknown length; what comes is the file's size.
  void begin_stream(Entry entry);
  ContentCutter& contents() { return cutter_; }
  // Of all that is not a hole, bytes, as the entry announces it.
  std::uint64_t announced() const { return announced_; }
  // Less may have come than was announced: then the file is as long as what came, or, where its
  // holes are recorded already, what is missing becomes zeros.
  void finish();
  // Ends a file that cannot be read to its end: what has been recorded of a large one stays, as
  // long as what came; of others nothing. Whether anything stays.
  bool abandon();

private:
  void chunk(ByteView bytes);
  void record(bool last);
  void fill_with_zeros();

  ChunkWriter& chunks_;
  ManifestWriter& manifest_;
  ContentCutter cutter_;
  Entry entry_;
  std::vector<DataRange> data_; // those that are not recorded yet
  std::vector<ChunkHome> homes_;
  std::uint64_t announced_ = 0;
  bool sparse_ = false, endless_ = false, recorded_ = false;
};

} // namespace intendance::backupd
