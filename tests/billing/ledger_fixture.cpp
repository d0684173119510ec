// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/billing/ledger_fixture.hpp"

#include "billing/ledger/catalogue.hpp"
#include "billing/ledger/rates.hpp"
#include "billing/ledger/uuid.hpp"
#include "billing/schema/migrations.hpp"
#include "core/error.hpp"

namespace intendance::billing {
namespace {

class ClusterEnvironment : public ::testing::Environment {
public:
  void SetUp() override { server = std::make_unique<test::PostgresCluster>(); }
  void TearDown() override { server.reset(); }
  std::unique_ptr<test::PostgresCluster> server;
};

// GoogleTest owns it.
auto* const environment =
    static_cast<ClusterEnvironment*>(::testing::AddGlobalTestEnvironment(new ClusterEnvironment));

// A copy of a ledger that was migrated once: for each test anew that would take most of its time.
std::string new_ledger() {
  static const std::string pattern = [] {
    const auto name = cluster().create_database();
    core::Postgres database(cluster().address(name));
    migrate(database);
    return name;
  }();
  static int copies = 0;
  const auto name = pattern + "_" + std::to_string(++copies);
  core::Postgres(cluster().address("postgres"))
      .query("CREATE DATABASE " + name + " TEMPLATE " + pattern);
  return name;
}

} // namespace

test::PostgresCluster& cluster() { return *environment->server; }

LedgerTest::LedgerTest()
    : name_(new_ledger()), address_(cluster().address(name_)), database_(address_) {
  add_fund(database_, "F-1234", "grant", "Fonctionnement", std::nullopt);
  add_service(database_, "expositions", "Expositions (Omeka)");
  add_service(database_, "tei", "");
  Rate rate;
  rate.vendor = "koumbit";
  rate.from = core::parse_date("2023-04-01");
  rate.per_hour = Cents(12000);
  set_rate(database_, rate);
}

NewEntry LedgerTest::work(const std::string& day, std::int64_t minutes) const {
  NewEntry entry;
  entry.id = new_uuid();
  entry.work = Minutes(minutes);
  entry.worked_on = core::parse_date(day);
  entry.fund = "F-1234";
  entry.vendor = "koumbit";
  entry.activity = "maintenance";
  entry.service = "expositions";
  entry.person = "sysadmin";
  entry.description = "mise à jour d'Omeka";
  return entry;
}

Entry LedgerTest::add(const NewEntry& entry) { return add_entry(database_, entry, test_day).entry; }
Entry LedgerTest::add(const std::string& day, std::int64_t minutes) {
  return add(work(day, minutes));
}

void LedgerTest::close_month(const std::string& month) {
  database_.query("INSERT INTO ledger.period_close (month) VALUES ($1::date)", month + "-01");
}

std::string LedgerTest::refusal(const std::string& sql) {
  core::Transaction transaction(database_);
  try {
    database_.query(sql);
  } catch (const core::PostgresError& error) {
    return error.sqlstate();
  } catch (const core::AccessDenied&) {
    return "42501";
  }
  return "accepted";
}

std::string LedgerTest::answer(const std::string& script) {
  core::Transaction transaction(database_);
  try {
    database_.execute_script(script + ";SET CONSTRAINTS ALL IMMEDIATE");
  } catch (const core::PostgresError& error) {
    return error.sqlstate() + " " + error.what();
  } catch (const core::AccessDenied& error) {
    return std::string("42501 ") + error.what();
  }
  return "accepted";
}

std::int64_t LedgerTest::count(const std::string& from) {
  return database_.query("SELECT count(*) AS n FROM " + from).only().integer("n");
}

std::string LedgerTest::refusal_message(const NewEntry& entry) {
  const auto before = ledger_head(database_);
  try {
    add_entry(database_, entry, test_day);
  } catch (const core::Error& error) {
    const auto after = ledger_head(database_);
    EXPECT_EQ(after.hash, before.hash) << "something was stored";
    return error.what();
  }
  return "accepted";
}

} // namespace intendance::billing
