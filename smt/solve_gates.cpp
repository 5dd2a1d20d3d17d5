#include <isotrace/smt/solve_gates.hpp>

#include <cadical.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>

#include <isotrace/smt/stopwatch.hpp>
#include <isotrace/smt/trim_proof.hpp>

namespace isotrace::smt {
namespace {

constexpr int satisfiable = 10;
constexpr int unsatisfiable = 20;

/// A stream that writes into memory.
class MemoryStream {
 public:
  MemoryStream() : stream_(::open_memstream(&data_, &size_)) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }
  ~MemoryStream() {
    if (stream_ != nullptr) std::fclose(stream_);
    std::free(data_);
  }
  MemoryStream(const MemoryStream&) = delete;
  MemoryStream& operator=(const MemoryStream&) = delete;

  [[nodiscard]] std::FILE* stream() const { return stream_; }
  /// What was written. Nothing may be written after.
  core::ByteView bytes() {
    if (stream_ != nullptr && std::fclose(stream_) != 0) throw std::bad_alloc();
    stream_ = nullptr;
    return {reinterpret_cast<const std::uint8_t*>(data_), size_};
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* stream_;
};

void add_formula(CaDiCaL::Solver& solver, const bits::Cnf& cnf) {
  solver.reserve(static_cast<int>(cnf.variables));
  for (std::size_t number = 1; number <= cnf.size(); ++number) {
    for (const std::int32_t literal : cnf.clause(number)) solver.add(literal);
    solver.add(0);
  }
}

std::vector<bool> solution_of(CaDiCaL::Solver& solver, std::uint32_t variables) {
  std::vector<bool> solution(variables + std::size_t{1});
  for (std::uint32_t v = 1; v <= variables; ++v) {
    solution[v] = solver.val(static_cast<int>(v)) > 0;
  }
  return solution;
}

}  // namespace

Answer solve_gates(const bits::TermPool& pool, const bits::Blasted& blasted,
                   std::uint64_t conflicts) {
  Answer answer;
  const Stopwatch solving;
  MemoryStream proof;
  auto solver = std::make_unique<CaDiCaL::Solver>();
  solver->set("quiet", 1);
  solver->trace_proof(proof.stream(), "proof");
  add_formula(*solver, blasted.cnf);
  if (conflicts != 0) {
    solver->limit("conflicts", static_cast<int>(std::min<std::uint64_t>(
                                   conflicts, std::numeric_limits<int>::max())));
  }
  const int result = solver->solve();
  answer.solve_milliseconds = solving.milliseconds();
  if (result == satisfiable) {
    answer.kind = Answer::Kind::sat;
    answer.model = bits::read_solution(pool, blasted, solution_of(*solver, blasted.cnf.variables));
  } else if (result == unsatisfiable) {
    solver->close_proof_trace();
    solver.reset();  // its memory is wanted for the trimming
    const Stopwatch trimming;
    auto lrat = trim_proof(blasted.cnf, proof.bytes());
    answer.trim_milliseconds = trimming.milliseconds();
    if (!lrat) {
      answer.detail = "CaDiCaL's proof: " + lrat.error().detail;
      return answer;
    }
    answer.kind = Answer::Kind::unsat;
    answer.lrat = *std::move(lrat);
  } else {
    answer.detail = "limit of conflicts";
  }
  return answer;
}

std::string cadical_version() { return CaDiCaL::Solver::version(); }

}  // namespace isotrace::smt
