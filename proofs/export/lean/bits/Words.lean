/- Circuits of WebAssembly's operations on words of literals, the lowest bit first, and proofs that each computes
   what Wasm.lean says. -/
import Isotrace.Bits.Gates
namespace Isotrace.Bits

def vals (v : Assignment) : List Lit → Word
  | [] => []
  | a :: k => ev v a :: vals v k

/- f of bits that have been computed, not of how to compute them. -/
def known_all {A : Type} : List Lit → (List Lit → A) → A
  | [], f => f []
  | a :: x, f => known a fun a => known_all x fun x => f (a :: x)
theorem known_all_eq {A : Type} : ∀ (x : List Lit) (f : List Lit → A), known_all x f = f x
  | [], _ => rfl
  | a :: x, f => by
    show known a (fun a => known_all x fun x => f (a :: x)) = f (a :: x)
    rw [known_eq, known_all_eq x]

theorem first_vals (v : Assignment) (x : List Lit) : first false (vals v x) = ev v (first Lit.no x) := by
  cases x <;> exact rfl
theorem rest_vals (v : Assignment) (x : List Lit) : rest (vals v x) = vals v (rest x) := by
  cases x <;> exact rfl
theorem last_vals (v : Assignment) : ∀ (x : List Lit) (z : Lit), last (ev v z) (vals v x) = ev v (last z x)
  | [], _ => rfl
  | a :: x, _ => last_vals v x a
theorem fit_vals (v : Assignment) (z : Lit) : ∀ (w : Nat) (x : List Lit),
    fit (ev v z) w (vals v x) = vals v (fit z w x)
  | 0, _ => rfl
  | w + 1, [] => congrArg (ev v z :: ·) (fit_vals v z w [])
  | w + 1, a :: x => congrArg (ev v a :: ·) (fit_vals v z w x)
theorem fit_again (z y : Bool) : ∀ (w : Nat) (x : Word), fit y w (fit z w x) = fit z w x
  | 0, _ => rfl
  | w + 1, x => congrArg (first z x :: ·) (fit_again z y w (rest x))

/- ---- numbers ---- -/

theorem twice_add (m n : Nat) : 2 * (m + n) = 2 * m + 2 * n := by
  induction n with
  | zero => exact rfl
  | succ n ih =>
    show 2 * (m + n) + 2 = 2 * m + (2 * n + 2)
    rw [ih, Nat.add_assoc]
theorem swap_add (a b c e : Nat) : (a + b) + (c + e) = (a + c) + (b + e) := by
  rw [Nat.add_assoc a b, ← Nat.add_assoc b c, Nat.add_comm b c, Nat.add_assoc c b, ← Nat.add_assoc a c]

theorem number_split (x : Word) : number x = bit (first false x) + 2 * number (rest x) := by
  cases x <;> exact rfl
theorem word_step (w : Nat) (b : Bool) (n : Nat) : word (w + 1) (bit b + 2 * n) = b :: word w n := by
  show odd (bit b + 2 * n) :: word w ((bit b + 2 * n) / 2) = b :: word w n
  rw [odd_bit, half_bit]

def carry (a b c : Bool) : Bool := or (and (xor a b) c) (and a b)
theorem full_adder (a b c : Bool) (x y : Nat) :
    (bit a + 2 * x) + (bit b + 2 * y) + bit c = bit (xor (xor a b) c) + 2 * (x + y + bit (carry a b c)) := by
  have e : bit a + bit b + bit c = bit (xor (xor a b) c) + 2 * bit (carry a b c) := by
    cases a <;> cases b <;> cases c <;> exact rfl
  rw [twice_add (x + y), twice_add x y, swap_add, Nat.add_assoc, Nat.add_comm (2 * x + 2 * y) (bit c),
    ← Nat.add_assoc, e, Nat.add_assoc, Nat.add_comm (2 * bit (carry a b c))]

/- Only the lowest bits of a summand count. -/
theorem word_add_low : ∀ (w q m : Nat), word w (q + number (word w m)) = word w (q + m)
  | 0, _, _ => rfl
  | w + 1, q, m => by
    obtain ⟨b, r, hq⟩ := halves q
    obtain ⟨c, k, hm⟩ := halves m
    rw [hq, hm, word_step]
    show word (w + 1) ((bit b + 2 * r) + (bit c + 2 * number (word w k))) = _
    have one : ∀ n, (bit b + 2 * r) + (bit c + 2 * n)
        = bit (xor (xor b c) false) + 2 * ((r + bit (carry b c false)) + n) := by
      intro n
      have h := full_adder b c false r n
      rw [Nat.add_assoc r n, Nat.add_comm n, ← Nat.add_assoc r] at h
      exact h
    rw [one, one, word_step, word_step, word_add_low w (r + bit (carry b c false)) k]
theorem word_add_twice (w p m : Nat) : word (w + 1) (p + 2 * number (word w m)) = word (w + 1) (p + 2 * m) := by
  obtain ⟨b, q, h⟩ := halves p
  rw [h, Nat.add_assoc, Nat.add_assoc, ← twice_add, ← twice_add, word_step, word_step, word_add_low]

/- ---- sums and products ---- -/

def sums (t : Gates) : Nat → List Lit → List Lit → Lit → List Lit
  | 0, _, _, _ => []
  | w + 1, x, y, c =>
    known (first Lit.no x) fun a => known (first Lit.no y) fun b => known (differ t a b) fun h =>
    known (differ t h c) fun s => known (both t h c) fun p => known (both t a b) fun q =>
    known (either t p q) fun d => s :: sums t w (rest x) (rest y) d

theorem sums_right (v : Assignment) (t : Gates) (o : obeys v t) : ∀ (w : Nat) (x y : List Lit) (c : Lit),
    vals v (sums t w x y c) = word w (number (vals v x) + number (vals v y) + bit (ev v c))
  | 0, _, _, _ => rfl
  | w + 1, x, y, c => by
    show vals v (known (first Lit.no x) fun a => known (first Lit.no y) fun b => known (differ t a b) fun h =>
      known (differ t h c) fun s => known (both t h c) fun p => known (both t a b) fun q =>
      known (either t p q) fun d => s :: sums t w (rest x) (rest y) d) = _
    rw [known_eq, known_eq, known_eq, known_eq, known_eq, known_eq, known_eq]
    rw [number_split (vals v x), number_split (vals v y), first_vals, first_vals, rest_vals, rest_vals,
      full_adder, word_step]
    show ev v (differ t (differ t (first Lit.no x) (first Lit.no y)) c) :: vals v (sums t w (rest x) (rest y) _) = _
    rw [sums_right v t o w, ev_either v t o, ev_both v t o, ev_both v t o, ev_differ v t o, ev_differ v t o]
    exact rfl

def masked (t : Gates) (b : Lit) : List Lit → List Lit
  | [] => []
  | a :: x => known (both t a b) fun c => c :: masked t b x
theorem number_masked (v : Assignment) (t : Gates) (o : obeys v t) (b : Lit) : ∀ x : List Lit,
    number (vals v (masked t b x)) = number (vals v x) * bit (ev v b)
  | [] => (Nat.zero_mul _).symm
  | a :: x => by
    show number (vals v (known (both t a b) fun c => c :: masked t b x)) = _
    rw [known_eq]
    show bit (ev v (both t a b)) + 2 * number (vals v (masked t b x)) = (bit (ev v a) + 2 * number (vals v x)) * _
    rw [number_masked v t o b x, ev_both v t o]
    cases ev v b with
    | false => cases ev v a <;> exact rfl
    | true =>
      show bit (and (ev v a) true) + 2 * (number (vals v x) * 1) = (bit (ev v a) + 2 * number (vals v x)) * 1
      rw [Nat.mul_one, Nat.mul_one]
      cases ev v a <;> exact rfl

def products (t : Gates) : Nat → List Lit → List Lit → List Lit
  | 0, _, _ => []
  | w + 1, x, y => known (first Lit.no y) fun b =>
    sums t (w + 1) (masked t b x) (Lit.no :: products t w x (rest y)) Lit.no

theorem times_split (x n : Nat) (b : Bool) : x * (bit b + 2 * n) = x * bit b + 2 * (x * n) := by
  have two : ∀ n, x * (2 * n) = 2 * (x * n) := by
    intro n
    induction n with
    | zero => exact rfl
    | succ n ih =>
      show x * (2 * n) + x + x = 2 * (x * n + x)
      rw [ih, twice_add, Nat.add_assoc]
      have e : x + x = 2 * x := by
        rw [Nat.mul_comm]
        show x + x = 0 + x + x
        rw [Nat.zero_add]
      rw [e]
  cases b with
  | false =>
    show x * (0 + 2 * n) = 0 + 2 * (x * n)
    rw [Nat.zero_add, Nat.zero_add, two]
  | true =>
    show x * (1 + 2 * n) = x * 1 + 2 * (x * n)
    rw [Nat.add_comm]
    show x * (2 * n) + x = _
    rw [two, Nat.mul_one, Nat.add_comm]

theorem products_right (v : Assignment) (t : Gates) (o : obeys v t) : ∀ (w : Nat) (x y : List Lit),
    vals v (products t w x y) = word w (number (vals v x) * number (vals v y))
  | 0, _, _ => rfl
  | w + 1, x, y => by
    show vals v (known (first Lit.no y) fun b => sums t (w + 1) (masked t b x)
      (Lit.no :: products t w x (rest y)) Lit.no) = _
    rw [known_eq, sums_right v t o, number_masked v t o]
    show word (w + 1) (_ + (0 + 2 * number (vals v (products t w x (rest y))))) = _
    rw [products_right v t o w x (rest y), Nat.zero_add, word_add_twice,
      number_split (vals v y), times_split, first_vals, rest_vals]

/- ---- bits ---- -/

def each_of (g : Lit → Lit → Lit) : Nat → List Lit → List Lit → List Lit
  | 0, _, _ => []
  | w + 1, x, y => known (first Lit.no x) fun a => known (first Lit.no y) fun b =>
    known (g a b) fun c => c :: each_of g w (rest x) (rest y)
theorem each_right (v : Assignment) (g : Lit → Lit → Lit) (f : Bool → Bool → Bool)
    (h : ∀ a b, ev v (g a b) = f (ev v a) (ev v b)) : ∀ (w : Nat) (x y : List Lit),
    vals v (each_of g w x y) = each f w (vals v x) (vals v y)
  | 0, _, _ => rfl
  | w + 1, x, y => by
    show vals v (known (first Lit.no x) fun a => known (first Lit.no y) fun b =>
      known (g a b) fun c => c :: each_of g w (rest x) (rest y)) = f _ _ :: each f w (rest _) (rest _)
    rw [known_eq, known_eq, known_eq, first_vals, first_vals, rest_vals, rest_vals, ← h]
    exact congrArg _ (each_right v g f h w (rest x) (rest y))

def inverted_of : Nat → List Lit → List Lit
  | 0, _ => []
  | w + 1, x => inv (first Lit.no x) :: inverted_of w (rest x)
theorem inverted_right (v : Assignment) : ∀ (w : Nat) (x : List Lit),
    vals v (inverted_of w x) = inverted w (vals v x)
  | 0, _ => rfl
  | w + 1, x => by
    show ev v (inv (first Lit.no x)) :: vals v (inverted_of w (rest x))
      = (not (first false (vals v x))) :: inverted w (rest (vals v x))
    rw [ev_inv, first_vals, rest_vals, inverted_right v w]

/- c ? x : y, of so many bits -/
def chosen (t : Gates) (c : Lit) : Nat → List Lit → List Lit → List Lit
  | 0, _, _ => []
  | w + 1, x, y => known (choose t c (first Lit.no x) (first Lit.no y)) fun a =>
    a :: chosen t c w (rest x) (rest y)
theorem chosen_right (v : Assignment) (t : Gates) (o : obeys v t) (c : Lit) : ∀ (w : Nat) (x y : List Lit),
    vals v (chosen t c w x y) = cond (ev v c) (fit false w (vals v x)) (fit false w (vals v y))
  | 0, _, _ => by cases ev v c <;> exact rfl
  | w + 1, x, y => by
    show vals v (known (choose t c (first Lit.no x) (first Lit.no y)) fun a =>
      a :: chosen t c w (rest x) (rest y)) = cond _ (first _ _ :: fit _ w (rest _)) (first _ _ :: fit _ w (rest _))
    rw [known_eq, first_vals, first_vals, rest_vals, rest_vals]
    show ev v (choose t c (first Lit.no x) (first Lit.no y)) :: vals v (chosen t c w (rest x) (rest y)) = _
    rw [ev_choose v t o, chosen_right v t o c w]
    cases ev v c <;> exact rfl

/- ---- moving bits by a number of places ---- -/

def barrel (t : Gates) (w : Nat) (f : List Lit → List Lit) : List Lit → List Lit → List Lit
  | [], x => x
  | b :: k, x => barrel t w (fun x => f (f x)) k (known b fun b =>
    match b with
    | Lit.no => x
    | Lit.yes => f x
    | b => chosen t b w (f x) x)

theorem repeated_twice {A : Type} (f : A → A) : ∀ (n : Nat) (x : A),
    repeated (2 * n) f x = repeated n (fun x => f (f x)) x
  | 0, _ => rfl
  | n + 1, x => repeated_twice f n (f (f x))
theorem repeated_bit {A : Type} (f : A → A) (b : Bool) (n : Nat) (x : A) :
    repeated (bit b + 2 * n) f x = repeated n (fun x => f (f x)) (cond b (f x) x) := by
  rw [← repeated_twice, Nat.add_comm]
  cases b <;> exact rfl
theorem barrel_right (v : Assignment) (t : Gates) (o : obeys v t) (w : Nat) : ∀ (k : List Lit)
    (f : List Lit → List Lit) (F : Word → Word) (x : List Lit),
    (∀ x, vals v (f x) = F (vals v x)) → (∀ X, fit false w (F X) = F X) → fit false w (vals v x) = vals v x →
    vals v (barrel t w f k x) = repeated (number (vals v k)) F (vals v x)
  | [], _, _, _, _, _, _ => rfl
  | b :: k, f, F, x, hf, hF, hx => by
    show vals v (barrel t w (fun x => f (f x)) k _) = repeated (bit (ev v b) + 2 * number (vals v k)) F (vals v x)
    have step : ∀ y, vals v y = cond (ev v b) (F (vals v x)) (vals v x) →
        vals v (barrel t w (fun x => f (f x)) k y) = repeated (bit (ev v b) + 2 * number (vals v k)) F (vals v x) := by
      intro y hy
      rw [repeated_bit, ← hy]
      refine barrel_right v t o w k (fun x => f (f x)) (fun X => F (F X)) y ?_ (fun X => hF (F X)) ?_
      · intro z
        show vals v (f (f z)) = F (F (vals v z))
        rw [hf, hf]
      · rw [hy]
        cases ev v b with
        | false => exact hx
        | true => exact hF _
    refine step _ ?_
    rw [known_eq]
    have open_ : ∀ b, vals v (chosen t b w (f x) x) = cond (ev v b) (F (vals v x)) (vals v x) := by
      intro b
      rw [chosen_right v t o, hf, hF, hx]
    cases b with
    | no => exact rfl
    | yes => exact hf x
    | _ => exact open_ _

theorem move_vals (v : Assignment) (w : Nat) (m : Move) (x : List Lit) :
    vals v (move Lit.no w m x) = move false w m (vals v x) := by
  cases m with
  | shl => exact (fit_vals v Lit.no w (Lit.no :: x)).symm
  | shr_u =>
    show vals v (fit Lit.no w (rest x)) = fit false w (rest (vals v x))
    rw [rest_vals]
    exact (fit_vals v Lit.no w (rest x)).symm
  | shr_s =>
    show vals v (fit (last Lit.no x) w (rest x)) = fit (last (ev v Lit.no) (vals v x)) w (rest (vals v x))
    rw [rest_vals, last_vals]
    exact (fit_vals v (last Lit.no x) w (rest x)).symm
  | rotl =>
    show vals v (fit Lit.no w (last Lit.no x :: x)) = fit false w (last (ev v Lit.no) (vals v x) :: vals v x)
    rw [last_vals]
    exact (fit_vals v Lit.no w (last Lit.no x :: x)).symm
  | rotr =>
    show vals v (fit (first Lit.no x) w (rest x)) = fit (first false (vals v x)) w (rest (vals v x))
    rw [rest_vals, first_vals]
    exact (fit_vals v (first Lit.no x) w (rest x)).symm
theorem fit_move (w : Nat) (m : Move) (x : Word) : fit false w (move false w m x) = move false w m x := by
  cases m <;> exact fit_again _ false w _

/- ---- the binary operations ---- -/

def compute_of (t : Gates) (w : Width) (x y : List Lit) : Binary → List Lit
  | Binary.add => sums t (size w) x y Lit.no
  | Binary.sub => sums t (size w) x (inverted_of (size w) y) Lit.yes
  | Binary.mul => products t (size w) x y
  | Binary.and => each_of (both t) (size w) x y
  | Binary.or => each_of (either t) (size w) x y
  | Binary.xor => each_of (differ t) (size w) x y
  | Binary.move m => barrel t (size w) (move Lit.no (size w) m) (fit Lit.no (places w) y) (fit Lit.no (size w) x)
theorem compute_right (v : Assignment) (t : Gates) (o : obeys v t) (w : Width) (x y : List Lit) (op : Binary) :
    vals v (compute_of t w x y op) = compute w (vals v x) (vals v y) op := by
  cases op with
  | add => exact sums_right v t o (size w) x y Lit.no
  | sub =>
    show vals v (sums t (size w) x (inverted_of (size w) y) Lit.yes) = _
    rw [sums_right v t o, inverted_right]
    exact rfl
  | mul => exact products_right v t o (size w) x y
  | and => exact each_right v (both t) and (ev_both v t o) (size w) x y
  | or => exact each_right v (either t) or (ev_either v t o) (size w) x y
  | xor => exact each_right v (differ t) xor (ev_differ v t o) (size w) x y
  | move m =>
    show vals v (barrel t (size w) (move Lit.no (size w) m) (fit Lit.no (places w) y) (fit Lit.no (size w) x)) = _
    rw [barrel_right v t o (size w) _ (move Lit.no (size w) m) (move false (size w) m) _
      (move_vals v (size w) m) (fit_move (size w) m), ← fit_vals, ← fit_vals]
    · exact rfl
    · rw [← fit_vals]
      exact fit_again _ false _ _

/- ---- counts ---- -/

def ones_of (t : Gates) (w : Nat) : List Lit → List Lit
  | [] => fit Lit.no w []
  | a :: x => sums t w (ones_of t w x) [] a
theorem word_zero : ∀ w, fit false w [] = word w 0
  | 0 => rfl
  | w + 1 => by
    show false :: fit false w [] = word (w + 1) (bit false + 2 * 0)
    rw [word_step, word_zero w]
theorem ones_right (v : Assignment) (t : Gates) (o : obeys v t) (w : Nat) : ∀ x : List Lit,
    vals v (ones_of t w x) = word w (ones (vals v x))
  | [] => (fit_vals v Lit.no w []).symm.trans (word_zero w)
  | a :: x => by
    show vals v (sums t w (ones_of t w x) [] a) = word w (bit (ev v a) + ones (vals v x))
    rw [sums_right v t o, ones_right v t o w x]
    show word w (number (word w (ones (vals v x))) + bit (ev v a)) = _
    rw [Nat.add_comm, word_add_low]

def zero_above_of (t : Gates) : List Lit → List Lit
  | [] => []
  | a :: x => known (both t (inv a) (first Lit.yes (zero_above_of t x))) fun c => c :: zero_above_of t x
def zero_below_of (t : Gates) (c : Lit) : List Lit → List Lit
  | [] => []
  | a :: x => known (both t c (inv a)) fun d => d :: zero_below_of t d x
theorem first_true (v : Assignment) (x : List Lit) : first true (vals v x) = ev v (first Lit.yes x) := by
  cases x <;> exact rfl
theorem zero_above_right (v : Assignment) (t : Gates) (o : obeys v t) : ∀ x : List Lit,
    vals v (zero_above_of t x) = zero_above (vals v x)
  | [] => rfl
  | a :: x => by
    show vals v (known (both t (inv a) (first Lit.yes (zero_above_of t x))) fun c => c :: zero_above_of t x)
      = (and (not (ev v a)) (first true (zero_above (vals v x)))) :: zero_above (vals v x)
    rw [known_eq]
    show ev v (both t (inv a) (first Lit.yes (zero_above_of t x))) :: vals v (zero_above_of t x) = _
    rw [ev_both v t o, ev_inv, ← first_true, zero_above_right v t o x]
theorem zero_below_right (v : Assignment) (t : Gates) (o : obeys v t) : ∀ (x : List Lit) (c : Lit),
    vals v (zero_below_of t c x) = zero_below (ev v c) (vals v x)
  | [], _ => rfl
  | a :: x, c => by
    show vals v (known (both t c (inv a)) fun d => d :: zero_below_of t d x)
      = (and (ev v c) (not (ev v a))) :: zero_below (and (ev v c) (not (ev v a))) (vals v x)
    rw [known_eq]
    show ev v (both t c (inv a)) :: vals v (zero_below_of t (both t c (inv a)) x) = _
    rw [zero_below_right v t o x, ev_both v t o, ev_inv]

def counted_of (t : Gates) (w : Width) (x : List Lit) : Unary → List Lit
  | Unary.clz => ones_of t (size w) (zero_above_of t x)
  | Unary.ctz => ones_of t (size w) (zero_below_of t Lit.yes x)
  | Unary.popcnt => ones_of t (size w) x
theorem counted_right (v : Assignment) (t : Gates) (o : obeys v t) (w : Width) (x : List Lit) (op : Unary) :
    vals v (counted_of t w x op) = counted w (vals v x) op := by
  cases op with
  | clz =>
    show vals v (ones_of t (size w) (zero_above_of t x)) = word (size w) (ones (zero_above (vals v x)))
    rw [ones_right v t o, zero_above_right v t o]
  | ctz =>
    show vals v (ones_of t (size w) (zero_below_of t Lit.yes x)) = word (size w) (ones (zero_below true (vals v x)))
    rw [ones_right v t o, zero_below_right v t o]
    exact rfl
  | popcnt => exact ones_right v t o (size w) x

/- ---- comparisons ---- -/

theorem ble_twice : ∀ x y, Nat.ble (2 * x) (2 * y) = Nat.ble x y
  | 0, 0 => rfl
  | 0, _ + 1 => rfl
  | _ + 1, 0 => rfl
  | x + 1, y + 1 => ble_twice x y
theorem ble_twice_next : ∀ x y, Nat.ble (2 * x) (2 * y + 1) = Nat.ble x y
  | 0, 0 => rfl
  | 0, _ + 1 => rfl
  | _ + 1, 0 => rfl
  | x + 1, y + 1 => ble_twice_next x y
theorem ble_next_twice : ∀ x y, Nat.ble (2 * x + 1) (2 * y) = Nat.ble (x + 1) y
  | _, 0 => rfl
  | x, y + 1 => ble_twice_next x y

theorem ble_step (a b c : Bool) (x y : Nat) : Nat.ble (bit a + 2 * x + bit (not c)) (bit b + 2 * y)
    = Nat.ble (x + bit (not (cond (xor a b) b c))) y := by
  rw [Nat.add_comm (bit a), Nat.add_comm (bit b)]
  cases a <;> cases b <;> cases c
  · exact ble_next_twice x y
  · exact ble_twice x y
  · exact ble_twice x y
  · exact ble_twice_next x y
  · exact ble_twice (x + 1) y
  · exact ble_next_twice x y
  · exact ble_next_twice x y
  · exact ble_twice x y

/- Whether x + (c ? 0 : 1) <= y; `above` is for x = 0. -/
def above (t : Gates) : List Lit → Lit → Lit
  | [], c => c
  | b :: y, c => known (either t b c) fun d => above t y d
def ordered (t : Gates) : List Lit → List Lit → Lit → Lit
  | [], y, c => above t y c
  | a :: x, y, c => known (first Lit.no y) fun b => known (choose t (differ t a b) b c) fun d =>
    ordered t x (rest y) d
theorem above_right (v : Assignment) (t : Gates) (o : obeys v t) : ∀ (y : List Lit) (c : Lit),
    ev v (above t y c) = Nat.ble (0 + bit (not (ev v c))) (number (vals v y))
  | [], c => by
    show ev v c = Nat.ble (0 + bit (not (ev v c))) 0
    cases ev v c <;> exact rfl
  | b :: y, c => by
    show ev v (known (either t b c) fun d => above t y d) = Nat.ble (0 + bit (not (ev v c)))
      (bit (ev v b) + 2 * number (vals v y))
    have h := ble_step false (ev v b) (ev v c) 0 (number (vals v y))
    have e : bit false + 2 * 0 + bit (not (ev v c)) = 0 + bit (not (ev v c)) := rfl
    rw [e] at h
    rw [known_eq, above_right v t o y, ev_either v t o, h]
    cases ev v b <;> cases ev v c <;> exact rfl
theorem ordered_right (v : Assignment) (t : Gates) (o : obeys v t) : ∀ (x y : List Lit) (c : Lit),
    ev v (ordered t x y c) = Nat.ble (number (vals v x) + bit (not (ev v c))) (number (vals v y))
  | [], y, c => above_right v t o y c
  | a :: x, y, c => by
    show ev v (known (first Lit.no y) fun b => known (choose t (differ t a b) b c) fun d =>
      ordered t x (rest y) d) = Nat.ble (bit (ev v a) + 2 * number (vals v x) + bit (not (ev v c))) _
    rw [known_eq, known_eq, ordered_right v t o x, ev_choose v t o, ev_differ v t o,
      number_split (vals v y), ble_step, first_vals, rest_vals]

theorem beq_step (a b : Bool) : ∀ x y : Nat, Nat.beq (bit a + 2 * x) (bit b + 2 * y)
    = and (not (xor a b)) (Nat.beq x y) := by
  intro x y
  rw [Nat.add_comm (bit a), Nat.add_comm (bit b)]
  have equal : ∀ x y, Nat.beq (2 * x) (2 * y) = Nat.beq x y := by
    intro x
    induction x with
    | zero => intro y; cases y <;> exact rfl
    | succ x ih => intro y; cases y with
      | zero => exact rfl
      | succ y => exact ih y
  have more : ∀ x y, Nat.beq (2 * x + 1) (2 * y) = false := by
    intro x
    induction x with
    | zero => intro y; cases y <;> exact rfl
    | succ x ih => intro y; cases y with
      | zero => exact rfl
      | succ y => exact ih y
  have less : ∀ x y, Nat.beq (2 * x) (2 * y + 1) = false := by
    intro x
    induction x with
    | zero => intro y; cases y <;> exact rfl
    | succ x ih => intro y; cases y with
      | zero => exact rfl
      | succ y => exact ih y
  cases a <;> cases b
  · exact equal x y
  · exact less x y
  · exact more x y
  · exact equal x y

/- Whether c and x = y. -/
def none_of (t : Gates) : List Lit → Lit → Lit
  | [], c => c
  | b :: y, c => known (both t c (inv b)) fun d => none_of t y d
def equals (t : Gates) : List Lit → List Lit → Lit → Lit
  | [], y, c => none_of t y c
  | a :: x, y, c => known (first Lit.no y) fun b => known (both t c (inv (differ t a b))) fun d =>
    equals t x (rest y) d
theorem none_right (v : Assignment) (t : Gates) (o : obeys v t) : ∀ (y : List Lit) (c : Lit),
    ev v (none_of t y c) = and (ev v c) (Nat.beq 0 (number (vals v y)))
  | [], c => by
    show ev v c = and (ev v c) true
    cases ev v c <;> exact rfl
  | b :: y, c => by
    show ev v (known (both t c (inv b)) fun d => none_of t y d) = and (ev v c) (Nat.beq (bit false + 2 * 0)
      (bit (ev v b) + 2 * number (vals v y)))
    rw [known_eq, none_right v t o y, ev_both v t o, ev_inv, beq_step]
    cases ev v b <;> cases ev v c <;> exact rfl
theorem equals_right (v : Assignment) (t : Gates) (o : obeys v t) : ∀ (x y : List Lit) (c : Lit),
    ev v (equals t x y c) = and (ev v c) (Nat.beq (number (vals v x)) (number (vals v y)))
  | [], y, c => none_right v t o y c
  | a :: x, y, c => by
    show ev v (known (first Lit.no y) fun b => known (both t c (inv (differ t a b))) fun d =>
      equals t x (rest y) d) = and (ev v c) (Nat.beq (bit (ev v a) + 2 * number (vals v x)) _)
    rw [known_eq, known_eq, equals_right v t o x, ev_both v t o, ev_inv, ev_differ v t o,
      number_split (vals v y), beq_step, first_vals, rest_vals]
    cases ev v a <;> cases ev v (first Lit.no y) <;> cases ev v c <;> exact rfl

def is_zero (t : Gates) (x : List Lit) : Lit := equals t x [] Lit.yes
theorem is_zero_right (v : Assignment) (t : Gates) (o : obeys v t) (x : List Lit) :
    ev v (is_zero t x) = zero (vals v x) := equals_right v t o x [] Lit.yes

def related_of (t : Gates) (x y : List Lit) : Relation → Lit
  | Relation.eq => equals t x y Lit.yes
  | Relation.ne => inv (equals t x y Lit.yes)
  | Relation.lt => ordered t x y Lit.no
  | Relation.gt => ordered t y x Lit.no
  | Relation.le => ordered t x y Lit.yes
  | Relation.ge => ordered t y x Lit.yes
theorem related_right (v : Assignment) (t : Gates) (o : obeys v t) (x y : List Lit) (r : Relation) :
    ev v (related_of t x y r) = related (number (vals v x)) (number (vals v y)) r := by
  cases r with
  | eq => exact equals_right v t o x y Lit.yes
  | ne => exact (ev_inv v _).trans (congrArg not (equals_right v t o x y Lit.yes))
  | lt => exact ordered_right v t o x y Lit.no
  | gt => exact ordered_right v t o y x Lit.no
  | le => exact ordered_right v t o x y Lit.yes
  | ge => exact ordered_right v t o y x Lit.yes

def raised_of : List Lit → List Lit
  | [] => []
  | [b] => [inv b]
  | b :: c :: k => b :: raised_of (c :: k)
theorem raised_right (v : Assignment) : ∀ x : List Lit, vals v (raised_of x) = raised (vals v x)
  | [] => rfl
  | [b] => congrArg (· :: []) (ev_inv v b)
  | b :: c :: k => congrArg (ev v b :: ·) (raised_right v (c :: k))
def compare_of (t : Gates) (is_signed : Bool) (r : Relation) (x y : List Lit) : Lit :=
  cond is_signed (related_of t (raised_of x) (raised_of y) r) (related_of t x y r)
theorem compare_right (v : Assignment) (t : Gates) (o : obeys v t) (is_signed : Bool) (r : Relation)
    (x y : List Lit) : ev v (compare_of t is_signed r x y) = compare is_signed r (vals v x) (vals v y) := by
  cases is_signed with
  | false => exact related_right v t o x y r
  | true =>
    show ev v (related_of t (raised_of x) (raised_of y) r) = _
    rw [related_right v t o, raised_right, raised_right]
    exact rfl

/- ---- the rest ---- -/

theorem truth_right (v : Assignment) (c : Lit) : vals v (truth Lit.no c) = truth false (ev v c) := rfl
theorem resize_right (v : Assignment) (bits w : Nat) (is_signed : Bool) (x : List Lit) :
    vals v (resize Lit.no bits w is_signed x) = resize false bits w is_signed (vals v x) := by
  have h : fit false bits (vals v x) = vals v (fit Lit.no bits x) := fit_vals v Lit.no bits x
  cases is_signed with
  | false =>
    show vals v (fit Lit.no w (fit Lit.no bits x)) = fit false w (fit false bits (vals v x))
    rw [h]
    exact (fit_vals v Lit.no w _).symm
  | true =>
    show vals v (fit (last Lit.no (fit Lit.no bits x)) w (fit Lit.no bits x))
      = fit (last (ev v Lit.no) (fit false bits (vals v x))) w (fit false bits (vals v x))
    rw [h, last_vals]
    exact (fit_vals v _ w _).symm

def lit_of : Bool → Lit
  | true => Lit.yes
  | false => Lit.no
def lits_of : Word → List Lit
  | [] => []
  | b :: k => lit_of b :: lits_of k
theorem lits_right (v : Assignment) : ∀ x : Word, vals v (lits_of x) = x
  | [] => rfl
  | true :: x => congrArg (true :: ·) (lits_right v x)
  | false :: x => congrArg (false :: ·) (lits_right v x)
def constant (w n : Nat) : List Lit := lits_of (word w n)

end Isotrace.Bits
