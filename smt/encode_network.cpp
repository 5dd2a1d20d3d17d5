#include <isotrace/smt/encode_network.hpp>

#include <sstream>

namespace isotrace::smt {
namespace {

using core::Rational;
using core::RefusalCode;

void write_number(std::ostream& out, const Rational& value) {
  const core::Integer numerator = boost::multiprecision::numerator(value);
  const core::Integer denominator = boost::multiprecision::denominator(value);
  const bool negative = numerator < 0;
  const core::Integer magnitude = abs(numerator);
  if (negative) out << "(- ";
  if (denominator == 1) {
    out << magnitude << ".0";
  } else {
    out << "(/ " << magnitude << ".0 " << denominator << ".0)";
  }
  if (negative) out << ')';
}

/// (+ constant (* c0 name0) ...), zero coefficients left out.
void write_sum(std::ostream& out, const std::vector<Rational>& coefficients,
               const std::vector<std::string>& names, const Rational& constant) {
  out << "(+ 0.0 ";
  write_number(out, constant);
  for (std::size_t i = 0; i < coefficients.size(); ++i) {
    if (coefficients[i] == 0) continue;
    out << " (* ";
    write_number(out, coefficients[i]);
    out << ' ' << names[i] << ')';
  }
  out << ')';
}

core::Result<core::Done> check_sizes(const NetworkQuery& query) {
  std::size_t width = query.box.size();
  std::size_t neurons = width;
  std::size_t relus = 0;
  for (std::size_t k = 0; k < query.layers.size(); ++k) {
    const AffineLayer& layer = query.layers[k];
    const std::string place = "layer " + std::to_string(k);
    if (layer.weights.size() != layer.bias.size()) {
      return core::refuse(RefusalCode::shape_mismatch, place, "weights and bias");
    }
    for (const auto& row : layer.weights) {
      if (row.size() != width) return core::refuse(RefusalCode::shape_mismatch, place, "row size");
    }
    width = layer.weights.size();
    neurons += width;
    relus += layer.relu ? width : 0;
  }
  for (const LinearConstraint& constraint : query.constraints) {
    if (constraint.coefficients.size() != width) {
      return core::refuse(RefusalCode::shape_mismatch, "constraint", "row size");
    }
  }
  if (relus > network_relus_max || neurons > network_neurons_max) {
    return core::refuse(RefusalCode::limit_exceeded, "network",
                        std::to_string(relus) + " ReLUs, " + std::to_string(neurons) + " neurons");
  }
  return core::Done{};
}

void write_bounds(std::ostream& out, const NetworkQuery& query,
                  const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    out << "(declare-const " << names[i] << " Real)\n(assert (<= ";
    write_number(out, query.box[i].first);
    out << ' ' << names[i] << "))\n(assert (<= " << names[i] << ' ';
    write_number(out, query.box[i].second);
    out << "))\n";
  }
}

void write_layer(std::ostream& out, const AffineLayer& layer, std::size_t number,
                 std::vector<std::string>& names) {
  std::vector<std::string> results;
  for (std::size_t o = 0; o < layer.bias.size(); ++o) {
    const std::string suffix = std::to_string(number) + "_" + std::to_string(o);
    const std::string sum = "z" + suffix;
    out << "(define-fun " << sum << " () Real ";
    write_sum(out, layer.weights[o], names, layer.bias[o]);
    out << ")\n";
    results.push_back(layer.relu ? "h" + suffix : sum);
    if (layer.relu) {
      out << "(define-fun h" << suffix << " () Real (ite (<= " << sum << " 0.0) 0.0 " << sum
          << "))\n";
    }
  }
  names = std::move(results);
}

}  // namespace

std::string input_name(std::size_t index) { return "x" + std::to_string(index); }

bool satisfies(const NetworkQuery& query, const std::vector<Rational>& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] < query.box[i].first || inputs[i] > query.box[i].second) return false;
  }
  const auto product = [](const std::vector<Rational>& row, const std::vector<Rational>& values) {
    Rational sum = 0;
    for (std::size_t i = 0; i < row.size(); ++i) sum += row[i] * values[i];
    return sum;
  };
  std::vector<Rational> values = inputs;
  for (const AffineLayer& layer : query.layers) {
    std::vector<Rational> results;
    for (std::size_t o = 0; o < layer.bias.size(); ++o) {
      results.emplace_back(product(layer.weights[o], values) + layer.bias[o]);
      if (layer.relu && results[o] < 0) results[o] = 0;
    }
    values = std::move(results);
  }
  for (const LinearConstraint& constraint : query.constraints) {
    const Rational sum = product(constraint.coefficients, values);
    if (sum > constraint.bound || (constraint.strict && sum == constraint.bound)) return false;
  }
  return true;
}

core::Result<std::string> encode_network(const NetworkQuery& query) {
  ISOTRACE_TRY_DONE(check_sizes(query));
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out << "(set-logic QF_LRA)\n";
  std::vector<std::string> names;
  for (std::size_t i = 0; i < query.box.size(); ++i) names.push_back(input_name(i));
  write_bounds(out, query, names);
  for (std::size_t k = 0; k < query.layers.size(); ++k) {
    write_layer(out, query.layers[k], k, names);
  }
  for (const LinearConstraint& constraint : query.constraints) {
    out << "(assert (" << (constraint.strict ? "<" : "<=") << ' ';
    write_sum(out, constraint.coefficients, names, Rational(0));
    out << ' ';
    write_number(out, constraint.bound);
    out << "))\n";
  }
  return out.str();
}

}  // namespace isotrace::smt
