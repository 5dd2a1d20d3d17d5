/- Circuits of divisions: long division, as Wasm.lean has it. -/
import Isotrace.Bits.Words
namespace Isotrace.Bits

theorem word_fit : ∀ w n : Nat, fit false w (word w n) = word w n
  | 0, _ => rfl
  | w + 1, n => congrArg (odd n :: ·) (word_fit w (n / 2))

def difference_of (t : Gates) (w : Nat) (x y : List Lit) : List Lit := sums t w x (inverted_of w y) Lit.yes
theorem difference_right (v : Assignment) (t : Gates) (o : obeys v t) (w : Nat) (x y : List Lit) :
    vals v (difference_of t w x y) = difference w (vals v x) (vals v y) := by
  show vals v (sums t w x (inverted_of w y) Lit.yes) = _
  rw [sums_right v t o, inverted_right]
  exact rfl
theorem difference_fit (w : Nat) (x y : Word) : fit false w (difference w x y) = difference w x y := word_fit w _

def fits (t : Gates) (y r : List Lit) : Lit := ordered t y r Lit.yes
theorem fits_right (v : Assignment) (t : Gates) (o : obeys v t) (y r : List Lit) :
    ev v (fits t y r) = Nat.ble (number (vals v y)) (number (vals v r)) := ordered_right v t o y r Lit.yes

/- ---- numbers ---- -/

theorem ble_true {a b : Nat} : Nat.ble a b = true → a ≤ b := Nat.le_of_ble_eq_true
theorem true_ble_of : ∀ a b : Nat, a ≤ b → Nat.ble a b = true
  | 0, 0, _ => rfl
  | 0, _ + 1, _ => rfl
  | _ + 1, 0, h => absurd h (Nat.not_lt_zero _)
  | a + 1, b + 1, h => true_ble_of a b (Nat.le_of_succ_le_succ h)
theorem true_ble {a b : Nat} (h : a ≤ b) : Nat.ble a b = true := true_ble_of a b h
theorem ble_false {a b : Nat} (h : Nat.ble a b = false) (g : a ≤ b) : False := by
  rw [true_ble g] at h
  cases h
theorem two_times : ∀ k : Nat, k + k = 2 * k
  | 0 => rfl
  | k + 1 => by
    show k + 1 + k + 1 = 2 * k + 2
    rw [Nat.succ_add, two_times k]
theorem ble_add (a b : Nat) : ∀ e : Nat, Nat.ble (a + e) (b + e) = Nat.ble a b
  | 0 => rfl
  | e + 1 => ble_add a b e
theorem sub_back : ∀ e b : Nat, Nat.ble e b = true → b - e + e = b
  | 0, _, _ => rfl
  | _ + 1, 0, h => not_true_of_false h
  | e + 1, b + 1, h => by
    rw [Nat.succ_sub_succ_eq_sub]
    exact congrArg Nat.succ (sub_back e b h)
theorem twice_le {p q : Nat} (h : p ≤ q) : 2 * p ≤ 2 * q := by
  induction h with
  | refl => exact Nat.le_refl _
  | step _ ih => exact Nat.le_trans ih (Nat.le_add_right _ 2)
theorem ble_else : ∀ a b : Nat, Nat.ble a b = false → b + 1 ≤ a
  | 0, _, h => not_true_of_false h.symm
  | _ + 1, 0, _ => Nat.succ_le_succ (Nat.zero_le _)
  | a + 1, b + 1, h => Nat.succ_le_succ (ble_else a b h)
theorem le_cancel {a b : Nat} (e : Nat) (h : a + e ≤ b + e) : a ≤ b := by
  refine ble_true ?_
  rw [← ble_add a b e]
  exact true_ble h
theorem add_cancel (a b : Nat) : ∀ e : Nat, a + e = b + e → a = b
  | 0, h => h
  | e + 1, h => add_cancel a b e (Nat.succ.inj h)
theorem half_less {a b : Bool} {x y : Nat} (h : bit a + 2 * x ≤ bit b + 2 * y) : x ≤ y := by
  cases e : Nat.ble x y with
  | true => exact ble_true e
  | false =>
    have more : 2 * y + 2 ≤ bit a + 2 * x := by
      rw [Nat.add_comm (bit a)]
      exact Nat.le_trans (twice_le (ble_else x y e)) (Nat.le_add_right _ _)
    have less : bit b + 2 * y ≤ 2 * y + 1 := by
      rw [Nat.add_comm (bit b)]
      cases b with
      | false => exact Nat.le_add_right _ 1
      | true => exact Nat.le_refl _
    exact absurd (Nat.le_trans more (Nat.le_trans h less)) (Nat.lt_irrefl _)

/- ---- words ---- -/

theorem count_vals (v : Assignment) : ∀ x : List Lit, count (vals v x) = count x
  | [] => rfl
  | _ :: x => congrArg Nat.succ (count_vals v x)
theorem fit_count : ∀ x : Word, fit false (count x) x = x
  | [] => rfl
  | b :: x => congrArg (b :: ·) (fit_count x)
theorem number_nothing : ∀ w : Nat, number (fit false w []) = 0
  | 0 => rfl
  | w + 1 => by
    show bit false + 2 * number (fit false w []) = 0
    rw [number_nothing w]
    exact rfl
/- As many bits as those of a number that is not smaller. -/
theorem number_fit : ∀ x y : Word, number x ≤ number y → number (fit false (count y) x) = number x
  | x, [], h => (Nat.le_antisymm h (Nat.zero_le _)).symm
  | [], _ :: y, _ => number_nothing (count y + 1)
  | a :: x, b :: y, h => by
    show bit a + 2 * number (fit false (count y) x) = bit a + 2 * number x
    rw [number_fit x y (half_less h)]
theorem word_number : ∀ (w : Nat) (x : Word), word w (number x) = fit false w x
  | 0, _ => rfl
  | w + 1, [] => (word_zero (w + 1)).symm
  | w + 1, b :: x => by
    show word (w + 1) (bit b + 2 * number x) = b :: fit false w x
    rw [word_step, word_number w x]

/- ---- long division ---- -/

/- x - y, or one less if c is false, with as many bits as x, where that is a number. -/
def minus (t : Gates) : List Lit → List Lit → Lit → List Lit
  | [], _, _ => []
  | a :: x, y, c => known (inv (first Lit.no y)) fun b => known (differ t a b) fun h => known (differ t h c) fun s =>
    known (both t h c) fun p => known (both t a b) fun q => known (either t p q) fun d => s :: minus t x (rest y) d
theorem minus_count (t : Gates) : ∀ (x y : List Lit) (c : Lit), count (minus t x y c) = count x
  | [], _, _ => rfl
  | a :: x, y, c => by
    show count (known (inv (first Lit.no y)) fun b => known (differ t a b) fun h => known (differ t h c) fun s =>
      known (both t h c) fun p => known (both t a b) fun q => known (either t p q) fun d =>
      s :: minus t x (rest y) d) = count x + 1
    rw [known_eq, known_eq, known_eq, known_eq, known_eq, known_eq]
    exact congrArg Nat.succ (minus_count t x (rest y) _)
theorem minus_bits (a b c : Bool) (n y : Nat) : bit (xor (xor a (not b)) c) + 2 * n + (bit b + 2 * y + bit (not c))
    = bit a + 2 * (n + (y + bit (not (cond (xor b a) a c)))) := by
  have e : bit (xor (xor a (not b)) c) + (bit b + bit (not c)) = bit a + 2 * bit (not (cond (xor b a) a c)) := by
    cases a <;> cases b <;> cases c <;> exact rfl
  rw [twice_add, twice_add, Nat.add_assoc (bit b), Nat.add_comm (2 * y) (bit (not c)), ← Nat.add_assoc (bit b), swap_add, e,
    ← Nat.add_assoc (2 * n), Nat.add_comm (2 * n + 2 * y) (2 * bit _), ← Nat.add_assoc (bit a)]
theorem minus_right (v : Assignment) (t : Gates) (o : obeys v t) : ∀ (x y : List Lit) (c : Lit),
    Nat.ble (number (vals v y) + bit (not (ev v c))) (number (vals v x)) = true →
    number (vals v (minus t x y c)) + (number (vals v y) + bit (not (ev v c))) = number (vals v x)
  | [], y, c, h => by
    show 0 + (number (vals v y) + bit (not (ev v c))) = 0
    rw [Nat.zero_add]
    exact Nat.le_antisymm (ble_true h) (Nat.zero_le _)
  | a :: x, y, c, h => by
    have h' : Nat.ble (number (vals v y) + bit (not (ev v c))) (bit (ev v a) + 2 * number (vals v x)) = true := h
    rw [number_split (vals v y), first_vals, rest_vals, ble_step] at h'
    show number (vals v (known (inv (first Lit.no y)) fun b => known (differ t a b) fun h => known (differ t h c) fun s =>
      known (both t h c) fun p => known (both t a b) fun q => known (either t p q) fun d =>
      s :: minus t x (rest y) d)) + _ = bit (ev v a) + 2 * number (vals v x)
    rw [known_eq, known_eq, known_eq, known_eq, known_eq, known_eq]
    let d := either t (both t (differ t a (inv (first Lit.no y))) c) (both t a (inv (first Lit.no y)))
    have carried : ev v d = cond (xor (ev v (first Lit.no y)) (ev v a)) (ev v a) (ev v c) := by
      show ev v (either t (both t (differ t a (inv (first Lit.no y))) c) (both t a (inv (first Lit.no y)))) = _
      rw [ev_either v t o, ev_both v t o, ev_both v t o, ev_differ v t o, ev_inv]
      cases ev v a <;> cases ev v (first Lit.no y) <;> cases ev v c <;> exact rfl
    rw [← carried] at h'
    have rest_right := minus_right v t o x (rest y) d h'
    show bit (ev v (differ t (differ t a (inv (first Lit.no y))) c)) + 2 * number (vals v (minus t x (rest y) d))
      + (number (vals v y) + bit (not (ev v c))) = _
    rw [ev_differ v t o, ev_differ v t o, ev_inv, number_split (vals v y), first_vals, rest_vals, minus_bits, ← carried,
      rest_right]

theorem remainder_less (y : Nat) (h : 1 ≤ y) : ∀ x : Word, remainder y x + 1 ≤ y
  | [] => h
  | b :: x => by
    have ih := remainder_less y h x
    show cond (Nat.ble y (bit b + 2 * remainder y x)) (bit b + 2 * remainder y x - y) (bit b + 2 * remainder y x) + 1 ≤ y
    cases e : Nat.ble y (bit b + 2 * remainder y x) with
    | false => exact ble_else _ _ e
    | true =>
      show bit b + 2 * remainder y x - y + 1 ≤ y
      refine le_cancel y ?_
      rw [Nat.add_assoc, Nat.add_comm 1 y, ← Nat.add_assoc, sub_back _ _ e, two_times y]
      have less : bit b + 2 * remainder y x ≤ 2 * remainder y x + 1 := by
        rw [Nat.add_comm (bit b)]
        cases b with
        | false => exact Nat.le_add_right _ 1
        | true => exact Nat.le_refl _
      exact Nat.le_trans (Nat.succ_le_succ less) (twice_le ih)

/- r - y where y is not above r, or else r. A result that is smaller than y needs no more bits than y. -/
def reduced_of (t : Gates) (y : List Lit) (short : Bool) (c : Lit) (r : List Lit) : List Lit :=
  known_all (minus t r y Lit.yes) fun d => chosen t c (cond short (count y) (count r)) d r
theorem reduced_right (v : Assignment) (t : Gates) (o : obeys v t) (y r : List Lit) (short : Bool)
    (h : short = true → taken_away (number (vals v y)) (number (vals v r)) + 1 ≤ number (vals v y)) :
    number (vals v (reduced_of t y short (fits t y r) r)) = taken_away (number (vals v y)) (number (vals v r)) := by
  unfold reduced_of
  rw [known_all_eq, chosen_right v t o, fits_right v t o]
  unfold taken_away at h ⊢
  cases e : Nat.ble (number (vals v y)) (number (vals v r)) with
  | true =>
    rw [e] at h
    show number (fit false (cond short (count y) (count r)) (vals v (minus t r y Lit.yes)))
      = number (vals v r) - number (vals v y)
    have d : number (vals v (minus t r y Lit.yes)) = number (vals v r) - number (vals v y) := by
      refine add_cancel _ _ (number (vals v y)) ?_
      rw [sub_back _ _ e]
      exact minus_right v t o r y Lit.yes e
    rw [← d]
    cases short with
    | true =>
      show number (fit false (count y) _) = _
      rw [← count_vals v y]
      refine number_fit _ _ ?_
      rw [d]
      exact Nat.le_of_succ_le (h rfl)
    | false =>
      show number (fit false (count r) _) = _
      rw [← minus_count t r y Lit.yes, ← count_vals v (minus t r y Lit.yes), fit_count]
  | false =>
    show number (fit false (cond short (count y) (count r)) (vals v r)) = number (vals v r)
    cases short with
    | true =>
      show number (fit false (count y) _) = _
      rw [← count_vals v y]
      exact number_fit _ _ (Nat.le_of_succ_le (ble_else _ _ e))
    | false =>
      show number (fit false (count r) _) = _
      rw [← count_vals v r, fit_count]

/- Quotient and remainder of the bits of x above those that are left, on which f goes on: what is above is computed
   before what is below, so that no computation waits inside many others. -/
def long_division {A : Type} (t : Gates) (y : List Lit) (short : Bool) : List Lit → (List Lit → List Lit → A) → A
  | [], f => f [] []
  | a :: x, f => long_division t y short x fun q r => known (fits t y (a :: r)) fun c =>
    known_all (reduced_of t y short c (a :: r)) fun r => f (c :: q) r
theorem long_division_right {A : Type} (v : Assignment) (t : Gates) (o : obeys v t) (y : List Lit) (short : Bool)
    (h : short = true → 1 ≤ number (vals v y)) : ∀ (x : List Lit) (f : List Lit → List Lit → A), ∃ q r,
      long_division t y short x f = f q r ∧ vals v q = quotient (number (vals v y)) (vals v x) ∧
      number (vals v r) = remainder (number (vals v y)) (vals v x)
  | [], _ => ⟨[], [], rfl, rfl, rfl⟩
  | a :: x, f => by
    obtain ⟨q, r, e, hq, hr⟩ := long_division_right v t o y short h x fun q r => known (fits t y (a :: r)) fun c =>
      known_all (reduced_of t y short c (a :: r)) fun r => f (c :: q) r
    have doubled : number (vals v (a :: r)) = bit (ev v a) + 2 * remainder (number (vals v y)) (vals v x) := by
      rw [← hr]
      exact rfl
    refine ⟨fits t y (a :: r) :: q, reduced_of t y short (fits t y (a :: r)) (a :: r), ?_, ?_, ?_⟩
    · show long_division t y short x _ = _
      rw [e, known_eq, known_all_eq]
    · show ev v (fits t y (a :: r)) :: vals v q = Nat.ble (number (vals v y)) (bit (ev v a) + 2 * remainder
        (number (vals v y)) (vals v x)) :: quotient (number (vals v y)) (vals v x)
      rw [fits_right v t o, hq, doubled]
    · show _ = taken_away (number (vals v y)) (bit (ev v a) + 2 * remainder (number (vals v y)) (vals v x))
      rw [← doubled]
      refine reduced_right v t o y (a :: r) short fun s => ?_
      rw [doubled]
      exact remainder_less _ (h s) (ev v a :: vals v x)

/- Without zeros above the highest bit that may be 1. -/
def trimmed : List Lit → List Lit
  | [] => []
  | a :: x => match trimmed x with
    | [] => cond (same a Lit.no) [] [a]
    | b :: k => a :: b :: k
theorem trimmed_right (v : Assignment) : ∀ x : List Lit, number (vals v (trimmed x)) = number (vals v x)
  | [] => rfl
  | a :: x => by
    have ih := trimmed_right v x
    unfold trimmed
    show _ = bit (ev v a) + 2 * number (vals v x)
    rw [← ih]
    cases trimmed x with
    | cons b k => exact rfl
    | nil =>
      show number (vals v (cond (same a Lit.no) [] [a])) = bit (ev v a) + 2 * 0
      cases e : same a Lit.no with
      | false => exact rfl
      | true =>
        rw [same_eq _ _ e]
        exact rfl
/- Whether one of the bits is known to be 1. -/
def positive : List Lit → Bool
  | [] => false
  | a :: x => cond (same a Lit.yes) true (positive x)
theorem positive_right (v : Assignment) : ∀ x : List Lit, positive x = true → 1 ≤ number (vals v x)
  | [], h => not_true_of_false h
  | a :: x, h => by
    have h' : cond (same a Lit.yes) true (positive x) = true := h
    show 1 ≤ bit (ev v a) + 2 * number (vals v x)
    cases e : same a Lit.yes with
    | true =>
      rw [same_eq _ _ e]
      exact Nat.le_add_right 1 _
    | false =>
      rw [e] at h'
      have twice : 1 ≤ 2 * number (vals v x) := Nat.le_trans (Nat.le_succ 1) (twice_le (positive_right v x h'))
      rw [Nat.add_comm]
      exact Nat.le_trans twice (Nat.le_add_right _ _)

def divided_of (t : Gates) (w : Nat) (is_rem : Bool) (x y : List Lit) : List Lit :=
  known_all (trimmed y) fun y => long_division t y (positive y) x fun q r => cond is_rem (fit Lit.no w r) q
theorem divided_right (v : Assignment) (t : Gates) (o : obeys v t) (w : Nat) (is_rem : Bool) (x y : List Lit) :
    vals v (divided_of t w is_rem x y) = divided w is_rem (vals v x) (vals v y) := by
  unfold divided_of
  rw [known_all_eq]
  obtain ⟨q, r, e, hq, hr⟩ := long_division_right v t o (trimmed y) (positive (trimmed y))
    (positive_right v (trimmed y)) x fun q r => cond is_rem (fit Lit.no w r) q
  rw [trimmed_right] at hq hr
  rw [e]
  cases is_rem with
  | false => exact hq
  | true =>
    show vals v (fit Lit.no w r) = word w (remainder (number (vals v y)) (vals v x))
    rw [← hr, word_number]
    exact (fit_vals v Lit.no w r).symm
def with_sign_of (t : Gates) (w : Nat) (s : Lit) (x : List Lit) : List Lit := chosen t s w (difference_of t w [] x) x
theorem with_sign_right (v : Assignment) (t : Gates) (o : obeys v t) (w : Nat) (s : Lit) (x : List Lit) :
    vals v (with_sign_of t w s x) = with_sign w (ev v s) (vals v x) := by
  unfold with_sign_of
  rw [chosen_right v t o, difference_right v t o, difference_fit]
  exact rfl

def sign_of (t : Gates) (is_rem : Bool) (a b : Lit) : Lit := cond is_rem a (differ t a b)
theorem sign_right (v : Assignment) (t : Gates) (o : obeys v t) (is_rem : Bool) (a b : Lit) :
    ev v (sign_of t is_rem a b) = cond is_rem (ev v a) (xor (ev v a) (ev v b)) := by
  cases is_rem with
  | false => exact ev_differ v t o a b
  | true => exact rfl
def divide_of (t : Gates) (w : Nat) (is_signed is_rem : Bool) (x y : List Lit) : List Lit :=
  cond is_signed (known (sign_of t is_rem (last Lit.no x) (last Lit.no y)) fun s =>
    known_all (with_sign_of t w (last Lit.no x) x) fun x => known_all (with_sign_of t w (last Lit.no y) y) fun y =>
    known_all (divided_of t w is_rem x y) fun q => with_sign_of t w s q)
    (divided_of t w is_rem x y)
theorem last_right (v : Assignment) (x : List Lit) : last false (vals v x) = ev v (last Lit.no x) := last_vals v x Lit.no
theorem divide_right (v : Assignment) (t : Gates) (o : obeys v t) (w : Nat) (is_signed is_rem : Bool) (x y : List Lit) :
    vals v (divide_of t w is_signed is_rem x y) = divide w is_signed is_rem (vals v x) (vals v y) := by
  cases is_signed with
  | false => exact divided_right v t o w is_rem x y
  | true =>
    show vals v (known (sign_of t is_rem (last Lit.no x) (last Lit.no y)) fun s =>
        known_all (with_sign_of t w (last Lit.no x) x) fun x => known_all (with_sign_of t w (last Lit.no y) y) fun y =>
        known_all (divided_of t w is_rem x y) fun q => with_sign_of t w s q)
      = with_sign w (cond is_rem (last false (vals v x)) (xor (last false (vals v x)) (last false (vals v y))))
        (divided w is_rem (with_sign w (last false (vals v x)) (vals v x)) (with_sign w (last false (vals v y)) (vals v y)))
    rw [known_eq, known_all_eq, known_all_eq, known_all_eq, with_sign_right v t o, sign_right v t o, divided_right v t o, with_sign_right v t o,
      with_sign_right v t o, last_right, last_right]

def overflows_of (t : Gates) (w : Nat) (is_signed is_rem : Bool) (x y : List Lit) : Lit :=
  cond (and is_signed (not is_rem)) (known (equals t x (lits_of (raised (fit false w []))) Lit.yes) fun a =>
    known (equals t y (lits_of (inverted w [])) Lit.yes) fun b => both t a b) Lit.no
theorem overflows_right (v : Assignment) (t : Gates) (o : obeys v t) (w : Nat) (is_signed is_rem : Bool) (x y : List Lit) :
    ev v (overflows_of t w is_signed is_rem x y) = overflows w is_signed is_rem (vals v x) (vals v y) := by
  unfold overflows_of overflows
  cases and is_signed (not is_rem) with
  | false => exact rfl
  | true =>
    show ev v (known (equals t x (lits_of (raised (fit false w []))) Lit.yes) fun a =>
      known (equals t y (lits_of (inverted w [])) Lit.yes) fun b => both t a b) = and (Nat.beq _ _) (Nat.beq _ _)
    rw [known_eq, known_eq, ev_both v t o, equals_right v t o, equals_right v t o, lits_right, lits_right]
    exact rfl

end Isotrace.Bits
