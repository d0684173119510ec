// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "storage/sftp_answers.hpp"

#include <gtest/gtest.h>

namespace intendance::storage {
namespace {

TEST(SftpPlace, OfAnAddress) {
  const auto whole = SftpPlace::parse("sftp://lab@robot.example.ca:2222/nearline/lab/");
  EXPECT_EQ(whole.user, "lab");
  EXPECT_EQ(whole.host, "robot.example.ca");
  EXPECT_EQ(whole.port, 2222);
  EXPECT_EQ(whole.folder, "/nearline/lab");
  EXPECT_EQ(whole.address, "sftp://lab@robot.example.ca:2222/nearline/lab");
  const auto short_one = SftpPlace::parse("sftp://h/f");
  EXPECT_EQ(short_one.user, "");
  EXPECT_EQ(short_one.port, 22);
  EXPECT_EQ(short_one.folder, "/f");
  EXPECT_EQ(SftpPlace::parse("sftp://h/~/a/b").folder, "a/b");
  EXPECT_EQ(SftpPlace::parse("sftp://u@[2001:db8::1]:23/f").host, "2001:db8::1");
  EXPECT_EQ(SftpPlace::parse("sftp://u@[2001:db8::1]:23/f").port, 23);
  EXPECT_EQ(SftpPlace::parse("sftp://[::1]/f").port, 22);
}

TEST(SftpPlace, RefusesWhatIsNoAddress) {
  for (const char* url :
       {"sftp://", "sftp:///f", "sftp://h", "sftp://h/", "sftp://h/~", "sftp://h/~/", "sftp://@h/f",
        "sftp://u@/f", "sftp://h:/f", "sftp://h:0/f", "sftp://h:65536/f", "sftp://h:22x/f",
        "sftp://[::1/f", "sftp://[::1]22/f", "sftp://-oProxyCommand=x/f", "ssh://h/f"}) {
    EXPECT_THROW(SftpPlace::parse(url), core::ConfigError) << url;
  }
}

TEST(SftpPlace, RefusesAPassword) {
  try {
    SftpPlace::parse("sftp://lab:secret@h/f");
    FAIL();
  } catch (const core::ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("a password is never part"), std::string::npos);
  }
}

TEST(HostKeyRefusal, SaysWhatToDo) {
  const std::string shown = "ssh-ed25519 SHA256:abc";
  const auto said = [&](HostKey key, const char* url) {
    return host_key_refusal(key, SftpPlace::parse(url), "/etc/intendance/known_hosts", shown);
  };
  const auto changed = said(HostKey::changed, "sftp://robot.example.ca/f");
  EXPECT_NE(changed.find("Somebody may be in between"), std::string::npos);
  EXPECT_NE(changed.find("ssh-keygen -R 'robot.example.ca' -f /etc/intendance/known_hosts && "
                         "ssh-keyscan robot.example.ca >>/etc/intendance/known_hosts"),
            std::string::npos)
      << changed;
  EXPECT_NE(said(HostKey::changed, "sftp://h:23/f").find("-R '[h]:23'"), std::string::npos);
  for (const auto key :
       {HostKey::unknown, HostKey::changed, HostKey::of_another_kind, HostKey::no_file}) {
    const auto text = said(key, "sftp://h:23/f");
    EXPECT_NE(text.find(shown), std::string::npos) << text;
    EXPECT_NE(text.find("ssh-keyscan -p 23 h >>/etc/intendance/known_hosts"), std::string::npos)
        << text;
  }
}

} // namespace
} // namespace intendance::storage
