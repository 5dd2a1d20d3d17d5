/- Backward substitution is right: `lower_spec`. D is the common denominator of an execution, Q the grain. -/
import Isotrace.Core.Checker
namespace Isotrace

theorem sealed_eq {A : Type} (a : Int) (f : Int → A) : sealed a f = f a := by
  cases a with
  | ofNat n =>
    cases n with
    | zero => exact rfl
    | succ n => exact rfl
  | negSucc n =>
    cases n with
    | zero => exact rfl
    | succ n => exact rfl

theorem cond_false {a b : Bool} (h : cond a b false = true) : a = true ∧ b = true := by
  cases a with
  | true => exact ⟨rfl, h⟩
  | false => exact false_not_true h
theorem none_not_some {A : Type} {P : Prop} {a : A} (h : none = some a) : P := by
  cases h
theorem cond_none {A : Type} {a : Bool} {b : Option A} {y : A} (h : cond a b none = some y) :
    a = true ∧ b = some y := by
  cases a with
  | true => exact ⟨rfl, h⟩
  | false => exact none_not_some h
theorem onward_some {A B : Type} {o : Option A} {f : A → Option B} {y : B} (h : onward o f = some y) :
    ∃ a, o = some a ∧ f a = some y := by
  cases o with
  | none => exact none_not_some h
  | some a => exact ⟨a, rfl, h⟩
theorem some_eq {A : Type} {a b : A} (h : some a = some b) : a = b := by
  cases h with
  | refl => exact rfl

/- ---- intervals ---- -/

def inside (D Q : Int) (b : Itv) (h : Int) : Prop := NN (Q * h + -(b.lo * D)) ∧ NN (b.hi * D + -(Q * h))
def all_inside (D Q : Int) : List Itv → List Int → Prop
  | [], [] => True
  | [], _ :: _ => False
  | _ :: _, [] => False
  | b :: bs, h :: hs => inside D Q b h ∧ all_inside D Q bs hs

theorem low_spec {D Q : Int} {b : Itv} {h : Int} (H : inside D Q b h) (c : Int) :
    NN (Q * (c * h) + -(low c b * D)) := by
  show NN (Q * (c * h) + -(cond (nonneg c) (c * b.lo) (c * b.hi) * D))
  cases e : nonneg c with
  | true =>
    exact nn_of (nn_mul (nonneg_true e) H.1)
      (ring [c, Q, h, b.lo, D] (x 0 * (x 1 * x 2 + -(x 3 * x 4))) (x 1 * (x 0 * x 2)
          + -(x 0 * x 3 * x 4)) rfl)
  | false =>
    exact nn_of (nn_mul (nn_add (nonneg_false e) nn_one) H.2)
      (ring [c, Q, h, b.hi, D] ((-(x 0) + -Poly.one + Poly.one) * (x 3 * x 4 + -(x 1 * x 2)))
        (x 1 * (x 0 * x 2) + -(x 0 * x 3 * x 4)) rfl)
theorem high_spec {D Q : Int} {b : Itv} {h : Int} (H : inside D Q b h) (c : Int) :
    NN (high c b * D + -(Q * (c * h))) :=
  nn_of (low_spec H (-c))
    (ring [c, Q, h, low (-c) b, D] (x 1 * (-(x 0) * x 2) + -(x 3 * x 4)) (-(x 3)
        * x 4 + -(x 1 * (x 0 * x 2))) rfl)
theorem largest_spec {D Q : Int} (hD : NN D) {b : Itv} {h : Int} (H : inside D Q b h) :
    NN (largest b * D + -(Q * size h)) := by
  cases size_cases h with
  | inl e =>
    rw [e]
    exact nn_of (nn_add (nn_mul (larger_left b.hi (-b.lo)) hD) H.2)
      (ring [largest b, b.hi, D, Q, h] ((x 0 + -(x 1)) * x 2 + (x 1 * x 2 + -(x 3 * x 4)))
          (x 0 * x 2 + -(x 3 * x 4)) rfl)
  | inr e =>
    rw [e]
    exact nn_of (nn_add (nn_mul (larger_right b.hi (-b.lo)) hD) H.1)
      (ring [largest b, b.lo, D, Q, h] ((x 0 + - -(x 1)) * x 2 + (x 3 * x 4 + -(x 1 * x 2)))
          (x 0 * x 2 + -(x 3 * -(x 4))) rfl)

theorem all_inside_drop {D Q : Int} : ∀ (n : Nat) (bs : List Itv) (hs : List Int),
    all_inside D Q bs hs → all_inside D Q (drop n bs) (drop n hs)
  | 0, _, _, H => H
  | _ + 1, [], [], _ => True.intro
  | _ + 1, [], _ :: _, H => False.elim H
  | _ + 1, _ :: _, [], H => False.elim H
  | n + 1, _ :: bs, _ :: hs, H => all_inside_drop n bs hs H.2

theorem nn_empty (a b : Int) : NN (a * 0 + -(0 * b)) := by
  rw [mul_zero, zero_mul]
  exact nn_zero
theorem nn_empty' (a b : Int) : NN (0 * b + -(a * 0)) := by
  rw [mul_zero, zero_mul]
  exact nn_zero

theorem dot_low_spec {D Q : Int} : ∀ (ws : List Int) (bs : List Itv) (hs : List Int),
    all_inside D Q bs hs → NN (Q * dot ws hs + -(dot_low ws bs * D))
  | [], _, _, _ => nn_empty Q D
  | _ :: _, [], [], _ => nn_empty Q D
  | _ :: _, [], _ :: _, H => False.elim H
  | _ :: _, _ :: _, [], H => False.elim H
  | w :: ws, b :: bs, h :: hs, H =>
    nn_of (nn_add (low_spec H.1 w) (dot_low_spec ws bs hs H.2))
      (ring [Q, w, h, dot ws hs, low w b, dot_low ws bs, D]
        ((x 0 * (x 1 * x 2) + -(x 4 * x 6)) + (x 0 * x 3 + -(x 5 * x 6)))
        (x 0 * (x 1 * x 2 + x 3) + -((x 4 + x 5) * x 6)) rfl)
theorem dot_high_spec {D Q : Int} : ∀ (ws : List Int) (bs : List Itv) (hs : List Int),
    all_inside D Q bs hs → NN (dot_high ws bs * D + -(Q * dot ws hs))
  | [], _, _, _ => nn_empty' Q D
  | _ :: _, [], [], _ => nn_empty' Q D
  | _ :: _, [], _ :: _, H => False.elim H
  | _ :: _, _ :: _, [], H => False.elim H
  | w :: ws, b :: bs, h :: hs, H =>
    nn_of (nn_add (high_spec H.1 w) (dot_high_spec ws bs hs H.2))
      (ring [Q, w, h, dot ws hs, high w b, dot_high ws bs, D]
        ((x 4 * x 6 + -(x 0 * (x 1 * x 2))) + (x 5 * x 6 + -(x 0 * x 3)))
        ((x 4 + x 5) * x 6 + -(x 0 * (x 1 * x 2 + x 3))) rfl)
theorem dot_largest_spec {D Q : Int} (hD : NN D) : ∀ (ws : List Int) (bs : List Itv) (hs : List Int),
    all_inside D Q bs hs → NN (dot_largest ws bs * D + -(Q * dot_sizes ws hs))
  | [], _, _, _ => nn_empty' Q D
  | _ :: _, [], [], _ => nn_empty' Q D
  | _ :: _, [], _ :: _, H => False.elim H
  | _ :: _, _ :: _, [], H => False.elim H
  | w :: ws, b :: bs, h :: hs, H =>
    nn_of (nn_add (nn_mul (nn_size w) (largest_spec hD H.1)) (dot_largest_spec hD ws bs hs H.2))
      (ring [Q, size w, size h, dot_sizes ws hs, largest b, dot_largest ws bs, D]
        (x 1 * (x 4 * x 6 + -(x 0 * x 2)) + (x 5 * x 6 + -(x 0 * x 3)))
        ((x 1 * x 4 + x 5) * x 6 + -(x 0 * (x 1 * x 2 + x 3))) rfl)

/- ---- forms ---- -/

theorem dot_nil : ∀ ws : List Int, dot ws [] = 0
  | [] => rfl
  | _ :: _ => rfl

theorem dot_add_weights (c : Int) : ∀ (ws form h : List Int),
    dot (add_weights c ws form) h = dot form h + c * dot ws h
  | [], form, h => by
    show dot form h = dot form h + c * 0
    rw [mul_zero, add_zero]
  | w :: ws, form, [] => by rw [dot_nil, dot_nil, dot_nil, mul_zero, add_zero]
  | w :: ws, [], q :: h => by
    have e : add_weights c (w :: ws) [] = (c * w) :: add_weights c ws [] := sealed_eq _ _
    rw [e]
    show c * w * q + dot (add_weights c ws []) h = 0 + c * (w * q + dot ws h)
    rw [dot_add_weights c ws [] h, zero_add]
    show c * w * q + (0 + c * dot ws h) = c * (w * q + dot ws h)
    rw [zero_add, mul_add, mul_assoc]
  | w :: ws, a :: form, q :: h => by
    have e : add_weights c (w :: ws) (a :: form) = (a + c * w) :: add_weights c ws form := sealed_eq _ _
    rw [e]
    show (a + c * w) * q + dot (add_weights c ws form) h = (a * q + dot form h) + c * (w * q + dot ws h)
    rw [dot_add_weights c ws form h]
    exact ring [a, c, w, q, dot form h, dot ws h] ((x 0 + x 1 * x 2) * x 3 + (x 4 + x 1 * x 5))
      ((x 0 * x 3 + x 4) + x 1 * (x 2 * x 3 + x 5)) rfl

theorem dot_add_row (c : Int) (ws : List Int) : ∀ (n : Nat) (form h : List Int),
    dot (add_row c ws n form) h = dot form h + c * dot ws (drop n h)
  | 0, form, h => dot_add_weights c ws form h
  | n + 1, form, [] => by
    show dot (add_row c ws (n + 1) form) [] = dot form [] + c * dot ws []
    rw [dot_nil, dot_nil, dot_nil, mul_zero, add_zero]
  | n + 1, [], q :: h => by
    show 0 * q + dot (add_row c ws n []) h = 0 + c * dot ws (drop n h)
    rw [dot_add_row c ws n [] h, zero_mul, zero_add]
    try exact rfl
  | n + 1, a :: form, q :: h => by
    show a * q + dot (add_row c ws n form) h = (a * q + dot form h) + c * dot ws (drop n h)
    rw [dot_add_row c ws n form h, add_assoc]

/- ---- the rule for ReLU ---- -/

theorem nonneg_relu {Q : Int} (hQ : NN Q) (n : Nat) (b D : Int) (h : NN (Q * Int.ofNat n + -(b * D))) :
    NN (Q * Int.ofNat n + -(larger 0 b * D)) :=
  larger_rule (fun a => NN (Q * Int.ofNat n + -(a * D)))
    (by
      show NN (Q * Int.ofNat n + -(0 * D))
      rw [zero_mul]
      exact nn_add (nn_mul hQ (nn_nat n)) nn_zero)
    h

theorem positive_inside {D Q : Int} (hD : NN D) (hQ : NN Q) {b : Itv} {n : Nat} (H :
    inside D Q b (Int.ofNat n)) :
    inside D Q (positive_part b) (Int.ofNat n) :=
  ⟨nonneg_relu hQ n b.lo D H.1,
   nn_of (nn_add (nn_mul (larger_right 0 b.hi) hD) H.2)
    (ring [larger 0 b.hi, b.hi, D, Q, Int.ofNat n] ((x 0 + -(x 1)) * x 2 + (x 1 * x 2 + -(x 3 * x 4)))
      (x 0 * x 2 + -(x 3 * x 4)) rfl)⟩

theorem negative_inside {D Q : Int} (hD : NN D) (hQ : NN Q) {b : Itv} {n : Nat} (H :
    inside D Q b (Int.negSucc n)) :
    inside D Q (negative_part b) (Int.negSucc n) :=
  ⟨nn_of (nn_add (nn_mul (smaller_right 0 b.lo) hD) H.1)
    (ring [smaller 0 b.lo, b.lo, D, Q, Int.negSucc n] ((x 1 + -(x 0)) * x 2 + (x 3 * x 4 + -(x 1 * x 2)))
      (x 3 * x 4 + -(x 0 * x 2)) rfl),
   smaller_rule (fun a => NN (a * D + -(Q * Int.negSucc n)))
    (by
      have h : NN (Q * Int.ofNat (n + 1)) := nn_mul hQ (nn_nat (n + 1))
      exact nn_of h (by
        show Q * -(Int.negSucc n) = 0 * D + -(Q * Int.negSucc n)
        rw [zero_mul, zero_add, mul_neg]))
    H.2⟩

/- What a value becomes. -/
def passed (is_relu : Bool) (p : Int) : Int := cond is_relu (relu p) p

theorem support_line {D Q : Int} {b : Itv} {h m c : Int} (H : inside D Q b h) :
    NN (Q * (m * h) + -(Q * (c * h) + low (m + -c) b * D)) :=
  nn_of (low_spec H (m + -c))
    (ring [Q, m, c, h, low (m + -c) b, D] (x 0 * ((x 1 + -(x 2)) * x 3) + -(x 4 * x 5))
      (x 0 * (x 1 * x 3) + -(x 0 * (x 2 * x 3) + x 4 * x 5)) rfl)

theorem support_spec {D Q : Int} (hD : NN D) (hQ : NN Q) {b : Itv} {p : Int} (H : inside D Q b p)
    (is_relu : Bool) (m c : Int) :
    NN (Q * (m * passed is_relu p) + -(Q * (c * p) + support is_relu b m c * D)) := by
  cases is_relu with
  | false => exact support_line H
  | true =>
    cases p with
    | ofNat n =>
      exact nn_of
        (nn_add (support_line (m := m) (c := c) (positive_inside hD hQ H))
          (nn_mul (smaller_left (low (m + -c) (positive_part b)) (low (-c) (negative_part b))) hD))
        (ring [Q * (m * Int.ofNat n), Q * (c * Int.ofNat n), low (m + -c) (positive_part b), D,
            support true b m c]
          ((x 0 + -(x 1 + x 2 * x 3)) + (x 2 + -(x 4)) * x 3) (x 0 + -(x 1 + x 4 * x 3)) rfl)
    | negSucc n =>
      show NN (Q * (m * 0) + -(Q * (c * Int.negSucc n) + support true b m c * D))
      rw [mul_zero, mul_zero, zero_add]
      exact nn_of
        (nn_add (low_spec (negative_inside hD hQ H) (-c))
          (nn_mul (smaller_right (low (m + -c) (positive_part b)) (low (-c) (negative_part b))) hD))
        (ring [Q, c, Int.negSucc n, low (-c) (negative_part b), D, support true b m c]
          ((x 0 * (-(x 1) * x 2) + -(x 3 * x 4)) + (x 3 + -(x 5)) * x 4) (-(x 0 * (x 1 * x 2)
              + x 5 * x 4)) rfl)

/- ---- neurons and passed layers ---- -/

def row_value (D : Int) (r : Row) (h : List Int) : Int := dot r.weights (drop r.offset h) + r.bias * D

def neuron_ok (D Q s : Int) (h : List Int) (n : Neuron) (p : Int) : Prop :=
  (NN (n.err * D + -(Q * (s * p + -(row_value D n.row h))))
      ∧ NN (n.err * D + Q * (s * p + -(row_value D n.row h))))
    ∧ inside D Q n.itv p
def neurons_ok (D Q s : Int) (h : List Int) : List Neuron → List Int → Prop
  | [], [] => True
  | [], _ :: _ => False
  | _ :: _, [] => False
  | n :: ns, p :: ps => neuron_ok D Q s h n p ∧ neurons_ok D Q s h ns ps

/- h is what the passed layers make of some input from the box. -/
def reaches (D Q : Int) (box : List Itv) : List Entry → List Int → Prop
  | [], h => all_inside D Q box h
  | E :: ctx, h => ∃ h' p, reaches D Q box ctx h' ∧ NN (E.scale + -1)
      ∧ neurons_ok D Q E.scale h' E.neurons p ∧
      h = activate E.relu p

theorem dot_activate (is_relu : Bool) (m : Int) (ms : List Int) (p : Int) (ps : List Int) :
    dot (m :: ms) (activate is_relu (p :: ps)) = m * passed is_relu p + dot ms (activate is_relu ps) := by
  cases is_relu with
  | true => exact rfl
  | false => exact rfl
theorem activate_nil (is_relu : Bool) : activate is_relu [] = [] := by
  cases is_relu with
  | true => exact rfl
  | false => exact rfl

theorem gather_one_eq (Q : Int) (is_relu : Bool) (scale : Int) (n : Neuron) (m c : Int) (rest :
    List Int × Int) :
    gather_one Q is_relu scale n m c rest
      = (add_row c n.row.weights n.row.offset rest.1,
          rest.2 + ((c * n.row.bias * Q + -(size c * n.err)) + scale * support is_relu n.itv m c)) := by
  cases rest with
  | mk form k => exact sealed_eq _ _

/- |c| err bounds what an error of at most err changes in c * value. -/
theorem error_share {e d : Int} (above : NN (e + -d)) (below : NN (e + d)) (c : Int) :
    NN (c * d + size c * e) := by
  cases c with
  | ofNat n =>
    exact nn_of (nn_mul (nn_nat n) below) (ring [Int.ofNat n, e, d] (x 0 * (x 1 + x 2))
        (x 0 * x 2 + x 0 * x 1) rfl)
  | negSucc n =>
    exact nn_of (nn_mul (nn_nat (n + 1)) above)
      (ring [Int.negSucc n, e, d] (-(x 0) * (x 1 + -(x 2))) (x 0 * x 2 + -(x 0) * x 1) rfl)

theorem gather_spec {D Q s : Int} (hD : NN D) (hQ : NN Q) (hs : NN s) (is_relu : Bool) (h : List Int) :
    ∀ (ns : List Neuron) (p ms : List Int) (hints : List Hint), neurons_ok D Q s h ns p →
    NN (s * (Q * dot ms (activate is_relu p))
      + -(Q * dot (gather Q is_relu s ns ms hints).1 h + (gather Q is_relu s ns ms hints).2 * D))
  | [], [], ms, hints, _ => by
    rw [activate_nil, dot_nil]
    show NN (s * (Q * 0) + -(Q * 0 + 0 * D))
    rw [mul_zero, mul_zero, zero_mul]
    exact nn_zero
  | [], _ :: _, _, _, H => False.elim H
  | _ :: _, [], _, _, H => False.elim H
  | n :: ns, p :: ps, [], hints, H => by
    show NN (s * (Q * 0) + -(Q * 0 + 0 * D))
    rw [mul_zero, mul_zero, zero_mul]
    exact nn_zero
  | n :: ns, p :: ps, m :: ms, hints, H => by
    have ih := gather_spec hD hQ hs is_relu h ns ps ms (rest_of hints) H.2
    have e : gather Q is_relu s (n :: ns) (m :: ms) hints
        = gather_one Q is_relu s n m (pick is_relu n.itv m (first_hint hints))
            (gather Q is_relu s ns ms (rest_of hints)) := sealed_eq _ _
    rw [e, gather_one_eq, dot_activate]
    show NN (s * (Q * (m * passed is_relu p + dot ms (activate is_relu ps)))
      + -(Q * dot (add_row (pick is_relu n.itv m (first_hint hints)) n.row.weights n.row.offset
            (gather Q is_relu s ns ms (rest_of hints)).1) h
          + ((gather Q is_relu s ns ms (rest_of hints)).2
              + ((pick is_relu n.itv m (first_hint hints) * n.row.bias * Q
                    + -(size (pick is_relu n.itv m (first_hint hints)) * n.err))
                + s * support is_relu n.itv m (pick is_relu n.itv m (first_hint hints)))) * D))
    rw [dot_add_row]
    have rule := nn_mul hs (support_spec hD hQ H.1.2 is_relu m (pick is_relu n.itv m (first_hint hints)))
    have share := error_share H.1.1.1 H.1.1.2 (pick is_relu n.itv m (first_hint hints))
    exact nn_of (nn_add (nn_add rule share) ih)
      (ring [s, Q, D, m * passed is_relu p, dot ms (activate is_relu ps),
          pick is_relu n.itv m (first_hint hints), p,
          support is_relu n.itv m (pick is_relu n.itv m (first_hint hints)),
              dot n.row.weights (drop n.row.offset h),
          n.row.bias, size (pick is_relu n.itv m (first_hint hints)), n.err,
          dot (gather Q is_relu s ns ms (rest_of hints)).1 h, (gather Q is_relu s ns ms (rest_of hints)).2]
        (((x 0 * (x 1 * x 3 + -(x 1 * (x 5 * x 6) + x 7 * x 2)))
          + (x 5 * (x 1 * (x 0 * x 6 + -(x 8 + x 9 * x 2))) + x 10 * (x 11 * x 2)))
          + (x 0 * (x 1 * x 4) + -(x 1 * x 12 + x 13 * x 2)))
        (x 0 * (x 1 * (x 3 + x 4))
          + -(x 1 * (x 12 + x 5 * x 8) + (x 13 + ((x 5 * x 9 * x 1 + -(x 10 * x 11)) + x 0 * x 7)) * x 2))
        rfl)

theorem lower_one_eq (Q scale c : Int) (rest : Int × Int) :
    lower_one Q scale c rest = (Q * rest.1 + rest.2 * c, rest.2 * (scale * Q)) := by
  cases rest with
  | mk k t =>
    have e : lower_one Q scale c (k, t) = sealed (t * (scale * Q)) fun t' => (Q * k + t * c, t')
        := sealed_eq (Q * k + t * c) fun k' => sealed (t * (scale * Q)) fun t' => (k', t')
    rw [e]
    exact sealed_eq (t * (scale * Q)) fun t' => (Q * k + t * c, t')
theorem lower_from_eq (Q scale : Int) (g : List Int × Int) (below : List Int → Int × Int) :
    lower_from Q scale g below = (Q * (below g.1).1 + (below g.1).2 * g.2, (below g.1).2 * (scale * Q)) := by
  cases g with
  | mk form c => exact lower_one_eq Q scale c (below form)

theorem lower_spec {D Q : Int} (hD : NN D) (hQ : NN (Q + -1)) (box : List Itv) :
    ∀ (ctx : List Entry) (hints : List (List Hint)) (form h : List Int), reaches D Q box ctx h →
    NN ((lower Q box ctx hints form).2 + -1) ∧
      NN ((lower Q box ctx hints form).2 * dot form h + -((lower Q box ctx hints form).1 * D))
  | [], _, form, h, H => ⟨hQ, dot_low_spec form box h H⟩
  | E :: ctx, hints, form, h, ⟨h', p, Hr, Hs, Hn, Hh⟩ => by
    have e : lower Q box (E :: ctx) hints form
        = lower_from Q E.scale (gather Q E.relu E.scale E.neurons form (first_list hints))
            (fun form' => lower Q box ctx (rest_of hints) form') := rfl
    rw [e, lower_from_eq, Hh]
    have g := gather_spec hD (nn_weaken hQ) (nn_weaken Hs) E.relu h' E.neurons p form (first_list hints) Hn
    have ih := lower_spec hD hQ box ctx (rest_of hints)
        (gather Q E.relu E.scale E.neurons form (first_list hints)).1 h' Hr
    exact ⟨one_le_mul ih.1 (one_le_mul Hs hQ),
      nn_of (nn_add (nn_mul (nn_weaken ih.1) g) (nn_mul (nn_weaken hQ) ih.2))
        (ring [Q, D, E.scale, dot form (activate E.relu p),
            dot (gather Q E.relu E.scale E.neurons form (first_list hints)).1 h',
            (gather Q E.relu E.scale E.neurons form (first_list hints)).2,
            (lower Q box ctx (rest_of hints) (gather Q E.relu E.scale E.neurons form (first_list hints)).1).1,
            (lower Q box ctx (rest_of hints) (gather Q E.relu E.scale E.neurons form (first_list hints)).1).2]
          (x 7 * (x 2 * (x 0 * x 3) + -(x 0 * x 4 + x 5 * x 1)) + x 0 * (x 7 * x 4 + -(x 6 * x 1)))
          (x 7 * (x 2 * x 0) * x 3 + -((x 0 * x 6 + x 7 * x 5) * x 1)) rfl)⟩

end Isotrace
