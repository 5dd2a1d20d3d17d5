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

/- x - y modulo 2^w. -/
def difference (w : Nat) (x y : Word) : Word := word w (number x + number (inverted w y) + 1)
/- r without y, where y fits. -/
def taken_away (y r : Nat) : Nat := cond (Nat.ble y r) (r - y) r
/- Long division, from the highest bit of x down: what remains is doubled, the bit added, and y taken away. -/
def remainder (y : Nat) : Word → Nat
  | [] => 0
  | b :: x => taken_away y (bit b + 2 * remainder y x)
def quotient (y : Nat) : Word → Word
  | [] => []
  | b :: x => Nat.ble y (bit b + 2 * remainder y x) :: quotient y x
def divided (w : Nat) (is_rem : Bool) (x y : Word) : Word :=
  cond is_rem (word w (remainder (number y) x)) (quotient (number y) x)
/- -x if s -/
def with_sign (w : Nat) (s : Bool) (x : Word) : Word := cond s (difference w [] x) (fit false w x)
/- Signed numbers are divided without their signs; the quotient is negative if one of them is, the remainder if x is. -/
def divide (w : Nat) (is_signed is_rem : Bool) (x y : Word) : Word :=
  cond is_signed (with_sign w (cond is_rem (last false x) (xor (last false x) (last false y)))
    (divided w is_rem (with_sign w (last false x) x) (with_sign w (last false y) y)))
    (divided w is_rem x y)
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
/- The quotient of the least signed number and -1 is none: 2^31 (2^63). -/
def overflows (w : Nat) (is_signed is_rem : Bool) (x y : Word) : Bool :=
  cond (and is_signed (not is_rem)) (and (Nat.beq (number x) (number (raised (fit false w []))))
    (Nat.beq (number y) (number (inverted w [])))) false
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
  | divide (w : Width) (is_signed is_rem : Bool)  -- rem_s and rem_u leave the remainder
  | compare (is_signed : Bool) (r : Relation)
  /- wrap, extend_i32_s, extend8_s, ...: so many bits of it as a value of a width -/
  | resize (bits : Nat) (w : Width) (is_signed : Bool)
  | nop | unreachable | drop | select
  | local_get (i : Nat) | local_set (i : Nat) | local_tee (i : Nat)
  | global_get (i : Nat) | global_set (i : Nat)
  /- of so many bytes, behind an address and the offset -/
  | load (w : Width) (bytes : Nat) (is_signed : Bool) (offset : Nat)
  | store (bytes offset : Nat)
  | memory_size | memory_fill | memory_copy
  | block (takes leaves : Nat) (body : List Instruction)
  | loop (takes leaves : Nat) (body : List Instruction)
  | if_ (takes leaves : Nat) (yes no : List Instruction)
  | br (depth : Nat) | br_if (depth : Nat) | return_
  /- to one of several depths, or else the last one -/
  | br_table (depths : List Nat) (otherwise : Nat)
  | call (f : Nat)
  /- of the function that a table, which nothing changes, has at a place; `none` stands for functions of other types, too -/
  | call_indirect (table : List (Option Nat))

structure Function where
  parameters : List Width
  results : List Width
  locals : List Width  -- behind the parameters; they begin as 0
  body : List Instruction

/- So many bytes from an address on, as the digits of one number to the base 256, the first byte highest. -/
structure Run where
  start : Nat
  count : Nat
  digits : Nat

structure Module where
  functions : List Function
  globals : List (Width × Nat)  -- their first values
  memory : List Run  -- the first bytes; those of no run are 0
  pages : Nat  -- of 65536 bytes each

/- ---- running ---- -/

/- A byte that has been written to memory, if `on` is true. It always is, but in the checker's states, which stand for
   several runs at once. -/
structure Write (A : Type) where
  on : A
  address : List A  -- 32 bits
  byte : List A  -- 8 bits

/- The topmost value of the stack stands first. Values are lists of bits; the checker has states of
   other bits. -/
structure State (A : Type) where
  stack : List (List A)
  locals : List (List A)
  globals : List (List A)
  written : List (Write A)  -- the latest first

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

/- The byte at an address when nothing has been written. -/
def first_byte : List Run → Nat → Nat
  | [], _ => 0
  | r :: k, a => cond (and (Nat.ble r.start a) (Nat.ble (a + 1) (r.start + r.count)))
      (Nat.shiftRight r.digits (8 * (r.start + r.count - 1 - a)) % 256) (first_byte k a)
def byte_at (m : Module) : List (Write Bool) → Word → Word
  | [], a => word 8 (first_byte m.memory (number a))
  | w :: k, a => cond (and w.on (Nat.beq (number w.address) (number a))) (fit false 8 w.byte) (byte_at m k a)
def place (a : Word) (offset : Nat) : Word := word 32 (number a + offset)
/- Of values with several bytes the lowest one comes first. -/
def loaded (m : Module) (k : List (Write Bool)) (a : Word) : Nat → Nat → Word
  | _, 0 => []
  | offset, n + 1 => join (byte_at m k (place a offset)) (loaded m k a (Nat.succ offset) n)
def stored (a : Word) : Nat → Nat → Word → List (Write Bool) → List (Write Bool)
  | _, 0, _, k => k
  | offset, n + 1, x, k => stored a (Nat.succ offset) n (dropped 8 x) (⟨true, place a offset, fit false 8 x⟩ :: k)
/- The bytes f 0, f 1, ..., so many, from an address on. -/
def row (a : Word) (f : Nat → Word) : Nat → List (Write Bool) → List (Write Bool)
  | 0, k => k
  | i + 1, k => ⟨true, place a i, f i⟩ :: row a f i k
/- Whether so many bytes from an address on are not all in the memory. -/
def beyond (m : Module) (a : Word) (n : Nat) : Bool := not (Nat.ble (number a + n) (m.pages * 65536))

/- Instructions that are no blocks, branches or calls. -/
def simple (m : Module) (i : Instruction) (s : State Bool) : End (State Bool) :=
  match i with
  | Instruction.const w n => End.normal (push (word (size w) n) s)
  | Instruction.eqz => pop End.invalid s fun x s => End.normal (push (truth false (zero x)) s)
  | Instruction.unary w op => pop End.invalid s fun x s => End.normal (push (counted w x op) s)
  | Instruction.binary w op => pop End.invalid s fun y s => pop End.invalid s fun x s =>
      End.normal (push (compute w x y op) s)
  | Instruction.divide w is_signed is_rem => pop End.invalid s fun y s => pop End.invalid s fun x s =>
      cond (zero y) End.trap (cond (overflows (size w) is_signed is_rem x y) End.trap
        (End.normal (push (divide (size w) is_signed is_rem x y) s)))
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
  | Instruction.load w bytes is_signed offset => pop End.invalid s fun a s =>
      cond (beyond m a (offset + bytes)) End.trap (End.normal (push (resize false (8 * bytes) (size w) is_signed
        (loaded m s.written a offset bytes)) s))
  | Instruction.store bytes offset => pop End.invalid s fun x s => pop End.invalid s fun a s =>
      cond (beyond m a (offset + bytes)) End.trap
        (End.normal { s with written := stored a offset bytes x s.written })
  | Instruction.memory_size => End.normal (push (word 32 m.pages) s)
  | Instruction.memory_fill => pop End.invalid s fun n s => pop End.invalid s fun x s => pop End.invalid s fun a s =>
      cond (beyond m a (number n)) End.trap
        (End.normal { s with written := row a (fun _ => fit false 8 x) (number n) s.written })
  | Instruction.memory_copy => pop End.invalid s fun n s => pop End.invalid s fun b s => pop End.invalid s fun a s =>
      cond (or (beyond m b (number n)) (beyond m a (number n))) End.trap
        (End.normal { s with written := row a (fun i => byte_at m s.written (place b i)) (number n) s.written })
  | _ => End.invalid

/- Instructions one after the other, as long as they end normally. -/
def after {S : Type} (e : End S) (f : S → End S) : End S :=
  match e with
  | End.normal s => f s
  | e => e
def sequence {S : Type} (f : Instruction → S → End S) : List Instruction → S → End S
  | [], s => End.normal s
  | i :: code, s => after (f i s) (sequence f code)

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
    locals := before.locals, globals := s.globals, written := s.written }
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

/- Which function a table has where a value says. -/
def entry_at (x : Word) : Nat → List (Option Nat) → Option Nat
  | _, [] => none
  | k, f :: table => cond (Nat.beq (number x) (number (word 32 k))) f (entry_at x (Nat.succ k) table)

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
    | Instruction.call_indirect table => pop End.invalid s fun x s =>
      given End.trap (fun f => execute m n (Instruction.call f) s) (entry_at x 0 table)
    | i => simple m i s

/- ---- statements ---- -/

def first_globals : List (Width × Nat) → List Word
  | [] => []
  | g :: k => word (size g.1) g.2 :: first_globals k
/- A call of a function with arguments, the first one first, in a new instance of the module. -/
def call (m : Module) (n f : Nat) (arguments : List Word) : End (State Bool) :=
  execute m n (Instruction.call f) ⟨reversed arguments [], [], first_globals m.globals, []⟩
/- A call behind another one, whose arguments and results (in `s`) are its arguments. -/
def call_behind (m : Module) (n f : Nat) (arguments : List Word) (s : State Bool) : End (State Bool) :=
  execute m n (Instruction.call f) ⟨join s.stack (reversed arguments []), [], s.globals, s.written⟩

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
