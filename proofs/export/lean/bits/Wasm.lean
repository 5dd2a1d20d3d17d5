/- Functions of WebAssembly as data, and what running them means. Every theorem of a bundle about a function
   is stated with these definitions and no others. Specification: WebAssembly, "Execution" and "Numerics". -/
namespace Isotrace.Bits

/- ---- numbers ---- -/

/- A value is its bits, the lowest first: 32 of them, or 64. -/
abbrev Word := List Bool

def bit : Bool → Nat
  | true => 1
  | false => 0
/- The unsigned number that bits stand for. -/
def number : Word → Nat
  | [] => 0
  | b :: k => bit b + 2 * number k
def odd (n : Nat) : Bool := Nat.beq n (2 * (n / 2) + 1)
/- The lowest w bits of a number. -/
def word : Nat → Nat → Word
  | 0, _ => []
  | w + 1, n => odd n :: word w (n / 2)

def first {A : Type} (z : A) : List A → A
  | [] => z
  | a :: _ => a
def rest {A : Type} : List A → List A
  | [] => []
  | _ :: k => k
def last {A : Type} (z : A) : List A → A
  | [] => z
  | a :: k => last a k
/- The first w of a list, with z behind its end. -/
def fit {A : Type} (z : A) : Nat → List A → List A
  | 0, _ => []
  | w + 1, k => first z k :: fit z w (rest k)

/- A function of bits at each of w places. -/
def each (f : Bool → Bool → Bool) : Nat → Word → Word → Word
  | 0, _, _ => []
  | w + 1, x, y => f (first false x) (first false y) :: each f w (rest x) (rest y)
def inverted : Nat → Word → Word
  | 0, _ => []
  | w + 1, x => (not (first false x)) :: inverted w (rest x)

inductive Width where
  | i32 | i64
def size : Width → Nat
  | Width.i32 => 32
  | Width.i64 => 64
/- Of the bits of a number of places, so many count: it is taken modulo 32 or 64. -/
def places : Width → Nat
  | Width.i32 => 5
  | Width.i64 => 6

/- Bits moved by one place: what leaves at one end is lost, or comes back at the other (rotl, rotr);
   shr_s repeats the sign. -/
inductive Move where
  | shl | shr_s | shr_u | rotl | rotr
def move {A : Type} (z : A) (w : Nat) : Move → List A → List A
  | Move.shl, x => fit z w (z :: x)
  | Move.shr_u, x => fit z w (rest x)
  | Move.shr_s, x => fit (last z x) w (rest x)
  | Move.rotl, x => fit z w (last z x :: x)
  | Move.rotr, x => fit (first z x) w (rest x)
def repeated {A : Type} : Nat → (A → A) → A → A
  | 0, _, x => x
  | n + 1, f, x => repeated n f (f x)

inductive Binary where
  | add | sub | mul | and | or | xor
  | move (m : Move)
/- x - y is x + (2^w - 1 - y) + 1, modulo 2^w. -/
def compute (w : Width) (x y : Word) : Binary → Word
  | Binary.add => word (size w) (number x + number y)
  | Binary.sub => word (size w) (number x + number (inverted (size w) y) + 1)
  | Binary.mul => word (size w) (number x * number y)
  | Binary.and => each and (size w) x y
  | Binary.or => each or (size w) x y
  | Binary.xor => each xor (size w) x y
  | Binary.move m => repeated (number (fit false (places w) y)) (move false (size w) m)
      (fit false (size w) x)

/- Counts: of the bits that are 1; of those that are 0 like all bits above them, or below them. -/
inductive Unary where
  | clz | ctz | popcnt
def ones : Word → Nat
  | [] => 0
  | b :: x => bit b + ones x
def zero_above : Word → Word
  | [] => []
  | b :: x => (and (not b) (first true (zero_above x))) :: zero_above x
def zero_below (c : Bool) : Word → Word
  | [] => []
  | b :: x => (and c (not b)) :: zero_below (and c (not b)) x
def counted (w : Width) (x : Word) : Unary → Word
  | Unary.clz => word (size w) (ones (zero_above x))
  | Unary.ctz => word (size w) (ones (zero_below true x))
  | Unary.popcnt => word (size w) (ones x)

/- Comparisons of unsigned numbers; those of signed ones compare what is 2^31 (2^63) larger, which is the
   same bits with the highest one inverted. -/
inductive Relation where
  | eq | ne | lt | gt | le | ge
def raised : Word → Word
  | [] => []
  | [b] => [not b]
  | b :: c :: k => b :: raised (c :: k)
def related (x y : Nat) : Relation → Bool
  | Relation.eq => Nat.beq x y
  | Relation.ne => not (Nat.beq x y)
  | Relation.lt => Nat.ble (x + 1) y
  | Relation.gt => Nat.ble (y + 1) x
  | Relation.le => Nat.ble x y
  | Relation.ge => Nat.ble y x
def compare (is_signed : Bool) (r : Relation) (x y : Word) : Bool :=
  cond is_signed (related (number (raised x)) (number (raised y)) r) (related (number x) (number y) r)

def zero (x : Word) : Bool := Nat.beq (number x) 0
/- 1 or 0 in 32 bits -/
def truth {A : Type} (z : A) (b : A) : List A := b :: fit z 31 []
/- The lowest bits of a value as one of w bits, with the sign repeated or zeros above. -/
def resize {A : Type} (z : A) (bits w : Nat) (is_signed : Bool) (x : List A) : List A :=
  cond is_signed (fit (last z (fit z bits x)) w (fit z bits x)) (fit z w (fit z bits x))

/- ---- instructions ---- -/

/- Blocks say how many values they take and leave. -/
inductive Instruction where
  | const (w : Width) (n : Nat)
  | eqz
  | unary (w : Width) (op : Unary)
  | binary (w : Width) (op : Binary)
  | compare (is_signed : Bool) (r : Relation)
  /- wrap, extend_i32_s, extend8_s, ...: so many bits of it as a value of a width -/
  | resize (bits : Nat) (w : Width) (is_signed : Bool)
  | nop | unreachable | drop | select
  | local_get (i : Nat) | local_set (i : Nat) | local_tee (i : Nat)
  | global_get (i : Nat) | global_set (i : Nat)
  | block (takes leaves : Nat) (body : List Instruction)
  | loop (takes leaves : Nat) (body : List Instruction)
  | if_ (takes leaves : Nat) (yes no : List Instruction)
  | br (depth : Nat) | br_if (depth : Nat) | return_
  /- to one of several depths, or else the last one -/
  | br_table (depths : List Nat) (otherwise : Nat)
  | call (f : Nat)

structure Function where
  parameters : List Width
  results : List Width
  locals : List Width  -- behind the parameters; they begin as 0
  body : List Instruction

structure Module where
  functions : List Function
  globals : List (Width × Nat)  -- their first values

/- ---- running ---- -/

/- The topmost value of the stack stands first. Values are lists of bits; the checker has states of
   other bits. -/
structure State (A : Type) where
  stack : List (List A)
  locals : List (List A)
  globals : List (List A)

/- How running a piece of code ends: at its end; on the way out to a block around it; on the way out of the
   function; with a trap; not within so many steps; or it was no valid code. -/
inductive End (S : Type) where
  | normal (s : S)
  | branch (depth : Nat) (s : S)
  | returned (s : S)
  | trap
  | unfinished
  | invalid

/- f of what an option holds, or else `none_` -/
def given {A R : Type} (none_ : R) (f : A → R) : Option A → R
  | none => none_
  | some a => f a
def item {A : Type} : Nat → List A → Option A
  | _, [] => none
  | 0, a :: _ => some a
  | n + 1, _ :: k => item n k
def update {A : Type} (x : A) : Nat → List A → Option (List A)
  | _, [] => none
  | 0, _ :: k => some (x :: k)
  | n + 1, a :: k => given none (fun l => some (a :: l)) (update x n k)

def push {A : Type} (x : List A) (s : State A) : State A := { s with stack := x :: s.stack }
/- f of the topmost value and the state without it, or else what an empty stack gives -/
def pop {A R : Type} (empty : R) (s : State A) (f : List A → State A → R) : R :=
  match s.stack with
  | [] => empty
  | x :: k => f x { s with stack := k }

/- Instructions that are no blocks, branches or calls. -/
def simple (i : Instruction) (s : State Bool) : End (State Bool) :=
  match i with
  | Instruction.const w n => End.normal (push (word (size w) n) s)
  | Instruction.eqz => pop End.invalid s fun x s => End.normal (push (truth false (zero x)) s)
  | Instruction.unary w op => pop End.invalid s fun x s => End.normal (push (counted w x op) s)
  | Instruction.binary w op => pop End.invalid s fun y s => pop End.invalid s fun x s =>
      End.normal (push (compute w x y op) s)
  | Instruction.compare is_signed r => pop End.invalid s fun y s => pop End.invalid s fun x s =>
      End.normal (push (truth false (compare is_signed r x y)) s)
  | Instruction.resize bits w is_signed => pop End.invalid s fun x s =>
      End.normal (push (resize false bits (size w) is_signed x) s)
  | Instruction.nop => End.normal s
  | Instruction.unreachable => End.trap
  | Instruction.drop => pop End.invalid s fun _ s => End.normal s
  | Instruction.select => pop End.invalid s fun c s => pop End.invalid s fun y s => pop End.invalid s fun x s =>
      cond (zero c) (End.normal (push y s)) (End.normal (push x s))
  | Instruction.local_get n => given End.invalid (fun x => End.normal (push x s)) (item n s.locals)
  | Instruction.local_set n => pop End.invalid s fun x s =>
      given End.invalid (fun l => End.normal { s with locals := l }) (update x n s.locals)
  | Instruction.local_tee n => pop End.invalid s fun x s =>
      given End.invalid (fun l => End.normal (push x { s with locals := l })) (update x n s.locals)
  | Instruction.global_get n => given End.invalid (fun x => End.normal (push x s)) (item n s.globals)
  | Instruction.global_set n => pop End.invalid s fun x s =>
      given End.invalid (fun l => End.normal { s with globals := l }) (update x n s.globals)
  | _ => End.invalid

/- Instructions one after the other, as long as they end normally. -/
def after {S : Type} (e : End S) (f : S → End S) : End S :=
  match e with
  | End.normal s => f s
  | e => e
def sequence {S : Type} (f : Instruction → S → End S) : List Instruction → S → End S
  | [], s => End.normal s
  | i :: code, s => after (f i s) (sequence f code)

def taken {A : Type} : Nat → List A → List A
  | 0, _ => []
  | _ + 1, [] => []
  | n + 1, a :: k => a :: taken n k
def dropped {A : Type} : Nat → List A → List A
  | 0, k => k
  | _ + 1, [] => []
  | n + 1, _ :: k => dropped n k
def join {A : Type} : List A → List A → List A
  | [], k => k
  | a :: l, k => a :: join l k
def reversed {A : Type} : List A → List A → List A
  | [], k => k
  | a :: l, k => reversed l (a :: k)

/- The topmost values of s on top of what lay below those that a block took from `before`. -/
def leave {A : Type} (takes leaves : Nat) (before s : State A) : State A :=
  { s with stack := join (taken leaves s.stack) (dropped takes before.stack) }
/- Behind a block: branches to it end here. -/
def close {A : Type} (takes leaves : Nat) (before : State A) : End (State A) → End (State A)
  | End.normal s => End.normal s
  | End.branch 0 s => End.normal (leave takes leaves before s)
  | End.branch (d + 1) s => End.branch d s
  | e => e
/- What begins as 0. -/
def zeros {A : Type} (z : A) : List Width → List (List A)
  | [] => []
  | w :: k => fit z (size w) [] :: zeros z k
def count {A : Type} : List A → Nat
  | [] => 0
  | _ :: k => count k + 1
/- The state in which a function begins that takes its parameters from the stack. -/
def entered {A : Type} (z : A) (f : Function) (s : State A) : State A :=
  { s with stack := [], locals := join (reversed (taken (count f.parameters) s.stack) []) (zeros z f.locals) }
/- The state of the caller, with the results. -/
def back {A : Type} (f : Function) (before s : State A) : State A :=
  { stack := join (taken (count f.results) s.stack) (dropped (count f.parameters) before.stack),
    locals := before.locals, globals := s.globals }
def returning {A : Type} (f : Function) (before : State A) : End (State A) → End (State A)
  | End.normal s => End.normal (back f before s)
  | End.branch 0 s => End.normal (back f before s)
  | End.branch (_ + 1) _ => End.invalid
  | End.returned s => End.normal (back f before s)
  | e => e
/- After a round of a loop: branches to it begin the next one. -/
def looped {A : Type} (takes : Nat) (before : State A) (again : State A → End (State A)) :
    End (State A) → End (State A)
  | End.branch 0 s => again (leave takes takes before s)
  | End.branch (d + 1) s => End.branch d s
  | e => e

/- Which of the depths, counted from k on, a value chooses. -/
def depth_at (x : Word) : Nat → List Nat → Nat → Nat
  | _, [], otherwise => otherwise
  | k, d :: depths, otherwise => cond (Nat.beq (number x) (number (word 32 k))) d (depth_at x (Nat.succ k) depths otherwise)

/- n bounds how many blocks, rounds of loops and calls lie inside each other; what goes on beyond ends as
   `unfinished`. -/
def execute (m : Module) : Nat → Instruction → State Bool → End (State Bool)
  | 0, _, _ => End.unfinished
  | n + 1, i, s =>
    match i with
    | Instruction.block takes leaves body => close takes leaves s (sequence (execute m n) body s)
    | Instruction.loop takes leaves body =>
      looped takes s (execute m n (Instruction.loop takes leaves body)) (sequence (execute m n) body s)
    | Instruction.if_ takes leaves yes no => pop End.invalid s fun c s =>
      close takes leaves s (cond (zero c) (sequence (execute m n) no s) (sequence (execute m n) yes s))
    | Instruction.br depth => End.branch depth s
    | Instruction.br_if depth => pop End.invalid s fun c s => cond (zero c) (End.normal s) (End.branch depth s)
    | Instruction.br_table depths otherwise => pop End.invalid s fun x s =>
      End.branch (depth_at x 0 depths otherwise) s
    | Instruction.return_ => End.returned s
    | Instruction.call f => given End.invalid
      (fun g => returning g s (sequence (execute m n) g.body (entered false g s))) (item f m.functions)
    | i => simple i s

/- ---- statements ---- -/

def first_globals : List (Width × Nat) → List Word
  | [] => []
  | g :: k => word (size g.1) g.2 :: first_globals k
/- A call of a function with arguments, the first one first, in a new instance of the module. -/
def call (m : Module) (n f : Nat) (arguments : List Word) : End (State Bool) :=
  execute m n (Instruction.call f) ⟨reversed arguments [], [], first_globals m.globals⟩
/- A call behind another one, whose arguments and results (in `s`) are its arguments. -/
def call_behind (m : Module) (n f : Nat) (arguments : List Word) (s : State Bool) : End (State Bool) :=
  execute m n (Instruction.call f) ⟨join s.stack (reversed arguments []), [], s.globals⟩

def of_widths : List Width → List Word → Prop
  | [], [] => True
  | w :: ws, x :: xs => count x = size w ∧ of_widths ws xs
  | _, _ => False
def parameters_of (m : Module) (f : Nat) : List Width := given [] Function.parameters (item f m.functions)
/- What arguments function f of m can have. -/
def takes (m : Module) (f : Nat) (arguments : List Word) : Prop := of_widths (parameters_of m f) arguments

/- Whether a run ends with one value of which f is true. One that has not ended says nothing against it. -/
def admitted {A R : Type} (no yes : R) (f : List A → R) : End (State A) → R
  | End.normal s => match s.stack with
    | [x] => f x
    | _ => no
  | End.unfinished => yes
  | _ => no
/- What a claim assumes of the arguments: if it names a function `a`, then no call of it with them ends otherwise than by
   returning a value that is not 0. -/
def assumed (m : Module) (a : Option Nat) (arguments : List Word) : Prop :=
  ∀ n, given true (fun a => admitted false true (fun x => not (zero x)) (call m n a arguments)) a = true

/- Every call of function f with such arguments returns. -/
def never_traps (m : Module) (f : Nat) (a : Option Nat) : Prop :=
  ∀ arguments, takes m f arguments → assumed m a arguments → ∃ n s, call m n f arguments = End.normal s
/- Every call returns one value between two numbers: an unsigned one, ... -/
def in_range (m : Module) (f : Nat) (a : Option Nat) (low high : Nat) : Prop :=
  ∀ arguments, takes m f arguments → assumed m a arguments → ∃ n s x, call m n f arguments = End.normal s ∧ s.stack = [x] ∧
    Nat.ble low (number x) = true ∧ Nat.ble (number x) high = true
/- ... or a signed one, where value and bounds are all 2^31 (2^63) larger. -/
def in_signed_range (m : Module) (f : Nat) (a : Option Nat) (low high : Nat) : Prop :=
  ∀ arguments, takes m f arguments → assumed m a arguments → ∃ n s x, call m n f arguments = End.normal s ∧ s.stack = [x] ∧
    Nat.ble low (number (raised x)) = true ∧ Nat.ble (number (raised x)) high = true
/- Calls of f in m and of g in k with the same arguments return the same values, or both trap. -/
def equivalent (m : Module) (f : Nat) (k : Module) (g : Nat) (a : Option Nat) : Prop :=
  ∀ arguments, takes m f arguments → assumed m a arguments → ∃ n,
    (∃ s t, call m n f arguments = End.normal s ∧ call k n g arguments = End.normal t ∧ s.stack = t.stack) ∨
    (call m n f arguments = End.trap ∧ call k n g arguments = End.trap)
/- Every call of f returns, and g, called with the same arguments and the results, returns what is not 0. -/
def ensures (m : Module) (f g : Nat) (a : Option Nat) : Prop :=
  ∀ arguments, takes m f arguments → assumed m a arguments → ∃ n s t x, call m n f arguments = End.normal s ∧
    call_behind m n g arguments s = End.normal t ∧ t.stack = [x] ∧ zero x = false

end Isotrace.Bits
