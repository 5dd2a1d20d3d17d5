/- Literals of a circuit and its gates. The gates are a table of hints: whoever needs one looks it up, and what
   is found is compared, so that nothing has to be known of how the table was made. -/
import Isotrace.Bits.Wasm
namespace Isotrace.Bits

/- ---- numbers and their halves ---- -/

theorem not_true_of_false {P : Prop} (h : false = true) : P := by cases h

theorem div_fuel (p : 0 < 2) : ∀ (f g x : Nat) (hf : x < f) (hg : x < g),
    Nat.div.go 2 p f x hf = Nat.div.go 2 p g x hg
  | 0, _, x, hf, _ => absurd hf (Nat.not_lt_zero x)
  | _ + 1, 0, x, _, hg => absurd hg (Nat.not_lt_zero x)
  | _ + 1, _ + 1, 0, _, _ => rfl
  | _ + 1, _ + 1, 1, _, _ => rfl
  | f + 1, g + 1, x + 2, hf, hg =>
    have a : x < f := Nat.lt_of_succ_lt (Nat.lt_of_succ_lt_succ hf)
    have b : x < g := Nat.lt_of_succ_lt (Nat.lt_of_succ_lt_succ hg)
    show Nat.succ (Nat.div.go 2 p f x a) = Nat.succ (Nat.div.go 2 p g x b) from
      congrArg Nat.succ (div_fuel p f g x a b)
theorem half_step (n : Nat) : (n + 2) / 2 = n / 2 + 1 := by
  have p : 0 < 2 := Nat.zero_lt_succ 1
  have a : n < n + 2 := Nat.lt_succ_of_lt (Nat.lt_succ_self n)
  have b : n < n + 1 := Nat.lt_succ_self n
  have left : (n + 2) / 2 = Nat.succ (Nat.div.go 2 p (n + 2) n a) := by with_unfolding_all exact rfl
  have right : n / 2 = Nat.div.go 2 p (n + 1) n b := by with_unfolding_all exact rfl
  rw [left, right]
  exact congrArg Nat.succ (div_fuel p (n + 2) (n + 1) n a b)

theorem half_twice : ∀ n, (2 * n) / 2 = n
  | 0 => rfl
  | n + 1 => (half_step (2 * n)).trans (congrArg Nat.succ (half_twice n))
theorem half_twice_one : ∀ n, (2 * n + 1) / 2 = n
  | 0 => rfl
  | n + 1 => (half_step (2 * n + 1)).trans (congrArg Nat.succ (half_twice_one n))
theorem half_bit (b : Bool) (n : Nat) : (bit b + 2 * n) / 2 = n := by
  cases b with
  | false =>
    show (0 + 2 * n) / 2 = n
    rw [Nat.zero_add, half_twice]
  | true =>
    show (1 + 2 * n) / 2 = n
    rw [Nat.add_comm, half_twice_one]
theorem beq_self : ∀ n, Nat.beq n n = true
  | 0 => rfl
  | n + 1 => beq_self n
theorem beq_next : ∀ n, Nat.beq n (n + 1) = false
  | 0 => rfl
  | n + 1 => beq_next n
theorem beq_eq : ∀ i j : Nat, Nat.beq i j = true → i = j
  | 0, 0, _ => rfl
  | 0, _ + 1, h => not_true_of_false h
  | _ + 1, 0, h => not_true_of_false h
  | i + 1, j + 1, h => congrArg Nat.succ (beq_eq i j h)
theorem odd_bit (b : Bool) (n : Nat) : odd (bit b + 2 * n) = b := by
  show Nat.beq (bit b + 2 * n) (2 * ((bit b + 2 * n) / 2) + 1) = b
  rw [half_bit]
  cases b with
  | false =>
    show Nat.beq (0 + 2 * n) (2 * n + 1) = false
    rw [Nat.zero_add, beq_next]
  | true =>
    show Nat.beq (1 + 2 * n) (2 * n + 1) = true
    rw [Nat.add_comm, beq_self]
theorem halves : ∀ n : Nat, ∃ b m, n = bit b + 2 * m
  | 0 => ⟨false, 0, rfl⟩
  | 1 => ⟨true, 0, rfl⟩
  | n + 2 => by
    obtain ⟨b, m, h⟩ := halves n
    refine ⟨b, m + 1, ?_⟩
    rw [h]
    exact rfl

/- ---- literals ---- -/

/- A variable or its opposite, or a constant. The last three name no gate: they are what a circuit has where
   the table lacks one, and no clause knows them. -/
inductive Lit where
  | no | yes
  | pos (v : Nat)
  | neg (v : Nat)
  | both (a b : Lit)
  | differ (a b : Lit)
  | inverse (a : Lit)

abbrev Assignment := Nat → Bool
def ev (v : Assignment) : Lit → Bool
  | Lit.no => false
  | Lit.yes => true
  | Lit.pos i => v i
  | Lit.neg i => not (v i)
  | Lit.both a b => and (ev v a) (ev v b)
  | Lit.differ a b => xor (ev v a) (ev v b)
  | Lit.inverse a => not (ev v a)

def inv : Lit → Lit
  | Lit.no => Lit.yes
  | Lit.yes => Lit.no
  | Lit.pos i => Lit.neg i
  | Lit.neg i => Lit.pos i
  | a => Lit.inverse a
theorem ev_inv (v : Assignment) (a : Lit) : ev v (inv a) = not (ev v a) := by
  cases a with
  | neg i => show v i = not (not (v i)); cases v i <;> exact rfl
  | _ => exact rfl

def same : Lit → Lit → Bool
  | Lit.no, Lit.no => true
  | Lit.yes, Lit.yes => true
  | Lit.pos i, Lit.pos j => Nat.beq i j
  | Lit.neg i, Lit.neg j => Nat.beq i j
  | _, _ => false
theorem same_eq : ∀ a b, same a b = true → a = b
  | Lit.no, Lit.no, _ => rfl
  | Lit.yes, Lit.yes, _ => rfl
  | Lit.pos i, Lit.pos j, h => congrArg Lit.pos (beq_eq i j h)
  | Lit.neg i, Lit.neg j, h => congrArg Lit.neg (beq_eq i j h)

/- Places of literals in the order of gates. -/
def code : Lit → Nat
  | Lit.pos i => 2 * i
  | Lit.neg i => 2 * i + 1
  | _ => 0

/- f of a literal that has been computed, not of how to compute it. -/
def known {A : Type} (a : Lit) (f : Lit → A) : A :=
  match a with
  | Lit.no => f Lit.no
  | Lit.yes => f Lit.yes
  | Lit.pos i => f (Lit.pos i)
  | Lit.neg i => f (Lit.neg i)
  | a => f a
theorem known_eq {A : Type} (a : Lit) (f : Lit → A) : known a f = f a := by cases a <;> exact rfl
/- The same of a number. -/
def computed {A : Type} (n : Nat) (f : Nat → A) : A :=
  match n with
  | 0 => f 0
  | Nat.succ n => f (Nat.succ n)
theorem computed_eq {A : Type} (n : Nat) (f : Nat → A) : computed n f = f n := by cases n <;> exact rfl

/- ---- gates ---- -/

/- out is a xor b, or else a and b. -/
structure Gate where
  is_xor : Bool
  a : Lit
  b : Lit
  out : Nat

/- A search tree, in ascending order of numbers and, as well, of keys. -/
inductive Gates where
  | tip
  | node (below : Gates) (key : Nat) (gate : Gate) (above : Gates)

def holds (v : Assignment) (g : Gate) : Prop :=
  v g.out = cond g.is_xor (xor (ev v g.a) (ev v g.b)) (and (ev v g.a) (ev v g.b))
def obeys (v : Assignment) : Gates → Prop
  | Gates.tip => True
  | Gates.node l _ g r => obeys v l ∧ holds v g ∧ obeys v r

def by_key (key : Nat) : Gates → Option Gate
  | Gates.tip => none
  | Gates.node l k g r => cond (Nat.beq key k) (some g) (cond (Nat.ble key k) (by_key key l) (by_key key r))
def by_out (out : Nat) : Gates → Option Gate
  | Gates.tip => none
  | Gates.node l _ g r => cond (Nat.beq out g.out) (some g) (cond (Nat.ble out g.out) (by_out out l) (by_out out r))

theorem by_key_holds (v : Assignment) (key : Nat) (g : Gate) : ∀ t, obeys v t → by_key key t = some g → holds v g
  | Gates.tip, _, h => by cases h
  | Gates.node l k x r, o, h => by
    have h' : cond (Nat.beq key k) (some x) (cond (Nat.ble key k) (by_key key l) (by_key key r)) = some g := h
    cases e : Nat.beq key k with
    | true =>
      rw [e] at h'
      injection h' with h'
      rw [← h']
      exact o.2.1
    | false =>
      rw [e] at h'
      cases f : Nat.ble key k with
      | true => rw [f] at h'; exact by_key_holds v key g l o.1 h'
      | false => rw [f] at h'; exact by_key_holds v key g r o.2.2 h'
theorem by_out_holds (v : Assignment) (out : Nat) (g : Gate) : ∀ t, obeys v t → by_out out t = some g → holds v g
  | Gates.tip, _, h => by cases h
  | Gates.node l k x r, o, h => by
    have h' : cond (Nat.beq out x.out) (some x) (cond (Nat.ble out x.out) (by_out out l) (by_out out r))
      = some g := h
    cases e : Nat.beq out x.out with
    | true =>
      rw [e] at h'
      injection h' with h'
      rw [← h']
      exact o.2.1
    | false =>
      rw [e] at h'
      cases f : Nat.ble out x.out with
      | true => rw [f] at h'; exact by_out_holds v out g l o.1 h'
      | false => rw [f] at h'; exact by_out_holds v out g r o.2.2 h'

/- Keys of gates: the later operand first. -/
def key (a b : Nat) (is_xor : Bool) : Nat := (a * 1073741824 + b) * 2 + bit is_xor

/- The gate of literals of which the second one comes later. -/
def named (t : Gates) (is_xor : Bool) (a b : Lit) (unnamed : Lit) : Lit :=
  match by_key (key (code b) (code a) is_xor) t with
  | none => unnamed
  | some g => cond (cond is_xor g.is_xor (not g.is_xor)) (cond (same g.a a) (cond (same g.b b) (Lit.pos g.out)
      unnamed) unnamed) unnamed

theorem named_and (v : Assignment) (t : Gates) (o : obeys v t) (a b : Lit) :
    ev v (named t false a b (Lit.both a b)) = and (ev v a) (ev v b) := by
  unfold named
  cases e : by_key (key (code b) (code a) false) t with
  | none => exact rfl
  | some g =>
    have h := by_key_holds v _ g t o e
    show ev v (cond (not g.is_xor) _ _) = _
    unfold holds at h
    cases x : g.is_xor with
    | true => exact rfl
    | false =>
      rw [x] at h
      cases sa : same g.a a with
      | false => exact rfl
      | true =>
        cases sb : same g.b b with
        | false => exact rfl
        | true =>
          rw [← same_eq _ _ sa, ← same_eq _ _ sb]
          exact h
theorem named_xor (v : Assignment) (t : Gates) (o : obeys v t) (a b : Lit) :
    ev v (named t true a b (Lit.differ a b)) = xor (ev v a) (ev v b) := by
  unfold named
  cases e : by_key (key (code b) (code a) true) t with
  | none => exact rfl
  | some g =>
    have h := by_key_holds v _ g t o e
    show ev v (cond g.is_xor _ _) = _
    unfold holds at h
    cases x : g.is_xor with
    | false => exact rfl
    | true =>
      rw [x] at h
      cases sa : same g.a a with
      | false => exact rfl
      | true =>
        cases sb : same g.b b with
        | false => exact rfl
        | true =>
          rw [← same_eq _ _ sa, ← same_eq _ _ sb]
          exact h

def both_of (t : Gates) (a b : Lit) : Lit :=
  cond (same a b) a (cond (same a (inv b)) Lit.no
    (cond (Nat.ble (code a) (code b)) (named t false a b (Lit.both a b)) (named t false b a (Lit.both b a))))
def both (t : Gates) (a b : Lit) : Lit :=
  match a with
  | Lit.no => Lit.no
  | Lit.yes => b
  | a => match b with
    | Lit.no => Lit.no
    | Lit.yes => a
    | b => both_of t a b
def either (t : Gates) (a b : Lit) : Lit := inv (both t (inv a) (inv b))

/- Xors are of plain variables. -/
def plain : Lit → Lit
  | Lit.neg i => Lit.pos i
  | a => a
def turned : Lit → Bool
  | Lit.neg _ => true
  | _ => false
def inv_if : Bool → Lit → Lit
  | true, a => inv a
  | false, a => a
def differ_of (t : Gates) (a b : Lit) : Lit :=
  cond (same a b) Lit.no
    (cond (Nat.ble (code a) (code b)) (named t true a b (Lit.differ a b)) (named t true b a (Lit.differ b a)))
def differ (t : Gates) (a b : Lit) : Lit :=
  match a with
  | Lit.no => b
  | Lit.yes => inv b
  | a => match b with
    | Lit.no => a
    | Lit.yes => inv a
    | b => inv_if (xor (turned a) (turned b)) (differ_of t (plain a) (plain b))

theorem ev_both_of (v : Assignment) (t : Gates) (o : obeys v t) (a b : Lit) :
    ev v (both_of t a b) = and (ev v a) (ev v b) := by
  unfold both_of
  cases e : same a b with
  | true =>
    rw [same_eq _ _ e]
    show ev v b = and (ev v b) (ev v b)
    cases ev v b <;> exact rfl
  | false =>
    cases f : same a (inv b) with
    | true =>
      rw [same_eq _ _ f, ev_inv]
      show false = _
      cases ev v b <;> exact rfl
    | false =>
      cases Nat.ble (code a) (code b) with
      | true => exact named_and v t o a b
      | false =>
        show ev v (named t false b a (Lit.both b a)) = _
        rw [named_and v t o b a]
        cases ev v a <;> cases ev v b <;> exact rfl
theorem ev_both (v : Assignment) (t : Gates) (o : obeys v t) (a b : Lit) :
    ev v (both t a b) = and (ev v a) (ev v b) := by
  have right : ∀ a b : Lit, ev v (match b with
      | Lit.no => Lit.no
      | Lit.yes => a
      | b => both_of t a b) = and (ev v a) (ev v b) := by
    intro a b
    cases b with
    | no => show false = and (ev v a) false; cases ev v a <;> exact rfl
    | yes => show ev v a = and (ev v a) true; cases ev v a <;> exact rfl
    | _ => exact ev_both_of v t o a _
  cases a with
  | no => exact rfl
  | yes => exact rfl
  | _ => exact right _ b
theorem ev_either (v : Assignment) (t : Gates) (o : obeys v t) (a b : Lit) :
    ev v (either t a b) = or (ev v a) (ev v b) := by
  unfold either
  rw [ev_inv, ev_both v t o, ev_inv, ev_inv]
  cases ev v a <;> cases ev v b <;> exact rfl
theorem false_xor (b : Bool) : xor false b = b := by cases b <;> exact rfl
theorem ev_plain (v : Assignment) (a : Lit) : ev v a = xor (turned a) (ev v (plain a)) := by
  cases a with
  | neg i => show not (v i) = xor true (v i); cases v i <;> exact rfl
  | _ => exact (false_xor _).symm
theorem ev_inv_if (v : Assignment) (c : Bool) (a : Lit) : ev v (inv_if c a) = xor c (ev v a) := by
  cases c with
  | true => show ev v (inv a) = _; rw [ev_inv]; cases ev v a <;> exact rfl
  | false => show ev v a = _; cases ev v a <;> exact rfl
theorem ev_differ_of (v : Assignment) (t : Gates) (o : obeys v t) (a b : Lit) :
    ev v (differ_of t a b) = xor (ev v a) (ev v b) := by
  unfold differ_of
  cases e : same a b with
  | true =>
    rw [same_eq _ _ e]
    show false = _
    cases ev v b <;> exact rfl
  | false =>
    cases Nat.ble (code a) (code b) with
    | true => exact named_xor v t o a b
    | false =>
      show ev v (named t true b a (Lit.differ b a)) = _
      rw [named_xor v t o b a]
      cases ev v a <;> cases ev v b <;> exact rfl
theorem ev_differ (v : Assignment) (t : Gates) (o : obeys v t) (a b : Lit) :
    ev v (differ t a b) = xor (ev v a) (ev v b) := by
  have both_plain : ∀ a b : Lit, ev v (inv_if (xor (turned a) (turned b)) (differ_of t (plain a) (plain b)))
      = xor (ev v a) (ev v b) := by
    intro a b
    rw [ev_inv_if, ev_differ_of v t o, ev_plain v a, ev_plain v b]
    cases turned a <;> cases turned b <;> cases ev v (plain a) <;> cases ev v (plain b) <;> exact rfl
  have right : ∀ a b : Lit, ev v (match b with
      | Lit.no => a
      | Lit.yes => inv a
      | b => inv_if (xor (turned a) (turned b)) (differ_of t (plain a) (plain b))) = xor (ev v a) (ev v b) := by
    intro a b
    cases b with
    | no => show ev v a = xor (ev v a) false; cases ev v a <;> exact rfl
    | yes => show ev v (inv a) = xor (ev v a) true; rw [ev_inv]; cases ev v a <;> exact rfl
    | _ => exact both_plain a _
  cases a with
  | no => show ev v b = xor false (ev v b); cases ev v b <;> exact rfl
  | yes => show ev v (inv b) = xor true (ev v b); rw [ev_inv]; cases ev v b <;> exact rfl
  | _ => exact right _ b

/- c ? a : b -/
def choose (t : Gates) (c a b : Lit) : Lit :=
  match c with
  | Lit.no => b
  | Lit.yes => a
  | c => cond (same a b) a (known (both t c a) fun x => known (both t (inv c) b) fun y => either t x y)
theorem ev_choose (v : Assignment) (t : Gates) (o : obeys v t) (c a b : Lit) :
    ev v (choose t c a b) = cond (ev v c) (ev v a) (ev v b) := by
  have open_ : ∀ c : Lit, ev v (cond (same a b) a (known (both t c a) fun x => known (both t (inv c) b)
      fun y => either t x y)) = cond (ev v c) (ev v a) (ev v b) := by
    intro c
    cases e : same a b with
    | true =>
      rw [same_eq _ _ e]
      show ev v b = _
      cases ev v c <;> exact rfl
    | false =>
      show ev v (known (both t c a) fun x => known (both t (inv c) b) fun y => either t x y) = _
      rw [known_eq, known_eq, ev_either v t o, ev_both v t o, ev_both v t o, ev_inv]
      cases ev v c <;> cases ev v a <;> cases ev v b <;> exact rfl
  cases c with
  | no => exact rfl
  | yes => exact rfl
  | _ => exact open_ _

end Isotrace.Bits
