# CryptoPP::CryptoPP. The archive where there is one: one function of it is used, and loading the
# shared library would cost every start of the program milliseconds (docs/adr/0017).
find_path(CryptoPP_INCLUDE_DIR cryptopp/donna.h)
find_library(CryptoPP_LIBRARY NAMES libcryptopp.a cryptopp)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CryptoPP REQUIRED_VARS CryptoPP_LIBRARY CryptoPP_INCLUDE_DIR)
if(CryptoPP_FOUND AND NOT TARGET CryptoPP::CryptoPP)
  add_library(CryptoPP::CryptoPP UNKNOWN IMPORTED)
  set_target_properties(CryptoPP::CryptoPP PROPERTIES IMPORTED_LOCATION ${CryptoPP_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${CryptoPP_INCLUDE_DIR})
endif()
