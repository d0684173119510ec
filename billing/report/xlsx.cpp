// SPDX-License-Identifier: AGPL-3.0-or-later
// Office Open XML (ECMA-376): a sheet for what is on the first page, then one for each table.
// Amounts are numbers of dollars, work is whole minutes, days are dates; texts are inline strings,
// which no spreadsheet takes for formulas.
#include "billing/report/columns.hpp"
#include "billing/report/compose.hpp"
#include "billing/report/render.hpp"
#include "billing/report/svg.hpp"
#include "billing/report/zip_archive.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::billing {
namespace {

constexpr std::string_view xml_head =
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
constexpr std::string_view main_names =
    "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
constexpr std::size_t most_sheet_name = 31;
constexpr std::size_t least_width = 8;
constexpr std::size_t most_width = 60;

// As they stand in styles(): the cell formats by their number.
enum class Style { plain, head, money, date, percent, whole, bold, bold_money, bold_whole };

struct Sheet {
  std::string name;
  Table table;
};

// XML 1.0 allows no control characters but three.
std::string xml_text(std::string_view text) {
  std::string clean;
  for (const char character : text) {
    const auto code = static_cast<unsigned char>(character);
    if (code >= 0x20 || character == '\n' || character == '\t') clean += character;
  }
  return escape_markup(clean);
}

std::string column_name(std::size_t index) {
  std::string name;
  for (++index; index > 0; index = (index - 1) / 26) {
    name.insert(name.begin(), static_cast<char>('A' + (index - 1) % 26));
  }
  return name;
}

std::int64_t serial_day(Date day) { // day 1 is 1900-01-01, with Excel's 29 February of that year
  const std::chrono::sys_days epoch =
      std::chrono::year(1899) / std::chrono::month(12) / std::chrono::day(30);
  return (std::chrono::sys_days(day) - epoch).count();
}

std::string hundred_thousandths(std::int64_t count) {
  const auto size = count < 0 ? -count : count;
  return fmt::format("{}{}.{:05}", count < 0 ? "-" : "", size / 100000, size % 100000);
}

class CellXml {
public:
  CellXml(std::string place, RowKind kind)
      : place_(std::move(place)), total_(kind == RowKind::total) {}

  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(const std::string& text) const {
    return fmt::format(
        "<c r=\"{}\" s=\"{}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>",
        place_, number(total_ ? Style::bold : Style::plain), xml_text(text));
  }
  std::string operator()(Cents amount) const {
    return value(total_ ? Style::bold_money : Style::money, format_decimal(amount));
  }
  std::string operator()(Minutes work) const { return whole(work.count()); }
  std::string operator()(std::int64_t count) const { return whole(count); }
  std::string operator()(Date day) const {
    return value(Style::date, std::to_string(serial_day(day)));
  }
  std::string operator()(Percent percent) const {
    return value(Style::percent, hundred_thousandths(percent.thousandths));
  }

private:
  static int number(Style style) { return static_cast<int>(style); }
  std::string whole(std::int64_t count) const {
    return value(total_ ? Style::bold_whole : Style::whole, std::to_string(count));
  }
  std::string value(Style style, const std::string& text) const {
    return fmt::format("<c r=\"{}\" s=\"{}\"><v>{}</v></c>", place_, number(style), text);
  }
  std::string place_;
  bool total_;
};

std::string head_cell(const std::string& place, const std::string& text) {
  return fmt::format(
      "<c r=\"{}\" s=\"{}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>", place,
      static_cast<int>(Style::head), xml_text(text));
}

bool holds_work(const Table& table, std::size_t index) {
  return std::any_of(table.rows.begin(), table.rows.end(), [&](const Row& row) {
    return index < row.cells.size() && std::holds_alternative<Minutes>(row.cells[index]);
  });
}

std::string sheet_xml(const Table& table, const Voice& voice) {
  std::vector<std::string> titles;
  std::vector<std::size_t> widths;
  for (std::size_t index = 0; index < table.columns.size(); ++index) {
    titles.push_back(table.columns[index] + (holds_work(table, index) ? " (min)" : ""));
    std::size_t width = std::max(least_width, columns(titles.back()) + 2);
    for (const auto& row : table.rows) {
      if (index < row.cells.size())
        width = std::max(width, columns(voice.cell(row.cells[index])) + 2);
    }
    widths.push_back(std::min(width, most_width));
  }
  std::string xml(xml_head);
  xml += fmt::format("<worksheet {}><sheetViews><sheetView workbookViewId=\"0\">"
                     "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" "
                     "state=\"frozen\"/></sheetView></sheetViews><cols>",
                     main_names);
  for (std::size_t index = 0; index < widths.size(); ++index) {
    xml += fmt::format("<col min=\"{0}\" max=\"{0}\" width=\"{1}\" customWidth=\"1\"/>", index + 1,
                       widths[index]);
  }
  xml += "</cols><sheetData><row r=\"1\">";
  for (std::size_t index = 0; index < titles.size(); ++index) {
    xml += head_cell(column_name(index) + "1", titles[index]);
  }
  xml += "</row>";
  std::size_t number = 1;
  for (const auto& row : table.rows) {
    ++number;
    xml += fmt::format("<row r=\"{}\">", number);
    for (std::size_t index = 0; index < row.cells.size(); ++index) {
      xml += std::visit(CellXml(column_name(index) + std::to_string(number), row.kind),
                        row.cells[index]);
    }
    xml += "</row>";
  }
  return xml + "</sheetData></worksheet>";
}

// The order of <xf> is that of Style.
std::string styles_xml(const Voice& voice) {
  const std::string money = voice.french() ? "#,##0.00\\ &quot;$&quot;;\\-#,##0.00\\ &quot;$&quot;"
                                           : "&quot;$&quot;#,##0.00;\\-&quot;$&quot;#,##0.00";
  std::string xml(xml_head);
  xml += fmt::format("<styleSheet {}><numFmts count=\"3\">", main_names);
  xml += "<numFmt numFmtId=\"164\" formatCode=\"" + money + "\"/>";
  xml += "<numFmt numFmtId=\"165\" formatCode=\"yyyy\\-mm\\-dd\"/>"
         "<numFmt numFmtId=\"166\" formatCode=\"0.0%\"/></numFmts>"
         "<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>"
         "<font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>"
         "<fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill>"
         "<fill><patternFill patternType=\"gray125\"/></fill></fills>"
         "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
         "<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/>"
         "</cellStyleXfs><cellXfs count=\"9\">";
  struct Format {
    int number;
    int font;
  };
  for (const auto& [number, font] :
       {Format{0, 0}, Format{0, 1}, Format{164, 0}, Format{165, 0}, Format{166, 0}, Format{3, 0},
        Format{0, 1}, Format{164, 1}, Format{3, 1}}) {
    xml += fmt::format("<xf numFmtId=\"{}\" fontId=\"{}\" fillId=\"0\" borderId=\"0\" xfId=\"0\" "
                       "applyNumberFormat=\"1\" applyFont=\"1\"/>",
                       number, font);
  }
  return xml + "</cellXfs><cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" "
               "builtinId=\"0\"/></cellStyles></styleSheet>";
}

Table first_page(const ReportDocument& document, const Voice& voice) {
  Table table;
  table.columns = {document.title, ""};
  for (const auto& [name, value] : document.cover) table.rows.push_back({{name, value}});
  for (const auto& figure : document.box.figures)
    table.rows.push_back({{figure.name, figure.value}});
  table.rows.push_back({{voice.say("Base", "Basis"), document.box.basis}});
  table.rows.push_back({{voice.say("Avis", "Verdict"), document.box.sentence}});
  for (const auto& reason : document.box.reasons) table.rows.push_back({{"", reason}});
  table.rows.push_back({{document.box.decisions_title}});
  for (const auto& decision : document.box.decisions) table.rows.push_back({{"", decision}});
  return table;
}

// Letters and blanks alone: a sheet's name may hold few other signs.
std::string sheet_name(const std::string& title, std::size_t number) {
  std::string name = std::to_string(number) + " ";
  for (const char character : title) {
    name +=
        std::string_view("[]:*?/\\'").find(character) == std::string_view::npos ? character : ' ';
  }
  return shorten(name, most_sheet_name);
}

std::vector<Sheet> sheets_of(const ReportDocument& document, const Voice& voice) {
  std::vector<Sheet> sheets;
  const auto add = [&](const std::string& title, const Table& table) {
    sheets.push_back({sheet_name(title, sheets.size() + 1), table});
  };
  add(voice.say("Une minute", "One minute"), first_page(document, voice));
  for (const auto& section : document.sections) {
    for (const auto& block : section.blocks) {
      if (const auto* table = std::get_if<Table>(&block)) add(table->caption, *table);
      if (const auto* figure = std::get_if<Figure>(&block)) add(figure->title, figure->data);
    }
  }
  return sheets;
}

std::string content_types(std::size_t sheets) {
  std::string xml(xml_head);
  xml += "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
         "<Default Extension=\"rels\" "
         "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
         "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
         "<Override PartName=\"/docProps/core.xml\" "
         "ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/>";
  const auto part = [&](const std::string& name, const char* type) {
    xml += fmt::format("<Override PartName=\"/xl/{}.xml\" ContentType=\"application/"
                       "vnd.openxmlformats-officedocument.spreadsheetml.{}+xml\"/>",
                       name, type);
  };
  part("workbook", "sheet.main");
  part("styles", "styles");
  for (std::size_t index = 1; index <= sheets; ++index) {
    part(fmt::format("worksheets/sheet{}", index), "worksheet");
  }
  return xml + "</Types>";
}

constexpr std::string_view relations_head =
    "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">";

std::string relation(std::size_t id, const std::string& type, const std::string& target) {
  return fmt::format("<Relationship Id=\"r{}\" Type=\"http://schemas.openxmlformats.org/{}\" "
                     "Target=\"{}\"/>",
                     id, type, target);
}

std::string workbook(const std::vector<Sheet>& sheets) {
  std::string xml(xml_head);
  xml += fmt::format("<workbook {} xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/"
                     "relationships\"><sheets>",
                     main_names);
  for (std::size_t index = 1; index <= sheets.size(); ++index) {
    xml += fmt::format("<sheet name=\"{}\" sheetId=\"{}\" r:id=\"r{}\"/>",
                       xml_text(sheets[index - 1].name), index, index);
  }
  return xml + "</sheets></workbook>";
}

std::string properties(const ReportDocument& document) {
  std::string xml(xml_head);
  return xml +
         fmt::format("<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/"
                     "metadata/core-properties\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "
                     "xmlns:dcterms=\"http://purl.org/dc/terms/\" "
                     "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">"
                     "<dc:title>{}</dc:title><dc:language>{}</dc:language>"
                     "<dcterms:created xsi:type=\"dcterms:W3CDTF\">{}T00:00:00Z</dcterms:created>"
                     "</cp:coreProperties>",
                     xml_text(document.title), document.language, document.created);
}

} // namespace

std::string render_xlsx(const MonthlyReport& report, core::Language language) {
  const Voice voice(language);
  const auto document = compose_report(report, language);
  const auto sheets = sheets_of(document, voice);
  ZipArchive zip;
  zip.add("[Content_Types].xml", content_types(sheets.size()));
  zip.add(
      "_rels/.rels",
      std::string(xml_head) + std::string(relations_head) +
          relation(1, "officeDocument/2006/relationships/officeDocument", "xl/workbook.xml") +
          relation(2, "package/2006/relationships/metadata/core-properties", "docProps/core.xml") +
          "</Relationships>");
  zip.add("docProps/core.xml", properties(document));
  zip.add("xl/workbook.xml", workbook(sheets));
  std::string relations = std::string(xml_head) + std::string(relations_head);
  for (std::size_t index = 1; index <= sheets.size(); ++index) {
    relations += relation(index, "officeDocument/2006/relationships/worksheet",
                          fmt::format("worksheets/sheet{}.xml", index));
  }
  relations +=
      relation(sheets.size() + 1, "officeDocument/2006/relationships/styles", "styles.xml");
  zip.add("xl/_rels/workbook.xml.rels", relations + "</Relationships>");
  zip.add("xl/styles.xml", styles_xml(voice));
  for (std::size_t index = 1; index <= sheets.size(); ++index) {
    zip.add(fmt::format("xl/worksheets/sheet{}.xml", index),
            sheet_xml(sheets[index - 1].table, voice));
  }
  return zip.finish();
}

} // namespace intendance::billing
