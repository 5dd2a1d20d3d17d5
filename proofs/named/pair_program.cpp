// Two programs side by side: Gather and Reshape give each its inputs, Reshape and Concat join what
// they give. All of that moves bits alone, so both compute what they compute on their own.
#include <map>

#include <isotrace/proofs/named/question.hpp>

namespace isotrace::proofs {
namespace {

using core::Node;
using core::Op;
using core::Program;
using core::Result;
using core::Shape;
using core::Tensor;
using core::ValueId;

Tensor list_of(const std::vector<std::int64_t>& values) {
  return Tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

/// Values get their final numbers when all constants are known.
class PairBuilder {
 public:
  PairBuilder(std::size_t inputs, core::Dtype dtype) {
    program_.inputs.push_back({"x", dtype, {static_cast<std::int64_t>(inputs)}});
  }

  void run(const Program& part, const std::vector<std::int64_t>& elements);
  Program finish();

 private:
  /// Numbers of values while constants may still be added: constants are negative.
  using Draft = std::int64_t;
  static constexpr Draft none = INT64_MIN;

  Draft constant(const Tensor& tensor) {
    program_.constants.push_back(tensor);
    return -static_cast<Draft>(program_.constants.size());
  }
  Draft node(Op op, std::vector<Draft> inputs, std::vector<core::Attribute> attributes) {
    drafts_.push_back({op, std::move(inputs), {next_}, std::move(attributes), ""});
    return next_++;
  }
  Draft reshape(Draft value, const std::vector<std::int64_t>& shape) {
    return node(Op::reshape, {value, constant(list_of(shape))}, {{"allowzero", std::int64_t{0}}});
  }

  struct DraftNode {
    Op op;
    std::vector<Draft> inputs;
    std::vector<Draft> outputs;
    std::vector<core::Attribute> attributes;
    std::string name;
  };
  Program program_;
  std::vector<DraftNode> drafts_;
  std::vector<Draft> results_;
  Draft next_ = 1;  ///< 0 is the input
};

void PairBuilder::run(const Program& part, const std::vector<std::int64_t>& elements) {
  std::map<ValueId, Draft> values;
  std::size_t next = 0;
  for (std::size_t i = 0; i < part.inputs.size(); ++i) {
    Shape shape = part.inputs[i].shape;
    std::size_t size = 1;
    for (std::int64_t& dim : shape) {
      dim = dim < 0 ? 1 : dim;
      size *= static_cast<std::size_t>(dim);
    }
    const auto first = elements.begin() + static_cast<std::ptrdiff_t>(next);
    const std::vector<std::int64_t> own(first, first + static_cast<std::ptrdiff_t>(size));
    const Draft picked = node(Op::gather, {0, constant(list_of(own))}, {{"axis", std::int64_t{0}}});
    values[static_cast<ValueId>(i)] = reshape(picked, shape);
    next += size;
  }
  for (std::size_t c = 0; c < part.constants.size(); ++c) {
    values[part.constant_id(c)] = constant(part.constants[c]);
  }
  for (const Node& from : part.nodes) {
    DraftNode made{from.op, {}, {}, from.attributes, from.name};
    for (const ValueId value : from.inputs) {
      made.inputs.push_back(value == core::no_value ? none : values.at(value));
    }
    for (const ValueId value : from.outputs) {
      made.outputs.push_back(value == core::no_value ? none : next_);
      if (value != core::no_value) values[value] = next_++;
    }
    drafts_.push_back(std::move(made));
  }
  for (const core::ProgramOutput& output : part.outputs) {
    results_.push_back(reshape(values.at(output.value), {-1}));
  }
}

Program PairBuilder::finish() {
  node(Op::concat, results_, {{"axis", std::int64_t{0}}});
  const auto constants = static_cast<Draft>(program_.constants.size());
  const auto number = [constants](Draft draft) {
    if (draft == none) return core::no_value;
    return static_cast<ValueId>(draft < 0 ? -draft : draft == 0 ? 0 : draft + constants);
  };
  for (DraftNode& draft : drafts_) {
    Node made{draft.op, {}, {}, std::move(draft.attributes), std::move(draft.name)};
    for (const Draft value : draft.inputs) made.inputs.push_back(number(value));
    for (const Draft value : draft.outputs) made.outputs.push_back(number(value));
    program_.nodes.push_back(std::move(made));
  }
  program_.outputs.push_back({"y", number(next_ - 1)});
  return std::move(program_);
}

}  // namespace

Result<Program> pair_programs(const Program& a, const Program& b, std::size_t inputs,
                              const std::vector<std::int64_t>& first,
                              const std::vector<std::int64_t>& second) {
  const core::Dtype dtype = a.inputs.front().dtype;
  for (const Program* part : {&a, &b}) {
    for (const core::ProgramInput& input : part->inputs) {
      if (input.dtype == dtype) continue;
      return core::refuse(core::RefusalCode::property_unsupported, "input " + input.name,
                          "two runs share inputs of one element type");
    }
  }
  PairBuilder builder(inputs, dtype);
  builder.run(a, first);
  builder.run(b, second);
  Program program = builder.finish();
  ISOTRACE_TRY_DONE(core::check_program(program));
  return program;
}

}  // namespace isotrace::proofs
