/- The checker of certificates, a function that computes to true or false; what is proved about it is in
   Sound.lean.

   Bounds are integers over one number Q, the grain. At every node of the split tree all layers are bounded
   anew: interval arithmetic, met with the bounds of the node above, then backward substitution for each
   neuron whose sign is not decided; at a leaf the weighted sum of the constraints is bounded the same way.
   Whatever is guessed (slopes, roundings of quotients) is checked where it is used. -/
import Isotrace.Core.Network
namespace Isotrace

/- Between lo / Q and hi / Q. -/
structure Itv where
  lo : Int
  hi : Int

/- A row, a bound of its rounding error and an interval of its value before activation. -/
structure Neuron where
  row : Row
  err : Int
  itv : Itv
/- A layer that was passed; `scale` is its denominator. -/
structure Entry where
  relu : Bool
  scale : Int
  neurons : List Neuron

/- a handed to f as a number, not as a sum or a product that every use would compute anew. -/
def sealed {A : Type} (a : Int) (f : Int → A) : A :=
  match a with
  | Int.ofNat 0 => f (Int.ofNat 0)
  | Int.ofNat (Nat.succ k) => f (Int.ofNat (Nat.succ k))
  | Int.negSucc 0 => f (Int.negSucc 0)
  | Int.negSucc (Nat.succ k) => f (Int.negSucc (Nat.succ k))

/- f of what is there, if it is there. -/
def onward {A B : Type} (found : Option A) (f : A → Option B) : Option B :=
  match found with
  | none => none
  | some a => f a

/- ---- forms ---- -/

def add_weights (c : Int) : List Int → List Int → List Int
  | [], form => form
  | w :: ws, [] => sealed (c * w) fun v => v :: add_weights c ws []
  | w :: ws, a :: form => sealed (a + c * w) fun v => v :: add_weights c ws form
/- form + c * weights, which start at an offset -/
def add_row (c : Int) (ws : List Int) : Nat → List Int → List Int
  | 0, form => add_weights c ws form
  | n + 1, [] => 0 :: add_row c ws n []
  | n + 1, a :: form => a :: add_row c ws n form

/- The least and the largest value of c * h. -/
def low (c : Int) (b : Itv) : Int := cond (nonneg c) (c * b.lo) (c * b.hi)
def high (c : Int) (b : Itv) : Int := -(low (-c) b)
def largest (b : Itv) : Int := larger b.hi (-b.lo)

def dot_low : List Int → List Itv → Int
  | [], _ => 0
  | _ :: _, [] => 0
  | w :: ws, b :: bs => low w b + dot_low ws bs
def dot_high : List Int → List Itv → Int
  | [], _ => 0
  | _ :: _, [] => 0
  | w :: ws, b :: bs => high w b + dot_high ws bs
def dot_largest : List Int → List Itv → Int
  | [], _ => 0
  | _ :: _, [] => 0
  | w :: ws, b :: bs => size w * largest b + dot_largest ws bs

/- ---- backward substitution ---- -/

def positive_part (b : Itv) : Itv := ⟨larger 0 b.lo, larger 0 b.hi⟩
def negative_part (b : Itv) : Itv := ⟨smaller 0 b.lo, smaller 0 b.hi⟩

/- The one rule behind every bound: for h in b and ANY m and c, m * relu(h) >= c * h + support / Q, and
   m * h >= c * h + support / Q where no ReLU follows. -/
def support (is_relu : Bool) (b : Itv) (m c : Int) : Int :=
  cond is_relu
    (smaller (low (m + -c) (positive_part b)) (low (-c) (negative_part b)))
    (low (m + -c) b)

/- a / b, rounded down; b = 0 gives anything. -/
def quotient (a : Int) (b : Int) : Int :=
  match b with
  | Int.negSucc _ => 0
  | Int.ofNat d =>
    match a with
    | Int.ofNat n => Int.ofNat (Nat.div n d)
    | Int.negSucc n => Int.negSucc (Nat.div n d)

/- A choice of c for the rule (any is sound): m < 0: the chord; m >= 0: the hinted slope in 255ths, or 0 or 1,
   whichever cuts off less. `extra` is added for neurons whose sign a split decided. -/
def slope_of (b : Itv) (m hint : Int) : Int :=
  cond (nonneg b.lo) m
    (cond (nonneg (-b.hi)) 0
      (cond (nonneg m)
        (cond (nonneg hint) (quotient (m * hint) 255) (cond (nonneg (b.hi + b.lo)) m 0))
        (-(quotient (-m * b.hi) (b.hi + -b.lo)))))
structure Hint where
  slope : Int
  extra : Int
def no_hint : Hint := ⟨-1, 0⟩
def first_hint : List Hint → Hint
  | [] => no_hint
  | h :: _ => h
def rest_of {A : Type} : List A → List A
  | [] => []
  | _ :: l => l
def pick (is_relu : Bool) (b : Itv) (m : Int) (hint : Hint) : Int :=
  cond is_relu (slope_of b m hint.slope + hint.extra) m

/- Replaces activations by their rules and values by their rows: a form over the layer's operands, and a
   constant over Q. -/
def gather_one (Q : Int) (is_relu : Bool) (scale : Int) (n : Neuron) (m c : Int) (rest : List Int × Int) :
    List Int × Int :=
  match rest with
  | (form, k) =>
    sealed (k + ((c * n.row.bias * Q + -(size c * n.err)) + scale * support is_relu n.itv m c)) fun k' =>
      (add_row c n.row.weights n.row.offset form, k')
def gather (Q : Int) (is_relu : Bool) (scale : Int) : List Neuron → List Int → List Hint → List Int × Int
  | [], _, _ => ([], 0)
  | _ :: _, [], _ => ([], 0)
  | n :: ns, m :: ms, hints =>
    sealed (pick is_relu n.itv m (first_hint hints)) fun c =>
      gather_one Q is_relu scale n m c (gather Q is_relu scale ns ms (rest_of hints))

def first_list {A : Type} : List (List A) → List A
  | [] => []
  | l :: _ => l

def lower_one (Q scale c : Int) (rest : Int × Int) : Int × Int :=
  match rest with
  | (k, t) => sealed (Q * k + t * c) fun k' => sealed (t * (scale * Q)) fun t' => (k', t')
def lower_from (Q scale : Int) (gathered : List Int × Int) (below : List Int → Int × Int) : Int × Int :=
  match gathered with
  | (form, c) => lower_one Q scale c (below form)
/- (k, t): k / t is a lower bound of form.h. -/
def lower (Q : Int) (box : List Itv) : List Entry → List (List Hint) → List Int → Int × Int
  | [], _, form => (dot_low form box, Q)
  | E :: ctx, hints, form =>
    lower_from Q E.scale (gather Q E.relu E.scale E.neurons form (first_list hints)) fun form' =>
      lower Q box ctx (rest_of hints) form'

/- ---- one neuron ---- -/

/- The error bound as it stands in `near`, and what it needs. -/
def error_guess (Q s m total : Int) : Int :=
  -(quotient (-(m * (Int.ofNat (2 ^ 149) * total + (Int.ofNat (2 ^ 24) + -m) * (s * Q))))
    (Int.ofNat (2 ^ 149) * (Int.ofNat (2 ^ 24) + -m)))
def error_ok (Q s m total err : Int) : Bool :=
  cond (nonneg (Int.ofNat (2 ^ 23) + -m))
    (cond (nonneg (Int.ofNat (2 ^ 126) * (s * Q) + -total + -1))
      (cond (nonneg (Int.ofNat (2 ^ 149) * (Int.ofNat (2 ^ 24) + -m) + -1))
        (nonneg (Int.ofNat (2 ^ 149) * (Int.ofNat (2 ^ 24) + -m) * err
          + -(m * (Int.ofNat (2 ^ 149) * total + (Int.ofNat (2 ^ 24) + -m) * (s * Q)))))
        false)
      false)
    false

/- b, or b with a better end if that is implied: the value is at least below / per, or at most above / per. -/
def raise (below per : Int) (b : Itv) : Itv :=
  sealed (quotient below per) fun z =>
    cond (nonneg (below + -(z * per))) (cond (nonneg (z + -b.lo)) ⟨z, b.hi⟩ b) b
def sink (above per : Int) (b : Itv) : Itv :=
  sealed (-(quotient (-above) per)) fun z =>
    cond (nonneg (z * per + -above)) (cond (nonneg (b.hi + -z)) ⟨b.lo, z⟩ b) b

def meet (known : List Itv) (b : Itv) : Itv :=
  match known with
  | [] => b
  | k :: _ => ⟨larger k.lo b.lo, smaller k.hi b.hi⟩

def undecided (b : Itv) : Bool := cond (nonneg b.lo) false (cond (nonneg (-b.hi)) false true)
/- Of a row over the inputs themselves, backward substitution gives nothing new. -/
def worth_tightening (is_relu : Bool) (ctx : List Entry) (b : Itv) : Bool :=
  match ctx with
  | [] => false
  | _ :: _ => cond is_relu (undecided b) false

/- Backward substitution for the sign of a row: bounds of w.h and of -(w.h) give bounds of the value. -/
def raise_by (Q s err : Int) (r : Row) (bound : Int × Int) (b : Itv) : Itv :=
  match bound with
  | (k, t) => raise (Q * k + t * (r.bias * Q + -err)) (s * t) b
def sink_by (Q s err : Int) (r : Row) (bound : Int × Int) (b : Itv) : Itv :=
  match bound with
  | (k, t) => sink (-(Q * k) + t * (r.bias * Q + err)) (s * t) b
def tighten (Q : Int) (box : List Itv) (ctx : List Entry) (is_relu : Bool) (s err : Int) (r : Row)
    (b : Itv) : Itv :=
  cond (worth_tightening is_relu ctx b)
    (sink_by Q s err r (lower Q box ctx [] (add_row (-1) r.weights r.offset []))
      (raise_by Q s err r (lower Q box ctx [] (add_row 1 r.weights r.offset [])) b))
    b

/- From the sums over intervals, if [lo, hi] holds them. -/
def enclose (least most s lo hi : Int) : Option Itv :=
  cond (nonneg (least + -(lo * s))) (cond (nonneg (hi * s + -most)) (some ⟨lo, hi⟩) none) none
def interval (least most s : Int) : Option Itv :=
  sealed (quotient least s) fun lo => sealed (-(quotient (-most) s)) fun hi => enclose least most s lo hi
def measure_with (Q : Int) (box : List Itv) (ctx : List Entry) (L : Layer) (here known : List Itv) (r : Row)
    (total err : Int) : Option Neuron :=
  cond (error_ok Q (Int.ofNat L.denominator) (Int.ofNat L.roundings) total err)
    (onward
      (interval (dot_low r.weights (drop r.offset here) + r.bias * Q + -err)
        (dot_high r.weights (drop r.offset here) + r.bias * Q + err) (Int.ofNat L.denominator))
      fun b => some ⟨r, err, tighten Q box ctx L.relu (Int.ofNat L.denominator) err r (meet known b)⟩)
    none
def measure (Q : Int) (box : List Itv) (ctx : List Entry) (L : Layer) (here known : List Itv) (r : Row) :
    Option Neuron :=
  sealed (dot_largest r.weights (drop r.offset here) + size r.bias * Q) fun total =>
    sealed (error_guess Q (Int.ofNat L.denominator) (Int.ofNat L.roundings) total) fun err =>
      measure_with Q box ctx L here known r total err

def measure_all (Q : Int) (box : List Itv) (ctx : List Entry) (L : Layer) (here : List Itv) :
    List Itv → List Row → Option (List Neuron)
  | _, [] => some []
  | known, r :: rs =>
    onward (measure Q box ctx L here known r) fun n =>
      onward (measure_all Q box ctx L here (rest_of known) rs) fun ns => some (n :: ns)

/- ---- all layers ---- -/

def itvs : List Neuron → List Itv
  | [] => []
  | n :: ns => n.itv :: itvs ns
def pass : Bool → List Neuron → List Itv
  | _, [] => []
  | true, n :: ns => positive_part n.itv :: pass true ns
  | false, n :: ns => n.itv :: pass false ns

/- The passed layers, last first, and the intervals found. -/
def forward (Q : Int) (box : List Itv) :
    List Layer → List Entry → List Itv → List (List Itv) → Option (List Entry × List (List Itv))
  | [], ctx, _, _ => some (ctx, [])
  | L :: net, ctx, here, known =>
    cond (nonneg (Int.ofNat L.denominator + -1))
      (onward (measure_all Q box ctx L here (first_list known) L.rows) fun ns =>
        onward (forward Q box net (⟨L.relu, Int.ofNat L.denominator, ns⟩ :: ctx) (pass L.relu ns)
            (rest_of known))
          fun result => some (result.1, itvs ns :: result.2))
      none

def any_empty : List Itv → Bool
  | [] => false
  | b :: bs => cond (nonneg (b.hi + -b.lo)) (any_empty bs) true
/- Some interval is empty: no input of the box gets here. -/
def contradictory : List (List Itv) → Bool
  | [] => false
  | bs :: rest => cond (any_empty bs) true (contradictory rest)

/- ---- leaves ---- -/

def all_nonneg : List Int → Bool
  | [] => true
  | k :: ks => cond (nonneg k) (all_nonneg ks) false

def strictness (c : Constraint) : Int :=
  match c.strict with
  | true => 1
  | false => 0
/- (form, bound, gap): form.y + gap <= bound follows from the constraints. -/
structure Sum where
  form : List Int
  bound : Int
  gap : Int
def weigh : List Constraint → List Int → Sum
  | [], _ => ⟨[], 0, 0⟩
  | _ :: _, [] => ⟨[], 0, 0⟩
  | c :: cs, k :: ks =>
    match weigh cs ks with
    | s => ⟨add_row k c.coefficients 0 s.form, s.bound + k * c.bound, s.gap + k * strictness c⟩

/- The weighted sum of the constraints cannot hold for what the passed layers give. -/
def exceeds (bound : Int × Int) (s : Sum) : Bool :=
  match bound with
  | (k, t) =>
    cond (nonneg (k + -(t * s.bound) + -1)) true
      (cond (nonneg (k + -(t * s.bound))) (nonneg (s.gap + -1)) false)
def conclusive (Q : Int) (box : List Itv) (cs : List Constraint) (ctx : List Entry) (ks : List Int)
    (hints : List (List Hint)) : Bool :=
  exceeds (lower Q box ctx hints (weigh cs ks).form) (weigh cs ks)

/- ---- hints of leaves: any are sound ---- -/

/- A number to add to the coefficient of a neuron whose sign a split decided. -/
structure Extra where
  layer : Nat
  neuron : Nat
  amount : Int

def update {A : Type} (f : A → A) : Nat → List A → List A
  | _, [] => []
  | 0, a :: l => f a :: l
  | n + 1, a :: l => a :: update f n l
def count {A : Type} : List A → Nat
  | [] => 0
  | _ :: l => count l + 1
def backwards {A : Type} : List A → List A → List A
  | [], done => done
  | a :: l, done => backwards l (a :: done)
def first_slope : List Int → Int
  | [] => -1
  | k :: _ => k
/- Slopes go to every neuron of the active layers if there are as many, otherwise to the undecided ones. -/
def deal_layer (every : Bool) : List Itv → List Int → List Hint × List Int
  | [], slopes => ([], slopes)
  | b :: bs, slopes =>
    cond (cond every true (undecided b))
      (match deal_layer every bs (rest_of slopes) with
      | (mine, rest) => (⟨first_slope slopes, 0⟩ :: mine, rest))
      (match deal_layer every bs slopes with
      | (mine, rest) => (no_hint :: mine, rest))
def deal (every : Bool) : List Layer → List (List Itv) → List Int → List (List Hint)
  | [], _, _ => []
  | _ :: _, [], _ => []
  | L :: net, bs :: found, slopes =>
    cond L.relu
      (match deal_layer every bs slopes with
      | (mine, rest) => mine :: deal every net found rest)
      ([] :: deal every net found slopes)
def active_neurons : List Layer → Nat
  | [] => 0
  | L :: net => cond L.relu (count L.rows) 0 + active_neurons net
def add_extras : List Extra → List (List Hint) → List (List Hint)
  | [], hints => hints
  | e :: rest, hints =>
    add_extras rest (update (update (fun h => ⟨h.slope, h.extra + e.amount⟩) e.neuron) e.layer hints)
def hints_for (net : List Layer) (found : List (List Itv)) (slopes : List Int) (extras : List Extra) :
    List (List Hint) :=
  backwards (add_extras extras (deal (Nat.beq (count slopes) (active_neurons net)) net found slopes)) []

/- ---- trees ---- -/

/- A leaf says how to weigh the constraints. Points of splits are over Q. -/
inductive Tree where
  | leaf (weights slopes : List Int) (extras : List Extra)
  | split (input : Nat) (point : Int) (below above : Tree)
  | sign (layer neuron : Nat) (negative positive : Tree)

def cut_below (z : Int) (b : Itv) : Itv := ⟨b.lo, smaller z b.hi⟩
def cut_above (z : Int) (b : Itv) : Itv := ⟨larger z b.lo, b.hi⟩

def settle (result : Option (List Entry × List (List Itv)))
    (rest : List Entry → List (List Itv) → Bool) : Bool :=
  match result with
  | none => false
  | some r => cond (contradictory r.2) true (rest r.1 r.2)

def check (Q : Int) (net : List Layer) (cs : List Constraint) : Tree → List Itv → List (List Itv) → Bool
  | Tree.leaf ks slopes extras, box, known =>
    settle (forward Q box net [] box known) fun ctx found =>
      cond (all_nonneg ks) (conclusive Q box cs ctx ks (hints_for net found slopes extras)) false
  | Tree.split i z below above, box, known =>
    settle (forward Q box net [] box known) fun _ found =>
      cond (check Q net cs below (update (cut_below z) i box) found)
        (check Q net cs above (update (cut_above z) i box) found) false
  | Tree.sign k j negative positive, box, known =>
    settle (forward Q box net [] box known) fun _ found =>
      cond (check Q net cs negative box (update (update (cut_below 0) j) k found))
        (check Q net cs positive box (update (update (cut_above 0) j) k found)) false

/- The box over Q, rounded outward. -/
def widen (Q : Int) (r : Range) (lo hi : Int) (rest : Option (List Itv)) : Option (List Itv) :=
  cond (nonneg (Int.ofNat r.low_d + -1))
    (cond (nonneg (Int.ofNat r.high_d + -1))
      (cond (nonneg (r.low_n * Q + -(lo * Int.ofNat r.low_d)))
        (cond (nonneg (hi * Int.ofNat r.high_d + -(r.high_n * Q)))
          (onward rest fun bs => some (⟨lo, hi⟩ :: bs))
          none)
        none)
      none)
    none
def start (Q : Int) : List Range → Option (List Itv)
  | [] => some []
  | r :: rs =>
    sealed (quotient (r.low_n * Q) (Int.ofNat r.low_d)) fun lo =>
      sealed (-(quotient (-(r.high_n * Q)) (Int.ofNat r.high_d))) fun hi => widen Q r lo hi (start Q rs)

def certified (Q : Int) (net : List Layer) (box : List Range) (cs : List Constraint) (t : Tree) : Bool :=
  cond (nonneg (Q + -1))
    (match start Q box with
    | none => false
    | some bs => check Q net cs t bs [])
    false

end Isotrace
