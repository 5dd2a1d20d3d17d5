// Whole models of public architectures with made-up weights, for measuring and comparing: what a
// model computes does not matter here, its operations, shapes and finite activations do.
#pragma once

#include <cstdint>

#include <onnx/onnx_pb.h>

namespace isotrace::models {

/// ResNet-50 (He et al. 2015, with the stride in the 3x3 convolution) unless made smaller.
struct ResNetOptions {
  std::uint64_t seed = 0;
  std::int64_t batch = 1;
  std::int64_t image = 224;
  std::int64_t width = 64;                ///< channels of the first stage's bottleneck
  std::int64_t blocks[4] = {3, 4, 6, 3};  ///< per stage
  std::int64_t classes = 1000;
  bool fold = false;  ///< the same function with every BatchNormalization inside its convolution
};
onnx::ModelProto make_resnet(const ResNetOptions& options);

/// MobileNetV2 (Sandler et al. 2018), normalisation folded, as it is usually exported.
struct MobileNetOptions {
  std::uint64_t seed = 0;
  std::int64_t batch = 1;
  std::int64_t image = 224;
  std::int64_t divisor = 1;      ///< all channels are divided by it
  std::int64_t repeats_max = 4;  ///< of one kind of block; 4 is all
  std::int64_t classes = 1000;
};
onnx::ModelProto make_mobilenet(const MobileNetOptions& options);

/// Encoder (BERT-base) and decoder (GPT-2 small).
struct TransformerOptions {
  std::uint64_t seed = 0;
  std::int64_t batch = 1;
  std::int64_t sequence = 128;
  std::int64_t layers = 12;
  std::int64_t heads = 12;
  std::int64_t width = 768;
  std::int64_t positions = 0;   ///< 0: those of the model, 512 or 1024
  std::int64_t vocabulary = 0;  ///< 0: that of the model, 30522 or 50257
  bool norm_in_parts = false;   ///< LayerNormalization as ReduceMean, Sub, ..., Add
  bool erf = true;              ///< BERT's Gelu by Erf; else by Tanh
  bool tied = true;             ///< GPT-2's head shares the embedding
};
onnx::ModelProto make_bert(const TransformerOptions& options);
onnx::ModelProto make_gpt2(const TransformerOptions& options);

}  // namespace isotrace::models
