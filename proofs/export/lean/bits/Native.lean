/- Refutations that Lean's own checker of LRAT proofs checks, the one behind `bv_decide` and `bv_check`. It runs as
   compiled code, so that what rests on it depends on Lean.ofReduceBool. -/
import Std.Tactic.BVDecide.Reflect
import Isotrace.Bits.Claims
namespace Isotrace.Bits

/- A variable, and the value that makes the literal true. -/
def entry : Lit → Option (Nat × Bool)
  | Lit.pos i => some (i, true)
  | Lit.neg i => some (i, false)
  | _ => none
def entries : Clause → Option (List (Nat × Bool))
  | [] => some []
  | a :: c => given none (fun e => given none (fun k => some (e :: k)) (entries c)) (entry a)
/- A clause in front of others; left out if it has literals that are no variables. -/
def with_clause (c : Clause) (k : Std.Sat.CNF Nat) : Std.Sat.CNF Nat := given k (fun e => e :: k) (entries c)
def with_clauses (g : Gate) (k : Std.Sat.CNF Nat) : Std.Sat.CNF Nat :=
  with_clause (gate_clause g 0) (with_clause (gate_clause g 1) (with_clause (gate_clause g 2)
    (cond g.is_xor (with_clause (gate_clause g 3) k) k)))
def formula_before : Gates → Std.Sat.CNF Nat → Std.Sat.CNF Nat
  | Gates.tip, k => k
  | Gates.node l _ g r, k => formula_before l (with_clauses g (formula_before r k))
/- The clauses of all gates, in their order, and what is to be refuted. -/
def formula (t : Gates) (claim : Lit) : Std.Sat.CNF Nat := formula_before t (with_clause [claim] [])

theorem clause_entries_right (v : Assignment) : ∀ (c : Clause) (e : List (Nat × Bool)), entries c = some e →
    Std.Sat.CNF.Clause.eval v e = some_true v c
  | [], e, h => by
    injection h with h
    rw [← h]
    exact rfl
  | a :: c, e, h => by
    obtain ⟨x, hx, h⟩ := given_some h
    obtain ⟨k, hk, h⟩ := given_some h
    injection h with h
    rw [← h]
    obtain ⟨i, b⟩ := x
    show or (v i == b) (Std.Sat.CNF.Clause.eval v k) = or (ev v a) (some_true v c)
    rw [clause_entries_right v c k hk]
    have one : (v i == b) = ev v a := by
      cases a with
      | pos j =>
        cases hx
        show (v i == true) = v i
        cases v i <;> exact rfl
      | neg j =>
        cases hx
        show (v i == false) = not (v i)
        cases v i <;> exact rfl
      | _ => cases hx
    rw [one]
theorem with_clause_right (v : Assignment) (c : Clause) (k : Std.Sat.CNF Nat) (h : some_true v c = true)
    (g : Std.Sat.CNF.eval v k = true) : Std.Sat.CNF.eval v (with_clause c k) = true := by
  unfold with_clause
  cases e : entries c with
  | none => exact g
  | some x =>
    show and (Std.Sat.CNF.Clause.eval v x) (Std.Sat.CNF.eval v k) = true
    rw [clause_entries_right v c x e, h, g]
    exact rfl
theorem with_clauses_right (v : Assignment) (g : Gate) (h : holds v g) (k : Std.Sat.CNF Nat)
    (e : Std.Sat.CNF.eval v k = true) : Std.Sat.CNF.eval v (with_clauses g k) = true := by
  have clause := gate_clause_holds v g h
  refine with_clause_right v _ _ (clause 0) (with_clause_right v _ _ (clause 1)
    (with_clause_right v _ _ (clause 2) ?_))
  cases g.is_xor with
  | true => exact with_clause_right v _ _ (clause 3) e
  | false => exact e
theorem formula_before_right (v : Assignment) : ∀ (t : Gates) (k : Std.Sat.CNF Nat), obeys v t →
    Std.Sat.CNF.eval v k = true → Std.Sat.CNF.eval v (formula_before t k) = true
  | Gates.tip, _, _, e => e
  | Gates.node l _ g r, k, o, e =>
    formula_before_right v l _ o.1 (with_clauses_right v g o.2.1 _ (formula_before_right v r k o.2.2 e))

/- Which of the three axioms of Lean's logic Std's proof needs is its own affair: with this, the list is the same. -/
theorem with_all_axioms {P : Prop} (p : P) : P :=
  (fun (_ : ∀ {a b : Prop}, (a ↔ b) → a = b) (_ : ∀ {A : Type}, Nonempty A → A)
    (_ : ∀ {A : Type} {r : A → A → Prop} {a b : A}, r a b → Quot.mk r a = Quot.mk r b) => p)
  propext Classical.choice Quot.sound

theorem unsatisfiable_right (v : Assignment) (t : Gates) (o : obeys v t) (claim : Lit) (lrat : String)
    (h : Std.Tactic.BVDecide.Reflect.verifyCert (formula t claim) lrat = true) : ev v claim = false := by
  cases e : ev v claim with
  | false => exact rfl
  | true =>
    have claimed : some_true v [claim] = true := by
      show or (ev v claim) false = true
      rw [e]
      exact rfl
    have sat := formula_before_right v t _ o (with_clause_right v [claim] [] claimed rfl)
    have unsat : Std.Sat.CNF.eval v (formula t claim) = false :=
      Std.Tactic.BVDecide.Reflect.verifyCert_correct _ _ h v
    have both : true = false := sat.symm.trans unsat
    cases both

/- What the kernel computes: the literal of a claim. -/
def is_circuit (t : Gates) (ws : List Width) (good claim : Lit) : Bool := and (follows_inputs t ws) (same good claim)
/- What compiled code computes: `refuted`. -/
theorem native_right (t : Gates) (ws : List Width) (good claim : Lit) (lrat : String)
    (circuit : is_circuit t ws good claim = true)
    (refuted : Std.Tactic.BVDecide.Reflect.verifyCert (formula t (inv claim)) lrat = true) : proved t ws good := by
  obtain ⟨f, s⟩ := and_true_both circuit
  rw [same_eq good claim s]
  exact with_all_axioms (proved_by t ws claim f fun v o => unsatisfiable_right v t o (inv claim) lrat refuted)

end Isotrace.Bits
