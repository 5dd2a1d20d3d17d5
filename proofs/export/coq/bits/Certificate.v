(* Refutations as text: of the forms that Coq reads, strings are among the fastest. Each character
   from '?' on holds five bits of a number, lowest first, and one that says that more follow. *)
From Coq Require Import NArith List Strings.String.
From Coq.Init Require Import Byte.
From Coq.Strings Require Import Byte.
From Isotrace.Bits Require Import Lrat.
Import ListNotations.

Inductive text := Text (bytes : list byte).
Definition text_of (bytes : list byte) : text := Text bytes.
Definition bytes_of (t : text) : list byte := match t with Text b => b end.

Declare Scope certificate_scope.
String Notation text text_of bytes_of : certificate_scope.

Local Open Scope N_scope.

(* Numbers: literals and a 0, hints and a 0, and so on. A hint is 2 n + 1 for clause n of the
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
  let d := Byte.to_N b - 63 in
  if d <? 32 then take_number r (number r + weight r * d)
  else Reading (number r + weight r * (d - 32)) (weight r * 32) (in_hints r) (literals r)
         (reasons r) (position r) (steps r).

Definition steps_of (texts : list text) : list step :=
  rev' (steps (fold_left (fun r t => fold_left take_byte (bytes_of t) r) texts
    (Reading 0 1 false [] [] 1%positive []))).
