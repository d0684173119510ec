// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/snapshot_reader.hpp"

namespace intendance::backupd {

SnapshotReader::SnapshotReader(const Repository& repository, ChunkIndex& index,
                               const Snapshot& snapshot)
    : name_(snapshot.name), body_(repository.body(snapshot)),
      blocks_(repository, index, Missing::look_again) {}

// One list at a time, because the first paths of pages may be long.
void SnapshotReader::for_each_page(const PathFilter& filter,
                                   const std::function<void(const PageReference&)>& visit,
                                   const Damaged& damaged) {
  std::optional<PageReference> held; // until it is known where the next begins
  const auto pass = [&](const std::string* next) {
    if (held && filter.may_match(held->first, next)) visit(*held);
  };
  for (const auto& list : body_.page_lists) {
    std::vector<PageReference> pages;
    try {
      pages = core::with_context(snapshot_object_name(name_) + ", its list of pages", [&] {
        return decode_page_list(blocks_.read(ChunkKind::manifest, list));
      });
    } catch (const core::CorruptData& error) {
      if (!damaged) throw;
      pass(nullptr);
      damaged(held ? held->first : "", error.what());
      held.reset();
    }
    for (auto& page : pages) {
      pass(&page.first);
      held = std::move(page);
    }
  }
  pass(nullptr);
}

std::vector<PageReference> SnapshotReader::pages(const PathFilter& filter) {
  std::vector<PageReference> all;
  for_each_page(filter, [&](const PageReference& page) { all.push_back(page); });
  return all;
}

std::vector<Entry> SnapshotReader::read_page(const PageReference& page) {
  return core::with_context(
      snapshot_object_name(name_) + ", its list of files from /" + page.first + " on",
      [&] { return decode_page(blocks_.read(ChunkKind::manifest, page.chunk)); });
}

void SnapshotReader::for_each_record(const PathFilter& filter,
                                     const std::function<void(Entry&&)>& visit,
                                     const Damaged& damaged) {
  const auto visit_page = [&](const PageReference& page) {
    std::vector<Entry> entries;
    try {
      entries = read_page(page);
    } catch (const core::CorruptData& error) {
      if (!damaged) throw;
      damaged(page.first, error.what());
    }
    for (auto& entry : entries) {
      if (filter.matches(entry.path)) visit(std::move(entry));
    }
  };
  for_each_page(filter, visit_page, damaged);
}

void SnapshotReader::for_each(const PathFilter& filter,
                              const std::function<void(const Entry&)>& visit,
                              const Damaged& damaged) {
  for_each_record(
      filter,
      [&](Entry&& entry) {
        if (entry.type != FileType::more_extents) visit(entry);
      },
      damaged);
}

std::optional<Entry> SnapshotReader::find(const std::string& path) {
  std::optional<Entry> found;
  const PathFilter filter({path});
  for_each(filter, [&](const Entry& entry) {
    if (!filter.trees().empty() && entry.path == filter.trees().front()) found = entry;
  });
  return found;
}

Entry SnapshotReader::with_all_parts(const Entry& entry) {
  auto whole = entry;
  if (!entry.continues) return whole;
  for_each_record(PathFilter({entry.path}), [&](Entry&& more) {
    if (more.path != entry.path || more.type != FileType::more_extents) return;
    if (more.size != 0) whole.size = more.size;
    whole.data.insert(whole.data.end(), more.data.begin(), more.data.end());
  });
  return whole;
}

void SnapshotReader::read_extents(const Entry& entry, const std::function<void(ByteView)>& sink) {
  for (const auto& extent : entry.extents) {
    const auto chunk = blocks_.read(ChunkKind::contents, extent.chunk);
    if (chunk.size() != extent.length) {
      throw core::CorruptData("chunk " + core::to_hex(extent.chunk) +
                              " has another length than its file says");
    }
    sink(chunk);
  }
}

void SnapshotReader::read(const Entry& entry, const std::function<void(ByteView)>& sink) {
  ContentsCheck check;
  check.add(entry);
  read_extents(entry, sink);
  if (!entry.continues) return;
  bool whole = false;
  for_each_record(PathFilter({entry.path}), [&](Entry&& more) {
    if (more.path != entry.path || more.type != FileType::more_extents) return;
    check.add(more);
    read_extents(more, sink);
    whole = !more.continues;
  });
  if (!whole) throw core::CorruptData("ends before its last record");
}

} // namespace intendance::backupd
