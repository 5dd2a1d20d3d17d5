(* Refutations as Coq reads them fast: machine integers of 56 bits, which a bundle unpacks to bytes as soon
   as they are read ([Eval vm_compute in unpacked]), so that what a theorem depends on holds no primitive
   integers, and with them no axioms. *)
From Coq Require Import NArith List.
From Coq.Init Require Import Byte.
From Coq.Strings Require Import Byte.
From Coq Require Import PrimInt63.
From Isotrace.Bits Require Import Lrat.
Import ListNotations.

Inductive words := NoWords | Words (a b c d e f g h : int) (rest : words).
Inductive text := NoText | Bytes (a b c d e f g : byte) (rest : text).

Definition byte_at (n k : int) : byte :=
  let bit i := eqb (land (lsr n (add k i)) 1%uint63) 1%uint63 in
  Byte.of_bits (bit 0, (bit 1, (bit 2, (bit 3, (bit 4, (bit 5, (bit 6, bit 7)))))))%uint63.
(* The lowest byte first. *)
Definition unpacked_word (n : int) (rest : text) : text :=
  Bytes (byte_at n 0) (byte_at n 8) (byte_at n 16) (byte_at n 24) (byte_at n 32) (byte_at n 40)
    (byte_at n 48) rest.
Fixpoint unpacked (ws : words) : text :=
  match ws with
  | NoWords => NoText
  | Words a b c d e f g h rest =>
      fold_right unpacked_word (unpacked rest) [a; b; c; d; e; f; g; h]
  end.

Local Open Scope N_scope.

(* A byte holds seven bits of a number, the lowest first, and its highest bit says that more follow.
   Numbers: literals and a 0, hints and a 0, and so on. A hint is 2 n + 1 for clause n of the
   formula, 2 d for the clause that was added d steps before. *)
Record reading := Reading {
  number : N;             (* so far, and the weight of its next digit *)
  weight : N;
  in_hints : bool;
  literals : list positive;  (* both reversed *)
  reasons : list hint;
  position : positive;    (* of the step that is read *)
  steps : list step }.    (* reversed *)

Definition hint_of (position : positive) (n : positive) : hint :=
  match n with
  | xI m => Given m
  | xO m => Learned (Pos.sub position m)
  | xH => Learned 1
  end.

Definition take_number (r : reading) (n : N) : reading :=
  match n, in_hints r with
  | N0, false => Reading 0 1 true (literals r) [] (position r) (steps r)
  | N0, true =>
      Reading 0 1 false [] [] (Pos.succ (position r))
        (Step (rev' (literals r)) (rev' (reasons r)) :: steps r)
  | Npos l, false => Reading 0 1 false (l :: literals r) [] (position r) (steps r)
  | Npos h, true =>
      Reading 0 1 true (literals r) (hint_of (position r) h :: reasons r) (position r) (steps r)
  end.

Definition take_byte (r : reading) (b : byte) : reading :=
  let d := Byte.to_N b in
  if d <? 128 then take_number r (number r + weight r * d)
  else Reading (number r + weight r * (d - 128)) (weight r * 128) (in_hints r) (literals r)
         (reasons r) (position r) (steps r).

Fixpoint take_text (t : text) (r : reading) : reading :=
  match t with
  | NoText => r
  | Bytes a b c d e f g rest => take_text rest (fold_left take_byte [a; b; c; d; e; f; g] r)
  end.

(* Zeros behind the last step are steps that nobody needs. *)
Definition steps_of (texts : list text) : list step :=
  rev' (steps (fold_left (fun r t => take_text t r) texts
    (Reading 0 1 false [] [] 1%positive []))).
