(* Circuits of and-gates and exclusive-or-gates, made one after the other with constants folded and
   equal gates shared, and the clauses that say what each gate is. What is proved of a computation
   that makes gates speaks of every assignment that all its gates agree with (`spec`). *)
From Coq Require Import PArith NArith FMapPositive List Bool Lia.
From Isotrace.Bits Require Import Lrat.
Import ListNotations.
Local Open Scope positive_scope.

(* ---- gates and stores of them *)

Inductive gate := And (a b : lit) | Xor (a b : lit).

(* Variable 1 is the constant true; the gate made last has the number next - 1. *)
Record store := Store { next : positive; gates : PM.t gate; seen : PM.t (PM.t positive) }.

Definition ltrue : lit := 2.
Definition lfalse : lit := 3.

Definition gval (a : assignment) (g : gate) : bool :=
  match g with And x y => ev a x && ev a y | Xor x y => xorb (ev a x) (ev a y) end.

Definition models (a : assignment) (s : store) : Prop :=
  a 1 = true /\ forall o g, PM.find o (gates s) = Some g -> a o = gval a g.
Definition fresh (s : store) : Prop := forall o, next s <= o -> PM.find o (gates s) = None.

(* ---- computations that make gates, or give up *)

Definition M (A : Type) := store -> option (A * store).
Definition ret {A} (x : A) : M A := fun s => Some (x, s).
Definition fail {A} : M A := fun _ => None.
Definition bind {A B} (m : M A) (k : A -> M B) : M B :=
  fun s => match m s with Some (x, s') => k x s' | None => None end.

Notation "x <- m ;; k" := (bind m (fun x => k)) (at level 61, m at next level, right associativity).
Notation "' p <- m ;; k" := (bind m (fun x => let 'p := x in k))
  (at level 61, p pattern, m at next level, right associativity).

(* Whenever m gives x, P holds of x for every assignment that agrees with all gates made. *)
Definition spec {A} (m : M A) (P : assignment -> A -> Prop) : Prop :=
  forall s x s', m s = Some (x, s') -> fresh s ->
  fresh s' /\ forall a, models a s' -> models a s /\ P a x.

Lemma spec_ret A (x : A) (P : assignment -> A -> Prop) :
  (forall a, a 1 = true -> P a x) -> spec (ret x) P.
Proof.
  intros H s y s' E F. inversion E; subst. split; [exact F|].
  intros a Ha. split; [exact Ha|]. apply H, Ha.
Qed.

Lemma spec_fail A (P : assignment -> A -> Prop) : spec fail P.
Proof. intros s x s' E. discriminate. Qed.

Lemma spec_bind A B (m : M A) (k : A -> M B) (P : assignment -> A -> Prop)
    (Q : assignment -> B -> Prop) :
  spec m P -> (forall x, spec (k x) (fun a y => P a x -> Q a y)) -> spec (bind m k) Q.
Proof.
  intros Hm Hk s y s2 E F. unfold bind in E. destruct (m s) as [[x s1]|] eqn:E1; [|discriminate].
  destruct (Hm _ _ _ E1 F) as [F1 H1]. destruct (Hk x _ _ _ E F1) as [F2 H2].
  split; [exact F2|]. intros a Ha. destruct (H2 a Ha) as [Ha1 HQ].
  destruct (H1 a Ha1) as [Ha0 HP]. auto.
Qed.

Lemma spec_weaken A (m : M A) (P Q : assignment -> A -> Prop) :
  spec m P -> (forall a x, a 1 = true -> P a x -> Q a x) -> spec m Q.
Proof.
  intros Hm H s x s' E F. destruct (Hm _ _ _ E F) as [F' H']. split; [exact F'|].
  intros a Ha. destruct (H' a Ha). split; [assumption|]. apply H; [apply Ha|assumption].
Qed.

(* ---- making gates *)

Definition gate_eqb (g h : gate) : bool :=
  match g, h with
  | And a b, And c d | Xor a b, Xor c d => (a =? c) && (b =? d)
  | _, _ => false
  end.

Lemma gate_eqb_eq g h : gate_eqb g h = true -> g = h.
Proof.
  destruct g, h; simpl; try discriminate; rewrite andb_true_iff, !Pos.eqb_eq; intros []; congruence.
Qed.

Definition key (g : gate) : positive * positive :=
  match g with And a b => (a~0, b) | Xor a b => (a~1, b) end.

Definition row_of (k : positive) (t : PM.t (PM.t positive)) : PM.t positive :=
  match PM.find k t with Some row => row | None => PM.empty positive end.

Definition add_gate (g : gate) : M lit := fun s =>
  let '(k, b) := key g in
  let o := next s in
  Some (o~0, Store (Pos.succ o) (PM.add o g (gates s))
               (PM.add k (PM.add b o (row_of k (seen s))) (seen s))).

(* An equal gate is looked up, and what is found is compared: no invariant is needed. *)
Definition make (g : gate) : M lit := fun s =>
  let '(k, b) := key g in
  match PM.find b (row_of k (seen s)) with
  | None => add_gate g s
  | Some o =>
      match PM.find o (gates s) with
      | Some h => if gate_eqb g h then Some (o~0, s) else add_gate g s
      | None => add_gate g s
      end
  end.

Lemma add_gate_spec g : spec (add_gate g) (fun a x => ev a x = gval a g).
Proof.
  intros s x s' E F. unfold add_gate in E. destruct (key g) as [k b]. inversion E; subst; clear E.
  split.
  - intros o Ho. simpl in *. rewrite PM.gso by lia. apply F. lia.
  - intros a [H1 Ha]; simpl in *. split.
    + split; [exact H1|]. intros o h Eh. apply Ha.
      rewrite PM.gso; [exact Eh|]. intros ->. rewrite F in Eh by lia. discriminate.
    + apply Ha. apply PM.gss.
Qed.

Lemma make_spec g : spec (make g) (fun a x => ev a x = gval a g).
Proof.
  intros s x s' E F. pose proof (add_gate_spec g s x s') as Add. unfold make in E.
  destruct (key g) as [k b]. destruct (PM.find b _) as [o|]; [|auto].
  destruct (PM.find o (gates s)) as [h|] eqn:Eo; [|auto].
  destruct (gate_eqb g h) eqn:Eg; [|auto].
  inversion E; subst; clear E. split; [exact F|]. intros a Ha. split; [exact Ha|].
  apply gate_eqb_eq in Eg as ->. apply Ha. exact Eo.
Qed.

Definition conj2 (a b : lit) : M lit :=
  let '(a, b) := if b <? a then (b, a) else (a, b) in
  if (a =? ltrue) || (a =? b) then ret b
  else if (a =? lfalse) || (a =? neg b) then ret lfalse
  else make (And a b).

Definition disj2 (a b : lit) : M lit := x <- conj2 (neg a) (neg b) ;; ret (neg x).

Definition plain (l : lit) : lit := match l with xI v => xO v | _ => l end.
Definition negated (l : lit) : bool := match l with xI _ => true | _ => false end.
Definition neg_if (c : bool) (l : lit) : lit := if c then neg l else l.

Definition xor2 (a b : lit) : M lit :=
  let n := xorb (negated a) (negated b) in
  let '(a, b) := (plain a, plain b) in
  let '(a, b) := if b <? a then (b, a) else (a, b) in
  if a =? b then ret (neg_if n lfalse)
  else if a =? ltrue then ret (neg_if n (neg b))
  else x <- make (Xor a b) ;; ret (neg_if n x).

Definition choose (c t e : lit) : M lit :=
  if t =? e then ret t
  else if t =? neg e then xor2 c e
  else y <- conj2 (neg c) e ;; x <- conj2 c t ;; disj2 x y.

Lemma ev_true (a : assignment) : a 1 = true -> ev a ltrue = true.
Proof. auto. Qed.
Lemma ev_false (a : assignment) : a 1 = true -> ev a lfalse = false.
Proof. simpl. intros ->. reflexivity. Qed.
Lemma ev_neg_if (a : assignment) c l : ev a (neg_if c l) = xorb c (ev a l).
Proof. destruct c; simpl; rewrite ?ev_neg; destruct (ev a l); reflexivity. Qed.
Lemma ev_plain (a : assignment) l : ev a l = xorb (negated l) (ev a (plain l)).
Proof. destruct l; simpl; try destruct (a _); reflexivity. Qed.

(* Use: `step H` for a computation whose spec is H, then `finish`. *)
Ltac step H := eapply spec_bind; [apply H | intros; cbv beta].
Ltac finish := apply spec_ret; let v := fresh "v" in let H := fresh "T" in intros v H; intros.
Ltac last_step H := eapply spec_weaken; [apply H | cbv beta; intros].

Lemma conj2_spec a b : spec (conj2 a b) (fun v x => ev v x = ev v a && ev v b).
Proof.
  unfold conj2.
  assert (forall a b (P : assignment -> lit -> Prop),
    (forall v x, ev v x = ev v a && ev v b -> P v x) ->
    spec (if (a =? ltrue) || (a =? b) then ret b
          else if (a =? lfalse) || (a =? neg b) then ret lfalse else make (And a b)) P) as H.
  { clear. intros a b P HP. destruct ((a =? ltrue) || (a =? b)) eqn:E1.
    - finish. apply HP. apply orb_true_iff in E1 as [E|E]; apply Pos.eqb_eq in E; subst.
      + now rewrite (ev_true v).
      + now destruct (ev v b).
    - destruct ((a =? lfalse) || (a =? neg b)) eqn:E2.
      + finish. apply HP. rewrite (ev_false v) by assumption.
        apply orb_true_iff in E2 as [E|E]; apply Pos.eqb_eq in E; subst.
        * now rewrite (ev_false v).
        * rewrite ev_neg. now destruct (ev v b).
      + last_step make_spec. apply HP. exact H0. }
  destruct (b <? a); apply H; intros v x ->; [apply andb_comm | reflexivity].
Qed.

Lemma disj2_spec a b : spec (disj2 a b) (fun v x => ev v x = ev v a || ev v b).
Proof.
  unfold disj2. step conj2_spec. finish. rewrite ev_neg, H, !ev_neg.
  now destruct (ev v a), (ev v b).
Qed.

Lemma xor2_spec a b : spec (xor2 a b) (fun v x => ev v x = xorb (ev v a) (ev v b)).
Proof.
  unfold xor2. set (n := xorb (negated a) (negated b)).
  assert (forall c d (P : assignment -> lit -> Prop),
    (forall v x, ev v x = xorb n (xorb (ev v c) (ev v d)) -> P v x) ->
    spec (if c =? d then ret (neg_if n lfalse) else if c =? ltrue then ret (neg_if n (neg d))
          else x <- make (Xor c d) ;; ret (neg_if n x)) P) as H.
  { clear. intros c d P HP. destruct (Pos.eqb_spec c d) as [->|].
    - finish. apply HP. rewrite ev_neg_if, ev_false, xorb_nilpotent by assumption. reflexivity.
    - destruct (Pos.eqb_spec c ltrue) as [->|].
      + finish. apply HP. rewrite ev_neg_if, ev_neg, (ev_true v) by assumption. reflexivity.
      + step make_spec. finish. apply HP. rewrite ev_neg_if, H. reflexivity. }
  assert (forall v, xorb (ev v a) (ev v b) = xorb n (xorb (ev v (plain a)) (ev v (plain b)))) as E.
  { intro v. unfold n. rewrite (ev_plain v a), (ev_plain v b).
    destruct (negated a), (negated b), (ev v (plain a)), (ev v (plain b)); reflexivity. }
  destruct (plain b <? plain a); apply H; intros v x ->; rewrite E; [|reflexivity].
  f_equal. apply xorb_comm.
Qed.

Lemma choose_spec c t e :
  spec (choose c t e) (fun v x => ev v x = if ev v c then ev v t else ev v e).
Proof.
  unfold choose. destruct (Pos.eqb_spec t e) as [->|].
  - finish. now destruct (ev v c).
  - destruct (Pos.eqb_spec t (neg e)) as [->|].
    + last_step xor2_spec. rewrite H0, ev_neg. now destruct (ev a c), (ev a e).
    + step conj2_spec. step conj2_spec. last_step disj2_spec.
      rewrite H0, H1, H2, ev_neg. now destruct (ev a c), (ev a t), (ev a e).
Qed.

(* ---- the clauses of a store, numbered by gates: 4 o + j is clause j of gate o *)

Definition gate_clause (o : positive) (g : gate) (j : nat) : option clause :=
  match g, j with
  | And a b, 0%nat => Some [o~1; a]
  | And a b, 1%nat => Some [o~1; b]
  | And a b, 2%nat => Some [o~0; neg a; neg b]
  | Xor a b, 0%nat => Some [o~1; a; b]
  | Xor a b, 1%nat => Some [o~1; neg a; neg b]
  | Xor a b, 2%nat => Some [o~0; neg a; b]
  | Xor a b, 3%nat => Some [o~0; a; neg b]
  | _, _ => None
  end.

Lemma gate_clause_holds a o g j c : a o = gval a g -> gate_clause o g j = Some c -> holds a c.
Proof.
  intros H. destruct g, j as [|[|[|[|]]]]; simpl; try discriminate;
    intro E; inversion E; subst; unfold holds; simpl; rewrite ?ev_neg, H; simpl;
    destruct (ev a a0), (ev a b); reflexivity.
Qed.

(* Clause 1: the literal `bad` is true. *)
Definition clauses (s : store) (bad : lit) (n : positive) : option clause :=
  let of (o : positive) (j : nat) :=
    match PM.find o (gates s) with Some g => gate_clause o g j | None => None end in
  match n with
  | xH => Some [bad]
  | xO (xO o) => of o 0%nat
  | xI (xO o) => of o 1%nat
  | xO (xI o) => of o 2%nat
  | xI (xI o) => of o 3%nat
  | _ => None
  end.

Lemma clauses_hold a s bad : models a s -> ev a bad = true ->
  forall n c, clauses s bad n = Some c -> holds a c.
Proof.
  intros [_ Ha] Hb n c. unfold clauses.
  assert (forall o j, match PM.find o (gates s) with
    | Some g => gate_clause o g j | None => None end = Some c -> holds a c) as H.
  { intros o j. destruct (PM.find o (gates s)) as [g|] eqn:E; [|discriminate].
    apply gate_clause_holds. now apply Ha. }
  destruct n as [[o|o|]|[o|o|]|]; try apply H; try discriminate.
  intro E; inversion E; subst. unfold holds; simpl. now rewrite Hb.
Qed.

(* ---- every assignment of the variables below `inputs` extends to the gates *)

Definition var (l : lit) : positive := match l with xO v | xI v => v | xH => xH end.
Definition below (o : positive) (g : gate) : bool :=
  match g with And a b | Xor a b => (var a <? o) && (var b <? o) end.

(* Gates lie behind the inputs, and rest on what has smaller numbers. *)
Definition ordered (inputs : positive) (s : store) : bool :=
  forallb (fun og => (inputs <=? fst og) && below (fst og) (snd og)) (PM.elements (gates s)).

Lemma ordered_find inputs s o g : ordered inputs s = true -> PM.find o (gates s) = Some g ->
  inputs <= o /\ below o g = true.
Proof.
  unfold ordered. rewrite forallb_forall. intros H E.
  specialize (H (o, g) (PM.elements_correct _ _ E)). simpl in H.
  apply andb_true_iff in H as [H1 H2]. apply Pos.leb_le in H1. auto.
Qed.

Fixpoint simulate (s : store) (v : assignment) (n : nat) : assignment :=
  match n with
  | O => v
  | S n =>
      let a := simulate s v n in
      let o := Pos.of_succ_nat n in
      match PM.find o (gates s) with
      | None => a
      | Some g => fun k => if k =? o then gval a g else a k
      end
  end.

Lemma simulate_stable s v n m o : (n <= m)%nat -> (Pos.to_nat o <= n)%nat ->
  simulate s v m o = simulate s v n o.
Proof.
  intros H Ho. induction H as [|m H IH]; [reflexivity|]. simpl.
  destruct (PM.find _ (gates s)); [|exact IH].
  destruct (Pos.eqb_spec o (Pos.of_succ_nat m)) as [->|]; [|exact IH].
  rewrite SuccNat2Pos.id_succ in Ho. lia.
Qed.

Lemma simulate_ev s v n m l : (n <= m)%nat -> (Pos.to_nat (var l) <= n)%nat ->
  ev (simulate s v m) l = ev (simulate s v n) l.
Proof.
  intros H Hl. destruct l; simpl in *; rewrite (simulate_stable s v n m) by lia; reflexivity.
Qed.

Lemma simulate_input s v n o : PM.find o (gates s) = None -> simulate s v n o = v o.
Proof.
  intro E. induction n as [|n IH]; [reflexivity|]. simpl.
  destruct (PM.find (Pos.of_succ_nat n) (gates s)) as [g|] eqn:Eg; [|exact IH].
  destruct (Pos.eqb_spec o (Pos.of_succ_nat n)) as [->|]; [congruence|exact IH].
Qed.

Theorem models_exist inputs s v : 1 < inputs -> fresh s -> ordered inputs s = true -> v 1 = true ->
  exists a, models a s /\ forall o, o < inputs -> a o = v o.
Proof.
  intros Hi Hf Ho Hv. set (n := Pos.to_nat (next s)). exists (simulate s v n).
  assert (forall o, o < inputs -> PM.find o (gates s) = None) as Hin.
  { intros o H. destruct (PM.find o (gates s)) as [g|] eqn:E; [|reflexivity].
    apply (ordered_find inputs) in E as [E _]; [lia|assumption]. }
  split; [split|].
  - rewrite simulate_input; auto.
  - intros o g E. destruct (ordered_find _ _ _ _ Ho E) as [_ Hb].
    assert (o < next s) as Hn.
    { destruct (Pos.ltb_spec o (next s)); [assumption|].
      rewrite Hf in E by assumption. discriminate. }
    set (k := Init.Nat.pred (Pos.to_nat o)).
    assert (Pos.of_succ_nat k = o) as Ek.
    { unfold k. apply Pos2Nat.inj. rewrite SuccNat2Pos.id_succ. lia. }
    assert (S k <= n)%nat as Hk by (unfold n, k; lia).
    rewrite (simulate_stable s v (S k) n o) by (unfold k in *; lia).
    simpl. rewrite Ek, E, Pos.eqb_refl.
    assert (forall l, var l < o -> ev (simulate s v k) l = ev (simulate s v n) l) as Hl.
    { intros l H. symmetry. apply simulate_ev; unfold k; lia. }
    destruct g; simpl in *; apply andb_true_iff in Hb as [H1 H2];
      apply Pos.ltb_lt in H1, H2; rewrite !Hl by assumption; reflexivity.
  - intros o H. apply simulate_input. auto.
Qed.
