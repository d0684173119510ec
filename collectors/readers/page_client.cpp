// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/page_client.hpp"

#include "collectors/readers/reader.hpp"
#include "core/crypto.hpp"
#include "core/error.hpp"
#include "core/secret.hpp"

namespace intendance::collectors {

namespace {

constexpr std::size_t most_bytes = std::size_t{4} << 20;

std::string secret_text(const std::filesystem::path& file) {
  const auto secret = core::read_secret(file);
  return std::string(core::as_text(secret.view()));
}

} // namespace

PageAddress read_page_address(core::ConfigTable& table) {
  PageAddress address;
  address.url = table.text("url");
  const auto scheme = address.url.find("://");
  const bool web = address.url.starts_with("http://") || address.url.starts_with("https://");
  if (!web || address.url.size() == scheme + 3)
    table.fail("url", "is not the address of a page\n  allowed: http://… or https://…");
  if (address.url.find('@', scheme) < address.url.find('/', scheme + 3))
    table.fail("url", "holds a name or a password; write user = and password_file = instead");
  address.user = table.text("user", "");
  address.password_file = table.optional_path("password_file");
  address.token_file = table.optional_path("token_file");
  if (address.user.empty() != !address.password_file)
    table.fail(address.user.empty() ? "password_file" : "user",
               "stands alone; user and password_file go together");
  if (address.password_file && address.token_file)
    table.fail("token_file", "stands beside password_file; a page has one of them");
  return address;
}

PageClient::PageClient(PageAddress address, std::string accept)
    : address_(std::move(address)), accept_(std::move(accept)) {}

core::HttpCall PageClient::call() const {
  core::HttpCall call;
  call.url = address_.url;
  call.connect_timeout = longest_reading / 2;
  call.timeout = longest_reading;
  call.most_body = most_bytes;
  call.headers.emplace_back("Accept", accept_);
  // Read each time: whoever changes a password need not restart anything.
  if (address_.token_file)
    call.headers.emplace_back("Authorization", "Bearer " + secret_text(*address_.token_file));
  if (address_.password_file)
    call.headers.emplace_back(
        "Authorization",
        "Basic " + core::to_base64(
                       core::as_bytes(address_.user + ":" + secret_text(*address_.password_file))));
  return call;
}

std::string PageClient::fetch() {
  if (!client_) client_.emplace();
  auto reply = client_->send(call());
  const auto status = std::to_string(reply.status);
  if (reply.status == 401 || reply.status == 403)
    throw core::AccessDenied(address_.url + " answers " + status +
                             "; let this machine read it, or give user and password_file, or "
                             "token_file, in [[reader]]");
  if (reply.status != 200)
    throw core::Error(address_.url + " answers " + status + " instead of 200; correct url");
  if (reply.body_cut)
    throw core::Error(address_.url + " is longer than " + std::to_string(most_bytes) +
                      " bytes, which no page of figures is");
  return std::move(reply.body);
}

} // namespace intendance::collectors
