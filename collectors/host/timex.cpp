// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/timex.hpp"

#include "core/error.hpp"

#include <cerrno>

namespace intendance::collectors {

namespace {

constexpr double microseconds = 1e6;
constexpr double nanoseconds = 1e9;
// The kernel gives frequencies in millionths with 16 binary places.
constexpr double scaled_millionths = 65536e6;

} // namespace

Families publish_timex(const timex& clock, int state) {
  Families families;
  const auto gauge = [&](const char* name, const char* help, double value) {
    families.push_back(gauge_family(std::string("node_timex_") + name, help));
    add_sample(families.back(), value);
  };
  const auto counter = [&](const char* name, const char* help, long value) {
    families.push_back(counter_family(std::string("node_timex_") + name, help));
    add_sample(families.back(), static_cast<double>(value));
  };
  const auto number = [](auto value) { return static_cast<double>(value); };
  const double fine = (clock.status & STA_NANO) != 0 ? nanoseconds : microseconds;
  gauge("sync_status", "Whether the clock is synchronized.", state == TIME_ERROR ? 0 : 1);
  gauge("status", "The kernel's status bits.", number(clock.status));
  gauge("offset_seconds", "Offset from the reference clock.", number(clock.offset) / fine);
  gauge("frequency_adjustment_ratio", "How much faster than its oscillator the clock is run.",
        1 + number(clock.freq) / scaled_millionths);
  gauge("maxerror_seconds", "Largest possible error.", number(clock.maxerror) / microseconds);
  gauge("estimated_error_seconds", "Estimated error.", number(clock.esterror) / microseconds);
  gauge("loop_time_constant", "Time constant of the phase-locked loop.", number(clock.constant));
  gauge("tick_seconds", "Seconds between clock ticks.", number(clock.tick) / microseconds);
  gauge("tai_offset_seconds", "Offset of the international atomic time.", number(clock.tai));
  gauge("pps_frequency_hertz", "Frequency of the pulse per second.",
        number(clock.ppsfreq) / scaled_millionths);
  gauge("pps_jitter_seconds", "Jitter of the pulse per second.", number(clock.jitter) / fine);
  gauge("pps_shift_seconds", "Interval of the pulse per second.", number(clock.shift));
  gauge("pps_stability_hertz", "Stability of the pulse per second.",
        number(clock.stabil) / scaled_millionths);
  counter("pps_jitter_total", "Pulses whose jitter was over the limit.", clock.jitcnt);
  counter("pps_calibration_total", "Intervals of calibration.", clock.calcnt);
  counter("pps_error_total", "Calibrations that failed.", clock.errcnt);
  counter("pps_stability_exceeded_total", "Pulses whose stability was over the limit.",
          clock.stbcnt);
  return families;
}

std::shared_ptr<prometheus::Collectable> timex_collector() {
  return make_collectable([] {
    timex clock{}; // modes 0: only asks
    const int state = ::adjtimex(&clock);
    if (state < 0 && (errno == EPERM || errno == ENOSYS)) return Families{};
    if (state < 0) core::throw_errno("adjtimex");
    return publish_timex(clock, state);
  });
}

} // namespace intendance::collectors
