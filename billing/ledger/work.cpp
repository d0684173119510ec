// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/work.hpp"

namespace intendance::billing {

std::vector<WorkShare> work_by_service(core::Postgres& database, const std::string& fund,
                                       Period posted) {
  const auto rows =
      database.query("SELECT e.service, s.label, e.activity, a.label_fr, a.label_en, "
                     "sum(e.minutes) AS minutes, sum(e.cents)::bigint AS cents FROM ledger.entry e "
                     "JOIN ledger.service s ON s.name = e.service "
                     "JOIN ledger.activity a ON a.name = e.activity "
                     "WHERE e.fund = $1 AND e.posted_on BETWEEN $2 AND $3 "
                     "GROUP BY e.service, s.label, e.activity, a.label_fr, a.label_en "
                     "ORDER BY e.service::text COLLATE \"C\", e.activity::text COLLATE \"C\"",
                     fund, core::format_date(posted.from), core::format_date(posted.to));
  std::vector<WorkShare> shares;
  for (const auto& row : rows) {
    WorkShare share;
    share.service = {row.text("service"), row.text("label"), row.text("label")};
    share.activity = {row.text("activity"), row.text("label_fr"), row.text("label_en")};
    share.work = Minutes(row.integer("minutes"));
    share.amount = Cents(row.integer("cents"));
    shares.push_back(std::move(share));
  }
  return shares;
}

} // namespace intendance::billing
