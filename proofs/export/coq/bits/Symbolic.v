(* Running a function on words of literals instead of numbers, all paths at once, and that every
   assignment sees in the result what Wasm.v says. A path is the state of the code where a guard
   (a conjunction of literals) holds. *)
From Coq Require Import PArith NArith ZArith List Bool Lia.
From Isotrace.Bits Require Import Lrat Gates Wasm Words Numeric Memory.
Import ListNotations.

Arguments value : simpl never.
Arguments constant : simpl never.
Arguments truth_word : simpl never.
Arguments concrete_writes : simpl never.

(* ---- guards *)

Notation guard := (list lit) (only parsing).

Definition all (a : assignment) (g : guard) : bool := forallb (ev a) g.

Fixpoint all_from (acc : lit) (g : guard) : M lit :=
  match g with [] => ret acc | l :: g => acc <- conj2 acc l ;; all_from acc g end.
Definition all_of (g : guard) : M lit := all_from ltrue g.

Lemma all_from_spec g : forall acc, spec (all_from acc g) (fun v c => ev v c = ev v acc && all v g).
Proof.
  induction g as [|l g IH]; intro acc; cbn [all_from].
  - finish. cbn. now rewrite andb_true_r.
  - step conj2_spec. last_step IH. rewrite H0, H1. cbn. now rewrite andb_assoc.
Qed.
Lemma all_of_spec g : spec (all_of g) (fun v c => ev v c = all v g).
Proof. unfold all_of. last_step all_from_spec. now rewrite H0, ev_true. Qed.

Definition member (c : lit) (g : guard) : bool := existsb (Pos.eqb c) g.
Lemma member_in c g : member c g = true -> In c g.
Proof.
  unfold member. rewrite existsb_exists. intros (x & H & E). apply Pos.eqb_eq in E. now subst.
Qed.
Lemma all_member a c g : In c g -> all a g = ev a c && all a g.
Proof.
  intro H. destruct (all a g) eqn:E; [|now rewrite andb_false_r].
  unfold all in E. rewrite forallb_forall in E. now rewrite (E c H).
Qed.

(* The guard where c holds as well; None: it never does. *)
Definition under (c : lit) (g : guard) : option guard :=
  if Pos.eqb c ltrue || member c g then Some g
  else if Pos.eqb c lfalse || member (neg c) g then None
  else Some (c :: g).

Definition all_or_none (a : assignment) (g : option guard) : bool :=
  match g with Some g => all a g | None => false end.

Lemma under_all (a : assignment) c g : a 1%positive = true ->
  all_or_none a (under c g) = ev a c && all a g.
Proof.
  intro T. unfold under. destruct (Pos.eqb_spec c ltrue) as [->|]; cbn [orb all_or_none].
  { now rewrite ev_true. }
  destruct (member c g) eqn:E; cbn [all_or_none]; [now apply all_member, member_in|].
  destruct (Pos.eqb_spec c lfalse) as [->|]; cbn [orb all_or_none]; [now rewrite ev_false|].
  destruct (member (neg c) g) eqn:E2; cbn [all_or_none]; [|reflexivity].
  rewrite (all_member a (neg c) g) by now apply member_in. rewrite ev_neg. now destruct (ev a c).
Qed.

(* What two guards have in common at their older ends; both reversed. *)
Fixpoint part (r1 r2 common : guard) : guard * guard * guard :=
  match r1, r2 with
  | x :: r1', y :: r2' =>
      if Pos.eqb x y then part r1' r2' (x :: common) else (rev r1, rev r2, common)
  | _, _ => (rev r1, rev r2, common)
  end.

Lemma forallb_rev {A} (f : A -> bool) l : forallb f (rev l) = forallb f l.
Proof.
  induction l as [|x l IH]; [reflexivity|]. cbn. rewrite forallb_app, IH. cbn.
  rewrite andb_true_r. apply andb_comm.
Qed.

Lemma part_all a r1 : forall r2 common g1 g2 g, part r1 r2 common = (g1, g2, g) ->
  all a g1 && all a g = all a r1 && all a common /\ all a g2 && all a g = all a r2 && all a common.
Proof.
  unfold all. induction r1 as [|x r1 IH]; intros [|y r2] common g1 g2 g; cbn [part].
  1-3: intro E; injection E as <- <- <-; rewrite ?forallb_app, ?forallb_rev; cbn [forallb];
    rewrite ?andb_true_r; split; f_equal; try reflexivity; apply andb_comm.
  destruct (Pos.eqb_spec x y) as [->|].
  - intro E. destruct (IH _ _ _ _ _ E) as [-> ->]. cbn [forallb].
    destruct (ev a y), (forallb (ev a) r1), (forallb (ev a) r2), (forallb (ev a) common); auto.
  - intro E; injection E as <- <- <-. rewrite ?forallb_app, ?forallb_rev. cbn [forallb].
    rewrite ?andb_true_r. split; f_equal; try reflexivity; apply andb_comm.
Qed.

Definition without (c : lit) (g : guard) : guard := filter (fun l => negb (Pos.eqb l c)) g.
Lemma all_without a c g : ev a c = true -> all a (without c g) = all a g.
Proof.
  intro H. induction g as [|l g IH]; [reflexivity|]. unfold without in *. cbn [filter].
  destruct (Pos.eqb_spec l c) as [->|]; cbn [negb]; [rewrite IH; cbn; now rewrite H|].
  cbn. f_equal. exact IH.
Qed.

Definition either (g1 g2 : guard) : M lit :=
  match g1, g2 with
  | [c], _ => d <- all_of (without (neg c) g2) ;; disj2 c d
  | _, [c] => d <- all_of (without (neg c) g1) ;; disj2 d c
  | _, _ => c <- all_of g1 ;; d <- all_of g2 ;; disj2 c d
  end.

Lemma either_spec g1 g2 : spec (either g1 g2) (fun v c => ev v c = all v g1 || all v g2).
Proof.
  assert (forall c g, spec (d <- all_of (without (neg c) g) ;; disj2 c d)
    (fun v r => ev v r = ev v c || all v g)) as One.
  { intros c g. step all_of_spec. last_step disj2_spec. rewrite H0, H1.
    destruct (ev a c) eqn:E; [reflexivity|]. cbn [orb]. apply all_without. now rewrite ev_neg, E. }
  assert (forall c g, spec (d <- all_of (without (neg c) g) ;; disj2 d c)
    (fun v r => ev v r = all v g || ev v c)) as Two.
  { intros c g. step all_of_spec. last_step disj2_spec. rewrite H0, H1.
    destruct (ev a c) eqn:E; [now rewrite !orb_true_r|]. rewrite !orb_false_r.
    apply all_without. now rewrite ev_neg, E. }
  assert (spec (c <- all_of g1 ;; d <- all_of g2 ;; disj2 c d)
    (fun v c => ev v c = all v g1 || all v g2)) as Both.
  { step all_of_spec. step all_of_spec. last_step disj2_spec. now rewrite H0, H1, H2. }
  unfold either. destruct g1 as [|c1 [|d1 g1]].
  - destruct g2 as [|c2 [|d2 g2]]; try exact Both. last_step Two. rewrite H0. cbn [all forallb].
    now rewrite andb_true_r.
  - last_step One. rewrite H0. cbn [all forallb]. now rewrite andb_true_r.
  - destruct g2 as [|c2 [|d2 g2]]; try exact Both. last_step Two. rewrite H0. cbn [all forallb].
    now rewrite andb_true_r.
Qed.

(* ---- states and paths *)

Record symbolic := Symbolic {
  words : list word;
  locals_of : list word;
  globals_of : list word;
  writes : list byte_write }.  (* the latest first *)

Definition concrete (a : assignment) (s : symbolic) : state :=
  State (map (value a) (words s)) (map (value a) (locals_of s)) (map (value a) (globals_of s))
    (concrete_writes a (writes s)).

Notation path := (option (guard * symbolic)) (only parsing).

Definition seen_by (a : assignment) (p : path) : option state :=
  match p with
  | None => None
  | Some (g, s) => if all a g then Some (concrete a s) else None
  end.

Definition restrict (c : lit) (p : path) : path :=
  match p with
  | None => None
  | Some (g, s) => match under c g with Some g => Some (g, s) | None => None end
  end.

Lemma restrict_seen (a : assignment) c p : a 1%positive = true ->
  seen_by a (restrict c p) = if ev a c then seen_by a p else None.
Proof.
  intro T. destruct p as [[g s]|]; cbn; [|now destruct (ev a c)].
  pose proof (under_all a c g T) as H. destruct (under c g); cbn in *; rewrite ?H;
    [|symmetry in H]; destruct (ev a c), (all a g); cbn in *; congruence.
Qed.

Definition first {A} (x y : option A) : option A := match x with Some _ => x | None => y end.

Fixpoint choose_words (c : lit) (x y : list word) : M (list word) :=
  match x, y with
  | [], [] => ret []
  | u :: x, v :: y => w <- choose_word c u v ;; r <- choose_words c x y ;; ret (w :: r)
  | _, _ => fail
  end.

Lemma choose_words_spec c x : forall y, spec (choose_words c x y) (fun a r =>
  map (value a) r = if ev a c then map (value a) x else map (value a) y).
Proof.
  induction x as [|u x IH]; intros [|v y]; cbn [choose_words]; try apply spec_fail.
  - finish. now destruct (ev v c).
  - step choose_word_spec. step IH. finish. destruct H0 as (_ & _ & E). cbn [map].
    rewrite H. unfold value at 1. rewrite E. unfold value. now destruct (ev v0 c).
Qed.

Definition choose_state (c : lit) (s t : symbolic) : M symbolic :=
  st <- choose_words c (words s) (words t) ;; l <- choose_words c (locals_of s) (locals_of t) ;;
  gl <- choose_words c (globals_of s) (globals_of t) ;;
  w <- choose_writes c (writes s) (writes t) ;; ret (Symbolic st l gl w).

Lemma choose_state_spec c s t : spec (choose_state c s t) (fun a r =>
  concrete a r = if ev a c then concrete a s else concrete a t).
Proof.
  unfold choose_state. step choose_words_spec. step choose_words_spec. step choose_words_spec.
  step choose_writes_spec. finish. unfold concrete. cbn [words locals_of globals_of writes].
  rewrite H, H0, H1, H2. now destruct (ev v c).
Qed.

(* Where two paths come together, the first one counts. *)
Definition merge (p q : path) : M path :=
  match p, q with
  | None, _ => ret q
  | _, None => ret p
  | Some (g1, s1), Some (g2, s2) =>
      let '(r1, r2, common) := part (rev g1) (rev g2) [] in
      c1 <- all_of r1 ;; c2 <- all_of r2 ;;
      o <- (if Pos.eqb c1 (neg c2) then ret ltrue else either r1 r2) ;;
      s <- choose_state c1 s1 s2 ;;
      ret (match under o common with Some g => Some (g, s) | None => None end)
  end.

Lemma merge_spec p q : spec (merge p q) (fun a r =>
  seen_by a r = first (seen_by a p) (seen_by a q)).
Proof.
  destruct p as [[g1 s1]|], q as [[g2 s2]|]; cbn [merge].
  2:{ finish. cbn. now destruct (all v g1). }
  2:{ finish. reflexivity. }
  2:{ finish. reflexivity. }
  destruct (part (rev g1) (rev g2) []) as [[r1 r2] common] eqn:E.
  assert (forall a, all a r1 && all a common = all a g1 /\
    all a r2 && all a common = all a g2) as P.
  { intro a. destruct (part_all a _ _ _ _ _ _ E) as [-> ->]. cbn [all forallb].
    unfold all. rewrite !forallb_rev, !andb_true_r. auto. }
  step all_of_spec. step all_of_spec.
  assert (spec (if Pos.eqb x (neg x0) then ret ltrue else either r1 r2) (fun a o =>
    ev a x = all a r1 -> ev a x0 = all a r2 -> ev a o = all a r1 || all a r2)) as Ho.
  { destruct (Pos.eqb_spec x (neg x0)) as [->|].
    - finish. rewrite ev_true by assumption. rewrite <- H, <- H0, ev_neg.
      now destruct (ev v x0).
    - last_step either_spec. exact H0. }
  step Ho. step choose_state_spec. finish. destruct (P v) as [P1 P2].
  rewrite H2, H1 in *. specialize (H0 eq_refl eq_refl).
  pose proof (under_all v x1 common T) as U. rewrite H0 in U.
  destruct (under x1 common) as [g|]; cbn [seen_by all_or_none] in *.
  - rewrite U, <- P1, <- P2, H. destruct (all v r1), (all v r2), (all v common); reflexivity.
  - rewrite <- P1, <- P2. destruct (all v r1), (all v r2), (all v common); cbn in *; congruence.
Qed.

(* ---- simple instructions *)

Section Symbolic.
  Variable m : module.

  Definition with_words (s : symbolic) (st : list word) : symbolic :=
    Symbolic st (locals_of s) (globals_of s) (writes s).

  (* The state after, and when the instruction traps instead. *)
  Definition simple_circuit (i : instruction) (s : symbolic) : M (symbolic * lit) :=
    match i, words s with
    | Const w x, st =>
        if (x <? modulus w)%N then ret (with_words s (constant (bit_count w) x :: st), lfalse)
        else fail
    | Unary w op, x :: st => r <- counted w op x ;; ret (with_words s (r :: st), lfalse)
    | Binary w op, y :: x :: st =>
        '(r, t) <- numeric w op x y ;; ret (with_words s (r :: st), t)
    | Compare w r, y :: x :: st =>
        c <- comparison w r x y ;; ret (with_words s (truth_word c :: st), lfalse)
    | Extend _ w n sgn, x :: st =>
        r <- extend_word w (N.to_nat n) sgn x ;; ret (with_words s (r :: st), lfalse)
    | Nop, _ => ret (s, lfalse)
    | Unreachable, _ => ret (s, ltrue)
    | Discard, _ :: st => ret (with_words s st, lfalse)
    | Select, c :: y :: x :: st =>
        n <- nonzero c ;; r <- choose_word n x y ;; ret (with_words s (r :: st), lfalse)
    | LocalGet n, st =>
        match nth_error (locals_of s) n with
        | Some x => ret (with_words s (x :: st), lfalse)
        | None => fail
        end
    | LocalSet n, x :: st =>
        match update n x (locals_of s) with
        | Some l => ret (Symbolic st l (globals_of s) (writes s), lfalse)
        | None => fail
        end
    | LocalTee n, x :: st =>
        match update n x (locals_of s) with
        | Some l => ret (Symbolic (x :: st) l (globals_of s) (writes s), lfalse)
        | None => fail
        end
    | GlobalGet n, st =>
        match nth_error (globals_of s) n with
        | Some x => ret (with_words s (x :: st), lfalse)
        | None => fail
        end
    | GlobalSet n, x :: st =>
        match update n x (globals_of s) with
        | Some l => ret (Symbolic st (locals_of s) l (writes s), lfalse)
        | None => fail
        end
    | LoadBytes w n sgn offset, x :: st =>
        '(r, t) <- load_word m w n sgn offset x (writes s) ;; ret (with_words s (r :: st), t)
    | StoreBytes _ n offset, y :: x :: st =>
        '(w, t) <- store_word m n offset x y (writes s) ;;
        ret (Symbolic st (locals_of s) (globals_of s) w, t)
    | MemoryFill, n :: x :: a :: st =>
        '(w, t) <- fill_row m a x n (writes s) ;;
        ret (Symbolic st (locals_of s) (globals_of s) w, t)
    | MemoryCopy, n :: from :: a :: st =>
        '(w, t) <- copy_row m a from n (writes s) ;;
        ret (Symbolic st (locals_of s) (globals_of s) w, t)
    | MemorySize, st =>
        let pages := (memory_bytes m / page_bytes)%N in
        if (pages <? modulus I32)%N then ret (with_words s (constant 32 pages :: st), lfalse)
        else fail
    | _, _ => fail
    end.

  Lemma update_map {A B} (f : A -> B) n x l :
    update n (f x) (map f l) = option_map (map f) (update n x l).
  Proof.
    revert n. induction l as [|y l IH]; intros [|n]; cbn; auto. rewrite IH.
    now destruct (update n x l).
  Qed.

  Definition simple_agrees (i : instruction) (s : symbolic) (a : assignment)
    (r : symbolic * lit) : Prop :=
    simple m i (concrete a s) = if ev a (snd r) then Trap else Normal (concrete a (fst r)).

  Ltac pops n := match n with
    | O => idtac
    | S ?n => match goal with st : list word |- _ => destruct st as [|? st]; [apply spec_fail|] end;
              pops n
    end.
  Ltac total := finish; unfold simple_agrees; cbn;
    match goal with H : _ 1%positive = true |- _ => rewrite ?H end; cbn;
    unfold with_stack, concrete, with_words; cbn; try reflexivity.

  Lemma simple_circuit_spec i s : spec (simple_circuit i s) (simple_agrees i s).
  Proof.
    destruct s as [st l g w].
    destruct i; cbn [simple_circuit words locals_of globals_of writes]; try apply spec_fail.
    - destruct (N.ltb_spec x (modulus w0)) as [H|]; [|apply spec_fail]. total.
      rewrite constant_small by (auto; rewrite pow_bit_count; exact H). reflexivity.
    - pops 1%nat. step counted_spec. total. now rewrite <- H.
    - pops 2%nat. step numeric_spec. destruct x as [r t]. finish. unfold simple_agrees; cbn.
      unfold gives in H; cbn in H. destruct (compute _ _ _ _) as [z|]; [|now rewrite H].
      destruct H as [-> <-]. reflexivity.
    - pops 2%nat. step comparison_spec. total.
      rewrite <- H, <- value_truth_word by assumption. reflexivity.
    - pops 1%nat. step extend_word_spec. total.
      rewrite N2Nat.id in H. now rewrite <- H.
    - total.
    - total.
    - pops 1%nat. total.
    - pops 3%nat. step nonzero_spec. step choose_word_spec. total.
      destruct H as (_ & _ & E). assert (forall x, value v x = num (bits v x)) as V by reflexivity.
      rewrite (V x0), E, H0. destruct (_ =? 0)%N; reflexivity.
    - destruct (nth_error l i) as [x|] eqn:E; [|apply spec_fail]. total.
      rewrite nth_error_map, E. reflexivity.
    - pops 1%nat. match goal with |- context [update i ?x l] =>
        destruct (update i x l) as [l'|] eqn:E end; [|apply spec_fail]. total.
      rewrite update_map, E. reflexivity.
    - pops 1%nat. match goal with |- context [update i ?x l] =>
        destruct (update i x l) as [l'|] eqn:E end; [|apply spec_fail]. total.
      rewrite update_map, E. reflexivity.
    - destruct (nth_error g i) as [x|] eqn:E; [|apply spec_fail]. total.
      rewrite nth_error_map, E. reflexivity.
    - pops 1%nat. match goal with |- context [update i ?x g] =>
        destruct (update i x g) as [l'|] eqn:E end; [|apply spec_fail]. total.
      rewrite update_map, E. reflexivity.
    - pops 1%nat. step load_word_spec. destruct x as [r t]. finish. unfold simple_agrees.
      cbn -[N.mul].
      cbn [fst snd] in H. destruct H as [<- E]. destruct (ev v t); [reflexivity|].
      unfold concrete, with_words, with_stack. cbn. now rewrite E.
    - pops 2%nat. step store_word_spec. destruct x as [r t]. finish. unfold simple_agrees; cbn.
      cbn [fst snd] in H. destruct H as [<- E]. destruct (ev v t); [reflexivity|].
      unfold concrete, with_words, with_stack. cbn. now rewrite E.
    - destruct (N.ltb_spec (memory_bytes m / page_bytes) (modulus I32)) as [H|];
        [|apply spec_fail].
      total. rewrite constant_small by auto. reflexivity.
    - pops 3%nat. step fill_row_spec. destruct x as [r t]. finish. unfold simple_agrees; cbn.
      cbn [fst snd] in H. destruct H as [<- E]. destruct (ev v t); [reflexivity|].
      unfold concrete. cbn. now rewrite E.
    - pops 3%nat. step copy_row_spec. destruct x as [r t]. finish. unfold simple_agrees; cbn.
      cbn [fst snd] in H. destruct H as [<- E]. destruct (ev v t); [reflexivity|].
      unfold concrete. cbn. now rewrite E.
  Qed.
End Symbolic.
