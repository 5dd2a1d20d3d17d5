// Recurrent layers and normalisations.
#include <isotrace/backends/samples/families.hpp>

namespace isotrace::backends::samples {

void add_recurrent(Op op, Maker& make) {
  const std::int64_t gates = op == Op::rnn ? 1 : op == Op::gru ? 3 : 4;
  const std::size_t functions = op == Op::rnn ? 1 : op == Op::gru ? 2 : 3;
  for (const std::int64_t directions : {one, std::int64_t{2}}) {
    std::string names;
    for (std::int64_t d = 0; d < directions; ++d) {
      names += op == Op::rnn ? "Tanh " : op == Op::gru ? "Sigmoid Tanh " : "Sigmoid Tanh Softsign ";
    }
    names.pop_back();
    const std::vector<float> none(functions * static_cast<std::size_t>(directions), 0.0F);
    std::vector<core::Attribute> attributes = {
        {"activation_alpha", none},
        {"activation_beta", none},
        {"activations", names},
        {"clip", 2.5F},
        {"direction", std::string(directions == 2 ? "bidirectional" : "reverse")}};
    if (op == Op::lstm) attributes.push_back({"input_forget", directions - 1});
    attributes.push_back({"k_segment", std::int64_t{256}});
    if (op == Op::gru) attributes.push_back({"linear_before_reset", directions - 1});
    const std::int64_t rows = gates * 5;
    Operands operands = list(make.data({4, 3, 6}), make.data({directions, rows, 6}),
                             make.data({directions, rows, 5}), make.data({directions, 2 * rows}),
                             ints({4, 0, 2}), make.data({directions, 3, 5}));
    if (op == Op::lstm) {
      operands.emplace_back(make.data({directions, 3, 5}));
      operands.emplace_back(make.data({directions, 15}));
    }
    make.add(std::move(attributes), std::move(operands), op == Op::lstm ? 3 : 2);
  }
}

void add_normalisations(Op op, Maker& make) {
  if (op == Op::batch_normalization) {
    make.add({{"epsilon", 1e-5F}}, list(make.data({2, 3, 4}), make.data({3}), make.data({3}),
                                        make.data({3}), make.data({3})));
  } else if (op == Op::layer_normalization) {
    make.add({{"axis", -one}, {"epsilon", 1e-5F}},
             list(make.data({3, 70}), make.data({70}), make.data({70})), 3);
  } else if (op == Op::instance_normalization) {
    make.add({{"epsilon", 1e-5F}}, list(make.data({2, 3, 40}), make.data({3}), make.data({3})));
  } else if (op == Op::group_normalization) {
    make.add({{"epsilon", 1e-5F}, {"num_groups", std::int64_t{2}}},
             list(make.data({2, 4, 20}), make.data({4}), make.data({4})));
  } else if (op == Op::mean_variance_normalization) {
    make.add({{"axes", Ints{0, 2}}}, list(make.data({3, 2, 20})));
  } else if (op == Op::lp_normalization) {
    for (const std::int64_t p : {one, std::int64_t{2}}) {
      make.add({{"axis", -one}, {"p", p}}, list(make.data({3, 40})));
    }
  } else if (op == Op::lrn) {
    make.add({{"alpha", 0.5F}, {"beta", 0.75F}, {"bias", 1.5F}, {"size", std::int64_t{3}}},
             list(make.data({2, 5, 4})));
  } else {
    make.add({{"axis", -one}, {"flatten", zero}}, list(make.data({5, 40})));
    make.add({{"axis", one}, {"flatten", one}}, list(make.data({2, 3, 4})));
  }
}

}  // namespace isotrace::backends::samples
