// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/entity_tag.hpp"

#include <gtest/gtest.h>

namespace intendance::web {
namespace {

bool matches(const std::string& header) {
  core::HttpRequest request;
  request.headers["if-none-match"] = header;
  return matches_entity_tag(request, weak_entity_tag("7f-3"));
}

TEST(EntityTag, MatchesItselfInAnyForm) {
  EXPECT_TRUE(matches("W/\"7f-3\""));
  EXPECT_TRUE(matches("\"7f-3\""));
  EXPECT_TRUE(matches("\"other\" , W/\"7f-3\""));
  EXPECT_TRUE(matches("*"));
}

TEST(EntityTag, MatchesNothingElse) {
  EXPECT_FALSE(matches(""));
  EXPECT_FALSE(matches(" , ,"));
  EXPECT_FALSE(matches("7f-3"));
  EXPECT_FALSE(matches("W/\"7f-33\""));
  EXPECT_FALSE(matches("w/\"7f-3\""));
  EXPECT_FALSE(matches_entity_tag(core::HttpRequest(), weak_entity_tag("7f-3")));
}

} // namespace
} // namespace intendance::web
