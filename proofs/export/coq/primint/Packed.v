(* Networks written with Coq's machine integers, which it reads faster than others: what a packed network
   means. The bits of a weight or a bias, the lowest first: 53 of a magnitude, one of a sign (1: negative),
   and the number of places by which the magnitude is moved up. *)
From Coq Require Import ZArith List Uint63.
From Isotrace.Core Require Import Network.
From Isotrace.Primint Require Import Word.
Import ListNotations.

(* [natural_of] is the standard library's [to_Z], computed faster: natural_of_value. *)
Definition unpacked (x : int) : Z :=
  let magnitude := Z.shiftl (natural_of (x land 9007199254740991)) (natural_of (x >> 54)) in
  if ((x >> 53) land 1 =? 1)%uint63 then Z.opp magnitude else magnitude.
(* A row's pieces, and the bias. *)
Definition packed_row : Type := list (int * list int) * int.
Definition unpacked_row (r : packed_row) : row * Z :=
  (map (fun piece => (Z.to_N (natural_of (fst piece)), map unpacked (snd piece))) (fst r), unpacked (snd r)).
Definition unpacked_layer (scale roundings : N) (relu_after : bool) (rows : list packed_row) : layer :=
  Layer scale roundings relu_after (map unpacked_row rows).
