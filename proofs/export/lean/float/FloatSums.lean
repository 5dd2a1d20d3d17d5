/- Rounding errors of sums. The float z stands for the sum e of terms whose absolute values add up to S, after
   n operations; numbers other than z are over s * 2^149, where s is the denominator of the layer:

       (2^24 - n) |s z - e| <= n (S + 2^23 s).

   2^23 s is the least normal number, 2^-126. That is at most the bound of Network.lean for n roundings. -/
import Isotrace.Float.FloatRounding
namespace Isotrace

def least_normal (s : Int) : Int := two_to 23 * s
def sums (s n S e z : Int) : Prop :=
  NN (S + -(size e)) ∧ NN (n * (S + least_normal s) + -((two_to 24 + -n) * size (s * z + -e)))

/- S is so small that nothing overflows. -/
def fits (s S : Int) : Prop := NN (two_to 126 * (s * one_unit) + -S + -1)

theorem two_to_24 : two_to 24 = two_to 23 + two_to 23 := two_to_succ 23
theorem two_to_127 : two_to 127 = two_to 126 + two_to 126 := two_to_succ 126
theorem two_to_128 : two_to 128 = two_to 126 + two_to 126 + (two_to 126 + two_to 126) := by
  rw [two_to_succ 127, two_to_127]
theorem unit_large : NN (one_unit + -(two_to 23)) := nonneg_true rfl
theorem range_large : NN (two_to 24 * two_to 254 + -(one_unit * two_to 128 + one_unit * two_to 128)) :=
  nonneg_true rfl
theorem nn_unit : NN one_unit := nn_two_to 149

theorem nn_sums {s n S e z : Int} (h : sums s n S e z) : NN S :=
  nn_of (nn_add h.1 (nn_size e)) (ring [S, size e] (x 0 + -(x 1) + x 1) (x 0) rfl)
/- The error is at most S + 2^23 s. -/
theorem sums_error {s n S e z : Int} (hs : NN s) (hn : NN (two_to 23 + -n)) (h : sums s n S e z) :
    NN (S + least_normal s + -(size (s * z + -e))) := by
  have k : NN (least_normal s) := nn_mul (nn_two_to 23) hs
  have g := h.2
  rw [two_to_24] at g
  exact nn_cancel (two_to_one_le 23)
    (nn_of (nn_add (nn_add g (nn_mul hn (nn_size (s * z + -e)))) (nn_mul hn (nn_add (nn_sums h) k)))
      (ring [two_to 23, n, S, least_normal s, size (s * z + -e)]
        (x 1 * (x 2 + x 3) + -((x 0 + x 0 + -(x 1)) * x 4) + (x 0 + -(x 1)) * x 4 + (x 0 + -(x 1)) * (x 2 + x 3))
        (x 0 * (x 2 + x 3 + -(x 4))) rfl))
theorem sums_raise {s n m S e z : Int} (hs : NN s) (hm : NN (m + -n)) (h : sums s n S e z) : sums s m S e z :=
  ⟨h.1, nn_of (nn_add (nn_add h.2 (nn_mul hm (nn_add (nn_sums h) (nn_mul (nn_two_to 23) hs))))
      (nn_mul hm (nn_size (s * z + -e))))
    (ring [two_to 24, n, m, S, least_normal s, size (s * z + -e)]
      (x 1 * (x 3 + x 4) + -((x 0 + -(x 1)) * x 5) + (x 2 + -(x 1)) * (x 3 + x 4) + (x 2 + -(x 1)) * x 5)
      (x 2 * (x 3 + x 4) + -((x 0 + -(x 2)) * x 5)) rfl)⟩

/- ---- one rounding ---- -/

/- y is less than 2^128. -/
def moderate (s y : Int) : Prop := NN (s * (one_unit * two_to 128) + -(size y) + -1)

theorem room_spec {g s a y : Int} (hg : NN (g + -1)) (hs : NN (s + -1)) (e : s * a = g * y)
    (hy : moderate s y) : NN (g * two_to 24 * two_to 254 + -(size a) + -1) := by
  have sizes : s * size a = g * size y := by
    rw [← size_mul_nn (nn_weaken hs), ← size_mul_nn (nn_weaken hg), e]
  have base : NN (one_unit * two_to 128 + -1) := one_le_mul (two_to_one_le 149) (two_to_one_le 128)
  have wide := one_le_mul hg base
  have scaled := nn_mul (nn_weaken hg) (nn_weaken hy)
  have more := nn_mul (nn_mul (nn_weaken hg) (nn_weaken hs)) range_large
  have rest := nn_mul (nn_weaken hs) wide
  have all : NN (s * (g * two_to 24 * two_to 254 + -(size a) + -1)) := by
    have whole : s * (g * two_to 24 * two_to 254 + -(size a) + -1)
        = s * (g * two_to 24 * two_to 254) + -(g * size y) + -s := by
      rw [← sizes]
      exact ring [s, g * two_to 24 * two_to 254, size a] (x 0 * (x 1 + -(x 2) + -Poly.one))
        (x 0 * x 1 + -(x 0 * x 2) + -(x 0)) rfl
    rw [whole]
    exact nn_of (nn_add (nn_add more scaled) rest)
      (ring [g, s, two_to 24, two_to 254, one_unit * two_to 128, size y]
        (x 0 * x 1 * (x 2 * x 3 + -(x 4 + x 4)) + x 0 * (x 1 * x 4 + -(x 5)) + x 1 * (x 0 * x 4 + -Poly.one))
        (x 1 * (x 0 * x 2 * x 3) + -(x 0 * x 5) + -(x 1)) rfl)
  exact nn_cancel hs all

/- What rounding adds: at most 2^-24 of the value, and `least` / 2^25. -/
theorem rounds_scaled {g s a y least r : Int} (hg : NN (g + -1)) (hs : NN s) (e : s * a = g * y)
    (h : rounds g a least r) :
    NN (g * (size y + size y) + two_to 24 * (s * least)
      + -(two_to 24 * (g * size (s * r + -y) + g * size (s * r + -y)))) := by
  have sizes : s * size a = g * size y := by
    rw [← size_mul_nn hs, ← size_mul_nn (nn_weaken hg), e]
  have off : s * size (g * r + -a) = g * size (s * r + -y) := by
    rw [← size_mul_nn hs, ← size_mul_nn (nn_weaken hg)]
    have same : s * (g * r + -a) = g * (s * r + -y) := by
      have open_left : s * (g * r + -a) = g * (s * r) + -(s * a) :=
        ring [s, g, r, a] (x 0 * (x 1 * x 2 + -(x 3))) (x 1 * (x 0 * x 2) + -(x 0 * x 3)) rfl
      rw [open_left, e]
      exact ring [s, g, r, y] (x 1 * (x 0 * x 2) + -(x 1 * x 3)) (x 1 * (x 0 * x 2 + -(x 3))) rfl
    rw [same]
  rw [← off]
  have scaled := nn_mul hs h
  have first : g * (size y + size y) = s * size a + s * size a := by rw [mul_add, sizes]
  rw [first]
  exact nn_of scaled (ring [s, size a, two_to 24, least, size (g * r + -a)]
    (x 0 * (x 1 + x 1 + x 2 * x 3 + -(x 2 * (x 4 + x 4))))
    (x 0 * x 1 + x 0 * x 1 + x 2 * (x 0 * x 3) + -(x 2 * (x 0 * x 4 + x 0 * x 4))) rfl)

theorem two_le {a : Int} (h : NN (a + -1)) : NN (a + a + -1) :=
  nn_of (nn_add (nn_add h h) nn_one) (ring [a] (x 0 + -Poly.one + (x 0 + -Poly.one) + Poly.one)
    (x 0 + x 0 + -Poly.one) rfl)

theorem rounded {g s a y : Int} (hg : NN (g + -1)) (hs : NN (s + -1)) (e : s * a = g * y)
    (hy : moderate s y) :
    ∃ r, round g a = in_range r ∧ NN (size y + least_normal s + -(two_to 24 * size (s * r + -y))) := by
  cases round_spec hg (room_spec hg hs e hy) with
  | intro r h =>
    have off := rounds_scaled hg (nn_weaken hs) e h.2
    exact ⟨r, h.1, nn_cancel (two_le hg) (nn_of off (by
      rw [two_to_24]
      show g * (size y + size y) + (two_to 23 + two_to 23) * (s * g)
          + -((two_to 23 + two_to 23) * (g * size (s * r + -y) + g * size (s * r + -y)))
        = (g + g) * (size y + two_to 23 * s + -((two_to 23 + two_to 23) * size (s * r + -y)))
      exact ring [g, s, two_to 23, size y, size (s * r + -y)]
        (x 0 * (x 3 + x 3) + (x 2 + x 2) * (x 1 * x 0) + -((x 2 + x 2) * (x 0 * x 4 + x 0 * x 4)))
        ((x 0 + x 0) * (x 3 + x 2 * x 1 + -((x 2 + x 2) * x 4))) rfl))⟩
theorem rounded_whole {s a y : Int} (hs : NN (s + -1)) (e : s * a = 1 * y) (hy : moderate s y) :
    ∃ r, round 1 a = in_range r ∧ NN (size y + -(two_to 24 * size (s * r + -y))) := by
  cases round_whole_spec (room_spec nn_zero hs e hy) with
  | intro r h =>
    have off := rounds_scaled nn_zero (nn_weaken hs) e h.2
    rw [mul_zero, mul_zero, add_zero] at off
    exact ⟨r, h.1, nn_cancel (k := 1 + 1)
      (nn_of nn_one (ring [] Poly.one (Poly.one + Poly.one + -Poly.one) rfl)) (nn_of off
      (ring [two_to 24, size y, size (s * r + -y)]
        (Poly.one * (x 1 + x 1) + -(x 0 * (Poly.one * x 2 + Poly.one * x 2)))
        ((Poly.one + Poly.one) * (x 1 + -(x 0 * x 2))) rfl))⟩

/- What is so near a moderate sum is in range. -/
theorem sums_moderate {s n S e z : Int} (hs : NN (s + -1)) (hn : NN (two_to 23 + -n)) (hS : fits s S)
    (h : sums s n S e z) : moderate s (s * z) := by
  have near := sums_error (nn_weaken hs) hn h
  have apart := size_add (s * z + -e) e
  have back : s * z + -e + e = s * z := ring [s * z, e] (x 0 + -(x 1) + x 1) (x 0) rfl
  rw [back] at apart
  show NN (s * (one_unit * two_to 128) + -(size (s * z)) + -1)
  rw [two_to_128]
  have wide := nn_mul (nn_mul (nn_weaken hs) nn_unit) (nn_add (nn_two_to 126) (nn_weaken (two_to_one_le 126)))
  have slack := nn_mul (nn_weaken hs) unit_large
  have one_more := nn_mul (nn_mul (nn_weaken hs) nn_unit) (two_to_one_le 126)
  have pos := nn_mul (nn_mul (nn_weaken hs) nn_unit) (nn_two_to 126)
  exact nn_of (nn_add (nn_add (nn_add (nn_add hS hS) (nn_add apart near)) (nn_add h.1 nn_one))
      (nn_add (nn_add slack one_more) pos))
    (ring [s, one_unit, two_to 126, two_to 23, S, size (s * z + -e), size e, size (s * z)]
      (x 2 * (x 0 * x 1) + -(x 4) + -Poly.one + (x 2 * (x 0 * x 1) + -(x 4) + -Poly.one)
        + (x 5 + x 6 + -(x 7) + (x 4 + x 3 * x 0 + -(x 5))) + (x 4 + -(x 6) + Poly.one)
        + (x 0 * (x 1 + -(x 3)) + x 0 * x 1 * (x 2 + -Poly.one) + x 0 * x 1 * x 2))
      (x 0 * (x 1 * (x 2 + x 2 + (x 2 + x 2))) + -(x 7) + -Poly.one) rfl)
theorem sums_in_range {s n S e z : Int} (hs : NN (s + -1)) (hn : NN (two_to 23 + -n)) (hS : fits s S)
    (h : sums s n S e z) : in_range z = Binary32.number z := by
  have m := sums_moderate hs hn hS h
  rw [show moderate s (s * z) = NN (s * (one_unit * two_to 128) + -(size (s * z)) + -1) from rfl,
    size_mul_nn (nn_weaken hs)] at m
  exact in_range_spec (one_le_cancel (nn_weaken hs) (nn_of m
    (ring [s, one_unit, two_to 128, size z] (x 0 * (x 1 * x 2) + -(x 0 * x 3) + -Poly.one)
      (x 0 * (x 2 * x 1 + -(x 3)) + -Poly.one) rfl)))

/- ---- operations ---- -/

theorem itself_sums {s b z : Int} (e : s * z = b) (hs : NN s) {n : Int} (hn : NN n) : sums s n (size b) b z := by
  refine ⟨nn_of nn_zero (add_neg (size b)).symm, ?_⟩
  rw [e, add_neg]
  show NN (n * (size b + two_to 23 * s) + -((two_to 24 + -n) * 0))
  rw [mul_zero]
  exact nn_of (nn_mul hn (nn_add (nn_size b) (nn_mul (nn_two_to 23) hs))) (add_zero _).symm

theorem fma_sums {s n S e z u w h : Int} (hs : NN (s + -1)) (hu : s * u = one_unit) (hn : NN n)
    (count : NN (two_to 23 + -(n + 1))) (hS : fits s (S + size (w * h))) (H : sums s n S e z) :
    ∃ r, fma (w * u) (Binary32.number h) (Binary32.number z) = Binary32.number r
      ∧ sums s (n + 1) (S + size (w * h)) (e + w * h) r := by
  have fewer : NN (two_to 23 + -n) := nn_of (nn_add count nn_one)
    (ring [two_to 23, n] (x 0 + -(x 1 + Poly.one) + Poly.one) (x 0 + -(x 1)) rfl)
  have near := sums_error (nn_weaken hs) fewer H
  have scale : s * (w * u * h + z * one_unit) = one_unit * (w * h + s * z) := by
    rw [← hu]
    exact ring [s, w, u, h, z] (x 0 * (x 1 * x 2 * x 3 + x 4 * (x 0 * x 2)))
      (x 0 * x 2 * (x 1 * x 3 + x 0 * x 4)) rfl
  have parts : NN (size (w * h) + (size e + size (s * z + -e)) + -(size (w * h + s * z))) := by
    have inner := size_add e (s * z + -e)
    have outer := size_add (w * h) (s * z)
    have back : e + (s * z + -e) = s * z := ring [s * z, e] (x 1 + (x 0 + -(x 1))) (x 0) rfl
    rw [back] at inner
    exact nn_of (nn_add inner outer)
      (ring [size (w * h), size e, size (s * z + -e), size (s * z), size (w * h + s * z)]
        (x 1 + x 2 + -(x 3) + (x 0 + x 3 + -(x 4))) (x 0 + (x 1 + x 2) + -(x 4)) rfl)
  have bound : NN (S + size (w * h) + size (s * z + -e) + -(size (w * h + s * z))) :=
    nn_of (nn_add parts H.1) (ring [size (w * h), size e, size (s * z + -e), size (w * h + s * z), S]
      (x 0 + (x 1 + x 2) + -(x 3) + (x 4 + -(x 1))) (x 4 + x 0 + x 2 + -(x 3)) rfl)
  have moderately : moderate s (w * h + s * z) := by
    show NN (s * (one_unit * two_to 128) + -(size (w * h + s * z)) + -1)
    rw [two_to_128]
    have slack := nn_mul (nn_weaken hs) unit_large
    have one_more := nn_mul (nn_mul (nn_weaken hs) nn_unit) (two_to_one_le 126)
    have pos := nn_mul (nn_mul (nn_weaken hs) nn_unit) (nn_two_to 126)
    exact nn_of (nn_add (nn_add (nn_add (nn_add hS hS) (nn_add bound near)) (nn_add (nn_size (w * h)) nn_one))
        (nn_add (nn_add slack one_more) pos))
      (ring [s, one_unit, two_to 126, two_to 23, S, size (w * h), size (s * z + -e), size (w * h + s * z)]
        (x 2 * (x 0 * x 1) + -(x 4 + x 5) + -Poly.one + (x 2 * (x 0 * x 1) + -(x 4 + x 5) + -Poly.one)
          + (x 4 + x 5 + x 6 + -(x 7) + (x 4 + x 3 * x 0 + -(x 6))) + (x 5 + Poly.one)
          + (x 0 * (x 1 + -(x 3)) + x 0 * x 1 * (x 2 + -Poly.one) + x 0 * x 1 * x 2))
        (x 0 * (x 1 * (x 2 + x 2 + (x 2 + x 2))) + -(x 7) + -Poly.one) rfl)
  cases rounded (two_to_one_le 149) hs scale moderately with
  | intro r R =>
    have split : s * r + -(e + w * h) = (s * z + -e) + (s * r + -(w * h + s * z)) :=
      ring [s * r, e, w * h, s * z] (x 0 + -(x 1 + x 2)) ((x 3 + -(x 1)) + (x 0 + -(x 2 + x 3))) rfl
    have apart := size_add (s * z + -e) (s * r + -(w * h + s * z))
    rw [← split] at apart
    have room : NN (two_to 24 + -n) := nn_of (nn_add fewer (nn_two_to 23)) (by
      rw [two_to_24]
      exact ring [two_to 23, n] (x 0 + -(x 1) + x 0) (x 0 + x 0 + -(x 1)) rfl)
    have total : NN (size (w * h)) := nn_size (w * h)
    have whole : NN ((n + 1) * (S + size (w * h) + least_normal s)
        + -((two_to 24 + -n) * size (s * r + -(e + w * h)))) :=
      nn_cancel (two_to_one_le 24)
        (nn_of (nn_add (nn_add (nn_mul (nn_mul room (nn_two_to 24)) apart) (nn_mul room R.2))
            (nn_add (nn_mul room bound)
              (nn_add (nn_mul (nn_weaken (nn_of (nn_two_to 24) (ring [two_to 24] (x 0)
                (x 0 + Poly.one + -Poly.one) rfl))) H.2)
                (nn_mul (nn_mul (nn_weaken (nn_of (nn_two_to 24) (ring [two_to 24] (x 0)
                  (x 0 + Poly.one + -Poly.one) rfl))) hn) total))))
          (ring [two_to 24, n, S, size (w * h), least_normal s, size (s * z + -e),
              size (s * r + -(w * h + s * z)), size (w * h + s * z), size (s * r + -(e + w * h))]
            ((x 0 + -(x 1)) * x 0 * (x 5 + x 6 + -(x 8)) + (x 0 + -(x 1)) * (x 7 + x 4 + -(x 0 * x 6))
              + ((x 0 + -(x 1)) * (x 2 + x 3 + x 5 + -(x 7))
                + ((x 0 + Poly.one) * (x 1 * (x 2 + x 4) + -((x 0 + -(x 1)) * x 5))
                  + (x 0 + Poly.one) * x 1 * x 3)))
            (x 0 * ((x 1 + Poly.one) * (x 2 + x 3 + x 4) + -((x 0 + -(x 1)) * x 8))) rfl))
    have good : sums s (n + 1) (S + size (w * h)) (e + w * h) r :=
      ⟨nn_of (nn_add H.1 (size_add e (w * h)))
          (ring [S, size e, size (w * h), size (e + w * h)] (x 0 + -(x 1) + (x 1 + x 2 + -(x 3)))
            (x 0 + x 2 + -(x 3)) rfl),
        nn_of (nn_add whole (nn_size (s * r + -(e + w * h))))
          (ring [two_to 24, n, S + size (w * h) + least_normal s, size (s * r + -(e + w * h))]
            ((x 1 + Poly.one) * x 2 + -((x 0 + -(x 1)) * x 3) + x 3)
            ((x 1 + Poly.one) * x 2 + -((x 0 + -(x 1 + Poly.one)) * x 3)) rfl)⟩
    exact ⟨r, Eq.trans R.1 (sums_in_range hs count hS good), good⟩

theorem add_sums {s a b S T e f y z : Int} (hs : NN (s + -1)) (ha : NN (a + -1)) (hb : NN (b + -1))
    (count : NN (two_to 23 + -(a + b))) (hS : fits s (S + T)) (H : sums s a S e y) (G : sums s b T f z) :
    ∃ r, add (Binary32.number y) (Binary32.number z) = Binary32.number r ∧ sums s (a + b) (S + T) (e + f) r := by
  have fewer_a : NN (two_to 23 + -a) := nn_of (nn_add count (nn_weaken hb))
    (ring [two_to 23, a, b] (x 0 + -(x 1 + x 2) + x 2) (x 0 + -(x 1)) rfl)
  have fewer_b : NN (two_to 23 + -b) := nn_of (nn_add count (nn_weaken ha))
    (ring [two_to 23, a, b] (x 0 + -(x 1 + x 2) + x 1) (x 0 + -(x 2)) rfl)
  have near_a := sums_error (nn_weaken hs) fewer_a H
  have near_b := sums_error (nn_weaken hs) fewer_b G
  have scale : s * (y + z) = 1 * (s * y + s * z) := by rw [mul_add, one_mul]
  have bound : NN (S + T + (size (s * y + -e) + size (s * z + -f)) + -(size (s * y + s * z))) := by
    have left := size_add (s * y + -e) e
    have right := size_add (s * z + -f) f
    have back_left : s * y + -e + e = s * y := ring [s * y, e] (x 0 + -(x 1) + x 1) (x 0) rfl
    have back_right : s * z + -f + f = s * z := ring [s * z, f] (x 0 + -(x 1) + x 1) (x 0) rfl
    rw [back_left] at left
    rw [back_right] at right
    exact nn_of (nn_add (nn_add left right) (nn_add (size_add (s * y) (s * z)) (nn_add H.1 G.1)))
      (ring [S, T, size (s * y + -e), size (s * z + -f), size (s * y), size (s * z), size (s * y + s * z),
          size e, size f]
        (x 2 + x 7 + -(x 4) + (x 3 + x 8 + -(x 5)) + (x 4 + x 5 + -(x 6) + (x 0 + -(x 7) + (x 1 + -(x 8)))))
        (x 0 + x 1 + (x 2 + x 3) + -(x 6)) rfl)
  have moderately : moderate s (s * y + s * z) := by
    show NN (s * (one_unit * two_to 128) + -(size (s * y + s * z)) + -1)
    rw [two_to_128]
    have slack := nn_mul (nn_weaken hs) unit_large
    have one_more := nn_mul (nn_mul (nn_weaken hs) nn_unit) (two_to_one_le 126)
    exact nn_of (nn_add (nn_add (nn_add hS hS) (nn_add bound (nn_add near_a near_b)))
        (nn_add nn_one (nn_add (nn_add slack slack) (nn_add one_more one_more))))
      (ring [s, one_unit, two_to 126, two_to 23, S, T, size (s * y + -e), size (s * z + -f),
          size (s * y + s * z)]
        (x 2 * (x 0 * x 1) + -(x 4 + x 5) + -Poly.one + (x 2 * (x 0 * x 1) + -(x 4 + x 5) + -Poly.one)
          + (x 4 + x 5 + (x 6 + x 7) + -(x 8) + (x 4 + x 3 * x 0 + -(x 6) + (x 5 + x 3 * x 0 + -(x 7))))
          + (Poly.one + (x 0 * (x 1 + -(x 3)) + x 0 * (x 1 + -(x 3))
            + (x 0 * x 1 * (x 2 + -Poly.one) + x 0 * x 1 * (x 2 + -Poly.one)))))
        (x 0 * (x 1 * (x 2 + x 2 + (x 2 + x 2))) + -(x 8) + -Poly.one) rfl)
  cases rounded_whole hs scale moderately with
  | intro r R =>
    have split : s * r + -(e + f) = (s * y + -e) + (s * z + -f) + (s * r + -(s * y + s * z)) :=
      ring [s * r, e, f, s * y, s * z] (x 0 + -(x 1 + x 2))
        ((x 3 + -(x 1)) + (x 4 + -(x 2)) + (x 0 + -(x 3 + x 4))) rfl
    have apart : NN (size (s * y + -e) + size (s * z + -f) + size (s * r + -(s * y + s * z))
        + -(size (s * r + -(e + f)))) := by
      have first := size_add (s * y + -e) (s * z + -f)
      have second := size_add ((s * y + -e) + (s * z + -f)) (s * r + -(s * y + s * z))
      rw [← split] at second
      exact nn_of (nn_add first second)
        (ring [size (s * y + -e), size (s * z + -f), size (s * r + -(s * y + s * z)), size (s * r + -(e + f)),
            size (s * y + -e + (s * z + -f))]
          (x 0 + x 1 + -(x 4) + (x 4 + x 2 + -(x 3))) (x 0 + x 1 + x 2 + -(x 3)) rfl)
    have more : NN (two_to 24 + -(a + b)) := nn_of (nn_add count (nn_two_to 23)) (by
      rw [two_to_24]
      exact ring [two_to 23, a, b] (x 0 + -(x 1 + x 2) + x 0) (x 0 + x 0 + -(x 1 + x 2)) rfl)
    have count_nn : NN (a + b) := nn_add (nn_weaken ha) (nn_weaken hb)
    have S_nn := nn_sums H
    have T_nn := nn_sums G
    have K_nn : NN (least_normal s) := nn_mul (nn_two_to 23) (nn_weaken hs)
    have N_nn : NN (two_to 24) := nn_two_to 24
    have next_nn : NN (two_to 24 + 1) := nn_add N_nn nn_one
    /- One operation less than a + b. -/
    have fewer : NN (two_to 24 + -(a + b) + 1) := nn_add more nn_one
    have left : NN (a * (S + least_normal s) + -((two_to 24 + -(a + b) + 1) * size (s * y + -e))) :=
      nn_of (nn_add H.2 (nn_mul hb (nn_size (s * y + -e))))
        (ring [two_to 24, a, b, S + least_normal s, size (s * y + -e)]
          (x 1 * x 3 + -((x 0 + -(x 1)) * x 4) + (x 2 + -Poly.one) * x 4)
          (x 1 * x 3 + -((x 0 + -(x 1 + x 2) + Poly.one) * x 4)) rfl)
    have right : NN (b * (T + least_normal s) + -((two_to 24 + -(a + b) + 1) * size (s * z + -f))) :=
      nn_of (nn_add G.2 (nn_mul ha (nn_size (s * z + -f))))
        (ring [two_to 24, a, b, T + least_normal s, size (s * z + -f)]
          (x 2 * x 3 + -((x 0 + -(x 2)) * x 4) + (x 1 + -Poly.one) * x 4)
          (x 2 * x 3 + -((x 0 + -(x 1 + x 2) + Poly.one) * x 4)) rfl)
    have both : NN (two_to 24 * (a + b) * (S + T) + (two_to 24 + 1) * (a + b) * least_normal s
        + -(two_to 24 * (two_to 24 + -(a + b) + 1) * size (s * r + -(e + f)))) :=
      nn_of (nn_add (nn_add (nn_mul (nn_mul N_nn fewer) apart) (nn_mul fewer R.2))
          (nn_add (nn_add (nn_mul fewer bound) (nn_mul next_nn (nn_add left right)))
            (nn_mul next_nn (nn_add (nn_mul hb S_nn) (nn_mul ha T_nn)))))
        (ring [two_to 24, a, b, S, T, least_normal s, size (s * y + -e), size (s * z + -f),
            size (s * r + -(s * y + s * z)), size (s * y + s * z), size (s * r + -(e + f))]
          (x 0 * (x 0 + -(x 1 + x 2) + Poly.one) * (x 6 + x 7 + x 8 + -(x 10))
              + (x 0 + -(x 1 + x 2) + Poly.one) * (x 9 + -(x 0 * x 8))
            + ((x 0 + -(x 1 + x 2) + Poly.one) * (x 3 + x 4 + (x 6 + x 7) + -(x 9))
              + (x 0 + Poly.one) * (x 1 * (x 3 + x 5) + -((x 0 + -(x 1 + x 2) + Poly.one) * x 6)
                + (x 2 * (x 4 + x 5) + -((x 0 + -(x 1 + x 2) + Poly.one) * x 7)))
              + (x 0 + Poly.one) * ((x 2 + -Poly.one) * x 3 + (x 1 + -Poly.one) * x 4)))
          (x 0 * (x 1 + x 2) * (x 3 + x 4) + (x 0 + Poly.one) * (x 1 + x 2) * x 5
            + -(x 0 * (x 0 + -(x 1 + x 2) + Poly.one) * x 10)) rfl)
    have factor : NN (two_to 24 * (two_to 24 + -(a + b) + 1) + -1) :=
      one_le_mul (two_to_one_le 24) (nn_of more (ring [two_to 24 + -(a + b)] (x 0)
        (x 0 + Poly.one + -Poly.one) rfl))
    have whole : NN ((a + b) * (S + T + least_normal s)
        + -((two_to 24 + -(a + b)) * size (s * r + -(e + f)))) :=
      nn_cancel factor
        (nn_of (nn_add (nn_mul more both) (nn_add (nn_mul count_nn (nn_mul N_nn (nn_add S_nn T_nn)))
            (nn_mul count_nn (nn_mul count_nn K_nn))))
          (ring [two_to 24, a + b, S + T, least_normal s, size (s * r + -(e + f))]
            ((x 0 + -(x 1)) * (x 0 * x 1 * x 2 + (x 0 + Poly.one) * x 1 * x 3
                + -(x 0 * (x 0 + -(x 1) + Poly.one) * x 4)) + (x 1 * (x 0 * x 2) + x 1 * (x 1 * x 3)))
            (x 0 * (x 0 + -(x 1) + Poly.one) * (x 1 * (x 2 + x 3) + -((x 0 + -(x 1)) * x 4))) rfl))
    have good : sums s (a + b) (S + T) (e + f) r :=
      ⟨nn_of (nn_add (nn_add H.1 G.1) (size_add e f))
          (ring [S, T, size e, size f, size (e + f)] (x 0 + -(x 2) + (x 1 + -(x 3)) + (x 2 + x 3 + -(x 4)))
            (x 0 + x 1 + -(x 4)) rfl), whole⟩
    exact ⟨r, Eq.trans R.1 (sums_in_range hs count hS good), good⟩

/- The bound of Network.lean. -/
theorem sums_near {s n m S e z : Int} (hs : NN (s + -1)) (hm : NN (m + -n)) (few : NN (two_to 23 + -m))
    (nn : NN m) (H : sums s n S e z) : near one_unit s m e S z := by
  intro _ _
  have raised := (sums_raise (nn_weaken hs) hm H).2
  have slack := nn_mul (nn_mul nn (nn_mul (nn_weaken hs) nn_unit)) few
  have scaled := nn_mul nn_unit raised
  refine le_of_nn (nn_of (nn_add scaled slack) ?_)
  show one_unit * (m * (S + two_to 23 * s) + -((two_to 24 + -m) * size (s * z + -e)))
      + m * (s * one_unit) * (two_to 23 + -m)
    = m * (one_unit * S + (two_to 24 + -m) * (s * one_unit))
      + -(one_unit * (two_to 24 + -m) * size (s * z + -e))
  rw [two_to_24]
  exact ring [one_unit, m, S, two_to 23, s, size (s * z + -e)]
    (x 0 * (x 1 * (x 2 + x 3 * x 4) + -((x 3 + x 3 + -(x 1)) * x 5)) + x 1 * (x 4 * x 0) * (x 3 + -(x 1)))
    (x 1 * (x 0 * x 2 + (x 3 + x 3 + -(x 1)) * (x 4 * x 0)) + -(x 0 * (x 3 + x 3 + -(x 1)) * x 5)) rfl

end Isotrace
