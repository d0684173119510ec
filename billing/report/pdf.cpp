// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/pdf.hpp"

#include "core/file.hpp"
#include "core/log.hpp"
#include "core/process.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace intendance::billing {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr const char* seconds = "60"; // a year of work takes two
constexpr unsigned nobody = 65534;    // Debian's user and group without rights

std::optional<fs::path> in_path(const char* program) {
  const char* variable = std::getenv("PATH");
  std::string_view folders = variable == nullptr ? "/usr/bin:/bin" : variable;
  while (!folders.empty()) {
    const auto folder = folders.substr(0, folders.find(':'));
    folders.remove_prefix(std::min(folder.size() + 1, folders.size()));
    const auto file = fs::path(folder) / program;
    if (!folder.empty() && ::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

fs::path find_browser() {
  for (const char* name : {"chromium-headless-shell", "chromium", "chromium-browser"}) {
    if (const auto found = in_path(name)) return *found;
  }
  throw BrowserMissing("a PDF needs Debian's package chromium or chromium-headless-shell; every "
                       "other form of the report works without");
}

bool works(const Words& program) {
  try {
    core::run_program(program, [](core::ByteView) {}, {});
    return true;
  } catch (const core::Error&) {
    return false;
  }
}

// What stands before the browser, so that it reaches nobody and may do nothing.
Words confinement() {
  if (::geteuid() != 0) {
    const Words alone = {"unshare", "--user", "--map-current-user", "--net"};
    auto probe = alone;
    probe.emplace_back("true");
    return works(probe) ? alone : Words{};
  }
  Words words;
  if (works({"unshare", "--net", "true"})) words = {"unshare", "--net"};
  for (const char* word :
       {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"}) {
    words.emplace_back(word);
  }
  return words;
}

void give_away(const fs::path& path) {
  if (::geteuid() == 0 && ::chown(path.c_str(), nobody, nobody) != 0) {
    core::throw_errno("cannot give " + path.string() + " to nobody");
  }
}

Words command_line(const fs::path& browser, const fs::path& folder) {
  Words words = {"timeout", "--signal=KILL", seconds};
  for (auto& word : confinement()) words.push_back(std::move(word));
  for (const auto& word : Words{"env", "-i", "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC",
                                "HOME=" + folder.string(), "TMPDIR=" + folder.string()}) {
    words.push_back(word);
  }
  words.push_back(browser.string());
  for (const auto& word :
       Words{"--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-extensions", "--disable-background-networking", "--disable-sync",
             "--disable-component-update", "--disable-crash-reporter", "--no-pdf-header-footer",
             "--generate-pdf-document-outline", "--export-tagged-pdf",
             "--user-data-dir=" + (folder / "profile").string(),
             "--print-to-pdf=" + (folder / "report.pdf").string()}) {
    words.push_back(word);
  }
  return words;
}

void print(Words words, const fs::path& page) {
  const auto address = "file://" + page.string();
  auto sandboxed = words;
  sandboxed.push_back(address);
  try {
    core::run_program(sandboxed, [](core::ByteView) {}, {});
    return;
  } catch (const core::Error& error) {
    // Where the kernel lends no namespaces to a browser, as in many containers, it says so and
    // ends.
    if (std::string_view(error.what()).find("sandbox") == std::string_view::npos) throw;
    core::log::debug(std::string("the browser has no sandbox here, going on without: ") +
                     error.what());
  }
  words.emplace_back("--no-sandbox");
  words.push_back(address);
  core::run_program(words, [](core::ByteView) {}, {});
}

std::string day_of(std::string_view html) {
  constexpr std::string_view mark = "name=\"dcterms.created\" content=\"";
  const auto found = html.find(mark);
  if (found == std::string_view::npos) return "20000101";
  const auto day = html.substr(found + mark.size(), 10);
  std::string digits;
  for (const char character : day) {
    if (character != '-') digits += character;
  }
  return digits;
}

// The moment of printing is not part of the report. Each is as long as what it replaces, so that
// the file's table of places still holds.
void set_day(std::string& pdf, const std::string& day) {
  const auto moment = day + "000000";
  for (const std::string_view key : {"/CreationDate (D:", "/ModDate (D:"}) {
    const auto found = pdf.find(key);
    if (found == std::string::npos || found + key.size() + moment.size() > pdf.size()) continue;
    pdf.replace(found + key.size(), moment.size(), moment);
  }
}

} // namespace

std::string pdf_of_html(std::string_view html) {
  const auto browser = find_browser();
  const core::TemporaryDirectory folder;
  give_away(folder.path());
  const auto page = folder.path() / "report.html";
  core::write_file_atomically(page, html);
  give_away(page);
  try {
    print(command_line(browser, folder.path()), page);
  } catch (const core::Error& error) {
    throw PdfFailure(std::string("the report could not be printed as PDF: ") + error.what());
  }
  const auto printed = folder.path() / "report.pdf";
  if (!fs::exists(printed)) {
    throw PdfFailure("the report could not be printed as PDF: " + browser.string() +
                     " ended without writing one");
  }
  auto pdf = core::read_file(printed, std::size_t{64} << 20);
  if (!pdf.starts_with("%PDF-")) throw PdfFailure(browser.string() + " wrote no PDF");
  set_day(pdf, day_of(html));
  return pdf;
}

} // namespace intendance::billing
