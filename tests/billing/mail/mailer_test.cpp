// SPDX-License-Identifier: AGPL-3.0-or-later
// Against a mail server that keeps what it gets.
#include "billing/ledger/closing.hpp"
#include "billing/ledger/documents.hpp"
#include "billing/mail/mailer.hpp"
#include "core/file.hpp"
#include "tests/billing/ledger_fixture.hpp"
#include "tests/support/child_process.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <future>

namespace intendance::billing {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class MailServer {
public:
  explicit MailServer(std::vector<std::string> options = {}) {
    std::vector<std::string> arguments = {"/usr/bin/python3", "-B", SMTP_SERVER,
                                          mails_.path().string()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    server_ = std::make_unique<test::ChildProcess>(arguments, folder_.path() / "log");
    port_ = server_->wait_for("listening on ");
  }
  core::SmtpServer settings() const { return core::parse_smtp_server("smtp://127.0.0.1:" + port_); }
  void wait_for(const std::string& text) const { server_->wait_for(text); }
  bool has(int number) const { return std::filesystem::exists(file(number)); }
  bool gets(int number) const {
    return test::eventually([&] { return has(number); });
  }
  std::string mail(int number) const { return core::read_file(file(number), 1 << 20); }

private:
  std::filesystem::path file(int number) const {
    return mails_.path() / (std::to_string(number) + ".eml");
  }
  core::TemporaryDirectory folder_, mails_;
  std::string port_;
  std::unique_ptr<test::ChildProcess> server_;
};

core::Mail sample_mail() {
  core::Mail mail;
  mail.from = "intendance@example.org";
  mail.to = {"finances@example.org", "labo@example.org"};
  mail.subject = "Rapport d'août, fonds F-1234";
  mail.text = "Bonjour,\nVoici août.\n.\nUne ligne d'un seul point ne finit rien.\n";
  mail.attachments = {{"a.csv", "text/csv", std::string("a\0b\r\n\xff", 6)}};
  mail.id = "an-id";
  mail.date = core::parse_utc("2026-11-05T13:00:00Z");
  return mail;
}

std::string failure(const core::SmtpServer& server, const core::Mail& mail) {
  try {
    core::send_mail(server, mail);
  } catch (const core::Error& error) {
    return error.what();
  }
  return "sent";
}

// As Python's standard library reads the mail, to be sure that others do.
std::string as_others_read_it(const std::string& mail) {
  core::TemporaryDirectory folder;
  core::write_file_atomically(folder.path() / "mail", mail);
  test::ChildProcess reader(
      {"/usr/bin/python3", "-c",
       "import email, email.policy, sys\n"
       "mail = email.message_from_bytes(open(sys.argv[1], 'rb').read(), "
       "policy=email.policy.default)\n"
       "assert not mail.defects, mail.defects\n"
       "print(mail['Subject'], mail['To'], mail['Message-ID'], mail['Date'], sep='|')\n"
       "print(mail.get_body().get_content().replace('\\r\\n', '\\n'), end='')\n"
       "for part in mail.iter_attachments():\n"
       "    print(part.get_filename(), part.get_content_type(), part.get_payload(decode=True))\n",
       (folder.path() / "mail").string()},
      folder.path() / "out");
  EXPECT_EQ(reader.wait(), 0) << reader.output();
  return reader.output();
}

TEST(Smtp, CarriesAMailThatOthersRead) {
  const MailServer server;
  core::send_mail(server.settings(), sample_mail());
  ASSERT_TRUE(server.has(1));
  EXPECT_THAT(server.mail(1), HasSubstr("X-From: intendance@example.org\r\n"
                                        "X-To: finances@example.org,labo@example.org\r\n"));
  EXPECT_EQ(as_others_read_it(server.mail(1)),
            "Rapport d'août, fonds F-1234|finances@example.org, labo@example.org|"
            "<an-id@example.org>|Thu, 05 Nov 2026 13:00:00 +0000\n" +
                sample_mail().text + "a.csv text/csv b'a\\x00b\\r\\n\\xff'\n");
}

TEST(Smtp, SaysWhoWasRefusedAndInWhichWords) {
  const MailServer server({"--refuse", "labo@example.org"});
  EXPECT_THAT(failure(server.settings(), sample_mail()),
              AllOf(HasSubstr(server.settings().address()), HasSubstr("nobody of that name")));
  EXPECT_FALSE(server.has(1)); // to all or to none
}

TEST(Smtp, SaysThatNobodyAnswers) {
  std::string gone;
  { gone = MailServer().settings().address(); }
  EXPECT_THAT(failure(core::parse_smtp_server("smtp://" + gone), sample_mail()),
              HasSubstr("Connection refused"));
}

TEST(Smtp, LogsInWithThePasswordOfAFile) {
  core::TemporaryDirectory folder;
  const MailServer server({"--login", "intendance:of-the-test"});
  auto settings = server.settings();
  EXPECT_NE(failure(settings, sample_mail()), "sent");
  settings.user = "intendance";
  settings.password_file = folder.path() / "password";
  core::write_file_atomically(*settings.password_file, "not-this-one\n", 0600);
  EXPECT_THAT(failure(settings, sample_mail()), Not(HasSubstr("not-this-one")));
  EXPECT_FALSE(server.has(1));
  core::write_file_atomically(*settings.password_file, "of-the-test\n", 0600);
  EXPECT_EQ(failure(settings, sample_mail()), "sent");
}

// Neither in the clear to a server that offers no encryption, nor to one that anybody may be.
TEST(Smtp, SendsNothingOverALineThatIsNotSafe) {
  const MailServer open;
  auto settings = open.settings();
  settings.tls = core::SmtpServer::Tls::starttls;
  EXPECT_NE(failure(settings, sample_mail()), "sent");
  EXPECT_FALSE(open.has(1));

  core::TemporaryDirectory folder;
  const auto key = (folder.path() / "key").string();
  const auto certificate = (folder.path() / "certificate").string();
  test::ChildProcess openssl({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                              "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
                              certificate, "-subj", "/CN=127.0.0.1", "-days", "2"},
                             folder.path() / "openssl");
  ASSERT_EQ(openssl.wait(), 0) << openssl.output();
  const MailServer unknown({"--tls", certificate, key});
  settings = unknown.settings();
  settings.tls = core::SmtpServer::Tls::starttls;
  EXPECT_THAT(failure(settings, sample_mail()), HasSubstr("certificate"));
  EXPECT_FALSE(unknown.has(1));
}

TEST(Smtp, IsStoppedWhileTheServerIsSilent) {
  const MailServer server({"--silent"});
  std::stop_source stop;
  auto sending = std::async(std::launch::async, [&] {
    core::send_mail(server.settings(), sample_mail(), stop.get_token());
  });
  server.wait_for("a mail came");
  stop.request_stop();
  ASSERT_EQ(sending.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  EXPECT_THROW(sending.get(), core::Cancelled);
}

class MailedReports : public LedgerTest {
protected:
  // The report of November 2024 is due on 5 December.
  void start(const MailServer& server) {
    BillingConfig config;
    config.database = address_;
    config.mail.emplace();
    config.mail->server = server.settings();
    config.mail->from = "intendance@example.org";
    config.mail->to = {"finances@example.org"};
    config.mail->formats = formats_;
    mailer_ = std::make_unique<Mailer>(config, folder_.path(), clock_);
  }
  // Each advance lets the mailer look again.
  bool gets(const MailServer& server, int number) {
    return test::eventually([&] {
      clock_.advance(std::chrono::minutes(1));
      return server.has(number);
    });
  }
  bool is_quiet(const MailServer& server, int number) {
    for (int each = 0; each < 5; ++each) {
      clock_.advance(std::chrono::minutes(61));
      test::pause_briefly();
    }
    return !server.has(number);
  }

  std::vector<std::string> formats_ = {"csv"};
  core::TemporaryDirectory folder_;
  core::ManualClock clock_{core::parse_utc("2024-12-04T12:00:00Z")};
  std::unique_ptr<Mailer> mailer_;
};

TEST_F(MailedReports, AreSentOnceOnTheDaySet) {
  add("2024-11-20", 90);
  const MailServer server;
  start(server);
  EXPECT_TRUE(is_quiet(server, 1));
  clock_.advance(std::chrono::hours(36));
  ASSERT_TRUE(gets(server, 1));
  const auto mail = as_others_read_it(server.mail(1));
  EXPECT_THAT(mail, HasSubstr("Rapport mensuel, novembre 2024, fonds F-1234 (provisoire)"));
  EXPECT_THAT(mail, HasSubstr(ledger_head(database_).hash));
  EXPECT_THAT(mail, HasSubstr("2024-11-F-1234-fr.csv text/csv"));
  EXPECT_TRUE(is_quiet(server, 2));
  mailer_.reset();
  start(server);
  EXPECT_TRUE(is_quiet(server, 2));
}

TEST_F(MailedReports, OfAClosedMonthAreTheFilesThatWereKept) {
  add("2024-11-20", 90);
  const MailServer server;
  start(server);
  EXPECT_TRUE(is_quiet(server, 1)); // it has seen that nothing is due
  close_month("2024-11");
  const auto document = add_document(database_, "kept.csv", "text/csv", "what was signed\n");
  keep_report(database_, parse_month("2024-11"), {"F-1234", "fr", "csv", document.sha256, 16});
  clock_.advance(std::chrono::hours(36));
  ASSERT_TRUE(gets(server, 1));
  const auto mail = as_others_read_it(server.mail(1));
  EXPECT_THAT(mail, HasSubstr("(clos)"));
  EXPECT_THAT(mail, HasSubstr("b'what was signed\\n'"));
  EXPECT_THAT(mail, HasSubstr(document.sha256));
}

TEST_F(MailedReports, GoOutAsHtmlWhereThereIsNoBrowser) {
  add("2024-11-20", 90);
  const MailServer server;
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder_.path().c_str(), 1);
  formats_ = {"pdf"};
  start(server);
  EXPECT_TRUE(is_quiet(server, 1));
  clock_.advance(std::chrono::hours(36));
  EXPECT_TRUE(gets(server, 1));
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(as_others_read_it(server.mail(1)), HasSubstr("2024-11-F-1234-fr.html text/html"));
}

TEST_F(MailedReports, AreTriedAgainUntilTheServerTakesThem) {
  add("2024-11-20", 90);
  const MailServer server({"--busy", "2"});
  start(server);
  EXPECT_TRUE(is_quiet(server, 1));
  clock_.advance(std::chrono::hours(36));
  EXPECT_TRUE(test::eventually([&] {
    clock_.advance(std::chrono::seconds(10));
    return mailer_->status().failures > 0;
  }));
  ASSERT_TRUE(gets(server, 1));
  EXPECT_TRUE(test::eventually([&] { return mailer_->status().failures == 0; }));
  EXPECT_TRUE(is_quiet(server, 2));
}

TEST_F(MailedReports, AreNotSentAgainWhenNobodyKnowsWhichWere) {
  add("2024-11-20", 90);
  core::write_file_atomically(folder_.path() / "report-mail.json", "{\"since\": ");
  const MailServer server;
  start(server);
  EXPECT_TRUE(test::eventually([&] { return mailer_->status().failures > 0; }));
  clock_.advance(std::chrono::hours(36));
  EXPECT_TRUE(is_quiet(server, 1));
}

} // namespace
} // namespace intendance::billing
