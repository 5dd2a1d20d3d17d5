/- Which integers are not negative. Every inequality is proved as: a difference is a sum of products of
   numbers that are not negative. `a ≤ b` is by definition `NN (b - a)`. -/
import Isotrace.Core.Ring
namespace Isotrace

abbrev NN (a : Int) : Prop := Int.NonNeg a

theorem nn_of {a b : Int} (h : NN a) (e : a = b) : NN b := by
  rw [← e]
  exact h
theorem nn_of_le {a b : Int} (h : a ≤ b) : NN (b + -a) := h
theorem le_of_nn {a b : Int} (h : NN (b + -a)) : a ≤ b := h
theorem nn_nat (n : Nat) : NN (Int.ofNat n) := Int.NonNeg.mk n
theorem nn_zero : NN 0 := Int.NonNeg.mk 0
theorem nn_one : NN 1 := Int.NonNeg.mk 1

theorem nn_add {a b : Int} (h : NN a) (g : NN b) : NN (a + b) := by
  cases h with
  | mk m =>
    cases g with
    | mk n => exact Int.NonNeg.mk (m + n)
theorem nn_mul {a b : Int} (h : NN a) (g : NN b) : NN (a * b) := by
  cases h with
  | mk m =>
    cases g with
    | mk n => exact Int.NonNeg.mk (m * n)

theorem nn_not {n : Nat} (h : NN (Int.negSucc n)) : False := by
  cases h

theorem nn_absurd {a : Int} (h : NN a) (g : NN (-a + -1)) : False := by
  have sum : NN (Int.negSucc 0) := nn_of (nn_add h g) (ring [a] (x 0 + (-(x 0) + -Poly.one)) (-Poly.one) rfl)
  exact nn_not sum

/- As a test that computes. -/
def nonneg : Int → Bool
  | Int.ofNat _ => true
  | Int.negSucc _ => false

theorem nonneg_true {a : Int} (h : nonneg a = true) : NN a := by
  cases a with
  | ofNat n => exact nn_nat n
  | negSucc n => exact false_not_true h
theorem nonneg_false {a : Int} (h : nonneg a = false) : NN (-a + -1) := by
  cases a with
  | ofNat n => exact false_not_true h.symm
  | negSucc n =>
    have e : -(Int.negSucc n) + -1 = Int.ofNat n := by
      rw [add_parts]
      exact diff_zero n
    exact nn_of (nn_nat n) e.symm
/- Less than zero, so at most zero. -/
theorem nn_weaken {a : Int} (h : NN (a + -1)) : NN a :=
  nn_of (nn_add h nn_one) (ring [a] (x 0 + -Poly.one + Poly.one) (x 0) rfl)

/- From k * a >= 1 and k >= 0 follows a >= 1. -/
theorem one_le_cancel {k a : Int} (hk : NN k) (h : NN (k * a + -1)) : NN (a + -1) := by
  cases e : nonneg (a + -1) with
  | true => exact nonneg_true e
  | false =>
    have negative : NN (-(a + -1) + -1) := nonneg_false e
    have bad : NN (-(k * a + -1) + -1) :=
      nn_of (nn_mul hk negative)
        (ring [k, a] (x 0 * (-(x 1 + -Poly.one) + -Poly.one)) (-(x 0 * x 1 + -Poly.one) + -Poly.one) rfl)
    exact False.elim (nn_absurd h bad)
/- From k * a >= 0 and k >= 1 follows a >= 0. -/
theorem nn_cancel {k a : Int} (hk : NN (k + -1)) (h : NN (k * a)) : NN a := by
  cases e : nonneg a with
  | true => exact nonneg_true e
  | false =>
    have negative : NN (-a + -1) := nonneg_false e
    have bad : NN (-(k * a) + -1) :=
      nn_of (nn_add (nn_mul hk (nn_add negative nn_one)) negative)
        (ring [k, a] ((x 0 + -Poly.one) * ((-(x 1) + -Poly.one) + Poly.one) + (-(x 1) + -Poly.one))
          (-(x 0 * x 1) + -Poly.one) rfl)
    exact False.elim (nn_absurd h bad)
theorem one_le_mul {a b : Int} (ha : NN (a + -1)) (hb : NN (b + -1)) : NN (a * b + -1) :=
  nn_of (nn_add (nn_mul ha hb) (nn_add ha hb))
    (ring [a, b] ((x 0 + -Poly.one) * (x 1 + -Poly.one) + ((x 0 + -Poly.one) + (x 1 + -Poly.one)))
      (x 0 * x 1 + -Poly.one) rfl)

/- ---- the larger, the smaller, the size ---- -/

def larger (a b : Int) : Int := cond (nonneg (a + -b)) a b
def smaller (a b : Int) : Int := cond (nonneg (a + -b)) b a

theorem larger_left (a b : Int) : NN (larger a b + -a) := by
  show NN (cond (nonneg (a + -b)) a b + -a)
  cases e : nonneg (a + -b) with
  | true => exact nn_of nn_zero (add_neg a).symm
  | false =>
    exact nn_of (nn_weaken (nonneg_false e)) (ring [a, b] (-(x 0 + -(x 1))) (x 1 + -(x 0)) rfl)
theorem larger_right (a b : Int) : NN (larger a b + -b) := by
  show NN (cond (nonneg (a + -b)) a b + -b)
  cases e : nonneg (a + -b) with
  | true => exact nonneg_true e
  | false => exact nn_of nn_zero (add_neg b).symm
theorem smaller_left (a b : Int) : NN (a + -(smaller a b)) := by
  show NN (a + -(cond (nonneg (a + -b)) b a))
  cases e : nonneg (a + -b) with
  | true => exact nonneg_true e
  | false => exact nn_of nn_zero (add_neg a).symm
theorem smaller_right (a b : Int) : NN (b + -(smaller a b)) := by
  show NN (b + -(cond (nonneg (a + -b)) b a))
  cases e : nonneg (a + -b) with
  | true => exact nn_of nn_zero (add_neg b).symm
  | false =>
    exact nn_of (nn_weaken (nonneg_false e)) (ring [a, b] (-(x 0 + -(x 1))) (x 1 + -(x 0)) rfl)
/- The larger and the smaller are one of the two. -/
theorem larger_rule (good : Int → Prop) {a b : Int} (ha : good a) (hb : good b) : good (larger a b) := by
  show good (cond (nonneg (a + -b)) a b)
  cases nonneg (a + -b) with
  | true => exact ha
  | false => exact hb
theorem smaller_rule (good : Int → Prop) {a b : Int} (ha : good a) (hb : good b) : good (smaller a b) := by
  show good (cond (nonneg (a + -b)) b a)
  cases nonneg (a + -b) with
  | true => exact hb
  | false => exact ha

/- The absolute value. -/
def size : Int → Int
  | Int.ofNat n => Int.ofNat n
  | Int.negSucc n => Int.ofNat (n + 1)

theorem nn_size (a : Int) : NN (size a) := by
  cases a with
  | ofNat n => exact nn_nat n
  | negSucc n => exact nn_nat (n + 1)
theorem size_cases (a : Int) : size a = a ∨ size a = -a := by
  cases a with
  | ofNat n => exact Or.inl rfl
  | negSucc n => exact Or.inr rfl
theorem size_above (a : Int) : NN (size a + -a) := by
  cases a with
  | ofNat n => exact nn_of nn_zero (add_neg (Int.ofNat n)).symm
  | negSucc n => exact nn_nat ((n + 1) + (n + 1))
theorem size_below (a : Int) : NN (size a + a) := by
  cases a with
  | ofNat n => exact nn_nat (n + n)
  | negSucc n =>
    have e : size (Int.negSucc n) + Int.negSucc n = 0 := by
      rw [add_comm]
      exact add_neg (Int.negSucc n)
    exact nn_of nn_zero e.symm

end Isotrace
