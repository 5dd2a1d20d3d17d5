// The sections of a module, one function each. Every one reads a whole section and adds to the
// module.
#pragma once

#include <isotrace/wasm/module.hpp>
#include <isotrace/wasm/reader.hpp>

namespace isotrace::wasm {

core::Result<core::Done> decode_types(Reader& reader, Module& module);
core::Result<core::Done> decode_imports(Reader& reader, Module& module);
core::Result<core::Done> decode_functions(Reader& reader, Module& module);
core::Result<core::Done> decode_tables(Reader& reader, Module& module);
core::Result<core::Done> decode_memories(Reader& reader, Module& module);
core::Result<core::Done> decode_globals(Reader& reader, Module& module);
core::Result<core::Done> decode_exports(Reader& reader, Module& module);
core::Result<core::Done> decode_start(Reader& reader, Module& module);
core::Result<core::Done> decode_elements(Reader& reader, Module& module);
core::Result<core::Done> decode_data_count(Reader& reader, Module& module);
core::Result<core::Done> decode_code(Reader& reader, Module& module);
core::Result<core::Done> decode_datas(Reader& reader, Module& module);

/// An initial value or place: instructions up to their `end`, whose form is checked.
core::Result<Expression> decode_expression(Reader& reader, Module& module);

}  // namespace isotrace::wasm
