# SPDX-License-Identifier: AGPL-3.0-or-later
# Bundles the page with esbuild and turns it into two sources for the web room, so that the program
# holds it: assets_bytes.S and assets_table.cpp in ${WEB_PAGE_EMBEDDED}.
set(INTENDANCE_WEB_DIST "" CACHE PATH "A page bundled elsewhere (the dist/ of web/ui), where there is no Node")

set(WEB_PAGE_EMBEDDED "${CMAKE_CURRENT_BINARY_DIR}/embedded")
set(web_ui "${CMAKE_CURRENT_LIST_DIR}")

if(INTENDANCE_WEB_DIST)
  set(web_dist "${INTENDANCE_WEB_DIST}")
else()
  set(web_dist "${CMAKE_CURRENT_BINARY_DIR}/dist")
  set(web_ui_sources
      build.mjs
      package-lock.json
      tsconfig.json
      src/api.ts
      src/app.tsx
      src/backups.tsx
      src/budget.tsx
      src/favicon.svg
      src/format.ts
      src/index.html
      src/language.ts
      src/machines.tsx
      src/main.tsx
      src/messages.ts
      src/messages_en.ts
      src/messages_fr.ts
      src/overview.ts
      src/parts.tsx
      src/services.tsx
      src/sign_in.tsx
      src/style.css
      src/style/base.css
      src/style/media.css
      src/style/page.css
      src/style/parts.css
      src/verdict.tsx)
  list(TRANSFORM web_ui_sources PREPEND "${web_ui}/")
  add_custom_command(
    OUTPUT "${web_dist}/index.html"
    COMMAND "${CMAKE_COMMAND}" "-DUI=${web_ui}" "-DDIST=${web_dist}" -P "${web_ui}/bundle.cmake"
    DEPENDS ${web_ui_sources} "${web_ui}/bundle.cmake"
    COMMENT "Bundling the dashboard's page"
    VERBATIM)
endif()

# index.html names the hashed files, so that it changes whenever one of them does.
add_custom_command(
  OUTPUT "${WEB_PAGE_EMBEDDED}/assets_bytes.S" "${WEB_PAGE_EMBEDDED}/assets_table.cpp"
  COMMAND "${CMAKE_COMMAND}" "-DDIST=${web_dist}" "-DOUT=${WEB_PAGE_EMBEDDED}" -P "${web_ui}/embed.cmake"
  DEPENDS "${web_dist}/index.html" "${web_ui}/embed.cmake"
  COMMENT "Embedding the dashboard's page"
  VERBATIM)
# .incbin looks beside -I; no line table, for it would hold this machine's paths.
set_source_files_properties("${WEB_PAGE_EMBEDDED}/assets_bytes.S" PROPERTIES COMPILE_OPTIONS
                                                                             "-Wa,-I${web_dist};-g0")
