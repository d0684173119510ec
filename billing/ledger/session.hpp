// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/postgres.hpp"

#include <string>

namespace intendance::billing {

// A connection for daily work on a ledger that is up to date. A login that could also act as the
// ledger's owner (a superuser too) gives that up for the session, so that a mistake of ours cannot
// do more than the group `administration` may. Throws as core::Postgres does, and Error when the
// schema is not there, is older, or is newer.
core::Postgres open_ledger(const std::string& address);

// The same for a connection that exists: after migrate().
void narrow_rights(core::Postgres& database);

} // namespace intendance::billing
