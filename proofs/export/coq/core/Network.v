(* What the theorems speak of: networks, their float executions, properties.

   A network is a chain of affine layers, each followed by ReLU or by nothing. Weights and biases are
   dyadic: integers over a power of two, exactly the values of the binary32 constants of the model.

   Executions are a RELATION. A layer with m = [roundings] may return, for each row, any p with

       | p - (w.h + b) | <= gamma_m * (|w|.|h| + |b|) + m * 2^-149,   gamma_m = m u / (1 - m u),  u = 2^-24.

   This is the standard error bound of a binary32 dot product with at most m roundings on each path
   from an operand to the result: it holds for every order of summation, with or without fused
   multiply-add, with gradual underflow. So the theorems hold for every engine whose layers obey the
   bound; that IEEE 754 arithmetic does is textbook (Higham, Accuracy and Stability of Numerical
   Algorithms, section 3.1) and is not proved here. It appears as a definition, not as an axiom.
   The bound needs that nothing overflows; where |w|.|h| + |b| reaches 2^126 the relation allows any
   result at all, so a proof must first show that this does not happen. m = 0 means exact: moving data,
   changing signs, or real arithmetic. *)
From Coq Require Import ZArith QArith Qabs Qminmax Qpower List.
From Isotrace.Core Require Import Dyadic.
Import ListNotations.
Local Open Scope Q_scope.

(* A sparse row: each piece skips [gap] operands, then gives consecutive weights. *)
Definition row : Type := list (N * list Z).

(* [scale]: the weight w and the bias b mean w / 2^scale and b / 2^scale. *)
Record layer : Type := Layer {
  scale : N;
  roundings : N;
  relu_after : bool;
  rows : list (row * Z)
}.
Definition network : Type := list layer.

(* Sum of f weight operand over the operands that a row names. *)
Fixpoint piece_total (f : Z -> Q -> Q) (ws : list Z) (h : list Q) {struct ws} : Q :=
  match ws, h with
  | w :: ws', q :: h' => f w q + piece_total f ws' h'
  | _, _ => 0
  end.
Fixpoint row_total (f : Z -> Q -> Q) (r : row) (h : list Q) {struct r} : Q :=
  match r with
  | [] => 0
  | (gap, ws) :: r' =>
      let here := skipn (N.to_nat gap) h in
      piece_total f ws here + row_total f r' (skipn (length ws) here)
  end.
Definition product (w : Z) (q : Q) : Q := inject_Z w * q.
Definition absolute_product (w : Z) (q : Q) : Q := Qabs (inject_Z w) * Qabs q.

Definition unit_of (L : layer) : Q := pow2 (- Z.of_N (scale L)).
(* w.h + b and |w|.|h| + |b| *)
Definition exact_value (L : layer) (rb : row * Z) (h : list Q) : Q :=
  (row_total product (fst rb) h + inject_Z (snd rb)) * unit_of L.
Definition magnitude (L : layer) (rb : row * Z) (h : list Q) : Q :=
  (row_total absolute_product (fst rb) h + Qabs (inject_Z (snd rb))) * unit_of L.

Definition unit_roundoff : Q := pow2 (-24).
Definition gamma (m : positive) : Q :=
  inject_Z (Zpos m) * unit_roundoff / (1 - inject_Z (Zpos m) * unit_roundoff).

Definition computes (m : N) (exact mag p : Q) : Prop :=
  match m with
  | N0 => p == exact
  | Npos k =>
      (Zpos k <= 2 ^ 23)%Z -> mag < pow2 126 ->
      Qabs (p - exact) <= gamma k * mag + inject_Z (Zpos k) * pow2 (-149)
  end.
Definition row_computes (L : layer) (h : list Q) (rb : row * Z) (p : Q) : Prop :=
  computes (roundings L) (exact_value L rb h) (magnitude L rb h) p.

Definition relu (q : Q) : Q := Qmax 0 q.
Definition activate (relu_follows : bool) (p : list Q) : list Q :=
  if relu_follows then map relu p else p.

(* [trace net h ps y]: started on h, the layers compute ps before activation, and y at the end. *)
Fixpoint trace (net : network) (h : list Q) (ps : list (list Q)) (y : list Q) {struct net} : Prop :=
  match net, ps with
  | [], [] => Forall2 Qeq h y
  | L :: net', p :: ps' =>
      Forall2 (row_computes L h) (rows L) p /\ trace net' (activate (relu_after L) p) ps' y
  | _, _ => False
  end.
Definition exec (net : network) (x y : list Q) : Prop := exists ps, trace net x ps y.

(* Properties: a box of inputs, and the conjunction of rows that makes outputs unsafe. *)
Definition in_box (box : list (Q * Q)) (x : list Q) : Prop :=
  Forall2 (fun range q => fst range <= q <= snd range) box x.

(* sum_j (coefficients_j / denominator) y_j <= bound / denominator, or < if strict *)
Record constraint : Type := Constraint {
  coefficients : list Z;
  bound : Z;
  denominator : positive;
  strict : bool
}.
Definition holds (y : list Q) (c : constraint) : Prop :=
  let left := piece_total product (coefficients c) y / inject_Z (Zpos (denominator c)) in
  let right := bound c # denominator c in
  if strict c then left < right else left <= right.
Definition unsafe (constraints : list constraint) (y : list Q) : Prop :=
  Forall (holds y) constraints.

(* The form of every statement: no execution from the box gives unsafe outputs. *)
Definition safe (net : network) (box : list (Q * Q)) (constraints : list constraint) : Prop :=
  forall x y, in_box box x -> exec net x y -> ~ unsafe constraints y.
