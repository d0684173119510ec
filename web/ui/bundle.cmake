# SPDX-License-Identifier: AGPL-3.0-or-later
# cmake -DUI=web/ui -DDIST=FOLDER -P bundle.cmake: runs build.mjs, or says what is missing for it.
find_program(NODE_PROGRAM NAMES node nodejs)
if(NOT NODE_PROGRAM)
  message(FATAL_ERROR "the dashboard's page cannot be bundled: there is no node (./dev setup installs it); "
                      "or give a page bundled elsewhere with -DINTENDANCE_WEB_DIST=FOLDER")
endif()
if(NOT EXISTS "${UI}/node_modules/esbuild")
  message(FATAL_ERROR "the dashboard's page cannot be bundled: web/ui/node_modules is missing; "
                      "./dev setup makes it, or: cd web/ui && npm ci --ignore-scripts")
endif()
execute_process(COMMAND "${NODE_PROGRAM}" build.mjs "${DIST}" WORKING_DIRECTORY "${UI}" RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "bundling the dashboard's page failed: see esbuild's messages above")
endif()
