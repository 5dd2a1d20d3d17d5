# What a referee asks a party (docs/referee.md). Digests are 32 bytes; records are messages of
# trace/trace.capnp. A transport alone: everything is judged by digests over our own field bytes.
@0xd2c1f39a5b0e7714;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("isotrace::referee::wire");

struct Leaf {
  record @0 :Data;
  path @1 :List(Data);
}

interface Party {
  commit @0 (version :UInt32) -> (root :Data, leaves :UInt64, identity :Data, path :List(Data), peaks :List(Data));
  halve @1 (level :UInt8, index :UInt64) -> (left :Data, right :Data);
  open @2 (leaves :List(UInt64)) -> (opened :List(Leaf));
  fetch @3 (kind :UInt8, leaf :UInt64, position :UInt64, digest :Data, offset :UInt64) -> (total :UInt64, data :Data);
  span @4 (leaf :UInt64) -> (opcodes :UInt64);
  roots @5 (leaf :UInt64, positions :List(UInt64)) -> (roots :List(Data));
}
