// SPDX-License-Identifier: AGPL-3.0-or-later
// What an auditor does: an export, and the program that reads it without any code of ours.
#include "billing/ledger/budget.hpp"
#include "billing/ledger/export.hpp"
#include "core/file.hpp"
#include "tests/billing/ledger_fixture.hpp"
#include "tests/support/child_process.hpp"

#include <gmock/gmock.h>

#include <sstream>

namespace intendance::billing {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Export : public LedgerTest {
protected:
  Export() {
    add("2024-10-20", 30);
    set_budget(database_, {"F-1234", 2024, Cents(100'000), ""});
    add("2024-10-21", 45);
    reverse_entry(database_, 2, "inscrite deux fois : « là »",
                  "00000000-0000-4000-8000-000000000001");
    record("UPDATE ledger.vendor SET label = E'Koumbit \\\\ \"inc.\"'");
  }

  std::string written() {
    std::ostringstream out;
    export_ledger(database_, out);
    return out.str();
  }
  struct Verdict {
    int status;
    std::string words;
  };
  Verdict verify(const std::string& text, const std::vector<std::string>& heads = {}) {
    const auto file = folder_.path() / "ledger.jsonl";
    core::write_file_atomically(file, text);
    std::vector<std::string> command = {"/usr/bin/python3", VERIFY_LEDGER, file.string()};
    for (const auto& head : heads) command.insert(command.end(), {"--head", head});
    test::ChildProcess process(command, folder_.path() / "log");
    const int status = process.wait();
    return {status, process.output()};
  }
  // As the owner of the server, with the guards off.
  Verdict tamper(const std::string& table, const std::string& sql) {
    const auto head = ledger_head(database_).hash;
    record("ALTER TABLE ledger." + table + " DISABLE TRIGGER USER;" + sql);
    return verify(written(), {head});
  }

  core::TemporaryDirectory folder_;
};

TEST_F(Export, IsFoundWholeByTheIndependentProgram) {
  const auto head = ledger_head(database_);
  const auto verdict = verify(written(), {head.hash});
  EXPECT_EQ(verdict.status, 0);
  EXPECT_EQ(verdict.words, "3 entries, " + std::to_string(head.facts) +
                               " facts, 0 findings, head " + head.hash + "\n");
}

TEST_F(Export, OfAChangedEntryIsFound) {
  const auto verdict = tamper("entry", "UPDATE ledger.entry SET minutes = 31 WHERE number = 1");
  EXPECT_EQ(verdict.status, 1);
  EXPECT_THAT(verdict.words,
              HasSubstr("entry 1: it, or the link before it, is not what was recorded"));
}

TEST_F(Export, OfARemovedEntryIsFound) {
  const auto verdict = tamper("entry", "DELETE FROM ledger.entry WHERE number = 1");
  EXPECT_EQ(verdict.status, 1);
  EXPECT_THAT(verdict.words, HasSubstr("entry 2: entry 1 should stand here"));
}

TEST_F(Export, OfATruncatedLedgerIsFoundByTheLastPrintedHead) {
  record("UPDATE ledger.vendor SET label = 'Koumbit'");
  add("2024-11-20", 15);
  const auto head = ledger_head(database_).hash;
  const auto verdict = tamper("entry", "DELETE FROM ledger.entry WHERE number = 4");
  EXPECT_EQ(verdict.status, 1);
  EXPECT_THAT(verdict.words, AllOf(HasSubstr(head + ": no link has this fingerprint"),
                                   HasSubstr("3 entries, "), HasSubstr(" 1 findings")));
}

TEST_F(Export, OfAChangedFactIsFound) {
  const auto verdict = tamper("budget_line", "UPDATE ledger.budget_line SET cents = 9");
  EXPECT_EQ(verdict.status, 1);
  EXPECT_THAT(verdict.words,
              HasSubstr("budget_line F-1234 2024 1 services: is not what was recorded"));
}

TEST_F(Export, ThatWasEditedIsFound) {
  const auto text = written();
  const auto edited = [&](const std::string& from, const std::string& to) {
    auto copy = text;
    copy.replace(copy.find(from), from.size(), to);
    return verify(copy);
  };
  EXPECT_EQ(edited("sysadmin", "somebody").status, 1);
  EXPECT_EQ(edited("\"entries\":\"3\"", "\"entries\":\"4\"").status, 1);
  EXPECT_EQ(edited("Koumbit \\\\ ", "Koumbit ").status, 1);
  EXPECT_EQ(verify(text.substr(0, text.rfind('\n', text.size() - 2) + 1)).status, 1); // a row less
  EXPECT_EQ(edited("export 1", "export 2").status, 2);
  EXPECT_EQ(edited("{\"entry\"", "[\"entry\"").status, 2);
  EXPECT_EQ(verify("").status, 2);
}

} // namespace
} // namespace intendance::billing
