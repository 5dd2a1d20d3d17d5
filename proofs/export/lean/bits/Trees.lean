/- Ends of code that runs on words of literals. Where the way on depends on a literal, both ways are followed and make
   a tree; where both sides of a fork end alike, they are joined again. -/
import Isotrace.Bits.Memory
namespace Isotrace.Bits

def vals_all (v : Assignment) : List (List Lit) → List Word
  | [] => []
  | x :: k => vals v x :: vals_all v k
def state (v : Assignment) (s : State Lit) : State Bool :=
  ⟨vals_all v s.stack, vals_all v s.locals, vals_all v s.globals, writes v s.written⟩
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
  cond (same_length x y) (known_all (zip_choose x y) some) none
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
  given none (fun stack => given none (fun locals => given none (fun globals =>
    known_writes (join_writes t c s.written r.written) fun written => some ⟨stack, locals, globals, written⟩)
    (join_all t c s.globals r.globals)) (join_all t c s.locals r.locals)) (join_all t c s.stack r.stack)
def join_ends (t : Gates) (c : Lit) : End (State Lit) → End (State Lit) → Option (End (State Lit))
  | End.normal s, End.normal r => given none (fun q => some (End.normal q)) (join_states t c s r)
  | End.returned s, End.returned r => given none (fun q => some (End.returned q)) (join_states t c s r)
  | End.branch d s, End.branch e r => cond (Nat.beq d e)
      (given none (fun q => some (End.branch d q)) (join_states t c s r)) none
  | End.trap, End.trap => some End.trap
  | _, _ => none
/- Where c is true an end, and elsewhere what a tree says. -/
def put (c : Lit) (e : End (State Lit)) (k : Tree) : Tree :=
  known c fun c => match c with
    | Lit.no => k
    | Lit.yes => Tree.leaf e
    | c => Tree.fork c (Tree.leaf e) k
/- An order of ends, in which trees have them: then trees that meet have at most one end of each kind. -/
def rank : End (State Lit) → Nat
  | End.trap => 0
  | End.invalid => 1
  | End.unfinished => 2
  | End.returned _ => 3
  | End.normal _ => 4
  | End.branch d _ => d + 5
/- c ? yes : no, with ends joined where they are alike. -/
def joined (t : Gates) (c : Lit) : Nat → Tree → Tree → Tree
  | n + 1, yes, no => match yes, no with
    | Tree.leaf e, Tree.leaf f => given (cond (Nat.ble (rank e) (rank f)) (Tree.fork c (Tree.leaf e) (Tree.leaf f))
        (Tree.fork (inv c) (Tree.leaf f) (Tree.leaf e))) Tree.leaf (join_ends t c e f)
    | Tree.leaf e, Tree.fork b (Tree.leaf f) k => given (cond (Nat.ble (rank e) (rank f))
        (put c e (Tree.fork b (Tree.leaf f) k)) (put (both t (inv c) b) f (joined t c n (Tree.leaf e) k)))
        (fun g => put (choose t c Lit.yes b) g k) (join_ends t c e f)
    | Tree.fork a (Tree.leaf e) y, Tree.leaf f => given (cond (Nat.ble (rank f) (rank e))
        (put (inv c) f (Tree.fork a (Tree.leaf e) y)) (put (both t c a) e (joined t c n y (Tree.leaf f))))
        (fun g => put (choose t c a Lit.yes) g y) (join_ends t c e f)
    | Tree.fork a (Tree.leaf e) y, Tree.fork b (Tree.leaf f) k => given (cond (Nat.ble (rank e) (rank f))
        (put (both t c a) e (joined t c n y (Tree.fork b (Tree.leaf f) k)))
        (put (both t (inv c) b) f (joined t c n (Tree.fork a (Tree.leaf e) y) k)))
        (fun g => put (choose t c a b) g (joined t c n y k)) (join_ends t c e f)
    | yes, no => Tree.fork c yes no
  | 0, yes, no => Tree.fork c yes no
/- More kinds of ends than code has. -/
def kinds_most : Nat := 1000000
def fork (t : Gates) (c : Lit) (yes no : Tree) : Tree :=
  match c with
  | Lit.no => no
  | Lit.yes => yes
  | c => joined t c kinds_most yes no

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
    rw [e, known_all_eq] at h
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
  rw [known_writes_eq] at h
  injection h with h
  rw [← h]
  show State.mk (vals_all v a) (vals_all v b) (vals_all v d) (writes v (join_writes t c s.written r.written)) = _
  rw [join_all_right v t o c _ _ a ha, join_all_right v t o c _ _ b hb, join_all_right v t o c _ _ d hd,
    join_writes_right v t o]
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
theorem put_right (v : Assignment) (c : Lit) (e : End (State Lit)) (k : Tree) :
    found v (put c e k) = cond (ev v c) (ending v e) (found v k) := by
  unfold put
  rw [known_eq]
  cases c <;> exact rfl
theorem joined_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) : ∀ (n : Nat) (yes no : Tree),
    found v (joined t c n yes no) = cond (ev v c) (found v yes) (found v no)
  | 0, _, _ => rfl
  | n + 1, Tree.leaf e, Tree.leaf f => by
    show found v (given (cond (Nat.ble (rank e) (rank f)) (Tree.fork c (Tree.leaf e) (Tree.leaf f))
      (Tree.fork (inv c) (Tree.leaf f) (Tree.leaf e))) Tree.leaf (join_ends t c e f)) = cond _ (ending v e) (ending v f)
    cases h : join_ends t c e f with
    | some g => exact join_ends_right v t o c e f g h
    | none =>
      show found v (cond (Nat.ble (rank e) (rank f)) (Tree.fork c (Tree.leaf e) (Tree.leaf f))
        (Tree.fork (inv c) (Tree.leaf f) (Tree.leaf e))) = _
      cases Nat.ble (rank e) (rank f) with
      | true => exact rfl
      | false =>
        show cond (ev v (inv c)) (ending v f) (ending v e) = _
        rw [ev_inv]
        cases ev v c <;> exact rfl
  | n + 1, Tree.leaf e, Tree.fork b (Tree.leaf f) k => by
    show found v (given (cond (Nat.ble (rank e) (rank f))
      (put c e (Tree.fork b (Tree.leaf f) k)) (put (both t (inv c) b) f (joined t c n (Tree.leaf e) k)))
      (fun g => put (choose t c Lit.yes b) g k) (join_ends t c e f))
      = cond _ (ending v e) (cond (ev v b) (ending v f) (found v k))
    cases h : join_ends t c e f with
    | some g =>
      show found v (put (choose t c Lit.yes b) g k) = _
      rw [put_right, ev_choose v t o, join_ends_right v t o c e f g h]
      cases ev v c <;> exact rfl
    | none =>
      show found v (cond (Nat.ble (rank e) (rank f)) _ _) = _
      cases Nat.ble (rank e) (rank f) with
      | true => exact put_right v c e _
      | false =>
        show found v (put (both t (inv c) b) f (joined t c n (Tree.leaf e) k)) = _
        rw [put_right, ev_both v t o, ev_inv, joined_right v t o c n]
        cases ev v c <;> exact rfl
  | n + 1, Tree.fork a (Tree.leaf e) y, Tree.leaf f => by
    show found v (given (cond (Nat.ble (rank f) (rank e))
      (put (inv c) f (Tree.fork a (Tree.leaf e) y)) (put (both t c a) e (joined t c n y (Tree.leaf f))))
      (fun g => put (choose t c a Lit.yes) g y) (join_ends t c e f))
      = cond _ (cond (ev v a) (ending v e) (found v y)) (ending v f)
    cases h : join_ends t c e f with
    | some g =>
      show found v (put (choose t c a Lit.yes) g y) = _
      rw [put_right, ev_choose v t o, join_ends_right v t o c e f g h]
      cases ev v c <;> exact rfl
    | none =>
      show found v (cond (Nat.ble (rank f) (rank e)) _ _) = _
      cases Nat.ble (rank f) (rank e) with
      | true =>
        show found v (put (inv c) f (Tree.fork a (Tree.leaf e) y)) = _
        rw [put_right, ev_inv]
        cases ev v c <;> exact rfl
      | false =>
        show found v (put (both t c a) e (joined t c n y (Tree.leaf f))) = _
        rw [put_right, ev_both v t o, joined_right v t o c n]
        cases ev v c <;> exact rfl
  | n + 1, Tree.fork a (Tree.leaf e) y, Tree.fork b (Tree.leaf f) k => by
    show found v (given (cond (Nat.ble (rank e) (rank f))
      (put (both t c a) e (joined t c n y (Tree.fork b (Tree.leaf f) k)))
      (put (both t (inv c) b) f (joined t c n (Tree.fork a (Tree.leaf e) y) k)))
      (fun g => put (choose t c a b) g (joined t c n y k)) (join_ends t c e f))
      = cond _ (cond (ev v a) (ending v e) (found v y)) (cond (ev v b) (ending v f) (found v k))
    cases h : join_ends t c e f with
    | some g =>
      show found v (put (choose t c a b) g (joined t c n y k)) = _
      rw [put_right, ev_choose v t o, join_ends_right v t o c e f g h, joined_right v t o c n]
      cases ev v c <;> exact rfl
    | none =>
      show found v (cond (Nat.ble (rank e) (rank f)) _ _) = _
      cases Nat.ble (rank e) (rank f) with
      | true =>
        show found v (put (both t c a) e (joined t c n y (Tree.fork b (Tree.leaf f) k))) = _
        rw [put_right, ev_both v t o, joined_right v t o c n]
        cases ev v c <;> exact rfl
      | false =>
        show found v (put (both t (inv c) b) f (joined t c n (Tree.fork a (Tree.leaf e) y) k)) = _
        rw [put_right, ev_both v t o, ev_inv, joined_right v t o c n]
        cases ev v c <;> exact rfl
  | _ + 1, Tree.fork _ (Tree.fork _ _ _) _, Tree.leaf _ => rfl
  | _ + 1, Tree.fork _ (Tree.fork _ _ _) _, Tree.fork _ _ _ => rfl
  | _ + 1, Tree.leaf _, Tree.fork _ (Tree.fork _ _ _) _ => rfl
  | _ + 1, Tree.fork _ (Tree.leaf _) _, Tree.fork _ (Tree.fork _ _ _) _ => rfl
theorem fork_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) (yes no : Tree) :
    found v (fork t c yes no) = cond (ev v c) (found v yes) (found v no) := by
  cases c with
  | no => exact rfl
  | yes => exact rfl
  | _ => exact joined_right v t o _ kinds_most yes no

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

end Isotrace.Bits
