// Lists of instances as VNN-COMP writes them, and the files that they name.
#pragma once

#include <string>
#include <vector>

#include <isotrace/core/program.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// A line of VNN-COMP's instances.csv (onnx,vnnlib,timeout), or of a table with the published
/// verdict: onnx,vnnlib,verdict,timeout.
struct Instance {
  std::string model;
  std::string property;
  std::string published;  ///< sat, unsat, "sat*" where tools disagreed, or empty
  double timeout = 0;     ///< seconds, of which some lists have decimals
};

struct InstanceList {
  std::string folder;  ///< where the names of the rows begin
  std::vector<Instance> rows;
};

/// `path` is a folder with expected.csv or else instances.csv, or such a list itself (*.csv).
/// Refuses text_not_number for a line without a timeout, and what Context::read refuses.
core::Result<InstanceList> read_instances(const Context& context, const std::string& path);

/// The file that an instance names, inflated if it is a gzip file; where only `path`.gz lies, or
/// only the file without that ending, it is that one. Refuses what executor::gunzip and
/// Context::read refuse.
core::Result<core::Bytes> read_instance_file(const Context& context, const std::string& path,
                                             std::uint64_t bytes_max);

/// The model that an instance names, found as read_instance_file finds files.
core::Result<core::Program> load_instance_model(const Context& context, const std::string& path);

}  // namespace isotrace::tools
