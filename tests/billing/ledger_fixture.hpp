// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "billing/ledger/chain.hpp"
#include "billing/ledger/entries.hpp"
#include "core/postgres.hpp"
#include "tests/support/postgres_cluster.hpp"

#include <gtest/gtest.h>

#include <string>

namespace intendance::billing {

// The one server of this program.
test::PostgresCluster& cluster();

// An empty ledger in a database of its own, with the fund F-1234 (grant years), the services
// expositions and tei, and 120 $/h from 1 April 2023 on.
class LedgerTest : public ::testing::Test {
protected:
  LedgerTest();

  NewEntry work(const std::string& day, std::int64_t minutes) const;
  Entry add(const NewEntry& entry);
  Entry add(const std::string& day, std::int64_t minutes);
  void close_month(const std::string& month); // "2024-10"

  // The SQLSTATE that the database refuses the statement with; "accepted" when it does not.
  std::string refusal(const std::string& sql);
  std::string refusal_message(const NewEntry& entry);
  // The same for a script, checked as at its commit and undone: the code and the words for people,
  // "ID008 there is no …".
  std::string answer(const std::string& script);
  void record(const std::string& script) { database_.execute_script(script); } // and keeps it
  std::int64_t count(const std::string& from);                                 // rows

  std::string name_; // of the database
  std::string address_;
  core::Postgres database_; // as the superuser: what is refused to it is refused to everyone
};

// Fixed and long past, so that tests do not depend on the day on which they run.
inline const Date test_day = core::parse_date("2024-11-23");

} // namespace intendance::billing
