/- The theorem about the checker: what it certifies is safe. -/
import Isotrace.Core.Forward
namespace Isotrace

/- ---- empty intervals ---- -/

theorem nn_opposed {a : Int} (h : NN (a + -1)) (g : NN (-a)) : False :=
  nn_absurd (nn_weaken h) (nn_of (nn_add h (nn_add g g)) (ring [a] (x 0 + -Poly.one + (-(x 0)
      + -(x 0))) (-(x 0) + -Poly.one) rfl))

theorem not_empty {D Q p : Int} (hD : NN (D + -1)) {b : Itv} (H : inside D Q b p) :
    nonneg (b.hi + -b.lo) = true := by
  cases e : nonneg (b.hi + -b.lo) with
  | true => exact rfl
  | false =>
    have bad : NN (-D) := nn_of (nn_add (nn_add (nn_mul (nonneg_false e) (nn_weaken hD)) H.1) H.2)
      (ring [D, Q * p, b.lo, b.hi] ((-(x 3 + -(x 2)) + -Poly.one) * x 0 + (x 1 + -(x 2 * x 0))
          + (x 3 * x 0 + -(x 1)))
        (-(x 0)) rfl)
    exact False.elim (nn_opposed hD bad)
theorem any_empty_spec {D Q : Int} (hD : NN (D + -1)) : ∀ (bs : List Itv) (p : List Int),
    known_ok D Q bs p → any_empty bs = false
  | [], _, _ => rfl
  | _ :: _, [], H => False.elim H
  | b :: bs, _ :: ps, H => by
    show cond (nonneg (b.hi + -b.lo)) (any_empty bs) true = false
    rw [not_empty hD H.1]
    exact any_empty_spec hD bs ps H.2
theorem contradictory_spec {D Q : Int} (hD : NN (D + -1)) : ∀ (bss : List (List Itv)) (ps : List (List Int)),
    knowns_ok D Q bss ps → contradictory bss = false
  | [], _, _ => rfl
  | _ :: _, [], H => False.elim H
  | bs :: bss, p :: ps, H => by
    show cond (any_empty bs) true (contradictory bss) = false
    rw [any_empty_spec hD bs p H.1]
    exact contradictory_spec hD bss ps H.2

/- ---- leaves ---- -/

theorem constraint_spec {D : Int} {y : List Int} {c : Constraint} (H : holds D y c) :
    NN (c.bound * D + -(dot c.coefficients y + strictness c)) := by
  cases c with
  | mk coefficients bound strict =>
    cases strict with
    | true => exact H
    | false =>
      have h : NN (bound * D + -(dot coefficients y)) := H
      exact nn_of h (by
        show bound * D + -(dot coefficients y) = bound * D + -(dot coefficients y + 0)
        rw [add_zero])
theorem nn_strictness (c : Constraint) : NN (strictness c) := by
  cases c with
  | mk coefficients bound strict =>
    cases strict with
    | true => exact nn_one
    | false => exact nn_zero

theorem weigh_spec {D : Int} {y : List Int} : ∀ (cs : List Constraint) (ks : List Int), all_nonneg ks = true →
    unsafe_outputs D y cs →
    NN (weigh cs ks).gap ∧ NN ((weigh cs ks).bound * D + -(dot (weigh cs ks).form y + (weigh cs ks).gap))
  | [], _, _, _ => ⟨nn_zero, by
      show NN (0 * D + -(0 + 0))
      rw [zero_mul]
      exact nn_zero⟩
  | _ :: _, [], _, _ => ⟨nn_zero, by
      show NN (0 * D + -(0 + 0))
      rw [zero_mul]
      exact nn_zero⟩
  | c :: cs, k :: ks, hk, H => by
    have signs := cond_false hk
    have ih := weigh_spec cs ks signs.2 H.2
    have hk' := nonneg_true signs.1
    show NN ((weigh cs ks).gap + k * strictness c) ∧ NN (((weigh cs ks).bound + k * c.bound) * D
      + -(dot (add_row k c.coefficients 0 (weigh cs ks).form) y + ((weigh cs ks).gap + k * strictness c)))
    rw [dot_add_row]
    exact ⟨nn_add ih.1 (nn_mul hk' (nn_strictness c)),
      nn_of (nn_add ih.2 (nn_mul hk' (constraint_spec H.1)))
        (ring [D, k, (weigh cs ks).bound, (weigh cs ks).gap, dot (weigh cs ks).form y, c.bound,
            dot c.coefficients y, strictness c]
          ((x 2 * x 0 + -(x 4 + x 3)) + x 1 * (x 5 * x 0 + -(x 6 + x 7)))
          ((x 2 + x 1 * x 5) * x 0 + -((x 4 + x 1 * x 6) + (x 3 + x 1 * x 7))) rfl)⟩

theorem exceeds_spec {D : Int} (hD : NN (D + -1)) {y : List Int} {s : Sum} (hg : NN s.gap)
    (hs : NN (s.bound * D + -(dot s.form y + s.gap))) : ∀ bound : Int × Int, exceeds bound s = true →
    NN (bound.2 + -1) → NN (bound.2 * dot s.form y + -(bound.1 * D)) → False
  | (k, t), H, ht, hl => by
    have both := nn_add hl (nn_mul (nn_weaken ht) hs)
    have H' : cond (nonneg (k + -(t * s.bound) + -1)) true
      (cond (nonneg (k + -(t * s.bound))) (nonneg (s.gap + -1)) false) = true := H
    cases e : nonneg (k + -(t * s.bound) + -1) with
    | true =>
      have bad : NN (-D) :=
        nn_of (nn_add (nn_add both (nn_mul (nn_weaken ht) hg)) (nn_mul (nonneg_true e) (nn_weaken hD)))
          (ring [D, t, k, s.bound, s.gap, dot s.form y]
            (((x 1 * x 5 + -(x 2 * x 0)) + x 1 * (x 3 * x 0 + -(x 5 + x 4))) + x 1 * x 4
              + (x 2 + -(x 1 * x 3) + -Poly.one) * x 0) (-(x 0)) rfl)
      exact nn_opposed hD bad
    | false =>
      rw [e] at H'
      have c := cond_false (show cond (nonneg (k + -(t * s.bound))) (nonneg (s.gap + -1))
          false = true from H')
      have bad : NN (-t) :=
        nn_of (nn_add (nn_add both (nn_mul (nn_weaken ht) (nonneg_true c.2)))
            (nn_mul (nonneg_true c.1) (nn_weaken hD)))
          (ring [D, t, k, s.bound, s.gap, dot s.form y]
            (((x 1 * x 5 + -(x 2 * x 0)) + x 1 * (x 3 * x 0 + -(x 5 + x 4))) + x 1 * (x 4 + -Poly.one)
              + (x 2 + -(x 1 * x 3)) * x 0) (-(x 1)) rfl)
      exact nn_opposed ht bad

/- ---- splits ---- -/

theorem update_nil {A : Type} (f : A → A) (n : Nat) : update f n [] = [] := by
  cases n with
  | zero => exact rfl
  | succ n => exact rfl

theorem cut_inside {D Q p : Int} {b : Itv} (z : Int) (H : inside D Q b p) :
    inside D Q (cut_below z b) p ∨ inside D Q (cut_above z b) p := by
  cases e : nonneg (z * D + -(Q * p)) with
  | true => exact Or.inl ⟨H.1, smaller_rule (fun a => NN (a * D + -(Q * p))) (nonneg_true e) H.2⟩
  | false =>
    exact Or.inr ⟨larger_rule (fun a => NN (Q * p + -(a * D)))
      (nn_of (nn_weaken (nonneg_false e)) (ring [z * D, Q * p] (-(x 0 + -(x 1))) (x 1 + -(x 0))
          rfl)) H.1, H.2⟩
theorem cut_box {D Q : Int} (z : Int) : ∀ (i : Nat) (bs : List Itv) (hs : List Int), all_inside D Q bs hs →
    all_inside D Q (update (cut_below z) i bs) hs ∨ all_inside D Q (update (cut_above z) i bs) hs
  | i, [], [], _ => Or.inl (by
      rw [update_nil]
      exact True.intro)
  | _, [], _ :: _, H => False.elim H
  | _, _ :: _, [], H => False.elim H
  | 0, b :: bs, h :: hs, H => by
    cases cut_inside z H.1 with
    | inl g => exact Or.inl ⟨g, H.2⟩
    | inr g => exact Or.inr ⟨g, H.2⟩
  | i + 1, b :: bs, h :: hs, H => by
    cases cut_box z i bs hs H.2 with
    | inl g => exact Or.inl ⟨H.1, g⟩
    | inr g => exact Or.inr ⟨H.1, g⟩
theorem cut_known {D Q : Int} (z : Int) : ∀ (j : Nat) (bs : List Itv) (ps : List Int), known_ok D Q bs ps →
    known_ok D Q (update (cut_below z) j bs) ps ∨ known_ok D Q (update (cut_above z) j bs) ps
  | j, [], _, _ => Or.inl (by
      rw [update_nil]
      exact True.intro)
  | _, _ :: _, [], H => False.elim H
  | 0, b :: bs, p :: ps, H => by
    cases cut_inside z H.1 with
    | inl g => exact Or.inl ⟨g, H.2⟩
    | inr g => exact Or.inr ⟨g, H.2⟩
  | j + 1, b :: bs, p :: ps, H => by
    cases cut_known z j bs ps H.2 with
    | inl g => exact Or.inl ⟨H.1, g⟩
    | inr g => exact Or.inr ⟨H.1, g⟩
theorem cut_knowns {D Q : Int} (z : Int) (j : Nat) : ∀ (k : Nat) (bss : List (List Itv)) (ps :
    List (List Int)),
    knowns_ok D Q bss ps →
    knowns_ok D Q (update (update (cut_below z) j) k bss)
        ps ∨ knowns_ok D Q (update (update (cut_above z) j) k bss) ps
  | k, [], _, _ => Or.inl (by
      rw [update_nil]
      exact True.intro)
  | _, _ :: _, [], H => False.elim H
  | 0, bs :: bss, p :: ps, H => by
    cases cut_known z j bs p H.1 with
    | inl g => exact Or.inl ⟨g, H.2⟩
    | inr g => exact Or.inr ⟨g, H.2⟩
  | k + 1, bs :: bss, p :: ps, H => by
    cases cut_knowns z j k bss ps H.2 with
    | inl g => exact Or.inl ⟨H.1, g⟩
    | inr g => exact Or.inr ⟨H.1, g⟩

/- ---- trees ---- -/

theorem settle_spec {result : Option (List Entry × List (List Itv))} {rest : List Entry →
    List (List Itv) → Bool}
    (H : settle result rest = true) :
    ∃ r : List Entry × List (List Itv),
        result = some r ∧ (contradictory r.2 = true ∨ rest r.1 r.2 = true) := by
  cases result with
  | none => exact false_not_true H
  | some r =>
    have H' : cond (contradictory r.2) true (rest r.1 r.2) = true := H
    cases e : contradictory r.2 with
    | true => exact ⟨r, rfl, Or.inl e⟩
    | false =>
      rw [e] at H'
      exact ⟨r, rfl, Or.inr H'⟩

/- At every node: the bounds found hold, and the node's own test succeeded. -/
theorem node_spec {D Q : Int} (hD : NN (D + -1)) (hQ : NN (Q + -1)) {net : List Layer} {box : List Itv}
    {known : List (List Itv)} {rest : List Entry → List (List Itv) → Bool} {h y : List Int} {ps :
        List (List Int)}
    (H : settle (forward Q box net [] box known) rest = true) (Hh : all_inside D Q box h) (Hk :
        knowns_ok D Q known ps)
    (Hc : computes D net h ps y) :
    ∃ r : List Entry × List (List Itv), (reaches D Q box r.1 y ∧ knowns_ok D Q r.2 ps)
        ∧ rest r.1 r.2 = true := by
  cases settle_spec H with
  | intro r Hr =>
    have good := forward_spec hD hQ net [] box known r h ps y Hr.1 Hh Hh Hk Hc
    cases Hr.2 with
    | inl bad =>
      rw [contradictory_spec hD r.2 ps good.2] at bad
      exact false_not_true bad
    | inr ok => exact ⟨r, good, ok⟩

theorem check_spec {D Q : Int} (hD : NN (D + -1)) (hQ : NN (Q + -1)) {net : List Layer} {cs : List Constraint}
    {h y : List Int} {ps : List (List Int)} (Hc : computes D net h ps y) (Hu : unsafe_outputs D y cs) :
    ∀ (t : Tree) (box : List Itv) (known : List (List Itv)), check Q net cs t box known = true →
    all_inside D Q box h → knowns_ok D Q known ps → False
  | Tree.leaf ks slopes extras, box, known, H, Hh, Hk => by
    cases node_spec hD hQ H Hh Hk Hc with
    | intro r Hr =>
      have c := cond_false Hr.2
      have w := weigh_spec cs ks c.1 Hu
      have bound := lower_spec (nn_weaken hD) hQ box r.1 (hints_for net r.2 slopes extras)
          (weigh cs ks).form y Hr.1.1
      exact exceeds_spec hD w.1 w.2 (lower Q box r.1 (hints_for net r.2 slopes extras)
          (weigh cs ks).form) c.2 bound.1 bound.2
  | Tree.split i z below above, box, known, H, Hh, Hk => by
    cases node_spec hD hQ H Hh Hk Hc with
    | intro r Hr =>
      have c := cond_false Hr.2
      cases cut_box z i box h Hh with
      | inl g => exact check_spec hD hQ Hc Hu below _ r.2 c.1 g Hr.1.2
      | inr g => exact check_spec hD hQ Hc Hu above _ r.2 c.2 g Hr.1.2
  | Tree.sign k j negative positive, box, known, H, Hh, Hk => by
    cases node_spec hD hQ H Hh Hk Hc with
    | intro r Hr =>
      have c := cond_false Hr.2
      cases cut_knowns 0 j k r.2 ps Hr.1.2 with
      | inl g => exact check_spec hD hQ Hc Hu negative box _ c.1 Hh g
      | inr g => exact check_spec hD hQ Hc Hu positive box _ c.2 Hh g

theorem start_spec {D Q : Int} (hD : NN (D + -1)) (hQ : NN (Q + -1)) : ∀ (box : List Range) (bs :
    List Itv) (h : List Int),
    start Q box = some bs → in_box D box h → all_inside D Q bs h
  | [], bs, [], H, _ => by
    have e : [] = bs := some_eq H
    rw [← e]
    exact True.intro
  | [], _, _ :: _, _, Hx => False.elim Hx
  | _ :: _, _, [], _, Hx => False.elim Hx
  | r :: rs, bs, q :: h, H, Hx => by
    have e : start Q (r :: rs) = widen Q r (quotient (r.low_n * Q) (Int.ofNat r.low_d))
        (-(quotient (-(r.high_n * Q)) (Int.ofNat r.high_d))) (start Q rs) :=
      Eq.trans (sealed_eq _ _) (sealed_eq _ _)
    rw [e] at H
    revert H
    generalize quotient (r.low_n * Q) (Int.ofNat r.low_d) = lo
    generalize -(quotient (-(r.high_n * Q)) (Int.ofNat r.high_d)) = hi
    intro H
    have c1 := cond_none H
    have c2 := cond_none c1.2
    have c3 := cond_none c2.2
    have c4 := cond_none c3.2
    cases onward_some c4.2 with
    | intro rest Hrest =>
      rw [← some_eq Hrest.2]
      have bottom := nn_of_le Hx.1.1
      have top := nn_of_le Hx.1.2
      exact ⟨⟨nn_cancel (nonneg_true c1.1)
          (nn_of (nn_add (nn_mul (nn_weaken hQ) bottom) (nn_mul (nonneg_true c3.1) (nn_weaken hD)))
            (ring [D, Q, q, r.low_n, Int.ofNat r.low_d, lo]
              (x 1 * (x 4 * x 2 + -(x 3 * x 0)) + (x 3 * x 1 + -(x 5 * x 4)) * x 0)
                  (x 4 * (x 1 * x 2 + -(x 5 * x 0))) rfl)),
        nn_cancel (nonneg_true c2.1)
          (nn_of (nn_add (nn_mul (nn_weaken hQ) top) (nn_mul (nonneg_true c4.1) (nn_weaken hD)))
            (ring [D, Q, q, r.high_n, Int.ofNat r.high_d, hi]
              (x 1 * (x 3 * x 0 + -(x 4 * x 2)) + (x 5 * x 4 + -(x 3 * x 1)) * x 0)
                  (x 4 * (x 5 * x 0 + -(x 1 * x 2))) rfl))⟩,
        start_spec hD hQ rs rest h Hrest.1 Hx.2⟩

theorem certified_safe (Q : Int) (net : List Layer) (box : List Range) (cs : List Constraint) (t : Tree)
    (H : certified Q net box cs t = true) : safe net box cs := by
  intro D h ps y hD Hx Hc Hu
  have c := cond_false H
  have one : NN (D + -1) := nn_of_le hD
  have hQ := nonneg_true c.1
  revert c
  cases e : start Q box with
  | none =>
    intro c
    exact false_not_true c.2
  | some bs =>
    intro c
    exact check_spec one hQ Hc Hu t bs [] c.2 (start_spec one hQ box bs h e Hx) True.intro

end Isotrace
