#include "coq_theorem.hpp"

#include <isotrace/proofs/export/coq_library.hpp>

namespace isotrace::proofs {

std::string coq_make_rule(const std::string& target, const std::string& after,
                          const std::string& project) {
  const std::string file = "Makefile." + target;
  const std::string remove = "\t@rm -f " + file + " " + file + ".conf ." + file + ".d .*.cache\n";
  return ".PHONY: " + target + "\n" + target + ":" + after + "\n" + remove + "\tcoq_makefile -f " +
         project + " -o " + file + "\n\t$(MAKE) -f " + file + " all\n" + remove;
}

void add_theorem(Bundle& bundle, const CoqTheorem& theorem) {
  const auto path_of = [&](std::string_view kind) {
    return "coq/gen/" + std::string(kind) + "_" + theorem.id + ".v";
  };
  BundleFile spec = text_file(path_of("Spec"), theorem.spec);
  bundle.obligations.push_back({theorem.id,
                                theorem.kind,
                                theorem.semantics,
                                path_of("Proof"),
                                "Isotrace.Gen.Proof_" + theorem.id + ".proof",
                                core::sha256(spec.bytes),
                                "closed",
                                {},
                                {spec.path, path_of("Cert"), path_of("Proof")},
                                theorem.reading});
  std::string project =
      "-Q " + theorem.folder + " " + theorem.library + "\n-Q gen Isotrace.Gen\n\n";
  for (const CoqFile& file : coq_library()) {
    if (file.folder != theorem.folder) continue;
    const std::string path = theorem.folder + "/" + std::string(file.name);
    bundle.files.push_back(text_file("coq/" + path, file.text));
    project += path + "\n";
  }
  bundle.files.push_back(std::move(spec));
  bundle.files.push_back(text_file(path_of("Cert"), theorem.cert));
  bundle.files.push_back(text_file(path_of("Proof"), theorem.proof));
  const std::size_t below = std::string_view("coq/").size();
  for (const std::string& part : bundle.obligations[0].parts) project += part.substr(below) + "\n";
  bundle.files.push_back(text_file("coq/_CoqProject", project));
  bundle.files.push_back(text_file("coq/Makefile", coq_make_rule("all", "", "_CoqProject") + "\n" +
                                                       std::string(coq_make_clean)));
  bundle.files.insert(bundle.files.begin(),
                      {std::string(bundle_manifest_path), write_bundle_manifest(bundle)});
}

}  // namespace isotrace::proofs
