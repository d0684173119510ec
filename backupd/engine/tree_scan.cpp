// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/tree_scan.hpp"

#include <algorithm>

namespace intendance::backupd {

namespace {

constexpr std::size_t most_batches = 4;
constexpr std::size_t full_batch = 64;
constexpr std::size_t most_open = 16; // of a batch: descriptors are few
// Paths may be long, and attributes large; a batch ends when those in it are so many bytes
// together.
constexpr std::size_t full_batch_bytes = std::size_t{256} << 10;
// A file that changed within the clock's grain before the last backup began may have changed again
// after it was read, at the same time stamp.
constexpr std::int64_t grain_seconds = 2;

std::size_t bytes_of(const Scanned& found) {
  const auto& entry = found.entry;
  auto bytes = entry.path.size() + entry.hard_link.size() + entry.link_target.size() +
               found.warning.size() + entry.extents.size() * sizeof(Extent) +
               entry.data.size() * sizeof(DataRange);
  for (const auto& each : entry.attributes) bytes += each.name.size() + each.value.size();
  return bytes;
}

} // namespace

TreeScan::TreeScan(const WalkOptions& options, PreviousManifest& previous, std::stop_token stop)
    : previous_(previous), also_(std::move(stop), [this] { gone_.request_stop(); }),
      walker_(
          options, [this](Entry& entry) { return recognise(entry); },
          [this](Found&& found) { visit(std::move(found)); },
          [this](const std::string& path, const std::string& message) {
            Scanned warned;
            warned.entry.path = path;
            warned.warning = message;
            add(std::move(warned));
          },
          gone_.get_token()) {}

TreeScan::~TreeScan() {
  gone_.request_stop();
  if (queue_) queue_->fail(std::make_exception_ptr(core::Cancelled("stopped as asked")));
}

void TreeScan::begin(const std::filesystem::path& root) {
  if (thread_.joinable()) thread_.join();
  queue_ = std::make_unique<BoundedQueue<Batch>>(most_batches);
  thread_ = std::jthread([this, root] { walk(root); });
}

void TreeScan::walk(const std::filesystem::path& root) {
  try {
    walker_.walk(root);
    hand_over();
    queue_->close();
  } catch (...) { // the boundary of the thread
    queue_->fail(std::current_exception());
  }
}

// Takes over what the last backup knew when nothing says that the file changed since.
bool TreeScan::recognise(Entry& entry) {
  auto* known = previous_.find(entry.path);
  known_ = previous_.has(entry.path);
  if (known == nullptr || !known->entry.identity || !entry.identity) return false;
  const auto& before = known->entry;
  if (before.type != entry.type || before.hard_link != entry.hard_link ||
      before.size != entry.size || before.modified != entry.modified ||
      before.identity->inode != entry.identity->inode ||
      before.identity->changed != entry.identity->changed ||
      before.identity->changed.seconds >= previous_.started().seconds - grain_seconds) {
    return false;
  }
  std::swap(entry, known->entry);
  // Those of today, whatever they were called then.
  std::swap(entry.user, known->entry.user);
  std::swap(entry.group, known->entry.group);
  std::swap(entry.identity, known->entry.identity);
  recognised_packs_ = std::move(known->packs);
  return true;
}

void TreeScan::visit(Found&& found) {
  Scanned scanned{std::move(found.entry), std::move(found.contents), {}, known_, {}};
  known_ = false;
  if (found.recognised) scanned.packs = std::move(recognised_packs_);
  const bool more = found.recognised && scanned.entry.continues;
  add(std::move(scanned));
  if (more) add_more_extents();
}

void TreeScan::add(Scanned&& found) {
  if (found.contents) ++batch_open_;
  batch_bytes_ += bytes_of(found);
  batch_.push_back(std::move(found));
  if (batch_.size() >= full_batch || batch_open_ >= most_open || batch_bytes_ >= full_batch_bytes)
    hand_over();
}

void TreeScan::add_more_extents() {
  for (bool more = true; more;) {
    auto* next = previous_.find_more();
    Scanned part;
    part.entry = next->entry;
    part.packs = next->packs;
    more = part.entry.continues;
    add(std::move(part));
  }
}

void TreeScan::hand_over() {
  if (batch_.empty()) return;
  queue_->push(std::move(batch_));
  batch_.clear();
  batch_open_ = 0;
  batch_bytes_ = 0;
}

std::optional<Scanned> TreeScan::next() {
  if (taken_at_ == taken_.size()) {
    auto batch = queue_->pop();
    if (!batch) return std::nullopt;
    taken_ = std::move(*batch);
    taken_at_ = 0;
  }
  return std::move(taken_[taken_at_++]);
}

} // namespace intendance::backupd
