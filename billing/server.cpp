// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/server.hpp"

#include "billing/forecast/render.hpp"
#include "billing/ledger/json.hpp"

namespace intendance::billing {
namespace {

using Json = nlohmann::ordered_json;
using core::HttpGuard;
using core::HttpRequest;
using core::HttpResponse;

// The one that all budgets share; null when they differ, since each names its own.
Json common_basis(const LedgerView& view) {
  if (view.funds.empty()) return basis_name(Basis::net);
  const auto basis = view.funds.front().balance.basis;
  for (const auto& fund : view.funds) {
    if (fund.balance.basis != basis) return nullptr;
  }
  return basis_name(basis);
}

} // namespace

std::string budget_json(const LedgerView& view) {
  Json budgets = Json::array();
  for (const auto& fund : view.funds) {
    auto budget = balance_json(fund.balance);
    budget["forecast"] =
        fund.forecast ? forecast_json({fund.balance.fund, fund.balance.basis, *fund.forecast})
                      : Json();
    budgets.push_back(std::move(budget));
  }
  const Json document = {{"time", core::format_utc(view.read_at)},
                         {"currency", "CAD"},
                         {"basis", common_basis(view)},
                         {"budgets", std::move(budgets)},
                         {"ledger", {{"entries", view.head.entries}, {"head", view.head.hash}}}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

core::HttpRouter make_router(const BillingConfig& config, const Refresher& refresher,
                             const core::MetricsPage& page) {
  const HttpGuard guard(config.token_file);
  core::HttpRouter router;
  router.add("GET", "/metrics", guard(HttpGuard::Area::metrics, page.handler()));
  router.add("GET", "/api/v1/budget", guard(HttpGuard::Area::api, [&](const HttpRequest&) {
               const auto status = refresher.status();
               if (status.view) return HttpResponse::json(budget_json(*status.view));
               return HttpResponse::failure(
                   503,
                   "the ledger has not been read yet; the log of intendance-billingd says why");
             }));
  // Whether the daemon answers; whether the ledger does is a gauge.
  router.add("GET", "/healthz", [](const HttpRequest&) {
    HttpResponse response;
    response.body = "ok\n";
    return response;
  });
  return router;
}

} // namespace intendance::billing
