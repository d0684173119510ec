// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/apt/watch.hpp"

#include "collectors/text_format.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/process.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stop_token>

namespace intendance::collectors {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t most_page = std::size_t{1} << 20;
// Where inotify cannot be had.
constexpr milliseconds without_inotify = std::chrono::minutes(15);

// A folder and the one name in it that matters; any, when it is empty.
struct Watched {
  const char* folder;
  std::string_view name;
};
constexpr std::array watched = {
    Watched{"var/lib/dpkg", "status"},     Watched{"var/lib/apt", "extended_states"},
    Watched{"var/lib/apt/lists", ""},      Watched{"etc/apt", ""},
    Watched{"etc/apt/apt.conf.d", ""},     Watched{"etc/apt/preferences.d", ""},
    Watched{"etc/apt/sources.list.d", ""},
};

fs::path beside_this_program() {
  return fs::read_symlink("/proc/self/exe").parent_path() / "intendance-apt-state";
}

} // namespace

// What happens in those folders, and the wish to stop.
class AptWatch::Changes {
public:
  Changes(const fs::path& root, const std::stop_token& stop)
      : notices_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
        stopped_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), wake_(stop, Wake{stopped_.get()}) {
    if (!stopped_) core::throw_errno("eventfd");
    if (notices_)
      for (const auto& each : watched) {
        const int mark =
            ::inotify_add_watch(notices_.get(), (root / each.folder).c_str(),
                                IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
        if (mark >= 0) names_.emplace_back(mark, each.name);
      }
    if (names_.empty())
      core::log::warning("the kernel tells of no changes of apt's files (inotify): they are looked "
                         "at every 15 minutes");
  }

  // Whether something changed before the time is over; none: as long as it takes.
  bool wait(std::optional<milliseconds> most) {
    if (names_.empty() && (!most || *most > without_inotify)) {
      wait_for_stop(without_inotify);
      return true;
    }
    const auto until = std::chrono::steady_clock::now() + most.value_or(milliseconds(0));
    for (;;) {
      auto left = -1;
      if (most) {
        const auto rest = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
        if (rest.count() <= 0) return false;
        left = static_cast<int>(rest.count());
      }
      std::array<pollfd, 2> ready = {pollfd{notices_.get(), POLLIN, 0},
                                     pollfd{stopped_.get(), POLLIN, 0}};
      if (::poll(ready.data(), ready.size(), left) < 0 && errno != EINTR) core::throw_errno("poll");
      if (ready[1].revents != 0) return false;
      if (ready[0].revents != 0 && take_notices()) return true;
    }
  }

private:
  struct Wake {
    int descriptor;
    void operator()() const noexcept {
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto written = ::write(descriptor, &one, sizeof one);
    }
  };

  void wait_for_stop(milliseconds most) const {
    pollfd ready{stopped_.get(), POLLIN, 0};
    ::poll(&ready, 1, static_cast<int>(most.count()));
  }

  bool take_notices() {
    bool matters = false;
    alignas(inotify_event) std::array<char, 4096> bytes;
    for (;;) {
      const auto count = ::read(notices_.get(), bytes.data(), bytes.size());
      if (count <= 0) return matters;
      const std::string_view all(bytes.data(), static_cast<std::size_t>(count));
      for (std::size_t at = 0; at + sizeof(inotify_event) <= all.size();) {
        inotify_event event{};
        std::memcpy(&event, all.data() + at, sizeof event);
        const std::string_view name(all.data() + at + sizeof event);
        matters |= (event.mask & IN_Q_OVERFLOW) != 0 || is_wanted(event.wd, name);
        at += sizeof event + event.len;
      }
    }
  }

  bool is_wanted(int mark, std::string_view name) const {
    for (const auto& [each, wanted] : names_)
      if (each == mark && (wanted.empty() || wanted == name)) return true;
    return false;
  }

  core::FileDescriptor notices_, stopped_;
  std::vector<std::pair<int, std::string_view>> names_;
  std::stop_callback<Wake> wake_;
};

AptWatch::AptWatch(const core::Clock& clock, AptWatchOptions options)
    : clock_(clock), options_(std::move(options)),
      state_(std::make_shared<core::Synchronized<State>>()) {
  if (options_.program.empty()) options_.program = beside_this_program();
  if (fs::exists(options_.root / "var/lib/dpkg/status"))
    thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

void AptWatch::watch(const std::stop_token& stop) {
  try {
    Changes changes(options_.root, stop);
    while (!stop.stop_requested()) {
      // What is being installed is not looked at half-way, and a start of the machine has other
      // things to do.
      const auto latest = std::chrono::steady_clock::now() + options_.longest_change;
      while (changes.wait(options_.settled_after) && std::chrono::steady_clock::now() < latest) {
      }
      if (stop.stop_requested()) return;
      const bool good = compute(stop);
      changes.wait(good ? std::nullopt : std::optional(options_.failed_is_tried_again_after));
    }
  } catch (const core::Cancelled&) { // as asked
  } catch (const std::exception& error) {
    state_->with([&](State& state) { state.error = error.what(); });
    core::log::error(std::string("the state of apt is watched no more: ") + error.what());
  }
}

bool AptWatch::compute(const std::stop_token& stop) {
  try {
    std::string page;
    std::vector<std::string> words = {options_.program.string()};
    if (options_.root != "/") words.push_back(options_.root.string());
    core::run_program(
        words,
        [&](core::ByteView bytes) {
          if (page.size() + bytes.size() > most_page) throw core::Error("it says too much");
          page += core::as_text(bytes);
        },
        stop);
    auto families = parse_text_format(page, Timestamps::refused);
    state_->with([&](State& state) {
      state.families = std::move(families);
      state.error.clear();
      state.computed = clock_.now();
    });
    return true;
  } catch (const core::Cancelled&) {
    throw;
  } catch (const core::Error& error) {
    const auto message = options_.program.filename().string() + ": " + error.what();
    core::log::warning(message);
    state_->with([&](State& state) { state.error = message; });
    return false;
  }
}

std::shared_ptr<prometheus::Collectable> AptWatch::collectable() const {
  return make_collectable([state = state_, root = options_.root] {
    if (!fs::exists(root / "var/lib/dpkg/status")) return Families();
    const auto now = state->copy();
    if (!now.computed && !now.error.empty()) throw core::Error(now.error);
    auto families = now.families;
    auto reboot =
        gauge_family("node_reboot_required", "Node reboot is required for software updates.");
    add_sample(reboot, fs::exists(root / "run/reboot-required") ? 1 : 0);
    families.push_back(std::move(reboot));
    if (!now.computed) return families;
    auto success =
        gauge_family("intendance_apt_state_success",
                     "Whether the state of apt could be computed when its files last changed.");
    add_sample(success, now.error.empty() ? 1 : 0);
    auto computed = gauge_family("intendance_apt_state_computed_timestamp_seconds",
                                 "When the state of apt was last computed, at a change of it.");
    add_sample(computed, std::chrono::duration<double>(now.computed->time_since_epoch()).count());
    families.push_back(std::move(success));
    families.push_back(std::move(computed));
    return families;
  });
}

} // namespace intendance::collectors
