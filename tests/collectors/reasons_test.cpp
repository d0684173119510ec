// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/reasons.hpp"
#include "core/file.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace intendance::collectors {
namespace {

using core::Language;

TEST(ProbeReason, EveryOneIsInTheDocument) {
  const auto document = core::read_file(std::string(FIXTURES) + "/../../docs/probes.md");
  const auto has = [&](std::string_view name) {
    return document.find("| `" + std::string(name) + "` |") != document.npos;
  };
  for (std::size_t each = 0; each < probe_reason_count; ++each)
    EXPECT_TRUE(has(name_of(static_cast<ProbeReason>(each)))) << each;
  for (const auto phase : probe_phases) EXPECT_TRUE(has(name_of(phase)));
}

TEST(ProbeReason, ThePageSaysTheSame) {
  const auto page = core::read_file(std::string(FIXTURES) + "/../../web/ui/src/reasons.ts");
  const auto typographic = [](std::string_view text) {
    std::string result;
    for (const char each : text) result += each == '\'' ? std::string("’") : std::string(1, each);
    return result;
  };
  for (std::size_t each = 0; each < probe_reason_count; ++each) {
    const auto reason = static_cast<ProbeReason>(each);
    const auto line = "  " + std::string(name_of(reason)) + ": { en: \"" +
                      typographic(meaning_of(reason, Language::english)) + "\", fr: \"" +
                      typographic(meaning_of(reason, Language::french)) + "\" },";
    EXPECT_NE(page.find(line), page.npos) << line;
  }
}

TEST(ProbeReason, EveryOneHasANameAMeaningAndAnAdviceInTwoLanguages) {
  std::set<std::string_view> names;
  for (std::size_t each = 0; each < probe_reason_count; ++each) {
    const auto reason = static_cast<ProbeReason>(each);
    const auto name = name_of(reason);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), name.npos) << name;
    EXPECT_EQ(probe_reason_of(name), reason);
    for (const auto language : {Language::english, Language::french}) {
      EXPECT_GT(meaning_of(reason, language).size(), 10u) << name;
      EXPECT_GT(advice_for(reason, language).size(), 20u) << name;
    }
    EXPECT_NE(meaning_of(reason, Language::english), meaning_of(reason, Language::french)) << name;
    EXPECT_NE(advice_for(reason, Language::english), advice_for(reason, Language::french)) << name;
  }
  EXPECT_EQ(probe_reason_of("gremlins"), std::nullopt);
}

} // namespace
} // namespace intendance::collectors
