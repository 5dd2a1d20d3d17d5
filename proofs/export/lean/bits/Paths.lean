/- Running code on words of literals, on all ways at once, which agrees with running it on bits. -/
import Isotrace.Bits.Trees
namespace Isotrace.Bits

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
  show State.mk (vals_all v (join (taken leaves s.stack) (dropped takes b.stack))) _ _ _ = _
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
  show State.mk (vals_all v (join (taken (count f.results) s.stack) (dropped (count f.parameters) b.stack))) _ _ _ = _
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
  show State.mk [] (vals_all v (join (reversed (taken (count f.parameters) s.stack) []) (zeros Lit.no f.locals))) _ _ = _
  rw [vals_join, vals_reversed, vals_taken, vals_zeros]
  exact rfl

/- ---- instructions ---- -/

theorem pop_one {R : Type} (v : Assignment) (F : R → End (State Bool)) (empty : R) (s : State Lit)
    (f : List Lit → State Lit → R) (g : Word → State Bool → End (State Bool)) (he : F empty = End.invalid)
    (h : ∀ x s, F (f x s) = g (vals v x) (state v s)) :
    F (pop empty s f) = pop End.invalid (state v s) g := by
  obtain ⟨stack, locals, globals, written⟩ := s
  cases stack with
  | nil => exact he
  | cons x k => exact h x ⟨k, locals, globals, written⟩
theorem pop_two {R : Type} (v : Assignment) (F : R → End (State Bool)) (empty : R) (s : State Lit)
    (f : List Lit → List Lit → State Lit → R) (g : Word → Word → State Bool → End (State Bool))
    (he : F empty = End.invalid) (h : ∀ y x s, F (f y x s) = g (vals v y) (vals v x) (state v s)) :
    F (pop empty s fun y s => pop empty s fun x s => f y x s)
      = pop End.invalid (state v s) fun y s => pop End.invalid s fun x s => g y x s := by
  obtain ⟨stack, locals, globals, written⟩ := s
  cases stack with
  | nil => exact he
  | cons y k =>
    cases k with
    | nil => exact he
    | cons x k => exact h y x ⟨k, locals, globals, written⟩
theorem pop_three {R : Type} (v : Assignment) (F : R → End (State Bool)) (empty : R) (s : State Lit)
    (f : List Lit → List Lit → List Lit → State Lit → R) (g : Word → Word → Word → State Bool → End (State Bool))
    (he : F empty = End.invalid)
    (h : ∀ c y x s, F (f c y x s) = g (vals v c) (vals v y) (vals v x) (state v s)) :
    F (pop empty s fun c s => pop empty s fun y s => pop empty s fun x s => f c y x s)
      = pop End.invalid (state v s) fun c s => pop End.invalid s fun y s => pop End.invalid s fun x s => g c y x s := by
  obtain ⟨stack, locals, globals, written⟩ := s
  cases stack with
  | nil => exact he
  | cons c k =>
    cases k with
    | nil => exact he
    | cons y k =>
      cases k with
      | nil => exact he
      | cons x k => exact h c y x ⟨k, locals, globals, written⟩

def invalid : Tree := Tree.leaf End.invalid
def normal (s : State Lit) : Tree := Tree.leaf (End.normal s)
def simple_of (t : Gates) (m : Module) (i : Instruction) (s : State Lit) : Tree :=
  match i with
  | Instruction.const w n => normal (push (constant (size w) n) s)
  | Instruction.eqz => pop invalid s fun x s => known (is_zero t x) fun c => normal (push (truth Lit.no c) s)
  | Instruction.unary w op => pop invalid s fun x s => known_all (counted_of t w x op) fun z =>
      normal (push z s)
  | Instruction.binary w op => pop invalid s fun y s => pop invalid s fun x s =>
      known_all (compute_of t w x y op) fun z => normal (push z s)
  | Instruction.divide w is_signed is_rem => pop invalid s fun y s => pop invalid s fun x s =>
      known (is_zero t y) fun z => fork t z (Tree.leaf End.trap)
        (known (overflows_of t (size w) is_signed is_rem x y) fun q => fork t q (Tree.leaf End.trap)
          (known_all (divide_of t (size w) is_signed is_rem x y) fun z => normal (push z s)))
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
  | Instruction.load w bytes is_signed offset => pop invalid s fun a s =>
      known (beyond_of t m a (offset + bytes)) fun c => fork t c (Tree.leaf End.trap)
        (known_all (loaded_of t m s.written a offset bytes) fun x =>
          normal (push (resize Lit.no (8 * bytes) (size w) is_signed x) s))
  | Instruction.store bytes offset => pop invalid s fun x s => pop invalid s fun a s =>
      known (beyond_of t m a (offset + bytes)) fun c => fork t c (Tree.leaf End.trap)
        (known_writes (stored_of t a offset bytes x s.written) fun k => normal { s with written := k })
  | Instruction.memory_size => normal (push (constant 32 m.pages) s)
  | Instruction.memory_fill => pop invalid s fun n s => pop invalid s fun x s => pop invalid s fun a s =>
      known (row_beyond t m a n) fun c => fork t c (Tree.leaf End.trap)
        (known_writes (row_of t a n (fun _ => fit Lit.no 8 x) (most n) s.written) fun k => normal { s with written := k })
  | Instruction.memory_copy => pop invalid s fun n s => pop invalid s fun b s => pop invalid s fun a s =>
      known (row_beyond t m b n) fun c => known (row_beyond t m a n) fun d => known (either t c d) fun c =>
      fork t c (Tree.leaf End.trap) (known_writes (row_of t a n (fun i => known_all (place_of t b i) fun p =>
        byte_at_of t m s.written p) (most n) s.written) fun k => normal { s with written := k })
  | _ => invalid

theorem simple_right (v : Assignment) (t : Gates) (o : obeys v t) (m : Module) (i : Instruction) (s : State Lit) :
    found v (simple_of t m i s) = simple m i (state v s) := by
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
    refine one s (fun x s => known_all (counted_of t w x op) fun z => normal (push z s))
      (fun x s => End.normal (push (counted w x op) s)) rfl ?_
    intro x s
    show found v (known_all (counted_of t w x op) fun z => normal (push z s)) = _
    rw [known_all_eq]
    show End.normal (push (vals v (counted_of t w x op)) (state v s)) = _
    rw [counted_right v t o]
  | binary w op =>
    refine two s (fun y x s => known_all (compute_of t w x y op) fun z => normal (push z s))
      (fun y x s => End.normal (push (compute w x y op) s)) rfl ?_
    intro y x s
    show found v (known_all (compute_of t w x y op) fun z => normal (push z s)) = _
    rw [known_all_eq]
    show End.normal (push (vals v (compute_of t w x y op)) (state v s)) = _
    rw [compute_right v t o]
  | divide w is_signed is_rem =>
    refine two s (fun y x s => known (is_zero t y) fun z => fork t z (Tree.leaf End.trap)
        (known (overflows_of t (size w) is_signed is_rem x y) fun q => fork t q (Tree.leaf End.trap)
          (known_all (divide_of t (size w) is_signed is_rem x y) fun z => normal (push z s))))
      (fun y x s => cond (zero y) End.trap (cond (overflows (size w) is_signed is_rem x y) End.trap
        (End.normal (push (divide (size w) is_signed is_rem x y) s)))) rfl ?_
    intro y x s
    show found v (known (is_zero t y) fun z => fork t z (Tree.leaf End.trap)
        (known (overflows_of t (size w) is_signed is_rem x y) fun q => fork t q (Tree.leaf End.trap)
          (known_all (divide_of t (size w) is_signed is_rem x y) fun z => normal (push z s)))) = _
    rw [known_eq, fork_right v t o, is_zero_right v t o, known_eq, fork_right v t o, overflows_right v t o, known_all_eq]
    show cond (zero (vals v y)) End.trap (cond (overflows (size w) is_signed is_rem (vals v x) (vals v y)) End.trap
      (End.normal (push (vals v (divide_of t (size w) is_signed is_rem x y)) (state v s)))) = _
    rw [divide_right v t o]
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
  | load w bytes is_signed offset =>
    refine one s (fun a s => known (beyond_of t m a (offset + bytes)) fun c => fork t c (Tree.leaf End.trap)
        (known_all (loaded_of t m s.written a offset bytes) fun x =>
          normal (push (resize Lit.no (8 * bytes) (size w) is_signed x) s)))
      (fun a s => cond (beyond m a (offset + bytes)) End.trap (End.normal (push (resize false (8 * bytes) (size w) is_signed
        (loaded m s.written a offset bytes)) s))) rfl ?_
    intro a s
    show found v (known (beyond_of t m a (offset + bytes)) fun c => fork t c (Tree.leaf End.trap)
        (known_all (loaded_of t m s.written a offset bytes) fun x =>
          normal (push (resize Lit.no (8 * bytes) (size w) is_signed x) s))) = _
    rw [known_eq, fork_right v t o, beyond_right v t o, known_all_eq]
    show cond _ End.trap (End.normal (push (vals v (resize Lit.no (8 * bytes) (size w) is_signed
      (loaded_of t m s.written a offset bytes))) (state v s))) = _
    rw [resize_right, loaded_right v t o]
    exact rfl
  | store bytes offset =>
    refine two s (fun x a s => known (beyond_of t m a (offset + bytes)) fun c => fork t c (Tree.leaf End.trap)
        (known_writes (stored_of t a offset bytes x s.written) fun k => normal { s with written := k }))
      (fun x a s => cond (beyond m a (offset + bytes)) End.trap
        (End.normal { s with written := stored a offset bytes x s.written })) rfl ?_
    intro x a s
    show found v (known (beyond_of t m a (offset + bytes)) fun c => fork t c (Tree.leaf End.trap)
        (known_writes (stored_of t a offset bytes x s.written) fun k => normal { s with written := k })) = _
    rw [known_eq, fork_right v t o, beyond_right v t o, known_writes_eq]
    show cond _ End.trap (End.normal { state v s with written := writes v (stored_of t a offset bytes x s.written) }) = _
    rw [stored_right v t o]
    exact rfl
  | memory_size =>
    show End.normal (push (vals v (constant 32 m.pages)) (state v s)) = End.normal (push (word 32 m.pages) (state v s))
    rw [constant_right]
  | memory_fill =>
    refine three s (fun n x a s => known (row_beyond t m a n) fun c => fork t c (Tree.leaf End.trap)
        (known_writes (row_of t a n (fun _ => fit Lit.no 8 x) (most n) s.written) fun k => normal { s with written := k }))
      (fun n x a s => cond (beyond m a (number n)) End.trap
        (End.normal { s with written := row a (fun _ => fit false 8 x) (number n) s.written })) rfl ?_
    intro n x a s
    show found v (known (row_beyond t m a n) fun c => fork t c (Tree.leaf End.trap) (known_writes (row_of t a n
      (fun _ => fit Lit.no 8 x) (most n) s.written) fun k => normal { s with written := k })) = _
    rw [known_eq, fork_right v t o, row_beyond_right v t o, known_writes_eq]
    show cond _ End.trap (End.normal { state v s with written := writes v (row_of t a n (fun _ => fit Lit.no 8 x)
      (most n) s.written) }) = _
    rw [row_right v t o a n (fun _ => fit Lit.no 8 x) (fun _ => fit false 8 (vals v x))
      (fun _ => (fit_vals v Lit.no 8 x).symm) s.written (most n) (le_most v n)]
    exact rfl
  | memory_copy =>
    refine three s (fun n b a s => known (row_beyond t m b n) fun c => known (row_beyond t m a n) fun d =>
        known (either t c d) fun c => fork t c (Tree.leaf End.trap) (known_writes (row_of t a n (fun i =>
        known_all (place_of t b i) fun p => byte_at_of t m s.written p) (most n) s.written) fun k =>
        normal { s with written := k }))
      (fun n b a s => cond (or (beyond m b (number n)) (beyond m a (number n))) End.trap
        (End.normal { s with written := row a (fun i => byte_at m s.written (place b i)) (number n) s.written })) rfl ?_
    intro n b a s
    show found v (known (row_beyond t m b n) fun c => known (row_beyond t m a n) fun d => known (either t c d) fun c =>
      fork t c (Tree.leaf End.trap) (known_writes (row_of t a n (fun i => known_all (place_of t b i) fun p =>
      byte_at_of t m s.written p) (most n) s.written) fun k => normal { s with written := k })) = _
    rw [known_eq, known_eq, known_eq, fork_right v t o, ev_either v t o, row_beyond_right v t o, row_beyond_right v t o,
      known_writes_eq]
    show cond _ End.trap (End.normal { state v s with written := writes v (row_of t a n (fun i =>
      known_all (place_of t b i) fun p => byte_at_of t m s.written p) (most n) s.written) }) = _
    rw [row_right v t o a n (fun i => known_all (place_of t b i) fun p => byte_at_of t m s.written p)
      (fun i => byte_at m (writes v s.written) (place (vals v b) i))
      (fun i => by
        show vals v (known_all (place_of t b i) fun p => byte_at_of t m s.written p) = _
        rw [known_all_eq, byte_at_right v t o, place_right v t o]) s.written (most n) (le_most v n)]
    exact rfl
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

/- What f makes of the function that a table has where a value says; a trap where it has none. -/
def entries_of (t : Gates) (x : List Lit) (f : Nat → Tree) : Nat → List (Option Nat) → Tree
  | _, [] => Tree.leaf End.trap
  | k, g :: table => known (equals t x (constant 32 k) Lit.yes) fun z =>
    fork t z (given (Tree.leaf End.trap) f g) (entries_of t x f (Nat.succ k) table)
theorem entries_right (v : Assignment) (t : Gates) (o : obeys v t) (x : List Lit) (f : Nat → Tree)
    (F : Nat → End (State Bool)) (h : ∀ g, found v (f g) = F g) : ∀ (k : Nat) (table : List (Option Nat)),
    found v (entries_of t x f k table) = given End.trap F (entry_at (vals v x) k table)
  | _, [] => rfl
  | k, g :: table => by
    show found v (known (equals t x (constant 32 k) Lit.yes) fun z => fork t z (given (Tree.leaf End.trap) f g)
        (entries_of t x f (Nat.succ k) table))
      = given End.trap F (cond (Nat.beq (number (vals v x)) (number (word 32 k))) g (entry_at (vals v x) (Nat.succ k) table))
    rw [known_eq, fork_right v t o, equals_right v t o, entries_right v t o x f F h (Nat.succ k) table, constant_right]
    cases Nat.beq (number (vals v x)) (number (word 32 k)) with
    | false => exact rfl
    | true =>
      cases g with
      | none => exact rfl
      | some g => exact h g

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
    | Instruction.call_indirect table => pop invalid s fun x s =>
      entries_of t x (fun f => execute_of t m n (Instruction.call f) s) 0 table
    | i => simple_of t m i s

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
    | call_indirect table =>
      exact one s (fun x s => entries_of t x (fun f => execute_of t m n (Instruction.call f) s) 0 table)
        (fun x s => given End.trap (fun f => execute m n (Instruction.call f) s) (entry_at x 0 table)) rfl
        fun x s => entries_right v t o x _ _ (fun f => ih (Instruction.call f) s) 0 table
    | const w k => exact simple_right v t o m (Instruction.const w k) s
    | eqz => exact simple_right v t o m (Instruction.eqz) s
    | unary w op => exact simple_right v t o m (Instruction.unary w op) s
    | binary w op => exact simple_right v t o m (Instruction.binary w op) s
    | divide w is_signed is_rem => exact simple_right v t o m (Instruction.divide w is_signed is_rem) s
    | compare is_signed r => exact simple_right v t o m (Instruction.compare is_signed r) s
    | resize bits w is_signed => exact simple_right v t o m (Instruction.resize bits w is_signed) s
    | nop => exact simple_right v t o m (Instruction.nop) s
    | unreachable => exact simple_right v t o m (Instruction.unreachable) s
    | drop => exact simple_right v t o m (Instruction.drop) s
    | select => exact simple_right v t o m (Instruction.select) s
    | local_get k => exact simple_right v t o m (Instruction.local_get k) s
    | local_set k => exact simple_right v t o m (Instruction.local_set k) s
    | local_tee k => exact simple_right v t o m (Instruction.local_tee k) s
    | global_get k => exact simple_right v t o m (Instruction.global_get k) s
    | global_set k => exact simple_right v t o m (Instruction.global_set k) s
    | load w bytes is_signed offset => exact simple_right v t o m (Instruction.load w bytes is_signed offset) s
    | store bytes offset => exact simple_right v t o m (Instruction.store bytes offset) s
    | memory_size => exact simple_right v t o m Instruction.memory_size s
    | memory_fill => exact simple_right v t o m Instruction.memory_fill s
    | memory_copy => exact simple_right v t o m Instruction.memory_copy s

end Isotrace.Bits
