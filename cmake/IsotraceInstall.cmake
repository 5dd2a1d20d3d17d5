# Installation: libraries and headers (isotrace_library), find_package(isotrace), pkg-config, man page,
# completions.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/isotrace)
configure_package_config_file(cmake/isotrace-config.cmake.in ${PROJECT_BINARY_DIR}/isotrace-config.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/isotrace-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/isotrace-config.cmake ${PROJECT_BINARY_DIR}/isotrace-config-version.cmake
  cmake/FindCryptoPP.cmake DESTINATION ${package_folder})
install(EXPORT isotrace NAMESPACE isotrace:: FILE isotrace-targets.cmake DESTINATION ${package_folder})

configure_file(cmake/isotrace.pc.in ${PROJECT_BINARY_DIR}/isotrace.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/isotrace.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# Made by the program itself from its command table.
set(isotrace_made
  "man man ${CMAKE_INSTALL_MANDIR}/man1/isotrace.1"
  "completion bash ${CMAKE_INSTALL_DATADIR}/bash-completion/completions/isotrace"
  "completion zsh ${CMAKE_INSTALL_DATADIR}/zsh/site-functions/_isotrace"
  "completion fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d/isotrace.fish")
foreach(line IN LISTS isotrace_made)
  separate_arguments(words UNIX_COMMAND "${line}")
  list(GET words 0 command)
  list(GET words 1 argument)
  list(GET words 2 target)
  if(command STREQUAL man)
    set(argument "")
  endif()
  get_filename_component(folder ${target} DIRECTORY)
  get_filename_component(file ${target} NAME)
  add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/made/${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/made
    COMMAND isotrace ${command} ${argument} > ${PROJECT_BINARY_DIR}/made/${file} DEPENDS isotrace VERBATIM)
  list(APPEND isotrace_made_files ${PROJECT_BINARY_DIR}/made/${file})
  install(FILES ${PROJECT_BINARY_DIR}/made/${file} DESTINATION ${folder})
endforeach()
add_custom_target(isotrace_texts ALL DEPENDS ${isotrace_made_files})
