// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/index_rewriter.hpp"

#include "core/sha256.hpp"

namespace intendance::backupd {

namespace {

constexpr std::size_t full_index = 200'000; // chunks: some 4 MiB

} // namespace

void IndexRewriter::add(PackInfo&& pack) {
  if (!added_.insert(pack.name).second) return;
  chunks_ += pack.directory.chunks.size();
  packs_.push_back(std::move(pack));
  if (chunks_ >= full_index) store();
}

void IndexRewriter::replace(const storage::ObjectInfo& index, const std::set<PackName>& without) {
  const auto object = repository_.store().get(index.name, longest_index);
  if (!object) return; // another prune was here
  decode_index(*object, repository_.secrets(), [&](PackInfo&& pack) {
    if (without.contains(pack.name)) return;
    auto own = describe_ ? describe_(pack.name) : std::nullopt;
    add(own ? std::move(*own) : std::move(pack));
  });
  replaced_.push_back(index.name);
}

void IndexRewriter::store() {
  if (packs_.empty()) return;
  const auto object = encode_index(packs_, repository_.secrets());
  repository_.store().put(index_object_name(core::sha256(object)), ByteView(object));
  packs_.clear();
  chunks_ = 0;
}

void IndexRewriter::finish() {
  store();
  repository_.store().remove_all(replaced_);
  replaced_.clear();
  added_.clear();
}

} // namespace intendance::backupd
