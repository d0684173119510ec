// SPDX-License-Identifier: AGPL-3.0-or-later
// Adds as many snapshots as wanted to a repository, one an hour, each real, signed and sealed, and
// each of nothing.
//
// simulate_snapshots REPOSITORY_URL KEYS_DIRECTORY CREDENTIALS_FILE COUNT
#include "backupd/engine/bounded_queue.hpp"
#include "backupd/repository/repository.hpp"
#include "storage/open_store.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <thread>

namespace {

using namespace intendance;
using namespace intendance::backupd;

constexpr unsigned connections = 8;
constexpr std::uint64_t first_sequence = 1'000'000; // behind whatever was backed up before

Buffer snapshot(const Repository& repository, std::uint64_t number) {
  SnapshotHeader header;
  header.machine = repository.trust().writer(repository.writer().public_key())->name;
  header.job = "simulated";
  header.started = core::system_clock().now() - std::chrono::hours(number);
  header.finished = header.started + std::chrono::minutes(1);
  header.sequence = first_sequence + number;
  header.trust_version = repository.trust().version;
  return encode_snapshot(header, {}, begin_session(repository.trust()), repository.secrets(),
                         repository.writer(), repository.trust().repository);
}

void add_snapshots(const Repository& repository, std::uint64_t count) {
  BoundedQueue<Buffer> objects(2 * connections);
  std::vector<std::jthread> threads;
  for (unsigned each = 0; each < connections; ++each) {
    threads.emplace_back([&] {
      try {
        while (const auto object = objects.pop())
          repository.store().put(snapshot_object_name(core::sha256(*object)), *object);
      } catch (...) { // the boundary of a thread
        objects.fail(std::current_exception());
      }
    });
  }
  for (std::uint64_t number = 0; number < count; ++number)
    objects.push(snapshot(repository, number));
  objects.close();
  threads.clear();
  objects.try_pop(); // throws what a thread failed of
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: simulate_snapshots REPOSITORY_URL KEYS_DIRECTORY CREDENTIALS_FILE "
                       "COUNT\n");
    return 2;
  }
  try {
    const core::TemporaryDirectory memory;
    const auto repository = Repository::open(storage::open_store(argv[1], {argv[3]}),
                                             KeyFolder(argv[2]), {Role::writer}, memory.path());
    add_snapshots(repository, std::stoull(argv[4]));
    return 0;
  } catch (const std::exception& error) { // the boundary of the program
    fmt::print(stderr, "simulate_snapshots: {}\n", error.what());
    return 1;
  }
}
