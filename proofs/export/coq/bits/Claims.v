(* From a claim about a function to a literal that is true where the claim is false, and the theorem
   that a refutation of the literal proves the claim. *)
From Coq Require Import Arith PArith NArith ZArith FMapPositive List Bool Lia.
From Isotrace.Bits Require Import Lrat Gates Wasm Words Numeric Symbolic Execution Fuel.
Import ListNotations.

(* ---- arguments *)

(* Variables from n on, as a word for each type. *)
Definition variables_from (n len : nat) : word := map (fun k => xO (Pos.of_nat k)) (seq n len).
Fixpoint argument_words (n : nat) (ws : list width) : list word :=
  match ws with
  | [] => []
  | w :: ws => variables_from n (bit_count w) :: argument_words (n + bit_count w) ws
  end.

Fixpoint bits_of (n : nat) (x : N) : list bool :=
  match n with O => [] | S n => N.odd x :: bits_of n (N.div2 x) end.
Lemma bits_of_length n : forall x, length (bits_of n x) = n.
Proof. induction n; cbn; auto. Qed.
Lemma num_bits_of n : forall x, (x < pow n)%N -> num (bits_of n x) = x.
Proof.
  induction n as [|n IH]; intros x H; cbn [bits_of num].
  - change (pow 0) with 1%N in H. lia.
  - rewrite pow_S in H. rewrite IH.
    + rewrite (N.div2_odd x) at 3. lia.
    + rewrite (N.div2_odd x) in H. lia.
Qed.

(* The assignment that reads its values from a list. *)
Definition listed (l : list bool) : assignment := fun o => nth (Pos.to_nat o) l false.

Lemma listed_variables b : forall pre rest, (0 < length pre)%nat ->
  map (ev (listed (pre ++ b ++ rest))) (variables_from (length pre) (length b)) = b.
Proof.
  induction b as [|x b IH]; intros pre rest P; [reflexivity|].
  cbn [length variables_from seq map]. f_equal.
  - cbn [ev]. unfold listed. rewrite Nat2Pos.id by lia. rewrite app_nth2 by lia.
    now rewrite Nat.sub_diag.
  - specialize (IH (pre ++ [x]) rest). rewrite app_length, <- app_assoc in IH.
    cbn [app length] in IH.
    rewrite Nat.add_1_r in IH. apply IH. lia.
Qed.

Fixpoint all_bits (ws : list width) (arguments : list N) : list bool :=
  match ws, arguments with
  | w :: ws, x :: arguments => bits_of (bit_count w) x ++ all_bits ws arguments
  | _, _ => []
  end.

Lemma listed_arguments ws arguments : typed ws arguments -> forall pre, (0 < length pre)%nat ->
  map (value (listed (pre ++ all_bits ws arguments))) (argument_words (length pre) ws) = arguments.
Proof.
  induction 1 as [|w x ws arguments H _ IH]; intros pre P; [reflexivity|].
  cbn [all_bits argument_words map]. f_equal.
  - unfold value, bits. pose proof (listed_variables (bits_of (bit_count w) x) pre
      (all_bits ws arguments) P) as E. rewrite bits_of_length in E. rewrite E.
    apply num_bits_of. now rewrite pow_bit_count.
  - specialize (IH (pre ++ bits_of (bit_count w) x)).
    rewrite app_length, bits_of_length, <- app_assoc in IH. apply IH. lia.
Qed.

Fixpoint all_count (ws : list width) : nat :=
  match ws with [] => 0 | w :: ws => bit_count w + all_count ws end.

Lemma argument_words_agree (a b : assignment) ws : forall n, (0 < n)%nat ->
  (forall o, (Pos.to_nat o < n + all_count ws)%nat -> a o = b o) ->
  map (value a) (argument_words n ws) = map (value b) (argument_words n ws).
Proof.
  induction ws as [|w ws IH]; intros n P H; cbn [argument_words map all_count] in *; [reflexivity|].
  f_equal; [|apply IH; [lia|]; intros o Ho; apply H; lia].
  unfold value. f_equal. unfold bits, variables_from. rewrite !map_map. apply map_ext_in.
  intros k K. apply in_seq in K. cbn [ev]. apply H. rewrite Nat2Pos.id by lia. lia.
Qed.

(* ---- calls *)

Section Claims.
  Variables fuel unwind depth : nat.

  Fixpoint constants (l : list (width * N)) : M (list word) :=
    match l with
    | [] => ret []
    | (w, x) :: l =>
        r <- constants l ;;
        if (x <? modulus w)%N then ret (constant (bit_count w) x :: r) else fail
    end.
  Lemma constants_spec l : spec (constants l) (fun a r => map (value a) r = map snd l).
  Proof.
    induction l as [|[w x] l IH]; cbn [constants]; [finish; reflexivity|].
    step IH. destruct (N.ltb_spec x (modulus w)); [|apply spec_fail].
    finish. cbn [map snd]. rewrite H0, constant_small; auto. now rewrite pow_bit_count.
  Qed.

  (* A call in the state after instantiation. *)
  Definition call (m : module) (f : nat) (arguments : list word) : M result :=
    g <- constants (initial_globals m) ;;
    execute m unwind fuel depth unwind (Call f) (Some ([], Symbolic (rev arguments) [] g [])).

  Definition outcome_of (m : module) (f : nat) (a : assignment) (arguments : list word) : outcome :=
    run m fuel (Call f) (initial_state m (map (value a) arguments)).

  Lemma call_spec m f arguments : spec (call m f arguments) (fun a r =>
    covers a r (Some (outcome_of m f a arguments))).
  Proof.
    unfold call. step constants_spec. last_step execute_spec.
    cbn [seen_by all forallb option_map] in H0.
    unfold outcome_of, initial_state. unfold concrete in H0.
    cbn [words locals_of globals_of writes] in H0. rewrite map_rev, H1 in H0. exact H0.
  Qed.

  (* The one word that a path has on its stack. *)
  Definition single (p : option (list lit * symbolic)) : M word :=
    match p with Some (_, s) => match words s with [x] => ret x | _ => fail end | None => fail end.
  Lemma single_spec p : spec (single p) (fun a x => forall s, seen_by a p = Some s ->
    stack s = [value a x]).
  Proof.
    destruct p as [[g s]|]; [|apply spec_fail]. cbn [single].
    destruct (words s) as [|x [|y l]] eqn:E; try apply spec_fail. finish.
    cbn [seen_by] in H. destruct (all v g); inversion H; subst. unfold concrete; cbn. now rewrite E.
  Qed.

  (* For which arguments the claim is made, at least. *)
  Definition counting (m : module) (assume : option nat) (arguments : list word) : M lit :=
    match assume with
    | None => ret ltrue
    | Some g =>
        r <- call m g arguments ;; x <- single (normal r) ;; n <- nonzero x ;;
        n <- conj2 (neg (trapped r)) n ;; disj2 (cut r) n
    end.
  Lemma counting_spec m assume arguments : spec (counting m assume arguments) (fun a c =>
    assumed m assume (map (value a) arguments) -> ev a c = true).
  Proof.
    destruct assume as [g|]; cbn [counting assumed]; [|finish; now apply ev_true].
    step call_spec. step single_spec. step nonzero_spec. step conj2_spec. last_step disj2_spec.
    destruct H5 as (y & (s & (fuel' & Er & N1 & N2) & Es) & Y). rewrite H0, H1, ev_neg, H2.
    destruct (ev a (cut x)) eqn:C; [reflexivity|]. cbn [orb]. specialize (H4 C).
    assert (forall o, outcome_of m g a arguments = o -> o <> OutOfFuel -> o = Normal s) as Same.
    { intros o Eo No. rewrite <- Eo, <- Er. unfold outcome_of in *.
      apply run_deterministic; congruence. }
    destruct (ev a (trapped x)) eqn:T.
    - injection H4 as H4. specialize (Same Trap H4 ltac:(discriminate)). discriminate.
    - destruct H4 as (N & _ & _ & E). cbn [negb andb].
      assert (outcome_of m g a arguments = Normal s) as Eo.
      { apply Same; [reflexivity|]. destruct (outcome_of m g a arguments); cbn in E; congruence. }
      rewrite Eo in N. specialize (H3 _ N). rewrite Es in H3. cbn in H3. injection H3 as <-.
      destruct (N.eqb_spec y 0); [contradiction|reflexivity].
  Qed.

  Lemma normal_end m f a arguments r : covers a r (Some (outcome_of m f a arguments)) ->
    ev a (cut r) = false -> ev a (trapped r) = false ->
    exists s, ends m f (map (value a) arguments) (Normal s) /\ seen_by a (normal r) = Some s.
  Proof.
    intros H C T. specialize (H C). rewrite T in H. destruct H as (N & _ & _ & E).
    pose proof (call_ends m fuel f (initial_state m (map (value a) arguments))) as K.
    fold (outcome_of m f a arguments) in K.
    destruct (outcome_of m f a arguments) as [s| | | | |] eqn:Eo; cbn in *; try contradiction.
    exists s. split; [|exact N]. exists fuel. repeat split; try discriminate. exact Eo.
  Qed.

  Lemma trap_end m f a arguments r : covers a r (Some (outcome_of m f a arguments)) ->
    ev a (cut r) = false -> ev a (trapped r) = true -> traps m f (map (value a) arguments).
  Proof.
    intros H C T. specialize (H C). rewrite T in H. injection H as H.
    exists fuel. repeat split; try discriminate. exact H.
  Qed.

  Definition fails (r : result) : M lit := disj2 (trapped r) (cut r).

  Lemma returns_of m f arguments s : ends m f arguments (Normal s) ->
    returns m f arguments (rev (stack s)).
  Proof. intro H. exists s. split; [exact H|]. now rewrite rev_involutive. Qed.

  (* ---- claims: bad is true where the claim is false *)

  Definition bad_never_traps (m : module) (f : nat) (assume : option nat) (arguments : list word)
    : M lit :=
    r <- call m f arguments ;; b <- fails r ;; c <- counting m assume arguments ;; conj2 c b.

  Lemma bad_never_traps_spec m f assume arguments :
    spec (bad_never_traps m f assume arguments) (fun a bad => ev a bad = false ->
      assumed m assume (map (value a) arguments) ->
      exists values, returns m f (map (value a) arguments) values).
  Proof.
    unfold bad_never_traps, fails. step call_spec. step disj2_spec. step counting_spec.
    last_step conj2_spec. rewrite H0, H1, H2, andb_true_l in H4 by assumption.
    apply orb_false_iff in H4 as [T C].
    destruct (normal_end m f a arguments x H3 C T) as (s & E & _).
    exists (rev (stack s)). now apply returns_of.
  Qed.

  Definition outside (w : width) (is_signed : bool) (low high : N) (x : word) : M lit :=
    if Nat.eqb (length x) (bit_count w) && (low <? modulus w)%N && (high <? modulus w)%N then
      let '(lo, hi) := (constant (bit_count w) low, constant (bit_count w) high) in
      b <- (if is_signed then less (biased x) (biased lo) else less x lo) ;;
      c <- (if is_signed then less (biased hi) (biased x) else less hi x) ;; disj2 b c
    else fail.

  Definition reads_in (w : width) (is_signed : bool) (low high x : N) : Prop :=
    if is_signed then (signed w low <= signed w x <= signed w high)%Z else (low <= x <= high)%N.

  Lemma outside_spec w sgn low high x : spec (outside w sgn low high x) (fun a b =>
    ev a b = false -> reads_in w sgn low high (value a x)).
  Proof.
    unfold outside. destruct (Nat.eqb_spec (length x) (bit_count w)) as [L|]; [|apply spec_fail].
    destruct (N.ltb_spec low (modulus w)); [|apply spec_fail].
    destruct (N.ltb_spec high (modulus w)); [cbn [andb]|apply spec_fail].
    pose proof (constant_length (bit_count w) low) as Ll.
    pose proof (constant_length (bit_count w) high) as Lh.
    destruct sgn; unfold reads_in.
    - step (less_signed_spec w _ _ L Ll). step (less_signed_spec w _ _ Lh L).
      last_step disj2_spec. rewrite H2, H3, H4 in H5.
      rewrite !constant_small in H5 by (auto; rewrite pow_bit_count; assumption).
      apply orb_false_iff in H5 as [A B]. apply Z.ltb_ge in A, B. auto.
    - step less_spec. step less_spec. last_step disj2_spec. destruct H3 as [_ H3], H4 as [_ H4].
      rewrite H2, H3, H4 in H5.
      rewrite !constant_small in H5 by (auto; rewrite pow_bit_count; assumption).
      apply orb_false_iff in H5 as [A B]. apply N.ltb_ge in A, B. auto.
  Qed.

  Definition bad_range (m : module) (f : nat) (assume : option nat) (w : width) (is_signed : bool)
    (low high : N) (arguments : list word) : M lit :=
    r <- call m f arguments ;; x <- single (normal r) ;; o <- outside w is_signed low high x ;;
    b <- fails r ;; b <- disj2 b o ;; c <- counting m assume arguments ;; conj2 c b.

  Lemma bad_range_spec m f assume w sgn low high arguments :
    spec (bad_range m f assume w sgn low high arguments) (fun a bad => ev a bad = false ->
      assumed m assume (map (value a) arguments) ->
      exists x, returns m f (map (value a) arguments) [x] /\ reads_in w sgn low high x).
  Proof.
    unfold bad_range, fails. step call_spec. step single_spec. step outside_spec.
    step disj2_spec. step disj2_spec. step counting_spec. last_step conj2_spec.
    rewrite H0, H1, H2, H3, andb_true_l in H7 by assumption.
    apply orb_false_iff in H7 as [F O]. apply orb_false_iff in F as [T C].
    destruct (normal_end m f a arguments x H6 C T) as (s & E & S).
    exists (value a x0). split; [|now apply H4]. exists s. split; [exact E|]. cbn. now apply H5.
  Qed.

  Fixpoint differ (x y : list word) : M lit :=
    match x, y with
    | [], [] => ret lfalse
    | u :: x, v :: y => e <- equal u v ;; r <- differ x y ;; disj2 (neg e) r
    | _, _ => fail
    end.
  Lemma differ_spec x : forall y, spec (differ x y) (fun a d => ev a d = false ->
    map (value a) x = map (value a) y).
  Proof.
    induction x as [|u x IH]; intros [|v y]; cbn [differ]; try apply spec_fail.
    - finish. reflexivity.
    - step equal_spec. step IH. last_step disj2_spec. destruct H2 as [_ H2].
      rewrite H0, ev_neg, H2 in H3. apply orb_false_iff in H3 as [A B].
      apply negb_false_iff, N.eqb_eq in A. cbn [map]. now rewrite A, H1.
  Qed.

  Definition stacks_differ (p q : option (list lit * symbolic)) : M lit :=
    match p, q with
    | Some (_, s), Some (_, t) => differ (words s) (words t)
    | _, _ => ret lfalse
    end.
  Lemma stacks_differ_spec p q : spec (stacks_differ p q) (fun a d => ev a d = false -> forall s t,
    seen_by a p = Some s -> seen_by a q = Some t -> stack s = stack t).
  Proof.
    destruct p as [[g s]|], q as [[h t]|]; cbn [stacks_differ]; try (finish; discriminate).
    last_step differ_spec. cbn [seen_by] in *. destruct (all a g), (all a h); try discriminate.
    injection H2 as <-. injection H3 as <-. cbn. auto.
  Qed.

  Definition bad_equivalent (m : module) (f : nat) (m' : module) (g : nat) (assume : option nat)
    (arguments : list word) : M lit :=
    r <- call m f arguments ;; q <- call m' g arguments ;;
    d <- stacks_differ (normal r) (normal q) ;; d <- conj2 (neg (trapped r)) d ;;
    t <- xor2 (trapped r) (trapped q) ;; d <- disj2 t d ;;
    k <- disj2 (cut r) (cut q) ;; b <- disj2 k d ;;
    c <- counting m assume arguments ;; conj2 c b.

  Lemma bad_equivalent_spec m f m' g assume arguments :
    spec (bad_equivalent m f m' g assume arguments) (fun a bad => ev a bad = false ->
      assumed m assume (map (value a) arguments) ->
      (traps m f (map (value a) arguments) /\ traps m' g (map (value a) arguments)) \/
      exists values, returns m f (map (value a) arguments) values /\
                     returns m' g (map (value a) arguments) values).
  Proof.
    unfold bad_equivalent. step call_spec. step call_spec. step stacks_differ_spec.
    step conj2_spec. step xor2_spec. step disj2_spec. step disj2_spec. step disj2_spec.
    step counting_spec. last_step conj2_spec.
    rewrite H0, H1, H2, H3, H4, H5, H6, ev_neg, andb_true_l in H10 by assumption.
    apply orb_false_iff in H10 as [K D]. apply orb_false_iff in K as [C1 C2].
    apply orb_false_iff in D as [X D].
    destruct (ev a (trapped x)) eqn:T1, (ev a (trapped x0)) eqn:T2; try discriminate.
    - left. split; eapply trap_end; eassumption.
    - right. cbn [negb andb] in D.
      destruct (normal_end m f a arguments x H9 C1 T1) as (s & E1 & S1).
      destruct (normal_end m' g a arguments x0 H8 C2 T2) as (t & E2 & S2).
      exists (rev (stack s)). split; [now apply returns_of|].
      rewrite (H7 D s t S1 S2). now apply returns_of.
  Qed.

  Definition bad_ensures (m : module) (f g : nat) (assume : option nat) (arguments : list word)
    : M lit :=
    r <- call m f arguments ;;
    q <- execute m unwind fuel depth unwind (Call g) (on_path (fun s =>
      Symbolic (words s ++ rev arguments) [] (globals_of s) (writes s)) (normal r)) ;;
    x <- single (normal q) ;; n <- nonzero x ;; b <- fails r ;; d <- fails q ;;
    d <- disj2 d (neg n) ;; b <- disj2 b d ;; c <- counting m assume arguments ;; conj2 c b.

  Lemma bad_ensures_spec m f g assume arguments :
    spec (bad_ensures m f g assume arguments) (fun a bad => ev a bad = false ->
      assumed m assume (map (value a) arguments) ->
      exists s, ends m f (map (value a) arguments) (Normal s) /\
      exists fuel t x, run m fuel (Call g)
          (State (stack s ++ rev (map (value a) arguments)) [] (globals s) (written s)) =
          Normal t /\
        stack t = [x] /\ x <> 0%N).
  Proof.
    unfold bad_ensures, fails. step call_spec. step execute_spec. step single_spec.
    step nonzero_spec. step disj2_spec. step disj2_spec. step disj2_spec. step disj2_spec.
    step counting_spec. last_step conj2_spec.
    rewrite H0, H1, H2, H3, H4, H5, ev_neg, H6, negb_involutive, andb_true_l in H10 by assumption.
    apply orb_false_iff in H10 as [F G]. apply orb_false_iff in F as [T1 C1].
    apply orb_false_iff in G as [G Z]. apply orb_false_iff in G as [T2 C2].
    destruct (normal_end m f a arguments x H9 C1 T1) as (s & E & S).
    exists s. split; [exact E|]. exists fuel.
    rewrite (on_path_seen a _ (fun s => State (stack s ++ map (value a) (rev arguments)) []
      (globals s) (written s))) in H8.
    2:{ intro u. unfold concrete. cbn. now rewrite map_app. }
    rewrite S in H8. cbn [option_map] in H8. specialize (H8 C2). rewrite T2 in H8.
    destruct H8 as (N & _ & _ & Ed). rewrite map_rev in *.
    pose proof (call_ends m fuel g (State (stack s ++ rev (map (value a) arguments)) [] (globals s)
      (written s))) as K.
    destruct (run m fuel (Call g) _) as [t| | | | |]; cbn in *; try contradiction.
    exists t, (value a x1). repeat split; [now apply H7|]. now apply N.eqb_neq.
  Qed.

  (* ---- refutations *)

  Definition start (ws : list width) : store :=
    Store (Pos.of_nat (2 + all_count ws)) (PM.empty gate) (PM.empty (PM.t positive)).

  Definition certified (ws : list width) (bad : list word -> M lit) (steps : list step) : bool :=
    match bad (argument_words 2 ws) (start ws) with
    | None => false
    | Some (b, s) =>
        ordered (Pos.of_nat (2 + all_count ws)) s &&
        (Pos.eqb b lfalse || refuted (clauses s b) steps)
    end.

  Theorem certified_sound ws bad steps (P : list N -> Prop) :
    certified ws bad steps = true ->
    spec (bad (argument_words 2 ws)) (fun a b =>
      ev a b = false -> P (map (value a) (argument_words 2 ws))) ->
    forall arguments, typed ws arguments -> P arguments.
  Proof.
    intros H S arguments Ty. unfold certified in H.
    destruct (bad (argument_words 2 ws) (start ws)) as [[b s]|] eqn:E; [|discriminate].
    apply andb_true_iff in H as [O R].
    destruct (S _ _ _ E) as [F' H']. { intros o _. apply PM.gempty. }
    set (v := listed ([false; true] ++ all_bits ws arguments)).
    destruct (models_exist (Pos.of_nat (2 + all_count ws)) s v) as (a & Ha & Agree);
      auto; [apply Pos2Nat.inj_lt; rewrite Nat2Pos.id by lia; cbn; lia|].
    destruct (H' a Ha) as [_ Q].
    assert (map (value a) (argument_words 2 ws) = arguments) as Ea.
    { rewrite (argument_words_agree a v); [|lia|].
      - apply (listed_arguments ws arguments Ty [false; true]). cbn. lia.
      - intros o Ho. apply Agree. apply Pos2Nat.inj_lt. rewrite Nat2Pos.id by lia. exact Ho. }
    rewrite Ea in Q. apply Q. destruct (ev a b) eqn:Eb; [|reflexivity]. exfalso.
    apply orb_true_iff in R as [R|R].
    - apply Pos.eqb_eq in R as ->. rewrite ev_false in Eb by apply Ha. discriminate.
    - exact (refuted_sound _ a (clauses_hold a s b Ha Eb) _ R).
  Qed.
End Claims.

(* ---- the theorems that bundles use *)

Theorem certified_never_traps fuel unwind depth m f assume steps :
  certified (parameters_of m f) (bad_never_traps fuel unwind depth m f assume) steps = true ->
  never_traps m f assume.
Proof.
  intro H. refine (certified_sound _ _ _ (fun l => assumed m assume l ->
    exists values, returns m f l values) H _).
  apply bad_never_traps_spec.
Qed.

(* l and h: the bounds, or where they lie beyond the width, what it has of the range. *)
Theorem certified_in_range fuel unwind depth m f assume w low high l h steps :
  certified (parameters_of m f) (bad_range fuel unwind depth m f assume w false l h) steps = true ->
  (low <=? l)%N && (h <=? high)%N = true ->
  in_range m f assume low high.
Proof.
  intros H B. apply andb_true_iff in B as [B1 B2]. apply N.leb_le in B1, B2.
  refine (certified_sound _ _ _ (fun arguments => assumed m assume arguments ->
    exists x, returns m f arguments [x] /\ (low <= x <= high)%N) H _).
  last_step bad_range_spec. destruct (H1 H2 H3) as (y & R & L). exists y.
  split; [exact R|]. cbn in L. lia.
Qed.

(* The bounds as bits of the width. *)
Theorem certified_in_signed_range fuel unwind depth m f assume w low high l h steps :
  certified (parameters_of m f) (bad_range fuel unwind depth m f assume w true l h) steps = true ->
  (low <=? signed w l)%Z && (signed w h <=? high)%Z = true ->
  in_signed_range m f assume w low high.
Proof.
  intros H B. apply andb_true_iff in B as [B1 B2]. apply Z.leb_le in B1, B2.
  refine (certified_sound _ _ _ (fun arguments => assumed m assume arguments ->
    exists x, returns m f arguments [x] /\ (low <= signed w x <= high)%Z) H _).
  last_step bad_range_spec. destruct (H1 H2 H3) as (y & R & L). exists y.
  split; [exact R|]. cbn in L. lia.
Qed.

Theorem certified_equivalent fuel unwind depth m f m' g assume steps :
  certified (parameters_of m f) (bad_equivalent fuel unwind depth m f m' g assume) steps = true ->
  equivalent m f m' g assume.
Proof.
  intro H. refine (certified_sound _ _ _ (fun l => assumed m assume l ->
    (traps m f l /\ traps m' g l) \/
    exists values, returns m f l values /\ returns m' g l values) H _).
  apply bad_equivalent_spec.
Qed.

Theorem certified_ensures fuel unwind depth m f g assume steps :
  certified (parameters_of m f) (bad_ensures fuel unwind depth m f g assume) steps = true ->
  ensures m f g assume.
Proof.
  intro H. refine (certified_sound _ _ _ (fun l => assumed m assume l ->
    exists s, ends m f l (Normal s) /\
    exists fuel t x, run m fuel (Call g) (State (stack s ++ rev l) [] (globals s) (written s)) =
      Normal t /\ stack t = [x] /\ x <> 0%N) H _).
  apply bad_ensures_spec.
Qed.
