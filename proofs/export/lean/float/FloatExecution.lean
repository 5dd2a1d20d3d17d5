/- What the theorems about floats speak of: the affine layers of a network as `isonum-1` executes them, in
   binary32 with one rounding to nearest even per operation.

   Every finite binary32 value is a multiple of 2^-149, so a value is written as an integer: z means
   z * 2^-149. There is one zero; the sign of a zero never reaches a value, since nothing divides by what is
   computed. -/
import Isotrace.Core.Network
namespace Isotrace

def two_to (e : Nat) : Int := Int.ofNat (2 ^ e)
/- 1 and 2^128, which is just too large for binary32. -/
def one_unit : Int := two_to 149
def too_large : Int := two_to 128 * one_unit

/- `beyond` is an infinity, a NaN, or whatever is computed from one: the theorems say that none reaches an
   output. -/
inductive Binary32 where
  | number (units : Int)
  | beyond

/- ---- rounding ---- -/

/- The unit in the last place of n / g, which is not negative: the least of m, 2 m, 4 m, ... with
   n / g < 2^24 unit, at most 2^fuel m. -/
def last_place (g n : Int) : Nat → Int → Int
  | 0, m => m
  | fuel + 1, m => cond (nonneg (g * m * two_to 24 + -n + -1)) m (last_place g n fuel (m + m))

/- n / p as so many binary digits, found from the highest on, and what is left: n = p * digits + rest. -/
def with_digit (digit : Int) (d : Int × Int) : Int × Int :=
  match d with
  | (q, rest) => (digit + q, rest)
def digits (p : Int) : Nat → Int → Int × Int
  | 0, n => (0, n)
  | i + 1, n =>
    cond (nonneg (n + -(p * two_to i))) (with_digit (two_to i) (digits p i (n + -(p * two_to i))))
      (digits p i n)

def is_even : Int → Bool
  | Int.ofNat n => Nat.beq (n % 2) 0
  | Int.negSucc n => Nat.beq (n % 2) 1
/- The integer nearest to q + rest / p, of two such the even one. -/
def to_nearest (p : Int) (d : Int × Int) : Int :=
  match d with
  | (q, rest) =>
    cond (nonneg (p + -(rest + rest) + -1)) q
      (cond (nonneg (rest + rest + -p + -1)) (q + 1) (cond (is_even q) q (q + 1)))

/- n / g, not negative, rounded to 24 digits, and to no more than multiples of 1. -/
def round_to (g m n : Int) : Int := to_nearest (g * m) (digits (g * m) 24 n) * m
def round_size (g n : Int) : Int := round_to g (last_place g n 254 1) n
def in_range (z : Int) : Binary32 := cond (nonneg (too_large + -(size z) + -1)) (Binary32.number z) Binary32.beyond
/- a / g as the nearest binary32 value. -/
def round (g : Int) : Int → Binary32
  | Int.ofNat n => in_range (round_size g (Int.ofNat n))
  | Int.negSucc n => in_range (-(round_size g (Int.ofNat (n + 1))))

/- ---- operations ---- -/

/- w * h + t, where w is a constant: in units, the product is over 2^149. -/
def fma (w : Int) : Binary32 → Binary32 → Binary32
  | Binary32.number h, Binary32.number t => round one_unit (w * h + t * one_unit)
  | Binary32.number _, Binary32.beyond => Binary32.beyond
  | Binary32.beyond, _ => Binary32.beyond
def add : Binary32 → Binary32 → Binary32
  | Binary32.number a, Binary32.number b => round 1 (a + b)
  | Binary32.number _, Binary32.beyond => Binary32.beyond
  | Binary32.beyond, _ => Binary32.beyond
def float_relu : Binary32 → Binary32
  | Binary32.number a => Binary32.number (relu a)
  | Binary32.beyond => Binary32.beyond

/- ---- layers ---- -/

/- What is executed for each row of a layer: a sum of products in segments, then perhaps the bias. -/
inductive Step where
  | dot (segment : Nat) (biased : Bool)

/- Adds a finished segment to the sum of those before it. -/
def join_segment (before : Option Binary32) (t : Binary32) : Binary32 :=
  match before with
  | none => t
  | some c => add c t
/- Segments of `segment` products, the current one with `left` to come and t so far. Inside a segment
   t = fma(weight, operand, t) from 0. `unit`: the weight w means w * unit. -/
def sum_products (unit : Int) (segment : Nat) :
    Nat → Option Binary32 → Binary32 → List Int → List Binary32 → Binary32
  | _, before, t, [], _ => join_segment before t
  | _, before, t, _ :: _, [] => join_segment before t
  | left + 1, before, t, w :: ws, h :: hs =>
    sum_products unit segment left before (fma (w * unit) h t) ws hs
  | 0, before, t, w :: ws, h :: hs =>
    sum_products unit segment (Nat.pred segment) (some (join_segment before t))
      (fma (w * unit) h (Binary32.number 0)) ws hs

def run_row (unit : Int) (h : List Binary32) (r : Row) : Step → Binary32
  | Step.dot segment true =>
    add (sum_products unit segment segment none (Binary32.number 0) r.weights (drop r.offset h))
      (Binary32.number (r.bias * unit))
  | Step.dot segment false =>
    sum_products unit segment segment none (Binary32.number 0) r.weights (drop r.offset h)
def run_rows (unit : Int) (step : Step) (h : List Binary32) : List Row → List Binary32
  | [] => []
  | r :: rs => run_row unit h r step :: run_rows unit step h rs
def float_activate : Bool → List Binary32 → List Binary32
  | _, [] => []
  | true, p :: ps => float_relu p :: float_activate true ps
  | false, p :: ps => p :: float_activate false ps

/- 1 / denominator, in units: the denominators of a float program are powers of two, up to 2^149. -/
def unit_of (L : Layer) : Int := Int.ofNat (Nat.div (2 ^ 149) L.denominator)
/- One step per layer. -/
def run : List Step → List Layer → List Binary32 → List Binary32
  | [], [], h => h
  | [], _ :: _, _ => [Binary32.beyond]
  | _ :: _, [], _ => [Binary32.beyond]
  | step :: steps, L :: net, h => run steps net (float_activate L.relu (run_rows (unit_of L) step h L.rows))

def numbers : List Int → List Binary32
  | [] => []
  | z :: zs => Binary32.number z :: numbers zs

/- The form of every statement: whatever floats the box holds, the outputs are numbers, and they do not satisfy
   the constraints that make outputs unsafe. (x may be any multiples of 2^-149; every vector of finite floats
   is one.) -/
def float_safe (steps : List Step) (net : List Layer) (box : List Range) (constraints : List Constraint) :
    Prop :=
  ∀ x : List Int, in_box one_unit box x →
    ∃ y : List Int, run steps net (numbers x) = numbers y ∧ ¬ unsafe_outputs one_unit y constraints

end Isotrace
