// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/forecast/ratio.hpp"

#include <algorithm>
#include <array>

namespace intendance::billing {
namespace {

constexpr std::int64_t fine_in_a_cent = 1000;

struct Quantile {
  std::int64_t probability; // both in millionths
  std::int64_t value;
};
constexpr std::array<Quantile, 23> quantiles = {
    {{500'000, 0},         {525'000, 62'707},    {550'000, 125'661},   {575'000, 189'118},
     {600'000, 253'347},   {625'000, 318'639},   {650'000, 385'320},   {675'000, 453'762},
     {700'000, 524'401},   {725'000, 597'760},   {750'000, 674'490},   {775'000, 755'415},
     {800'000, 841'621},   {825'000, 934'589},   {850'000, 1'036'433}, {875'000, 1'150'349},
     {900'000, 1'281'552}, {925'000, 1'439'531}, {950'000, 1'644'854}, {975'000, 1'959'964},
     {985'000, 2'170'090}, {990'000, 2'326'348}, {995'000, 2'575'829}}};

} // namespace

Ratio square(Ratio ratio) { return ratio * ratio; }

Ratio square_root(Ratio ratio) {
  __extension__ using Wide = unsigned __int128;
  if (ratio <= Ratio()) return {};
  const Wide target = static_cast<Wide>(ratio.in_millionths()) * Ratio::scale;
  // Newton's steps from above come down to the root's whole part.
  Wide root = static_cast<Wide>(std::max(ratio.in_millionths(), Ratio::scale));
  for (;;) {
    const Wide next = (root + target / root) / 2;
    if (next >= root) return Ratio::millionths(static_cast<std::int64_t>(root));
    root = next;
  }
}

Ratio normal_quantile(Ratio probability) {
  constexpr auto half = Ratio::percent(50);
  if (probability < half) {
    return Ratio() - normal_quantile(Ratio::whole(1) - probability);
  }
  const auto wanted = probability.in_millionths();
  const auto above = std::find_if(quantiles.begin() + 1, quantiles.end() - 1,
                                  [&](const Quantile& each) { return each.probability >= wanted; });
  const auto below = above - 1;
  const auto way = std::min(wanted, above->probability) - below->probability;
  return Ratio::millionths(below->value + proportion(above->value - below->value, way,
                                                     above->probability - below->probability));
}

Fine fine(Cents amount) { return Fine(proportion(amount.count(), fine_in_a_cent, 1)); }

Cents to_cents(Fine amount) { return Cents(proportion(amount.count(), 1, fine_in_a_cent)); }

Fine operator*(Fine amount, Ratio ratio) {
  return Fine(proportion(amount.count(), ratio.in_millionths(), Ratio::scale));
}

Ratio operator/(Fine part, Fine whole) { return Ratio::of(part.count(), whole.count()); }

} // namespace intendance::billing
