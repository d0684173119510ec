// SPDX-License-Identifier: AGPL-3.0-or-later
// The canonical form: one file without scripts or anything outside of it, which its own policy
// forbids to load, with landmarks, headings in their order and tables whose headers are marked.
#include "billing/report/compose.hpp"
#include "billing/report/html_style.hpp"
#include "billing/report/render.hpp"
#include "billing/report/svg.hpp"

#include <fmt/format.h>

#include <array>

namespace intendance::billing {
namespace {

struct CellClass {
  const char* operator()(std::monostate) const { return ""; }
  const char* operator()(const std::string& text) const {
    if (text == "—") return " class=\"n\"";
    // A fingerprint is one word without a place to break it.
    return text.size() == 64 && text.find(' ') == std::string::npos ? " class=\"hash\"" : "";
  }
  const char* operator()(Date) const { return " class=\"d\""; }
  template <class Number>
  const char* operator()(Number) const {
    return " class=\"n\"";
  }
};

class HtmlReport {
public:
  HtmlReport(const ReportDocument& document, const Voice& voice)
      : document_(document), voice_(voice) {}

  std::string render() {
    head();
    cover();
    add("<main>\n");
    box();
    for (const auto& section : document_.sections) write(section);
    add("</main>\n<footer><p>" + escape(document_.footer) + "</p></footer>\n</body>\n</html>\n");
    return std::move(text_);
  }

private:
  static std::string escape(std::string_view text) { return escape_markup(text); }
  void add(std::string_view markup) { text_ += markup; }
  void element(std::string_view name, std::string_view attributes, std::string_view text) {
    text_ += fmt::format("<{}{}>{}</{}>\n", name, attributes, escape(text), name);
  }

  // Between the quotes of a style sheet's string.
  static std::string in_style(std::string_view text) {
    std::string safe;
    for (const char character : text) {
      if (std::string_view("\"\\<>\n\r").find(character) == std::string_view::npos) {
        safe += character;
      }
    }
    return safe;
  }

  void head() {
    add("<!DOCTYPE html>\n<html lang=\"" + document_.language + "\">\n<head>\n");
    add("<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\">\n");
    add("<meta name=\"dcterms.created\" content=\"" + document_.created + "\">\n");
    element("title", "", document_.title);
    add("<style>");
    add(html_style);
    add("@page { margin: 16mm 14mm 18mm;\n  @bottom-left { font-size: 8pt; content: \"" +
        in_style(document_.footer) + "\"; }\n");
    add("  @bottom-right { font-size: 8pt; content: counter(page) \" / \" counter(pages); } }\n");
    add("</style>\n</head>\n<body>\n");
  }

  void cover() {
    add("<header>\n");
    element("p", " class=\"status\"", document_.status);
    element("h1", "", document_.title);
    add("<dl class=\"cover\">\n");
    for (const auto& [name, value] : document_.cover) {
      element("dt", "", name);
      element("dd", "", value);
    }
    add("</dl>\n");
    element("p", " class=\"note\"", document_.cover_note);
    add("</header>\n");
  }

  void contents() {
    add(fmt::format("<nav aria-label=\"{}\">\n<ol>\n", escape(document_.contents_title)));
    for (const auto& section : document_.sections) {
      add(fmt::format("<li><a href=\"#{}\">{}</a></li>\n", section.name, escape(section.title)));
    }
    add("</ol>\n</nav>\n");
  }

  void box() {
    constexpr std::array<const char*, 3> lights = {"green", "amber", "red"};
    const auto& box = document_.box;
    add(fmt::format("<section class=\"box {}\" aria-labelledby=\"box\">\n",
                    lights.at(static_cast<std::size_t>(box.light))));
    element("h2", " id=\"box\"", box.headline);
    add("<dl class=\"figures\">\n");
    for (const auto& figure : box.figures) {
      add("<div>");
      element("dt", "", figure.name);
      element("dd", "", figure.value);
      add("</div>\n");
    }
    add("</dl>\n");
    element("p", " class=\"note\"", box.basis);
    element("p", " class=\"light\"", box.sentence);
    list(box.reasons);
    element("h3", "", box.decisions_title);
    list(box.decisions);
    add("</section>\n");
    contents();
  }

  void list(const std::vector<std::string>& items) {
    if (items.empty()) return;
    add("<ul>\n");
    for (const auto& item : items) element("li", "", item);
    add("</ul>\n");
  }

  void write(const Section& section) {
    add(fmt::format("<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n", section.name));
    element("h2", fmt::format(" id=\"{}-title\"", section.name), section.title);
    for (const auto& block : section.blocks) {
      std::visit([this](const auto& each) { write(each); }, block);
    }
    add("</section>\n");
  }

  void write(const Paragraph& paragraph) { element("p", "", paragraph.text); }
  void write(const Note& note) { element("p", " class=\"note\"", note.text); }
  void write(const Bullets& bullets) { list(bullets.items); }
  void write(const Blanks& blanks) {
    for (const auto& label : blanks.labels) {
      add("<p class=\"blank\"><span>" + escape(label) + "</span></p>\n");
    }
  }

  void write(const Figure& figure) {
    add(fmt::format("<figure aria-labelledby=\"{0}-figure\">\n<figcaption id=\"{0}-figure\">{1}"
                    "</figcaption>\n",
                    figure.name, escape(figure.title)));
    add(fmt::format("<svg role=\"img\" viewBox=\"0 0 {} {}\" width=\"{}\" height=\"{}\" "
                    "aria-label=\"{}\">",
                    figure.width, figure.height, figure.width, figure.height,
                    escape(figure.alternative)));
    add(figure.svg);
    add("</svg>\n</figure>\n");
    write(figure.data);
  }

  void write(const Table& table) {
    constexpr std::size_t many = 9; // columns
    add(table.columns.size() < many ? "<div class=\"wide\">\n<table>\n"
                                    : "<div class=\"wide\">\n<table class=\"dense\">\n");
    element("caption", "", table.caption);
    add("<thead>\n<tr>");
    for (std::size_t index = 0; index < table.columns.size(); ++index) {
      add(fmt::format("<th scope=\"col\"{}>{}</th>", column_class(table, index),
                      escape(table.columns[index])));
    }
    add("</tr>\n</thead>\n<tbody>\n");
    for (const auto& row : table.rows) write(row);
    add("</tbody>\n</table>\n</div>\n");
  }

  // Where the column's values stand, there stands its title.
  static const char* column_class(const Table& table, std::size_t index) {
    for (const auto& row : table.rows) {
      if (index >= row.cells.size()) continue;
      const auto& cell = row.cells[index];
      if (std::holds_alternative<std::monostate>(cell) || std::holds_alternative<Date>(cell)) {
        continue;
      }
      const std::string_view found = std::visit(CellClass(), cell);
      return found.find("\"n\"") != std::string_view::npos ? " class=\"n\"" : "";
    }
    return "";
  }

  void write(const Row& row) {
    add(row.kind == RowKind::total ? "<tr class=\"total\">" : "<tr>");
    bool first = true;
    for (const auto& cell : row.cells) {
      const auto* name = first ? "th" : "td";
      add(fmt::format("<{}{}{}>{}</{}>", name, first ? " scope=\"row\"" : "",
                      std::visit(CellClass(), cell), escape(voice_.cell(cell)), name));
      first = false;
    }
    add("</tr>\n");
  }

  const ReportDocument& document_;
  const Voice& voice_;
  std::string text_;
};

} // namespace

std::string render_html(const MonthlyReport& report, core::Language language) {
  const auto document = compose_report(report, language);
  const Voice voice(language);
  return HtmlReport(document, voice).render();
}

} // namespace intendance::billing
