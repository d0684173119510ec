// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/curl_facts.hpp"

#include <algorithm>
#include <cerrno>

namespace intendance::core::curl {

namespace {

using Phase = NetworkFailure::Phase;
using Cause = NetworkFailure::Cause;

// libcurl passes OpenSSL's verdict on as it is; these are those of openssl/x509_vfy.h that say more
// than "not accepted".
constexpr long verdict_unspecified = 1;
constexpr long verdict_not_yet_valid = 9;
constexpr long verdict_expired = 10;
constexpr long verdict_self_signed = 18;
constexpr long verdict_self_signed_in_chain = 19;
constexpr long verdict_no_issuer = 20;
constexpr long verdict_no_issuer_of_first = 21;
constexpr long verdict_other_name = 62;

double seconds_of(CURL* curl, CURLINFO what) {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(curl, what, &microseconds);
  return static_cast<double>(microseconds) / 1e6;
}

long number_of(CURL* curl, CURLINFO what) {
  long number = 0;
  curl_easy_getinfo(curl, what, &number);
  return number;
}

bool wants_tls(const std::string& url) {
  return url.starts_with("https:") || url.starts_with("smtps:") || url.starts_with("imaps:");
}

// The last thing that was begun.
Phase phase_reached(CURL* curl, const std::string& url) {
  if (seconds_of(curl, CURLINFO_NAMELOOKUP_TIME_T) == 0) return Phase::resolve;
  // The time of the connection is only noted once TLS stands too; that there is one is known
  // before.
  if (number_of(curl, CURLINFO_LOCAL_PORT) == 0) return Phase::connect;
  if (wants_tls(url) && seconds_of(curl, CURLINFO_APPCONNECT_TIME_T) == 0) return Phase::tls;
  curl_off_t body = 0;
  curl_easy_getinfo(curl, CURLINFO_SIZE_DOWNLOAD_T, &body);
  return body > 0 ? Phase::content : Phase::response;
}

Cause cause_of_connect(CURL* curl) {
  switch (number_of(curl, CURLINFO_OS_ERRNO)) {
  case ECONNREFUSED: return Cause::refused;
  case ECONNRESET: return Cause::reset;
  case ETIMEDOUT: return Cause::timeout;
  default: return Cause::unreachable;
  }
}

Cause cause_of_certificate(CURL* curl, std::string_view reason) {
  switch (number_of(curl, CURLINFO_SSL_VERIFYRESULT)) {
  case verdict_not_yet_valid: return Cause::certificate_not_yet_valid;
  case verdict_expired: return Cause::certificate_expired;
  case verdict_self_signed: return Cause::certificate_self_signed;
  case verdict_self_signed_in_chain:
  case verdict_no_issuer:
  case verdict_no_issuer_of_first: return Cause::certificate_of_unknown_authority;
  case verdict_other_name: return Cause::certificate_of_another_name;
  // libcurl compares the name by itself, and before it asks OpenSSL for the verdict.
  case 0:
  case verdict_unspecified:
    if (reason.find("subject name") != std::string_view::npos)
      return Cause::certificate_of_another_name;
    break;
  default: break;
  }
  return Cause::certificate_refused;
}

// OpenSSL and libcurl say these in words alone.
Cause cause_of_talk(std::string_view reason) {
  const auto says = [&](std::string_view words) { return reason.find(words) != reason.npos; };
  if (says("reset by peer") || says("Broken pipe")) return Cause::reset;
  if (says("wrong version number")) return Cause::no_tls;
  if (says("unexpected eof") || says("SSL_ERROR_SYSCALL")) return Cause::closed;
  if (says("refused")) return Cause::refused;
  return Cause::protocol;
}

std::pair<Phase, Cause> place_of(CURL* curl, CURLcode code, const std::string& url,
                                 std::string_view reason) {
  const auto reached = phase_reached(curl, url);
  switch (code) {
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY: return {Phase::resolve, Cause::unresolved};
  case CURLE_COULDNT_CONNECT: return {Phase::connect, cause_of_connect(curl)};
  case CURLE_PEER_FAILED_VERIFICATION: return {Phase::tls, cause_of_certificate(curl, reason)};
  case CURLE_SSL_CONNECT_ERROR: return {Phase::tls, cause_of_talk(reason)};
  case CURLE_USE_SSL_FAILED: return {Phase::tls, Cause::no_tls};
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CACERT_BADFILE: return {Phase::tls, Cause::certificate_refused};
  case CURLE_OPERATION_TIMEDOUT: return {reached, Cause::timeout};
  case CURLE_URL_MALFORMAT: return {Phase::request, Cause::bad_address};
  case CURLE_UNSUPPORTED_PROTOCOL:
    if (number_of(curl, CURLINFO_REDIRECT_COUNT) > 0)
      return {Phase::response, Cause::redirect_refused};
    if (seconds_of(curl, CURLINFO_CONNECT_TIME_T) > 0) return {Phase::response, Cause::protocol};
    return {Phase::request, Cause::bad_address};
  case CURLE_TOO_MANY_REDIRECTS: return {Phase::response, Cause::too_many_redirects};
  case CURLE_SEND_ERROR: return {Phase::request, cause_of_talk(reason)};
  case CURLE_GOT_NOTHING: return {Phase::response, Cause::closed};
  case CURLE_PARTIAL_FILE: return {Phase::content, Cause::truncated};
  case CURLE_BAD_CONTENT_ENCODING: return {Phase::content, Cause::protocol};
  case CURLE_RECV_ERROR: {
    const auto cause = cause_of_talk(reason);
    if (cause == Cause::protocol && reason.find("chunked") != reason.npos)
      return {Phase::content, cause};
    if (cause == Cause::closed && reached == Phase::content) return {reached, Cause::truncated};
    return {reached, cause};
  }
  default: return {std::max(reached, Phase::response), Cause::protocol};
  }
}

std::optional<std::chrono::sys_seconds> date_of(std::string_view text) {
  const auto time = curl_getdate(std::string(text).c_str(), nullptr);
  if (time < 0) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(time));
}

} // namespace

NetworkTimings timings_of(CURL* curl) {
  using Seconds = std::chrono::duration<double>;
  const double resolved = seconds_of(curl, CURLINFO_NAMELOOKUP_TIME_T);
  const double connected = seconds_of(curl, CURLINFO_CONNECT_TIME_T);
  const double secured = seconds_of(curl, CURLINFO_APPCONNECT_TIME_T);
  const double sent = seconds_of(curl, CURLINFO_PRETRANSFER_TIME_T);
  const double first_byte = seconds_of(curl, CURLINFO_STARTTRANSFER_TIME_T);
  const double total = seconds_of(curl, CURLINFO_TOTAL_TIME_T);
  const auto part = [](double from, double to) { return Seconds(std::max(0.0, to - from)); };
  NetworkTimings timings;
  timings.resolve = Seconds(resolved);
  timings.connect = part(resolved, connected);
  timings.tls = secured > 0 ? part(connected, secured) : Seconds(0);
  timings.processing = part(sent, first_byte);
  timings.transfer = first_byte > 0 ? part(first_byte, total) : Seconds(0);
  timings.total = Seconds(total);
  return timings;
}

std::vector<Certificate> certificates_of(CURL* curl) {
  curl_certinfo* chain = nullptr;
  if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr) return {};
  std::vector<Certificate> certificates;
  for (int each = 0; each < chain->num_of_certs; ++each) {
    Certificate certificate;
    bool whole = false;
    for (const auto* field = chain->certinfo[each]; field != nullptr; field = field->next) {
      const std::string_view line(field->data);
      const auto value_of = [&](std::string_view name) -> std::optional<std::string_view> {
        if (!line.starts_with(name)) return std::nullopt;
        return line.substr(name.size());
      };
      if (const auto subject = value_of("Subject:")) certificate.subject = *subject;
      if (const auto issuer = value_of("Issuer:")) certificate.issuer = *issuer;
      if (const auto places = value_of("Authority Information Access:"))
        certificate.names_its_issuers_place = places->find("CA Issuers") != std::string_view::npos;
      if (const auto text = value_of("Start date:"))
        certificate.starts = date_of(*text).value_or(certificate.starts);
      if (const auto text = value_of("Expire date:"))
        if (const auto date = date_of(*text)) {
          certificate.expires = *date;
          whole = true;
        }
    }
    if (whole) certificates.push_back(std::move(certificate));
  }
  return certificates;
}

std::string text_of(CURL* curl, CURLINFO what) {
  const char* text = nullptr;
  curl_easy_getinfo(curl, what, &text);
  return text == nullptr ? "" : text;
}

NetworkFailure failure_of(CURL* curl, CURLcode code, const std::string& url, const char* reason) {
  const auto [phase, cause] = place_of(curl, code, url, reason);
  NetworkFailure failure(phase, cause,
                         url.substr(0, url.find('?')) + ": " + why_failed(curl, code, reason));
  failure.url = text_of(curl, CURLINFO_EFFECTIVE_URL);
  return failure;
}

} // namespace intendance::core::curl
