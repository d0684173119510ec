// SPDX-License-Identifier: AGPL-3.0-or-later
// Snapshots: signed objects, each the commit point of one backup.
#pragma once

#include "backupd/repository/block.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::backupd {

using SnapshotName = core::Digest;

// What a maintainer sees too.
struct SnapshotHeader {
  std::string machine, job;
  core::TimePoint started, finished;
  std::uint64_t sequence = 0;           // 1, 2, … of this writer
  std::optional<SnapshotName> previous; // of this writer
  std::uint32_t trust_version = 0;
  std::uint64_t files = 0, directories = 0, other = 0;
  std::uint64_t bytes = 0;        // of all files
  std::uint64_t new_bytes = 0;    // of chunks that were not stored before
  std::uint64_t stored_bytes = 0; // of packs that were written
  std::uint64_t warnings = 0;
  std::vector<ChunkId> references; // the reference roots
};

struct SnapshotWarning {
  std::string path, message;
};

// What only readers see.
struct SnapshotBody {
  std::vector<std::string> roots;
  std::vector<ChunkId> page_lists;
  std::vector<SnapshotWarning> warnings;
};

struct Snapshot {
  SnapshotName name{};
  core::PublicKey writer{};
  SnapshotHeader header;
};

std::string snapshot_object_name(const SnapshotName& name); // "snapshots/…"

Buffer encode_snapshot(const SnapshotHeader& header, const SnapshotBody& body,
                       const WriteSession& session, const SharedSecrets& secrets,
                       const WriterKey& writer, const RepositoryId& repository);

// Checks name, signature and that the owner trusts the writer. Throws CorruptData or AccessDenied.
Snapshot decode_snapshot(const SnapshotName& name, ByteView object, const TrustDocument& trust,
                         const SharedSecrets& secrets);
// Of an object that decode_snapshot() accepted; needs a reader's secrets.
SnapshotBody decode_snapshot_body(ByteView object, const TrustDocument& trust,
                                  const SharedSecrets& reader);

} // namespace intendance::backupd
