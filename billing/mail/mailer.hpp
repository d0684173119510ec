// SPDX-License-Identifier: AGPL-3.0-or-later
// Mails each month's report when it is due, in the background.
#pragma once

#include "billing/config.hpp"
#include "core/synchronized.hpp"

#include <filesystem>
#include <thread>

namespace intendance::billing {

// Looks every minute; a mail that no server takes is tried again, after an hour at most. What was
// sent is remembered in `state`/report-mail.json, so that no restart sends it twice.
class Mailer {
public:
  struct Status {
    std::optional<core::TimePoint> last_success; // since the daemon started or before
    int failures = 0;                            // since the last success
  };

  // `config.mail` must be there.
  Mailer(BillingConfig config, std::filesystem::path state, core::Clock& clock);
  Mailer(const Mailer&) = delete;
  Mailer& operator=(const Mailer&) = delete;
  Status status() const { return status_.copy(); }

private:
  void run(const std::stop_token& stop);
  void send_due(const std::stop_token& stop);

  const BillingConfig config_;
  const std::filesystem::path memory_file_;
  core::Clock& clock_;
  core::Synchronized<Status> status_;
  std::jthread thread_; // last: stops and joins before what it uses goes away
};

} // namespace intendance::billing
