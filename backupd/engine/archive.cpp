// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/archive.hpp"

#include "backupd/engine/export.hpp"
#include "backupd/engine/export_output.hpp"
#include "backupd/repository/age_stream.hpp"
#include "backupd/repository/compression.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace intendance::backupd {

using Json = nlohmann::json;

namespace {

constexpr int compression_level = 6; // it is written once and kept for years
constexpr std::size_t reading_step = std::size_t{4} << 20;
constexpr const char* sums_name = "sha256sums";
constexpr const char* readme_name = "lisezmoi.txt";

struct Part {
  std::string contents;   // SHA-256 in hex, before it is sealed
  std::string sealed;     // SHA-256 in hex, as it is stored
  std::uint64_t size = 0; // bytes, as it is stored
};

std::string part_name(std::size_t number) { // from 1 on
  return fmt::format("part-{:04}.tar.zst.age", number);
}

// What was stored of an archive that is not whole yet. Parts are the same only of the same program:
// another version of zstd may compress otherwise.
class Progress {
public:
  Progress(std::filesystem::path file, const std::string& folder, std::uint64_t part)
      : file_(std::move(file)), of_(fmt::format("{} {} {}", folder, part, compression_version())) {
    try {
      const auto json = Json::parse(core::read_file(file_, std::size_t{4} << 20));
      if (json.at("of") != of_) return;
      for (const auto& each : json.at("parts"))
        parts_.push_back({each.at("contents"), each.at("sealed"), each.at("size")});
    } catch (const std::exception&) { // there is none that can be used
      parts_.clear();
    }
  }

  const std::vector<Part>& parts() const { return parts_; }
  void add(const Part& part) {
    parts_.push_back(part);
    auto list = Json::array();
    for (const auto& each : parts_)
      list.push_back({{"contents", each.contents}, {"sealed", each.sealed}, {"size", each.size}});
    core::write_file_atomically(file_, Json{{"of", of_}, {"parts", std::move(list)}}.dump());
  }
  void forget() {
    std::error_code ignored; // it is of no use any more, and of no harm
    std::filesystem::remove(file_, ignored);
  }

private:
  const std::filesystem::path file_;
  const std::string of_;
  std::vector<Part> parts_;
};

// Counts and hashes what passes.
class HashingSink : public Sink {
public:
  explicit HashingSink(Sink& next) : next_(next) {}
  void write(core::ByteView bytes) override {
    hash_.update(bytes);
    next_.write(bytes);
  }
  void finish() override { next_.finish(); }
  std::string digest() { return core::to_hex(hash_.finish()); }

private:
  Sink& next_;
  core::Sha256 hash_;
};

// A part that is being sealed into a file without a name.
class OpenPart {
public:
  OpenPart(const std::filesystem::path& folder, const std::vector<AgeRecipient>& recipients)
      : file_(core::open_unnamed_file(folder)),
        out_(file_.get(), "a part of an archive in " + folder.string()), sealed_(out_),
        age_(sealed_, recipients) {}

  void write(core::ByteView bytes) { age_.write(bytes); }
  Part finish(std::string contents) {
    age_.finish();
    return {std::move(contents), sealed_.digest(), out_.written()};
  }
  const core::FileDescriptor& file() const { return file_; }

private:
  core::FileDescriptor file_;
  DescriptorSink out_;
  HashingSink sealed_;
  AgeStream age_;
};

// Cuts what comes into parts and stores each; those that are stored are compared and passed over.
class PartSink : public Sink {
public:
  PartSink(storage::ObjectStore& store, std::string folder, const ArchiveRequest& request,
           Progress& progress)
      : store_(store), folder_(std::move(folder)), request_(request), progress_(progress),
        stored_(progress.parts()) {}

  void write(core::ByteView bytes) override {
    while (!bytes.empty()) {
      if (filled_ == 0) begin();
      const auto count = std::min<std::uint64_t>(bytes.size(), request_.part - filled_);
      const auto now = bytes.first(count);
      contents_.update(now);
      if (open_) open_->write(now);
      filled_ += count;
      bytes = bytes.subspan(count);
      if (filled_ == request_.part) end();
    }
  }
  void finish() override {
    if (filled_ > 0) end();
  }
  std::uint64_t kept() const { return kept_; }

private:
  void begin() {
    contents_ = core::Sha256();
    if (number_ >= stored_.size())
      open_ = std::make_unique<OpenPart>(request_.state, request_.recipients);
  }

  void end() {
    auto contents = core::to_hex(contents_.finish());
    filled_ = 0;
    const auto name = folder_ + "/" + part_name(++number_);
    if (!open_) {
      if (stored_.at(number_ - 1).contents != contents) {
        progress_.forget();
        throw core::Error(name + " was stored by an earlier run and would not be the same now; "
                                 "the next run begins anew");
      }
      ++kept_;
      return;
    }
    const auto part = open_->finish(std::move(contents));
    store_.put(name, *storage::content_of(open_->file(), part.size));
    read_back(name, part);
    open_.reset();
    progress_.add(part);
  }

  void read_back(const std::string& name, const Part& part) {
    core::Sha256 hash;
    core::Buffer memory;
    for (std::uint64_t at = 0; at < part.size; at += reading_step) {
      const auto bytes =
          core::room_in(memory, std::min<std::uint64_t>(reading_step, part.size - at));
      if (!store_.read(name, at, bytes)) throw core::CorruptData(name + " is gone again");
      hash.update(bytes);
    }
    if (core::to_hex(hash.finish()) != part.sealed) {
      store_.remove(name);
      throw core::CorruptData(name + " came back from " + store_.address() +
                              " with other bytes than were sent, and was removed");
    }
  }

  storage::ObjectStore& store_;
  const std::string folder_;
  const ArchiveRequest& request_;
  Progress& progress_;
  const std::vector<Part> stored_; // by earlier runs
  std::unique_ptr<OpenPart> open_;
  core::Sha256 contents_;
  std::uint64_t filled_ = 0; // bytes
  std::size_t number_ = 0;   // of parts that ended
  std::uint64_t kept_ = 0;
};

std::string sums_of(const std::vector<Part>& parts, core::ByteView readme) {
  std::string text;
  for (std::size_t each = 0; each < parts.size(); ++each)
    text += fmt::format("{}  {}\n", parts[each].sealed, part_name(each + 1));
  return text + fmt::format("{}  {}\n", core::to_hex(core::sha256(readme)), readme_name);
}

std::string readme_of(const Snapshot& snapshot, const ArchiveRequest& request,
                      const std::vector<Part>& parts) {
  const auto& header = snapshot.header;
  return fmt::format(
      "Archive de la sauvegarde {0} de {1}, instantané {2} du {3}\n"
      "(dépôt {4}), en {5} parties. Pour tout restaurer sous /mnt, avec Debian,\n"
      "ses paquets age et zstd, et une clé de lecture dans cle.txt :\n\n"
      "  sha256sum -c sha256sums\n"
      "  for part in part-*.tar.zst.age; do age -d -i cle.txt \"$part\"; done |\n"
      "    zstd -d | tar -x -C /mnt --numeric-owner --acls --xattrs --xattrs-include='*'\n\n"
      "Archive of backup {0} of {1}, snapshot {2} of {3}\n"
      "(repository {4}), in {5} parts. The commands above restore everything\n"
      "below /mnt, with Debian's packages age and zstd, and a reader key in cle.txt.\n",
      header.job, header.machine, core::to_hex(snapshot.name), core::format_utc(header.started),
      request.repository, parts.size());
}

// Objects of the store by the folder of the archive that they are of.
std::map<std::string, std::vector<std::string>> archives_of(storage::ObjectStore& store,
                                                            const std::string& job) {
  std::map<std::string, std::vector<std::string>> all;
  store.list(job + "/", [&](const storage::ObjectInfo& info) {
    all[info.name.substr(0, info.name.rfind('/'))].push_back(info.name);
  });
  return all;
}

bool is_whole(const std::string& folder, const std::vector<std::string>& objects) {
  return std::find(objects.begin(), objects.end(), folder + "/" + sums_name) != objects.end();
}

void put_text(storage::ObjectStore& store, const std::string& name, const std::string& text) {
  store.remove(name); // of a run that was broken off
  store.put(name, core::as_bytes(text));
}

} // namespace

// In the order of time, of letters that an object's name may have.
std::string archive_folder(const Snapshot& snapshot) {
  const auto& header = snapshot.header;
  auto time = core::format_utc(header.started); // 2026-11-28T02:15:31Z
  for (auto& each : time) {
    if (each == ':') each = '-';
    if (each == 'T' || each == 'Z') each = each == 'T' ? 't' : 'z';
  }
  return fmt::format("{}/{}-{}", header.job, time, core::to_hex(snapshot.name).substr(0, 8));
}

ArchiveReport write_archive(SnapshotReader& reader, const Snapshot& snapshot,
                            storage::ObjectStore& store, const ArchiveRequest& request,
                            std::stop_token stop, WorkCounters* work) {
  ArchiveReport report;
  report.folder = archive_folder(snapshot);
  report.was_there = store.head(report.folder + "/" + sums_name).has_value();
  if (report.was_there) return report;
  Progress progress(request.state / "archive.json", report.folder, request.part);
  // What is there and nobody remembers is of no use: it may be of another cut.
  std::vector<std::string> stray;
  store.list(report.folder + "/", [&](const storage::ObjectInfo& info) {
    const auto number = progress.parts().size();
    if (number == 0 || info.name > report.folder + "/" + part_name(number))
      stray.push_back(info.name);
  });
  for (const auto& name : stray) store.remove(name);
  PartSink parts(store, report.folder, request, progress);
  StreamCompressor compressor(parts, compression_level);
  ExportRequest wanted;
  wanted.expected = {snapshot.header.files, snapshot.header.bytes, false};
  export_snapshot(reader, wanted, compressor, std::move(stop), {}, work);
  const auto readme = readme_of(snapshot, request, progress.parts());
  put_text(store, report.folder + "/" + readme_name, readme);
  put_text(store, report.folder + "/" + sums_name,
           sums_of(progress.parts(), core::as_bytes(readme)));
  report.parts = progress.parts().size();
  report.kept = parts.kept();
  for (const auto& part : progress.parts()) report.bytes += part.size;
  progress.forget();
  return report;
}

std::uint64_t forget_archives(storage::ObjectStore& store, const std::string& job,
                              std::uint64_t keep) {
  const auto all = archives_of(store, job);
  std::vector<std::string> whole; // the oldest first
  for (const auto& [folder, objects] : all) {
    if (is_whole(folder, objects)) whole.push_back(folder);
  }
  if (whole.size() <= keep || keep == 0) return 0;
  const auto first_kept = whole[whole.size() - keep];
  std::uint64_t removed = 0;
  for (const auto& [folder, objects] : all) {
    if (folder >= first_kept) break;
    // The sums first: an archive that is half removed is not whole.
    store.remove(folder + "/" + sums_name);
    for (const auto& object : objects) store.remove(object);
    removed += is_whole(folder, objects) ? 1 : 0;
  }
  return removed;
}

} // namespace intendance::backupd
