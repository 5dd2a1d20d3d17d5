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

def reduced_of (t : Gates) (w : Nat) (y r : List Lit) : List Lit :=
  known (fits t y r) fun c => known_all (difference_of t w r y) fun d => chosen t c w d r
theorem reduced_right (v : Assignment) (t : Gates) (o : obeys v t) (w : Nat) (y r : List Lit) :
    vals v (reduced_of t w y r) = reduced w (vals v y) (vals v r) := by
  unfold reduced_of
  rw [known_eq, known_all_eq, chosen_right v t o, fits_right v t o, difference_right v t o, difference_fit]
  exact rfl

/- Quotient and remainder of the bits of x above those that are left, on which f goes on: what is above is computed
   before what is below, so that no computation waits inside many others. -/
def long_division {A : Type} (t : Gates) (w : Nat) (y : List Lit) : List Lit → (List Lit → List Lit → A) → A
  | [], f => f [] []
  | a :: x, f => long_division t w y x fun q r => known (fits t y (a :: r)) fun c =>
    known_all (reduced_of t w y (a :: r)) fun r => f (c :: q) r
theorem long_division_right {A : Type} (v : Assignment) (t : Gates) (o : obeys v t) (w : Nat) (y : List Lit) :
    ∀ (x : List Lit) (f : List Lit → List Lit → A), ∃ q r, long_division t w y x f = f q r ∧
      vals v q = quotient w (vals v y) (vals v x) ∧ vals v r = remainder w (vals v y) (vals v x)
  | [], _ => ⟨[], [], rfl, rfl, rfl⟩
  | a :: x, f => by
    obtain ⟨q, r, e, hq, hr⟩ := long_division_right v t o w y x fun q r => known (fits t y (a :: r)) fun c =>
      known_all (reduced_of t w y (a :: r)) fun r => f (c :: q) r
    refine ⟨fits t y (a :: r) :: q, reduced_of t w y (a :: r), ?_, ?_, ?_⟩
    · show long_division t w y x _ = _
      rw [e, known_eq, known_all_eq]
    · show ev v (fits t y (a :: r)) :: vals v q = Nat.ble (number (vals v y)) (number (ev v a :: remainder w (vals v y)
        (vals v x))) :: quotient w (vals v y) (vals v x)
      rw [fits_right v t o, hq, ← hr]
      exact rfl
    · show vals v (reduced_of t w y (a :: r)) = reduced w (vals v y) (ev v a :: remainder w (vals v y) (vals v x))
      rw [reduced_right v t o, ← hr]
      exact rfl

def divided_of (t : Gates) (w : Nat) (is_rem : Bool) (x y : List Lit) : List Lit :=
  long_division t (w + 1) y x fun q r => cond is_rem (fit Lit.no w r) q
theorem divided_right (v : Assignment) (t : Gates) (o : obeys v t) (w : Nat) (is_rem : Bool) (x y : List Lit) :
    vals v (divided_of t w is_rem x y) = divided w is_rem (vals v x) (vals v y) := by
  obtain ⟨q, r, e, hq, hr⟩ := long_division_right v t o (w + 1) y x fun q r => cond is_rem (fit Lit.no w r) q
  unfold divided_of
  rw [e]
  cases is_rem with
  | false => exact hq
  | true =>
    show vals v (fit Lit.no w r) = fit (ev v Lit.no) w (remainder (w + 1) (vals v y) (vals v x))
    rw [← fit_vals, hr]
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
