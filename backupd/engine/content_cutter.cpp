// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/content_cutter.hpp"

#include <algorithm>
#include <cstring>

namespace intendance::backupd {

namespace {

constexpr std::size_t least_room = std::size_t{1} << 20;

} // namespace

ContentCutter::ContentCutter(const Chunker& chunker, Chunk chunk)
    : chunker_(chunker), chunk_(std::move(chunk)), buffer_(least_room + chunker.sizes().most) {}

std::span<std::uint8_t> ContentCutter::room() {
  if (buffer_.size() - end_ < least_room) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return std::span(buffer_).subspan(end_);
}

void ContentCutter::added(std::size_t count) {
  end_ += count;
  total_ += count;
  while (end_ - begin_ >= chunker_.sizes().most) cut();
}

void ContentCutter::add(ByteView bytes) {
  while (!bytes.empty()) {
    const auto into = room();
    const auto part = bytes.first(std::min(bytes.size(), into.size()));
    std::memcpy(into.data(), part.data(), part.size());
    added(part.size());
    bytes = bytes.subspan(part.size());
  }
}

std::uint64_t ContentCutter::finish() {
  while (begin_ < end_) cut();
  const auto total = total_;
  discard();
  return total;
}

void ContentCutter::discard() {
  begin_ = end_ = 0;
  total_ = 0;
}

void ContentCutter::cut() {
  const auto rest = ByteView(buffer_).subspan(begin_, end_ - begin_);
  const auto length = chunker_.cut(rest);
  chunk_(rest.first(length));
  begin_ += length;
}

} // namespace intendance::backupd
