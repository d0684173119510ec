// SPDX-License-Identifier: AGPL-3.0-or-later
// What a close keeps, who signs it, and what imports remember.
#include "core/error.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// People with logins of their own, as sign-offs want them.
class Closing : public LedgerTest {
protected:
  Closing() {
    add("2024-10-20", 50);
    record("DO $$ BEGIN CREATE ROLE clerk LOGIN; CREATE ROLE director LOGIN; CREATE ROLE allround "
           "LOGIN; "
           "EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
           "GRANT intendance_saisie TO clerk; GRANT intendance_approbation TO director;"
           "GRANT intendance_administration TO allround");
  }
  ~Closing() override { record("REVOKE intendance_administration FROM allround"); }

  void close_with_report() {
    close_month("2024-10");
    record("INSERT INTO ledger.document VALUES (sha256('report'), 'r.csv', 'text/csv', 6);"
           "INSERT INTO ledger.document_content VALUES (sha256('report'), 'report');" +
           keep("fr"));
  }
  static std::string keep(const std::string& language) {
    return "INSERT INTO ledger.period_report VALUES ('2024-10-01', 'F-1234', '" + language +
           "', 'csv', sha256('report'))";
  }
  static std::string sign(const std::string& step) {
    return "INSERT INTO ledger.signoff (month, fund, step) VALUES ('2024-10-01', 'F-1234', '" +
           step + "')";
  }
  std::string as(const std::string& login, const std::string& sql) {
    core::Postgres own(cluster().address(name_, login));
    try {
      own.query(sql);
    } catch (const core::PostgresError& error) {
      return error.sqlstate() + " " + error.what();
    } catch (const core::AccessDenied& error) {
      return std::string("42501 ") + error.what();
    }
    return "accepted";
  }
};

TEST_F(Closing, KeepsEachFileOnce) {
  EXPECT_THAT(answer(keep("fr")), StartsWith("23503")); // of a month that is open
  close_with_report();
  EXPECT_THAT(answer(keep("fr")), StartsWith("23505"));
  EXPECT_EQ(answer(keep("en")), "accepted");
  EXPECT_THAT(answer(keep("de")), StartsWith("23514"));
  EXPECT_THAT(answer("UPDATE ledger.period_report SET document = sha256('x')"),
              StartsWith("ID001"));
  EXPECT_THAT(answer("DELETE FROM ledger.document_content"), StartsWith("ID001"));
}

TEST_F(Closing, IsSignedByTwoPeople) {
  close_month("2024-10");
  EXPECT_EQ(as("clerk", sign("prepared")),
            "ID007 no report of F-1234 for 2024-10 is kept to be signed; close the month first: "
            "intendance month close 2024-10");
  record("INSERT INTO ledger.document VALUES (sha256('report'), 'r.csv', 'text/csv', 6);"
         "INSERT INTO ledger.document_content VALUES (sha256('report'), 'report');" +
         keep("fr"));
  EXPECT_EQ(as("director", sign("approved")),
            "ID007 whoever prepared the report of F-1234 for 2024-10 signs first");
  EXPECT_THAT(as("director", sign("prepared")),
              HasSubstr("that is for the role saisie or finances"));
  EXPECT_THAT(as("clerk", sign("approved")), HasSubstr("that is for the role approbation"));
  EXPECT_EQ(as("allround", sign("prepared")), "accepted");
  EXPECT_EQ(
      as("allround", sign("approved")),
      "ID007 allround prepared the report of F-1234 for 2024-10 and cannot approve it: a second "
      "person must");
  EXPECT_EQ(as("clerk", sign("prepared")),
            "ID007 the report of F-1234 for 2024-10 was already signed as prepared");
  EXPECT_EQ(as("director", sign("approved")), "accepted");
  EXPECT_EQ(as("director", "UPDATE ledger.signoff SET signed_by = 'x'").substr(0, 5), "42501");
  const auto rows =
      database_.query("SELECT string_agg(step || ' ' || signed_by, ', ' ORDER BY step) "
                      "AS words FROM ledger.signoff");
  EXPECT_EQ(rows.only().text("words"), "approved director, prepared allround");
}

TEST_F(Closing, CannotBeSignedUnderAnotherName) {
  close_with_report();
  EXPECT_THAT(as("clerk", "INSERT INTO ledger.signoff (month, fund, step, signed_by) VALUES "
                          "('2024-10-01', 'F-1234', 'prepared', 'director')"),
              StartsWith("42501"));
  // Nor by taking the other's role on: who logged in counts.
  record("GRANT intendance_approbation TO clerk");
  EXPECT_EQ(as("clerk", sign("prepared")), "accepted");
  EXPECT_THAT(as("clerk", sign("approved")), StartsWith("ID007 clerk prepared"));
  record("REVOKE intendance_approbation FROM clerk");
}

class Imports : public LedgerTest {};

TEST_F(Imports, RememberTheNewestStateOfEachItem) {
  const auto entry = add("2024-10-20", 50);
  const auto item = [](const std::string& said, const std::string& id) {
    return "INSERT INTO ledger.import_item (source, external_id, fingerprint, entry_id) VALUES "
           "('redmine', '4812', sha256('" +
           said + "'), " + id + ")";
  };
  record("INSERT INTO ledger.import_source VALUES ('redmine', 'Redmine')");
  record(item("1 h", "'" + entry.id + "'"));
  const auto state = [&] {
    return database_.query("SELECT entry_number FROM ledger.import_state")
        .only()
        .optional_integer("entry_number");
  };
  EXPECT_EQ(state(), 1);
  EXPECT_THAT(answer(item("again", "'" + entry.id + "'")),
              StartsWith("23505")); // an entry, one item
  record(item("gone", "NULL"));
  EXPECT_EQ(state(), std::nullopt);
  EXPECT_THAT(answer("DELETE FROM ledger.import_item"), StartsWith("ID001"));
}

} // namespace
} // namespace intendance::billing
