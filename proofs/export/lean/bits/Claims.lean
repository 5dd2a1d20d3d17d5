/- Circuits of claims about functions, and that a refutation of one proves the claim. -/
import Isotrace.Bits.Paths
import Isotrace.Bits.Refutation
namespace Isotrace.Bits

/- ---- every assignment of the inputs extends to the gates ---- -/

def gate_value (v : Assignment) (g : Gate) : Bool :=
  cond g.is_xor (xor (ev v g.a) (ev v g.b)) (and (ev v g.a) (ev v g.b))
def with_gate (v : Assignment) (g : Gate) : Assignment := fun i => cond (Nat.beq i g.out) (gate_value v g) (v i)
def simulated : Gates → Assignment → Assignment
  | Gates.tip, v => v
  | Gates.node l _ g r, v => simulated r (with_gate (simulated l v) g)

/- Whether a literal has a variable below n. -/
def earlier (n : Nat) : Lit → Bool
  | Lit.no => true
  | Lit.yes => true
  | Lit.pos i => Nat.ble (i + 1) n
  | Lit.neg i => Nat.ble (i + 1) n
  | _ => false
/- Whether gates come one after the other, from variable n on, with operands before them; what follows. -/
def in_order : Gates → Nat → Option Nat
  | Gates.tip, n => some n
  | Gates.node l _ g r, n => given none (fun k => cond (Nat.ble k g.out)
      (cond (earlier g.out g.a) (cond (earlier g.out g.b) (in_order r (Nat.succ g.out)) none) none) none)
      (in_order l n)

theorem ev_earlier (v w : Assignment) (n : Nat) (h : ∀ i, i < n → v i = w i) (a : Lit)
    (g : earlier n a = true) : ev v a = ev w a := by
  cases a with
  | no => exact rfl
  | yes => exact rfl
  | pos i => exact h i (Nat.le_of_ble_eq_true g)
  | neg i => exact congrArg not (h i (Nat.le_of_ble_eq_true g))
  | _ => exact not_true_of_false g
theorem with_gate_other (v : Assignment) (g : Gate) (i : Nat) (h : i < g.out) : with_gate v g i = v i := by
  show cond (Nat.beq i g.out) (gate_value v g) (v i) = v i
  cases e : Nat.beq i g.out with
  | false => exact rfl
  | true =>
    rw [beq_eq i g.out e] at h
    exact absurd h (Nat.lt_irrefl g.out)

theorem in_order_right : ∀ (t : Gates) (n k : Nat), in_order t n = some k →
    n ≤ k ∧ (∀ v i, i < n → simulated t v i = v i) ∧
      (∀ v w, (∀ i, i < k → w i = simulated t v i) → obeys w t)
  | Gates.tip, n, k, h => by
    injection h with h
    rw [← h]
    exact ⟨Nat.le_refl n, fun _ _ _ => rfl, fun _ _ _ => trivial⟩
  | Gates.node l x g r, n, k, h => by
    obtain ⟨m, hm, h⟩ := given_some h
    obtain ⟨nm, lkeep, lobey⟩ := in_order_right l n m hm
    have h' : cond (Nat.ble m g.out) (cond (earlier g.out g.a) (cond (earlier g.out g.b)
      (in_order r (Nat.succ g.out)) none) none) none = some k := h
    cases e1 : Nat.ble m g.out with
    | false => rw [e1] at h'; cases h'
    | true =>
    cases e2 : earlier g.out g.a with
    | false => rw [e1, e2] at h'; cases h'
    | true =>
    cases e3 : earlier g.out g.b with
    | false => rw [e1, e2, e3] at h'; cases h'
    | true =>
    rw [e1, e2, e3] at h'
    obtain ⟨ok, rkeep, robey⟩ := in_order_right r (Nat.succ g.out) k h'
    have mo : m ≤ g.out := Nat.le_of_ble_eq_true e1
    have out_k : g.out < k := ok
    refine ⟨Nat.le_trans nm (Nat.le_trans mo (Nat.le_of_lt out_k)), ?_, ?_⟩
    · intro v i hi
      have io : i < g.out := Nat.lt_of_lt_of_le hi (Nat.le_trans nm mo)
      show simulated r (with_gate (simulated l v) g) i = v i
      rw [rkeep _ i (Nat.lt_of_lt_of_le io (Nat.le_of_lt (Nat.lt_succ_self g.out))), with_gate_other _ g i io,
        lkeep v i hi]
    · intro v w hw
      have hw' : ∀ i, i < k → w i = simulated r (with_gate (simulated l v) g) i := hw
      have below : ∀ i, i < g.out → w i = simulated l v i := by
        intro i io
        rw [hw' i (Nat.lt_of_lt_of_le io (Nat.le_of_lt out_k)),
          rkeep _ i (Nat.lt_of_lt_of_le io (Nat.le_of_lt (Nat.lt_succ_self g.out))), with_gate_other _ g i io]
      refine ⟨lobey v w fun i hi => below i (Nat.lt_of_lt_of_le hi mo), ?_, robey _ w hw'⟩
      show w g.out = cond g.is_xor (xor (ev w g.a) (ev w g.b)) (and (ev w g.a) (ev w g.b))
      rw [ev_earlier w (simulated l v) g.out below g.a e2, ev_earlier w (simulated l v) g.out below g.b e3,
        hw' g.out out_k, rkeep _ g.out (Nat.lt_succ_self g.out)]
      show cond (Nat.beq g.out g.out) (gate_value (simulated l v) g) _ = _
      rw [beq_self]
      exact rfl

/- ---- inputs ---- -/

def word_from : Nat → Nat → List Lit
  | 0, _ => []
  | w + 1, n => Lit.pos n :: word_from w (Nat.succ n)
def inputs : List Width → Nat → List (List Lit)
  | [], _ => []
  | w :: ws, n => word_from (size w) n :: inputs ws (n + size w)
def inputs_end : List Width → Nat → Nat
  | [], n => n
  | w :: ws, n => inputs_end ws (n + size w)

def bits_of : List Word → Word
  | [] => []
  | x :: k => join x (bits_of k)
def nth : Nat → Word → Bool
  | _, [] => false
  | 0, b :: _ => b
  | n + 1, _ :: k => nth n k

theorem inputs_end_le : ∀ (ws : List Width) (n : Nat), n ≤ inputs_end ws n
  | [], n => Nat.le_refl n
  | w :: ws, n => Nat.le_trans (Nat.le_add_right n (size w)) (inputs_end_le ws (n + size w))
theorem word_from_right (v : Assignment) (e : Nat) : ∀ (x k : Word) (n : Nat), n + count x ≤ e →
    (∀ i, n + i < e → v (n + i) = nth i (join x k)) →
    vals v (word_from (count x) n) = x ∧ ∀ i, n + count x + i < e → v (n + count x + i) = nth i k
  | [], _, _, _, h => ⟨rfl, h⟩
  | b :: x, k, n, le, h => by
    have le' : Nat.succ n + count x ≤ e := by rw [Nat.succ_add]; exact le
    have shifted : ∀ i, Nat.succ n + i < e → v (Nat.succ n + i) = nth i (join x k) := by
      intro i hi
      rw [Nat.succ_add] at hi
      rw [Nat.succ_add]
      exact h (i + 1) hi
    obtain ⟨first_part, second_part⟩ := word_from_right v e x k (Nat.succ n) le' shifted
    refine ⟨?_, ?_⟩
    · show v n :: vals v (word_from (count x) (Nat.succ n)) = b :: x
      rw [first_part]
      have hn : v n = b := h 0 (Nat.lt_of_lt_of_le (Nat.lt_succ_of_le (Nat.le_add_right n (count x))) le)
      rw [hn]
    · intro i hi
      have e' : n + count (b :: x) = Nat.succ n + count x := (Nat.succ_add n (count x)).symm
      rw [e'] at hi
      rw [e']
      exact second_part i hi
theorem inputs_right (v : Assignment) (e : Nat) : ∀ (ws : List Width) (xs : List Word) (n : Nat),
    of_widths ws xs → inputs_end ws n ≤ e → (∀ i, n + i < e → v (n + i) = nth i (bits_of xs)) →
    vals_all v (inputs ws n) = xs
  | [], [], _, _, _, _ => rfl
  | [], _ :: _, _, t, _, _ => t.elim
  | _ :: _, [], _, t, _, _ => t.elim
  | w :: ws, x :: xs, n, t, le, h => by
    have c : count x = size w := t.1
    have le' : n + count x ≤ e := by
      rw [c]
      exact Nat.le_trans (inputs_end_le ws (n + size w)) le
    obtain ⟨one, others⟩ := word_from_right v e x (bits_of xs) n le' h
    rw [c] at one others
    show vals v (word_from (size w) n) :: vals_all v (inputs ws (n + size w)) = x :: xs
    rw [one, inputs_right v e ws xs (n + size w) t.2 le others]

/- ---- circuits of claims ---- -/

def globals_of : List (Width × Nat) → List (List Lit)
  | [] => []
  | g :: k => constant (size g.1) g.2 :: globals_of k
theorem globals_right (v : Assignment) : ∀ k, vals_all v (globals_of k) = first_globals k
  | [] => rfl
  | g :: k => by
    show vals v (constant (size g.1) g.2) :: vals_all v (globals_of k) = word (size g.1) g.2 :: first_globals k
    rw [globals_right v k, show vals v (constant (size g.1) g.2) = word (size g.1) g.2 from lits_right v _]

/- A call of function f of m with the inputs as its arguments. -/
def call_of (t : Gates) (ws : List Width) (m : Module) (n f : Nat) : Tree :=
  execute_of t m n (Instruction.call f) ⟨reversed (inputs ws 0) [], [], globals_of m.globals, []⟩
def call_behind_of (t : Gates) (ws : List Width) (m : Module) (n f : Nat) : End (State Lit) → Tree
  | End.normal s => execute_of t m n (Instruction.call f) ⟨join s.stack (reversed (inputs ws 0) []), [], s.globals, s.written⟩
  | _ => Tree.leaf End.unfinished

/- Literals of the ends of a tree, as one. -/
def folded (t : Gates) (f : End (State Lit) → Lit) : Tree → Lit
  | Tree.leaf e => f e
  | Tree.fork c yes no => known (folded t f yes) fun a => known (folded t f no) fun b => choose t c a b
theorem folded_right (v : Assignment) (t : Gates) (o : obeys v t) (f : End (State Lit) → Lit)
    (F : End (State Bool) → Bool) (h : ∀ e, ev v (f e) = F (ending v e)) : ∀ k : Tree,
    ev v (folded t f k) = F (found v k)
  | Tree.leaf e => h e
  | Tree.fork c yes no => by
    show ev v (known (folded t f yes) fun a => known (folded t f no) fun b => choose t c a b)
      = F (cond (ev v c) (found v yes) (found v no))
    rw [known_eq, known_eq, ev_choose v t o, folded_right v t o f F h yes, folded_right v t o f F h no]
    cases ev v c <;> exact rfl

/- What a claim about all arguments comes down to: all of them are inputs of the circuit, and its literal is true. -/
def proved (t : Gates) (ws : List Width) (good : Lit) : Prop :=
  ∀ xs, of_widths ws xs → ∃ v, obeys v t ∧ vals_all v (inputs ws 0) = xs ∧ ev v good = true

/- Whether gates come one after the other from the inputs on. -/
def follows_inputs (t : Gates) (ws : List Width) : Bool :=
  match in_order t (inputs_end ws 0) with
  | none => false
  | some _ => true
theorem extended (t : Gates) (ws : List Width) (h : follows_inputs t ws = true) (xs : List Word)
    (fits : of_widths ws xs) : ∃ v, obeys v t ∧ vals_all v (inputs ws 0) = xs := by
  unfold follows_inputs at h
  cases e : in_order t (inputs_end ws 0) with
  | none => rw [e] at h; exact not_true_of_false h
  | some k =>
    obtain ⟨_, keep, obey⟩ := in_order_right t _ k e
    refine ⟨simulated t fun i => nth i (bits_of xs), obey _ _ fun _ _ => rfl, ?_⟩
    refine inputs_right _ (inputs_end ws 0) ws xs 0 fits (Nat.le_refl _) ?_
    intro i hi
    rw [keep _ _ hi, Nat.zero_add]

theorem proved_by (t : Gates) (ws : List Width) (good : Lit) (h : follows_inputs t ws = true)
    (r : ∀ v, obeys v t → ev v (inv good) = false) : proved t ws good := by
  intro xs fits
  obtain ⟨v, o, hin⟩ := extended t ws h xs fits
  have g := r v o
  rw [ev_inv] at g
  refine ⟨v, o, hin, ?_⟩
  cases e : ev v good with
  | true => exact rfl
  | false => rw [e] at g; cases g

/- A circuit and a refutation of its negation. -/
noncomputable def certified (t : Gates) (ws : List Width) (steps : Steps) (good : Lit) : Bool :=
  and (follows_inputs t ws) (refuted t steps (inv good))
theorem certified_right (t : Gates) (ws : List Width) (steps : Steps) (good : Lit)
    (h : certified t ws steps good = true) : proved t ws good := by
  unfold certified at h
  cases e : follows_inputs t ws with
  | false => rw [e] at h; cases h
  | true =>
    rw [e] at h
    exact proved_by t ws good e fun v o => refuted_right v t o steps (inv good) h

theorem call_right (v : Assignment) (t : Gates) (o : obeys v t) (ws : List Width) (m : Module) (n f : Nat)
    (xs : List Word) (h : vals_all v (inputs ws 0) = xs) : found v (call_of t ws m n f) = call m n f xs := by
  show found v (execute_of t m n (Instruction.call f) ⟨reversed (inputs ws 0) [], [], globals_of m.globals, []⟩) = _
  rw [execute_right v t o]
  show execute m n (Instruction.call f) ⟨vals_all v (reversed (inputs ws 0) []), [],
    vals_all v (globals_of m.globals), []⟩ = _
  rw [vals_reversed, h, globals_right]
  exact rfl

/- ---- what is assumed ---- -/

/- That an argument is not assumed, or a claim about it. -/
def assuming (t : Gates) (m : Module) (n f : Nat) (a : Option Nat) (good : Lit) : Lit :=
  given good (fun a => known (folded t (admitted Lit.no Lit.yes fun x => inv (is_zero t x))
    (call_of t (parameters_of m f) m n a)) fun c => either t (inv c) good) a
theorem admitted_vals (v : Assignment) (f : List Lit → Lit) (F : Word → Bool) (h : ∀ x, ev v (f x) = F (vals v x))
    (e : End (State Lit)) : ev v (admitted Lit.no Lit.yes f e) = admitted false true F (ending v e) := by
  cases e with
  | normal s =>
    obtain ⟨stack, locals, globals, written⟩ := s
    cases stack with
    | nil => exact rfl
    | cons x k =>
      cases k with
      | nil => exact h x
      | cons y k => exact rfl
  | _ => exact rfl
theorem assuming_right (t : Gates) (m : Module) (n f : Nat) (a : Option Nat) (good : Lit)
    (h : proved t (parameters_of m f) (assuming t m n f a good)) (xs : List Word) (fits : takes m f xs)
    (may : assumed m a xs) : ∃ v, obeys v t ∧ vals_all v (inputs (parameters_of m f) 0) = xs ∧ ev v good = true := by
  obtain ⟨v, o, hin, g⟩ := h xs fits
  refine ⟨v, o, hin, ?_⟩
  cases a with
  | none => exact g
  | some a =>
    have g' : ev v (known (folded t (admitted Lit.no Lit.yes fun x => inv (is_zero t x))
      (call_of t (parameters_of m f) m n a)) fun c => either t (inv c) good) = true := g
    have called := folded_right v t o (admitted Lit.no Lit.yes fun x => inv (is_zero t x))
      (admitted false true fun x => not (zero x))
      (admitted_vals v _ (fun x => not (zero x)) fun x => by rw [ev_inv, is_zero_right v t o])
      (call_of t (parameters_of m f) m n a)
    rw [call_right v t o (parameters_of m f) m n a xs hin] at called
    have yes : admitted false true (fun x => not (zero x)) (call m n a xs) = true := may n
    rw [known_eq, ev_either v t o, ev_inv, called, yes] at g'
    exact g'

/- ---- the claims ---- -/

def returns {A : Type} (no yes : A) : End (State A) → A
  | End.normal _ => yes
  | _ => no
def good_never_traps (t : Gates) (m : Module) (n f : Nat) : Lit :=
  folded t (returns Lit.no Lit.yes) (call_of t (parameters_of m f) m n f)
theorem certified_never_traps (t : Gates) (m : Module) (n f : Nat) (a : Option Nat)
    (h : proved t (parameters_of m f) (assuming t m n f a (good_never_traps t m n f))) : never_traps m f a := by
  intro xs fits may
  obtain ⟨v, o, hin, good⟩ := assuming_right t m n f a _ h xs fits may
  have each_end : ∀ e : End (State Lit), ev v (returns Lit.no Lit.yes e) = returns false true (ending v e) := by
    intro e
    cases e <;> exact rfl
  have g : returns false true (call m n f xs) = true := by
    rw [← call_right v t o (parameters_of m f) m n f xs hin]
    exact (folded_right v t o (returns Lit.no Lit.yes) (returns false true) each_end
      (call_of t (parameters_of m f) m n f)).symm.trans good
  refine ⟨n, ?_⟩
  cases e : call m n f xs with
  | normal s => exact ⟨s, rfl⟩
  | _ => rw [e] at g; cases g

/- The value that a call returns, if it is one. -/
def single {A R : Type} (no : R) (f : List A → R) : End (State A) → R
  | End.normal s => match s.stack with
    | [x] => f x
    | _ => no
  | _ => no
theorem single_vals (v : Assignment) (f : List Lit → Lit) (F : Word → Bool) (h : ∀ x, ev v (f x) = F (vals v x))
    (e : End (State Lit)) : ev v (single Lit.no f e) = single false F (ending v e) := by
  cases e with
  | normal s =>
    obtain ⟨stack, locals, globals, written⟩ := s
    cases stack with
    | nil => exact rfl
    | cons x k =>
      cases k with
      | nil => exact h x
      | cons y k => exact rfl
  | _ => exact rfl
theorem single_true (F : Word → Bool) (e : End (State Bool)) (h : single false F e = true) :
    ∃ s x, e = End.normal s ∧ s.stack = [x] ∧ F x = true := by
  cases e with
  | normal s =>
    obtain ⟨stack, locals, globals, written⟩ := s
    cases stack with
    | nil => cases h
    | cons x k =>
      cases k with
      | nil => exact ⟨_, x, rfl, rfl, h⟩
      | cons y k => cases h
  | _ => cases h

def within (low high : Nat) (x : Word) : Bool := and (Nat.ble low (number x)) (Nat.ble (number x) high)
def within_of (t : Gates) (low high : Nat) (x : List Lit) : Lit :=
  known (ordered t (constant 64 low) x Lit.yes) fun a => known (ordered t x (constant 64 high) Lit.yes) fun b =>
  both t a b
/- Numbers that 64 bits hold. -/
def holds_in_64 (n : Nat) : Bool := Nat.beq (number (word 64 n)) n
theorem within_right (v : Assignment) (t : Gates) (o : obeys v t) (low high : Nat) (hl : holds_in_64 low = true)
    (hh : holds_in_64 high = true) (x : List Lit) : ev v (within_of t low high x) = within low high (vals v x) := by
  unfold within_of
  rw [known_eq, known_eq, ev_both v t o, ordered_right v t o, ordered_right v t o,
    show vals v (constant 64 low) = word 64 low from lits_right v _,
    show vals v (constant 64 high) = word 64 high from lits_right v _, beq_eq _ _ hl, beq_eq _ _ hh]
  exact rfl
theorem within_true (low high : Nat) (x : Word) (h : within low high x = true) :
    Nat.ble low (number x) = true ∧ Nat.ble (number x) high = true := by
  unfold within at h
  cases a : Nat.ble low (number x) with
  | false => rw [a] at h; cases h
  | true => rw [a] at h; exact ⟨rfl, h⟩

def good_range (t : Gates) (m : Module) (n f low high : Nat) : Lit :=
  folded t (single Lit.no (within_of t low high)) (call_of t (parameters_of m f) m n f)
def good_signed_range (t : Gates) (m : Module) (n f low high : Nat) : Lit :=
  folded t (single Lit.no fun x => within_of t low high (raised_of x)) (call_of t (parameters_of m f) m n f)
theorem certified_in_range (t : Gates) (m : Module) (n f : Nat) (a : Option Nat) (low high : Nat)
    (hl : holds_in_64 low = true) (hh : holds_in_64 high = true)
    (h : proved t (parameters_of m f) (assuming t m n f a (good_range t m n f low high))) : in_range m f a low high := by
  intro xs fits may
  obtain ⟨v, o, hin, good⟩ := assuming_right t m n f a _ h xs fits may
  have g : single false (within low high) (call m n f xs) = true := by
    rw [← call_right v t o (parameters_of m f) m n f xs hin, ← good]
    exact (folded_right v t o _ (single false (within low high))
      (single_vals v _ _ (within_right v t o low high hl hh)) _).symm
  obtain ⟨s, x, e, hs, hx⟩ := single_true _ _ g
  exact ⟨n, s, x, e, hs, within_true low high x hx⟩
theorem certified_in_signed_range (t : Gates) (m : Module) (n f : Nat) (a : Option Nat) (low high : Nat)
    (hl : holds_in_64 low = true) (hh : holds_in_64 high = true)
    (h : proved t (parameters_of m f) (assuming t m n f a (good_signed_range t m n f low high))) :
    in_signed_range m f a low high := by
  intro xs fits may
  obtain ⟨v, o, hin, good⟩ := assuming_right t m n f a _ h xs fits may
  have g : single false (fun x => within low high (raised x)) (call m n f xs) = true := by
    rw [← call_right v t o (parameters_of m f) m n f xs hin, ← good]
    refine (folded_right v t o _ (single false fun x => within low high (raised x))
      (single_vals v _ _ fun x => ?_) _).symm
    rw [within_right v t o low high hl hh, raised_right]
  obtain ⟨s, x, e, hs, hx⟩ := single_true _ _ g
  exact ⟨n, s, x, e, hs, within_true low high (raised x) hx⟩

/- Whether two words, or two lists of them, are the same. -/
def same_bits : Word → Word → Bool
  | [], [] => true
  | a :: x, b :: y => and (not (xor a b)) (same_bits x y)
  | _, _ => false
def same_words : List Word → List Word → Bool
  | [], [] => true
  | x :: k, y :: l => and (same_bits x y) (same_words k l)
  | _, _ => false
def same_bits_of (t : Gates) : List Lit → List Lit → Lit
  | [], [] => Lit.yes
  | a :: x, b :: y => known (differ t a b) fun d => known (same_bits_of t x y) fun e => both t (inv d) e
  | _, _ => Lit.no
def same_words_of (t : Gates) : List (List Lit) → List (List Lit) → Lit
  | [], [] => Lit.yes
  | x :: k, y :: l => known (same_bits_of t x y) fun d => known (same_words_of t k l) fun e => both t d e
  | _, _ => Lit.no
theorem and_true_both {a b : Bool} (h : and a b = true) : a = true ∧ b = true := by
  cases a with
  | false => cases h
  | true => exact ⟨rfl, h⟩
theorem same_bits_eq : ∀ x y : Word, same_bits x y = true → x = y
  | [], [], _ => rfl
  | [], _ :: _, h => not_true_of_false h
  | _ :: _, [], h => not_true_of_false h
  | a :: x, b :: y, h => by
    obtain ⟨h1, h2⟩ := and_true_both h
    rw [same_bits_eq x y h2]
    cases a <;> cases b
    · exact rfl
    · cases h1
    · cases h1
    · exact rfl
theorem same_words_eq : ∀ k l : List Word, same_words k l = true → k = l
  | [], [], _ => rfl
  | [], _ :: _, h => not_true_of_false h
  | _ :: _, [], h => not_true_of_false h
  | x :: k, y :: l, h => by
    obtain ⟨h1, h2⟩ := and_true_both h
    rw [same_bits_eq x y h1, same_words_eq k l h2]
theorem same_bits_right (v : Assignment) (t : Gates) (o : obeys v t) : ∀ x y : List Lit,
    ev v (same_bits_of t x y) = same_bits (vals v x) (vals v y)
  | [], [] => rfl
  | [], _ :: _ => rfl
  | _ :: _, [] => rfl
  | a :: x, b :: y => by
    show ev v (known (differ t a b) fun d => known (same_bits_of t x y) fun e => both t (inv d) e) = and _ (same_bits _ _)
    rw [known_eq, known_eq, ev_both v t o, ev_inv, ev_differ v t o, same_bits_right v t o x y]
theorem same_words_right (v : Assignment) (t : Gates) (o : obeys v t) : ∀ k l : List (List Lit),
    ev v (same_words_of t k l) = same_words (vals_all v k) (vals_all v l)
  | [], [] => rfl
  | [], _ :: _ => rfl
  | _ :: _, [] => rfl
  | x :: k, y :: l => by
    show ev v (known (same_bits_of t x y) fun d => known (same_words_of t k l) fun e => both t d e) = and (same_bits _ _) _
    rw [known_eq, known_eq, ev_both v t o, same_bits_right v t o, same_words_right v t o k l]

def agree {A : Type} (no yes : A) (f : List (List A) → List (List A) → A) : End (State A) → End (State A) → A
  | End.normal s, End.normal r => f s.stack r.stack
  | End.trap, End.trap => yes
  | _, _ => no
def good_equivalent (t : Gates) (m : Module) (n f : Nat) (k : Module) (g : Nat) : Lit :=
  folded t (fun d => folded t (fun e => agree Lit.no Lit.yes (same_words_of t) d e)
    (call_of t (parameters_of m f) k n g)) (call_of t (parameters_of m f) m n f)
theorem certified_equivalent (t : Gates) (m : Module) (n f : Nat) (k : Module) (g : Nat) (a : Option Nat)
    (h : proved t (parameters_of m f) (assuming t m n f a (good_equivalent t m n f k g))) : equivalent m f k g a := by
  intro xs fits may
  obtain ⟨v, o, hin, good⟩ := assuming_right t m n f a _ h xs fits may
  have pairs : ∀ d e, ev v (agree Lit.no Lit.yes (same_words_of t) d e)
      = agree false true same_words (ending v d) (ending v e) := by
    intro d e
    cases d with
    | normal s =>
      cases e with
      | normal r => exact same_words_right v t o s.stack r.stack
      | _ => exact rfl
    | trap => cases e <;> exact rfl
    | _ => cases e <;> exact rfl
  have a : agree false true same_words (call m n f xs) (call k n g xs) = true := by
    rw [← call_right v t o (parameters_of m f) m n f xs hin, ← call_right v t o (parameters_of m f) k n g xs hin]
    have inner : ∀ d, ev v (folded t (fun e => agree Lit.no Lit.yes (same_words_of t) d e)
        (call_of t (parameters_of m f) k n g))
        = agree false true same_words (ending v d) (found v (call_of t (parameters_of m f) k n g)) := fun d =>
      folded_right v t o (fun e => agree Lit.no Lit.yes (same_words_of t) d e)
        (fun e => agree false true same_words (ending v d) e) (pairs d) (call_of t (parameters_of m f) k n g)
    exact (folded_right v t o (fun d => folded t (fun e => agree Lit.no Lit.yes (same_words_of t) d e)
      (call_of t (parameters_of m f) k n g)) (fun d => agree false true same_words d
      (found v (call_of t (parameters_of m f) k n g))) inner (call_of t (parameters_of m f) m n f)).symm.trans good
  refine ⟨n, ?_⟩
  cases e1 : call m n f xs with
  | normal s =>
    cases e2 : call k n g xs with
    | normal r =>
      rw [e1, e2] at a
      exact Or.inl ⟨s, r, rfl, rfl, same_words_eq _ _ a⟩
    | _ => rw [e1, e2] at a; cases a
  | trap =>
    cases e2 : call k n g xs with
    | trap => exact Or.inr ⟨rfl, rfl⟩
    | _ => rw [e1, e2] at a; cases a
  | _ => rw [e1] at a; cases e2 : call k n g xs <;> rw [e2] at a <;> cases a

def good_ensures (t : Gates) (m : Module) (n f g : Nat) : Lit :=
  folded t (single Lit.no fun x => inv (is_zero t x))
    (follow t (call_behind_of t (parameters_of m f) m n g) (call_of t (parameters_of m f) m n f))
theorem certified_ensures (t : Gates) (m : Module) (n f g : Nat) (a : Option Nat)
    (h : proved t (parameters_of m f) (assuming t m n f a (good_ensures t m n f g))) : ensures m f g a := by
  intro xs fits may
  obtain ⟨v, o, hin, good⟩ := assuming_right t m n f a _ h xs fits may
  let behind : End (State Bool) → End (State Bool) := fun e => match e with
    | End.normal s => call_behind m n g xs s
    | _ => End.unfinished
  have each_end : ∀ e, found v (call_behind_of t (parameters_of m f) m n g e) = behind (ending v e) := by
    intro e
    cases e with
    | normal s =>
      show found v (execute_of t m n (Instruction.call g)
        ⟨join s.stack (reversed (inputs (parameters_of m f) 0) []), [], s.globals, s.written⟩) = _
      rw [execute_right v t o]
      show execute m n (Instruction.call g) ⟨vals_all v (join s.stack (reversed (inputs (parameters_of m f) 0) [])), [],
        vals_all v s.globals, writes v s.written⟩ = execute m n (Instruction.call g)
        ⟨join (vals_all v s.stack) (reversed xs []), [], vals_all v s.globals, writes v s.written⟩
      rw [vals_join, vals_reversed, hin]
      exact rfl
    | _ => exact rfl
  have a : single false (fun x => not (zero x)) (behind (call m n f xs)) = true := by
    rw [← call_right v t o (parameters_of m f) m n f xs hin,
      ← follow_right v t o _ behind each_end (call_of t (parameters_of m f) m n f), ← good]
    refine (folded_right v t o _ (single false fun x => not (zero x)) (single_vals v _ _ fun x => ?_) _).symm
    rw [ev_inv, is_zero_right v t o]
  obtain ⟨r, x, e, hr, hx⟩ := single_true _ _ a
  have nonzero : zero x = false := by
    cases z : zero x with
    | false => exact rfl
    | true => rw [z] at hx; cases hx
  cases e1 : call m n f xs with
  | normal s =>
    rw [e1] at e
    exact ⟨n, s, r, x, e1, e, hr, nonzero⟩
  | _ => rw [e1] at e; cases e

/- ---- data of certificates, packed into numbers ---- -/

def lit_of_code (n : Nat) : Lit :=
  computed (n / 2) fun i => cond (odd n) (Lit.neg i) (Lit.pos i)
/- A gate in 48 bits: the code of its first operand, one bit that says whether it is an xor, the code of its
   later operand plus 1 (24 bits). -/
def gate_at (below : Gates) (out gate : Nat) (above : Gates) : Gates :=
  computed (gate % 16777216 - 1) fun b => computed (gate / 33554432) fun a =>
  known (lit_of_code a) fun x => known (lit_of_code b) fun y =>
  let is_xor := odd (gate / 16777216)
  Gates.node below (key b a is_xor) ⟨is_xor, x, y, out⟩ above
/- Up to 2^d - 1 gates from a number, the first one lowest, with variables from `out` on. -/
def gates_of : Nat → Nat → Nat → Gates
  | 0, _, _ => Gates.tip
  | d + 1, out, data =>
    cond (Nat.beq data 0) Gates.tip
    (computed (Nat.pow 2 d - 1) fun before =>
      computed (Nat.shiftRight data (48 * before)) fun behind =>
      computed (behind % 281474976710656) fun gate => computed (out + before) fun o =>
      cond (Nat.beq gate 0) (gates_of d out data)
        (gate_at (gates_of d out (data % Nat.pow 2 (48 * before))) o gate
          (gates_of d (Nat.succ o) (Nat.shiftRight behind 48))))
/- Numbers of 24 bits, each one more than what is meant, up to the end. -/
def numbers_of : Nat → Nat → List Nat
  | 0, _ => []
  | fuel + 1, data => cond (Nat.beq data 0) [] (computed (data % 16777216 - 1) fun n =>
      computed (Nat.shiftRight data 24) fun data => n :: numbers_of fuel data)
def clause_from (data : Nat) : Clause := lits (numbers_of 1000000 data)
where
  lits : List Nat → Clause
    | [] => []
    | n :: k => lit_of_code n :: lits k
def step (before : Steps) (number clause hints : Nat) (behind : Steps) : Steps :=
  Steps.node before number (clause_from clause) (numbers_of 1000000 hints) behind

end Isotrace.Bits
