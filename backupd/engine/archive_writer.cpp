// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/archive_writer.hpp"

#include "backupd/engine/posix_acl.hpp"
#include "core/error.hpp"
#include "core/handle.hpp"
#include "core/lazy_library.hpp"
#include "core/utf8.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <exception>
#include <limits>
#include <type_traits>

namespace intendance::backupd {

namespace {

core::LazyLibrary libarchive{"libarchive.so.13", "libarchive13"};
const core::LazyFunction<decltype(::archive_entry_acl_add_entry)> archive_entry_acl_add_entry{
    libarchive, "archive_entry_acl_add_entry"};
const core::LazyFunction<decltype(::archive_entry_copy_gname)> archive_entry_copy_gname{
    libarchive, "archive_entry_copy_gname"};
const core::LazyFunction<decltype(::archive_entry_copy_hardlink)> archive_entry_copy_hardlink{
    libarchive, "archive_entry_copy_hardlink"};
const core::LazyFunction<decltype(::archive_entry_copy_pathname)> archive_entry_copy_pathname{
    libarchive, "archive_entry_copy_pathname"};
const core::LazyFunction<decltype(::archive_entry_copy_symlink)> archive_entry_copy_symlink{
    libarchive, "archive_entry_copy_symlink"};
const core::LazyFunction<decltype(::archive_entry_copy_uname)> archive_entry_copy_uname{
    libarchive, "archive_entry_copy_uname"};
const core::LazyFunction<decltype(::archive_entry_free)> archive_entry_free{libarchive,
                                                                            "archive_entry_free"};
const core::LazyFunction<decltype(::archive_entry_new)> archive_entry_new{libarchive,
                                                                          "archive_entry_new"};
const core::LazyFunction<decltype(::archive_entry_set_filetype)> archive_entry_set_filetype{
    libarchive, "archive_entry_set_filetype"};
const core::LazyFunction<decltype(::archive_entry_set_gid)> archive_entry_set_gid{
    libarchive, "archive_entry_set_gid"};
const core::LazyFunction<decltype(::archive_entry_set_mtime)> archive_entry_set_mtime{
    libarchive, "archive_entry_set_mtime"};
const core::LazyFunction<decltype(::archive_entry_set_perm)> archive_entry_set_perm{
    libarchive, "archive_entry_set_perm"};
const core::LazyFunction<decltype(::archive_entry_set_rdevmajor)> archive_entry_set_rdevmajor{
    libarchive, "archive_entry_set_rdevmajor"};
const core::LazyFunction<decltype(::archive_entry_set_rdevminor)> archive_entry_set_rdevminor{
    libarchive, "archive_entry_set_rdevminor"};
const core::LazyFunction<decltype(::archive_entry_set_size)> archive_entry_set_size{
    libarchive, "archive_entry_set_size"};
const core::LazyFunction<decltype(::archive_entry_set_uid)> archive_entry_set_uid{
    libarchive, "archive_entry_set_uid"};
const core::LazyFunction<decltype(::archive_entry_sparse_add_entry)> archive_entry_sparse_add_entry{
    libarchive, "archive_entry_sparse_add_entry"};
const core::LazyFunction<decltype(::archive_entry_xattr_add_entry)> archive_entry_xattr_add_entry{
    libarchive, "archive_entry_xattr_add_entry"};
const core::LazyFunction<decltype(::archive_error_string)> archive_error_string{
    libarchive, "archive_error_string"};
const core::LazyFunction<decltype(::archive_write_close)> archive_write_close{
    libarchive, "archive_write_close"};
const core::LazyFunction<decltype(::archive_write_data)> archive_write_data{libarchive,
                                                                            "archive_write_data"};
const core::LazyFunction<decltype(::archive_write_fail)> archive_write_fail{libarchive,
                                                                            "archive_write_fail"};
const core::LazyFunction<decltype(::archive_write_finish_entry)> archive_write_finish_entry{
    libarchive, "archive_write_finish_entry"};
const core::LazyFunction<decltype(::archive_write_free)> archive_write_free{libarchive,
                                                                            "archive_write_free"};
const core::LazyFunction<decltype(::archive_write_header)> archive_write_header{
    libarchive, "archive_write_header"};
const core::LazyFunction<decltype(::archive_write_new)> archive_write_new{libarchive,
                                                                          "archive_write_new"};
const core::LazyFunction<decltype(::archive_write_open)> archive_write_open{libarchive,
                                                                            "archive_write_open"};
const core::LazyFunction<decltype(::archive_write_set_bytes_in_last_block)>
    archive_write_set_bytes_in_last_block{libarchive, "archive_write_set_bytes_in_last_block"};
const core::LazyFunction<decltype(::archive_write_set_bytes_per_block)>
    archive_write_set_bytes_per_block{libarchive, "archive_write_set_bytes_per_block"};
const core::LazyFunction<decltype(::archive_write_set_format_option)>
    archive_write_set_format_option{libarchive, "archive_write_set_format_option"};
const core::LazyFunction<decltype(::archive_write_set_format_pax)> archive_write_set_format_pax{
    libarchive, "archive_write_set_format_pax"};
const core::LazyFunction<decltype(::archive_write_set_format_zip)> archive_write_set_format_zip{
    libarchive, "archive_write_set_format_zip"};

using Archive = core::Handle<archive, [](archive* old) { archive_write_free(old); }>;
using ArchiveEntry =
    core::Handle<archive_entry, [](archive_entry* old) { archive_entry_free(old); }>;
using Locale = core::Handle<std::remove_pointer_t<locale_t>, freelocale>;

// libarchive asks the thread's locale what names are written in.
class Utf8Here {
public:
  explicit Utf8Here(locale_t utf8) : before_(uselocale(utf8)) {}
  Utf8Here(const Utf8Here&) = delete;
  Utf8Here& operator=(const Utf8Here&) = delete;
  ~Utf8Here() { uselocale(before_); }

private:
  locale_t before_;
};

// A pair of surrogates, each encoded by itself (CESU-8): the one thing that libarchive rewrites.
bool holds_surrogate_pair(std::string_view text) {
  for (std::size_t at = 0; at + 6 <= text.size(); ++at) {
    const auto is = [&](std::size_t place, int from, int to) {
      const auto byte = static_cast<unsigned char>(text[at + place]);
      return byte >= from && byte <= to;
    };
    if (is(0, 0xed, 0xed) && is(1, 0xa0, 0xaf) && is(3, 0xed, 0xed) && is(4, 0xb0, 0xbf))
      return true;
  }
  return false;
}

// GNU tar decodes %25 and %3D of what libarchive encodes in an attribute's name, and no more.
bool tar_keeps_name(std::string_view attribute) {
  return std::all_of(attribute.begin(), attribute.end(),
                     [](char each) { return each > 32 && each < 127; });
}

constexpr std::int64_t earliest_in_zip = 0; // unzip reads a negative one as 1980
constexpr std::int64_t latest_in_zip = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t longest_name_in_zip = 65535 - 1; // a folder's ends in '/'

bool has_holes(const Entry& entry) { return entry.type == FileType::file && !entry.data.empty(); }

void add_tar_losses(const std::string& path, const Entry& entry, std::vector<ArchiveLoss>& losses) {
  using Kind = ArchiveLoss::Kind;
  if (holds_surrogate_pair(path) || holds_surrogate_pair(entry.link_target))
    losses.push_back({Kind::name, "its name holds CESU-8, which becomes UTF-8"});
  if (entry.modified.seconds == -1 && entry.modified.nanoseconds > 0)
    losses.push_back({Kind::time, "its time lies within the second before 1970, and is cut to it"});
  for (const auto& attribute : entry.attributes) {
    if (is_access_list(attribute.name)) {
      if (!parse_acl(attribute.value))
        losses.push_back({Kind::access_list, "its access list is of an unknown form"});
    } else if (!tar_keeps_name(attribute.name)) {
      losses.push_back({Kind::attribute, "the name of its extended attribute \"" + attribute.name +
                                             "\" is changed: spaces, control characters and what "
                                             "is not ASCII become %20 and the like"});
    }
  }
}

void add_zip_losses(const std::string& path, const Entry& entry, std::vector<ArchiveLoss>& losses) {
  using Kind = ArchiveLoss::Kind;
  if (entry.type != FileType::file && entry.type != FileType::directory &&
      entry.type != FileType::symbolic_link) {
    losses.push_back({Kind::left_out, "is left out: a zip holds no devices and no pipes"});
    return;
  }
  if (path.size() > longest_name_in_zip) {
    losses.push_back({Kind::left_out, "is left out: its name is too long for a zip"});
    return;
  }
  if (!entry.hard_link.empty())
    losses.push_back(
        {Kind::hard_link, "becomes a copy of /" + entry.hard_link + ": a zip holds no hard links"});
  if (has_holes(entry)) losses.push_back({Kind::holes, "its holes are written as zeros"});
  if (!core::is_utf8(path))
    losses.push_back({Kind::name, "its name is not UTF-8; not every program will read it"});
  if (entry.modified.seconds < earliest_in_zip || entry.modified.seconds > latest_in_zip)
    losses.push_back({Kind::time, "its time is cut to what a zip holds, 1970 to 2038"});
  if (entry.modified.nanoseconds != 0)
    losses.push_back({Kind::second, "its time keeps whole seconds"});
  for (const auto& attribute : entry.attributes) {
    if (is_access_list(attribute.name))
      losses.push_back({Kind::access_list, "its access list is lost"});
    else
      losses.push_back(
          {Kind::attribute, "its extended attribute \"" + attribute.name + "\" is lost"});
  }
}

unsigned type_in_archive(FileType type) {
  switch (type) {
  case FileType::file: return AE_IFREG;
  case FileType::directory: return AE_IFDIR;
  case FileType::symbolic_link: return AE_IFLNK;
  case FileType::character_device: return AE_IFCHR;
  case FileType::block_device: return AE_IFBLK;
  case FileType::fifo: return AE_IFIFO;
  case FileType::more_extents: break; // the reader joins them to their file
  }
  throw core::CorruptData("is of a type that stands for no file");
}

// libarchive writes the seconds, a point and the nanoseconds, whatever the sign; readers (but its
// own) take "-1.25" for one and a quarter seconds before 1970, as POSIX does.
FileTime time_in_tar(FileTime time) {
  if (time.seconds >= 0 || time.nanoseconds == 0) return time;
  if (time.seconds == -1) return {-1, 0}; // "-0.75" it cannot write
  return {time.seconds + 1, 1'000'000'000 - time.nanoseconds};
}

FileTime time_in_zip(FileTime time) {
  return {std::clamp(time.seconds, earliest_in_zip, latest_in_zip), 0};
}

void add_acl(archive_entry* to, int type, const std::vector<AclEntry>& acl) {
  constexpr std::array<int, 3> permissions = {ARCHIVE_ENTRY_ACL_EXECUTE, ARCHIVE_ENTRY_ACL_WRITE,
                                              ARCHIVE_ENTRY_ACL_READ};
  for (const auto& each : acl) {
    int allowed = 0;
    for (std::size_t bit = 0; bit < permissions.size(); ++bit) {
      if ((each.permissions >> bit & 1) != 0) allowed |= permissions[bit];
    }
    int tag = 0;
    int id = -1;
    switch (each.tag) {
    case AclEntry::Tag::owner: tag = ARCHIVE_ENTRY_ACL_USER_OBJ; break;
    case AclEntry::Tag::owning_group: tag = ARCHIVE_ENTRY_ACL_GROUP_OBJ; break;
    case AclEntry::Tag::mask: tag = ARCHIVE_ENTRY_ACL_MASK; break;
    case AclEntry::Tag::other: tag = ARCHIVE_ENTRY_ACL_OTHER; break;
    case AclEntry::Tag::user:
      tag = ARCHIVE_ENTRY_ACL_USER;
      id = static_cast<int>(each.id);
      break;
    case AclEntry::Tag::group:
      tag = ARCHIVE_ENTRY_ACL_GROUP;
      id = static_cast<int>(each.id);
      break;
    }
    archive_entry_acl_add_entry(to, type, allowed, tag, id, nullptr);
  }
}

void add_attributes(archive_entry* to, const Entry& entry) {
  for (const auto& attribute : entry.attributes) {
    if (!is_access_list(attribute.name)) {
      archive_entry_xattr_add_entry(to, attribute.name.c_str(), attribute.value.data(),
                                    attribute.value.size());
    } else if (const auto acl = parse_acl(attribute.value)) {
      add_acl(to,
              attribute.name == "system.posix_acl_default" ? ARCHIVE_ENTRY_ACL_TYPE_DEFAULT
                                                           : ARCHIVE_ENTRY_ACL_TYPE_ACCESS,
              *acl);
    }
  }
}

void describe(archive_entry* to, ArchiveFormat format, const Entry& entry) {
  archive_entry_set_filetype(to, type_in_archive(entry.type));
  archive_entry_set_perm(to, entry.mode);
  archive_entry_set_uid(to, entry.uid);
  archive_entry_set_gid(to, entry.gid);
  if (!entry.user.empty()) archive_entry_copy_uname(to, entry.user.c_str());
  if (!entry.group.empty()) archive_entry_copy_gname(to, entry.group.c_str());
  const auto time =
      format == ArchiveFormat::tar ? time_in_tar(entry.modified) : time_in_zip(entry.modified);
  archive_entry_set_mtime(to, time.seconds, static_cast<long>(time.nanoseconds));
  archive_entry_set_size(to,
                         entry.type == FileType::file ? static_cast<la_int64_t>(entry.size) : 0);
  if (entry.type == FileType::symbolic_link)
    archive_entry_copy_symlink(to, entry.link_target.c_str());
  if (entry.type == FileType::character_device || entry.type == FileType::block_device) {
    archive_entry_set_rdevmajor(to, entry.device_major);
    archive_entry_set_rdevminor(to, entry.device_minor);
  }
  if (format == ArchiveFormat::zip) return;
  // After the mode: the access list says it more exactly.
  add_attributes(to, entry);
  if (has_holes(entry)) {
    for (const auto& range : entry.data)
      archive_entry_sparse_add_entry(to, static_cast<la_int64_t>(range.offset),
                                     static_cast<la_int64_t>(range.length));
  }
}

} // namespace

struct ArchiveWriter::State {
  ArchiveFormat format;
  Sink& out;
  Archive handle{archive_write_new()};
  Locale utf8{newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{})};
  Buffer zeros = Buffer(std::size_t{256} << 10);
  std::exception_ptr failure; // of `out`, kept while libarchive's own functions return
  bool abandoned = false;

  State(ArchiveFormat wanted, Sink& to) : format(wanted), out(to) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  // An archive that was not finished gets no end that would make it look whole. libarchive frees
  // all of its memory only when it is closed, so its last bytes go nowhere.
  ~State() {
    if (!handle) return;
    abandoned = true;
    if (format == ArchiveFormat::zip) archive_write_finish_entry(handle.get());
    archive_write_fail(handle.get()); // a tar's entry is not filled up with zeros
    archive_write_close(handle.get());
  }

  // Says that all is well to libarchive, which would not free its memory after an error.
  static la_ssize_t take(archive* /*from*/, void* state, const void* bytes,
                         std::size_t size) noexcept {
    auto& self = *static_cast<State*>(state);
    try {
      if (!self.failure && !self.abandoned)
        self.out.write({static_cast<const std::uint8_t*>(bytes), size});
    } catch (...) {
      self.failure = std::current_exception();
    }
    return static_cast<la_ssize_t>(size);
  }

  void check(la_ssize_t result) {
    if (failure) std::rethrow_exception(failure);
    if (result < ARCHIVE_WARN) {
      const auto* reason = archive_error_string(handle.get());
      throw core::Error(reason != nullptr ? reason : "libarchive gives no reason");
    }
  }
};

std::string_view name_of(ArchiveLoss::Kind kind) {
  switch (kind) {
  case ArchiveLoss::Kind::left_out: return "left out";
  case ArchiveLoss::Kind::hard_link: return "hard link";
  case ArchiveLoss::Kind::holes: return "holes";
  case ArchiveLoss::Kind::attribute: return "extended attribute";
  case ArchiveLoss::Kind::access_list: return "access list";
  case ArchiveLoss::Kind::name: return "name";
  case ArchiveLoss::Kind::time: return "time";
  case ArchiveLoss::Kind::second: return "part of a second";
  }
  return "unknown";
}

std::vector<ArchiveLoss> losses_of(ArchiveFormat format, const std::string& path,
                                   const Entry& entry) {
  std::vector<ArchiveLoss> losses;
  if (format == ArchiveFormat::tar)
    add_tar_losses(path, entry, losses);
  else
    add_zip_losses(path, entry, losses);
  return losses;
}

ArchiveWriter::ArchiveWriter(ArchiveFormat format, Sink& out)
    : state_(std::make_unique<State>(format, out)) {
  auto* handle = state_->handle.get();
  if (handle == nullptr) throw core::Error("libarchive: no memory");
  if (!state_->utf8) core::throw_errno("the locale C.UTF-8 is missing");
  if (format == ArchiveFormat::tar) {
    state_->check(archive_write_set_format_pax(handle));
    state_->check(archive_write_set_format_option(handle, "pax", "xattrheader", "SCHILY"));
  } else {
    state_->check(archive_write_set_format_zip(handle));
  }
  state_->check(archive_write_set_bytes_per_block(handle, 64 << 10));
  state_->check(archive_write_set_bytes_in_last_block(handle, 1));
  state_->check(archive_write_open(handle, state_.get(), nullptr, State::take, nullptr));
}

ArchiveWriter::~ArchiveWriter() = default;

void ArchiveWriter::begin(const std::string& path, const Entry& entry, const std::string& link) {
  const bool tar = state_->format == ArchiveFormat::tar;
  const ArchiveEntry described(archive_entry_new());
  if (!described) throw core::Error("libarchive: no memory");
  archive_entry_copy_pathname(described.get(), path.c_str());
  if (link.empty()) {
    describe(described.get(), state_->format, entry);
  } else {
    // Everything else was said under the first name.
    Entry plain = entry;
    plain.attributes.clear();
    plain.data.clear();
    plain.size = 0;
    plain.link_target.clear();
    describe(described.get(), state_->format, plain);
    archive_entry_copy_hardlink(described.get(), link.c_str());
  }
  // A tar's names are UTF-8, or are said to be something else; a zip's bear a mark if they are.
  const Utf8Here here(tar || core::is_utf8(path) ? state_->utf8.get() : uselocale(locale_t{}));
  state_->check(archive_write_header(state_->handle.get(), described.get()));
}

void ArchiveWriter::write(ByteView bytes) {
  while (!bytes.empty()) {
    const auto taken = archive_write_data(state_->handle.get(), bytes.data(), bytes.size());
    state_->check(taken);
    if (taken <= 0) throw core::CorruptData("holds more than its size says");
    bytes = bytes.subspan(static_cast<std::size_t>(taken));
  }
}

void ArchiveWriter::write_zeros(std::uint64_t count) {
  while (count > 0) {
    const auto part = std::min<std::uint64_t>(count, state_->zeros.size());
    write(ByteView(state_->zeros).first(part));
    count -= part;
  }
}

bool ArchiveWriter::output_failed() const { return state_->failure != nullptr; }

void ArchiveWriter::finish() {
  state_->check(archive_write_close(state_->handle.get()));
  state_->out.finish();
}

} // namespace intendance::backupd
