# SPDX-License-Identifier: AGPL-3.0-or-later
# One INTERFACE target that every target of ours links: language, warnings, sanitizers.
include(GNUInstallDirs)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

set(INTENDANCE_SANITIZE "" CACHE STRING "Sanitizers: empty, 'address,undefined' or 'thread'")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_library(project_options INTERFACE)
target_include_directories(project_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(
  project_options
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
            # Clang, which builds the fuzz targets alone, warns of other things.
            "$<$<CXX_COMPILER_ID:GNU>:-Werror>"
            # Paths of the builder's machine have no place in what is shipped.
            "$<$<CONFIG:Release>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=>")
if(INTENDANCE_SANITIZE)
  target_compile_options(project_options INTERFACE "-fsanitize=${INTENDANCE_SANITIZE}" -fno-omit-frame-pointer
                                                   -fno-sanitize-recover=all
                                                   # GCC 12 sees it in its own <regex> then.
                                                   "$<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>")
  target_link_options(project_options INTERFACE "-fsanitize=${INTENDANCE_SANITIZE}")
endif()

# add_room(NAME SOURCES … PUBLIC … PRIVATE …): a room is a folder, a namespace and a static library.
function(add_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(intendance_${name} STATIC ${ROOM_SOURCES})
  add_library(intendance::${name} ALIAS intendance_${name})
  target_link_libraries(intendance_${name} PUBLIC ${ROOM_PUBLIC} PRIVATE project_options ${ROOM_PRIVATE})
  target_include_directories(intendance_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
endfunction()

# add_program(NAME SOURCE ROOMS …): a main.cpp that links rooms, installed into bin.
function(add_program name source)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE project_options ${ARGN})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
