// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/apache.hpp"
#include "collectors/readers/bind.hpp"
#include "collectors/readers/nginx.hpp"
#include "collectors/readers/php_fpm.hpp"
#include "collectors/readers/puppet.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

using namespace intendance;

// What services say of themselves in texts: whatever is taken can be shown.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = core::as_text({data, size});
  for (const auto parse : {collectors::parse_apache_status, collectors::parse_bind_statistics,
                           collectors::parse_nginx_status, collectors::parse_php_fpm_status,
                           collectors::parse_puppet_summary}) {
    collectors::Families families;
    try {
      families = parse(text);
    } catch (const core::Error&) {
      continue;
    }
    core::FamilySet set;
    set.add_foreign(std::move(families));
    core::serialize(set.take(), core::ExpositionFormat::openmetrics);
  }
  return 0;
}
