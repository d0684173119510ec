# SPDX-License-Identifier: AGPL-3.0-or-later
# cmake -DDIST=FOLDER -DOUT=FOLDER -P embed.cmake: writes assets_bytes.S, whose .incbin puts every
# file into .rodata, and assets_table.cpp, which names them (web/assets.hpp).
file(GLOB names RELATIVE "${DIST}" "${DIST}/*")
list(FILTER names EXCLUDE REGEX "\\.gz$")
list(SORT names)

set(bytes "# Made by web/ui/embed.cmake.\n.section .rodata\n")
set(declarations "")
set(rows "")
set(number 0)

# Adds one file; sets `view` to the C++ expression of its content.
macro(embed file)
  math(EXPR number "${number} + 1")
  file(SIZE "${DIST}/${file}" size)
  string(APPEND bytes ".global intendance_asset_${number}\nintendance_asset_${number}:\n.incbin \"${file}\"\n")
  string(APPEND declarations "extern \"C\" const char intendance_asset_${number}[];\n")
  set(view "{intendance_asset_${number}, ${size}}")
endmacro()

foreach(name IN LISTS names)
  file(SHA256 "${DIST}/${name}" hash)
  string(SUBSTRING "${hash}" 0 16 hash)
  embed("${name}")
  set(plain "${view}")
  set(view "{}")
  if(EXISTS "${DIST}/${name}.gz")
    embed("${name}.gz")
  endif()
  string(APPEND rows "    {\"${name}\", \"${hash}\", ${plain}, ${view}},\n")
endforeach()
string(APPEND bytes ".section .note.GNU-stack,\"\",%progbits\n")

file(WRITE "${OUT}/assets_bytes.S" "${bytes}")
file(WRITE "${OUT}/assets_table.cpp" "// Made by web/ui/embed.cmake.
#include \"web/assets.hpp\"

${declarations}
namespace intendance::web {

std::span<const Asset> assets() {
  static const Asset table[] = {
${rows}  };
  return table;
}

} // namespace intendance::web
")
