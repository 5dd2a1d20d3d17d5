# A proof file, version 1 (docs/formats/proof.md). Trees are bytes of their own, which are compact and
# need no pointer per node. Floating-point values are kept as their bits.
@0xbbeeeb1ccad943b5;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("isotrace::proofs::schema");

struct ProofFile {
  formatVersion @0 :UInt32;
  outcome @1 :UInt8;         # 1 proved, 2 violated
  level @2 :UInt8;           # 1 exact order, 2 any order, 3 real
  semantics @3 :Text;
  program @4 :Data;          # core::write_program
  property @5 :Data;         # VNN-LIB text
  cases @6 :List(Data);     # split trees (tree_bytes)
  inputs @7 :List(UInt32);   # counterexample: binary32 bits
  outputs @8 :List(UInt32);
  violatedCase @9 :UInt32;
  digest @10 :Data;          # SHA-256 of the canonical fields "isotrace.proof.v1"
}
