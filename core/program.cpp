#include <isotrace/core/program_graph.hpp>
#include <isotrace/core/program_pieces.hpp>

#include <algorithm>
#include <set>

#include <isotrace/core/limits.hpp>

namespace isotrace::core {
namespace {

const AttributeValue& value_of(const Node& node, std::string_view attribute) {
  const auto found = std::find_if(node.attributes.begin(), node.attributes.end(),
                                  [&](const Attribute& a) { return a.name == attribute; });
  ISOTRACE_CHECK(found != node.attributes.end(), op_info(node.op).name, attribute);
  return found->value;
}

template <class T>
const T& held(const Node& node, std::string_view attribute) {
  const T* value = std::get_if<T>(&value_of(node, attribute));
  ISOTRACE_CHECK(value != nullptr, op_info(node.op).name, attribute);
  return *value;
}

std::string node_place(const Program& program, std::size_t index) {
  return "node " + std::to_string(index) + " (" +
         std::string(op_info(program.nodes[index].op).name) + ")";
}

template <class Function>
void for_each_nested(const Program& program, Function&& function) {
  for (const Node& node : program.nodes) {
    for (const Attribute& attribute : node.attributes) {
      if (const auto* nested = std::get_if<SubProgram>(&attribute.value)) function(*nested);
    }
  }
}

/// Nodes, and levels of programs, those of programs inside included.
std::pair<std::size_t, std::size_t> measure(const Program& program) {
  std::pair<std::size_t, std::size_t> size = {program.nodes.size(), 1};
  for_each_nested(program, [&size](const SubProgram& nested) {
    const auto [nodes, levels] = measure(nested.program());
    size = {size.first + nodes, std::max(size.second, 1 + levels)};
  });
  return size;
}

Result<Done> check_attributes(const Program& program, std::size_t index) {
  const Node& node = program.nodes[index];
  const std::string_view declared = op_info(node.op).attributes;
  const auto count = declared.empty() ? 0 : std::count(declared.begin(), declared.end(), ' ') + 1;
  if (static_cast<std::ptrdiff_t>(node.attributes.size()) != count) {
    return refuse(RefusalCode::program_ill_formed, node_place(program, index),
                  "attribute missing or extra");
  }
  std::string_view previous;
  for (const Attribute& attribute : node.attributes) {
    if (!previous.empty() && attribute.name <= previous) {
      return refuse(RefusalCode::program_ill_formed, node_place(program, index),
                    "attributes out of order");
    }
    previous = attribute.name;
    const auto kind = attribute_kind(node.op, attribute.name);
    if (!kind || *kind != attribute_kinds[attribute.value.index()]) {
      return refuse(RefusalCode::program_ill_formed,
                    node_place(program, index) + " attribute " + attribute.name,
                    "unknown or of another kind");
    }
  }
  return Done{};
}

/// Operands must exist already; results must be the next numbers. `next` is the first free number.
Result<Done> check_operands(const Program& program, std::size_t index, ValueId& next) {
  const Node& node = program.nodes[index];
  const OpInfo& info = op_info(node.op);
  auto fits = [](std::size_t n, std::size_t low, std::size_t high) {
    return n >= low && (high == any_number || n <= high);
  };
  if (!fits(node.inputs.size(), info.inputs_min, info.inputs_max) ||
      !fits(node.outputs.size(), info.outputs_min, info.outputs_max) ||
      node.inputs.size() > limits::node_operands_max ||
      node.outputs.size() > limits::node_operands_max) {
    return refuse(RefusalCode::program_ill_formed, node_place(program, index),
                  "wrong number of operands");
  }
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const bool optional = i >= info.inputs_min;
    if (node.inputs[i] == no_value ? !optional : node.inputs[i] >= next) {
      return refuse(RefusalCode::program_ill_formed, node_place(program, index),
                    "operand " + std::to_string(i) + " does not exist yet");
    }
  }
  for (ValueId output : node.outputs) {
    if (output == no_value) continue;
    if (output != next) {
      return refuse(RefusalCode::program_ill_formed, node_place(program, index),
                    "result out of order");
    }
    ++next;
  }
  return Done{};
}

Result<Done> check_names(const Program& program) {
  std::set<std::string_view> names;
  for (const ProgramInput& input : program.inputs) {
    if (input.name.size() > limits::name_bytes_max || !names.insert(input.name).second) {
      return refuse(RefusalCode::program_ill_formed, "input " + input.name,
                    "name used twice or too long");
    }
    if (input.shape.size() > limits::tensor_rank_max ||
        (input.shape != any_rank &&
         std::any_of(input.shape.begin(), input.shape.end(), [](auto d) { return d < -1; }))) {
      return refuse(RefusalCode::program_ill_formed, "input " + input.name,
                    "shape " + shape_text(input.shape));
    }
  }
  names.clear();
  for (const ProgramOutput& output : program.outputs) {
    if (output.name.size() > limits::name_bytes_max || !names.insert(output.name).second) {
      return refuse(RefusalCode::program_ill_formed, "output " + output.name,
                    "name used twice or too long");
    }
  }
  return Done{};
}

void write_attributes(ByteWriter& out, const Node& node) {
  out.u64(node.attributes.size());
  for (const Attribute& attribute : node.attributes) {
    out.text(attribute.name)
        .u8(static_cast<std::uint8_t>(attribute_kinds[attribute.value.index()]));
    struct Writer {
      ByteWriter& out;
      void operator()(std::int64_t v) const { out.i64(v); }
      void operator()(float v) const { out.f32(v); }
      void operator()(const std::string& v) const { out.text(v); }
      void operator()(const std::vector<std::int64_t>& v) const {
        out.u64(v.size());
        for (auto x : v) out.i64(x);
      }
      void operator()(const std::vector<float>& v) const {
        out.u64(v.size());
        for (auto x : v) out.f32(x);
      }
      void operator()(const SubProgram& v) const { out.raw(v.digest().view()); }
    };
    std::visit(Writer{out}, attribute.value);
  }
}

Result<AttributeValue> read_attribute_value(ByteReader& in, std::uint8_t kind) {
  switch (kind) {
    case 'i': {
      ISOTRACE_TRY(std::int64_t value, in.i64());
      return value;
    }
    case 'f': {
      ISOTRACE_TRY(float value, in.f32());
      return value;
    }
    case 's': {
      ISOTRACE_TRY(std::string value, in.text(limits::name_bytes_max));
      return value;
    }
    case 'I': {
      ISOTRACE_TRY(std::size_t count, in.count(8, limits::attribute_elements_max));
      std::vector<std::int64_t> values(count);
      for (auto& value : values) {
        ISOTRACE_TRY(value, in.i64());
      }
      return values;
    }
    case 'F': {
      ISOTRACE_TRY(std::size_t count, in.count(4, limits::attribute_elements_max));
      std::vector<float> values(count);
      for (auto& value : values) {
        ISOTRACE_TRY(value, in.f32());
      }
      return values;
    }
    default:
      return refuse(RefusalCode::program_malformed, "byte " + std::to_string(in.offset()),
                    "attribute kind " + std::to_string(kind));
  }
}

constexpr std::string_view magic = "isotrace.program.v1";

Bytes graph_bytes(const Program& program, std::span<const Digest> constants) {
  ByteWriter out;
  out.text(magic).text(semantics_id).u64(program.inputs.size());
  for (const ProgramInput& input : program.inputs) {
    out.text(input.name).u8(static_cast<std::uint8_t>(input.dtype)).u64(input.shape.size());
    for (std::int64_t dim : input.shape) out.i64(dim);
  }
  out.u64(program.constants.size());
  for (const Digest& constant : constants) out.raw(constant.view());
  out.u64(program.nodes.size());
  for (const Node& node : program.nodes) {
    out.u16(static_cast<std::uint16_t>(node.op)).u64(node.inputs.size());
    for (ValueId input : node.inputs) out.u32(input);
    out.u64(node.outputs.size());
    for (ValueId output : node.outputs) out.u32(output);
    write_attributes(out, node);
  }
  out.u64(program.outputs.size());
  for (const ProgramOutput& output : program.outputs) out.text(output.name).u32(output.value);
  return out.take();
}

std::vector<Digest> constant_digests(const Program& program) {
  std::vector<Digest> digests;
  for (const Tensor& constant : program.constants) digests.push_back(tensor_digest(constant));
  return digests;
}

Result<ProgramInput> read_input(ByteReader& in) {
  ProgramInput input;
  ISOTRACE_TRY(input.name, in.text(limits::name_bytes_max));
  ISOTRACE_TRY(const std::uint8_t number, in.u8());
  const auto dtype = dtype_from_number(number);
  if (!dtype) {
    return refuse(RefusalCode::program_malformed, "input " + input.name,
                  "dtype " + std::to_string(number));
  }
  input.dtype = *dtype;
  ISOTRACE_TRY(const std::size_t rank, in.count(8, limits::tensor_rank_max));
  input.shape.resize(rank);
  for (auto& dim : input.shape) {
    ISOTRACE_TRY(dim, in.i64());
  }
  return input;
}

Result<std::vector<ValueId>> read_values(ByteReader& in) {
  ISOTRACE_TRY(const std::size_t count, in.count(4, limits::node_operands_max));
  std::vector<ValueId> values(count);
  for (auto& value : values) {
    ISOTRACE_TRY(value, in.u32());
  }
  return values;
}

/// Where a program inside belongs; the graph says its digest, the program itself comes later.
struct NestedPlace {
  std::size_t node;
  std::size_t attribute;
  Digest digest;
};

Result<Node> read_node(ByteReader& in, std::size_t index, std::vector<NestedPlace>& nested) {
  Node node{};
  ISOTRACE_TRY(const std::uint16_t number, in.u16());
  const auto op = op_from_number(number);
  if (!op) {
    return refuse(RefusalCode::program_malformed, "byte " + std::to_string(in.offset()),
                  "operation number " + std::to_string(number));
  }
  node.op = *op;
  ISOTRACE_TRY(node.inputs, read_values(in));
  ISOTRACE_TRY(node.outputs, read_values(in));
  ISOTRACE_TRY(const std::size_t count, in.count(9, 64));
  for (std::size_t i = 0; i < count; ++i) {
    Attribute attribute;
    ISOTRACE_TRY(attribute.name, in.text(limits::name_bytes_max));
    ISOTRACE_TRY(const std::uint8_t kind, in.u8());
    if (kind == 'P') {
      ISOTRACE_TRY(const ByteView digest, in.raw(32));
      nested.push_back({index, i, *digest_from_bytes(digest)});
    } else {
      ISOTRACE_TRY(attribute.value, read_attribute_value(in, kind));
    }
    node.attributes.push_back(std::move(attribute));
  }
  return node;
}

Result<Done> read_magic(ByteReader& in) {
  ISOTRACE_TRY(const std::string name, in.text(64));
  ISOTRACE_TRY(const std::string semantics, in.text(64));
  if (name != magic || semantics != semantics_id) {
    return refuse(RefusalCode::program_malformed, "header",
                  "not " + std::string(magic) + " with " + std::string(semantics_id));
  }
  return Done{};
}

/// Reads the graph; constants and programs inside are left out and announced in `digests`,
/// `nested`.
Result<Program> read_graph(ByteView bytes, std::vector<Digest>& digests,
                           std::vector<NestedPlace>& nested) {
  ByteReader in(bytes);
  Program program;
  ISOTRACE_TRY_DONE(read_magic(in));
  ISOTRACE_TRY(const std::size_t inputs, in.count(17, limits::program_values_max));
  for (std::size_t i = 0; i < inputs; ++i) {
    ISOTRACE_TRY(ProgramInput input, read_input(in));
    program.inputs.push_back(std::move(input));
  }
  ISOTRACE_TRY(const std::size_t constants, in.count(32, limits::program_values_max));
  for (std::size_t i = 0; i < constants; ++i) {
    ISOTRACE_TRY(const ByteView digest, in.raw(32));
    digests.push_back(*digest_from_bytes(digest));
  }
  ISOTRACE_TRY(const std::size_t nodes, in.count(26, limits::program_nodes_max));
  for (std::size_t i = 0; i < nodes; ++i) {
    ISOTRACE_TRY(Node node, read_node(in, i, nested));
    program.nodes.push_back(std::move(node));
  }
  ISOTRACE_TRY(const std::size_t outputs, in.count(12, limits::program_values_max));
  for (std::size_t i = 0; i < outputs; ++i) {
    ProgramOutput output;
    ISOTRACE_TRY(output.name, in.text(limits::name_bytes_max));
    ISOTRACE_TRY(output.value, in.u32());
    program.outputs.push_back(std::move(output));
  }
  ISOTRACE_TRY_DONE(in.end());
  return program;
}

Result<Tensor> read_constant(ByteReader& in, std::size_t index, const Digest& expected) {
  const std::string place = "constant " + std::to_string(index);
  ISOTRACE_TRY(const std::uint8_t number, in.u8());
  const auto dtype = dtype_from_number(number);
  if (!dtype)
    return refuse(RefusalCode::program_malformed, place, "dtype " + std::to_string(number));
  ISOTRACE_TRY(const std::size_t rank, in.count(8, limits::tensor_rank_max));
  Shape shape(rank);
  for (auto& dim : shape) {
    ISOTRACE_TRY(dim, in.i64());
  }
  ISOTRACE_TRY(const ByteView bytes, in.block());
  auto tensor = Tensor::from_bytes(*dtype, std::move(shape), bytes);
  if (!tensor) return refuse_within(place, std::move(tensor).error());
  if (tensor_digest(*tensor) != expected) {
    return refuse(RefusalCode::program_malformed, place, "content does not match its digest");
  }
  return tensor;
}

/// Display names: for every node, then for every value.
Result<Done> read_names(ByteReader& in, Program& program) {
  for (Node& node : program.nodes) {
    ISOTRACE_TRY(node.name, in.text(limits::name_bytes_max));
  }
  ISOTRACE_TRY(const std::size_t count, in.count(8, limits::program_values_max));
  for (std::size_t i = 0; i < count; ++i) {
    ISOTRACE_TRY(std::string name, in.text(limits::name_bytes_max));
    program.value_names.push_back(std::move(name));
  }
  return in.end();
}

/// `levels`: how many programs may still be one inside the other.
Result<Program> read_program(ByteView bytes, std::size_t levels) {
  if (levels == 0) return refuse(RefusalCode::limit_exceeded, "", "programs nested too deep");
  ByteReader in(bytes);
  ISOTRACE_TRY(const ByteView graph, in.block());
  std::vector<Digest> digests;
  std::vector<NestedPlace> nested;
  ISOTRACE_TRY(Program program, read_graph(graph, digests, nested));
  for (std::size_t i = 0; i < digests.size(); ++i) {
    ISOTRACE_TRY(Tensor constant, read_constant(in, i, digests[i]));
    program.constants.push_back(std::move(constant));
  }
  for (const NestedPlace& place : nested) {
    ISOTRACE_TRY(const ByteView inner, in.block());
    ISOTRACE_TRY(Program inside, read_program(inner, levels - 1));
    ISOTRACE_TRY(SubProgram made, SubProgram::make(std::move(inside)));
    if (made.digest() != place.digest) {
      return refuse(RefusalCode::program_malformed, node_place(program, place.node),
                    "program inside does not match its digest");
    }
    program.nodes[place.node].attributes[place.attribute].value = std::move(made);
  }
  ISOTRACE_TRY_DONE(read_names(in, program));
  ISOTRACE_TRY_DONE(check_program(program));
  return program;
}

}  // namespace

std::int64_t Node::integer(std::string_view attribute) const {
  return held<std::int64_t>(*this, attribute);
}
float Node::real(std::string_view attribute) const { return held<float>(*this, attribute); }
const std::string& Node::text(std::string_view attribute) const {
  return held<std::string>(*this, attribute);
}
const std::vector<std::int64_t>& Node::integers(std::string_view attribute) const {
  return held<std::vector<std::int64_t>>(*this, attribute);
}
const std::vector<float>& Node::reals(std::string_view attribute) const {
  return held<std::vector<float>>(*this, attribute);
}

const SubProgram& Node::program(std::string_view attribute) const {
  return held<SubProgram>(*this, attribute);
}

struct SubProgram::Held {
  Program program;
  Digest digest;
};

Result<SubProgram> SubProgram::make(Program program) {
  ISOTRACE_TRY_DONE(check_program(program));
  const Digest digest = program_digest(program);
  return SubProgram(std::make_shared<const Held>(Held{std::move(program), digest}));
}

const Program& SubProgram::program() const { return held_->program; }
const Digest& SubProgram::digest() const { return held_->digest; }

const Tensor* Program::find_constant(ValueId value) const {
  if (value == no_value || value < inputs.size() || value - inputs.size() >= constants.size())
    return nullptr;
  return &constants[value - inputs.size()];
}

std::size_t Program::value_count() const {
  std::size_t count = inputs.size() + constants.size();
  for (const Node& node : nodes) {
    count += static_cast<std::size_t>(std::count_if(node.outputs.begin(), node.outputs.end(),
                                                    [](ValueId v) { return v != no_value; }));
  }
  return count;
}

std::string Program::value_name(ValueId value) const {
  if (value < inputs.size()) return inputs[value].name;
  if (value < value_names.size() && !value_names[value].empty()) return value_names[value];
  return "%" + std::to_string(value);
}

Result<Done> check_program(const Program& program) {
  const auto [nodes, levels] = measure(program);
  if (nodes > limits::program_nodes_max || levels > limits::program_nesting_max ||
      program.value_count() > limits::program_values_max) {
    return refuse(RefusalCode::limit_exceeded, "program",
                  std::to_string(nodes) + " nodes, nested " + std::to_string(levels) + " deep");
  }
  ISOTRACE_TRY_DONE(check_names(program));
  auto next = static_cast<ValueId>(program.inputs.size() + program.constants.size());
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    ISOTRACE_TRY_DONE(check_attributes(program, i));
    ISOTRACE_TRY_DONE(check_operands(program, i, next));
  }
  if (program.outputs.empty())
    return refuse(RefusalCode::program_ill_formed, "outputs", "there are none");
  for (const ProgramOutput& output : program.outputs) {
    if (output.value >= next) {
      return refuse(RefusalCode::program_ill_formed, "output " + output.name,
                    "its value does not exist");
    }
  }
  return Done{};
}

Digest program_digest(const Program& program) { return identify_program(program).digest; }

ProgramIdentity identify_program(const Program& program) {
  ProgramIdentity identity{{}, constant_digests(program)};
  identity.digest = sha256(graph_bytes(program, identity.constants));
  return identity;
}

Digest attribute_digest(const Node& node) {
  ByteWriter out;
  out.text("isotrace.attributes.v1");
  write_attributes(out, node);
  return sha256(out.bytes());
}

ProgramPieces write_program_pieces(const Program& program, const ProgramIdentity& identity) {
  ProgramPieces out;
  const auto add_own = [&out](ByteWriter& text) {
    out.pieces.emplace_back(out.own.emplace_back(text.take()));
    text = ByteWriter();
  };
  ByteWriter text;
  text.block(graph_bytes(program, identity.constants));
  for (const Tensor& constant : program.constants) {
    text.u8(static_cast<std::uint8_t>(constant.dtype())).u64(constant.rank());
    for (std::int64_t dim : constant.shape()) text.i64(dim);
    text.u64(constant.bytes().size());
    add_own(text);
    out.pieces.push_back(constant.bytes());
  }
  for_each_nested(program,
                  [&text](const SubProgram& v) { text.block(write_program(v.program())); });
  for (const Node& node : program.nodes) text.text(node.name);
  text.u64(program.value_names.size());
  for (const std::string& name : program.value_names) text.text(name);
  add_own(text);
  return out;
}

Bytes write_program(const Program& program) {
  const ProgramPieces written = write_program_pieces(program, {{}, constant_digests(program)});
  std::size_t size = 0;
  for (const ByteView piece : written.pieces) size += piece.size();
  Bytes bytes;
  bytes.reserve(size);
  for (const ByteView piece : written.pieces) bytes.insert(bytes.end(), piece.begin(), piece.end());
  return bytes;
}

Bytes write_program_graph(const Program& program, const ProgramIdentity& identity) {
  return graph_bytes(program, identity.constants);
}

Result<ProgramGraph> parse_program_graph(ByteView bytes) {
  ProgramGraph graph;
  std::vector<NestedPlace> nested;
  ISOTRACE_TRY(graph.program, read_graph(bytes, graph.constants, nested));
  const Program& program = graph.program;
  auto next = static_cast<ValueId>(program.inputs.size() + graph.constants.size());
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    if (!op_info(program.nodes[i].op).control) ISOTRACE_TRY_DONE(check_attributes(program, i));
    ISOTRACE_TRY_DONE(check_operands(program, i, next));
  }
  for (const ProgramOutput& output : program.outputs) {
    if (output.value < next) continue;
    return refuse(RefusalCode::program_ill_formed, "output " + output.name, "does not exist");
  }
  return graph;
}

Result<Program> parse_program(ByteView bytes) {
  auto program = read_program(bytes, limits::program_nesting_max);
  if (program) return program;
  // Every damage below is damage of the program: one code, the place inside.
  Refusal refusal = std::move(program).error();
  if (refusal.code == RefusalCode::bytes_truncated || refusal.code == RefusalCode::bytes_trailing) {
    refusal.code = RefusalCode::program_malformed;
  }
  return refuse_within("program", std::move(refusal));
}

}  // namespace isotrace::core
