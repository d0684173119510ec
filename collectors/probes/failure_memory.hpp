// SPDX-License-Identifier: AGPL-3.0-or-later
// The last failures of each service, with their times, across restarts: one small file a service in
// the state folder. The daemon writes it, `intendance probe` reads it.
#pragma once

#include "collectors/probes/probe.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>

namespace intendance::collectors {

// One check's failure, for as long as it stayed the same. The names are text: what a later version
// wrote can be shown too.
struct RememberedFailure {
  std::string check, phase, reason;
  std::string detail; // the newest
  core::TimePoint first{}, last{};
  std::uint64_t times = 1; // probes
  bool is_over = true;     // not remembered: whatever went on at a restart begins anew
};

using Failures = std::vector<RememberedFailure>; // the newest last
inline constexpr std::size_t most_remembered_failures = 32;

// With one more probe: a check that goes on failing the same way lengthens its entry, any other
// failure adds one, and the oldest beyond 32 are forgotten.
enum class Change { none, longer, news }; // news: an entry began or ended
Change remember(Failures& failures, const ProbeOutcome& outcome);

nlohmann::ordered_json failures_json(const Failures& failures);
std::string write_failures(const Failures& failures);
Failures read_failures(std::string_view text); // throws CorruptData

class FailureFolder {
public:
  FailureFolder() = default; // remembers nothing
  explicit FailureFolder(const std::filesystem::path& state_folder);

  // None when there is no file. Throws CorruptData for a damaged one, Error or AccessDenied for one
  // that cannot be read.
  Failures load(const std::string& service) const;
  void store(const std::string& service, const Failures& failures) const; // throws Error

private:
  std::filesystem::path file_of(const std::string& service) const;
  std::filesystem::path folder_;
};

// What one thread remembers of one service. What cannot be read or written is said once in the log,
// and is no reason not to probe.
class FailureMemory {
public:
  FailureMemory(FailureFolder folder, std::string service);
  ~FailureMemory(); // writes what was not written yet

  void add(const ProbeOutcome& outcome);
  std::shared_ptr<const Failures> failures() const { return failures_; }

private:
  void store(core::TimePoint now) noexcept;
  FailureFolder folder_;
  std::string service_;
  std::shared_ptr<const Failures> failures_ = std::make_shared<Failures>();
  core::TimePoint stored_{};
  bool is_stored_ = true;
  bool is_said_ = false;
};

} // namespace intendance::collectors
