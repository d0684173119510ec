// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/age.hpp"
#include "core/error.hpp"
#include "core/process.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {
namespace {

using core::as_bytes;
using core::as_text;
using core::CorruptData;

std::string output_of(const std::vector<std::string>& arguments) {
  std::string out;
  core::run_program(arguments, [&](core::ByteView bytes) { out += as_text(bytes); }, {});
  return out;
}

TEST(Age, KeysSurviveTheirText) {
  const auto identity = AgeIdentity::generate();
  EXPECT_EQ(AgeIdentity::parse(identity.text()).recipient(), identity.recipient());
  EXPECT_EQ(AgeRecipient::parse(identity.recipient().text()), identity.recipient());
}

TEST(Age, RefusesEveryMistypedCharacter) {
  const auto text = AgeIdentity::generate().text();
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto wrong = text;
    wrong[at] = wrong[at] == 'Q' ? 'P' : 'Q';
    EXPECT_THROW(AgeIdentity::parse(wrong), CorruptData) << at;
  }
  EXPECT_THROW(AgeIdentity::parse(text.substr(0, text.size() - 1)), CorruptData);
  EXPECT_THROW(AgeIdentity::parse(""), CorruptData);
}

TEST(Age, EveryRecipientOpensAndNobodyElse) {
  const auto one = AgeIdentity::generate();
  const auto two = AgeIdentity::generate();
  const auto sealed = age_seal(as_bytes("secret"), {one.recipient(), two.recipient()});
  EXPECT_EQ(as_text(age_open(sealed, one).view()), "secret");
  EXPECT_EQ(as_text(age_open(sealed, two).view()), "secret");
  EXPECT_THROW(age_open(sealed, AgeIdentity::generate()), core::AccessDenied);
}

TEST(Age, FindsEveryFlippedBitAndEveryCut) {
  const auto identity = AgeIdentity::generate();
  const auto sealed = age_seal(as_bytes("secret"), {identity.recipient()});
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    auto wrong = sealed;
    wrong[bit / 8] = static_cast<std::uint8_t>(wrong[bit / 8] ^ 1u << bit % 8);
    EXPECT_THROW(age_open(wrong, identity), core::Error) << bit;
  }
  for (std::size_t length = 0; length < sealed.size(); ++length) {
    EXPECT_THROW(age_open(core::ByteView(sealed).first(length), identity), core::Error) << length;
  }
}

class AgeProgram : public ::testing::TestWithParam<std::size_t> {
protected:
  core::TemporaryDirectory folder_;
  std::string file(const char* name) const { return (folder_.path() / name).string(); }
};

// Debian's age reads what we write, and the other way round; over the ends of its 64 KiB parts too.
TEST_P(AgeProgram, AgreesWithUs) {
  std::string plain(GetParam(), 'x');
  for (std::size_t at = 0; at < plain.size(); ++at) plain[at] = static_cast<char>(at * 31 >> 3);
  output_of({"age-keygen", "-o", file("key")});
  const auto keys = core::read_file(file("key"));
  const auto begin = keys.find("AGE-SECRET-KEY-");
  const auto identity = AgeIdentity::parse(keys.substr(begin, keys.find('\n', begin) - begin));
  EXPECT_NE(keys.find(identity.recipient().text()), std::string::npos);

  core::write_file_atomically(file("ours"),
                              as_text(age_seal(as_bytes(plain), {identity.recipient()})));
  EXPECT_EQ(output_of({"age", "-d", "-i", file("key"), file("ours")}), plain);
  core::write_file_atomically(file("plain"), plain);
  output_of({"age", "-r", identity.recipient().text(), "-o", file("theirs"), file("plain")});
  EXPECT_EQ(as_text(age_open(as_bytes(core::read_file(file("theirs"))), identity).view()), plain);
}

INSTANTIATE_TEST_SUITE_P(Sizes, AgeProgram, ::testing::Values(0, 1, 65535, 65536, 65537, 200000));

} // namespace
} // namespace intendance::backupd
