/- The theorem about floats: steps that `execute` a network, and a certificate for the network, make the
   execution safe. For each row, FloatSums.lean shows that what is computed is one of the results that
   Network.lean allows, and the certificate that nothing overflows. -/
import Isotrace.Core.Certified
import Isotrace.Float.FloatSums
namespace Isotrace

/- ---- sums of products ---- -/

/- How many products a sum has. -/
def pairs : List Int → List Int → Int
  | [], _ => 0
  | _ :: _, [] => 0
  | _ :: ws, _ :: hs => pairs ws hs + 1
def length_of : List Int → Int
  | [] => 0
  | _ :: ws => length_of ws + 1

theorem nn_pairs : ∀ ws hs : List Int, NN (pairs ws hs)
  | [], _ => nn_zero
  | _ :: _, [] => nn_zero
  | _ :: ws, _ :: hs => nn_add (nn_pairs ws hs) nn_one
theorem nn_length : ∀ ws : List Int, NN (length_of ws)
  | [] => nn_zero
  | _ :: ws => nn_add (nn_length ws) nn_one
theorem pairs_le : ∀ ws hs : List Int, NN (length_of ws + -(pairs ws hs))
  | [], _ => nn_zero
  | _ :: ws, [] => nn_of (nn_add (nn_length ws) nn_one) (add_zero _).symm
  | _ :: ws, _ :: hs => nn_of (pairs_le ws hs) (ring [length_of ws, pairs ws hs] (x 0 + -(x 1))
      (x 0 + Poly.one + -(x 1 + Poly.one)) rfl)
theorem nn_sizes : ∀ ws hs : List Int, NN (dot_sizes ws hs)
  | [], _ => nn_zero
  | _ :: _, [] => nn_zero
  | w :: ws, h :: hs => nn_add (nn_mul (nn_size w) (nn_size h)) (nn_sizes ws hs)
theorem size_mul (w h : Int) : size (w * h) = size w * size h := by
  cases w with
  | ofNat n => exact size_mul_nn (nn_nat n) h
  | negSucc n =>
    have e : Int.negSucc n * h = -(Int.ofNat (n + 1) * h) := neg_mul (Int.ofNat (n + 1)) h
    rw [e, size_neg]
    exact size_mul_nn (nn_nat (n + 1)) h

theorem fits_less {s S T : Int} (h : fits s S) (g : NN (S + -T)) : fits s T :=
  nn_of (nn_add h g) (ring [two_to 126 * (s * one_unit), S, T] (x 0 + -(x 1) + -Poly.one + (x 1 + -(x 2)))
    (x 0 + -(x 2) + -Poly.one) rfl)

/- The segments before the current one: none, or at least one product. -/
def before_ok (s : Int) (before : Option Binary32) (n S e : Int) : Prop :=
  match before with
  | none => n = 0 ∧ (S = 0 ∧ e = 0)
  | some c => ∃ z, c = Binary32.number z ∧ (NN (n + -1) ∧ sums s n S e z)
def is_first (before : Option Binary32) : Prop :=
  match before with
  | none => True
  | some _ => False

theorem before_nn {s n S e : Int} {before : Option Binary32} (h : before_ok s before n S e) : NN n ∧ NN S := by
  cases before with
  | none =>
    rw [h.1, h.2.1]
    exact ⟨nn_zero, nn_zero⟩
  | some c =>
    cases h with
    | intro z H => exact ⟨nn_weaken H.2.1, nn_sums H.2.2⟩

theorem join_sums {s n S e m T f z : Int} {before : Option Binary32} (hs : NN (s + -1))
    (hb : before_ok s before n S e) (ht : sums s m T f z) (hm : is_first before ∨ NN (m + -1))
    (count : NN (two_to 23 + -(n + m))) (hS : fits s (S + T)) :
    ∃ r, join_segment before (Binary32.number z) = Binary32.number r ∧ sums s (n + m) (S + T) (e + f) r := by
  cases before with
  | none =>
    rw [hb.1, hb.2.1, hb.2.2, zero_add, zero_add, zero_add]
    exact ⟨z, rfl, ht⟩
  | some c =>
    cases hb with
    | intro y H =>
      cases hm with
      | inl bad => exact False.elim bad
      | inr some_products =>
        rw [H.1]
        exact add_sums hs H.2.1 some_products count hS H.2.2 ht

theorem zero_sums {s : Int} (hs : NN s) : sums s 0 0 0 0 := itself_sums (mul_zero s) hs nn_zero

theorem no_more_products (u : Int) (segment left : Nat) (before : Option Binary32) (t : Binary32)
    (hs : List Binary32) : sum_products u segment left before t [] hs = join_segment before t := by
  cases left with
  | zero => exact rfl
  | succ left => exact rfl
theorem no_more_operands (u : Int) (segment left : Nat) (before : Option Binary32) (t : Binary32) (w : Int)
    (ws : List Int) : sum_products u segment left before t (w :: ws) [] = join_segment before t := by
  cases left with
  | zero => exact rfl
  | succ left => exact rfl

theorem sum_products_spec {s u : Int} (hs : NN (s + -1)) (hu : s * u = one_unit) (segment : Nat) :
    ∀ (ws hs' : List Int) (left : Nat) (before : Option Binary32) (z n S e m T f : Int),
    before_ok s before n S e → sums s m T f z → NN m → (is_first before ∨ NN (m + -1)) →
    (left = 0 → NN (m + -1)) → NN (two_to 23 + -(n + m + pairs ws hs')) →
    fits s (S + T + dot_sizes ws hs') →
    ∃ r, sum_products u segment left before (Binary32.number z) ws (numbers hs') = Binary32.number r
      ∧ sums s (n + m + pairs ws hs') (S + T + dot_sizes ws hs') (e + f + dot ws hs') r
  | [], hs', left, before, z, n, S, e, m, T, f, hb, ht, _, hm, _, count, hS => by
    rw [no_more_products]
    rw [show pairs [] hs' = 0 from rfl, add_zero] at count
    rw [show dot_sizes [] hs' = 0 from rfl, add_zero] at hS
    rw [show pairs [] hs' = 0 from rfl, show dot_sizes [] hs' = 0 from rfl, show dot [] hs' = 0 from rfl,
      add_zero, add_zero, add_zero]
    exact join_sums hs hb ht hm count hS
  | w :: ws, [], left, before, z, n, S, e, m, T, f, hb, ht, _, hm, _, count, hS => by
    rw [show numbers [] = [] from rfl, no_more_operands]
    rw [show pairs (w :: ws) [] = 0 from rfl, add_zero] at count
    rw [show dot_sizes (w :: ws) [] = 0 from rfl, add_zero] at hS
    rw [show pairs (w :: ws) [] = 0 from rfl, show dot_sizes (w :: ws) [] = 0 from rfl,
      show dot (w :: ws) [] = 0 from rfl, add_zero, add_zero, add_zero]
    exact join_sums hs hb ht hm count hS
  | w :: ws, h :: hs', left + 1, before, z, n, S, e, m, T, f, hb, ht, hmn, _, _, count, hS => by
    have bn := before_nn hb
    have e1 : n + (m + 1) + pairs ws hs' = n + m + (pairs ws hs' + 1) :=
      ring [n, m, pairs ws hs'] (x 0 + (x 1 + Poly.one) + x 2) (x 0 + x 1 + (x 2 + Poly.one)) rfl
    have e2 : S + (T + size (w * h)) + dot_sizes ws hs' = S + T + (size w * size h + dot_sizes ws hs') := by
      rw [size_mul]
      exact ring [S, T, size w * size h, dot_sizes ws hs'] (x 0 + (x 1 + x 2) + x 3) (x 0 + x 1 + (x 2 + x 3)) rfl
    have e3 : e + (f + w * h) + dot ws hs' = e + f + (w * h + dot ws hs') :=
      ring [e, f, w * h, dot ws hs'] (x 0 + (x 1 + x 2) + x 3) (x 0 + x 1 + (x 2 + x 3)) rfl
    have count' : NN (two_to 23 + -(n + (m + 1) + pairs ws hs')) := by
      rw [e1]
      exact count
    have hS' : fits s (S + (T + size (w * h)) + dot_sizes ws hs') := by
      rw [e2]
      exact hS
    have now : NN (two_to 23 + -(m + 1)) := nn_of (nn_add count' (nn_add bn.1 (nn_pairs ws hs')))
      (ring [two_to 23, n, m, pairs ws hs'] (x 0 + -(x 1 + (x 2 + Poly.one) + x 3) + (x 1 + x 3))
        (x 0 + -(x 2 + Poly.one)) rfl)
    have small : fits s (T + size (w * h)) := fits_less hS' (nn_of (nn_add bn.2 (nn_sizes ws hs'))
      (ring [S, T + size (w * h), dot_sizes ws hs'] (x 0 + x 2) (x 0 + x 1 + x 2 + -(x 1)) rfl))
    cases fma_sums hs hu hmn now small ht with
    | intro t F =>
      have some_products : NN (m + 1 + -1) := nn_of hmn (ring [m] (x 0) (x 0 + Poly.one + -Poly.one) rfl)
      have ih := sum_products_spec hs hu segment ws hs' left before t n S e (m + 1) (T + size (w * h)) (f + w * h)
        hb F.2 (nn_add hmn nn_one) (Or.inr some_products) (fun _ => some_products) count' hS'
      rw [e1, e2, e3] at ih
      show ∃ r, sum_products u segment left before (fma (w * u) (Binary32.number h) (Binary32.number z)) ws
          (numbers hs') = Binary32.number r
        ∧ sums s (n + m + (pairs ws hs' + 1)) (S + T + (size w * size h + dot_sizes ws hs'))
          (e + f + (w * h + dot ws hs')) r
      rw [F.1]
      exact ih
  | w :: ws, h :: hs', 0, before, z, n, S, e, m, T, f, hb, ht, hmn, hm, hl, count, hS => by
    have some_products := hl rfl
    have e1 : n + m + (0 + 1) + pairs ws hs' = n + m + (pairs ws hs' + 1) := by
      rw [zero_add]
      exact ring [n, m, pairs ws hs'] (x 0 + x 1 + Poly.one + x 2) (x 0 + x 1 + (x 2 + Poly.one)) rfl
    have e2 : S + T + (0 + size (w * h)) + dot_sizes ws hs' = S + T + (size w * size h + dot_sizes ws hs') := by
      rw [size_mul, zero_add]
      exact ring [S, T, size w * size h, dot_sizes ws hs'] (x 0 + x 1 + x 2 + x 3) (x 0 + x 1 + (x 2 + x 3)) rfl
    have e3 : e + f + (0 + w * h) + dot ws hs' = e + f + (w * h + dot ws hs') := by
      rw [zero_add]
      exact ring [e, f, w * h, dot ws hs'] (x 0 + x 1 + x 2 + x 3) (x 0 + x 1 + (x 2 + x 3)) rfl
    have count' : NN (two_to 23 + -(n + m + (0 + 1) + pairs ws hs')) := by
      rw [e1]
      exact count
    have hS' : fits s (S + T + (0 + size (w * h)) + dot_sizes ws hs') := by
      rw [e2]
      exact hS
    have bn := before_nn hb
    have T_nn := nn_sums ht
    have joined_count : NN (two_to 23 + -(n + m)) :=
      nn_of (nn_add count (nn_add (nn_pairs ws hs') nn_one))
        (ring [two_to 23, n + m, pairs ws hs'] (x 0 + -(x 1 + (x 2 + Poly.one)) + (x 2 + Poly.one))
          (x 0 + -(x 1)) rfl)
    have joined_size : fits s (S + T) := fits_less hS (nn_of (nn_sizes (w :: ws) (h :: hs'))
      (ring [S + T, dot_sizes (w :: ws) (h :: hs')] (x 1) (x 0 + x 1 + -(x 0)) rfl))
    have one_count : NN (two_to 23 + -(0 + 1)) := two_to_one_le 23
    have one_size : fits s (0 + size (w * h)) := fits_less hS' (nn_of
      (nn_add (nn_add bn.2 T_nn) (nn_sizes ws hs'))
      (ring [S, T, 0 + size (w * h), dot_sizes ws hs'] (x 0 + x 1 + x 3) (x 0 + x 1 + x 2 + x 3 + -(x 2)) rfl))
    cases join_sums hs hb ht hm joined_count joined_size with
    | intro c J =>
      cases fma_sums hs hu nn_zero one_count one_size (zero_sums (nn_weaken hs)) with
      | intro t F =>
        have before' : before_ok s (some (Binary32.number c)) (n + m) (S + T) (e + f) :=
          ⟨c, rfl, nn_of (nn_add bn.1 some_products) (ring [n, m] (x 0 + (x 1 + -Poly.one))
            (x 0 + x 1 + -Poly.one) rfl), J.2⟩
        have ih := sum_products_spec hs hu segment ws hs' (Nat.pred segment) (some (Binary32.number c)) t
          (n + m) (S + T) (e + f) (0 + 1) (0 + size (w * h)) (0 + w * h) before' F.2 nn_one (Or.inr nn_zero)
          (fun _ => nn_zero) count' hS'
        rw [e1, e2, e3] at ih
        show ∃ r, sum_products u segment (Nat.pred segment) (some (join_segment before (Binary32.number z)))
            (fma (w * u) (Binary32.number h) (Binary32.number 0)) ws (numbers hs') = Binary32.number r
          ∧ sums s (n + m + (pairs ws hs' + 1)) (S + T + (size w * size h + dot_sizes ws hs'))
            (e + f + (w * h + dot ws hs')) r
        rw [J.1, F.1]
        exact ih

/- ---- which steps execute which layers ---- -/

def equal (a b : Int) : Bool := cond (nonneg (a + -b)) (nonneg (b + -a)) false
theorem equal_spec {a b : Int} (h : equal a b = true) : a = b := by
  have c := cond_false h
  have zero : ∀ d : Int, NN d → NN (-d) → d = 0 := by
    intro d hd g
    cases hd with
    | mk n =>
      cases n with
      | zero => exact rfl
      | succ n => exact False.elim (nn_not g)
  have none : a + -b = 0 := zero (a + -b) (nonneg_true c.1)
    (nn_of (nonneg_true c.2) (ring [a, b] (x 1 + -(x 0)) (-(x 0 + -(x 1))) rfl))
  have back : a + -b + b = b := by rw [none, zero_add]
  exact Eq.trans (ring [a, b] (x 0) (x 0 + -(x 1) + x 1) rfl) back

/- m roundings are enough for the row. -/
def enough (m : Int) (r : Row) : Step → Bool
  | Step.dot segment true =>
    cond (nonneg (Int.ofNat segment + -1))
      (cond (nonneg (length_of r.weights + -1)) (nonneg (m + -(length_of r.weights + 1))) false) false
  | Step.dot segment false =>
    cond (nonneg (Int.ofNat segment + -1))
      (cond (equal r.bias 0) (nonneg (m + -(length_of r.weights))) false) false
def enough_all (m : Int) (step : Step) : List Row → Bool
  | [] => true
  | r :: rs => cond (enough m r step) (enough_all m step rs) false
def executes : List Step → List Layer → Bool
  | [], [] => true
  | [], _ :: _ => false
  | _ :: _, [] => false
  | step :: steps, L :: net =>
    cond (nonneg (Int.ofNat L.denominator + -1))
      (cond (equal (Int.ofNat L.denominator * unit_of L) one_unit)
        (cond (enough_all (Int.ofNat L.roundings) step L.rows) (executes steps net) false)
        false)
      false

/- ---- sizes that a certificate has bounded ---- -/

def row_fits (D : Int) (L : Layer) (h : List Int) (r : Row) : Prop :=
  NN (Int.ofNat (2 ^ 23) + -(Int.ofNat L.roundings))
    ∧ NN (Int.ofNat (2 ^ 126) * (Int.ofNat L.denominator * D)
      + -(dot_sizes r.weights (drop r.offset h) + size r.bias * D + 1))
def rows_fit (D : Int) (L : Layer) (h : List Int) : List Row → Prop
  | [] => True
  | r :: rs => row_fits D L h r ∧ rows_fit D L h rs
/- Nothing overflows, whatever the layers before return. -/
def fits_from (D : Int) : List Layer → List Int → Prop
  | [], _ => True
  | L :: net, h => rows_fit D L h L.rows
      ∧ ∀ p, rows_compute D L h L.rows p → fits_from D net (activate L.relu p)

theorem measure_fits {D Q : Int} (hD : NN (D + -1)) (hQ : NN (Q + -1)) {box : List Itv} {ctx : List Entry}
    {L : Layer} {here known : List Itv} {r : Row} {n : Neuron} {h : List Int}
    (H : measure Q box ctx L here known r = some n) (Hh : all_inside D Q here h) : row_fits D L h r := by
  have e : measure Q box ctx L here known r
      = measure_with Q box ctx L here known r (dot_largest r.weights (drop r.offset here) + size r.bias * Q)
          (error_guess Q (Int.ofNat L.denominator) (Int.ofNat L.roundings)
            (dot_largest r.weights (drop r.offset here) + size r.bias * Q)) :=
    Eq.trans (sealed_eq _ _) (sealed_eq _ _)
  rw [e] at H
  have c := cond_none H
  have total := nn_of (dot_largest_spec (nn_weaken hD) r.weights _ _ (all_inside_drop r.offset here h Hh))
    (ring [dot_largest r.weights (drop r.offset here), D, Q, dot_sizes r.weights (drop r.offset h),
        size r.bias]
      (x 0 * x 1 + -(x 2 * x 3)) ((x 0 + x 4 * x 2) * x 1 + -(x 2 * (x 3 + x 4 * x 1))) rfl)
  have sizes := error_fits hD hQ total c.1
  exact ⟨nn_of_le sizes.1, nn_of_le sizes.2⟩
theorem measure_all_fits {D Q : Int} (hD : NN (D + -1)) (hQ : NN (Q + -1)) {box : List Itv} {ctx : List Entry}
    {L : Layer} {here : List Itv} {h : List Int} (Hh : all_inside D Q here h) :
    ∀ (rs : List Row) (known : List Itv) (ns : List Neuron), measure_all Q box ctx L here known rs = some ns →
    rows_fit D L h rs
  | [], _, _, _ => True.intro
  | r :: rs, known, ns, H => by
    cases onward_some H with
    | intro n Hn =>
      cases onward_some Hn.2 with
      | intro ns' Hns =>
        exact ⟨measure_fits hD hQ Hn.1 Hh, measure_all_fits hD hQ Hh rs (rest_of known) ns' Hns.1⟩

theorem forward_fits {D Q : Int} (hD : NN (D + -1)) (hQ : NN (Q + -1)) {box : List Itv} :
    ∀ (net : List Layer) (ctx : List Entry) (here : List Itv) (result : List Entry × List (List Itv))
      (h : List Int), forward Q box net ctx here [] = some result → reaches D Q box ctx h →
    all_inside D Q here h → fits_from D net h
  | [], _, _, _, _, _, _, _ => True.intro
  | L :: net, ctx, here, result, h, H, Hr, Hh => by
    have c := cond_none H
    have hs := nonneg_true c.1
    cases onward_some c.2 with
    | intro ns Hns =>
      cases onward_some Hns.2 with
      | intro rest Hrest =>
        refine ⟨measure_all_fits hD hQ Hh L.rows [] ns Hns.1, ?_⟩
        intro p Hp
        have good := measure_all_spec hD hQ hs Hr Hh L.rows [] ns p Hns.1 True.intro Hp
        have further : reaches D Q box (⟨L.relu, Int.ofNat L.denominator, ns⟩ :: ctx) (activate L.relu p) :=
          ⟨h, p, Hr, hs, good, rfl⟩
        exact forward_fits hD hQ net (⟨L.relu, Int.ofNat L.denominator, ns⟩ :: ctx) (pass L.relu ns) rest
          (activate L.relu p) Hrest.1 further (pass_spec (nn_weaken hD) (nn_weaken hQ) L.relu ns p good)

theorem check_forward {Q : Int} {net : List Layer} {cs : List Constraint} {box : List Itv} :
    ∀ t : Tree, check Q net cs t box [] = true → ∃ result, forward Q box net [] box [] = some result
  | Tree.leaf _ _ _, H => by
    cases settle_spec H with
    | intro r Hr => exact ⟨r, Hr.1⟩
  | Tree.split _ _ _ _, H => by
    cases settle_spec H with
    | intro r Hr => exact ⟨r, Hr.1⟩
  | Tree.sign _ _ _ _, H => by
    cases settle_spec H with
    | intro r Hr => exact ⟨r, Hr.1⟩
theorem certified_fits {D Q : Int} {net : List Layer} {box : List Range} {cs : List Constraint} {t : Tree}
    (H : certified Q net box cs t = true) (hD : NN (D + -1)) {h : List Int} (Hx : in_box D box h) :
    fits_from D net h := by
  have c := cond_false H
  have hQ := nonneg_true c.1
  revert c
  cases e : start Q box with
  | none =>
    intro c
    exact false_not_true c.2
  | some bs =>
    intro c
    cases check_forward t c.2 with
    | intro result Hf =>
      have inside_box := start_spec hD hQ box bs h e Hx
      exact forward_fits hD hQ net [] bs result h Hf inside_box inside_box

/- ---- rows, layers, programs ---- -/

theorem drop_numbers : ∀ (n : Nat) (h : List Int), drop n (numbers h) = numbers (drop n h)
  | 0, [] => rfl
  | 0, _ :: _ => rfl
  | _ + 1, [] => rfl
  | n + 1, _ :: h => drop_numbers n h

theorem dot_spec {s u : Int} (hs : NN (s + -1)) (hu : s * u = one_unit) {segment : Nat}
    (hseg : NN (Int.ofNat segment + -1)) (ws h : List Int) (count : NN (two_to 23 + -(length_of ws)))
    (room : fits s (dot_sizes ws h)) :
    ∃ r, sum_products u segment segment none (Binary32.number 0) ws (numbers h) = Binary32.number r
      ∧ sums s (length_of ws) (dot_sizes ws h) (dot ws h) r := by
  have e1 : 0 + 0 + pairs ws h = pairs ws h := by rw [zero_add, zero_add]
  have e2 : 0 + 0 + dot_sizes ws h = dot_sizes ws h := by rw [zero_add, zero_add]
  have e3 : 0 + 0 + dot ws h = dot ws h := by rw [zero_add, zero_add]
  have some_left : segment = 0 → NN (0 + -1) := by
    intro e
    rw [e] at hseg
    exact hseg
  have found := sum_products_spec hs hu segment ws h segment none 0 0 0 0 0 0 0 ⟨rfl, rfl, rfl⟩
    (zero_sums (nn_weaken hs)) nn_zero (Or.inl True.intro) some_left
  rw [e1, e2, e3] at found
  cases found (nn_of (nn_add count (pairs_le ws h)) (ring [two_to 23, length_of ws, pairs ws h]
      (x 0 + -(x 1) + (x 1 + -(x 2))) (x 0 + -(x 2)) rfl)) room with
  | intro r R => exact ⟨r, R.1, sums_raise (nn_weaken hs) (pairs_le ws h) R.2⟩

theorem row_spec {L : Layer} {u : Int} {h : List Int} (hs : NN (Int.ofNat L.denominator + -1))
    (hu : Int.ofNat L.denominator * u = one_unit) (r : Row) (hr : row_fits one_unit L h r) :
    ∀ step : Step, enough (Int.ofNat L.roundings) r step = true →
    ∃ p, run_row u (numbers h) r step = Binary32.number p ∧ row_computes one_unit L h r p
  | Step.dot segment false, H => by
    have c := cond_false H
    have c2 := cond_false c.2
    have few : NN (two_to 23 + -(Int.ofNat L.roundings)) := hr.1
    have no_bias := equal_spec c2.1
    have size_zero : size r.bias * one_unit = 0 := by rw [no_bias, show size 0 = 0 from rfl, zero_mul]
    have value_zero : r.bias * one_unit = 0 := by rw [no_bias, zero_mul]
    have long := nonneg_true c2.2
    have room : fits (Int.ofNat L.denominator) (dot_sizes r.weights (drop r.offset h)) := by
      have g := hr.2
      rw [size_zero, add_zero] at g
      exact nn_of g (ring [Int.ofNat (2 ^ 126) * (Int.ofNat L.denominator * one_unit),
          dot_sizes r.weights (drop r.offset h)]
        (x 0 + -(x 1 + Poly.one)) (x 0 + -(x 1) + -Poly.one) rfl)
    cases dot_spec hs hu (nonneg_true c.1) r.weights (drop r.offset h)
        (nn_of (nn_add few long) (ring [two_to 23, Int.ofNat L.roundings, length_of r.weights]
          (x 0 + -(x 1) + (x 1 + -(x 2))) (x 0 + -(x 2)) rfl)) room with
    | intro p P =>
      refine ⟨p, ?_, ?_⟩
      · show sum_products u segment segment none (Binary32.number 0) r.weights (drop r.offset (numbers h))
          = Binary32.number p
        rw [drop_numbers]
        exact P.1
      · show near one_unit (Int.ofNat L.denominator) (Int.ofNat L.roundings)
          (dot r.weights (drop r.offset h) + r.bias * one_unit)
          (dot_sizes r.weights (drop r.offset h) + size r.bias * one_unit) p
        rw [size_zero, value_zero, add_zero, add_zero]
        exact sums_near hs long few (nn_nat L.roundings) P.2
  | Step.dot segment true, H => by
    have c := cond_false H
    have c2 := cond_false c.2
    have few : NN (two_to 23 + -(Int.ofNat L.roundings)) := hr.1
    have long := nonneg_true c2.2
    have sizes : size (r.bias * one_unit) = size r.bias * one_unit := by
      rw [mul_comm, size_mul_nn nn_unit, mul_comm]
    have room : fits (Int.ofNat L.denominator)
        (dot_sizes r.weights (drop r.offset h) + size (r.bias * one_unit)) := by
      rw [sizes]
      exact nn_of hr.2 (ring [Int.ofNat (2 ^ 126) * (Int.ofNat L.denominator * one_unit),
          dot_sizes r.weights (drop r.offset h), size r.bias * one_unit]
        (x 0 + -(x 1 + x 2 + Poly.one)) (x 0 + -(x 1 + x 2) + -Poly.one) rfl)
    have count : NN (two_to 23 + -(length_of r.weights + 1)) :=
      nn_of (nn_add few long) (ring [two_to 23, Int.ofNat L.roundings, length_of r.weights]
        (x 0 + -(x 1) + (x 1 + -(x 2 + Poly.one))) (x 0 + -(x 2 + Poly.one)) rfl)
    cases dot_spec hs hu (nonneg_true c.1) r.weights (drop r.offset h)
        (nn_of (nn_add count nn_one) (ring [two_to 23, length_of r.weights]
          (x 0 + -(x 1 + Poly.one) + Poly.one) (x 0 + -(x 1)) rfl))
        (fits_less room (nn_of (nn_size (r.bias * one_unit))
          (ring [dot_sizes r.weights (drop r.offset h), size (r.bias * one_unit)] (x 1) (x 0 + x 1 + -(x 0)) rfl)))
        with
    | intro t T =>
      have scale : Int.ofNat L.denominator * (r.bias * u) = r.bias * one_unit := by
        rw [← hu]
        exact ring [Int.ofNat L.denominator, r.bias, u] (x 0 * (x 1 * x 2)) (x 1 * (x 0 * x 2)) rfl
      cases add_sums hs (nonneg_true c2.1) nn_zero count room T.2 (itself_sums scale (nn_weaken hs) nn_one) with
      | intro p P =>
        refine ⟨p, ?_, ?_⟩
        · show add (sum_products u segment segment none (Binary32.number 0) r.weights
              (drop r.offset (numbers h))) (Binary32.number (r.bias * u)) = Binary32.number p
          rw [drop_numbers, T.1]
          exact P.1
        · show near one_unit (Int.ofNat L.denominator) (Int.ofNat L.roundings)
            (dot r.weights (drop r.offset h) + r.bias * one_unit)
            (dot_sizes r.weights (drop r.offset h) + size r.bias * one_unit) p
          rw [← sizes]
          exact sums_near hs long few (nn_nat L.roundings) P.2

theorem rows_spec {L : Layer} {u : Int} {h : List Int} (hs : NN (Int.ofNat L.denominator + -1))
    (hu : Int.ofNat L.denominator * u = one_unit) (step : Step) : ∀ rs : List Row, rows_fit one_unit L h rs →
    enough_all (Int.ofNat L.roundings) step rs = true →
    ∃ p, run_rows u step (numbers h) rs = numbers p ∧ rows_compute one_unit L h rs p
  | [], _, _ => ⟨[], rfl, True.intro⟩
  | r :: rs, Hr, H => by
    have c := cond_false H
    cases row_spec hs hu r Hr.1 step c.1 with
    | intro p P =>
      cases rows_spec hs hu step rs Hr.2 c.2 with
      | intro ps Ps =>
        refine ⟨p :: ps, ?_, P.2, Ps.2⟩
        show run_row u (numbers h) r step :: run_rows u step (numbers h) rs = Binary32.number p :: numbers ps
        rw [P.1, Ps.1]

theorem activate_numbers : ∀ (is_relu : Bool) (p : List Int),
    float_activate is_relu (numbers p) = numbers (activate is_relu p)
  | true, [] => rfl
  | false, [] => rfl
  | true, p :: ps => congrArg (fun l => Binary32.number (relu p) :: l) (activate_numbers true ps)
  | false, p :: ps => congrArg (fun l => Binary32.number p :: l) (activate_numbers false ps)

theorem run_spec : ∀ (steps : List Step) (net : List Layer) (h : List Int), executes steps net = true →
    fits_from one_unit net h →
    ∃ values y, run steps net (numbers h) = numbers y ∧ computes one_unit net h values y
  | [], [], h, _, _ => ⟨[], h, rfl, rfl⟩
  | [], _ :: _, _, H, _ => false_not_true H
  | _ :: _, [], _, H, _ => false_not_true H
  | step :: steps, L :: net, h, H, Hf => by
    have c1 := cond_false H
    have c2 := cond_false c1.2
    have c3 := cond_false c2.2
    cases rows_spec (nonneg_true c1.1) (equal_spec c2.1) step L.rows Hf.1 c3.1 with
    | intro p P =>
      cases run_spec steps net (activate L.relu p) c3.2 (Hf.2 p P.2) with
      | intro values V =>
        cases V with
        | intro y Y =>
          refine ⟨p :: values, y, ?_, P.2, Y.2⟩
          show run steps net (float_activate L.relu (run_rows (unit_of L) step (numbers h) L.rows)) = numbers y
          rw [P.1, activate_numbers]
          exact Y.1

theorem certified_float_safe (Q : Int) (steps : List Step) (net : List Layer) (box : List Range)
    (cs : List Constraint) (t : Tree) (He : executes steps net = true)
    (H : certified Q net box cs t = true) : float_safe steps net box cs := by
  intro h Hx
  have unit_one : NN (one_unit + -1) := two_to_one_le 149
  cases run_spec steps net h He (certified_fits H unit_one Hx) with
  | intro values V =>
    cases V with
    | intro y Y => exact ⟨y, Y.1, certified_safe Q net box cs t H one_unit h values y (le_of_nn unit_one) Hx Y.2⟩

end Isotrace
