/- Circuits of memory: what loads find among the bytes that were written before and the first ones, what stores write,
   and when either traps, as Wasm.lean has it. -/
import Isotrace.Bits.Division
namespace Isotrace.Bits

theorem vals_append (v : Assignment) : ∀ x y : List Lit, vals v (join x y) = join (vals v x) (vals v y)
  | [], _ => rfl
  | a :: x, y => congrArg (ev v a :: ·) (vals_append v x y)
theorem vals_behind (v : Assignment) : ∀ (n : Nat) (x : List Lit), vals v (dropped n x) = dropped n (vals v x)
  | 0, _ => rfl
  | _ + 1, [] => rfl
  | n + 1, _ :: x => vals_behind v n x
theorem vals_turned (v : Assignment) : ∀ x y : List Lit, vals v (reversed x y) = reversed (vals v x) (vals v y)
  | [], _ => rfl
  | a :: x, y => vals_turned v x (a :: y)
theorem constant_right (v : Assignment) (w n : Nat) : vals v (constant w n) = word w n := lits_right v _
/- ---- numbers of any size ---- -/

/- The bits of a number up to its highest one, if it has at most as many as `fuel`. -/
def digits : Nat → Nat → Word
  | 0, _ => []
  | fuel + 1, n => cond (Nat.beq n 0) [] (odd n :: digits fuel (n / 2))
theorem half_le (b : Bool) (m fuel : Nat) (h : bit b + 2 * m ≤ fuel + 1) (n : Nat.beq (bit b + 2 * m) 0 = false) :
    m ≤ fuel := by
  cases m with
  | zero => exact Nat.zero_le fuel
  | succ k =>
    have a : k + 1 + 1 ≤ 2 * (k + 1) := by
      show k + 1 + 1 ≤ 2 * k + 2
      exact Nat.succ_le_succ (Nat.succ_le_succ (two_times k ▸ Nat.le_add_right k k))
    have b' : 2 * (k + 1) ≤ bit b + 2 * (k + 1) := by
      rw [Nat.add_comm (bit b)]
      exact Nat.le_add_right _ _
    exact Nat.le_of_succ_le_succ (Nat.le_trans a (Nat.le_trans b' h))
theorem number_digits : ∀ fuel n : Nat, n ≤ fuel → number (digits fuel n) = n
  | 0, n, h => (Nat.le_antisymm h (Nat.zero_le n)).symm
  | fuel + 1, n, h => by
    show number (cond (Nat.beq n 0) [] (odd n :: digits fuel (n / 2))) = n
    cases e : Nat.beq n 0 with
    | true => exact (beq_eq _ _ e).symm
    | false =>
      obtain ⟨b, m, hn⟩ := halves n
      rw [hn] at h e ⊢
      show bit (odd (bit b + 2 * m)) + 2 * number (digits fuel ((bit b + 2 * m) / 2)) = _
      rw [odd_bit, half_bit, number_digits fuel m (half_le b m fuel h e)]
def exact_bits (n : Nat) : List Lit := lits_of (digits n n)
theorem exact_right (v : Assignment) (n : Nat) : number (vals v (exact_bits n)) = n := by
  unfold exact_bits
  rw [lits_right, number_digits n n (Nat.le_refl n)]

/- The sum of x, y and c, with all of its bits. -/
def carried (t : Gates) : List Lit → Lit → List Lit
  | [], c => [c]
  | b :: y, c => known (differ t b c) fun s => known (both t b c) fun d => s :: carried t y d
def total (t : Gates) : List Lit → List Lit → Lit → List Lit
  | [], y, c => carried t y c
  | a :: x, y, c => known (first Lit.no y) fun b => known (differ t a b) fun h => known (differ t h c) fun s =>
    known (both t h c) fun p => known (both t a b) fun q => known (either t p q) fun d => s :: total t x (rest y) d
theorem carried_right (v : Assignment) (t : Gates) (o : obeys v t) : ∀ (y : List Lit) (c : Lit),
    number (vals v (carried t y c)) = number (vals v y) + bit (ev v c)
  | [], c => Nat.add_comm (bit (ev v c)) 0
  | b :: y, c => by
    show number (vals v (known (differ t b c) fun s => known (both t b c) fun d => s :: carried t y d)) = _
    rw [known_eq, known_eq]
    show bit (ev v (differ t b c)) + 2 * number (vals v (carried t y (both t b c)))
      = bit (ev v b) + 2 * number (vals v y) + bit (ev v c)
    rw [carried_right v t o y, ev_differ v t o, ev_both v t o]
    have h := full_adder (ev v b) false (ev v c) (number (vals v y)) 0
    have e : bit false + 2 * 0 = 0 := rfl
    rw [e, Nat.add_zero, Nat.add_zero] at h
    rw [h]
    cases ev v b <;> cases ev v c <;> exact rfl
theorem total_right (v : Assignment) (t : Gates) (o : obeys v t) : ∀ (x y : List Lit) (c : Lit),
    number (vals v (total t x y c)) = number (vals v x) + number (vals v y) + bit (ev v c)
  | [], y, c => by
    show number (vals v (carried t y c)) = 0 + number (vals v y) + bit (ev v c)
    rw [carried_right v t o, Nat.zero_add]
  | a :: x, y, c => by
    show number (vals v (known (first Lit.no y) fun b => known (differ t a b) fun h => known (differ t h c) fun s =>
      known (both t h c) fun p => known (both t a b) fun q => known (either t p q) fun d =>
      s :: total t x (rest y) d)) = bit (ev v a) + 2 * number (vals v x) + number (vals v y) + bit (ev v c)
    rw [known_eq, known_eq, known_eq, known_eq, known_eq, known_eq]
    show bit (ev v (differ t (differ t a (first Lit.no y)) c)) + 2 * number (vals v (total t x (rest y) _)) = _
    rw [total_right v t o x, number_split (vals v y), first_vals, rest_vals, full_adder, ev_either v t o, ev_both v t o,
      ev_both v t o, ev_differ v t o, ev_differ v t o]
    exact rfl

/- ---- the end of memory ---- -/

theorem ordered_exact (v : Assignment) (t : Gates) (o : obeys v t) (x : List Lit) (d : Nat) :
    ev v (ordered t x (exact_bits d) Lit.yes) = Nat.ble (number (vals v x)) d := by
  rw [ordered_right v t o, exact_right]
  exact rfl
/- Whether n bytes from address a on do not lie below `bytes`. -/
def beyond_bytes (t : Gates) (bytes : Nat) (a : List Lit) (n : Nat) : Lit :=
  cond (Nat.ble n bytes) (computed (bytes - n) fun d => inv (ordered t a (exact_bits d) Lit.yes)) Lit.yes
theorem beyond_bytes_right (v : Assignment) (t : Gates) (o : obeys v t) (bytes : Nat) (a : List Lit) (n : Nat) :
    ev v (beyond_bytes t bytes a n) = not (Nat.ble (number (vals v a) + n) bytes) := by
  unfold beyond_bytes
  cases e : Nat.ble n bytes with
  | true =>
    show ev v (computed (bytes - n) fun d => inv (ordered t a (exact_bits d) Lit.yes)) = _
    rw [computed_eq, ev_inv, ordered_exact v t o, ← ble_add _ _ n, sub_back _ _ e]
  | false =>
    show true = not (Nat.ble (number (vals v a) + n) bytes)
    cases f : Nat.ble (number (vals v a) + n) bytes with
    | false => exact rfl
    | true =>
      refine (ble_false e (Nat.le_trans ?_ (ble_true f))).elim
      rw [Nat.add_comm]
      exact Nat.le_add_right n _
def beyond_of (t : Gates) (m : Module) (a : List Lit) (n : Nat) : Lit :=
  computed (m.pages * 65536) fun bytes => beyond_bytes t bytes a n
theorem beyond_right (v : Assignment) (t : Gates) (o : obeys v t) (m : Module) (a : List Lit) (n : Nat) :
    ev v (beyond_of t m a n) = beyond m (vals v a) n := by
  unfold beyond_of beyond
  rw [computed_eq, beyond_bytes_right v t o]
/- The same where bits say how many bytes. -/
def row_bytes (t : Gates) (bytes : Nat) (a n : List Lit) : Lit :=
  known_all (total t a n Lit.no) fun s => inv (ordered t s (exact_bits bytes) Lit.yes)
theorem row_bytes_right (v : Assignment) (t : Gates) (o : obeys v t) (bytes : Nat) (a n : List Lit) :
    ev v (row_bytes t bytes a n) = not (Nat.ble (number (vals v a) + number (vals v n)) bytes) := by
  unfold row_bytes
  rw [known_all_eq, ev_inv, ordered_exact v t o, total_right v t o]
  exact rfl
def row_beyond (t : Gates) (m : Module) (a n : List Lit) : Lit :=
  computed (m.pages * 65536) fun bytes => row_bytes t bytes a n
theorem row_beyond_right (v : Assignment) (t : Gates) (o : obeys v t) (m : Module) (a n : List Lit) :
    ev v (row_beyond t m a n) = beyond m (vals v a) (number (vals v n)) := by
  unfold row_beyond beyond
  rw [computed_eq, row_bytes_right v t o]

/- ---- writes ---- -/

/- Those that count. -/
def writes (v : Assignment) : List (Write Lit) → List (Write Bool)
  | [] => []
  | w :: k => cond (ev v w.on) (⟨true, vals v w.address, vals v w.byte⟩ :: writes v k) (writes v k)

def same_all : List Lit → List Lit → Bool
  | [], [] => true
  | a :: x, b :: y => cond (same a b) (same_all x y) false
  | _, _ => false
theorem same_all_eq : ∀ x y : List Lit, same_all x y = true → x = y
  | [], [], _ => rfl
  | [], _ :: _, h => not_true_of_false h
  | _ :: _, [], h => not_true_of_false h
  | a :: x, b :: y, h => by
    have h' : cond (same a b) (same_all x y) false = true := h
    cases e : same a b with
    | false => rw [e] at h'; cases h'
    | true =>
      rw [e] at h'
      rw [same_eq a b e, same_all_eq x y h']
def same_writes : List (Write Lit) → List (Write Lit) → Bool
  | [], [] => true
  | w :: k, u :: l => cond (same w.on u.on) (cond (same_all w.address u.address) (cond (same_all w.byte u.byte)
      (same_writes k l) false) false) false
  | _, _ => false
theorem same_writes_eq : ∀ k l, same_writes k l = true → k = l
  | [], [], _ => rfl
  | [], _ :: _, h => not_true_of_false h
  | _ :: _, [], h => not_true_of_false h
  | ⟨o, a, x⟩ :: k, ⟨p, b, y⟩ :: l, h => by
    have h' : cond (same o p) (cond (same_all a b) (cond (same_all x y) (same_writes k l) false) false) false = true := h
    cases e1 : same o p with
    | false => rw [e1] at h'; cases h'
    | true =>
    cases e2 : same_all a b with
    | false => rw [e1, e2] at h'; cases h'
    | true =>
    cases e3 : same_all x y with
    | false => rw [e1, e2, e3] at h'; cases h'
    | true =>
    rw [e1, e2, e3] at h'
    rw [same_eq o p e1, same_all_eq a b e2, same_all_eq x y e3, same_writes_eq k l h']

/- A write that counts only where c is true. -/
def guarded (t : Gates) (c : Lit) (w : Write Lit) (k : List (Write Lit)) : List (Write Lit) :=
  known (both t c w.on) fun o => ⟨o, w.address, w.byte⟩ :: k
theorem guarded_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) (w : Write Lit) (k : List (Write Lit)) :
    writes v (guarded t c w k) = cond (and (ev v c) (ev v w.on)) (⟨true, vals v w.address, vals v w.byte⟩ :: writes v k)
      (writes v k) := by
  unfold guarded
  rw [known_eq]
  show cond (ev v (both t c w.on)) _ _ = _
  rw [ev_both v t o]
/- The first n writes of k where c is true, in front of what f makes of the others. -/
def lead (t : Gates) (c : Lit) : Nat → List (Write Lit) → (List (Write Lit) → List (Write Lit)) → List (Write Lit)
  | 0, k, f => f k
  | _ + 1, [], f => f []
  | n + 1, w :: k, f => guarded t c w (lead t c n k f)
theorem lead_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) (other : List (Write Bool))
    (f : List (Write Lit) → List (Write Lit)) (h : ∀ k, writes v (f k) = cond (ev v c) (writes v k) other) :
    ∀ (n : Nat) (k : List (Write Lit)), writes v (lead t c n k f) = cond (ev v c) (writes v k) other
  | 0, k => h k
  | _ + 1, [] => h []
  | n + 1, w :: k => by
    show writes v (guarded t c w (lead t c n k f)) = cond (ev v c) (cond (ev v w.on) _ _) other
    rw [guarded_right v t o, lead_right v t o c other f h n k]
    cases ev v c <;> exact rfl
def guarded_all (t : Gates) (c : Lit) : List (Write Lit) → List (Write Lit)
  | [] => []
  | w :: k => guarded t c w (guarded_all t c k)
theorem guarded_all_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) : ∀ k : List (Write Lit),
    writes v (guarded_all t c k) = cond (ev v c) (writes v k) []
  | [] => by
    show [] = cond (ev v c) [] []
    cases ev v c <;> exact rfl
  | w :: k => by
    show writes v (guarded t c w (guarded_all t c k)) = cond (ev v c) (cond (ev v w.on) _ _) []
    rw [guarded_right v t o, guarded_all_right v t o c k]
    cases ev v c <;> exact rfl
/- As many writes where c is true as where it is not; what both end with is left as it is. -/
def walk (t : Gates) (c : Lit) : List (Write Lit) → List (Write Lit) → List (Write Lit)
  | [], l => guarded_all t (inv c) l
  | w :: k, [] => guarded_all t c (w :: k)
  | w :: k, u :: l => cond (same_writes (w :: k) (u :: l)) (w :: k)
      (guarded t c w (guarded t (inv c) u (walk t c k l)))
theorem walk_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) : ∀ k l : List (Write Lit),
    writes v (walk t c k l) = cond (ev v c) (writes v k) (writes v l)
  | [], l => by
    show writes v (guarded_all t (inv c) l) = cond (ev v c) [] (writes v l)
    rw [guarded_all_right v t o, ev_inv]
    cases ev v c <;> exact rfl
  | w :: k, [] => guarded_all_right v t o c (w :: k)
  | w :: k, u :: l => by
    show writes v (cond (same_writes (w :: k) (u :: l)) (w :: k)
      (guarded t c w (guarded t (inv c) u (walk t c k l)))) = _
    cases e : same_writes (w :: k) (u :: l) with
    | true =>
      rw [same_writes_eq _ _ e]
      show writes v (u :: l) = _
      cases ev v c <;> exact rfl
    | false =>
      show writes v (guarded t c w (guarded t (inv c) u (walk t c k l)))
        = cond (ev v c) (cond (ev v w.on) _ _) (cond (ev v u.on) _ _)
      rw [guarded_right v t o, guarded_right v t o, ev_inv, walk_right v t o c k l]
      cases ev v c <;> exact rfl
/- f of writes of which has been computed whether they count. -/
def known_writes {A : Type} : List (Write Lit) → (List (Write Lit) → A) → A
  | [], f => f []
  | ⟨o, a, x⟩ :: k, f => known o fun o => known_writes k fun k => f (⟨o, a, x⟩ :: k)
theorem known_writes_eq {A : Type} : ∀ (k : List (Write Lit)) (f : List (Write Lit) → A), known_writes k f = f k
  | [], _ => rfl
  | ⟨o, a, x⟩ :: k, f => by
    show known o (fun o => known_writes k fun k => f (⟨o, a, x⟩ :: k)) = _
    rw [known_eq, known_writes_eq k]
/- c ? k : l -/
def join_writes (t : Gates) (c : Lit) (k l : List (Write Lit)) : List (Write Lit) :=
  lead t c (count k - count l) k fun k => lead t (inv c) (count l - count k) l fun l => walk t c k l
theorem join_writes_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) (k l : List (Write Lit)) :
    writes v (join_writes t c k l) = cond (ev v c) (writes v k) (writes v l) := by
  refine lead_right v t o c (writes v l) _ ?_ _ k
  intro k
  rw [lead_right v t o (inv c) (writes v k) _ (fun l => ?_) _ l, ev_inv]
  · cases ev v c <;> exact rfl
  · rw [walk_right v t o, ev_inv]
    cases ev v c <;> exact rfl

/- ---- the first bytes ---- -/

/- The number that bits stand for, the highest one first, behind those of p. -/
def from_high : Word → Nat → Nat
  | [], p => p
  | b :: k, p => from_high k (bit b + 2 * p)
theorem from_high_reversed : ∀ x k : Word, from_high (reversed x k) 0 = from_high k (number x)
  | [], _ => rfl
  | b :: x, k => from_high_reversed x (b :: k)
/- The least and the largest number with so many more bits. -/
def lowest : List Lit → Nat → Nat
  | [], p => p
  | _ :: k, p => lowest k (2 * p)
def highest : List Lit → Nat → Nat
  | [], p => p
  | _ :: k, p => highest k (2 * p + 1)
theorem lowest_le (v : Assignment) : ∀ (k : List Lit) (p q : Nat), p ≤ q → lowest k p ≤ from_high (vals v k) q
  | [], _, _, h => h
  | a :: k, p, q, h => by
    refine lowest_le v k (2 * p) (bit (ev v a) + 2 * q) ?_
    rw [Nat.add_comm]
    exact Nat.le_trans (twice_le h) (Nat.le_add_right _ _)
theorem le_highest (v : Assignment) : ∀ (k : List Lit) (p q : Nat), p ≤ q → from_high (vals v k) p ≤ highest k q
  | [], _, _, h => h
  | a :: k, p, q, h => by
    refine le_highest v k (bit (ev v a) + 2 * p) (2 * q + 1) ?_
    rw [Nat.add_comm]
    cases ev v a with
    | false => exact Nat.le_trans (twice_le h) (Nat.le_add_right _ 1)
    | true => exact Nat.succ_le_succ (twice_le h)

/- Whether no run has a byte from low to high. -/
def untouched : List Run → Nat → Nat → Bool
  | [], _, _ => true
  | r :: k, low, high => cond (Nat.ble (r.start + r.count) low) (untouched k low high)
      (cond (Nat.ble (high + 1) r.start) (untouched k low high) false)
theorem untouched_right (low high a : Nat) (hl : low ≤ a) (hh : a ≤ high) : ∀ runs : List Run,
    untouched runs low high = true → first_byte runs a = 0
  | [], _ => rfl
  | r :: k, h => by
    have h' : cond (Nat.ble (r.start + r.count) low) (untouched k low high)
      (cond (Nat.ble (high + 1) r.start) (untouched k low high) false) = true := h
    show cond (and (Nat.ble r.start a) (Nat.ble (a + 1) (r.start + r.count))) _ (first_byte k a) = 0
    cases e1 : Nat.ble (r.start + r.count) low with
    | true =>
      rw [e1] at h'
      have apart : Nat.ble (a + 1) (r.start + r.count) = false := by
        cases e : Nat.ble (a + 1) (r.start + r.count) with
        | false => exact rfl
        | true => exact absurd (Nat.le_trans (ble_true e) (Nat.le_trans (ble_true e1) hl)) (Nat.lt_irrefl a)
      rw [apart]
      cases Nat.ble r.start a <;> exact untouched_right low high a hl hh k h'
    | false =>
      rw [e1] at h'
      cases e2 : Nat.ble (high + 1) r.start with
      | false => rw [e2] at h'; cases h'
      | true =>
        rw [e2] at h'
        have apart : Nat.ble r.start a = false := by
          cases e : Nat.ble r.start a with
          | false => exact rfl
          | true => exact absurd (Nat.le_trans (ble_true e2) (Nat.le_trans (ble_true e) hh)) (Nat.lt_irrefl high)
        rw [apart]
        exact untouched_right low high a hl hh k h'

/- The first byte at an address, whose bits stand with the highest one first behind those of p. -/
def first_of (t : Gates) (m : Module) : List Lit → Nat → List Lit
  | [], p => constant 8 (first_byte m.memory p)
  | a :: k, p => cond (untouched m.memory (lowest (a :: k) p) (highest (a :: k) p)) (constant 8 0)
      (chosen t a 8 (computed (2 * p + 1) fun q => first_of t m k q) (computed (2 * p) fun q => first_of t m k q))
theorem first_right (v : Assignment) (t : Gates) (o : obeys v t) (m : Module) : ∀ (k : List Lit) (p : Nat),
    vals v (first_of t m k p) = word 8 (first_byte m.memory (from_high (vals v k) p))
  | [], p => constant_right v 8 (first_byte m.memory p)
  | a :: k, p => by
    show vals v (cond (untouched m.memory (lowest (a :: k) p) (highest (a :: k) p)) (constant 8 0)
      (chosen t a 8 (computed (2 * p + 1) fun q => first_of t m k q) (computed (2 * p) fun q => first_of t m k q))) = _
    cases e : untouched m.memory (lowest (a :: k) p) (highest (a :: k) p) with
    | true =>
      rw [untouched_right _ _ (from_high (vals v (a :: k)) p) (lowest_le v (a :: k) p p (Nat.le_refl p))
        (le_highest v (a :: k) p p (Nat.le_refl p)) m.memory e]
      exact constant_right v 8 0
    | false =>
      show vals v (chosen t a 8 (computed (2 * p + 1) fun q => first_of t m k q)
        (computed (2 * p) fun q => first_of t m k q)) = word 8 (first_byte m.memory (from_high (vals v k) (bit (ev v a) + 2 * p)))
      rw [chosen_right v t o, computed_eq, computed_eq, first_right v t o m k, first_right v t o m k, word_fit, word_fit]
      cases ev v a with
      | false =>
        show word 8 (first_byte m.memory (from_high (vals v k) (2 * p)))
          = word 8 (first_byte m.memory (from_high (vals v k) (0 + 2 * p)))
        rw [Nat.zero_add]
      | true =>
        show word 8 (first_byte m.memory (from_high (vals v k) (2 * p + 1)))
          = word 8 (first_byte m.memory (from_high (vals v k) (1 + 2 * p)))
        rw [Nat.add_comm]

/- ---- bytes ---- -/

/- Whether a bit of one is the opposite of that of the other. -/
def apart : List Lit → List Lit → Bool
  | a :: x, b :: y => cond (same a (inv b)) true (apart x y)
  | _, _ => false
theorem apart_right (v : Assignment) : ∀ x y : List Lit, apart x y = true →
    Nat.beq (number (vals v x)) (number (vals v y)) = false
  | [], _, h => not_true_of_false h
  | _ :: _, [], h => not_true_of_false h
  | a :: x, b :: y, h => by
    have h' : cond (same a (inv b)) true (apart x y) = true := h
    show Nat.beq (bit (ev v a) + 2 * number (vals v x)) (bit (ev v b) + 2 * number (vals v y)) = false
    rw [beq_step]
    cases e : same a (inv b) with
    | true =>
      rw [same_eq _ _ e, ev_inv]
      cases ev v b <;> exact rfl
    | false =>
      rw [e] at h'
      rw [apart_right v x y h']
      cases xor (ev v a) (ev v b) <;> exact rfl

def byte_at_of (t : Gates) (m : Module) : List (Write Lit) → List Lit → List Lit
  | [], a => first_of t m (reversed a []) 0
  | w :: k, a => cond (apart w.address a) (byte_at_of t m k a)
      (known (equals t w.address a w.on) fun c => chosen t c 8 w.byte (byte_at_of t m k a))
theorem byte_at_fit (m : Module) (a : Word) : ∀ k, fit false 8 (byte_at m k a) = byte_at m k a
  | [] => word_fit 8 _
  | w :: k => by
    show fit false 8 (cond (and w.on (Nat.beq (number w.address) (number a))) (fit false 8 w.byte) (byte_at m k a))
      = cond (and w.on (Nat.beq (number w.address) (number a))) (fit false 8 w.byte) (byte_at m k a)
    cases and w.on (Nat.beq (number w.address) (number a)) with
    | true => exact fit_again false false 8 w.byte
    | false => exact byte_at_fit m a k
theorem byte_at_right (v : Assignment) (t : Gates) (o : obeys v t) (m : Module) (a : List Lit) : ∀ k : List (Write Lit),
    vals v (byte_at_of t m k a) = byte_at m (writes v k) (vals v a)
  | [] => by
    show vals v (first_of t m (reversed a []) 0) = word 8 (first_byte m.memory (number (vals v a)))
    rw [first_right v t o, vals_turned]
    show word 8 (first_byte m.memory (from_high (reversed (vals v a) []) 0)) = _
    rw [from_high_reversed]
    exact rfl
  | w :: k => by
    show vals v (cond (apart w.address a) (byte_at_of t m k a)
      (known (equals t w.address a w.on) fun c => chosen t c 8 w.byte (byte_at_of t m k a)))
      = byte_at m (cond (ev v w.on) (⟨true, vals v w.address, vals v w.byte⟩ :: writes v k) (writes v k)) (vals v a)
    have behind : byte_at m (cond (ev v w.on) (⟨true, vals v w.address, vals v w.byte⟩ :: writes v k) (writes v k))
        (vals v a) = cond (and (ev v w.on) (Nat.beq (number (vals v w.address)) (number (vals v a))))
          (fit false 8 (vals v w.byte)) (byte_at m (writes v k) (vals v a)) := by
      cases ev v w.on <;> exact rfl
    rw [behind]
    cases e : apart w.address a with
    | true =>
      rw [apart_right v _ _ e, ← byte_at_right v t o m a k]
      cases ev v w.on <;> exact rfl
    | false =>
      show vals v (known (equals t w.address a w.on) fun c => chosen t c 8 w.byte (byte_at_of t m k a)) = _
      rw [known_eq, chosen_right v t o, equals_right v t o, byte_at_right v t o m a k, byte_at_fit]

def place_of (t : Gates) (a : List Lit) (offset : Nat) : List Lit := sums t 32 a (constant 32 offset) Lit.no
theorem place_right (v : Assignment) (t : Gates) (o : obeys v t) (a : List Lit) (offset : Nat) :
    vals v (place_of t a offset) = place (vals v a) offset := by
  have none_carried : bit (ev v Lit.no) = 0 := rfl
  unfold place_of place
  rw [sums_right v t o, constant_right, none_carried, Nat.add_zero, word_add_low]

def loaded_of (t : Gates) (m : Module) (k : List (Write Lit)) (a : List Lit) : Nat → Nat → List Lit
  | _, 0 => []
  | offset, n + 1 => join (known_all (place_of t a offset) fun p => byte_at_of t m k p)
      (loaded_of t m k a (Nat.succ offset) n)
theorem loaded_right (v : Assignment) (t : Gates) (o : obeys v t) (m : Module) (k : List (Write Lit)) (a : List Lit) :
    ∀ offset n : Nat, vals v (loaded_of t m k a offset n) = loaded m (writes v k) (vals v a) offset n
  | _, 0 => rfl
  | offset, n + 1 => by
    show vals v (join (known_all (place_of t a offset) fun p => byte_at_of t m k p)
      (loaded_of t m k a (Nat.succ offset) n)) = join (byte_at m (writes v k) (place (vals v a) offset)) _
    rw [vals_append, known_all_eq, byte_at_right v t o, place_right v t o, loaded_right v t o m k a (Nat.succ offset) n]
def stored_of (t : Gates) (a : List Lit) : Nat → Nat → List Lit → List (Write Lit) → List (Write Lit)
  | _, 0, _, k => k
  | offset, n + 1, x, k => known_all (place_of t a offset) fun p => known_all (fit Lit.no 8 x) fun b =>
    stored_of t a (Nat.succ offset) n (dropped 8 x) (⟨Lit.yes, p, b⟩ :: k)
theorem stored_right (v : Assignment) (t : Gates) (o : obeys v t) (a : List Lit) :
    ∀ (offset n : Nat) (x : List Lit) (k : List (Write Lit)),
    writes v (stored_of t a offset n x k) = stored (vals v a) offset n (vals v x) (writes v k)
  | _, 0, _, _ => rfl
  | offset, n + 1, x, k => by
    show writes v (known_all (place_of t a offset) fun p => known_all (fit Lit.no 8 x) fun b =>
      stored_of t a (Nat.succ offset) n (dropped 8 x) (⟨Lit.yes, p, b⟩ :: k)) = stored (vals v a) (Nat.succ offset) n
        (dropped 8 (vals v x)) (⟨true, place (vals v a) offset, fit (ev v Lit.no) 8 (vals v x)⟩ :: writes v k)
    rw [known_all_eq, known_all_eq, stored_right v t o a (Nat.succ offset) n, vals_behind, ← place_right v t o, fit_vals]
    exact rfl

/- ---- rows ---- -/

/- A number that is at least the one that bits stand for. -/
def most : List Lit → Nat
  | [] => 0
  | a :: x => cond (same a Lit.no) (2 * most x) (2 * most x + 1)
theorem le_most (v : Assignment) : ∀ x : List Lit, number (vals v x) ≤ most x
  | [] => Nat.le_refl 0
  | a :: x => by
    show bit (ev v a) + 2 * number (vals v x) ≤ cond (same a Lit.no) (2 * most x) (2 * most x + 1)
    have h := twice_le (le_most v x)
    cases e : same a Lit.no with
    | true =>
      rw [same_eq _ _ e]
      show 0 + 2 * number (vals v x) ≤ 2 * most x
      rw [Nat.zero_add]
      exact h
    | false =>
      show bit (ev v a) + 2 * number (vals v x) ≤ 2 * most x + 1
      rw [Nat.add_comm]
      cases ev v a with
      | false => exact Nat.le_trans h (Nat.le_add_right _ 1)
      | true => exact Nat.succ_le_succ h
/- Whether i is below the number that bits stand for. -/
def below (t : Gates) (i : Nat) (n : List Lit) : Lit := ordered t (exact_bits i) n Lit.no
theorem below_right (v : Assignment) (t : Gates) (o : obeys v t) (i : Nat) (n : List Lit) :
    ev v (below t i n) = Nat.ble (i + 1) (number (vals v n)) := by
  unfold below
  rw [ordered_right v t o, exact_right]
  exact rfl
theorem le_of_not_next (i n : Nat) (e : Nat.ble (i + 1) n = false) : n ≤ i := Nat.le_of_succ_le_succ (ble_else _ _ e)

def row_of (t : Gates) (a n : List Lit) (f : Nat → List Lit) : Nat → List (Write Lit) → List (Write Lit)
  | 0, k => k
  | i + 1, k => known (below t i n) fun c => known_all (place_of t a i) fun p => known_all (f i) fun b =>
    ⟨c, p, b⟩ :: row_of t a n f i k
theorem all_of_row (v : Assignment) (t : Gates) (o : obeys v t) (a n : List Lit) (f : Nat → List Lit) (F : Nat → Word)
    (h : ∀ i, vals v (f i) = F i) (k : List (Write Lit)) : ∀ i : Nat, i ≤ number (vals v n) →
    writes v (row_of t a n f i k) = row (vals v a) F i (writes v k)
  | 0, _ => rfl
  | i + 1, le => by
    show writes v (known (below t i n) fun c => known_all (place_of t a i) fun p => known_all (f i) fun b =>
      ⟨c, p, b⟩ :: row_of t a n f i k) = ⟨true, place (vals v a) i, F i⟩ :: row (vals v a) F i (writes v k)
    rw [known_eq, known_all_eq, known_all_eq, ← all_of_row v t o a n f F h k i (Nat.le_of_succ_le le),
      ← place_right v t o, ← h]
    show cond (ev v (below t i n)) _ _ = _
    rw [below_right v t o, true_ble le]
    exact rfl
theorem row_right (v : Assignment) (t : Gates) (o : obeys v t) (a n : List Lit) (f : Nat → List Lit) (F : Nat → Word)
    (h : ∀ i, vals v (f i) = F i) (k : List (Write Lit)) : ∀ i : Nat, number (vals v n) ≤ i →
    writes v (row_of t a n f i k) = row (vals v a) F (number (vals v n)) (writes v k)
  | 0, le => by
    rw [Nat.le_antisymm le (Nat.zero_le _)]
    exact rfl
  | i + 1, le => by
    cases e : Nat.ble (i + 1) (number (vals v n)) with
    | true =>
      rw [all_of_row v t o a n f F h k (i + 1) (ble_true e), Nat.le_antisymm le (ble_true e)]
    | false =>
      rw [← row_right v t o a n f F h k i (le_of_not_next _ _ e)]
      show writes v (known (below t i n) fun c => known_all (place_of t a i) fun p => known_all (f i) fun b =>
        ⟨c, p, b⟩ :: row_of t a n f i k) = _
      rw [known_eq, known_all_eq, known_all_eq]
      show cond (ev v (below t i n)) _ _ = _
      rw [below_right v t o, e]
      exact rfl

end Isotrace.Bits
