// make_models: writes one of the models of models.hpp as an ONNX file.
#include <fstream>
#include <functional>
#include <iostream>
#include <map>

#include <CLI/CLI.hpp>

#include <isotrace/tools/models/models.hpp>

namespace {

using namespace isotrace::models;

/// Options of all kinds; each kind reads those that it has.
struct Wishes {
  ResNetOptions resnet;
  MobileNetOptions mobilenet;
  TransformerOptions transformer;
  bool tanh = false;
  bool untied = false;
};

const std::map<std::string, std::function<onnx::ModelProto(const Wishes&)>> kinds = {
    {"resnet50", [](const Wishes& w) { return make_resnet(w.resnet); }},
    {"mobilenet", [](const Wishes& w) { return make_mobilenet(w.mobilenet); }},
    {"bert", [](const Wishes& w) { return make_bert(w.transformer); }},
    {"gpt2", [](const Wishes& w) { return make_gpt2(w.transformer); }},
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Writes a model of a public architecture with made-up weights as an ONNX file.");
  std::string kind;
  std::string path;
  std::uint64_t seed = 0;
  std::int64_t batch = 1;
  Wishes wishes;
  std::vector<std::string> names;
  for (const auto& [name, make] : kinds) names.push_back(name);
  app.add_option("KIND", kind, "the architecture")->required()->check(CLI::IsMember(names));
  app.add_option("OUT", path, "the file to write")->required();
  app.add_option("--seed", seed, "of the weights");
  app.add_option("--batch", batch)->check(CLI::Range(1, 4096));
  app.add_option("--sequence", wishes.transformer.sequence, "bert, gpt2")
      ->check(CLI::Range(1, 1024));
  app.add_option("--layers", wishes.transformer.layers, "bert, gpt2")->check(CLI::Range(1, 1024));
  app.add_flag("--fold", wishes.resnet.fold, "resnet50: normalisation inside the convolutions");
  app.add_flag("--norm-in-parts", wishes.transformer.norm_in_parts,
               "bert, gpt2: LayerNormalization as elementary operations");
  app.add_flag("--tanh", wishes.tanh, "bert: Gelu by Tanh, not Erf");
  app.add_flag("--untied", wishes.untied, "gpt2: a head of its own");
  CLI11_PARSE(app, argc, argv);
  wishes.resnet.seed = wishes.mobilenet.seed = wishes.transformer.seed = seed;
  wishes.resnet.batch = wishes.mobilenet.batch = wishes.transformer.batch = batch;
  wishes.transformer.erf = !wishes.tanh;
  wishes.transformer.tied = !wishes.untied;
  std::ofstream file(path, std::ios::binary);
  const bool written = kinds.at(kind)(wishes).SerializeToOstream(&file);
  file.close();
  if (written && file) return 0;
  std::cerr << "make_models: cannot write " << path << "\n";
  return 1;
}
