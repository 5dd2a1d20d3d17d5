(* What the theorems about floats speak of: the affine layers of a network as `isonum-1` executes them,
   in binary32 with one rounding to nearest even per operation. The floats and their operations are
   those of Flocq; the order of operations stands here.

   Numbers of a layer are integers over 2^[float_scale] and must be binary32 values. Zeros of constants
   are +0 here; the sign of a zero never reaches a value, since nothing divides by what is computed. *)
From Coq Require Import ZArith QArith List.
From Flocq Require Import BinarySingleNaN.
From Isotrace.Core Require Import Dyadic Network.
Import ListNotations.

Definition binary32 : Type := binary_float 24 128.
#[global] Instance precision_positive : FLX.Prec_gt_0 24 := eq_refl.
#[global] Instance precision_below_range : Prec_lt_emax 24 128 := eq_refl.

Definition zero : binary32 := B754_zero false.
Definition fma (a b c : binary32) : binary32 := Bfma mode_NE a b c.     (* a * b + c *)
Definition add (a b : binary32) : binary32 := Bplus mode_NE a b.
Definition multiply (a b : binary32) : binary32 := Bmult mode_NE a b.
Definition divide (a b : binary32) : binary32 := Bdiv mode_NE a b.
Definition signed (negated : bool) (a : binary32) : binary32 := if negated then Bopp a else a.
(* z / 2^scale *)
Definition number (scale : N) (z : Z) : binary32 :=
  binary_normalize 24 128 _ _ mode_NE z (- Z.of_N scale) false.

(* The exact value; infinities and NaN have none and are excluded by [finite]. *)
Definition value (a : binary32) : Q :=
  match a with
  | B754_finite s m e _ => at_exp e (if s then Zneg m else Zpos m)
  | _ => 0
  end.
Definition finite (a : binary32) : Prop := is_finite a = true.

(* One product of a sum: of a weight and an operand of the layer, or of a weight and the zero that
   surrounds an image. *)
Inductive tap : Type :=
| Operand (index : N) (weight : Z)
| Padding (weight : Z).
Inductive float_row : Type :=
| Dot (segment : positive) (taps : list tap) (bias : option Z)
| Sum (negated : bool) (operand : N) (constant : Z)                  (* +-x + c *)
| Product (operand : N) (constant : Z)                               (* x * c *)
| Quotient (operand : N) (divisor : Z) (divisor_scale : N)           (* x / d *)
| Copy (negated : bool) (operand : N).                               (* +-x *)
Record float_layer : Type := FloatLayer {
  float_scale : N;
  float_relu : bool;
  float_rows : list float_row
}.
Definition float_program : Type := list float_layer.

Definition operand_of (h : list binary32) (i : N) : binary32 := nth (N.to_nat i) h B754_nan.
Definition weight_of (a : tap) : Z := match a with Operand _ w => w | Padding w => w end.
Definition factor_of (h : list binary32) (a : tap) : binary32 :=
  match a with Operand i _ => operand_of h i | Padding _ => zero end.

(* Adds a finished segment to the sum of those before it. *)
Definition join (before : option binary32) (t : binary32) : binary32 :=
  match before with None => t | Some c => add c t end.
(* Segments of [segment] products, the current one with [left] to come and [t] so far. Inside a segment
   t = fma(weight, factor, t) from +0. *)
Fixpoint sum_taps (scale : N) (h : list binary32) (segment left : nat) (before : option binary32)
  (t : binary32) (taps : list tap) {struct taps} : binary32 :=
  match taps with
  | [] => join before t
  | a :: taps' =>
      let w := number scale (weight_of a) in
      match left with
      | S left' => sum_taps scale h segment left' before (fma w (factor_of h a) t) taps'
      | O => sum_taps scale h segment (pred segment) (Some (join before t)) (fma w (factor_of h a) zero) taps'
      end
  end.

Definition run_row (scale : N) (h : list binary32) (r : float_row) : binary32 :=
  match r with
  | Dot segment taps bias =>
      let n := Pos.to_nat segment in
      let c := sum_taps scale h n n None zero taps in
      match bias with None => c | Some b => add c (number scale b) end
  | Sum negated i c => add (signed negated (operand_of h i)) (number scale c)
  | Product i c => multiply (operand_of h i) (number scale c)
  | Quotient i d s => divide (operand_of h i) (number s d)
  | Copy negated i => signed negated (operand_of h i)
  end.

(* x > 0 ? x : (x is NaN ? NaN : +0) *)
Definition float_relu_of (a : binary32) : binary32 :=
  match a with
  | B754_nan => B754_nan
  | B754_zero _ => zero
  | B754_infinity s => if s then zero else a
  | B754_finite s _ _ _ => if s then zero else a
  end.

Definition run_layer (L : float_layer) (h : list binary32) : list binary32 :=
  let p := map (run_row (float_scale L) h) (float_rows L) in
  if float_relu L then map float_relu_of p else p.
Definition run (program : float_program) (x : list binary32) : list binary32 :=
  fold_left (fun h L => run_layer L h) program x.

(* The form of every statement: whatever floats the box holds, the outputs are finite, and they do not
   satisfy the constraints that make outputs unsafe. *)
Definition float_safe (program : float_program) (box : list (Q * Q)) (constraints : list constraint) : Prop :=
  forall x : list binary32, Forall finite x -> in_box box (map value x) ->
    let y := run program x in Forall finite y /\ ~ unsafe constraints (map value y).

(* A layer of sums over the operands in ascending order, as matrix products have them: its data are those
   of a layer of Network.v. *)
Fixpoint piece_terms (i : N) (ws : list Z) {struct ws} : list (N * Z) :=
  match ws with [] => [] | w :: ws' => (i, w) :: piece_terms (N.succ i) ws' end.
Fixpoint row_terms (i : N) (r : row) {struct r} : list (N * Z) :=
  match r with
  | [] => []
  | (gap, ws) :: r' =>
      piece_terms (i + gap) ws ++ row_terms (i + gap + N.of_nat (length ws)) r'
  end.
Definition layer_of (net : network) (i : nat) : layer := nth i net (Layer 0 0 false []).
Definition in_order (segment : positive) (biased : bool) (L : layer) : float_layer :=
  FloatLayer (scale L) (relu_after L)
    (map (fun rb => Dot segment (map (fun t => Operand (fst t) (snd t)) (row_terms 0 (fst rb)))
                      (if biased then Some (snd rb) else None))
       (rows L)).
