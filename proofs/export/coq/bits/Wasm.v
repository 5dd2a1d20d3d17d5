(* Functions of WebAssembly as data, and what running them means. Every theorem of a bundle about a
   function is stated with these definitions and no others. Specification: WebAssembly, "Execution"
   and "Numerics". Values are their bits, read as unsigned numbers. *)
From Coq Require Import NArith ZArith List Bool.
Import ListNotations.
Local Open Scope N_scope.

(* ---- numbers *)

Inductive width := I32 | I64.

Definition size (w : width) : N := match w with I32 => 32 | I64 => 64 end.
Definition modulus (w : width) : N := 2 ^ size w.

Definition signed (w : width) (x : N) : Z :=
  if x <? 2 ^ (size w - 1) then Z.of_N x else (Z.of_N x - 2 ^ Z.of_N (size w))%Z.
Definition unsigned (w : width) (z : Z) : N := Z.to_N (z mod 2 ^ Z.of_N (size w)).

Definition truth (b : bool) : N := if b then 1 else 0.

Inductive binary :=
  | Plus | Minus | Times | DivS | DivU | RemS | RemU | AndBits | OrBits | XorBits
  | Shl | ShrS | ShrU | Rotl | Rotr.

Definition subtract (w : width) (x y : N) : N := (x + (modulus w - y)) mod modulus w.
Definition shift_left (w : width) (x y : N) : N := (x * 2 ^ (y mod size w)) mod modulus w.
Definition shift_right (w : width) (x y : N) : N := x / 2 ^ (y mod size w).
(* Division overflows for the least number divided by -1. *)
Definition overflows (w : width) (x y : N) : bool :=
  (x =? 2 ^ (size w - 1)) && (y =? modulus w - 1).

(* None: traps. *)
Definition compute (w : width) (op : binary) (x y : N) : option N :=
  match op with
  | Plus => Some ((x + y) mod modulus w)
  | Minus => Some (subtract w x y)
  | Times => Some ((x * y) mod modulus w)
  | DivU => if y =? 0 then None else Some (x / y)
  | RemU => if y =? 0 then None else Some (x mod y)
  | DivS => if (y =? 0) || overflows w x y then None
            else Some (unsigned w (Z.quot (signed w x) (signed w y)))
  | RemS => if y =? 0 then None else Some (unsigned w (Z.rem (signed w x) (signed w y)))
  | AndBits => Some (N.land x y)
  | OrBits => Some (N.lor x y)
  | XorBits => Some (N.lxor x y)
  | Shl => Some (shift_left w x y)
  | ShrU => Some (shift_right w x y)
  | ShrS => Some (unsigned w (signed w x / 2 ^ Z.of_N (y mod size w)))
  | Rotl => Some (N.lor (shift_left w x y) (shift_right w x (subtract w 0 y)))
  | Rotr => Some (N.lor (shift_left w x (subtract w 0 y)) (shift_right w x y))
  end.

Inductive relation := Eq | Ne | LtS | LtU | GtS | GtU | LeS | LeU | GeS | GeU.

Definition related (w : width) (r : relation) (x y : N) : bool :=
  match r with
  | Eq => x =? y
  | Ne => negb (x =? y)
  | LtU => x <? y
  | GtU => y <? x
  | LeU => negb (y <? x)
  | GeU => negb (x <? y)
  | LtS => (signed w x <? signed w y)%Z
  | GtS => (signed w y <? signed w x)%Z
  | LeS => negb (signed w y <? signed w x)%Z
  | GeS => negb (signed w x <? signed w y)%Z
  end.

Inductive unary := Clz | Ctz | Popcnt | Eqz.

Fixpoint ones (p : positive) : N :=
  match p with xH => 1 | xO p => ones p | xI p => 1 + ones p end.
Fixpoint zeros_below (p : positive) : N :=
  match p with xO p => 1 + zeros_below p | _ => 0 end.

Definition count (w : width) (op : unary) (x : N) : N :=
  match op with
  | Clz => size w - N.size x
  | Ctz => match x with N0 => size w | Npos p => zeros_below p end
  | Popcnt => match x with N0 => 0 | Npos p => ones p end
  | Eqz => truth (x =? 0)
  end.

(* The lowest `bits` bits of x as a number, sign-extended to the width if asked for. *)
Definition extend (w : width) (bits : N) (with_sign : bool) (x : N) : N :=
  let low := x mod 2 ^ bits in
  if with_sign && (2 ^ (bits - 1) <=? low) then low + (modulus w - 2 ^ bits) else low.

(* ---- instructions *)

(* Blocks say how many values they take and leave. Memory accesses: width of the value, bytes in
   memory, offset. *)
Inductive instruction :=
  | Const (w : width) (x : N)
  | Unary (w : width) (op : unary)
  | Binary (w : width) (op : binary)
  | Compare (w : width) (r : relation)
  (* i32.wrap_i64, extend_i32_s/u, extend8_s, ...: from a width, so many bits of it *)
  | Extend (from to : width) (bits : N) (with_sign : bool)
  | Nop | Unreachable | Discard | Select
  | LocalGet (i : nat) | LocalSet (i : nat) | LocalTee (i : nat)
  | GlobalGet (i : nat) | GlobalSet (i : nat)
  | LoadBytes (w : width) (bytes : nat) (with_sign : bool) (offset : N)
  | StoreBytes (w : width) (bytes : nat) (offset : N)
  | MemorySize | MemoryFill | MemoryCopy
  | Block (takes leaves : nat) (body : list instruction)
  | Loop (takes leaves : nat) (body : list instruction)
  | If (takes leaves : nat) (yes no : list instruction)
  | Br (depth : nat) | BrIf (depth : nat) | BrTable (depths : list nat) (default : nat) | Return
  | Call (f : nat).

(* call_indirect through a table that nothing changes: the topmost value chooses the function; where the
   table has none (or one of another type, which is written None too), and beyond its end, it traps.
   It is a branch to one of the blocks around it, behind each of which a call stands (Indirect.v). *)
Fixpoint callees (table : list (option nat)) : list nat :=
  match table with
  | [] => []
  | Some f :: table => f :: callees table
  | None :: table => callees table
  end.
Fixpoint labels (next none : nat) (table : list (option nat)) : list nat :=
  match table with
  | [] => []
  | Some _ :: table => next :: labels (S next) none table
  | None :: table => none :: labels next none table
  end.
Fixpoint calls_behind (takes out : nat) (fs : list nat) (inner : list instruction)
  : list instruction :=
  match fs with
  | [] => inner
  | f :: fs => calls_behind takes (pred out) fs [Block (S takes) takes inner; Call f; Br out]
  end.
Definition call_indirect (takes leaves : nat) (table : list (option nat)) : instruction :=
  let n := length (callees table) in
  Block (S takes) leaves
    [Block (S takes) takes
       (calls_behind takes n (callees table) [BrTable (labels 0 n table) n]);
     Unreachable].

Record function := Function {
  parameters : list width;
  results : list width;
  locals : list width;  (* behind the parameters; they begin as 0 *)
  body : list instruction }.

(* The bytes of the initial memory, by the 32 bits of the address, highest first. *)
Inductive image := Zeros | Byte (b : N) | Halves (low high : image).

(* The image with a byte at an address, of which so many low bits are looked at. *)
Fixpoint with_byte (im : image) (bits : nat) (address b : N) : image :=
  match bits with
  | O => Byte b
  | S bits =>
      let '(low, high) := match im with Halves l h => (l, h) | _ => (Zeros, Zeros) end in
      if N.testbit address (N.of_nat bits)
      then Halves low (with_byte high bits address b)
      else Halves (with_byte low bits address b) high
  end.

(* Bytes from an address on, written as one hexadecimal number with a 1 before them; `last` is the
   address of the last one. *)
Fixpoint with_bytes (count : nat) (im : image) (last digits : N) : image :=
  match count with
  | O => im
  | S count =>
      with_bytes count (with_byte im 32 last (N.land digits 255)) (last - 1)
        (N.shiftr digits 8)
  end.
Definition image_of (runs : list (N * N)) : image :=
  fold_left (fun im run => let '(address, digits) := run in
    let count := (N.size digits - 1) / 8 in
    with_bytes (N.to_nat count) im (address + count - 1) digits) runs Zeros.

Definition page_bytes : N := 65536.

Record module := MakeModule {
  functions : list function;
  initial_globals : list (width * N);
  initial_memory : image;
  memory_bytes : N }.

(* ---- states and running *)

Record state := State {
  stack : list N;            (* the top first *)
  variables : list N;        (* parameters and locals *)
  globals : list N;
  written : list (N * N) }.  (* addresses and bytes, the latest first *)

Inductive outcome :=
  | Normal (s : state)
  | Branch (depth : nat) (s : state)
  | Returning (s : state)
  | Trap
  | Stuck      (* code that is not valid, or beyond these definitions *)
  | OutOfFuel.

Definition with_stack (s : state) (st : list N) : state :=
  State st (variables s) (globals s) (written s).

Fixpoint update {A} (i : nat) (x : A) (l : list A) : option (list A) :=
  match l, i with
  | [], _ => None
  | _ :: l, O => Some (x :: l)
  | y :: l, S i => option_map (cons y) (update i x l)
  end.

Fixpoint image_byte (im : image) (bits : nat) (address : N) : N :=
  match im with
  | Zeros => 0
  | Byte b => b
  | Halves low high =>
      match bits with
      | O => 0
      | S bits => image_byte (if N.testbit address (N.of_nat bits) then high else low) bits address
      end
  end.

Fixpoint byte_at (im : image) (w : list (N * N)) (address : N) : N :=
  match w with
  | [] => image_byte im 32 address
  | (a, b) :: w => if a =? address then b else byte_at im w address
  end.

(* Little-endian. *)
Fixpoint read (im : image) (w : list (N * N)) (address : N) (bytes : nat) : N :=
  match bytes with
  | O => 0
  | S n => byte_at im w address + 256 * read im w (address + 1) n
  end.
Fixpoint write (w : list (N * N)) (address x : N) (bytes : nat) : list (N * N) :=
  match bytes with
  | O => w
  | S n => write ((address, x mod 256) :: w) (address + 1) (x / 256) n
  end.

(* So many bytes from an address on. *)
Definition write_row (w : list (N * N)) (address : N) (count : nat) (byte : nat -> N)
  : list (N * N) :=
  map (fun k => (address + N.of_nat k, byte k)) (seq 0 count) ++ w.

Section Run.
  Variable m : module.

  Definition simple (i : instruction) (s : state) : outcome :=
    match i, stack s with
    | Const w x, st => Normal (with_stack s (x :: st))
    | Unary w op, x :: st => Normal (with_stack s (count w op x :: st))
    | Binary w op, y :: x :: st =>
        match compute w op x y with
        | Some z => Normal (with_stack s (z :: st))
        | None => Trap
        end
    | Compare w r, y :: x :: st => Normal (with_stack s (truth (related w r x y) :: st))
    | Extend _ w bits sgn, x :: st => Normal (with_stack s (extend w bits sgn x :: st))
    | Nop, _ => Normal s
    | Unreachable, _ => Trap
    | Discard, _ :: st => Normal (with_stack s st)
    | Select, c :: y :: x :: st => Normal (with_stack s ((if c =? 0 then y else x) :: st))
    | LocalGet n, st =>
        match nth_error (variables s) n with
        | Some x => Normal (with_stack s (x :: st))
        | None => Stuck
        end
    | LocalSet n, x :: st =>
        match update n x (variables s) with
        | Some l => Normal (State st l (globals s) (written s))
        | None => Stuck
        end
    | LocalTee n, x :: st =>
        match update n x (variables s) with
        | Some l => Normal (State (x :: st) l (globals s) (written s))
        | None => Stuck
        end
    | GlobalGet n, st =>
        match nth_error (globals s) n with
        | Some x => Normal (with_stack s (x :: st))
        | None => Stuck
        end
    | GlobalSet n, x :: st =>
        match update n x (globals s) with
        | Some l => Normal (State st (variables s) l (written s))
        | None => Stuck
        end
    | LoadBytes w n sgn offset, a :: st =>
        if memory_bytes m <? a + offset + N.of_nat n then Trap
        else Normal (with_stack s
          (extend w (8 * N.of_nat n) sgn
            (read (initial_memory m) (written s) (a + offset) n) :: st))
    | StoreBytes w n offset, x :: a :: st =>
        if memory_bytes m <? a + offset + N.of_nat n then Trap
        else Normal (State st (variables s) (globals s) (write (written s) (a + offset) x n))
    | MemoryFill, n :: x :: a :: st =>
        if memory_bytes m <? a + n then Trap
        else Normal (State st (variables s) (globals s)
          (write_row (written s) a (N.to_nat n) (fun _ => x mod 256)))
    | MemoryCopy, n :: from :: a :: st =>
        if (memory_bytes m <? from + n) || (memory_bytes m <? a + n) then Trap
        else Normal (State st (variables s) (globals s)
          (write_row (written s) a (N.to_nat n)
            (fun k => byte_at (initial_memory m) (written s) (from + N.of_nat k))))
    | MemorySize, st => Normal (with_stack s (memory_bytes m / page_bytes :: st))
    | _, _ => Stuck
    end.

  (* The end of a block entered with `base` below its operands: a branch to it keeps `arity`
     values. *)
  Definition leave (base : list N) (arity : nat) (o : outcome) : outcome :=
    match o with
    | Branch O s => Normal (with_stack s (firstn arity (stack s) ++ base))
    | Branch (S n) s => Branch n s
    | o => o
    end.

  Fixpoint sequence (run : instruction -> state -> outcome) (l : list instruction) (s : state)
    : outcome :=
    match l with
    | [] => Normal s
    | i :: l => match run i s with Normal s' => sequence run l s' | o => o end
    end.

  (* The state in which a function begins, and the caller's after it. *)
  Definition enter (f : function) (s : state) : state :=
    State [] (rev (firstn (length (parameters f)) (stack s)) ++ map (fun _ => 0) (locals f))
      (globals s) (written s).
  Definition resume (f : function) (caller : state) (o : outcome) : outcome :=
    match o with
    | Normal s | Branch _ s | Returning s =>
        Normal (State (firstn (length (results f)) (stack s) ++
                       skipn (length (parameters f)) (stack caller))
                  (variables caller) (globals s) (written s))
    | o => o
    end.

  (* Fuel bounds how deep blocks, rounds of loops and calls are nested. *)
  Fixpoint run (fuel : nat) (i : instruction) (s : state) : outcome :=
    match fuel with
    | O => OutOfFuel
    | S fuel =>
        match i, stack s with
        | Block takes leaves l, st => leave (skipn takes st) leaves (sequence (run fuel) l s)
        | Loop takes leaves l, st =>
            match sequence (run fuel) l s with
            | Branch O s' =>
                run fuel i (with_stack s' (firstn takes (stack s') ++ skipn takes st))
            | Branch (S n) s' => Branch n s'
            | o => o
            end
        | If takes leaves yes no, c :: st =>
            leave (skipn takes st) leaves
              (sequence (run fuel) (if c =? 0 then no else yes) (with_stack s st))
        | Br n, _ => Branch n s
        | BrIf n, c :: st => if c =? 0 then Normal (with_stack s st) else Branch n (with_stack s st)
        | BrTable ns n, c :: st => Branch (nth (N.to_nat c) ns n) (with_stack s st)
        | Return, _ => Returning s
        | Call n, _ =>
            match nth_error (functions m) n with
            | Some f => resume f s (sequence (run fuel) (body f) (enter f s))
            | None => Stuck
            end
        | _, _ => simple i s
        end
    end.

  Definition initial_state (arguments : list N) : state :=
    State (rev arguments) [] (map snd (initial_globals m)) [].

  (* What a call of function f in the state after instantiation comes to. *)
  Definition ends (f : nat) (arguments : list N) (o : outcome) : Prop :=
    exists fuel, run fuel (Call f) (initial_state arguments) = o /\
      o <> OutOfFuel /\ o <> Stuck.
End Run.

Definition returns (m : module) (f : nat) (arguments values : list N) : Prop :=
  exists s, ends m f arguments (Normal s) /\ stack s = rev values.
Definition traps (m : module) (f : nat) (arguments : list N) : Prop := ends m f arguments Trap.

(* Arguments of these types. *)
Definition typed (ws : list width) (arguments : list N) : Prop :=
  Forall2 (fun w x => x < modulus w) ws arguments.

(* ---- claims *)

(* Arguments count for which the function `assume` (None: any) returns what is not 0. *)
Definition assumed (m : module) (assume : option nat) (arguments : list N) : Prop :=
  match assume with
  | None => True
  | Some g => exists x, returns m g arguments [x] /\ x <> 0
  end.

Definition parameters_of (m : module) (f : nat) : list width :=
  match nth_error (functions m) f with Some g => parameters g | None => [] end.

(* Every call returns. *)
Definition never_traps (m : module) (f : nat) (assume : option nat) : Prop :=
  forall arguments, typed (parameters_of m f) arguments -> assumed m assume arguments ->
  exists values, returns m f arguments values.

(* Every call returns one number in a range, of unsigned or of signed numbers. *)
Definition in_range (m : module) (f : nat) (assume : option nat) (low high : N) : Prop :=
  forall arguments, typed (parameters_of m f) arguments -> assumed m assume arguments ->
  exists x, returns m f arguments [x] /\ low <= x <= high.
Definition in_signed_range (m : module) (f : nat) (assume : option nat) (w : width)
  (low high : Z) : Prop :=
  forall arguments, typed (parameters_of m f) arguments -> assumed m assume arguments ->
  exists x, returns m f arguments [x] /\ (low <= signed w x <= high)%Z.

(* For equal arguments both functions trap, or both return the same. *)
Definition equivalent (m : module) (f : nat) (m' : module) (g : nat) (assume : option nat) : Prop :=
  forall arguments, typed (parameters_of m f) arguments -> assumed m assume arguments ->
  (traps m f arguments /\ traps m' g arguments) \/
  exists values, returns m f arguments values /\ returns m' g arguments values.

(* Every call returns, and g called in the state after it, with arguments and results, returns what
   is not 0. *)
Definition ensures (m : module) (f g : nat) (assume : option nat) : Prop :=
  forall arguments, typed (parameters_of m f) arguments -> assumed m assume arguments ->
  exists s, ends m f arguments (Normal s) /\
  exists fuel t x, run m fuel (Call g)
      (State (stack s ++ rev arguments) [] (globals s) (written s)) = Normal t /\
    stack t = [x] /\ x <> 0.
