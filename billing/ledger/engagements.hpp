// SPDX-License-Identifier: AGPL-3.0-or-later
// What is offered and what is promised: quotes (devis), and engagements made of them, of purchase
// orders and of contracts. Amounts are before tax.
#pragma once

#include "billing/dates.hpp"
#include "billing/money.hpp"
#include "core/postgres.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

struct Quote {
  std::string vendor;
  std::string number; // the vendor's own
  Date quoted_on;
  std::optional<Date> valid_until; // the last day
  std::string service;
  std::string activity;
  std::optional<Minutes> work; // that is offered; at least one of the two
  std::optional<Cents> amount;
  std::string description;
  std::optional<std::string> document;   // its SHA-256 in hexadecimal
  std::optional<std::string> engagement; // once it is accepted; not given to add_quote
};

// Throws Error in words for people for what cannot be, and for a number that is there already.
void add_quote(core::Postgres& database, const Quote& quote);
std::vector<Quote> list_quotes(core::Postgres& database);
// Throws Error that lists those there are.
Quote require_quote(core::Postgres& database, const std::string& vendor, const std::string& number);

enum class EngagementKind { quote, purchase_order, contract };
std::string_view kind_name(EngagementKind kind); // "quote", "purchase_order", "contract"

struct NewEngagement {
  std::optional<std::string> name; // absent: the next one of the year, "E-2026-03"
  EngagementKind kind = EngagementKind::purchase_order;
  std::string fund;
  std::string vendor;
  std::optional<std::string>
      quote; // its number: service, work, amount and words are then the quote's
  std::string service;
  std::optional<std::string> activity;
  std::string category = "services";
  std::optional<Minutes> work;
  std::optional<Cents> amount; // absent: the work by the rate of the day
  std::string accepted_by;
  Date accepted_on;
  std::optional<Date> expected_by;
  std::string description;
  std::optional<std::string> document;
};

struct Engagement {
  std::string name;
  std::string kind;
  std::string fund;
  std::string vendor;
  std::string service;
  std::optional<std::string> activity;
  std::string category;
  std::optional<std::string> quote;
  std::string description;
  std::string accepted_by;
  Date accepted_on;
  std::optional<Date> expected_by;
  std::optional<Minutes> work;
  Cents amount;
  Minutes used_work;
  Cents used;   // by entries and costs, beyond what was engaged too
  Cents posted; // what of that the engagement covers
  Cents voided;
  Cents left;
  Cents over;
  std::string state; // "pending", "posted in part", "posted", "voided"
};

// Returns its name.
std::string add_engagement(core::Postgres& database, const NewEngagement& engagement);

// As they stand at the end of a day, of one fund or of all.
std::vector<Engagement> list_engagements(core::Postgres& database, Date as_of,
                                         const std::optional<std::string>& fund = std::nullopt);
Engagement require_engagement(core::Postgres& database, const std::string& name, Date as_of);

// Gives back what is not needed; without an amount, all that is left.
void void_engagement(core::Postgres& database, const std::string& name, std::optional<Cents> amount,
                     Date on, const std::string& reason);

} // namespace intendance::billing
