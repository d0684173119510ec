// SPDX-License-Identifier: AGPL-3.0-or-later
// Files packed as ZIP in memory, by libarchive. The same files give the same bytes on any day and
// machine.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct archive;

namespace intendance::billing {

class ZipArchive {
public:
  ZipArchive();
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  void add(const std::string& name, std::string_view bytes);
  std::string finish(); // once, at last

private:
  void check(int code, const char* doing) const;
  struct archive* archive_;
  std::string bytes_;
};

} // namespace intendance::billing
