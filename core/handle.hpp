// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <memory>

namespace intendance::core {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* pointer) const noexcept {
    Free(pointer);
  }
};

// Owns a C library's object: Handle<CURL, curl_easy_cleanup>.
template <class T, auto Free>
using Handle = std::unique_ptr<T, FreeWith<Free>>;

} // namespace intendance::core
