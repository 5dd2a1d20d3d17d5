/- A checker of refutations: clauses one after the other, each with the clauses that it follows from by unit
   propagation; and its soundness. What is found, by whatever hint, is a clause that holds. -/
import Isotrace.Bits.Gates
namespace Isotrace.Bits

abbrev Clause := List Lit
def some_true (v : Assignment) : Clause → Bool
  | [] => false
  | a :: c => or (ev v a) (some_true v c)

/- ---- sets of literals: the bits of a number ---- -/

def bit_at (k i : Nat) : Bool := odd (Nat.shiftRight k i)

theorem shift_half : ∀ i k, Nat.shiftRight k (i + 1) = Nat.shiftRight (k / 2) i
  | 0, _ => rfl
  | i + 1, k => congrArg (· / 2) (shift_half i k)
theorem bit_at_first (b : Bool) (m : Nat) : bit_at (bit b + 2 * m) 0 = b := odd_bit b m
theorem bit_at_next (b : Bool) (m i : Nat) : bit_at (bit b + 2 * m) (i + 1) = bit_at m i := by
  show odd (Nat.shiftRight (bit b + 2 * m) (i + 1)) = odd (Nat.shiftRight m i)
  rw [shift_half, half_bit]
theorem bit_at_zero : ∀ i, bit_at 0 i = false
  | 0 => rfl
  | i + 1 => (bit_at_next false 0 i).trans (bit_at_zero i)

theorem bit_added : ∀ (c k i : Nat), bit_at k c = false → bit_at (k + Nat.pow 2 c) i = true →
    bit_at k i = true ∨ i = c
  | 0, k, i, h, g => by
    obtain ⟨b, m, e⟩ := halves k
    rw [e, bit_at_first] at h
    rw [h] at e
    have e' : k + Nat.pow 2 0 = bit true + 2 * m := by
      rw [e]
      show 0 + 2 * m + 1 = 1 + 2 * m
      rw [Nat.zero_add, Nat.add_comm]
    rw [e'] at g
    cases i with
    | zero => exact Or.inr rfl
    | succ i =>
      rw [bit_at_next] at g
      rw [e, bit_at_next]
      exact Or.inl g
  | c + 1, k, i, h, g => by
    obtain ⟨b, m, e⟩ := halves k
    have two : Nat.pow 2 (c + 1) = 2 * Nat.pow 2 c := Nat.mul_comm (Nat.pow 2 c) 2
    have sum : 2 * m + 2 * Nat.pow 2 c = 2 * (m + Nat.pow 2 c) := by
      have all : ∀ n, 2 * (m + n) = 2 * m + 2 * n := by
        intro n
        induction n with
        | zero => exact rfl
        | succ n ih =>
          show 2 * (m + n) + 2 = 2 * m + (2 * n + 2)
          rw [ih, Nat.add_assoc]
      exact (all _).symm
    rw [e, bit_at_next] at h
    rw [e, two, Nat.add_assoc, sum] at g
    rw [e]
    cases i with
    | zero =>
      rw [bit_at_first] at g
      rw [bit_at_first]
      exact Or.inl g
    | succ i =>
      rw [bit_at_next] at g
      rw [bit_at_next]
      cases bit_added c m i h g with
      | inl l => exact Or.inl l
      | inr r => exact Or.inr (congrArg Nat.succ r)

/- What the bit at a literal's place says of an assignment. -/
def value_at (v : Assignment) (i : Nat) : Bool := cond (odd i) (not (v (i / 2))) (v (i / 2))
theorem value_pos (v : Assignment) (i : Nat) : value_at v (2 * i) = v i := by
  have e : 2 * i = bit false + 2 * i := (Nat.zero_add (2 * i)).symm
  show cond (odd (2 * i)) (not (v (2 * i / 2))) (v (2 * i / 2)) = v i
  rw [e, odd_bit, half_bit]
  exact rfl
theorem value_neg (v : Assignment) (i : Nat) : value_at v (2 * i + 1) = not (v i) := by
  have e : 2 * i + 1 = bit true + 2 * i := Nat.add_comm (2 * i) 1
  show cond (odd (2 * i + 1)) (not (v ((2 * i + 1) / 2))) (v ((2 * i + 1) / 2)) = not (v i)
  rw [e, odd_bit, half_bit]
  exact rfl

def all_true (v : Assignment) (k : Nat) : Prop := ∀ i, bit_at k i = true → value_at v i = true
def knows (k : Nat) : Lit → Bool
  | Lit.yes => true
  | Lit.pos i => bit_at k (2 * i)
  | Lit.neg i => bit_at k (2 * i + 1)
  | _ => false
def add_bit (k i : Nat) : Nat := cond (bit_at k i) k (k + Nat.pow 2 i)
def learn (k : Nat) : Lit → Nat
  | Lit.pos i => add_bit k (2 * i)
  | Lit.neg i => add_bit k (2 * i + 1)
  | _ => k

theorem knows_right (v : Assignment) (k : Nat) (h : all_true v k) (a : Lit) (g : knows k a = true) :
    ev v a = true := by
  cases a with
  | yes => exact rfl
  | pos i => exact (value_pos v i).symm.trans (h _ g)
  | neg i => exact (value_neg v i).symm.trans (h _ g)
  | _ => exact not_true_of_false g
theorem add_bit_right (v : Assignment) (k i : Nat) (h : all_true v k) (g : value_at v i = true) :
    all_true v (add_bit k i) := by
  intro j hj
  unfold add_bit at hj
  cases e : bit_at k i with
  | true => rw [e] at hj; exact h j hj
  | false =>
    rw [e] at hj
    cases bit_added i k j e hj with
    | inl l => exact h j l
    | inr r => rw [r]; exact g
theorem learn_right (v : Assignment) (k : Nat) (h : all_true v k) (a : Lit) (g : ev v a = true) :
    all_true v (learn k a) := by
  cases a with
  | pos i => exact add_bit_right v k _ h ((value_pos v i).trans g)
  | neg i => exact add_bit_right v k _ h ((value_neg v i).trans g)
  | _ => exact h

/- ---- one clause ---- -/

/- The literals of a clause that are not known to be false. -/
def remaining (k : Nat) : Clause → Clause
  | [] => []
  | a :: c => cond (knows k (inv a)) (remaining k c) (a :: remaining k c)
def follows (find : Nat → Clause) : List Nat → Nat → Bool
  | [], _ => false
  | h :: hints, k =>
    match remaining k (find h) with
    | [] => true
    | [a] => computed (learn k a) (follows find hints)
    | _ => follows find hints k
def opposed : Clause → Nat → Nat
  | [], k => k
  | a :: c, k => computed (learn k (inv a)) (opposed c)

theorem remaining_right (v : Assignment) (k : Nat) (h : all_true v k) : ∀ c : Clause,
    some_true v (remaining k c) = some_true v c
  | [] => rfl
  | a :: c => by
    show some_true v (cond (knows k (inv a)) (remaining k c) (a :: remaining k c)) = or (ev v a) (some_true v c)
    cases e : knows k (inv a) with
    | true =>
      have f := knows_right v k h _ e
      rw [ev_inv] at f
      show some_true v (remaining k c) = _
      rw [remaining_right v k h c]
      cases g : ev v a with
      | true => rw [g] at f; exact not_true_of_false f
      | false => exact rfl
    | false =>
      show or (ev v a) (some_true v (remaining k c)) = _
      rw [remaining_right v k h c]
theorem follows_right (v : Assignment) (find : Nat → Clause) (holds_all : ∀ h, some_true v (find h) = true) :
    ∀ (hints : List Nat) (k : Nat), all_true v k → follows find hints k = true → False
  | [], _, _, g => by cases g
  | h :: hints, k, hk, g => by
    have t := (remaining_right v k hk (find h)).trans (holds_all h)
    have g' : (match remaining k (find h) with
      | [] => true
      | [a] => computed (learn k a) (follows find hints)
      | _ => follows find hints k) = true := g
    cases e : remaining k (find h) with
    | nil => rw [e] at t; cases t
    | cons a c =>
      rw [e] at t g'
      cases c with
      | nil =>
        have g'' : computed (learn k a) (follows find hints) = true := g'
        rw [computed_eq] at g''
        have ta : ev v a = true := by
          have t' : or (ev v a) false = true := t
          cases f : ev v a with
          | true => exact rfl
          | false => rw [f] at t'; exact not_true_of_false t'
        exact follows_right v find holds_all hints _ (learn_right v k hk a ta) g''
      | cons b c => exact follows_right v find holds_all hints k hk g'
theorem opposed_right (v : Assignment) : ∀ (c : Clause) (k : Nat), all_true v k → some_true v c = false →
    all_true v (opposed c k)
  | [], _, h, _ => h
  | a :: c, k, h, g => by
    show all_true v (computed (learn k (inv a)) (opposed c))
    rw [computed_eq]
    have g' : or (ev v a) (some_true v c) = false := g
    cases f : ev v a with
    | true => rw [f] at g'; cases g'
    | false =>
      rw [f] at g'
      refine opposed_right v c _ (learn_right v k h _ ?_) g'
      rw [ev_inv, f]
      exact rfl

def implied (find : Nat → Clause) (c : Clause) (hints : List Nat) : Bool := follows find hints (opposed c 0)
theorem implied_right (v : Assignment) (find : Nat → Clause) (holds_all : ∀ h, some_true v (find h) = true)
    (c : Clause) (hints : List Nat) (g : implied find c hints = true) : some_true v c = true := by
  cases e : some_true v c with
  | true => exact rfl
  | false =>
    have none_known : all_true v 0 := by
      intro i h
      rw [bit_at_zero] at h
      cases h
    exact (follows_right v find holds_all hints _ (opposed_right v c 0 none_known e) g).elim

/- ---- the same, for the kernel ---- -/

/- What the compiler makes of recursive definitions costs the kernel many steps for each of theirs, and so do the
   instances behind signs like `+`. These are written as the kernel computes, and give the same. -/
noncomputable def pick {A : Type} (c : Bool) (yes no : A) : A := Bool.rec (motive := fun _ => A) no yes c
theorem pick_eq {A : Type} (c : Bool) (yes no : A) : pick c yes no = cond c yes no := by cases c <;> exact rfl
noncomputable def forced {A : Type} (n : Nat) (f : Nat → A) : A :=
  Nat.rec (motive := fun _ => A) (f 0) (fun n _ => f (Nat.succ n)) n
theorem forced_eq {A : Type} (n : Nat) (f : Nat → A) : forced n f = f n := by cases n <;> exact rfl

noncomputable def has (k i : Nat) : Bool := Nat.beq (Nat.shiftRight k i)
  (Nat.succ (Nat.mul (nat_lit 2) (Nat.div (Nat.shiftRight k i) (nat_lit 2))))
theorem has_eq (k i : Nat) : has k i = bit_at k i := rfl
noncomputable def place_pos (i : Nat) : Nat := Nat.mul (nat_lit 2) i
noncomputable def place_neg (i : Nat) : Nat := Nat.succ (Nat.mul (nat_lit 2) i)
noncomputable def known_false (k : Nat) (a : Lit) : Bool := Lit.rec (motive := fun _ => Bool) true false
  (fun i => has k (place_neg i)) (fun i => has k (place_pos i)) (fun _ _ _ _ => false) (fun _ _ _ _ => false)
  (fun _ _ => false) a
theorem known_false_eq (k : Nat) (a : Lit) : known_false k a = knows k (inv a) := by cases a <;> exact rfl
noncomputable def add_place (k i : Nat) : Nat := pick (has k i) k (Nat.add k (Nat.pow (nat_lit 2) i))
theorem add_place_eq (k i : Nat) : add_place k i = add_bit k i := pick_eq _ _ _
noncomputable def also (k : Nat) (a : Lit) : Nat := Lit.rec (motive := fun _ => Nat) k k
  (fun i => add_place k (place_pos i)) (fun i => add_place k (place_neg i)) (fun _ _ _ _ => k) (fun _ _ _ _ => k)
  (fun _ _ => k) a
theorem also_eq (k : Nat) (a : Lit) : also k a = learn k a := by
  cases a with
  | pos i => exact add_place_eq k (2 * i)
  | neg i => exact add_place_eq k (2 * i + 1)
  | _ => exact rfl

noncomputable def left_of (k : Nat) (c : Clause) : Clause := List.rec (motive := fun _ => Clause) []
  (fun a _ others => pick (known_false k a) others (a :: others)) c
theorem left_of_eq (k : Nat) : ∀ c : Clause, left_of k c = remaining k c
  | [] => rfl
  | a :: c => by
    show pick (known_false k a) (left_of k c) (a :: left_of k c) = _
    rw [pick_eq, known_false_eq, left_of_eq k c]
    exact rfl
noncomputable def react (k : Nat) (on : Nat → Bool) (c : Clause) : Bool := List.rec (motive := fun _ => Bool) true
  (fun a r _ => List.rec (motive := fun _ => Bool) (forced (also k a) on) (fun _ _ _ => on k) r) c
noncomputable def propagates (find : Nat → Clause) (hints : List Nat) : Nat → Bool :=
  List.rec (motive := fun _ => Nat → Bool) (fun _ => false) (fun h _ on k => react k on (left_of k (find h))) hints
theorem propagates_eq (find : Nat → Clause) : ∀ (hints : List Nat) (k : Nat),
    propagates find hints k = follows find hints k
  | [], _ => rfl
  | h :: hints, k => by
    show react k (propagates find hints) (left_of k (find h)) = (match remaining k (find h) with
      | [] => true
      | [a] => computed (learn k a) (follows find hints)
      | _ => follows find hints k)
    rw [left_of_eq]
    cases remaining k (find h) with
    | nil => exact rfl
    | cons a r =>
      cases r with
      | nil =>
        show forced (also k a) (propagates find hints) = computed (learn k a) (follows find hints)
        rw [forced_eq, computed_eq, also_eq]
        exact propagates_eq find hints (learn k a)
      | cons b r => exact propagates_eq find hints k
noncomputable def denied (c : Clause) : Nat → Nat := List.rec (motive := fun _ => Nat → Nat) (fun k => k)
  (fun a _ on k => forced (also k (inv a)) on) c
theorem denied_eq : ∀ (c : Clause) (k : Nat), denied c k = opposed c k
  | [], _ => rfl
  | a :: c, k => by
    show forced (also k (inv a)) (denied c) = computed (learn k (inv a)) (opposed c)
    rw [forced_eq, computed_eq, also_eq]
    exact denied_eq c (learn k (inv a))
noncomputable def follows_from (find : Nat → Clause) (c : Clause) (hints : List Nat) : Bool :=
  forced (denied c 0) (propagates find hints)
theorem follows_from_eq (find : Nat → Clause) (c : Clause) (hints : List Nat) :
    follows_from find c hints = implied find c hints := by
  unfold follows_from
  rw [forced_eq, denied_eq, propagates_eq]
  exact rfl

noncomputable def gate_of (out : Nat) (t : Gates) : Option Gate := Gates.rec (motive := fun _ => Option Gate) none
  (fun _ _ g _ below above => pick (Nat.beq out g.out) (some g) (pick (Nat.ble out g.out) below above)) t
theorem gate_of_eq (out : Nat) : ∀ t : Gates, gate_of out t = by_out out t
  | Gates.tip => rfl
  | Gates.node l k g r => by
    show pick (Nat.beq out g.out) (some g) (pick (Nat.ble out g.out) (gate_of out l) (gate_of out r)) = _
    rw [pick_eq, pick_eq, gate_of_eq out l, gate_of_eq out r]
    exact rfl

/- ---- where clauses are found ---- -/

/- The clauses of a gate. -/
def gate_clause (g : Gate) (j : Nat) : Clause :=
  let o := g.out
  cond g.is_xor
    (match j with
      | 0 => [Lit.neg o, g.a, g.b]
      | 1 => [Lit.neg o, inv g.a, inv g.b]
      | 2 => [Lit.pos o, inv g.a, g.b]
      | _ => [Lit.pos o, g.a, inv g.b])
    (match j with
      | 0 => [Lit.neg o, g.a]
      | 1 => [Lit.neg o, g.b]
      | _ => [Lit.pos o, inv g.a, inv g.b])
theorem gate_clause_holds (v : Assignment) (g : Gate) (h : holds v g) (j : Nat) :
    some_true v (gate_clause g j) = true := by
  obtain ⟨is_xor, a, b, out⟩ := g
  have h' : v out = cond is_xor (xor (ev v a) (ev v b)) (and (ev v a) (ev v b)) := h
  have three : ∀ x y z : Lit, some_true v [x, y, z] = or (ev v x) (or (ev v y) (or (ev v z) false)) :=
    fun _ _ _ => rfl
  have two : ∀ x y : Lit, some_true v [x, y] = or (ev v x) (or (ev v y) false) := fun _ _ => rfl
  have po : ev v (Lit.pos out) = v out := rfl
  have no : ev v (Lit.neg out) = not (v out) := rfl
  cases is_xor with
  | true =>
    match j with
    | 0 =>
      show some_true v [Lit.neg out, a, b] = true
      rw [three, no, h']
      cases ev v a <;> cases ev v b <;> exact rfl
    | 1 =>
      show some_true v [Lit.neg out, inv a, inv b] = true
      rw [three, no, h', ev_inv, ev_inv]
      cases ev v a <;> cases ev v b <;> exact rfl
    | 2 =>
      show some_true v [Lit.pos out, inv a, b] = true
      rw [three, po, h', ev_inv]
      cases ev v a <;> cases ev v b <;> exact rfl
    | _ + 3 =>
      show some_true v [Lit.pos out, a, inv b] = true
      rw [three, po, h', ev_inv]
      cases ev v a <;> cases ev v b <;> exact rfl
  | false =>
    match j with
    | 0 =>
      show some_true v [Lit.neg out, a] = true
      rw [two, no, h']
      cases ev v a <;> cases ev v b <;> exact rfl
    | 1 =>
      show some_true v [Lit.neg out, b] = true
      rw [two, no, h']
      cases ev v a <;> cases ev v b <;> exact rfl
    | _ + 2 =>
      show some_true v [Lit.pos out, inv a, inv b] = true
      rw [three, po, h', ev_inv, ev_inv]
      cases ev v a <;> cases ev v b <;> exact rfl

/- The steps of a refutation in their order, as a search tree. -/
inductive Steps where
  | tip
  | node (before : Steps) (number : Nat) (clause : Clause) (hints : List Nat) (behind : Steps)
def all_hold (v : Assignment) : Steps → Prop
  | Steps.tip => True
  | Steps.node l _ c _ r => all_hold v l ∧ some_true v c = true ∧ all_hold v r
noncomputable def step_clause (n : Nat) (s : Steps) : Clause := Steps.rec (motive := fun _ => Clause) [Lit.yes]
  (fun _ i c _ _ before behind => pick (Nat.beq n i) c (pick (Nat.ble n i) before behind)) s
theorem step_clause_holds (v : Assignment) (n : Nat) : ∀ s, all_hold v s → some_true v (step_clause n s) = true
  | Steps.tip, _ => rfl
  | Steps.node l i c hints r, h => by
    show some_true v (pick (Nat.beq n i) c (pick (Nat.ble n i) (step_clause n l) (step_clause n r))) = true
    cases Nat.beq n i with
    | true => exact h.2.1
    | false =>
      cases Nat.ble n i with
      | true => exact step_clause_holds v n l h.1
      | false => exact step_clause_holds v n r h.2.2

/- What has been checked: trees of steps, the latest first, with their lowest numbers. -/
abbrev Checked := List (Nat × Steps)
def all_checked (v : Assignment) : Checked → Prop
  | [] => True
  | p :: k => all_hold v p.2 ∧ all_checked v k
noncomputable def checked_clause (n : Nat) (k : Checked) : Clause := List.rec (motive := fun _ => Clause) [Lit.yes]
  (fun p _ others => pick (Nat.ble p.1 n) (step_clause n p.2) others) k
theorem checked_clause_holds (v : Assignment) (n : Nat) : ∀ k, all_checked v k →
    some_true v (checked_clause n k) = true
  | [], _ => rfl
  | p :: k, h => by
    show some_true v (pick (Nat.ble p.1 n) (step_clause n p.2) (checked_clause n k)) = true
    cases Nat.ble p.1 n with
    | true => exact step_clause_holds v n p.2 h.1
    | false => exact checked_clause_holds v n k h.2

/- Hint 8 n + j: clause j < 4 of gate n; step n (j = 4); what is refuted (j = 5). -/
noncomputable def clause_of (t : Gates) (claim : Lit) (k : Checked) (hint : Nat) : Clause :=
  forced (Nat.mod hint (nat_lit 8)) fun j => forced (Nat.div hint (nat_lit 8)) fun n =>
  pick (Nat.beq j (nat_lit 4)) (checked_clause n k) (pick (Nat.beq j (nat_lit 5)) [claim]
    (given [Lit.yes] (fun g => gate_clause g j) (gate_of n t)))
theorem clause_of_holds (v : Assignment) (t : Gates) (o : obeys v t) (claim : Lit) (h : ev v claim = true)
    (k : Checked) (hk : all_checked v k) (hint : Nat) : some_true v (clause_of t claim k hint) = true := by
  unfold clause_of
  rw [forced_eq, forced_eq]
  have of_gate : ∀ n j, some_true v (given [Lit.yes] (fun g => gate_clause g j) (gate_of n t)) = true := by
    intro n j
    rw [gate_of_eq]
    cases e : by_out n t with
    | none => exact rfl
    | some g => exact gate_clause_holds v g (by_out_holds v n g t o e) j
  have claimed : some_true v [claim] = true := by
    show or (ev v claim) false = true
    rw [h]
    exact rfl
  generalize Nat.div hint (nat_lit 8) = n
  generalize Nat.mod hint (nat_lit 8) = j
  cases Nat.beq j (nat_lit 4) with
  | true => exact checked_clause_holds v _ k hk
  | false =>
    cases Nat.beq j (nat_lit 5) with
    | true => exact claimed
    | false => exact of_gate n j

/- Checks the steps of a tree in their order; `low` is the lowest number among them. -/
noncomputable def proves (t : Gates) (claim : Lit) : Checked → Nat → Steps → Bool
  | _, _, Steps.tip => true
  | k, low, Steps.node l i c hints r =>
    and (proves t claim k low l) (and (follows_from (clause_of t claim ((low, l) :: k)) c hints)
      (proves t claim ((i, Steps.node Steps.tip i c [] Steps.tip) :: (low, l) :: k) (i + 1) r))
theorem proves_right (v : Assignment) (t : Gates) (o : obeys v t) (claim : Lit) (h : ev v claim = true) :
    ∀ (s : Steps) (k : Checked) (low : Nat), all_checked v k → proves t claim k low s = true → all_hold v s
  | Steps.tip, _, _, _, _ => trivial
  | Steps.node l i c hints r, k, low, hk, g => by
    have parts : ∀ a b d : Bool, and a (and b d) = true → a = true ∧ b = true ∧ d = true := by
      intro a b d e
      cases a with
      | false => cases e
      | true =>
        cases b with
        | false => cases e
        | true =>
          cases d with
          | false => cases e
          | true => exact ⟨rfl, rfl, rfl⟩
    obtain ⟨g1, g2, g3⟩ := parts _ _ _ g
    have hl := proves_right v t o claim h l k low hk g1
    have kl : all_checked v ((low, l) :: k) := ⟨hl, hk⟩
    have hc := implied_right v _ (clause_of_holds v t o claim h _ kl) c hints ((follows_from_eq _ c hints).symm.trans g2)
    have kc : all_checked v ((i, Steps.node Steps.tip i c [] Steps.tip) :: (low, l) :: k) :=
      ⟨⟨trivial, hc, trivial⟩, kl⟩
    exact ⟨hl, hc, proves_right v t o claim h r _ _ kc g3⟩

def ends_empty : Steps → Bool
  | Steps.tip => false
  | Steps.node _ _ c _ r => or (match c with | [] => true | _ => false) (ends_empty r)
theorem ends_empty_right (v : Assignment) : ∀ s, all_hold v s → ends_empty s = true → False
  | Steps.tip, _, g => by cases g
  | Steps.node l i c hints r, h, g => by
    cases c with
    | nil => cases h.2.1
    | cons a c => exact ends_empty_right v r h.2.2 g

/- Whether a literal is false under all assignments that obey the gates. -/
noncomputable def refuted (t : Gates) (steps : Steps) : Lit → Bool
  | Lit.no => true
  | claim => and (proves t claim [] 0 steps) (ends_empty steps)
theorem refuted_right (v : Assignment) (t : Gates) (o : obeys v t) (steps : Steps) (claim : Lit)
    (g : refuted t steps claim = true) : ev v claim = false := by
  have open_ : and (proves t claim [] 0 steps) (ends_empty steps) = true → ev v claim = false := by
    intro g
    cases e : ev v claim with
    | false => exact rfl
    | true =>
      cases p : proves t claim [] 0 steps with
      | false => rw [p] at g; cases g
      | true =>
        rw [p] at g
        exact (ends_empty_right v steps (proves_right v t o claim e steps [] 0 trivial p) g).elim
  cases claim with
  | no => exact rfl
  | _ => exact open_ g

end Isotrace.Bits
