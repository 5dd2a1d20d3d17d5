/- Rounding is right: what `round` gives differs from the exact value by at most 2^-24 of it, plus 2^-150 where
   it may underflow. -/
import Isotrace.Float.FloatExecution
namespace Isotrace

/- ---- powers of two, sizes ---- -/

theorem two_to_zero : two_to 0 = 1 := rfl
theorem two_to_succ (e : Nat) : two_to (e + 1) = two_to e + two_to e := by
  show Int.ofNat (0 + 2 ^ e + 2 ^ e) = Int.ofNat (2 ^ e + 2 ^ e)
  rw [Nat.zero_add]
theorem two_to_one_le : ∀ e : Nat, NN (two_to e + -1)
  | 0 => nn_zero
  | e + 1 => by
    have ih := two_to_one_le e
    rw [two_to_succ]
    exact nn_of (nn_add (nn_add ih ih) nn_one)
      (ring [two_to e] ((x 0 + -Poly.one) + (x 0 + -Poly.one) + Poly.one) (x 0 + x 0 + -Poly.one) rfl)
theorem nn_two_to (e : Nat) : NN (two_to e) := nn_nat (2 ^ e)

theorem size_below_both {a b : Int} (h : NN (b + -a)) (g : NN (b + a)) : NN (b + -(size a)) := by
  cases size_cases a with
  | inl e =>
    rw [e]
    exact h
  | inr e =>
    rw [e]
    exact nn_of g (ring [a, b] (x 1 + x 0) (x 1 + - -(x 0)) rfl)
theorem size_add (a b : Int) : NN (size a + size b + -(size (a + b))) :=
  size_below_both
    (nn_of (nn_add (size_above a) (size_above b))
      (ring [a, b, size a, size b] ((x 2 + -(x 0)) + (x 3 + -(x 1))) (x 2 + x 3 + -(x 0 + x 1)) rfl))
    (nn_of (nn_add (size_below a) (size_below b))
      (ring [a, b, size a, size b] ((x 2 + x 0) + (x 3 + x 1)) (x 2 + x 3 + (x 0 + x 1)) rfl))
theorem size_of_nn {a : Int} (h : NN a) : size a = a := by
  cases h with
  | mk n => exact rfl
theorem size_neg (a : Int) : size (-a) = size a := by
  cases a with
  | ofNat n =>
    cases n with
    | zero => exact rfl
    | succ n => exact rfl
  | negSucc n => exact rfl
theorem size_mul_nn {g : Int} (h : NN g) (a : Int) : size (g * a) = g * size a := by
  cases a with
  | ofNat n => exact size_of_nn (nn_mul h (nn_nat n))
  | negSucc n =>
    have e : g * Int.negSucc n = -(g * Int.ofNat (n + 1)) := mul_neg g (Int.ofNat (n + 1))
    rw [e, size_neg]
    exact size_of_nn (nn_mul h (nn_nat (n + 1)))

/- ---- digits ---- -/

/- d is a quotient and a rest of n / p. -/
def splits (p n : Int) (d : Int × Int) : Prop := n = p * d.1 + d.2 ∧ (NN d.2 ∧ NN (p + -d.2 + -1))

theorem digits_spec (p : Int) : ∀ (i : Nat) (n : Int), NN n → NN (p * two_to i + -n + -1) →
    splits p n (digits p i n)
  | 0, n, hn, h =>
    ⟨by
      show n = p * 0 + n
      rw [mul_zero, zero_add], hn, by
      rw [two_to_zero, mul_one] at h
      exact h⟩
  | i + 1, n, hn, h => by
    rw [two_to_succ] at h
    show splits p n (cond (nonneg (n + -(p * two_to i)))
      (with_digit (two_to i) (digits p i (n + -(p * two_to i)))) (digits p i n))
    cases e : nonneg (n + -(p * two_to i)) with
    | true =>
      have ih := digits_spec p i (n + -(p * two_to i)) (nonneg_true e)
        (nn_of h (ring [p, n, two_to i] (x 0 * (x 2 + x 2) + -(x 1) + -Poly.one)
          (x 0 * x 2 + -(x 1 + -(x 0 * x 2)) + -Poly.one) rfl))
      show splits p n (with_digit (two_to i) (digits p i (n + -(p * two_to i))))
      revert ih
      generalize digits p i (n + -(p * two_to i)) = d
      intro ih
      cases d with
      | mk q r =>
        have h1 : n + -(p * two_to i) = p * q + r := ih.1
        have h2 : n + -(p * two_to i) + p * two_to i = p * q + r + p * two_to i :=
          congrArg (fun z => z + p * two_to i) h1
        exact ⟨Eq.trans (ring [n, p * two_to i] (x 0) (x 0 + -(x 1) + x 1) rfl)
          (Eq.trans h2 (ring [p, q, r, two_to i] (x 0 * x 1 + x 2 + x 0 * x 3) (x 0 * (x 3 + x 1) + x 2) rfl)),
          ih.2⟩
    | false =>
      exact digits_spec p i n hn
        (nn_of (nonneg_false e) (ring [p, n, two_to i] (-(x 1 + -(x 0 * x 2)) + -Poly.one)
          (x 0 * x 2 + -(x 1) + -Poly.one) rfl))

theorem to_nearest_spec {p n : Int} {d : Int × Int} (h : splits p n d) :
    NN (p + -((p * to_nearest p d + -n) + (p * to_nearest p d + -n)))
      ∧ NN (p + ((p * to_nearest p d + -n) + (p * to_nearest p d + -n))) := by
  cases d with
  | mk q r =>
    have e : n = p * q + r := h.1
    have hr : NN r := h.2.1
    have hp : NN (p + -r + -1) := h.2.2
    have down : NN (p + -(r + r)) →
        NN (p + -((p * q + -n) + (p * q + -n))) ∧ NN (p + ((p * q + -n) + (p * q + -n))) := by
      intro g
      rw [e]
      exact ⟨nn_of (nn_add (nn_add (nn_add hp nn_one) hr) (nn_add hr hr))
          (ring [p, q, r] ((x 0 + -(x 2) + -Poly.one + Poly.one + x 2) + (x 2 + x 2))
            (x 0 + -((x 0 * x 1 + -(x 0 * x 1 + x 2)) + (x 0 * x 1 + -(x 0 * x 1 + x 2)))) rfl),
        nn_of g (ring [p, q, r] (x 0 + -(x 2 + x 2))
            (x 0 + ((x 0 * x 1 + -(x 0 * x 1 + x 2)) + (x 0 * x 1 + -(x 0 * x 1 + x 2)))) rfl)⟩
    have up : NN (r + r + -p) → NN (p + -((p * (q + 1) + -n) + (p * (q + 1) + -n)))
        ∧ NN (p + ((p * (q + 1) + -n) + (p * (q + 1) + -n))) := by
      intro g
      rw [e]
      exact ⟨nn_of g (ring [p, q, r] (x 2 + x 2 + -(x 0))
            (x 0 + -((x 0 * (x 1 + Poly.one) + -(x 0 * x 1 + x 2))
              + (x 0 * (x 1 + Poly.one) + -(x 0 * x 1 + x 2)))) rfl),
        nn_of (nn_add (nn_add (nn_add hp nn_one) (nn_add hp nn_one)) (nn_add (nn_add hp nn_one) hr))
          (ring [p, q, r] ((x 0 + -(x 2) + -Poly.one + Poly.one) + (x 0 + -(x 2) + -Poly.one + Poly.one)
              + ((x 0 + -(x 2) + -Poly.one + Poly.one) + x 2))
            (x 0 + ((x 0 * (x 1 + Poly.one) + -(x 0 * x 1 + x 2))
              + (x 0 * (x 1 + Poly.one) + -(x 0 * x 1 + x 2)))) rfl)⟩
    show NN (p + -((p * cond (nonneg (p + -(r + r) + -1)) q
          (cond (nonneg (r + r + -p + -1)) (q + 1) (cond (is_even q) q (q + 1))) + -n)
        + (p * cond (nonneg (p + -(r + r) + -1)) q
          (cond (nonneg (r + r + -p + -1)) (q + 1) (cond (is_even q) q (q + 1))) + -n)))
      ∧ NN (p + ((p * cond (nonneg (p + -(r + r) + -1)) q
          (cond (nonneg (r + r + -p + -1)) (q + 1) (cond (is_even q) q (q + 1))) + -n)
        + (p * cond (nonneg (p + -(r + r) + -1)) q
          (cond (nonneg (r + r + -p + -1)) (q + 1) (cond (is_even q) q (q + 1))) + -n)))
    cases f : nonneg (p + -(r + r) + -1) with
    | true => exact down (nn_weaken (nonneg_true f))
    | false =>
      cases g : nonneg (r + r + -p + -1) with
      | true => exact up (nn_weaken (nonneg_true g))
      | false =>
        cases is_even q with
        | true =>
          exact down (nn_of (nonneg_false g) (ring [p, r] (-(x 1 + x 1 + -(x 0) + -Poly.one) + -Poly.one)
            (x 0 + -(x 1 + x 1)) rfl))
        | false =>
          exact up (nn_of (nonneg_false f) (ring [p, r] (-(x 0 + -(x 1 + x 1) + -Poly.one) + -Poly.one)
            (x 1 + x 1 + -(x 0)) rfl))

/- ---- the last place ---- -/

theorem last_place_spec (g n : Int) : ∀ (fuel : Nat) (m : Int), NN (m + -1) →
    NN (g * m * two_to 24 * two_to fuel + -n + -1) →
    NN (last_place g n fuel m + -1) ∧ (NN (g * last_place g n fuel m * two_to 24 + -n + -1)
      ∧ (last_place g n fuel m = m ∨ NN (n + n + -(g * last_place g n fuel m * two_to 24))))
  | 0, m, hm, h => by
    rw [two_to_zero, mul_one] at h
    exact ⟨hm, h, Or.inl rfl⟩
  | fuel + 1, m, hm, h => by
    show NN (cond (nonneg (g * m * two_to 24 + -n + -1)) m (last_place g n fuel (m + m)) + -1)
      ∧ (NN (g * cond (nonneg (g * m * two_to 24 + -n + -1)) m (last_place g n fuel (m + m)) * two_to 24
          + -n + -1)
        ∧ (cond (nonneg (g * m * two_to 24 + -n + -1)) m (last_place g n fuel (m + m)) = m
          ∨ NN (n + n + -(g * cond (nonneg (g * m * two_to 24 + -n + -1)) m (last_place g n fuel (m + m))
            * two_to 24))))
    cases e : nonneg (g * m * two_to 24 + -n + -1) with
    | true => exact ⟨hm, nonneg_true e, Or.inl rfl⟩
    | false =>
      rw [two_to_succ fuel] at h
      have ih := last_place_spec g n fuel (m + m)
        (nn_of (nn_add (nn_add hm hm) nn_one)
          (ring [m] ((x 0 + -Poly.one) + (x 0 + -Poly.one) + Poly.one) (x 0 + x 0 + -Poly.one) rfl))
        (nn_of h (ring [g, m, two_to 24, two_to fuel, n]
          (x 0 * x 1 * x 2 * (x 3 + x 3) + -(x 4) + -Poly.one)
          (x 0 * (x 1 + x 1) * x 2 * x 3 + -(x 4) + -Poly.one) rfl))
      refine ⟨ih.1, ih.2.1, Or.inr ?_⟩
      cases ih.2.2 with
      | inr above => exact above
      | inl same =>
        show NN (n + n + -(g * last_place g n fuel (m + m) * two_to 24))
        rw [same]
        have b := nonneg_false e
        exact nn_of (nn_add b b) (ring [g, m, two_to 24, n]
          ((-(x 0 * x 1 * x 2 + -(x 3) + -Poly.one) + -Poly.one)
            + (-(x 0 * x 1 * x 2 + -(x 3) + -Poly.one) + -Poly.one))
          (x 3 + x 3 + -(x 0 * (x 1 + x 1) * x 2)) rfl)

/- ---- the error ---- -/

/- r is a / g, off by at most 2^-24 of it plus half of `least`; all multiplied by 2^25 g. -/
def rounds (g a least r : Int) : Prop :=
  NN (size a + size a + two_to 24 * least + -(two_to 24 * (size (g * r + -a) + size (g * r + -a))))

theorem round_size_spec {g n : Int} (hg : NN (g + -1)) (hn : NN n)
    (room : NN (g * two_to 24 * two_to 254 + -n + -1)) : rounds g n g (round_size g n) := by
  have place := last_place_spec g n 254 1 nn_zero
    (nn_of room (ring [g, n, two_to 24, two_to 254] (x 0 * x 2 * x 3 + -(x 1) + -Poly.one)
      (x 0 * Poly.one * x 2 * x 3 + -(x 1) + -Poly.one) rfl))
  revert place
  show _ → NN (size n + size n + two_to 24 * g
    + -(two_to 24 * (size (g * round_to g (last_place g n 254 1) n + -n)
      + size (g * round_to g (last_place g n 254 1) n + -n))))
  generalize last_place g n 254 1 = m
  intro place
  have near := to_nearest_spec (digits_spec (g * m) 24 n hn place.2.1)
  revert near
  show _ → NN (size n + size n + two_to 24 * g
    + -(two_to 24 * (size (g * (to_nearest (g * m) (digits (g * m) 24 n) * m) + -n)
      + size (g * (to_nearest (g * m) (digits (g * m) 24 n) * m) + -n))))
  generalize to_nearest (g * m) (digits (g * m) 24 n) = q
  intro near
  rw [size_of_nn hn]
  have same : g * (q * m) + -n = g * m * q + -n := ring [g, q, m, n] (x 0 * (x 1 * x 2) + -(x 3))
    (x 0 * x 2 * x 1 + -(x 3)) rfl
  rw [same]
  have half : NN (g * m + -(size (g * m * q + -n) + size (g * m * q + -n))) := by
    cases size_cases (g * m * q + -n) with
    | inl e =>
      rw [e]
      exact near.1
    | inr e =>
      rw [e]
      exact nn_of near.2 (ring [g * m, g * m * q + -n] (x 0 + (x 1 + x 1)) (x 0 + -(-(x 1) + -(x 1))) rfl)
  have scaled := nn_mul (nn_two_to 24) half
  have small : NN (n + n + two_to 24 * g + -(two_to 24 * (g * m))) := by
    cases place.2.2 with
    | inl e =>
      rw [e]
      exact nn_of (nn_add hn hn) (ring [n, two_to 24, g] (x 0 + x 0)
        (x 0 + x 0 + x 1 * x 2 + -(x 1 * (x 2 * Poly.one))) rfl)
    | inr h =>
      exact nn_of (nn_add h (nn_mul (nn_two_to 24) (nn_weaken hg)))
        (ring [n, two_to 24, g, m] (x 0 + x 0 + -(x 2 * x 3 * x 1) + x 1 * x 2)
          (x 0 + x 0 + x 1 * x 2 + -(x 1 * (x 2 * x 3))) rfl)
  exact nn_of (nn_add small scaled)
    (ring [n, two_to 24, g, m, size (g * m * q + -n)]
      ((x 0 + x 0 + x 1 * x 2 + -(x 1 * (x 2 * x 3))) + x 1 * (x 2 * x 3 + -(x 4 + x 4)))
      (x 0 + x 0 + x 1 * x 2 + -(x 1 * (x 4 + x 4))) rfl)

/- Sums of floats do not underflow. -/
theorem half_is_zero {d : Int} (h : NN (1 + -(d + d))) : NN (-d) := by
  cases e : nonneg (d + -1) with
  | false => exact nn_of (nonneg_false e) (ring [d] (-(x 0 + -Poly.one) + -Poly.one) (-(x 0)) rfl)
  | true =>
    have g := nonneg_true e
    exact False.elim (nn_absurd h (nn_of (nn_add g g)
      (ring [d] ((x 0 + -Poly.one) + (x 0 + -Poly.one)) (-(Poly.one + -(x 0 + x 0)) + -Poly.one) rfl)))
theorem round_sum_spec {n : Int} (hn : NN n) (room : NN (1 * two_to 24 * two_to 254 + -n + -1)) :
    rounds 1 n 0 (round_size 1 n) := by
  have place := last_place_spec 1 n 254 1 nn_zero
    (nn_of room (ring [n, two_to 24, two_to 254] (Poly.one * x 1 * x 2 + -(x 0) + -Poly.one)
      (Poly.one * Poly.one * x 1 * x 2 + -(x 0) + -Poly.one) rfl))
  revert place
  show _ → NN (size n + size n + two_to 24 * 0
    + -(two_to 24 * (size (1 * round_to 1 (last_place 1 n 254 1) n + -n)
      + size (1 * round_to 1 (last_place 1 n 254 1) n + -n))))
  generalize last_place 1 n 254 1 = m
  intro place
  have near := to_nearest_spec (digits_spec (1 * m) 24 n hn place.2.1)
  revert near
  show _ → NN (size n + size n + two_to 24 * 0
    + -(two_to 24 * (size (1 * (to_nearest (1 * m) (digits (1 * m) 24 n) * m) + -n)
      + size (1 * (to_nearest (1 * m) (digits (1 * m) 24 n) * m) + -n))))
  generalize to_nearest (1 * m) (digits (1 * m) 24 n) = q
  intro near
  rw [size_of_nn hn, mul_zero, add_zero]
  have same : 1 * (q * m) + -n = 1 * m * q + -n := ring [q, m, n] (Poly.one * (x 0 * x 1) + -(x 2))
    (Poly.one * x 1 * x 0 + -(x 2)) rfl
  rw [same]
  have half : NN (1 * m + -(size (1 * m * q + -n) + size (1 * m * q + -n))) := by
    cases size_cases (1 * m * q + -n) with
    | inl e =>
      rw [e]
      exact near.1
    | inr e =>
      rw [e]
      exact nn_of near.2 (ring [1 * m, 1 * m * q + -n] (x 0 + (x 1 + x 1)) (x 0 + -(-(x 1) + -(x 1))) rfl)
  cases place.2.2 with
  | inr h =>
    exact nn_of (nn_add h (nn_mul (nn_two_to 24) half))
      (ring [n, two_to 24, m, size (1 * m * q + -n)]
        ((x 0 + x 0 + -(Poly.one * x 2 * x 1)) + x 1 * (Poly.one * x 2 + -(x 3 + x 3)))
        (x 0 + x 0 + -(x 1 * (x 3 + x 3))) rfl)
  | inl e =>
    have exact_sum : NN (-(size (1 * m * q + -n))) := half_is_zero
      (nn_of half (by
        have one : 1 * m = 1 := by
          rw [e]
          exact rfl
        rw [one]))
    exact nn_of (nn_add (nn_add hn hn) (nn_mul (nn_two_to 24) (nn_add exact_sum exact_sum)))
      (ring [n, two_to 24, size (1 * m * q + -n)] (x 0 + x 0 + x 1 * (-(x 2) + -(x 2)))
        (x 0 + x 0 + -(x 1 * (x 2 + x 2))) rfl)

/- The sign of what is rounded does not matter. -/
theorem rounds_neg {g n least r : Int} (h : rounds g n least r) : rounds g (-n) least (-r) := by
  have e : g * -r + -(-n) = -(g * r + -n) := ring [g, r, n] (x 0 * -(x 1) + -(-(x 2))) (-(x 0 * x 1 + -(x 2))) rfl
  show NN (size (-n) + size (-n) + two_to 24 * least
    + -(two_to 24 * (size (g * -r + - -n) + size (g * -r + - -n))))
  rw [e, size_neg, size_neg]
  exact h
theorem round_spec {g a : Int} (hg : NN (g + -1)) (room : NN (g * two_to 24 * two_to 254 + -(size a) + -1)) :
    ∃ r, round g a = in_range r ∧ rounds g a g r := by
  cases a with
  | ofNat n => exact ⟨_, rfl, round_size_spec hg (nn_nat n) room⟩
  | negSucc n => exact ⟨_, rfl, rounds_neg (round_size_spec hg (nn_nat (n + 1)) room)⟩
theorem round_whole_spec {a : Int} (room : NN (1 * two_to 24 * two_to 254 + -(size a) + -1)) :
    ∃ r, round 1 a = in_range r ∧ rounds 1 a 0 r := by
  cases a with
  | ofNat n => exact ⟨_, rfl, round_sum_spec (nn_nat n) room⟩
  | negSucc n =>
    have e : size (Int.negSucc n) = Int.ofNat (n + 1) := rfl
    rw [e] at room
    have h : rounds 1 (-(Int.ofNat (n + 1))) 0 (-(round_size 1 (Int.ofNat (n + 1)))) :=
      rounds_neg (round_sum_spec (nn_nat (n + 1)) room)
    exact ⟨-(round_size 1 (Int.ofNat (n + 1))), rfl, h⟩
theorem in_range_spec {r : Int} (h : NN (too_large + -(size r) + -1)) : in_range r = Binary32.number r := by
  show cond (nonneg (too_large + -(size r) + -1)) (Binary32.number r) Binary32.beyond = Binary32.number r
  cases e : nonneg (too_large + -(size r) + -1) with
  | true => exact rfl
  | false => exact False.elim (nn_absurd h (nonneg_false e))

end Isotrace
