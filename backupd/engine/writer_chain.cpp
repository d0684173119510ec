// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/writer_chain.hpp"

#include "core/log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <sstream>

namespace intendance::backupd {

namespace {

// No machine gets there in a thousand years, at a snapshot a millisecond. Beyond is what somebody
// made who wants the numbers to end.
constexpr std::uint64_t last_number = std::uint64_t{1} << 48;

} // namespace

WriterChain::WriterChain(const std::filesystem::path& state, const Repository& repository)
    : repository_(repository) {
  const auto folder = state / "chains";
  core::make_folders(folder);
  file_ = folder / core::to_hex(repository.trust().repository);
  lock_ = core::open_file(file_.string() + ".lock", O_RDWR | O_CREAT, 0600);
  while (::flock(lock_.get(), LOCK_EX) != 0) {
    if (errno != EINTR) core::throw_errno("cannot lock " + file_.string());
  }
}

WriterChain::Head WriterChain::remembered() const {
  if (!std::filesystem::exists(file_)) return {};
  try {
    std::istringstream text(core::read_file(file_, 1000));
    Head head;
    std::string name;
    text >> head.sequence >> name;
    head.snapshot = core::to_array<32>(core::from_hex(name));
    if (head.sequence >= last_number) throw core::CorruptData("has a number that cannot be");
    return head;
  } catch (const core::CorruptData& error) {
    core::log::warning("head of the chain of snapshots cannot be read, taking the store's",
                       {{"file", file_.string()}, {"reason", error.what()}});
    return {};
  }
}

void WriterChain::join(SnapshotHeader& header, std::vector<Finding>& findings) const {
  Head head;
  const auto writer = repository_.writer().public_key();
  for (const auto& snapshot : repository_.snapshots(findings)) {
    if (snapshot.writer != writer || snapshot.header.sequence < head.sequence) continue;
    if (snapshot.header.sequence >= last_number) {
      findings.push_back({snapshot_object_name(snapshot.name),
                          fmt::format("is number {} of this writer, which it cannot have come to: "
                                      "somebody else holds writer.key, or a program failed; the "
                                      "chain goes on from the one before it",
                                      snapshot.header.sequence)});
      continue;
    }
    head = {snapshot.header.sequence, snapshot.name};
  }
  if (const auto own = remembered(); own.sequence > head.sequence) {
    findings.push_back(
        {snapshot_object_name(*own.snapshot),
         fmt::format("is gone: this machine's newest snapshot was number {}, the store's is {}",
                     own.sequence, head.sequence)});
    head = own;
  }
  header.sequence = head.sequence + 1;
  header.previous = head.snapshot;
}

void WriterChain::remember(std::uint64_t sequence, const SnapshotName& snapshot) const {
  core::write_file_atomically(file_, fmt::format("{} {}\n", sequence, core::to_hex(snapshot)),
                              0600);
}

} // namespace intendance::backupd
