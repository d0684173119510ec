// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/snapshot_reader.hpp"

#include <algorithm>

namespace intendance::backupd {

namespace {

constexpr std::size_t most_kept_bytes = std::size_t{16} << 20;

bool is_beneath(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

} // namespace

PathFilter::PathFilter(const std::vector<std::string>& trees) {
  for (auto tree : trees) {
    while (tree.starts_with('/')) tree.erase(0, 1);
    while (tree.ends_with('/')) tree.pop_back();
    if (tree.empty() && trees.size() == 1) return; // "/": everything
    if (tree.empty()) throw core::ConfigError("an empty path cannot be looked for");
    trees_.push_back(tree);
  }
}

bool PathFilter::is_within(const std::string& path) const {
  return trees_.empty() || std::any_of(trees_.begin(), trees_.end(), [&](const auto& tree) {
           return path == tree || is_beneath(path, tree);
         });
}

bool PathFilter::matches(const std::string& path) const {
  return is_within(path) || std::any_of(trees_.begin(), trees_.end(),
                                        [&](const auto& tree) { return is_beneath(tree, path); });
}

bool PathFilter::may_match(const std::string& first, const std::string* next) const {
  if (trees_.empty()) return true;
  const auto before_next = [&](std::string_view path) {
    return next == nullptr || compare_paths(path, *next) < 0;
  };
  for (const auto& tree : trees_) {
    // The tree itself and what is beneath: they end where `first` is past it and not beneath it.
    const bool past = compare_paths(first, tree) > 0 && !is_beneath(first, tree);
    if (!past && before_next(tree)) return true;
    // A folder that leads to it stands in the range.
    for (auto end = tree.find('/'); end != std::string::npos; end = tree.find('/', end + 1)) {
      const auto parent = std::string_view(tree).substr(0, end);
      if (compare_paths(first, parent) <= 0 && before_next(parent)) return true;
    }
  }
  return false;
}

ChunkCache::ChunkCache(const Repository& repository, const ChunkIndex& index)
    : repository_(repository), index_(index) {}

ByteView ChunkCache::get(const ChunkId& id) {
  const auto found =
      std::find_if(kept_.begin(), kept_.end(), [&](const auto& each) { return each.first == id; });
  if (found != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, found);
    return kept_.front().second;
  }
  auto chunk = repository_.read_chunk(index_, id);
  kept_bytes_ += chunk.size();
  kept_.emplace_front(id, std::move(chunk));
  while (kept_bytes_ > most_kept_bytes && kept_.size() > 1) {
    kept_bytes_ -= kept_.back().second.size();
    kept_.pop_back();
  }
  return kept_.front().second;
}

SnapshotReader::SnapshotReader(const Repository& repository, const ChunkIndex& index,
                               const Snapshot& snapshot)
    : repository_(repository), index_(index), name_(snapshot.name),
      body_(repository.body(snapshot)), chunks_(repository, index) {}

void SnapshotReader::for_each(const PathFilter& filter,
                              const std::function<void(const Entry&)>& visit) {
  for (std::size_t each = 0; each < body_.pages.size(); ++each) {
    const auto* next = each + 1 < body_.pages.size() ? &body_.pages[each + 1].first : nullptr;
    if (!filter.may_match(body_.pages[each].first, next)) continue;
    const auto entries = core::with_context(
        snapshot_object_name(name_) + ", its list of files from /" + body_.pages[each].first +
            " on",
        [&] { return decode_page(repository_.read_chunk(index_, body_.pages[each].chunk)); });
    for (const auto& entry : entries) {
      if (filter.matches(entry.path)) visit(entry);
    }
  }
}

std::optional<Entry> SnapshotReader::find(const std::string& path) {
  std::optional<Entry> found;
  const PathFilter filter({path});
  for_each(filter, [&](const Entry& entry) {
    if (!filter.trees().empty() && entry.path == filter.trees().front()) found = entry;
  });
  return found;
}

void SnapshotReader::read(const Entry& entry, const std::function<void(ByteView)>& sink) {
  for (const auto& extent : entry.extents) {
    const auto chunk = chunks_.get(extent.chunk);
    if (extent.offset > chunk.size() || extent.length > chunk.size() - extent.offset) {
      throw core::CorruptData("chunk " + core::to_hex(extent.chunk) +
                              " is shorter than its file says");
    }
    sink(chunk.subspan(extent.offset, extent.length));
  }
}

} // namespace intendance::backupd
