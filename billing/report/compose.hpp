// SPDX-License-Identifier: AGPL-3.0-or-later
// A month's report put into words, tables and figures of one language.
#pragma once

#include "billing/report/document.hpp"
#include "billing/report/model.hpp"
#include "billing/report/voice.hpp"

namespace intendance::billing {

ReportDocument compose_report(const MonthlyReport& report, core::Language language);

// Its sections, each by itself.
Section compose_lines(const MonthlyReport& report, const Voice& voice);
Section compose_variances(const MonthlyReport& report, const Voice& voice);
Section compose_figures(const MonthlyReport& report, const Voice& voice);
Section compose_work(const MonthlyReport& report, const Voice& voice);
Section compose_forecast(const MonthlyReport& report, const Voice& voice);
Section compose_quotes(const MonthlyReport& report, const Voice& voice);
Section compose_reconciliation(const MonthlyReport& report, const Voice& voice);
Section compose_commitments(const MonthlyReport& report, const Voice& voice);
Section compose_corrections(const MonthlyReport& report, const Voice& voice);
Section compose_signatures(const MonthlyReport& report, const Voice& voice);
Section compose_annex(const MonthlyReport& report, const Voice& voice);

OneMinuteBox compose_box(const MonthlyReport& report, const Voice& voice);
std::string fund_title(const Fund& fund);
std::string basis_title(Basis basis, const Voice& voice);

// The figures of compose_figures().
Figure draw_course(const MonthlyReport& report, const Voice& voice);
Figure draw_work(const MonthlyReport& report, const Voice& voice);
Figure draw_waterfall(const MonthlyReport& report, const Voice& voice);

} // namespace intendance::billing
