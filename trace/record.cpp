#include <isotrace/trace/record.hpp>

namespace isotrace::trace {
namespace {

using core::ByteWriter;

void write_tensor(ByteWriter& out, const TensorRecord& tensor) {
  out.raw(tensor.digest.view()).u8(static_cast<std::uint8_t>(tensor.dtype));
  out.u64(tensor.shape.size());
  for (std::int64_t dim : tensor.shape) out.i64(dim);
}

void write_named(ByteWriter& out, const std::vector<NamedRecord>& records) {
  out.u64(records.size());
  for (const NamedRecord& record : records) {
    out.text(record.name);
    write_tensor(out, record.tensor);
  }
}

void write_machine(ByteWriter& out, const MachineIdentity& machine) {
  out.raw(machine.module.view()).u8(machine.edition).text(machine.invoke);
  out.u64(machine.arguments.size());
  for (const std::uint64_t argument : machine.arguments) out.u64(argument);
  const MachineLimits& limits = machine.limits;
  out.u64(limits.memory_pages).u64(limits.table_elements).u64(limits.frames).u64(limits.slots);
  out.u64(machine.interval).u64(machine.settings.size());
  for (const Setting& setting : machine.settings) out.text(setting.name).text(setting.value);
}

}  // namespace

TensorRecord record_of(const core::TensorView& tensor) {
  return {core::tensor_digest(tensor), tensor.dtype(),
          core::Shape(tensor.shape().begin(), tensor.shape().end())};
}

core::Digest identity_digest(const TraceIdentity& identity) {
  ByteWriter out;
  if (identity.machine) {
    out.text("isotrace.trace.machine.v1").text(identity.semantics).raw(identity.program.view());
    write_machine(out, *identity.machine);
    return core::sha256(out.bytes());
  }
  out.text("isotrace.trace.identity.v1").text(identity.semantics).raw(identity.program.view());
  write_named(out, identity.inputs);
  out.u64(identity.seed);
  return core::sha256(out.bytes());
}

core::Bytes step_bytes(const StepRecord& step) {
  ByteWriter out;
  out.text("isotrace.step.v1").u64(step.index).u16(static_cast<std::uint16_t>(step.op));
  out.raw(step.attributes.view()).u64(step.inputs.size());
  for (const auto& input : step.inputs) {
    out.u8(input ? 1 : 0);
    if (input) write_tensor(out, *input);
  }
  out.u64(step.outputs.size());
  for (const TensorRecord& output : step.outputs) write_tensor(out, output);
  return out.bytes();
}

core::Digest step_digest(const StepRecord& step) { return core::sha256(step_bytes(step)); }

core::Digest outputs_digest(const std::vector<NamedRecord>& outputs) {
  ByteWriter out;
  out.text("isotrace.trace.outputs.v1");
  write_named(out, outputs);
  return core::sha256(out.bytes());
}

}  // namespace isotrace::trace
