// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/imports/csv.hpp"
#include "billing/imports/headings.hpp"
#include "core/error.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Csv : public ::testing::Test {
protected:
  CsvTable parse(std::string_view text) { return parse_csv(text, faults_); }
  static std::vector<std::string> texts(const CsvRow& row) {
    std::vector<std::string> texts;
    for (const auto& cell : row) texts.push_back(cell.text);
    return texts;
  }
  InputFaults faults_;
};

TEST_F(Csv, KnowsItsSeparator) {
  for (const std::string separator : {",", ";", "\t"}) {
    const auto table = parse("a" + separator + "\"b, c; d\"\r\n1" + separator + "2\r\n");
    ASSERT_EQ(table.rows.size(), 1U) << separator;
    EXPECT_THAT(texts(table.heading), ElementsAre("a", "b, c; d"));
    EXPECT_THAT(texts(table.rows[0]), ElementsAre("1", "2"));
  }
  EXPECT_EQ(parse("sep=;\na,b;c\n1;2\n").separator, ';');
  EXPECT_THAT(texts(parse("sep=;\r\na,b;c\r\n1;2\r\n").heading), ElementsAre("a,b", "c"));
  EXPECT_TRUE(faults_.empty()) << faults_.text("f");
}

TEST_F(Csv, TakesQuotedCellsWithLineBreaksAndQuotes) {
  const auto table = parse("a,b\n\"one\r\ntwo, \"\"three\"\"\",x\n\n , \n4,é5");
  ASSERT_EQ(table.rows.size(), 2U); // rows of blanks say nothing
  EXPECT_EQ(table.rows[0][0].text, "one\r\ntwo, \"three\"");
  EXPECT_EQ(table.rows[0][1].place.line, 3U);
  EXPECT_EQ(table.rows[1][0].place.line, 6U);
  EXPECT_EQ(table.rows[1][1].place.column, 3U);
  EXPECT_TRUE(faults_.empty());
}

TEST_F(Csv, CountsCharactersAndNotBytes) {
  const auto table = parse("a,b,c\nété,\"ça\",x\n");
  EXPECT_EQ(table.rows[0][1].place.column, 5U);
  EXPECT_EQ(table.rows[0][2].place.column, 10U);
}

TEST_F(Csv, NamesEveryRowThatIsNoRow) {
  const auto table = parse("a,b\n1,5,x\n1\n\"x\"y,2\n3,4\n\"5,6\n");
  EXPECT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(faults_.total(), 5U); // the quote that stays open is a fault and a row too short
  const auto text = faults_.text("heures.csv");
  EXPECT_THAT(text,
              HasSubstr("heures.csv:2:1: the row has 3 cells, the heading 2; a comma inside a "
                        "cell (1,5) needs quotes"));
  EXPECT_THAT(text, HasSubstr("heures.csv:3:1: the row has 1 cells, the heading 2\n"));
  EXPECT_THAT(text, HasSubstr("heures.csv:4:4: text behind a closing quote"));
  EXPECT_THAT(text, HasSubstr("heures.csv:6:1: the quote that opens this cell is never closed"));
}

TEST_F(Csv, ShowsSoManyFaultsAndCountsTheRest) {
  std::string text = "a,b\n";
  for (int row = 0; row < 60; ++row) text += "1\n";
  parse(text);
  EXPECT_EQ(faults_.total(), 60U);
  EXPECT_EQ(faults_.first().size(), 50U);
  EXPECT_THAT(faults_.text("f"), HasSubstr("f: 10 more faults are not shown\n"));
}

TEST(DecodeText, KnowsUtf8AndWindows1252) {
  EXPECT_EQ(decode_text("\xef\xbb\xbfété").text, "été");
  EXPECT_EQ(decode_text("été €").encoding, TextEncoding::utf8);
  const auto old = decode_text("\xe9t\xe9 \x80 \x9c"); // Latin-1's letters and Windows' signs
  EXPECT_EQ(old.text, "été € œ");
  EXPECT_EQ(old.encoding, TextEncoding::windows_1252);
  // Not UTF-8: too long for its value, a half of a pair, beyond Unicode, cut short.
  for (const std::string text : {"\xc0\xaf", "\xed\xa0\xbf", "\xf4\x91\xbf\xbf", "\xe2\x82"}) {
    EXPECT_EQ(decode_text(text).encoding, TextEncoding::windows_1252) << text;
  }
  EXPECT_EQ(decode_text("\xf0\x9f\x95\x90").encoding, TextEncoding::utf8);
}

TEST(DecodeText, RefusesWhatIsNoText) {
  const auto refusal = [](std::string_view bytes) {
    try {
      decode_text(bytes);
    } catch (const core::Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(refusal(std::string_view("\xff\xfe"
                                       "a\0",
                                       4)),
              HasSubstr("UTF-16"));
  EXPECT_THAT(refusal(std::string_view("a\nb\0c", 5)), HasSubstr("line 2 holds a NUL byte"));
  EXPECT_THAT(refusal("a\n\n\xe9\x81"), HasSubstr("line 3 holds the byte 0x81"));
}

TEST(Folded, LeavesPlainSmallLetters) {
  EXPECT_EQ(folded("Activité"), "activite");
  EXPECT_EQ(folded("DURÉE"), "duree");
  EXPECT_EQ(folded("N°"), "n°");
  EXPECT_EQ(folded("×÷ß"), "×÷ß");
}

TEST(Trimmed, TakesNoBreakSpacesToo) {
  EXPECT_EQ(trimmed(" \u00a0a b\u202f\r\n"), "a b");
  EXPECT_EQ(trimmed(" \t"), "");
}

} // namespace
} // namespace intendance::billing
