// What people call the functions and globals of a module. Nothing of it can be relied on.
#pragma once

#include <string>
#include <vector>

#include <isotrace/wasm/module.hpp>

namespace isotrace::wasm {

/// By index: the name that the custom section "name" gives, else that of an export, else
/// "MODULE.NAME" of an import, else "function INDEX". What is wrong with the section is passed
/// over.
std::vector<std::string> find_function_names(const Module& module);

/// The same of globals, imported ones first; empty where there is no such name, nor an export.
std::vector<std::string> find_global_names(const Module& module);

}  // namespace isotrace::wasm
