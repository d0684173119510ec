// SPDX-License-Identifier: AGPL-3.0-or-later
// What core's wrappers of libcurl share; for nobody else.
#pragma once

#include "core/error.hpp"
#include "core/handle.hpp"
#include "core/lazy_library.hpp"

#include <curl/curl.h>

#include <cstring>
#include <mutex>
#include <string>

namespace intendance::core::curl {

inline LazyLibrary library{"libcurl.so.4", "libcurl4"};

#define INTENDANCE_CURL(function)                                                                  \
  inline const LazyFunction<decltype(::function)> function { library, #function }
INTENDANCE_CURL(curl_easy_cleanup);
INTENDANCE_CURL(curl_easy_getinfo);
INTENDANCE_CURL(curl_easy_init);
INTENDANCE_CURL(curl_easy_perform);
INTENDANCE_CURL(curl_easy_recv);
INTENDANCE_CURL(curl_easy_reset);
INTENDANCE_CURL(curl_easy_send);
INTENDANCE_CURL(curl_easy_setopt);
INTENDANCE_CURL(curl_easy_strerror);
INTENDANCE_CURL(curl_getdate);
INTENDANCE_CURL(curl_global_init);
INTENDANCE_CURL(curl_mime_addpart);
INTENDANCE_CURL(curl_mime_data);
INTENDANCE_CURL(curl_mime_encoder);
INTENDANCE_CURL(curl_mime_filename);
INTENDANCE_CURL(curl_mime_free);
INTENDANCE_CURL(curl_mime_init);
INTENDANCE_CURL(curl_mime_type);
INTENDANCE_CURL(curl_slist_append);
INTENDANCE_CURL(curl_slist_free_all);
#undef INTENDANCE_CURL

inline void free_handle(CURL* handle) { curl_easy_cleanup(handle); }
inline void free_list(curl_slist* list) { curl_slist_free_all(list); }
inline void free_mime(curl_mime* mime) { curl_mime_free(mime); }
using EasyHandle = Handle<CURL, free_handle>;
using List = Handle<curl_slist, free_list>;
using Mime = Handle<curl_mime, free_mime>;

inline void check(CURLcode code) {
  if (code != CURLE_OK) throw Error(std::string("libcurl: ") + curl_easy_strerror(code));
}

template <class Value>
void set(CURL* curl, CURLoption option, Value value) {
  check(curl_easy_setopt(curl, option, value));
}

inline void append(List& list, const std::string& line) {
  auto* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw Error("libcurl: no memory for a header");
  static_cast<void>(list.release());
  list.reset(longer);
}

inline EasyHandle make_handle() {
  static std::once_flag once;
  std::call_once(once, [] { check(curl_global_init(CURL_GLOBAL_DEFAULT)); });
  EasyHandle handle(curl_easy_init());
  if (!handle) throw Error("libcurl: no memory for a connection");
  return handle;
}

// The system's own words where a connection was refused or has no route, which libcurl's leave out.
inline std::string why_failed(CURL* curl, CURLcode code, const char* reason) {
  long error_number = 0;
  if (code == CURLE_COULDNT_CONNECT &&
      curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error_number) == CURLE_OK && error_number != 0)
    return std::strerror(static_cast<int>(error_number));
  return *reason != '\0' ? reason : curl_easy_strerror(code);
}

} // namespace intendance::core::curl
