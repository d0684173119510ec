// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/sources/postgresql.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {
namespace {

TEST(PostgresqlStream, WantsAnAddressWithoutAPassword) {
  EXPECT_EQ(postgresql_stream("postgresql:///intendance?host=/run", {}).path,
            "/databases/postgresql/intendance.dump");
  EXPECT_EQ(postgresql_stream("postgresql://backup@db:5432/wiki", {}).path,
            "/databases/postgresql/wiki.dump");
  for (const char* uri :
       {"", "wiki", "mysql:///wiki", "postgresql://db", "postgresql:///",
        "postgresql:///?host=/run", "postgresql://me:secret@db/wiki",
        "postgresql:///wiki?password=x", "postgresql:///a%2f..", "postgresql:///.."}) {
    EXPECT_THROW(postgresql_stream(uri, {}), core::ConfigError) << uri;
  }
}

} // namespace
} // namespace intendance::backupd
