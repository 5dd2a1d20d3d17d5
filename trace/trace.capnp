# The messages of a trace file (docs/formats/trace.md): one Message after the other, each in Cap'n
# Proto's canonical form and framed as one segment. A transport encoding only: every digest is over
# our own field bytes, never over these.
@0xa0886dbae697def6;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("isotrace::trace::wire");

struct Tensor {
  digest @0 :Data;         # 32 bytes, core::tensor_digest
  dtype @1 :UInt8;         # core::Dtype
  shape @2 :List(Int64);
}

struct NamedTensor {
  name @0 :Text;
  tensor @1 :Tensor;
}

struct Header {
  format @0 :Text;         # "isotrace.trace"
  version @1 :UInt32;      # 1
  merkleSuite @2 :Text;    # "sha256"
  contentSuite @3 :Text;   # "blake3"
  chunkBytes @4 :UInt64;   # size of every chunk but the last of a program or tensor
  semantics @5 :Text;      # from here on: the identity, in the root
  program @6 :Data;
  inputs @7 :List(NamedTensor);
  seed @8 :UInt64;
  backend @9 :Text;        # from here on: provenance, not in the root
  device @10 :Text;
  tool @11 :Text;
  machine @12 :Machine;    # runs of WebAssembly only; identity, too
}

struct Setting {
  name @0 :Text;
  value @1 :Data;
}

struct Machine {
  module @0 :Data;         # BLAKE3 of the module's bytes
  edition @1 :UInt8;       # wasm::Edition
  invoke @2 :Text;
  arguments @3 :List(UInt64);
  memoryPages @4 :UInt64;
  tableElements @5 :UInt64;
  frames @6 :UInt64;
  slots @7 :UInt64;
  interval @8 :UInt64;
  settings @9 :List(Setting);
}

struct ProgramChunk {      # a piece of core::write_program's bytes, or of a WebAssembly module
  total @0 :UInt64;
  offset @1 :UInt64;
  data @2 :Data;
}

struct ContentChunk {      # a piece of a tensor's bytes
  tensor @0 :Tensor;
  offset @1 :UInt64;
  data @2 :Data;
}

struct Operand {
  tensor @0 :Tensor;       # null: an optional operand that is left out
}

struct Step {
  index @0 :UInt64;
  operation @1 :UInt16;    # core::Op
  attributes @2 :Data;     # core::attribute_digest
  inputs @3 :List(Operand);
  outputs @4 :List(Tensor);
  name @5 :Text;           # display only, not in the root
}

struct Contents {
  size @0 :UInt64;
  digest @1 :Data;
}

struct State {             # of a WebAssembly machine; its program is the header's
  steps @0 :UInt64;
  status @1 :UInt8;        # wasm::Status
  trap @2 :UInt8;          # wasm::Trap
  frames @3 :Contents;
  slots @4 :Contents;
  globals @5 :Contents;
  tables @6 :List(Contents);
  memories @7 :List(Contents);
  segments @8 :Contents;
  hostCalls @9 :Contents;
}

struct Checkpoint {
  state @0 :State;
  call @1 :UInt8;          # 0: the first call of the run, 1: the second
}

struct SnapshotChunk {     # a piece of trace::write_snapshot's bytes
  total @0 :UInt64;
  offset @1 :UInt64;
  data @2 :Data;
}

struct HostWrite {
  address @0 :UInt64;
  bytes @1 :Data;
}

struct HostCall {
  function @0 :UInt32;
  arguments @1 :List(UInt64);
  results @2 :List(UInt64);
  trap @3 :UInt8;
  writes @4 :List(HostWrite);
}

struct Footer {
  outputs @0 :List(NamedTensor);
  leaves @1 :UInt64;       # tensor programs: steps + 2
  root @2 :Data;
  fileDigest @3 :Data;     # SHA-256 of every byte before this message
  state @4 :State;         # runs of WebAssembly only: the last one
  results @5 :List(UInt64);
  fallbackSteps @6 :List(UInt64);  # provenance, not in the root; null where there are none
}

struct Message {
  union {
    header @0 :Header;
    program @1 :ProgramChunk;
    content @2 :ContentChunk;
    step @3 :Step;
    footer @4 :Footer;
    checkpoint @5 :Checkpoint;
    hostCall @6 :HostCall;
    snapshot @7 :SnapshotChunk;
  }
}
