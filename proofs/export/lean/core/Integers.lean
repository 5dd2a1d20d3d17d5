/- The laws of the integers, proved from the definitions of `Int` in Lean's core, so that the library needs
   no lemma whose name changes from version to version. -/
namespace Isotrace

/- Products of natural numbers, proved here because what Lean's core proves them with may rest on an axiom
   (propositional extensionality), as its simplifier does. -/
theorem nat_left_distrib (k m n : Nat) : k * (m + n) = k * m + k * n := by
  induction n with
  | zero => exact rfl
  | succ n ih =>
    show k * (m + n) + k = k * m + (k * n + k)
    rw [ih, Nat.add_assoc]
theorem nat_right_distrib (m n k : Nat) : (m + n) * k = m * k + n * k := by
  rw [Nat.mul_comm (m + n) k, nat_left_distrib, Nat.mul_comm k m, Nat.mul_comm k n]
theorem nat_mul_assoc (m n k : Nat) : m * n * k = m * (n * k) := by
  induction k with
  | zero => exact rfl
  | succ k ih =>
    show m * n * k + m * n = m * (n * k + n)
    rw [ih, nat_left_distrib]

/- The difference a - b of natural numbers. -/
def diff : Nat → Nat → Int
  | a, 0 => Int.ofNat a
  | 0, b + 1 => Int.negSucc b
  | a + 1, b + 1 => diff a b

def pos : Int → Nat
  | Int.ofNat n => n
  | Int.negSucc _ => 0
def neg : Int → Nat
  | Int.ofNat _ => 0
  | Int.negSucc n => n + 1

theorem diff_zero (a : Nat) : diff a 0 = Int.ofNat a := by
  cases a with
  | zero => exact rfl
  | succ a => exact rfl

theorem diff_pos_neg (x : Int) : x = diff (pos x) (neg x) := by
  cases x with
  | ofNat n => exact (diff_zero n).symm
  | negSucc n => exact rfl

theorem diff_shift (a b k : Nat) : diff (a + k) (b + k) = diff a b := by
  induction k with
  | zero => exact rfl
  | succ k ih => exact ih

theorem diff_eq {a b c e : Nat} (h : a + e = c + b) : diff a b = diff c e := by
  rw [← diff_shift a b e, h, Nat.add_comm b e]
  exact diff_shift c e b

theorem nat_succ_add (a b : Nat) : (a + 1) + b = (a + b) + 1 := by
  induction b with
  | zero => exact rfl
  | succ b ih => exact congrArg Nat.succ ih

theorem pos_neg : ∀ a b : Nat, pos (diff a b) + b = a + neg (diff a b)
  | a, 0 => by
    rw [diff_zero]
    try exact rfl
  | 0, b + 1 => rfl
  | a + 1, b + 1 => by
    show (pos (diff a b) + b) + 1 = (a + 1) + neg (diff a b)
    rw [pos_neg a b]
    exact (nat_succ_add a (neg (diff a b))).symm

theorem nat_swap (a b c e : Nat) : (a + b) + (c + e) = (a + c) + (b + e) := by
  rw [Nat.add_assoc a b, ← Nat.add_assoc b c, Nat.add_comm b c, Nat.add_assoc c b, ← Nat.add_assoc a c]

/- ---- the operations on differences ---- -/

theorem nat_zero_sub (a : Nat) : 0 - a = 0 := by
  induction a with
  | zero => exact rfl
  | succ a ih =>
    show Nat.pred (0 - a) = 0
    rw [ih]
    try exact rfl

theorem subNatNat_eq : ∀ a b : Nat, Int.subNatNat a b = diff a b := by
  have unfolded : ∀ m n k j : Nat, n - m = k → m - n = j →
      Int.subNatNat m n = Nat.casesOn (motive := fun _ => Int) k (Int.ofNat j) (fun i => Int.negSucc i) := by
    intro m n k j hk hj
    rw [← hk, ← hj]
    unfold Int.subNatNat
    cases n - m with
    | zero => exact rfl
    | succ i => exact rfl
  have step : ∀ a b : Nat, Int.subNatNat (a + 1) (b + 1) = Int.subNatNat a b := by
    intro a b
    have h : (b + 1) - (a + 1) = b - a := Nat.succ_sub_succ_eq_sub b a
    have g : (a + 1) - (b + 1) = a - b := Nat.succ_sub_succ_eq_sub a b
    rw [unfolded (a + 1) (b + 1) (b - a) (a - b) h g, unfolded a b (b - a) (a - b) rfl rfl]
  intro a
  induction a with
  | zero =>
    intro b
    cases b with
    | zero => exact rfl
    | succ b => exact rfl
  | succ a ih =>
    intro b
    cases b with
    | zero =>
      rw [unfolded (a + 1) 0 0 (a + 1) (nat_zero_sub (a + 1)) rfl]
      try exact rfl
    | succ b =>
      rw [step a b]
      exact ih b

theorem negOfNat_eq (n : Nat) : Int.negOfNat n = diff 0 n := by
  cases n with
  | zero => exact rfl
  | succ n => exact rfl

theorem add_parts (x y : Int) : x + y = diff (pos x + pos y) (neg x + neg y) := by
  cases x with
  | ofNat m =>
    cases y with
    | ofNat n => exact (diff_zero (m + n)).symm
    | negSucc n =>
      show Int.subNatNat m (n + 1) = diff (m + 0) (0 + (n + 1))
      rw [subNatNat_eq, Nat.zero_add (n + 1)]
      try exact rfl
  | negSucc m =>
    cases y with
    | ofNat n =>
      show Int.subNatNat n (m + 1) = diff (0 + n) ((m + 1) + 0)
      rw [subNatNat_eq, Nat.zero_add n]
      try exact rfl
    | negSucc n =>
      show Int.negSucc ((m + n) + 1) = Int.negSucc ((m + 1) + n)
      exact congrArg Int.negSucc (nat_succ_add m n).symm

theorem mul_parts (x y : Int) :
    x * y = diff (pos x * pos y + neg x * neg y) (pos x * neg y + neg x * pos y) := by
  cases x with
  | ofNat m =>
    cases y with
    | ofNat n =>
      show Int.ofNat (m * n) = diff (m * n) (0 + 0 * n)
      rw [Nat.zero_mul n]
      exact (diff_zero (m * n)).symm
    | negSucc n =>
      show Int.negOfNat (m * (n + 1)) = diff (m * 0 + 0 * (n + 1)) (m * (n + 1) + 0 * 0)
      rw [negOfNat_eq, Nat.zero_mul (n + 1)]
      try exact rfl
  | negSucc m =>
    cases y with
    | ofNat n =>
      show Int.negOfNat ((m + 1) * n) = diff (0 * n + (m + 1) * 0) (0 * 0 + (m + 1) * n)
      rw [negOfNat_eq, Nat.zero_mul n, Nat.zero_add ((m + 1) * n)]
      try exact rfl
    | negSucc n =>
      show Int.ofNat ((m + 1) * (n + 1)) = diff (0 * 0 + (m + 1) * (n + 1)) (0 * (n + 1) + (m + 1) * 0)
      rw [Nat.zero_mul (n + 1), Nat.zero_add ((m + 1) * (n + 1))]
      try exact rfl

theorem neg_parts (x : Int) : -x = diff (neg x) (pos x) := by
  cases x with
  | ofNat m =>
    show Int.negOfNat m = diff 0 m
    exact negOfNat_eq m
  | negSucc m => exact rfl

theorem diff_add (a b c e : Nat) : diff a b + diff c e = diff (a + c) (b + e) := by
  rw [add_parts]
  apply diff_eq
  rw [nat_swap, pos_neg a b, pos_neg c e, nat_swap]

theorem diff_neg (a b : Nat) : -(diff a b) = diff b a := by
  rw [neg_parts]
  apply diff_eq
  rw [Nat.add_comm, ← pos_neg a b, Nat.add_comm]

/- x * y does not depend on how x is written as a difference. -/
theorem diff_mul_left {p n a b : Nat} (h : p + b = a + n) (q r : Nat) :
    diff (p * q + n * r) (p * r + n * q) = diff (a * q + b * r) (a * r + b * q) := by
  apply diff_eq
  have hq : p * q + b * q = a * q + n * q := by rw [← nat_right_distrib, h, nat_right_distrib]
  have hr : a * r + n * r = p * r + b * r := by rw [← nat_right_distrib, ← h, nat_right_distrib]
  rw [Nat.add_comm (a * r) (b * q), nat_swap, hq, Nat.add_comm (n * r) (a * r), hr, nat_swap,
    Nat.add_comm (p * r) (n * q), nat_swap, Nat.add_comm (p * r) (b * r), nat_swap,
    Nat.add_comm (n * q) (p * r)]

theorem diff_mul (a b c e : Nat) : diff a b * diff c e = diff (a * c + b * e) (a * e + b * c) := by
  rw [mul_parts, diff_mul_left (pos_neg a b)]
  have commuted : ∀ u v w z : Nat, diff (u * w + v * z) (u * z + v * w) = diff (w * u + z * v)
      (w * v + z * u) := by
    intro u v w z
    rw [Nat.mul_comm u w, Nat.mul_comm v z, Nat.mul_comm u z, Nat.mul_comm v w, Nat.add_comm (z * u)]
  rw [commuted, diff_mul_left (pos_neg c e), ← commuted]

/- ---- the laws ---- -/

theorem add_comm (x y : Int) : x + y = y + x := by
  rw [add_parts x y, add_parts y x, Nat.add_comm (pos x), Nat.add_comm (neg x)]

theorem add_assoc (x y z : Int) : (x + y) + z = x + (y + z) := by
  rw [diff_pos_neg x, diff_pos_neg y, diff_pos_neg z]
  rw [diff_add, diff_add, diff_add, diff_add, Nat.add_assoc, Nat.add_assoc]

theorem mul_comm (x y : Int) : x * y = y * x := by
  rw [mul_parts x y, mul_parts y x, Nat.mul_comm (pos x) (pos y), Nat.mul_comm (neg x) (neg y),
    Nat.mul_comm (pos x) (neg y), Nat.mul_comm (neg x) (pos y), Nat.add_comm (neg y * pos x)]

theorem mul_assoc (x y z : Int) : (x * y) * z = x * (y * z) := by
  rw [diff_pos_neg x, diff_pos_neg y, diff_pos_neg z]
  rw [diff_mul, diff_mul, diff_mul, diff_mul]
  rw [nat_right_distrib, nat_right_distrib, nat_right_distrib, nat_right_distrib, nat_left_distrib,
    nat_left_distrib, nat_left_distrib, nat_left_distrib]
  rw [nat_mul_assoc, nat_mul_assoc, nat_mul_assoc, nat_mul_assoc, nat_mul_assoc, nat_mul_assoc, nat_mul_assoc,
    nat_mul_assoc]
  have turn : ∀ s t u v : Nat, (s + t) + (u + v) = (s + u) + (v + t) := by
    intro s t u v
    rw [nat_swap, Nat.add_comm t v]
  rw [turn (pos x * (pos y * pos z)), turn (pos x * (pos y * neg z))]

theorem mul_add (x y z : Int) : x * (y + z) = x * y + x * z := by
  rw [diff_pos_neg x, diff_pos_neg y, diff_pos_neg z]
  rw [diff_add, diff_mul, diff_mul, diff_mul, diff_add]
  rw [nat_left_distrib, nat_left_distrib, nat_left_distrib, nat_left_distrib,
      nat_swap (pos x * pos y), nat_swap (pos x * neg y)]

theorem zero_add (x : Int) : 0 + x = x := by
  rw [add_comm]
  cases x with
  | ofNat n => exact rfl
  | negSucc n => exact rfl
theorem add_zero (x : Int) : x + 0 = x := by rw [add_comm, zero_add]

theorem mul_zero (x : Int) : x * 0 = 0 := by
  cases x with
  | ofNat n => exact rfl
  | negSucc n => exact rfl
theorem mul_one (x : Int) : x * 1 = x := by
  rw [diff_pos_neg x]
  show diff (pos x) (neg x) * diff 1 0 = diff (pos x) (neg x)
  rw [diff_mul, Nat.mul_one, Nat.mul_one, Nat.mul_zero, Nat.mul_zero, Nat.add_zero, Nat.zero_add]

theorem add_neg (x : Int) : x + -x = 0 := by
  rw [diff_pos_neg x, diff_neg, diff_add, Nat.add_comm]
  have same : ∀ k : Nat, diff k k = 0 := by
    intro k
    have h := diff_shift 0 0 k
    rw [Nat.zero_add] at h
    exact h
  exact same _

theorem mul_neg (x y : Int) : x * -y = -(x * y) := by
  rw [diff_pos_neg x, diff_pos_neg y, diff_neg, diff_mul, diff_mul, diff_neg]

theorem neg_add (x y : Int) : -(x + y) = -x + -y := by
  rw [diff_pos_neg x, diff_pos_neg y, diff_add, diff_neg, diff_neg, diff_neg, diff_add]

theorem neg_neg (x : Int) : - -x = x := by rw [diff_pos_neg x, diff_neg, diff_neg]

theorem sub_eq (x y : Int) : x - y = x + -y := rfl

end Isotrace
