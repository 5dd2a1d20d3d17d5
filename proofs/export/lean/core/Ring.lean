/- Identities between polynomials over the integers, decided by computation: both sides are multiplied
   out into signed products of variables, and products of opposite sign cancel. -/
import Isotrace.Core.Integers
namespace Isotrace

inductive Poly where
  | x : Nat → Poly
  | one : Poly
  | plus : Poly → Poly → Poly
  | times : Poly → Poly → Poly
  | minus : Poly → Poly

instance : Add Poly := ⟨Poly.plus⟩
instance : Mul Poly := ⟨Poly.times⟩
instance : Neg Poly := ⟨Poly.minus⟩

/- The value of variable number i. -/
def value : List Int → Nat → Int
  | [], _ => 0
  | a :: _, 0 => a
  | _ :: rest, i + 1 => value rest i

def Poly.eval (vars : List Int) : Poly → Int
  | Poly.x i => value vars i
  | Poly.one => 1
  | Poly.plus p q => eval vars p + eval vars q
  | Poly.times p q => eval vars p * eval vars q
  | Poly.minus p => -(eval vars p)

/- A product of variables, in ascending order, and its sign (true: negative). -/
def product (vars : List Int) : List Nat → Int
  | [] => 1
  | i :: rest => value vars i * product vars rest
def signed : Bool → Int → Int
  | true, a => -a
  | false, a => a
def total (vars : List Int) : List (Bool × List Nat) → Int
  | [] => 0
  | t :: rest => signed t.1 (product vars t.2) + total vars rest

def differ : Bool → Bool → Bool
  | true, b => not b
  | false, b => b
def insert_var (i : Nat) : List Nat → List Nat
  | [] => [i]
  | j :: rest => cond (Nat.ble i j) (i :: j :: rest) (j :: insert_var i rest)
def insert_all : List Nat → List Nat → List Nat
  | [], m => m
  | i :: rest, m => insert_var i (insert_all rest m)
def join {A : Type} : List A → List A → List A
  | [], k => k
  | a :: rest, k => a :: join rest k
def negated : List (Bool × List Nat) → List (Bool × List Nat)
  | [] => []
  | t :: rest => (not t.1, t.2) :: negated rest
def times_one (s : Bool) (m : List Nat) : List (Bool × List Nat) → List (Bool × List Nat)
  | [] => []
  | t :: rest => (differ s t.1, insert_all m t.2) :: times_one s m rest
def times_all : List (Bool × List Nat) → List (Bool × List Nat) → List (Bool × List Nat)
  | [], _ => []
  | t :: rest, k => join (times_one t.1 t.2 k) (times_all rest k)
def Poly.terms : Poly → List (Bool × List Nat)
  | Poly.x i => [(false, [i])]
  | Poly.one => [(false, [])]
  | Poly.plus p q => join (terms p) (terms q)
  | Poly.times p q => times_all (terms p) (terms q)
  | Poly.minus p => negated (terms p)

def same_vars : List Nat → List Nat → Bool
  | [], [] => true
  | i :: k, j :: l => cond (Nat.beq i j) (same_vars k l) false
  | _, _ => false
/- Adds a term, or removes one of opposite sign. -/
def cancel_one (s : Bool) (m : List Nat) : List (Bool × List Nat) → List (Bool × List Nat)
  | [] => [(s, m)]
  | t :: rest => cond (differ s t.1) (cond (same_vars m t.2) rest (t :: cancel_one s m rest))
      (t :: cancel_one s m rest)
def cancel : List (Bool × List Nat) → List (Bool × List Nat)
  | [] => []
  | t :: rest => cancel_one t.1 t.2 (cancel rest)
def is_nil {A : Type} : List A → Bool
  | [] => true
  | _ :: _ => false

/- The variables of identities. -/
abbrev x (i : Nat) : Poly := Poly.x i

/- ---- soundness ---- -/

theorem add_swap (a b c : Int) : a + (b + c) = b + (a + c) := by
  rw [← add_assoc, add_comm a b, add_assoc]
theorem mul_swap (a b c : Int) : a * (b * c) = b * (a * c) := by
  rw [← mul_assoc, mul_comm a b, mul_assoc]
theorem neg_mul (a b : Int) : -a * b = -(a * b) := by rw [mul_comm, mul_neg, mul_comm]
theorem add_mul (a b c : Int) : (a + b) * c = a * c + b * c := by
  rw [mul_comm, mul_add, mul_comm c a, mul_comm c b]
theorem zero_mul (a : Int) : 0 * a = 0 := by rw [mul_comm, mul_zero]
theorem one_mul (a : Int) : 1 * a = a := by rw [mul_comm, mul_one]
theorem neg_zero : -(0 : Int) = 0 := rfl

theorem product_insert_var (vars : List Int) (i : Nat) : ∀ m,
    product vars (insert_var i m) = value vars i * product vars m
  | [] => rfl
  | j :: rest => by
    show product vars (cond (Nat.ble i j) (i :: j :: rest) (j :: insert_var i rest))
      = value vars i * (value vars j * product vars rest)
    cases Nat.ble i j with
    | true => exact rfl
    | false =>
      show value vars j * product vars (insert_var i rest) = _
      rw [product_insert_var vars i rest, mul_swap]

theorem product_insert_all (vars : List Int) : ∀ k m,
    product vars (insert_all k m) = product vars k * product vars m
  | [], m => by
    show product vars m = 1 * product vars m
    rw [one_mul]
  | i :: k, m => by
    show product vars (insert_var i (insert_all k m)) = (value vars i * product vars k) * product vars m
    rw [product_insert_var, product_insert_all vars k m, mul_assoc]

theorem total_join (vars : List Int) : ∀ k l, total vars (join k l) = total vars k + total vars l
  | [], l => by
    show total vars l = 0 + total vars l
    rw [zero_add]
  | t :: k, l => by
    show signed t.1 (product vars t.2) + total vars (join k l) = _ + total vars k + total vars l
    rw [total_join vars k l, add_assoc]

theorem signed_not (s : Bool) (a : Int) : signed (not s) a = -(signed s a) := by
  cases s with
  | true => exact (neg_neg a).symm
  | false => exact rfl
theorem signed_differ (s t : Bool) (a b : Int) : signed (differ s t) (a * b) = signed s a * signed t b := by
  cases s with
  | false =>
    cases t with
    | false => exact rfl
    | true => exact (mul_neg a b).symm
  | true =>
    cases t with
    | false => exact (neg_mul a b).symm
    | true =>
      show a * b = -a * -b
      rw [mul_neg, neg_mul, neg_neg]

theorem total_negated (vars : List Int) : ∀ k, total vars (negated k) = -(total vars k)
  | [] => rfl
  | t :: k => by
    show signed (not t.1) (product vars t.2) + total vars (negated k)
        = -(signed t.1 (product vars t.2) + total vars k)
    rw [total_negated vars k, signed_not, neg_add]

theorem total_times_one (vars : List Int) (s : Bool) (m : List Nat) : ∀ k,
    total vars (times_one s m k) = signed s (product vars m) * total vars k
  | [] => by
    show 0 = signed s (product vars m) * 0
    rw [mul_zero]
  | t :: k => by
    show signed (differ s t.1) (product vars (insert_all m t.2)) + total vars (times_one s m k)
      = signed s (product vars m) * (signed t.1 (product vars t.2) + total vars k)
    rw [total_times_one vars s m k, product_insert_all, signed_differ, mul_add]

theorem total_times_all (vars : List Int) : ∀ k l, total vars (times_all k l) = total vars k * total vars l
  | [], l => by
    show 0 = 0 * total vars l
    rw [zero_mul]
  | t :: k, l => by
    show total vars (join (times_one t.1 t.2 l) (times_all k l)) = (signed t.1 (product vars t.2)
        + total vars k) * total vars l
    rw [total_join, total_times_one, total_times_all vars k l, add_mul]

theorem total_terms (vars : List Int) : ∀ p : Poly, total vars p.terms = p.eval vars
  | Poly.x i => by
    show value vars i * 1 + 0 = value vars i
    rw [mul_one, add_zero]
  | Poly.one => rfl
  | Poly.plus p q => by
    show total vars (join p.terms q.terms) = p.eval vars + q.eval vars
    rw [total_join, total_terms vars p, total_terms vars q]
  | Poly.times p q => by
    show total vars (times_all p.terms q.terms) = p.eval vars * q.eval vars
    rw [total_times_all, total_terms vars p, total_terms vars q]
  | Poly.minus p => by
    show total vars (negated p.terms) = -(p.eval vars)
    rw [total_negated, total_terms vars p]

theorem false_not_true {P : Prop} (h : false = true) : P := by
  cases h

theorem beq_nat : ∀ i j : Nat, Nat.beq i j = true → i = j
  | 0, 0, _ => rfl
  | 0, _ + 1, h => false_not_true h
  | _ + 1, 0, h => false_not_true h
  | i + 1, j + 1, h => congrArg Nat.succ (beq_nat i j h)

theorem same_vars_eq : ∀ k l, same_vars k l = true → k = l
  | [], [], _ => rfl
  | [], _ :: _, h => false_not_true h
  | _ :: _, [], h => false_not_true h
  | i :: k, j :: l, h => by
    have h' : cond (Nat.beq i j) (same_vars k l) false = true := h
    cases e : Nat.beq i j with
    | false => rw [e] at h'; exact false_not_true h'
    | true => rw [e] at h'; rw [beq_nat i j e, same_vars_eq k l h']

theorem total_cancel_one (vars : List Int) (s : Bool) (m : List Nat) : ∀ k,
    total vars (cancel_one s m k) = signed s (product vars m) + total vars k
  | [] => rfl
  | t :: k => by
    have kept : total vars (t :: cancel_one s m k) = signed s (product vars m) + total vars (t :: k) := by
      show signed t.1 (product vars t.2) + total vars (cancel_one s m k)
        = signed s (product vars m) + (signed t.1 (product vars t.2) + total vars k)
      rw [total_cancel_one vars s m k, add_swap]
    show total vars (cond (differ s t.1) (cond (same_vars m t.2) k (t :: cancel_one s m k))
        (t :: cancel_one s m k)) = _
    cases e : differ s t.1 with
    | false => exact kept
    | true =>
      cases f : same_vars m t.2 with
      | false => exact kept
      | true =>
        show total vars k = signed s (product vars m) + (signed t.1 (product vars t.2) + total vars k)
        have opposite : ∀ s t : Bool, differ s t = true → s = not t := by
          intro s t h
          cases s with
          | false =>
            cases t with
            | false => exact false_not_true h
            | true => exact rfl
          | true =>
            cases t with
            | false => exact rfl
            | true => exact false_not_true h
        rw [opposite s t.1 e, same_vars_eq m t.2 f, signed_not, ← add_assoc, add_comm (-_), add_neg, zero_add]

theorem total_cancel (vars : List Int) : ∀ k, total vars (cancel k) = total vars k
  | [] => rfl
  | t :: k => by
    show total vars (cancel_one t.1 t.2 (cancel k)) = signed t.1 (product vars t.2) + total vars k
    rw [total_cancel_one, total_cancel vars k]

theorem ring (vars : List Int) (p q : Poly) (h : is_nil (cancel (p + -q).terms) = true) :
    p.eval vars = q.eval vars := by
  have zero : p.eval vars + -(q.eval vars) = 0 := by
    have whole := total_terms vars (p + -q)
    rw [← total_cancel] at whole
    cases e : cancel (p + -q).terms with
    | nil => rw [e] at whole; exact whole.symm
    | cons t k => rw [e] at h; exact false_not_true h
  have back : (p.eval vars + -(q.eval vars)) + q.eval vars = q.eval vars := by rw [zero, zero_add]
  rw [add_assoc, add_comm (-_), add_neg, add_zero] at back
  exact back

end Isotrace
