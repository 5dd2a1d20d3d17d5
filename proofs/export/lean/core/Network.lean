/- What the theorems speak of: networks, their executions, properties.

   A network is a chain of affine layers, each followed by ReLU or by nothing. Weights and biases are
   integers over the layer's denominator, exactly the values of the binary32 constants of the model.

   There are no fractions here. Finitely many rational numbers have a common denominator D, so instead of
   rational inputs, values and outputs the statement speaks of their numerators over any D > 0.

   Executions are a RELATION. A layer with m = `roundings` may return, for each row, any p with

       | p - (w.h + b) | <= gamma_m * (|w|.|h| + |b|) + m * 2^-149,   gamma_m = m / (2^24 - m).

   This is the standard error bound of a binary32 dot product with at most m roundings on each path from
   an operand to the result: it holds for every order of summation, with or without fused multiply-add,
   with gradual underflow (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). It
   appears as a definition, not as an axiom. Where m > 2^23 or |w|.|h| + |b| reaches 2^126 the relation
   allows any result at all, so a proof must first show that this does not happen. m = 0 means exact. -/
import Isotrace.Core.Order
namespace Isotrace

/- One row skips `offset` operands, then multiplies by consecutive weights, and adds the bias. -/
structure Row where
  offset : Nat
  weights : List Int
  bias : Int

structure Layer where
  denominator : Nat
  roundings : Nat
  relu : Bool
  rows : List Row

def drop {A : Type} : Nat → List A → List A
  | 0, l => l
  | _ + 1, [] => []
  | n + 1, _ :: l => drop n l

/- w.h and |w|.|h| -/
def dot : List Int → List Int → Int
  | [], _ => 0
  | _ :: _, [] => 0
  | w :: ws, h :: hs => w * h + dot ws hs
def dot_sizes : List Int → List Int → Int
  | [], _ => 0
  | _ :: _, [] => 0
  | w :: ws, h :: hs => size w * size h + dot_sizes ws hs

/- The error bound, multiplied by 2^149 * (2^24 - m) * s * D: s is the layer's denominator; exact and total
   are w.h + b and |w|.|h| + |b| over s * D; p is over D. -/
def near (D s m exact total p : Int) : Prop :=
  m ≤ Int.ofNat (2 ^ 23) → total + 1 ≤ Int.ofNat (2 ^ 126) * (s * D) →
    Int.ofNat (2 ^ 149) * (Int.ofNat (2 ^ 24) + -m) * size (s * p + -exact)
      ≤ m * (Int.ofNat (2 ^ 149) * total + (Int.ofNat (2 ^ 24) + -m) * (s * D))

def row_computes (D : Int) (L : Layer) (h : List Int) (r : Row) (p : Int) : Prop :=
  near D (Int.ofNat L.denominator) (Int.ofNat L.roundings)
    (dot r.weights (drop r.offset h) + r.bias * D)
    (dot_sizes r.weights (drop r.offset h) + size r.bias * D) p

def rows_compute (D : Int) (L : Layer) (h : List Int) : List Row → List Int → Prop
  | [], [] => True
  | [], _ :: _ => False
  | _ :: _, [] => False
  | r :: rs, p :: ps => row_computes D L h r p ∧ rows_compute D L h rs ps

/- Numbers below zero become zero. -/
def relu : Int → Int
  | Int.ofNat n => Int.ofNat n
  | Int.negSucc _ => 0
def activate : Bool → List Int → List Int
  | _, [] => []
  | true, p :: ps => relu p :: activate true ps
  | false, p :: ps => p :: activate false ps

/- Started on h, the layers compute ps before activation, and y at the end. -/
def computes (D : Int) : List Layer → List Int → List (List Int) → List Int → Prop
  | [], h, [], y => h = y
  | [], _, _ :: _, _ => False
  | _ :: _, _, [], _ => False
  | L :: net, h, p :: ps, y => rows_compute D L h L.rows p ∧ computes D net (activate L.relu p) ps y

/- low_n / low_d <= x <= high_n / high_d -/
structure Range where
  low_n : Int
  low_d : Nat
  high_n : Int
  high_d : Nat

def in_box (D : Int) : List Range → List Int → Prop
  | [], [] => True
  | [], _ :: _ => False
  | _ :: _, [] => False
  | r :: rs, x :: xs =>
    (r.low_n * D ≤ Int.ofNat r.low_d * x ∧ Int.ofNat r.high_d * x ≤ r.high_n * D) ∧ in_box D rs xs

/- coefficients.y <= bound, or < if strict -/
structure Constraint where
  coefficients : List Int
  bound : Int
  strict : Bool

def holds (D : Int) (y : List Int) (c : Constraint) : Prop :=
  match c.strict with
  | true => dot c.coefficients y + 1 ≤ c.bound * D
  | false => dot c.coefficients y ≤ c.bound * D
def unsafe_outputs (D : Int) (y : List Int) : List Constraint → Prop
  | [] => True
  | c :: cs => holds D y c ∧ unsafe_outputs D y cs

/- The form of every statement: no execution from the box gives outputs that satisfy all constraints. -/
def safe (net : List Layer) (box : List Range) (constraints : List Constraint) : Prop :=
  ∀ (D : Int) (x : List Int) (values : List (List Int)) (y : List Int),
    1 ≤ D → in_box D box x → computes D net x values y → ¬ unsafe_outputs D y constraints

end Isotrace
