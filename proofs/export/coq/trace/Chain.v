(* What the theorems about host calls speak of: the chain of digests that a machine of isowasm-1 keeps of
   the calls that it made (docs/formats/wasm-state.md), up to the state at a trace's end. *)
From Coq Require Import NArith List.
From Isotrace.Trace Require Import Sha256 Merkle.
Local Open Scope N_scope.

(* The text isotrace.wasm.host-call.v1 behind its length, a u64. *)
Definition call_head : list N :=
  bytes_from 0x11a0000000000000069736f74726163652e7761736d2e686f73742d63616c6c2e7631.
(* The log's digest after one more call; [call] is what follows the digest before: function, arguments,
   results, trap and writes. *)
Definition extended (log call : list N) : list N := sha256 (call_head ++ log ++ call).
Definition log_after (calls : list (list N)) (before : list N) : list N := fold_left extended calls before.

(* The last of the [leaves] under the root is a state whose bytes are [front], which ends with the number of
   host calls, and the log's digest, and this comes from [before] by the calls, in this order. *)
Definition ends_with_calls (front before : list N) (calls : list (list N)) (leaves : N) (root : list N) : Prop :=
  recorded (front ++ log_after calls before) (leaves - 1) leaves root.
