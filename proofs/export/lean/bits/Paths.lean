/- Running code on words of literals. Where the way on depends on a literal, both ways are followed and make a
   tree; where both sides of a fork end alike, they are joined again. -/
import Isotrace.Bits.Words
namespace Isotrace.Bits

def vals_all (v : Assignment) : List (List Lit) → List Word
  | [] => []
  | x :: k => vals v x :: vals_all v k
def state (v : Assignment) (s : State Lit) : State Bool :=
  ⟨vals_all v s.stack, vals_all v s.locals, vals_all v s.globals⟩
def ending (v : Assignment) : End (State Lit) → End (State Bool)
  | End.normal s => End.normal (state v s)
  | End.branch d s => End.branch d (state v s)
  | End.returned s => End.returned (state v s)
  | End.trap => End.trap
  | End.unfinished => End.unfinished
  | End.invalid => End.invalid

inductive Tree where
  | leaf (e : End (State Lit))
  | fork (c : Lit) (yes no : Tree)
def found (v : Assignment) : Tree → End (State Bool)
  | Tree.leaf e => ending v e
  | Tree.fork c yes no => cond (ev v c) (found v yes) (found v no)

/- ---- joining ---- -/

def same_length : List Lit → List Lit → Bool
  | [], [] => true
  | _ :: x, _ :: y => same_length x y
  | _, _ => false
/- c ? x : y, if they have as many bits -/
def join_words (t : Gates) (c : Lit) (x y : List Lit) : Option (List Lit) :=
  cond (same_length x y) (some (zip_choose x y)) none
where
  zip_choose : List Lit → List Lit → List Lit
    | a :: x, b :: y => known (choose t c a b) fun d => d :: zip_choose x y
    | _, _ => []
def join_all (t : Gates) (c : Lit) : List (List Lit) → List (List Lit) → Option (List (List Lit))
  | [], [] => some []
  | x :: k, y :: l => given none (fun z => given none (fun m => some (z :: m)) (join_all t c k l))
      (join_words t c x y)
  | _, _ => none
def join_states (t : Gates) (c : Lit) (s r : State Lit) : Option (State Lit) :=
  given none (fun stack => given none (fun locals => given none (fun globals => some ⟨stack, locals, globals⟩)
    (join_all t c s.globals r.globals)) (join_all t c s.locals r.locals)) (join_all t c s.stack r.stack)
def join_ends (t : Gates) (c : Lit) : End (State Lit) → End (State Lit) → Option (End (State Lit))
  | End.normal s, End.normal r => given none (fun q => some (End.normal q)) (join_states t c s r)
  | End.returned s, End.returned r => given none (fun q => some (End.returned q)) (join_states t c s r)
  | End.branch d s, End.branch e r => cond (Nat.beq d e)
      (given none (fun q => some (End.branch d q)) (join_states t c s r)) none
  | End.trap, End.trap => some End.trap
  | _, _ => none
def joined (t : Gates) (c : Lit) (yes no : Tree) : Tree :=
  match yes, no with
  | Tree.leaf e, Tree.leaf f => given (Tree.fork c yes no) Tree.leaf (join_ends t c e f)
  | _, _ => Tree.fork c yes no
def fork (t : Gates) (c : Lit) (yes no : Tree) : Tree :=
  match c with
  | Lit.no => no
  | Lit.yes => yes
  | c => joined t c yes no

theorem given_some {A B : Type} {o : Option A} {f : A → Option B} {b : B} (h : given none f o = some b) :
    ∃ a, o = some a ∧ f a = some b := by
  cases o with
  | none => cases h
  | some a => exact ⟨a, rfl, h⟩

theorem zip_choose_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) : ∀ x y : List Lit,
    same_length x y = true →
    vals v (join_words.zip_choose t c x y) = cond (ev v c) (vals v x) (vals v y)
  | [], [], _ => by cases ev v c <;> exact rfl
  | [], _ :: _, h => not_true_of_false h
  | _ :: _, [], h => not_true_of_false h
  | a :: x, b :: y, h => by
    show vals v (known (choose t c a b) fun d => d :: join_words.zip_choose t c x y) = _
    rw [known_eq]
    show ev v (choose t c a b) :: vals v (join_words.zip_choose t c x y) = _
    rw [ev_choose v t o, zip_choose_right v t o c x y h]
    cases ev v c <;> exact rfl
theorem join_words_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) (x y z : List Lit)
    (h : join_words t c x y = some z) : vals v z = cond (ev v c) (vals v x) (vals v y) := by
  unfold join_words at h
  cases e : same_length x y with
  | false => rw [e] at h; cases h
  | true =>
    rw [e] at h
    injection h with h
    rw [← h]
    exact zip_choose_right v t o c x y e
theorem join_all_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) : ∀ (k l m : List (List Lit)),
    join_all t c k l = some m → vals_all v m = cond (ev v c) (vals_all v k) (vals_all v l)
  | [], [], m, h => by
    injection h with h
    rw [← h]
    cases ev v c <;> exact rfl
  | [], _ :: _, _, h => by cases h
  | _ :: _, [], _, h => by cases h
  | x :: k, y :: l, m, h => by
    obtain ⟨z, hz, h⟩ := given_some h
    obtain ⟨n, hn, h⟩ := given_some h
    injection h with h
    rw [← h]
    show vals v z :: vals_all v n = _
    rw [join_words_right v t o c x y z hz, join_all_right v t o c k l n hn]
    cases ev v c <;> exact rfl
theorem join_states_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) (s r q : State Lit)
    (h : join_states t c s r = some q) : state v q = cond (ev v c) (state v s) (state v r) := by
  obtain ⟨a, ha, h⟩ := given_some h
  obtain ⟨b, hb, h⟩ := given_some h
  obtain ⟨d, hd, h⟩ := given_some h
  injection h with h
  rw [← h]
  show State.mk (vals_all v a) (vals_all v b) (vals_all v d) = _
  rw [join_all_right v t o c _ _ a ha, join_all_right v t o c _ _ b hb, join_all_right v t o c _ _ d hd]
  cases ev v c <;> exact rfl
theorem join_ends_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) (e f g : End (State Lit))
    (h : join_ends t c e f = some g) : ending v g = cond (ev v c) (ending v e) (ending v f) := by
  cases e with
  | normal s =>
    cases f with
    | normal r =>
      obtain ⟨q, hq, h⟩ := given_some h
      injection h with h
      rw [← h]
      show End.normal (state v q) = _
      rw [join_states_right v t o c s r q hq]
      cases ev v c <;> exact rfl
    | _ => cases h
  | returned s =>
    cases f with
    | returned r =>
      obtain ⟨q, hq, h⟩ := given_some h
      injection h with h
      rw [← h]
      show End.returned (state v q) = _
      rw [join_states_right v t o c s r q hq]
      cases ev v c <;> exact rfl
    | _ => cases h
  | branch d s =>
    cases f with
    | branch e r =>
      have h' : cond (Nat.beq d e) (given none (fun q => some (End.branch d q)) (join_states t c s r)) none
        = some g := h
      cases i : Nat.beq d e with
      | false => rw [i] at h'; cases h'
      | true =>
        rw [i] at h'
        obtain ⟨q, hq, h'⟩ := given_some h'
        injection h' with h'
        rw [← h', ← beq_eq d e i]
        show End.branch d (state v q) = _
        rw [join_states_right v t o c s r q hq]
        cases ev v c <;> exact rfl
    | _ => cases h
  | trap =>
    cases f with
    | trap =>
      injection h with h
      rw [← h]
      show End.trap = cond (ev v c) End.trap End.trap
      cases ev v c <;> exact rfl
    | _ => cases h
  | _ => cases f <;> cases h
theorem joined_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) (yes no : Tree) :
    found v (joined t c yes no) = cond (ev v c) (found v yes) (found v no) := by
  cases yes with
  | fork d a b => cases no <;> exact rfl
  | leaf e =>
    cases no with
    | fork d a b => exact rfl
    | leaf f =>
      show found v (given (Tree.fork c (Tree.leaf e) (Tree.leaf f)) Tree.leaf (join_ends t c e f)) = _
      cases h : join_ends t c e f with
      | none => exact rfl
      | some g => exact join_ends_right v t o c e f g h
theorem fork_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) (yes no : Tree) :
    found v (fork t c yes no) = cond (ev v c) (found v yes) (found v no) := by
  cases c with
  | no => exact rfl
  | yes => exact rfl
  | _ => exact joined_right v t o _ yes no

/- ---- going on from the ends of a tree ---- -/

/- A tree in the place of every end. -/
def follow (t : Gates) (f : End (State Lit) → Tree) : Tree → Tree
  | Tree.leaf e => f e
  | Tree.fork c yes no => fork t c (follow t f yes) (follow t f no)
theorem follow_right (v : Assignment) (t : Gates) (o : obeys v t) (f : End (State Lit) → Tree)
    (F : End (State Bool) → End (State Bool)) (h : ∀ e, found v (f e) = F (ending v e)) : ∀ k : Tree,
    found v (follow t f k) = F (found v k)
  | Tree.leaf e => h e
  | Tree.fork c yes no => by
    show found v (fork t c (follow t f yes) (follow t f no)) = F (cond (ev v c) (found v yes) (found v no))
    rw [fork_right v t o, follow_right v t o f F h yes, follow_right v t o f F h no]
    cases ev v c <;> exact rfl

def after_of (f : State Lit → Tree) : End (State Lit) → Tree
  | End.normal s => f s
  | e => Tree.leaf e
theorem after_right (v : Assignment) (f : State Lit → Tree) (F : State Bool → End (State Bool))
    (h : ∀ s, found v (f s) = F (state v s)) (e : End (State Lit)) :
    found v (after_of f e) = after (ending v e) F := by
  cases e with
  | normal s => exact h s
  | _ => exact rfl
def sequence_of (t : Gates) (f : Instruction → State Lit → Tree) : List Instruction → State Lit → Tree
  | [], s => Tree.leaf (End.normal s)
  | i :: code, s => follow t (after_of (sequence_of t f code)) (f i s)
theorem sequence_right (v : Assignment) (t : Gates) (o : obeys v t) (f : Instruction → State Lit → Tree)
    (F : Instruction → State Bool → End (State Bool)) (h : ∀ i s, found v (f i s) = F i (state v s)) :
    ∀ (code : List Instruction) (s : State Lit), found v (sequence_of t f code s) = sequence F code (state v s)
  | [], _ => rfl
  | i :: code, s => by
    show found v (follow t (after_of (sequence_of t f code)) (f i s)) = after (F i (state v s)) (sequence F code)
    rw [follow_right v t o _ (fun e => after e (sequence F code))
      (after_right v _ _ (sequence_right v t o f F h code)), h]

/- ---- what states of literals and of bits have in common ---- -/

theorem vals_join (v : Assignment) : ∀ k l : List (List Lit), vals_all v (join k l) = join (vals_all v k) (vals_all v l)
  | [], _ => rfl
  | x :: k, l => congrArg (vals v x :: ·) (vals_join v k l)
theorem vals_taken (v : Assignment) : ∀ (n : Nat) (k : List (List Lit)), vals_all v (taken n k) = taken n (vals_all v k)
  | 0, _ => rfl
  | _ + 1, [] => rfl
  | n + 1, x :: k => congrArg (vals v x :: ·) (vals_taken v n k)
theorem vals_dropped (v : Assignment) : ∀ (n : Nat) (k : List (List Lit)),
    vals_all v (dropped n k) = dropped n (vals_all v k)
  | 0, _ => rfl
  | _ + 1, [] => rfl
  | n + 1, _ :: k => vals_dropped v n k
theorem vals_reversed (v : Assignment) : ∀ k l : List (List Lit),
    vals_all v (reversed k l) = reversed (vals_all v k) (vals_all v l)
  | [], _ => rfl
  | x :: k, l => vals_reversed v k (x :: l)
theorem vals_zeros (v : Assignment) : ∀ k : List Width, vals_all v (zeros Lit.no k) = zeros false k
  | [] => rfl
  | w :: k => by
    show vals v (fit Lit.no (size w) []) :: vals_all v (zeros Lit.no k) = fit false (size w) [] :: zeros false k
    rw [vals_zeros v k, ← fit_vals]
    exact rfl
theorem vals_item (v : Assignment) : ∀ (n : Nat) (k : List (List Lit)),
    item n (vals_all v k) = given none (fun x => some (vals v x)) (item n k)
  | 0, [] => rfl
  | _ + 1, [] => rfl
  | 0, _ :: _ => rfl
  | n + 1, _ :: k => vals_item v n k
theorem vals_update (v : Assignment) (x : List Lit) : ∀ (n : Nat) (k : List (List Lit)),
    update (vals v x) n (vals_all v k) = given none (fun l => some (vals_all v l)) (update x n k)
  | 0, [] => rfl
  | _ + 1, [] => rfl
  | 0, _ :: _ => rfl
  | n + 1, y :: k => by
    show given none (fun l => some (vals v y :: l)) (update (vals v x) n (vals_all v k)) = given none
      (fun l => some (vals_all v l)) (given none (fun l => some (y :: l)) (update x n k))
    rw [vals_update v x n k]
    cases update x n k <;> exact rfl

theorem leave_right (v : Assignment) (takes leaves : Nat) (b s : State Lit) :
    state v (leave takes leaves b s) = leave takes leaves (state v b) (state v s) := by
  show State.mk (vals_all v (join (taken leaves s.stack) (dropped takes b.stack))) _ _ = _
  rw [vals_join, vals_taken, vals_dropped]
  exact rfl
theorem close_right (v : Assignment) (takes leaves : Nat) (b : State Lit) (e : End (State Lit)) :
    ending v (close takes leaves b e) = close takes leaves (state v b) (ending v e) := by
  cases e with
  | branch d s =>
    cases d with
    | zero => exact congrArg End.normal (leave_right v takes leaves b s)
    | succ d => exact rfl
  | _ => exact rfl
theorem back_right (v : Assignment) (f : Function) (b s : State Lit) :
    state v (back f b s) = back f (state v b) (state v s) := by
  show State.mk (vals_all v (join (taken (count f.results) s.stack) (dropped (count f.parameters) b.stack))) _ _ = _
  rw [vals_join, vals_taken, vals_dropped]
  exact rfl
theorem returning_right (v : Assignment) (f : Function) (b : State Lit) (e : End (State Lit)) :
    ending v (returning f b e) = returning f (state v b) (ending v e) := by
  cases e with
  | normal s => exact congrArg End.normal (back_right v f b s)
  | returned s => exact congrArg End.normal (back_right v f b s)
  | branch d s =>
    cases d with
    | zero => exact congrArg End.normal (back_right v f b s)
    | succ d => exact rfl
  | _ => exact rfl
theorem entered_right (v : Assignment) (f : Function) (s : State Lit) :
    state v (entered Lit.no f s) = entered false f (state v s) := by
  show State.mk [] (vals_all v (join (reversed (taken (count f.parameters) s.stack) []) (zeros Lit.no f.locals))) _ = _
  rw [vals_join, vals_reversed, vals_taken, vals_zeros]
  exact rfl

/- ---- instructions ---- -/

theorem pop_one {R : Type} (v : Assignment) (F : R → End (State Bool)) (empty : R) (s : State Lit)
    (f : List Lit → State Lit → R) (g : Word → State Bool → End (State Bool)) (he : F empty = End.invalid)
    (h : ∀ x s, F (f x s) = g (vals v x) (state v s)) :
    F (pop empty s f) = pop End.invalid (state v s) g := by
  obtain ⟨stack, locals, globals⟩ := s
  cases stack with
  | nil => exact he
  | cons x k => exact h x ⟨k, locals, globals⟩
theorem pop_two {R : Type} (v : Assignment) (F : R → End (State Bool)) (empty : R) (s : State Lit)
    (f : List Lit → List Lit → State Lit → R) (g : Word → Word → State Bool → End (State Bool))
    (he : F empty = End.invalid) (h : ∀ y x s, F (f y x s) = g (vals v y) (vals v x) (state v s)) :
    F (pop empty s fun y s => pop empty s fun x s => f y x s)
      = pop End.invalid (state v s) fun y s => pop End.invalid s fun x s => g y x s := by
  obtain ⟨stack, locals, globals⟩ := s
  cases stack with
  | nil => exact he
  | cons y k =>
    cases k with
    | nil => exact he
    | cons x k => exact h y x ⟨k, locals, globals⟩
theorem pop_three {R : Type} (v : Assignment) (F : R → End (State Bool)) (empty : R) (s : State Lit)
    (f : List Lit → List Lit → List Lit → State Lit → R) (g : Word → Word → Word → State Bool → End (State Bool))
    (he : F empty = End.invalid)
    (h : ∀ c y x s, F (f c y x s) = g (vals v c) (vals v y) (vals v x) (state v s)) :
    F (pop empty s fun c s => pop empty s fun y s => pop empty s fun x s => f c y x s)
      = pop End.invalid (state v s) fun c s => pop End.invalid s fun y s => pop End.invalid s fun x s => g c y x s := by
  obtain ⟨stack, locals, globals⟩ := s
  cases stack with
  | nil => exact he
  | cons c k =>
    cases k with
    | nil => exact he
    | cons y k =>
      cases k with
      | nil => exact he
      | cons x k => exact h c y x ⟨k, locals, globals⟩

def invalid : Tree := Tree.leaf End.invalid
def normal (s : State Lit) : Tree := Tree.leaf (End.normal s)
def simple_of (t : Gates) (i : Instruction) (s : State Lit) : Tree :=
  match i with
  | Instruction.const w n => normal (push (constant (size w) n) s)
  | Instruction.eqz => pop invalid s fun x s => known (is_zero t x) fun c => normal (push (truth Lit.no c) s)
  | Instruction.unary w op => pop invalid s fun x s => normal (push (counted_of t w x op) s)
  | Instruction.binary w op => pop invalid s fun y s => pop invalid s fun x s => normal (push (compute_of t w x y op) s)
  | Instruction.compare is_signed r => pop invalid s fun y s => pop invalid s fun x s =>
      known (compare_of t is_signed r x y) fun c => normal (push (truth Lit.no c) s)
  | Instruction.resize bits w is_signed => pop invalid s fun x s =>
      normal (push (resize Lit.no bits (size w) is_signed x) s)
  | Instruction.nop => normal s
  | Instruction.unreachable => Tree.leaf End.trap
  | Instruction.drop => pop invalid s fun _ s => normal s
  | Instruction.select => pop invalid s fun c s => pop invalid s fun y s => pop invalid s fun x s =>
      known (is_zero t c) fun z => fork t z (normal (push y s)) (normal (push x s))
  | Instruction.local_get n => given invalid (fun x => normal (push x s)) (item n s.locals)
  | Instruction.local_set n => pop invalid s fun x s =>
      given invalid (fun l => normal { s with locals := l }) (update x n s.locals)
  | Instruction.local_tee n => pop invalid s fun x s =>
      given invalid (fun l => normal (push x { s with locals := l })) (update x n s.locals)
  | Instruction.global_get n => given invalid (fun x => normal (push x s)) (item n s.globals)
  | Instruction.global_set n => pop invalid s fun x s =>
      given invalid (fun l => normal { s with globals := l }) (update x n s.globals)
  | _ => invalid

theorem simple_right (v : Assignment) (t : Gates) (o : obeys v t) (i : Instruction) (s : State Lit) :
    found v (simple_of t i s) = simple i (state v s) := by
  have one := @pop_one Tree v (found v) invalid
  have two := @pop_two Tree v (found v) invalid
  have three := @pop_three Tree v (found v) invalid
  cases i with
  | const w n =>
    show End.normal (push (vals v (constant (size w) n)) (state v s)) = End.normal (push (word (size w) n) (state v s))
    rw [show vals v (constant (size w) n) = word (size w) n from lits_right v _]
  | eqz =>
    refine one s (fun x s => known (is_zero t x) fun c => normal (push (truth Lit.no c) s))
      (fun x s => End.normal (push (truth false (zero x)) s)) rfl ?_
    intro x s
    show found v (known (is_zero t x) fun c => normal (push (truth Lit.no c) s)) = _
    rw [known_eq]
    show End.normal (push (truth false (ev v (is_zero t x))) (state v s)) = _
    rw [is_zero_right v t o]
  | unary w op =>
    refine one s (fun x s => normal (push (counted_of t w x op) s)) (fun x s => End.normal (push (counted w x op) s))
      rfl ?_
    intro x s
    show End.normal (push (vals v (counted_of t w x op)) (state v s)) = _
    rw [counted_right v t o]
  | binary w op =>
    refine two s (fun y x s => normal (push (compute_of t w x y op) s))
      (fun y x s => End.normal (push (compute w x y op) s)) rfl ?_
    intro y x s
    show End.normal (push (vals v (compute_of t w x y op)) (state v s)) = _
    rw [compute_right v t o]
  | compare is_signed r =>
    refine two s (fun y x s => known (compare_of t is_signed r x y) fun c => normal (push (truth Lit.no c) s))
      (fun y x s => End.normal (push (truth false (compare is_signed r x y)) s)) rfl ?_
    intro y x s
    show found v (known (compare_of t is_signed r x y) fun c => normal (push (truth Lit.no c) s)) = _
    rw [known_eq]
    show End.normal (push (truth false (ev v (compare_of t is_signed r x y))) (state v s)) = _
    rw [compare_right v t o]
  | resize bits w is_signed =>
    refine one s (fun x s => normal (push (resize Lit.no bits (size w) is_signed x) s))
      (fun x s => End.normal (push (resize false bits (size w) is_signed x) s)) rfl ?_
    intro x s
    show End.normal (push (vals v (resize Lit.no bits (size w) is_signed x)) (state v s)) = _
    rw [resize_right]
  | drop => exact one s (fun _ s => normal s) (fun _ s => End.normal s) rfl fun x s => rfl
  | select =>
    refine three s (fun c y x s => known (is_zero t c) fun z => fork t z (normal (push y s)) (normal (push x s)))
      (fun c y x s => cond (zero c) (End.normal (push y s)) (End.normal (push x s))) rfl ?_
    intro c y x s
    show found v (known (is_zero t c) fun z => fork t z (normal (push y s)) (normal (push x s))) = _
    rw [known_eq, fork_right v t o, is_zero_right v t o]
    exact rfl
  | local_get n =>
    show found v (given invalid (fun x => normal (push x s)) (item n s.locals))
      = given End.invalid (fun x => End.normal (push x (state v s))) (item n (vals_all v s.locals))
    rw [vals_item]
    cases item n s.locals <;> exact rfl
  | global_get n =>
    show found v (given invalid (fun x => normal (push x s)) (item n s.globals))
      = given End.invalid (fun x => End.normal (push x (state v s))) (item n (vals_all v s.globals))
    rw [vals_item]
    cases item n s.globals <;> exact rfl
  | local_set n =>
    refine one s (fun x s => given invalid (fun l => normal { s with locals := l }) (update x n s.locals))
      (fun x s => given End.invalid (fun l => End.normal { s with locals := l }) (update x n s.locals)) rfl ?_
    intro x s
    show found v (given invalid (fun l => normal { s with locals := l }) (update x n s.locals))
      = given End.invalid (fun l => End.normal { state v s with locals := l }) (update (vals v x) n (vals_all v s.locals))
    rw [vals_update]
    cases update x n s.locals <;> exact rfl
  | local_tee n =>
    refine one s (fun x s => given invalid (fun l => normal (push x { s with locals := l })) (update x n s.locals))
      (fun x s => given End.invalid (fun l => End.normal (push x { s with locals := l })) (update x n s.locals)) rfl ?_
    intro x s
    show found v (given invalid (fun l => normal (push x { s with locals := l })) (update x n s.locals))
      = given End.invalid (fun l => End.normal (push (vals v x) { state v s with locals := l }))
        (update (vals v x) n (vals_all v s.locals))
    rw [vals_update]
    cases update x n s.locals <;> exact rfl
  | global_set n =>
    refine one s (fun x s => given invalid (fun l => normal { s with globals := l }) (update x n s.globals))
      (fun x s => given End.invalid (fun l => End.normal { s with globals := l }) (update x n s.globals)) rfl ?_
    intro x s
    show found v (given invalid (fun l => normal { s with globals := l }) (update x n s.globals))
      = given End.invalid (fun l => End.normal { state v s with globals := l }) (update (vals v x) n (vals_all v s.globals))
    rw [vals_update]
    cases update x n s.globals <;> exact rfl
  | _ => exact rfl

def looped_of (takes : Nat) (before : State Lit) (again : State Lit → Tree) : End (State Lit) → Tree
  | End.branch 0 s => again (leave takes takes before s)
  | End.branch (d + 1) s => Tree.leaf (End.branch d s)
  | e => Tree.leaf e
theorem looped_right (v : Assignment) (takes : Nat) (b : State Lit) (f : State Lit → Tree)
    (F : State Bool → End (State Bool)) (h : ∀ s, found v (f s) = F (state v s)) (e : End (State Lit)) :
    found v (looped_of takes b f e) = looped takes (state v b) F (ending v e) := by
  cases e with
  | branch d s =>
    cases d with
    | zero =>
      show found v (f (leave takes takes b s)) = F (leave takes takes (state v b) (state v s))
      rw [h, leave_right]
    | succ d => exact rfl
  | _ => exact rfl

def table_of (t : Gates) (x : List Lit) (s : State Lit) : Nat → List Nat → Nat → Tree
  | _, [], otherwise => Tree.leaf (End.branch otherwise s)
  | k, d :: depths, otherwise => known (equals t x (constant 32 k) Lit.yes) fun z =>
    fork t z (Tree.leaf (End.branch d s)) (table_of t x s (Nat.succ k) depths otherwise)
theorem table_right (v : Assignment) (t : Gates) (o : obeys v t) (x : List Lit) (s : State Lit) :
    ∀ (k : Nat) (depths : List Nat) (otherwise : Nat),
    found v (table_of t x s k depths otherwise) = End.branch (depth_at (vals v x) k depths otherwise) (state v s)
  | _, [], _ => rfl
  | k, d :: depths, otherwise => by
    show found v (known (equals t x (constant 32 k) Lit.yes) fun z => fork t z (Tree.leaf (End.branch d s))
        (table_of t x s (Nat.succ k) depths otherwise))
      = End.branch (cond (Nat.beq (number (vals v x)) (number (word 32 k))) d
        (depth_at (vals v x) (Nat.succ k) depths otherwise)) (state v s)
    rw [known_eq, fork_right v t o, equals_right v t o, table_right v t o x s (Nat.succ k) depths otherwise,
      show vals v (constant 32 k) = word 32 k from lits_right v _]
    cases Nat.beq (number (vals v x)) (number (word 32 k)) <;> exact rfl

def execute_of (t : Gates) (m : Module) : Nat → Instruction → State Lit → Tree
  | 0, _, _ => Tree.leaf End.unfinished
  | n + 1, i, s =>
    match i with
    | Instruction.block takes leaves body =>
      follow t (fun e => Tree.leaf (close takes leaves s e)) (sequence_of t (execute_of t m n) body s)
    | Instruction.loop takes leaves body =>
      follow t (looped_of takes s (execute_of t m n (Instruction.loop takes leaves body)))
        (sequence_of t (execute_of t m n) body s)
    | Instruction.if_ takes leaves yes no => pop invalid s fun c s =>
      known (is_zero t c) fun z => follow t (fun e => Tree.leaf (close takes leaves s e))
        (fork t z (sequence_of t (execute_of t m n) no s) (sequence_of t (execute_of t m n) yes s))
    | Instruction.br depth => Tree.leaf (End.branch depth s)
    | Instruction.br_if depth => pop invalid s fun c s => known (is_zero t c) fun z =>
      fork t z (Tree.leaf (End.normal s)) (Tree.leaf (End.branch depth s))
    | Instruction.br_table depths otherwise => pop invalid s fun x s => table_of t x s 0 depths otherwise
    | Instruction.return_ => Tree.leaf (End.returned s)
    | Instruction.call f => given invalid
      (fun g => follow t (fun e => Tree.leaf (returning g s e))
        (sequence_of t (execute_of t m n) g.body (entered Lit.no g s))) (item f m.functions)
    | i => simple_of t i s

theorem execute_right (v : Assignment) (t : Gates) (o : obeys v t) (m : Module) :
    ∀ (n : Nat) (i : Instruction) (s : State Lit), found v (execute_of t m n i s) = execute m n i (state v s)
  | 0, _, _ => rfl
  | n + 1, i, s => by
    have ih := execute_right v t o m n
    have code := sequence_right v t o (execute_of t m n) (execute m n) ih
    have one := @pop_one Tree v (found v) invalid
    cases i with
    | block takes leaves body =>
      show found v (follow t (fun e => Tree.leaf (close takes leaves s e)) (sequence_of t (execute_of t m n) body s)) = _
      rw [follow_right v t o (fun e => Tree.leaf (close takes leaves s e)) (close takes leaves (state v s))
        (close_right v takes leaves s), code]
      exact rfl
    | loop takes leaves body =>
      show found v (follow t (looped_of takes s (execute_of t m n (Instruction.loop takes leaves body)))
        (sequence_of t (execute_of t m n) body s)) = _
      rw [follow_right v t o _ (looped takes (state v s) (execute m n (Instruction.loop takes leaves body)))
        (looped_right v takes s _ _ (ih _)), code]
      exact rfl
    | if_ takes leaves yes no =>
      refine one s (fun c s => known (is_zero t c) fun z => follow t (fun e => Tree.leaf (close takes leaves s e))
          (fork t z (sequence_of t (execute_of t m n) no s) (sequence_of t (execute_of t m n) yes s)))
        (fun c s => close takes leaves s (cond (zero c) (sequence (execute m n) no s)
          (sequence (execute m n) yes s))) rfl ?_
      intro c s
      show found v (known (is_zero t c) fun z => follow t (fun e => Tree.leaf (close takes leaves s e))
        (fork t z (sequence_of t (execute_of t m n) no s) (sequence_of t (execute_of t m n) yes s))) = _
      rw [known_eq, follow_right v t o (fun e => Tree.leaf (close takes leaves s e)) (close takes leaves (state v s))
        (close_right v takes leaves s), fork_right v t o, is_zero_right v t o, code, code]
    | br depth => exact rfl
    | br_if depth =>
      refine one s (fun c s => known (is_zero t c) fun z =>
          fork t z (Tree.leaf (End.normal s)) (Tree.leaf (End.branch depth s)))
        (fun c s => cond (zero c) (End.normal s) (End.branch depth s)) rfl ?_
      intro c s
      show found v (known (is_zero t c) fun z => fork t z (Tree.leaf (End.normal s)) (Tree.leaf (End.branch depth s))) = _
      rw [known_eq, fork_right v t o, is_zero_right v t o]
      exact rfl
    | br_table depths otherwise =>
      exact one s (fun x s => table_of t x s 0 depths otherwise)
        (fun x s => End.branch (depth_at x 0 depths otherwise) s) rfl
        fun x s => table_right v t o x s 0 depths otherwise
    | return_ => exact rfl
    | call f =>
      show found v (given _ _ (item f m.functions)) = given _ _ (item f m.functions)
      cases item f m.functions with
      | none => exact rfl
      | some g =>
        show found v (follow t (fun e => Tree.leaf (returning g s e))
          (sequence_of t (execute_of t m n) g.body (entered Lit.no g s))) = _
        rw [follow_right v t o (fun e => Tree.leaf (returning g s e)) (returning g (state v s))
          (returning_right v g s), code, entered_right]
        exact rfl
    | const w k => exact simple_right v t o (Instruction.const w k) s
    | eqz => exact simple_right v t o (Instruction.eqz) s
    | unary w op => exact simple_right v t o (Instruction.unary w op) s
    | binary w op => exact simple_right v t o (Instruction.binary w op) s
    | compare is_signed r => exact simple_right v t o (Instruction.compare is_signed r) s
    | resize bits w is_signed => exact simple_right v t o (Instruction.resize bits w is_signed) s
    | nop => exact simple_right v t o (Instruction.nop) s
    | unreachable => exact simple_right v t o (Instruction.unreachable) s
    | drop => exact simple_right v t o (Instruction.drop) s
    | select => exact simple_right v t o (Instruction.select) s
    | local_get k => exact simple_right v t o (Instruction.local_get k) s
    | local_set k => exact simple_right v t o (Instruction.local_set k) s
    | local_tee k => exact simple_right v t o (Instruction.local_tee k) s
    | global_get k => exact simple_right v t o (Instruction.global_get k) s
    | global_set k => exact simple_right v t o (Instruction.global_set k) s

end Isotrace.Bits
