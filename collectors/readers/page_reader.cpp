// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/page_reader.hpp"

#include "core/error.hpp"

namespace intendance::collectors {

namespace {

class PageReader : public Reader {
public:
  PageReader(PageAddress address, std::function<Families(std::string_view)> parse,
             std::string accept)
      : url_(address.url), client_(std::move(address), std::move(accept)),
        parse_(std::move(parse)) {}

  Families read() override {
    const auto page = client_.fetch();
    return core::with_context(url_, [&] { return parse_(page); });
  }

private:
  std::string url_;
  PageClient client_;
  std::function<Families(std::string_view)> parse_;
};

} // namespace

MakeReader page_reader(PageAddress address, std::function<Families(std::string_view)> parse,
                       std::string accept) {
  return [address = std::move(address), parse = std::move(parse), accept = std::move(accept)] {
    return std::make_unique<PageReader>(address, parse, accept);
  };
}

} // namespace intendance::collectors
