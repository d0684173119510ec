// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/basex.hpp"

#include "collectors/host/text.hpp"
#include "collectors/readers/stream.hpp"
#include "core/crypto.hpp"
#include "core/error.hpp"
#include "core/md5.hpp"
#include "core/printable.hpp"
#include "core/secret.hpp"

#include <algorithm>

namespace intendance::collectors {

namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 20;

const std::string databases_query =
    "XQUERY for $d in db:list-details() "
    "return string-join((string($d), string($d/@resources), string($d/@size)), '&#9;')";

std::string md5(const std::string& text) {
  return core::to_hex(core::Md5::of(core::as_bytes(text)));
}

class BaseXReader : public Reader {
public:
  BaseXReader(std::string address, std::string user, std::filesystem::path password_file)
      : address_(std::move(address)), user_(std::move(user)),
        password_file_(std::move(password_file)) {}

  Families read() override {
    const auto secret = core::read_secret(password_file_);
    Stream stream(address_, std::chrono::steady_clock::now() + longest_reading);
    return core::with_context("BaseX at " + address_, [&] {
      log_in(stream, std::string(core::as_text(secret.view())));
      return parse_basex_databases(ask(stream, databases_query));
    });
  }

private:
  static std::string more(Stream& stream, std::string&& known) {
    if (known.size() > most_bytes)
      throw core::Error("answers with more than " + std::to_string(most_bytes) + " bytes");
    const auto piece = stream.receive();
    if (piece.empty()) throw core::TransientError("closed the connection before it answered");
    return std::move(known) + piece;
  }

  void log_in(Stream& stream, const std::string& password) const {
    std::string greeting;
    while (!greeting.ends_with('\0')) greeting = more(stream, std::move(greeting));
    greeting.pop_back();
    stream.send(basex_login(greeting, user_, password));
    if (more(stream, "") != std::string(1, '\0'))
      throw core::AccessDenied("does not let " + user_ + " in; look at user and password_file");
  }

  static std::string ask(Stream& stream, const std::string& command) {
    stream.send(command + '\0');
    std::string bytes;
    std::optional<BaseXAnswer> answer;
    while (!answer) {
      bytes = more(stream, std::move(bytes));
      answer = decode_basex_answer(bytes);
    }
    if (answer->failed)
      throw core::Error("refuses: " + core::printable(answer->information.substr(0, 200)) +
                        "; let this user read: GRANT READ TO …");
    return answer->result;
  }

  std::string address_, user_;
  std::filesystem::path password_file_;
};

} // namespace

std::string basex_login(std::string_view greeting, const std::string& user,
                        const std::string& password) {
  const auto colon = greeting.find(':');
  const bool realm = colon != std::string_view::npos;
  const auto nonce = std::string(realm ? greeting.substr(colon + 1) : greeting);
  const auto secret =
      realm ? md5(user + ":" + std::string(greeting.substr(0, colon)) + ":" + password)
            : md5(password);
  return user + '\0' + md5(secret + nonce) + '\0';
}

std::optional<BaseXAnswer> decode_basex_answer(std::string_view bytes) {
  BaseXAnswer answer;
  // A byte 255 stands before one that is 0 or 255 itself.
  const auto text = [&](std::string& into) {
    while (!bytes.empty()) {
      const char byte = bytes.front();
      bytes.remove_prefix(1);
      if (byte == '\0') return true;
      if (byte != '\xff') {
        into += byte;
        continue;
      }
      if (bytes.empty()) return false;
      into += bytes.front();
      bytes.remove_prefix(1);
    }
    return false;
  };
  if (!text(answer.result) || !text(answer.information) || bytes.empty()) return std::nullopt;
  answer.failed = bytes.front() != '\0';
  if (bytes.size() > 1) throw core::CorruptData("says more than was asked");
  return answer;
}

Families parse_basex_databases(std::string_view lines) {
  auto resources = gauge_family("intendance_basex_database_resources",
                                "Documents and binary files of the database.");
  auto size = gauge_family("intendance_basex_database_size_bytes", "Size of the database.");
  auto count = gauge_family("intendance_basex_databases", "Databases that the reader may see.");
  double seen = 0;
  while (auto line = next_line(lines)) {
    if (line->ends_with('\r')) line->remove_suffix(1);
    if (line->empty()) continue;
    const auto first = line->find('\t');
    const auto second = line->find('\t', first == std::string_view::npos ? first : first + 1);
    if (first == 0 || second == std::string_view::npos)
      throw core::CorruptData("\"" + core::printable(line->substr(0, 40)) + "\" is no database");
    const Labels labels = {{"database", std::string(line->substr(0, first))}};
    add_sample(
        resources,
        static_cast<double>(parse_count(line->substr(first + 1, second - first - 1), "resources")),
        labels);
    add_sample(size, static_cast<double>(parse_count(line->substr(second + 1), "size")), labels);
    ++seen;
  }
  add_sample(count, seen);
  return {std::move(resources), std::move(size), std::move(count)};
}

MakeReader basex_reader(core::ConfigTable& table) {
  const auto address = table.text("address", "127.0.0.1:1984");
  table.parsed("address", address, [](const std::string& text) {
    Stream::check_address(text);
    return 0;
  });
  const auto user = table.text("user");
  const auto password_file = table.path("password_file");
  return [address, user, password_file] {
    return std::make_unique<BaseXReader>(address, user, password_file);
  };
}

} // namespace intendance::collectors
