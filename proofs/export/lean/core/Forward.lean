/- The forward pass is right: `forward_spec`. -/
import Isotrace.Core.Backward
namespace Isotrace

/- What is known of the values of a layer, perhaps of its first ones only; and of all layers. -/
def known_ok (D Q : Int) : List Itv → List Int → Prop
  | [], _ => True
  | _ :: _, [] => False
  | b :: bs, p :: ps => inside D Q b p ∧ known_ok D Q bs ps
def knowns_ok (D Q : Int) : List (List Itv) → List (List Int) → Prop
  | [], _ => True
  | _ :: _, [] => False
  | bs :: rest, p :: ps => known_ok D Q bs p ∧ knowns_ok D Q rest ps

/- ---- one neuron ---- -/

/- The sizes that `error_ok` has seen are those that the error bound of Network.lean asks for. -/
theorem error_fits {D Q s m total S err : Int} (hD : NN (D + -1)) (hQ : NN (Q + -1))
    (hS : NN (S * D + -(Q * total))) (ok : error_ok Q s m S err = true) :
    m ≤ Int.ofNat (2 ^ 23) ∧ total + 1 ≤ Int.ofNat (2 ^ 126) * (s * D) := by
  have c1 := cond_false ok
  have c2 := cond_false c1.2
  have room : NN (Q * (Int.ofNat (2 ^ 126) * (s * D) + -total) + -1) :=
    nn_of (nn_add (nn_add (nn_mul (nonneg_true c2.1) (nn_weaken hD)) hS) hD)
      (ring [Int.ofNat (2 ^ 126), s, Q, S, D, total]
        ((x 0 * (x 1 * x 2) + -(x 3) + -Poly.one) * x 4 + (x 3 * x 4 + -(x 2 * x 5)) + (x 4 + -Poly.one))
        (x 2 * (x 0 * (x 1 * x 4) + -(x 5)) + -Poly.one) rfl)
  exact ⟨le_of_nn (nonneg_true c1.1),
    le_of_nn (nn_of (one_le_cancel (nn_weaken hQ) room)
      (ring [Int.ofNat (2 ^ 126) * (s * D), total] (x 0 + -(x 1) + -Poly.one) (x 0 + -(x 1 + Poly.one)) rfl))⟩

theorem error_spec {D Q s m exact total p S err : Int} (hD : NN (D + -1)) (hQ : NN (Q + -1)) (hm : NN m)
    (near : near D s m exact total p) (hS : NN (S * D + -(Q * total))) (ok : error_ok Q s m S err = true) :
    NN (err * D + -(Q * size (s * p + -exact))) := by
  have c3 := cond_false (cond_false (cond_false ok).2).2
  have sizes := error_fits hD hQ hS ok
  have bound := nn_of_le (near sizes.1 sizes.2)
  exact nn_cancel (nonneg_true c3.1)
    (nn_of
      (nn_add (nn_add (nn_mul (nonneg_true c3.2) (nn_weaken hD)) (nn_mul (nn_mul hm (nn_nat (2 ^ 149))) hS))
        (nn_mul (nn_weaken hQ) bound))
      (ring [D, Q, s, m, S, total, err, size (s * p + -exact), Int.ofNat (2 ^ 149), Int.ofNat (2 ^ 24) + -m]
        ((x 8 * x 9 * x 6 + -(x 3 * (x 8 * x 4 + x 9 * (x 2 * x 1))))
            * x 0 + x 3 * x 8 * (x 4 * x 0 + -(x 1 * x 5))
          + x 1 * (x 3 * (x 8 * x 5 + x 9 * (x 2 * x 0)) + -(x 8 * x 9 * x 7)))
        (x 8 * x 9 * (x 6 * x 0 + -(x 1 * x 7))) rfl))

theorem raise_spec {D Q below per p : Int} {b : Itv} (hD : NN D) (hper : NN (per + -1))
    (h : NN (per * (Q * p) + -(below * D))) (H : inside D Q b p) : inside D Q (raise below per b) p := by
  have e : raise below per b = cond (nonneg (below + -(quotient below per * per)))
      (cond (nonneg (quotient below per + -b.lo)) ⟨quotient below per, b.hi⟩ b) b := sealed_eq _ _
  rw [e]
  cases f : nonneg (below + -(quotient below per * per)) with
  | false => exact H
  | true =>
    cases nonneg (quotient below per + -b.lo) with
    | false => exact H
    | true =>
      exact ⟨nn_cancel hper
        (nn_of (nn_add h (nn_mul (nonneg_true f) hD))
          (ring [per, Q * p, below, D, quotient below per]
            ((x 0 * x 1 + -(x 2 * x 3)) + (x 2 + -(x 4 * x 0)) * x 3) (x 0 * (x 1 + -(x 4 * x 3))) rfl)), H.2⟩
theorem sink_spec {D Q above per p : Int} {b : Itv} (hD : NN D) (hper : NN (per + -1))
    (h : NN (above * D + -(per * (Q * p)))) (H : inside D Q b p) : inside D Q (sink above per b) p := by
  have e : sink above per b = cond (nonneg (-(quotient (-above) per) * per + -above))
      (cond (nonneg (b.hi + - -(quotient (-above) per))) ⟨b.lo, -(quotient (-above) per)⟩ b)
          b := sealed_eq _ _
  rw [e]
  cases f : nonneg (-(quotient (-above) per) * per + -above) with
  | false => exact H
  | true =>
    cases nonneg (b.hi + - -(quotient (-above) per)) with
    | false => exact H
    | true =>
      exact ⟨H.1, nn_cancel hper
        (nn_of (nn_add h (nn_mul (nonneg_true f) hD))
          (ring [per, Q * p, above, D, -(quotient (-above) per)]
            ((x 2 * x 3 + -(x 0 * x 1)) + (x 4 * x 0 + -(x 2)) * x 3) (x 0 * (x 4 * x 3 + -(x 1))) rfl))⟩

/- The value is within err / Q of the row's sum. -/
def off_by (D Q s err p v : Int) : Prop := NN (err * D + -(Q * (s * p + -v)))
    ∧ NN (err * D + Q * (s * p + -v))

theorem tighten_spec {D Q s err p : Int} (hD : NN D) (hQ : NN (Q + -1)) (hs : NN (s + -1)) {box : List Itv}
    {ctx : List Entry} {h : List Int} (Hr : reaches D Q box ctx h) {r : Row} {b : Itv}
    (He : off_by D Q s err p (row_value D r h)) (H : inside D Q b p) (is_relu : Bool) :
    inside D Q (tighten Q box ctx is_relu s err r b) p := by
  show inside D Q (cond (worth_tightening is_relu ctx b) _ b) p
  cases worth_tightening is_relu ctx b with
  | false => exact H
  | true =>
    have up := lower_spec hD hQ box ctx [] (add_row 1 r.weights r.offset []) h Hr
    have down := lower_spec hD hQ box ctx [] (add_row (-1) r.weights r.offset []) h Hr
    rw [dot_add_row] at up
    rw [dot_add_row] at down
    show inside D Q (sink_by Q s err r (lower Q box ctx [] (add_row (-1) r.weights r.offset []))
      (raise_by Q s err r (lower Q box ctx [] (add_row 1 r.weights r.offset [])) b)) p
    cases e : lower Q box ctx [] (add_row 1 r.weights r.offset []) with
    | mk k t =>
      rw [e] at up
      cases f : lower Q box ctx [] (add_row (-1) r.weights r.offset []) with
      | mk j u =>
        rw [f] at down
        have up2 : NN (t * (0 + 1 * dot r.weights (drop r.offset h)) + -(k * D)) := up.2
        have down2 : NN (u * (0 + -1 * dot r.weights (drop r.offset h)) + -(j * D)) := down.2
        rw [zero_add, one_mul] at up2
        rw [zero_add] at down2
        have raised : inside D Q (raise (Q * k + t * (r.bias * Q + -err)) (s * t) b) p :=
          raise_spec hD (one_le_mul hs up.1)
            (nn_of (nn_add (nn_mul (nn_weaken up.1) He.2) (nn_mul (nn_weaken hQ) up2))
              (ring [D, Q, s, err, p, dot r.weights (drop r.offset h), r.bias, k, t]
                (x 8 * (x 3 * x 0 + x 1 * (x 2 * x 4 + -(x 5 + x 6 * x 0)))
                    + x 1 * (x 8 * x 5 + -(x 7 * x 0)))
                (x 2 * x 8 * (x 1 * x 4) + -((x 1 * x 7 + x 8 * (x 6 * x 1 + -(x 3))) * x 0)) rfl)) H
        exact sink_spec hD (one_le_mul hs down.1)
          (nn_of (nn_add (nn_mul (nn_weaken down.1) He.1) (nn_mul (nn_weaken hQ) down2))
            (ring [D, Q, s, err, p, dot r.weights (drop r.offset h), r.bias, j, u]
              (x 8 * (x 3 * x 0 + -(x 1 * (x 2 * x 4 + -(x 5 + x 6 * x 0))))
                  + x 1 * (x 8 * (-Poly.one * x 5) + -(x 7 * x 0)))
              ((-(x 1 * x 7) + x 8 * (x 6 * x 1 + x 3)) * x 0 + -(x 2 * x 8 * (x 1 * x 4))) rfl)) raised

theorem interval_spec {D Q s p least most : Int} (hD : NN D) (hs : NN (s + -1)) {b : Itv}
    (H : interval least most s = some b) (hl : NN (Q * (s * p) + -(least * D))) (hm :
        NN (most * D + -(Q * (s * p)))) :
    inside D Q b p := by
  have e : interval least most s = enclose least most s (quotient least s) (-(quotient (-most) s)) :=
    Eq.trans (sealed_eq _ _) (sealed_eq _ _)
  rw [e] at H
  have c1 := cond_none H
  have c2 := cond_none c1.2
  rw [← some_eq c2.2]
  exact ⟨nn_cancel hs (nn_of (nn_add hl (nn_mul (nonneg_true c1.1) hD))
      (ring [D, Q, s, p, least, quotient least s] ((x 1 * (x 2 * x 3) + -(x 4 * x 0))
          + (x 4 + -(x 5 * x 2)) * x 0)
        (x 2 * (x 1 * x 3 + -(x 5 * x 0))) rfl)),
    nn_cancel hs (nn_of (nn_add hm (nn_mul (nonneg_true c2.1) hD))
      (ring [D, Q, s, p, most, -(quotient (-most) s)] ((x 4 * x 0 + -(x 1 * (x 2 * x 3)))
          + (x 5 * x 2 + -(x 4)) * x 0)
        (x 2 * (x 5 * x 0 + -(x 1 * x 3))) rfl))⟩

/- The first known interval, if there is one. -/
def first_ok (D Q : Int) (known : List Itv) (p : Int) : Prop :=
  match known with
  | [] => True
  | b :: _ => inside D Q b p

theorem meet_spec {D Q p : Int} {b : Itv} : ∀ known : List Itv, first_ok D Q known p → inside D Q b p →
    inside D Q (meet known b) p
  | [], _, H => H
  | _ :: _, Hk, H =>
    ⟨larger_rule (fun a => NN (Q * p + -(a * D))) Hk.1 H.1,
        smaller_rule (fun a => NN (a * D + -(Q * p))) Hk.2 H.2⟩

theorem measure_spec {D Q : Int} (hD : NN (D + -1)) (hQ : NN (Q + -1)) {box : List Itv} {ctx :
    List Entry} {L : Layer}
    (hs : NN (Int.ofNat L.denominator + -1)) {here known : List Itv} {r : Row} {n : Neuron} {h :
        List Int} {p : Int}
    (H : measure Q box ctx L here known r = some n) (Hr : reaches D Q box ctx h) (Hh : all_inside D Q here h)
    (Hk : first_ok D Q known p) (Hp : row_computes D L h r p) :
    neuron_ok D Q (Int.ofNat L.denominator) h n p := by
  have dD := nn_weaken hD
  have e : measure Q box ctx L here known r
      = measure_with Q box ctx L here known r (dot_largest r.weights (drop r.offset here) + size r.bias * Q)
          (error_guess Q (Int.ofNat L.denominator) (Int.ofNat L.roundings)
            (dot_largest r.weights (drop r.offset here) + size r.bias * Q)) :=
    Eq.trans (sealed_eq _ _) (sealed_eq _ _)
  rw [e] at H
  revert H
  generalize error_guess Q (Int.ofNat L.denominator) (Int.ofNat L.roundings)
    (dot_largest r.weights (drop r.offset here) + size r.bias * Q) = err
  intro H
  have c := cond_none H
  have operands := all_inside_drop r.offset here h Hh
  have total := nn_of (dot_largest_spec dD r.weights _ _ operands)
    (ring [dot_largest r.weights (drop r.offset here), D, Q, dot_sizes r.weights (drop r.offset h),
        size r.bias]
      (x 0 * x 1 + -(x 2 * x 3)) ((x 0 + x 4 * x 2) * x 1 + -(x 2 * (x 3 + x 4 * x 1))) rfl)
  have bound := error_spec hD hQ (nn_nat L.roundings) Hp total c.1
  have off : off_by D Q (Int.ofNat L.denominator) err p (row_value D r h) :=
    ⟨nn_of (nn_add bound (nn_mul (nn_weaken hQ)
        (size_above (Int.ofNat L.denominator * p + -(row_value D r h)))))
      (ring [err * D, Q, size (Int.ofNat L.denominator * p + -(row_value D r h)),
          Int.ofNat L.denominator * p + -(row_value D r h)]
        ((x 0 + -(x 1 * x 2)) + x 1 * (x 2 + -(x 3))) (x 0 + -(x 1 * x 3)) rfl),
     nn_of (nn_add bound (nn_mul (nn_weaken hQ)
         (size_below (Int.ofNat L.denominator * p + -(row_value D r h)))))
      (ring [err * D, Q, size (Int.ofNat L.denominator * p + -(row_value D r h)),
          Int.ofNat L.denominator * p + -(row_value D r h)]
        ((x 0 + -(x 1 * x 2)) + x 1 * (x 2 + x 3)) (x 0 + x 1 * x 3) rfl)⟩
  have found := onward_some c.2
  cases found with
  | intro b Hb =>
    rw [← some_eq Hb.2]
    have plain : inside D Q b p := interval_spec dD hs Hb.1
      (nn_of (nn_add off.2 (dot_low_spec r.weights _ _ operands))
        (ring [D, Q, Int.ofNat L.denominator, err, p, dot r.weights (drop r.offset h), r.bias,
            dot_low r.weights (drop r.offset here)]
          ((x 3 * x 0 + x 1 * (x 2 * x 4 + -(x 5 + x 6 * x 0))) + (x 1 * x 5 + -(x 7 * x 0)))
          (x 1 * (x 2 * x 4) + -((x 7 + x 6 * x 1 + -(x 3)) * x 0)) rfl))
      (nn_of (nn_add off.1 (dot_high_spec r.weights _ _ operands))
        (ring [D, Q, Int.ofNat L.denominator, err, p, dot r.weights (drop r.offset h), r.bias,
            dot_high r.weights (drop r.offset here)]
          ((x 3 * x 0 + -(x 1 * (x 2 * x 4 + -(x 5 + x 6 * x 0)))) + (x 7 * x 0 + -(x 1 * x 5)))
          ((x 7 + x 6 * x 1 + x 3) * x 0 + -(x 1 * (x 2 * x 4))) rfl))
    exact ⟨off, tighten_spec dD hQ hs Hr off (meet_spec known Hk plain) L.relu⟩

/- ---- layers ---- -/

theorem known_head {D Q : Int} : ∀ (known : List Itv) (p : Int) (ps : List Int),
    known_ok D Q known (p :: ps) →
    first_ok D Q known p ∧ known_ok D Q (rest_of known) ps
  | [], _, _, _ => ⟨True.intro, True.intro⟩
  | _ :: _, _, _, H => H

theorem measure_all_spec {D Q : Int} (hD : NN (D + -1)) (hQ : NN (Q + -1)) {box : List Itv} {ctx :
    List Entry} {L : Layer}
    (hs : NN (Int.ofNat L.denominator + -1)) {here : List Itv} {h : List Int} (Hr : reaches D Q box ctx h)
    (Hh : all_inside D Q here h) : ∀ (rs : List Row) (known : List Itv) (ns : List Neuron) (p : List Int),
    measure_all Q box ctx L here known rs = some ns → known_ok D Q known p → rows_compute D L h rs p →
    neurons_ok D Q (Int.ofNat L.denominator) h ns p
  | [], known, ns, [], H, _, _ => by
    have e : [] = ns := some_eq H
    rw [← e]
    exact True.intro
  | [], _, _, _ :: _, _, _, Hp => False.elim Hp
  | _ :: _, _, _, [], _, _, Hp => False.elim Hp
  | r :: rs, known, ns, p :: ps, H, Hk, Hp => by
    cases onward_some H with
    | intro n Hn =>
      cases onward_some Hn.2 with
      | intro ns' Hns =>
        rw [← some_eq Hns.2]
        have k := known_head known p ps Hk
        exact ⟨measure_spec hD hQ hs Hn.1 Hr Hh k.1 Hp.1,
          measure_all_spec hD hQ hs Hr Hh rs (rest_of known) ns' ps Hns.1 k.2 Hp.2⟩

theorem relu_inside {D Q : Int} (hD : NN D) (hQ : NN Q) {b : Itv} {p : Int} (H : inside D Q b p) :
    inside D Q (positive_part b) (relu p) := by
  cases p with
  | ofNat n => exact positive_inside hD hQ H
  | negSucc n =>
    show NN (Q * 0 + -(larger 0 b.lo * D)) ∧ NN (larger 0 b.hi * D + -(Q * 0))
    rw [mul_zero, zero_add]
    exact ⟨larger_rule (fun a => NN (-(a * D)))
        (by
          show NN (-(0 * D))
          rw [zero_mul]
          exact nn_zero)
        (nn_of (nn_add H.1 (nn_mul hQ (nn_nat (n + 1))))
          (ring [Q, Int.negSucc n, b.lo, D] ((x 0 * x 1 + -(x 2 * x 3)) + x 0 * -(x 1)) (-(x 2 * x 3)) rfl)),
      nn_add (nn_mul (nn_of (larger_left 0 b.hi) (add_zero _)) hD) nn_zero⟩

theorem pass_spec {D Q s : Int} (hD : NN D) (hQ : NN Q) {h : List Int} (is_relu : Bool) : ∀ (ns :
    List Neuron) (p : List Int),
    neurons_ok D Q s h ns p → all_inside D Q (pass is_relu ns) (activate is_relu p)
  | [], [], _ => by
    cases is_relu with
    | true => exact True.intro
    | false => exact True.intro
  | [], _ :: _, H => False.elim H
  | _ :: _, [], H => False.elim H
  | n :: ns, p :: ps, H => by
    cases is_relu with
    | true => exact ⟨relu_inside hD hQ H.1.2, pass_spec hD hQ true ns ps H.2⟩
    | false => exact ⟨H.1.2, pass_spec hD hQ false ns ps H.2⟩

theorem itvs_spec {D Q s : Int} {h : List Int} : ∀ (ns : List Neuron) (p : List Int),
    neurons_ok D Q s h ns p → known_ok D Q (itvs ns) p
  | [], _, _ => True.intro
  | _ :: _, [], H => H
  | _ :: ns, _ :: ps, H => ⟨H.1.2, itvs_spec ns ps H.2⟩

theorem knowns_head {D Q : Int} : ∀ (known : List (List Itv)) (p : List Int) (ps : List (List Int)),
    knowns_ok D Q known (p :: ps) → known_ok D Q (first_list known) p ∧ knowns_ok D Q (rest_of known) ps
  | [], _, _, _ => ⟨True.intro, True.intro⟩
  | _ :: _, _, _, H => H

theorem forward_spec {D Q : Int} (hD : NN (D + -1)) (hQ : NN (Q + -1)) {box : List Itv} :
    ∀ (net : List Layer) (ctx : List Entry) (here : List Itv) (known : List (List Itv))
      (result : List Entry × List (List Itv)) (h : List Int) (ps : List (List Int)) (y : List Int),
    forward Q box net ctx here known = some result → reaches D Q box ctx h → all_inside D Q here h →
    knowns_ok D Q known ps → computes D net h ps y →
    reaches D Q box result.1 y ∧ knowns_ok D Q result.2 ps
  | [], ctx, here, known, result, h, [], y, H, Hr, _, _, Hc => by
    rw [← some_eq H]
    have e : h = y := Hc
    rw [← e]
    exact ⟨Hr, True.intro⟩
  | [], _, _, _, _, _, _ :: _, _, _, _, _, _, Hc => False.elim Hc
  | _ :: _, _, _, _, _, _, [], _, _, _, _, _, Hc => False.elim Hc
  | L :: net, ctx, here, known, result, h, p :: ps, y, H, Hr, Hh, Hk, Hc => by
    have c := cond_none H
    have hs := nonneg_true c.1
    have k := knowns_head known p ps Hk
    cases onward_some c.2 with
    | intro ns Hns =>
      cases onward_some Hns.2 with
      | intro rest Hrest =>
        rw [← some_eq Hrest.2]
        have good := measure_all_spec hD hQ hs Hr Hh L.rows (first_list known) ns p Hns.1 k.1 Hc.1
        have further : reaches D Q box (⟨L.relu, Int.ofNat L.denominator, ns⟩ :: ctx) (activate L.relu p) :=
          ⟨h, p, Hr, hs, good, rfl⟩
        have ih := forward_spec hD hQ net (⟨L.relu, Int.ofNat L.denominator, ns⟩ :: ctx)
            (pass L.relu ns) (rest_of known)
          rest (activate L.relu p) ps y Hrest.1 further (pass_spec (nn_weaken hD) (nn_weaken hQ)
              L.relu ns p good) k.2 Hc.2
        exact ⟨ih.1, itvs_spec ns p good, ih.2⟩

end Isotrace
