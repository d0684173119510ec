// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/file_recorder.hpp"

#include <algorithm>

namespace intendance::backupd {

FileRecorder::FileRecorder(ChunkWriter& chunks, const Chunker& chunker, ManifestWriter& manifest)
    : chunks_(chunks), manifest_(manifest),
      cutter_(chunker, [this](ByteView bytes) { chunk(bytes); }) {}

void FileRecorder::begin(Entry entry) {
  entry_ = std::move(entry);
  data_ = std::move(entry_.data);
  entry_.data.clear();
  homes_.clear();
  recorded_ = endless_ = false;
  sparse_ = !data_.empty();
  announced_ = data_.empty() ? entry_.size : 0;
  for (const auto& range : data_) announced_ += range.length;
}

void FileRecorder::begin_stream(Entry entry) {
  begin(std::move(entry));
  endless_ = true;
}

void FileRecorder::chunk(ByteView bytes) {
  if (entry_.extents.size() == most_extents) record(false);
  const auto written = chunks_.put(ChunkKind::contents, bytes);
  entry_.extents.push_back({written.id, static_cast<std::uint32_t>(bytes.size())});
  homes_.push_back(written.home);
}

void FileRecorder::record(bool last) {
  const auto count = std::min(data_.size(), most_extents);
  entry_.data.assign(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(count));
  data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(count));
  entry_.continues = !last || !data_.empty();
  manifest_.add(entry_, homes_);
  recorded_ = true;
  Entry more;
  more.path = std::move(entry_.path);
  more.type = FileType::more_extents;
  entry_ = std::move(more);
  homes_.clear();
}

void FileRecorder::fill_with_zeros() {
  const Buffer zeros(std::size_t{1} << 16);
  while (cutter_.total() < announced_) {
    cutter_.add(
        ByteView(zeros).first(std::min<std::uint64_t>(zeros.size(), announced_ - cutter_.total())));
  }
}

void FileRecorder::finish() {
  if (recorded_ && sparse_) fill_with_zeros();
  const auto total = cutter_.finish();
  if (endless_ || total < announced_) {
    entry_.size = total;
    data_.clear();
  }
  do {
    record(true);
  } while (!data_.empty());
}

bool FileRecorder::abandon() {
  if (!recorded_) {
    cutter_.discard();
    return false;
  }
  finish();
  return true;
}

} // namespace intendance::backupd
