// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/zip_archive.hpp"

#include "core/error.hpp"
#include "core/handle.hpp"
#include "core/lazy_library.hpp"

#include <archive.h>
#include <archive_entry.h>

namespace intendance::billing {
namespace {

using core::LazyFunction;

core::LazyLibrary libarchive{"libarchive.so.13", "libarchive13"};
const LazyFunction<decltype(::archive_entry_free)> archive_entry_free{libarchive,
                                                                      "archive_entry_free"};
const LazyFunction<decltype(::archive_entry_new)> archive_entry_new{libarchive,
                                                                    "archive_entry_new"};
const LazyFunction<decltype(::archive_entry_set_filetype)> archive_entry_set_filetype{
    libarchive, "archive_entry_set_filetype"};
const LazyFunction<decltype(::archive_entry_set_pathname)> archive_entry_set_pathname{
    libarchive, "archive_entry_set_pathname"};
const LazyFunction<decltype(::archive_entry_set_perm)> archive_entry_set_perm{
    libarchive, "archive_entry_set_perm"};
const LazyFunction<decltype(::archive_entry_set_size)> archive_entry_set_size{
    libarchive, "archive_entry_set_size"};
const LazyFunction<decltype(::archive_error_string)> archive_error_string{libarchive,
                                                                          "archive_error_string"};
const LazyFunction<decltype(::archive_write_close)> archive_write_close{libarchive,
                                                                        "archive_write_close"};
const LazyFunction<decltype(::archive_write_data)> archive_write_data{libarchive,
                                                                      "archive_write_data"};
const LazyFunction<decltype(::archive_write_free)> archive_write_free{libarchive,
                                                                      "archive_write_free"};
const LazyFunction<decltype(::archive_write_header)> archive_write_header{libarchive,
                                                                          "archive_write_header"};
const LazyFunction<decltype(::archive_write_new)> archive_write_new{libarchive,
                                                                    "archive_write_new"};
const LazyFunction<decltype(::archive_write_open)> archive_write_open{libarchive,
                                                                      "archive_write_open"};
const LazyFunction<decltype(::archive_write_set_bytes_in_last_block)>
    archive_write_set_bytes_in_last_block{libarchive, "archive_write_set_bytes_in_last_block"};
const LazyFunction<decltype(::archive_write_set_format_zip)> archive_write_set_format_zip{
    libarchive, "archive_write_set_format_zip"};

using ArchiveEntry = core::Handle<struct archive_entry,
                                  [](struct archive_entry* entry) { archive_entry_free(entry); }>;

extern "C" la_ssize_t append_bytes(struct archive*, void* text, const void* bytes,
                                   std::size_t size) {
  try {
    static_cast<std::string*>(text)->append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
  } catch (...) { // no memory: libarchive reports that the write failed
    return -1;
  }
}

} // namespace

ZipArchive::ZipArchive() : archive_(archive_write_new()) {
  if (archive_ == nullptr) throw core::Error("cannot pack a file: no memory");
  check(archive_write_set_format_zip(archive_), "begin a file");
  check(archive_write_set_bytes_in_last_block(archive_, 1), "begin a file");
  check(archive_write_open(archive_, static_cast<void*>(&bytes_), nullptr, append_bytes, nullptr),
        "begin a file");
}

ZipArchive::~ZipArchive() {
  if (archive_ != nullptr) archive_write_free(archive_);
}

void ZipArchive::check(int code, const char* doing) const {
  if (code == ARCHIVE_OK || code == ARCHIVE_WARN) return;
  const char* reason = archive_error_string(archive_);
  throw core::Error(std::string("cannot ") + doing + ": " + (reason == nullptr ? "" : reason));
}

void ZipArchive::add(const std::string& name, std::string_view bytes) {
  // Without times: libarchive would write them in the machine's own time zone.
  const ArchiveEntry entry(archive_entry_new());
  if (!entry) throw core::Error("cannot pack " + name + ": no memory");
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), static_cast<unsigned>(AE_IFREG));
  archive_entry_set_perm(entry.get(), static_cast<mode_t>(0644));
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
  check(archive_write_header(archive_, entry.get()), "pack a file");
  while (!bytes.empty()) {
    const auto written =
        archive_write_data(archive_, static_cast<const void*>(bytes.data()), bytes.size());
    if (written <= 0) check(ARCHIVE_FATAL, "pack a file");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string ZipArchive::finish() {
  check(archive_write_close(archive_), "end a file");
  return std::move(bytes_);
}

} // namespace intendance::billing
