// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/web/samples.hpp"
#include "web/status_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace intendance::web {
namespace {

using namespace std::chrono_literals;
using core::Language;
using samples::with;
using testing::HasSubstr;
using testing::Not;

std::string text_of(const std::vector<DaemonReport>& reports, Language language,
                    Colour colour = Colour::none) {
  return status_text(compute_overview(reports, samples::now(), 0s), samples::now(), language,
                     core::TimeZone::named("America/Toronto"), colour);
}

TEST(StatusText, PutsAWellHouseOnFiveLines) {
  EXPECT_EQ(
      text_of({samples::answered_collectord(), samples::answered_backupd(),
               samples::answered_billingd()},
              Language::english),
      "machines     1/1 answering             web-1\n"
      "services     1/1 well\n"
      "backups      1/1 on time               oldest 5 h 56 min (web-1)   next 2026-11-24 02:15\n"
      "budget       $6,412.50 of $24,000.00   available $17,587.50 ≈ 146 h   F-1234 2026 (net)\n"
      "forecast     $19,800.00 to $22,900.00  the budget lasts\n");
}

TEST(StatusText, SpeaksFrench) {
  EXPECT_EQ(text_of({samples::answered_collectord(), samples::answered_backupd(),
                     samples::answered_billingd()},
                    Language::french),
            "machines     1/1 répondent             web-1\n"
            "services     1/1 vont bien\n"
            "sauvegardes  1/1 à l'heure             la moins récente il y a 5 h 56 min (web-1)   "
            "prochaine 2026-11-24 02:15\n"
            "budget       6\u00a0412,50\u00a0$ de 24\u00a0000,00\u00a0$  disponible "
            "17\u00a0587,50\u00a0$ ≈ 146 h   F-1234 2026 (net)\n"
            "prévision    19\u00a0800,00\u00a0$ à 22\u00a0900,00\u00a0$  le budget suffit\n");
}

TEST(StatusText, SaysWhenTheBudgetIsUsedUp) {
  auto body = with(samples::billingd, R"("verdict": "lasts", "exhausted": null)",
                   R"("verdict": "falls_short", "exhausted": "2027-02-11")");
  body = with(body, "2104500", "2520000");
  const auto text = text_of({samples::answered_billingd(body)}, Language::french);
  EXPECT_THAT(text, HasSubstr("épuisé vers le 2027-02-11\n"));
  EXPECT_THAT(text, testing::EndsWith("! budget F-1234\u00a0: il manquera environ "
                                      "1\u00a0200,00\u00a0$\n"));
}

TEST(StatusText, HasALineForEachRepository) {
  const auto hub = samples::answered_backupd(samples::hub_backupd, "hub");
  EXPECT_THAT(text_of({hub}, Language::english),
              HasSubstr("repository   31 snapshots, 442 GB      web-1   verified 1 d 4 h ago   "
                        "oldest unread byte 64 d 4 h\n"));
  EXPECT_THAT(text_of({hub}, Language::french),
              HasSubstr("dépôt        31 instantanés, 442 Go    web-1   vérifié il y a 1 j 4 h   "
                        "octet le plus longtemps non relu : 64 j 4 h\n"));
}

TEST(FormatBytes, KeepsTwoOrThreeDigits) {
  EXPECT_EQ(format_bytes(0, Language::english), "0 B");
  EXPECT_EQ(format_bytes(999, Language::french), "999 o");
  EXPECT_EQ(format_bytes(3'410'000, Language::french), "3,4 Mo");
  EXPECT_EQ(format_bytes(999'600'000, Language::english), "1.0 GB");
}

TEST(StatusText, EndsWithWhatIsWrong) {
  std::string body = with(samples::collectord, R"("up")", R"("down")");
  body = with(body, R"("detail": null)", R"("detail": "302 to /install")");
  body = with(body, "9123456789", "1260091883");
  const std::string text = text_of({samples::answered_collectord(body)}, Language::english);
  EXPECT_THAT(text, HasSubstr("✗ expositions (web-1) down for 3 d 5 h: 302 to /install\n"));
  EXPECT_THAT(text, testing::EndsWith("! disk / (web-1): 5 % free\n"));
}

TEST(StatusText, SaysWhatToDoWhereNothingIsConfigured) {
  const std::string text = text_of({}, Language::english);
  EXPECT_THAT(text, HasSubstr("name them in [webd] machines"));
  EXPECT_THAT(text, HasSubstr("plan them by [[job]]"));
  EXPECT_THAT(text, Not(HasSubstr("budget")));
}

TEST(StatusText, SaysWhereNoBudgetIsSet) {
  const std::string year = with(with(samples::billingd, "2400000", "null"), "1758750", "null");
  EXPECT_THAT(
      text_of({samples::answered_billingd(year)}, Language::english),
      HasSubstr("budget       $6,412.50                 no budget set   F-1234 2026 (net)\n"));
}

TEST(StatusText, IsColouredOnlyWhenAsked) {
  DaemonReport silent{{DaemonKind::collectord, "db-1", "http://10.0.0.9:9710"},
                      samples::now(),
                      {},
                      "connection refused",
                      {}};
  EXPECT_THAT(text_of({silent}, Language::english), Not(HasSubstr("\x1b")));
  EXPECT_THAT(text_of({silent}, Language::english, Colour::ansi),
              HasSubstr("\x1b[31;1m✗db-1\x1b[0m"));
  EXPECT_THAT(text_of({silent}, Language::english),
              HasSubstr("✗ db-1 does not answer: connection refused\n"));
}

TEST(FormatAge, GivesTwoUnitsAtMost) {
  EXPECT_EQ(format_age(-5s, Language::french), "0 min");
  EXPECT_EQ(format_age(8min + 59s, Language::french), "8 min");
  EXPECT_EQ(format_age(5h + 2min, Language::french), "5 h 02 min");
  EXPECT_EQ(format_age(76h, Language::french), "3 j 4 h");
  EXPECT_EQ(format_age(76h, Language::english), "3 d 4 h");
}

TEST(FormatMoney, WritesEveryCent) {
  EXPECT_EQ(format_money(0, Language::english), "$0.00");
  EXPECT_EQ(format_money(5, Language::french), "0,05\u00a0$");
  EXPECT_EQ(format_money(100000000, Language::english), "$1,000,000.00");
  EXPECT_EQ(format_money(-12345, Language::french), "−123,45\u00a0$");
  EXPECT_EQ(format_money(std::numeric_limits<std::int64_t>::min(), Language::english),
            "−$92,233,720,368,547,758.08");
}

} // namespace
} // namespace intendance::web
