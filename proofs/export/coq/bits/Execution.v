(* Symbolic execution of whole functions, and that it covers every run: for an assignment under
   which nothing was cut off, the result shows the outcome that Wasm.v's `run` has. *)
From Coq Require Import Arith PArith NArith List Bool Lia.
From Isotrace.Bits Require Import Lrat Gates Wasm Words Numeric Symbolic.
Import ListNotations.

Notation path := (option (list lit * symbolic)) (only parsing).

(* Paths by how they end. *)
Record result := Result {
  normal : path;
  branches : list path;  (* by depth *)
  returned : path;
  trapped : lit;
  cut : lit }.            (* not followed to its end *)

Definition nothing : result := Result None [] None lfalse lfalse.

Fixpoint merge_all (p q : list path) : M (list path) :=
  match p, q with
  | [], _ => ret q
  | _, [] => ret p
  | x :: p, y :: q => z <- merge x y ;; r <- merge_all p q ;; ret (z :: r)
  end.

Definition join (r q : result) : M result :=
  n <- merge (normal r) (normal q) ;; b <- merge_all (branches r) (branches q) ;;
  e <- merge (returned r) (returned q) ;; t <- disj2 (trapped r) (trapped q) ;;
  c <- disj2 (cut r) (cut q) ;; ret (Result n b e t c).

Definition guard_of (p : path) : M lit :=
  match p with None => ret lfalse | Some (g, _) => all_of g end.

Definition with_normal (p : path) (r : result) : result :=
  Result p (branches r) (returned r) (trapped r) (cut r).
Definition with_branches (b : list path) (r : result) : result :=
  Result (normal r) b (returned r) (trapped r) (cut r).
Definition normally (p : path) : result := Result p [] None lfalse lfalse.
Definition branching (n : nat) (p : path) : result :=
  Result None (repeat None n ++ [p]) None lfalse lfalse.
Definition cutting (c : lit) : result := Result None [] None lfalse c.

Definition on_path (f : symbolic -> symbolic) (p : path) : path :=
  match p with None => None | Some (g, s) => Some (g, f s) end.

Definition leave_words (base : list word) (arity : nat) (s : symbolic) : symbolic :=
  with_words s (firstn arity (words s) ++ base).

(* The end of a block. *)
Definition close (base : list word) (arity : nat) (r : result) : M result :=
  n <- merge (on_path (leave_words base arity) (nth 0 (branches r) None)) (normal r) ;;
  ret (Result n (tl (branches r)) (returned r) (trapped r) (cut r)).

Section Execution.
  Variable m : module.
  Variable unwind : nat.

  Fixpoint follow (step : instruction -> path -> M result) (l : list instruction) (p : path)
    : M result :=
    match l with
    | [] => ret (normally p)
    | i :: l =>
        r <- step i p ;; q <- follow step l (normal r) ;; join (with_normal None r) q
    end.

  Definition enter_words (f : function) (s : symbolic) : symbolic :=
    Symbolic [] (rev (firstn (length (parameters f)) (words s)) ++ map zero (locals f))
      (globals_of s) (writes s).
  Definition resume_words (f : function) (caller s : symbolic) : symbolic :=
    Symbolic (firstn (length (results f)) (words s) ++
              skipn (length (parameters f)) (words caller))
      (locals_of caller) (globals_of s) (writes s).

  Definition simply (i : instruction) (g : list lit) (s : symbolic) : M result :=
    '(s', t) <- simple_circuit m i s ;; c <- all_of g ;; t' <- conj2 c t ;;
    ret (Result (if Pos.eqb t ltrue then None else Some (g, s')) [] None t' lfalse).

  Fixpoint table (index : word) (n : nat) (depths : list nat) (default : nat) (p : path)
    : M result :=
    match depths with
    | [] => ret (branching default p)
    | d :: depths =>
        c <- equal index (constant 32 (N.of_nat n)) ;;
        r <- table index (S n) depths default (restrict (neg c) p) ;;
        join (branching d (restrict c p)) r
    end.

  Definition same_guard (g h : list lit) : bool :=
    if list_eq_dec Pos.eq_dec g h then true else false.

  (* `depth` bounds nested calls, `rounds` the rounds of this loop that may or may not begin. *)
  Fixpoint execute (fuel depth rounds : nat) (i : instruction) (p : path) : M result :=
    match p with
    | None => ret nothing
    | Some (g, s) =>
        match fuel with
        | O => c <- all_of g ;; ret (cutting c)
        | S fuel =>
            match i, words s with
            | Block takes leaves l, st =>
                r <- follow (execute fuel depth unwind) l p ;; close (skipn takes st) leaves r
            | Loop takes leaves l, st =>
                r <- follow (execute fuel depth unwind) l p ;;
                match on_path (leave_words (skipn takes st) takes) (nth 0 (branches r) None) with
                | None => ret (with_branches (tl (branches r)) r)
                | Some (h, s') =>
                    let rest := with_branches (tl (branches r)) r in
                    match (if same_guard g h then Some rounds else
                           match rounds with O => None | S n => Some n end) with
                    | None => c <- all_of h ;; join rest (cutting c)
                    | Some rounds => q <- execute fuel depth rounds i (Some (h, s')) ;; join rest q
                    end
                end
            | If takes leaves yes no, c :: st =>
                c <- nonzero c ;;
                let p := Some (g, with_words s st) in
                r <- follow (execute fuel depth unwind) yes (restrict c p) ;;
                q <- follow (execute fuel depth unwind) no (restrict (neg c) p) ;;
                r <- join r q ;; close (skipn takes st) leaves r
            | Br n, _ => ret (branching n p)
            | BrIf n, c :: st =>
                c <- nonzero c ;;
                let p := Some (g, with_words s st) in
                ret (with_normal (restrict (neg c) p) (branching n (restrict c p)))
            | BrTable ns n, c :: st =>
                if Nat.eqb (length c) 32 && (N.of_nat (length ns) <? 2 ^ 32)%N
                then table c 0 ns n (Some (g, with_words s st))
                else fail
            | Return, _ => ret (Result None [] p lfalse lfalse)
            | Call n, _ =>
                match depth, nth_error (functions m) n with
                | O, _ => c <- all_of g ;; ret (cutting c)
                | S depth, Some f =>
                    r <- follow (execute fuel depth unwind) (body f) (Some (g, enter_words f s)) ;;
                    match tl (branches r) with
                    | [] =>
                        e <- merge (nth 0 (branches r) None) (normal r) ;;
                        e <- merge (returned r) e ;;
                        ret (Result (on_path (resume_words f s) e) [] None (trapped r) (cut r))
                    | _ => fail
                    end
                | _, None => fail
                end
            | i, _ => simply i g s
            end
        end
    end.

  (* ---- soundness *)

  Definition on_normal (o : option outcome) : option state :=
    match o with Some (Normal s) => Some s | _ => None end.
  Definition on_branch (k : nat) (o : option outcome) : option state :=
    match o with Some (Branch n s) => if Nat.eqb k n then Some s else None | _ => None end.
  Definition on_return (o : option outcome) : option state :=
    match o with Some (Returning s) => Some s | _ => None end.
  Definition ended (o : option outcome) : Prop :=
    match o with Some Trap | Some Stuck | Some OutOfFuel => False | _ => True end.

  Definition shows (a : assignment) (r : result) (o : option outcome) : Prop :=
    seen_by a (normal r) = on_normal o /\
    (forall k, seen_by a (nth k (branches r) None) = on_branch k o) /\
    seen_by a (returned r) = on_return o /\ ended o.

  (* o: how the run ends; None: this assignment does not come here. *)
  Definition covers (a : assignment) (r : result) (o : option outcome) : Prop :=
    ev a (cut r) = false ->
    if ev a (trapped r) then o = Some Trap else shows a r o.

  Lemma nth_merge_all p : forall q, spec (merge_all p q) (fun a r => forall k,
    seen_by a (nth k r None) = first (seen_by a (nth k p None)) (seen_by a (nth k q None))).
  Proof.
    induction p as [|x p IH]; intros [|y q]; cbn [merge_all].
    - finish. now destruct k.
    - finish. now destruct k.
    - finish. now destruct (seen_by v (nth k (x :: p) None)), k.
    - step merge_spec. step IH. finish. destruct k; cbn [nth]; auto.
  Qed.

  (* Both come from one run, and each shows the part of it that went its way. *)
  Definition joined (o1 o2 : option outcome) : option outcome :=
    match o1 with Some _ => o1 | None => o2 end.

  Lemma join_spec r q : spec (join r q) (fun a j =>
    ev a (cut j) = ev a (cut r) || ev a (cut q) /\
    forall o1 o2, covers a r o1 -> covers a q o2 ->
      (o1 = None \/ o2 = None \/ o1 = Some Trap) -> covers a j (joined o1 o2)).
  Proof.
    unfold join. step merge_spec. step nth_merge_all. step merge_spec. step disj2_spec.
    step disj2_spec. finish. split; [exact H|]. intros o1 o2 H4 H5 H6.
    unfold covers in *. cbn [cut trapped normal branches returned].
    rewrite H, H0. intro C. apply orb_false_iff in C as [C1 C2].
    specialize (H4 C1). specialize (H5 C2).
    destruct (ev v (trapped r)) eqn:Tr, (ev v (trapped q)) eqn:Tq; cbn [orb]; subst.
    - reflexivity.
    - reflexivity.
    - destruct H6 as [E | [E | E]]; subst; [reflexivity|discriminate|reflexivity].
    - destruct H4 as (N1 & B1 & R1 & E1), H5 as (N2 & B2 & R2 & E2).
      unfold shows; cbn [normal branches returned]. rewrite H3, H1, N1, N2, R1, R2.
      split; [|split; [|split]]; [|intro k; rewrite H2, B1, B2| |]; clear - H6 E1 E2;
        destruct H6 as [-> | [-> | ->]]; cbn in *;
        try (destruct o1 as [[]|]; cbn in *); try (destruct o2 as [[]|]; cbn in *);
        try contradiction; try reflexivity; try (destruct (Nat.eqb _ _)); auto.
  Qed.

  Definition unless_normal (o : option outcome) : option outcome :=
    match o with Some (Normal _) => None | o => o end.

  Lemma covers_without_normal a r o : covers a r o ->
    covers a (with_normal None r) (unless_normal o).
  Proof.
    unfold covers. cbn [cut trapped with_normal]. intros H C. specialize (H C).
    destruct (ev a (trapped r)); [now subst|]. destruct H as (N & B & R & E).
    unfold shows; cbn [normal branches returned with_normal seen_by].
    destruct o as [[]|]; cbn in *; auto.
  Qed.

  Definition step_spec (step : instruction -> path -> M result)
    (run : instruction -> state -> outcome) : Prop :=
    forall i p, spec (step i p) (fun a r => covers a r (option_map (run i) (seen_by a p))).

  Lemma follow_spec step rn (H : step_spec step rn) l : forall p,
    spec (follow step l p) (fun a r => covers a r (option_map (sequence rn l) (seen_by a p))).
  Proof.
    induction l as [|i l IH]; intro p; cbn [follow].
    - finish. intros _. unfold normally; cbn [trapped]. rewrite ev_false by assumption.
      unfold shows; cbn [normal branches returned]. destruct (seen_by v p); cbn;
        repeat split; now intros [|k].
    - step H. step IH. last_step join_spec. destruct H1 as [C J]. intro Cj.
      rewrite C in Cj. cbn [with_normal cut] in Cj. apply orb_false_iff in Cj as [C1 C2].
      specialize (J _ _ (covers_without_normal _ _ _ H3) H2). unfold covers in H3.
      specialize (H3 C1). destruct (ev a (trapped x)) eqn:Tr.
      + destruct (seen_by a p) as [s|]; [|discriminate]. cbn [option_map] in *.
        injection H3 as E. rewrite E in J. cbn [unless_normal joined] in J.
        cbn [sequence]. rewrite E. apply J; [auto|]. rewrite C. cbn [with_normal cut].
        now rewrite C1, C2.
      + destruct H3 as (N & _). rewrite N in J.
        destruct (seen_by a p) as [s|]; cbn [option_map] in *.
        * cbn [sequence]. destruct (rn i s) eqn:E; cbn in *; apply J; auto;
            rewrite C; cbn; now rewrite C1, C2.
        * cbn in *. apply J; auto. rewrite C; cbn; now rewrite C1, C2.
  Qed.

  (* ---- the ends of blocks *)

  Lemma on_path_seen a f g p : (forall s, concrete a (f s) = g (concrete a s)) ->
    seen_by a (on_path f p) = option_map g (seen_by a p).
  Proof.
    intro H. destruct p as [[h s]|]; cbn; [|reflexivity]. rewrite H. now destruct (all a h).
  Qed.

  Lemma leave_words_concrete a base arity s : concrete a (leave_words base arity s) =
    with_stack (concrete a s) (firstn arity (stack (concrete a s)) ++ map (value a) base).
  Proof.
    unfold leave_words, with_words, with_stack, concrete. cbn. now rewrite map_app, firstn_map.
  Qed.

  Lemma leave_seen a base arity p : seen_by a (on_path (leave_words base arity) p) =
    option_map (fun s => with_stack s (firstn arity (stack s) ++ map (value a) base)) (seen_by a p).
  Proof. apply on_path_seen. intro s. apply leave_words_concrete. Qed.

  Lemma nth_tl {A} (l : list A) k d : nth k (tl l) d = nth (S k) l d.
  Proof. destruct l, k; reflexivity. Qed.

  Lemma close_spec base arity r : spec (close base arity r) (fun a q => forall o,
    covers a r o -> covers a q (option_map (leave (map (value a) base) arity) o)).
  Proof.
    unfold close. step merge_spec. finish. intros C. cbn [cut trapped] in *. specialize (H0 C).
    destruct (ev v (trapped r)); [now subst|]. destruct H0 as (N & B & R & E).
    unfold shows; cbn [normal branches returned]. rewrite H, N.
    rewrite leave_seen, B.
    split; [|split; [intro k; rewrite nth_tl, B|split]]; try rewrite R; clear - E;
      destruct o as [[|[|n]| | | |]|]; cbn in *; auto; destruct k; reflexivity.
  Qed.

  (* ---- instructions *)

  Lemma simply_spec i g s : spec (simply i g s) (fun a r =>
    covers a r (option_map (simple m i) (seen_by a (Some (g, s))))).
  Proof.
    unfold simply. step (simple_circuit_spec m i s). destruct x as [s' t].
    step all_of_spec. step conj2_spec. finish. unfold simple_agrees in *. cbn [fst snd] in *.
    unfold covers. cbn [cut trapped]. intros _. rewrite H, H0. cbn [seen_by].
    destruct (all v g) eqn:G; cbn [andb option_map].
    - rewrite H1. destruct (ev v t) eqn:Et; [reflexivity|].
      destruct (Pos.eqb_spec t ltrue) as [->|];
        [rewrite ev_true in Et by assumption; discriminate|].
      unfold shows; cbn. rewrite G. repeat split. now intros [|k].
    - unfold shows. cbn [normal branches returned].
      split; [|split; [now intros [|k]|split; [reflexivity|exact I]]].
      destruct (Pos.eqb t ltrue); cbn; now rewrite ?G.
  Qed.

  Lemma covers_branching (a : assignment) n p : a 1%positive = true ->
    covers a (branching n p) (option_map (Branch n) (seen_by a p)).
  Proof.
    intros T _. cbn [branching trapped]. rewrite ev_false by assumption.
    unfold shows; cbn [branching normal branches returned seen_by].
    assert (forall k, seen_by a (nth k (repeat None n ++ [p]) None) =
      if Nat.eqb k n then seen_by a p else None) as B.
    { intro k. revert n. induction k as [|k IH]; intros [|n]; cbn; auto; try (now destruct k);
        apply IH. }
    split; [|split; [|split]].
    - destruct (seen_by a p); reflexivity.
    - intro k. rewrite B. destruct (seen_by a p); cbn; destruct (Nat.eqb k n); reflexivity.
    - destruct (seen_by a p); reflexivity.
    - destruct (seen_by a p); exact I.
  Qed.

  Lemma covers_normally (a : assignment) p : a 1%positive = true ->
    covers a (normally p) (option_map Normal (seen_by a p)).
  Proof.
    intros T _. cbn [normally trapped]. rewrite ev_false by assumption.
    unfold shows; cbn [normally normal branches returned seen_by].
    destruct (seen_by a p); cbn; repeat split; now intros [|k].
  Qed.

  Lemma covers_nothing (a : assignment) : a 1%positive = true -> covers a nothing None.
  Proof.
    intros T _. cbn [nothing trapped]. rewrite ev_false by assumption. repeat split.
    now intros [|k].
  Qed.

  (* Where the guard does not hold there is no claim, elsewhere all is cut. *)
  Lemma covers_cutting (a : assignment) c o : a 1%positive = true ->
    (ev a c = false -> o = None) -> covers a (cutting c) o.
  Proof.
    intros T H C. cbn [cutting cut trapped] in *. rewrite (H C), ev_false by assumption.
    repeat split. now intros [|k].
  Qed.

  Lemma table_spec index depths : length index = 32%nat -> forall n default p,
    (N.of_nat (n + length depths) < 2 ^ 32)%N ->
    spec (table index n depths default p) (fun a r =>
      (N.of_nat n <= value a index)%N \/ seen_by a p = None ->
      covers a r (option_map
        (Branch (nth (N.to_nat (value a index) - n) depths default)) (seen_by a p))).
  Proof.
    intro L. induction depths as [|d depths IH]; intros n default p B; cbn [table].
    - finish. replace (nth _ [] default) with default by now destruct (_ - n)%nat.
      now apply covers_branching.
    - cbn [length] in B. step equal_spec. eapply spec_bind; [apply IH; lia|].
      intros r. last_step join_spec. destruct H0 as [_ J]. destruct H2 as [_ E].
      rewrite value_constant, N.mod_small in E
        by (auto; change (pow 32) with (2 ^ 32)%N; lia).
      pose proof (ev_neg a x) as En. rewrite restrict_seen in H1 by assumption.
      pose proof (covers_branching a d (restrict x p) H) as Cb.
      rewrite restrict_seen in Cb by assumption. rewrite En, E in *. clear En.
      destruct (N.eqb_spec (value a index) (N.of_nat n)) as [Ei|Ni]; cbn [negb] in *.
      + specialize (J _ _ Cb (H1 (or_intror eq_refl))). cbn [option_map] in J.
        rewrite Ei, Nat2N.id, Nat.sub_diag. cbn [nth].
        destruct (seen_by a p); cbn in *; apply J; auto.
      + destruct (seen_by a p) as [s|]; cbn [option_map] in *.
        * destruct H3 as [H3|]; [|discriminate].
          specialize (J _ _ Cb (H1 ltac:(left; lia))). cbn [joined] in J.
          replace (N.to_nat (value a index) - n)%nat
            with (S (N.to_nat (value a index) - S n)) by lia.
          cbn [nth]. apply J; auto.
        * specialize (J _ _ Cb (H1 (or_intror eq_refl))). apply J; auto.
  Qed.

  (* A round of a loop, and what the next ones come to. *)
  Definition after_round (o : option outcome) (k : state -> outcome) : option outcome :=
    match o with
    | Some (Branch O s) => Some (k s)
    | Some (Branch (S n) s) => Some (Branch n s)
    | o => o
    end.
  Definition leaving (o : option outcome) : option outcome :=
    match o with
    | Some (Branch O _) => None
    | Some (Branch (S n) s) => Some (Branch n s)
    | o => o
    end.

  Lemma covers_leaving a x o : covers a x o ->
    covers a (with_branches (tl (branches x)) x) (leaving o).
  Proof.
    unfold covers. cbn [with_branches cut trapped]. intros H C. specialize (H C).
    destruct (ev a (trapped x)); [now subst|]. destruct H as (N & B & R & E).
    unfold shows; cbn [with_branches normal branches returned]. rewrite N, R.
    split; [|split; [intro k; rewrite nth_tl, B|split]]; clear - E;
      destruct o as [[|[|n]| | | |]|]; cbn in *; auto; now destruct k.
  Qed.

  Lemma covers_last_round a x o k : covers a x o -> seen_by a (nth 0 (branches x) None) = None ->
    covers a (with_branches (tl (branches x)) x) (after_round o k).
  Proof.
    intros H N C. pose proof (covers_leaving a x o H C) as L. specialize (H C).
    assert (leaving o = after_round o k) as <-; [|exact L].
    destruct (ev a (trapped x)); [now subst|]. destruct H as (_ & B & _ & _).
    rewrite B in N. destruct o as [[|[|n]| | | |]|]; cbn in *; congruence.
  Qed.

  Lemma round_spec x q : spec (join (with_branches (tl (branches x)) x) q) (fun a y => forall o k,
    covers a x o -> covers a q (option_map k (seen_by a (nth 0 (branches x) None))) ->
    covers a y (after_round o k)).
  Proof.
    last_step join_spec. destruct H0 as [E J]. rename H1 into Hx, H2 into Hq. intro C.
    assert (ev a (cut x) = false) as Cx.
    { rewrite E in C. now apply orb_false_iff in C as [C1 _]. }
    specialize (J _ _ (covers_leaving a x o Hx) Hq). specialize (Hx Cx).
    destruct (ev a (trapped x)).
    - subst o. apply J; auto.
    - destruct Hx as (_ & B & _ & _). rewrite B in J.
      assert (after_round o k = joined (leaving o) (option_map k (on_branch 0 o))) as -> by
        (destruct o as [[|[|n]| | | |]|]; reflexivity).
      apply J; [|exact C]. destruct o as [[|[|n]| | | |]|]; cbn; auto.
  Qed.

  Lemma resume_words_concrete a f s t : concrete a (resume_words f s t) =
    State (firstn (length (results f)) (stack (concrete a t)) ++
           skipn (length (parameters f)) (stack (concrete a s)))
      (variables (concrete a s)) (Wasm.globals (concrete a t)) (written (concrete a t)).
  Proof. unfold concrete, resume_words. cbn. now rewrite map_app, firstn_map, skipn_map. Qed.

  Lemma enter_words_concrete (a : assignment) f s : a 1%positive = true ->
    concrete a (enter_words f s) = enter f (concrete a s).
  Proof.
    intro T. unfold concrete, enter_words, enter. cbn. f_equal.
    rewrite map_app, map_rev, firstn_map. f_equal. rewrite map_map.
    apply map_ext. intro w. now apply value_zero.
  Qed.

  Theorem execute_spec fuel : forall depth rounds i p, spec (execute fuel depth rounds i p)
    (fun a r => covers a r (option_map (run m fuel i) (seen_by a p))).
  Proof.
    induction fuel as [|fuel IH]; intros depth rounds i p; cbn [execute].
    - destruct p as [[g s]|]; [|finish; now apply covers_nothing].
      step all_of_spec. finish. apply covers_cutting; auto. rewrite H. cbn. now intros ->.
    - destruct p as [[g s]|]; [|finish; now apply covers_nothing].
      assert (forall d, step_spec (execute fuel d unwind) (run m fuel)) as Steps
        by (intros d i' p'; apply IH).
      destruct i; try apply (simply_spec _ g s).
      + (* block *)
        step (follow_spec _ _ (Steps depth)). last_step close_spec.
        specialize (H0 _ H1). cbn [seen_by] in *. destruct (all a g); [|exact H0].
        cbn [option_map run concrete stack] in *. rewrite skipn_map. exact H0.
      + (* loop *)
        step (follow_spec _ _ (Steps depth)).
        set (again := fun a s' => run m fuel (Loop takes leaves body) (with_stack s'
          (firstn takes (stack s') ++ map (value a) (skipn takes (words s))))).
        assert (forall a, option_map (run m (S fuel) (Loop takes leaves body))
            (seen_by a (Some (g, s))) =
          after_round (option_map (sequence (run m fuel) body) (seen_by a (Some (g, s)))) (again a))
          as Unfold.
        { intro a. cbn [seen_by]. destruct (all a g); [|reflexivity].
          cbn [option_map run concrete stack]. unfold again. rewrite skipn_map.
          destruct (sequence _ _ _) as [|[|n]| | | |]; reflexivity. }
        pose proof (fun a => leave_seen a (skipn takes (words s)) takes
          (nth 0 (branches x) None)) as Back.
        destruct (on_path (leave_words (skipn takes (words s)) takes) (nth 0 (branches x) None))
          as [[h s']|] eqn:Eo.
        * assert (forall a, option_map (again a) (seen_by a (nth 0 (branches x) None)) =
            option_map (run m fuel (Loop takes leaves body)) (seen_by a (Some (h, s')))) as Again.
          { intro a. rewrite Back. now destruct (seen_by a (nth 0 (branches x) None)). }
          destruct (if same_guard g h then Some rounds else _) as [rounds'|].
          -- step IH. last_step round_spec. rewrite Unfold. apply H0; [assumption|].
             rewrite Again. assumption.
          -- step all_of_spec. last_step round_spec. rewrite Unfold. apply H0; [assumption|].
             rewrite Again. apply covers_cutting; [assumption|]. rewrite H1. cbn. now intros ->.
        * finish. rewrite Unfold. apply covers_last_round; [assumption|].
          specialize (Back v). cbn [seen_by] in Back.
          destruct (seen_by v (nth 0 (branches x) None)); [discriminate|reflexivity].
      + (* if *)
        destruct s as [[|c st] l gl w]; cbn [words]; [intros ? ? ? X; discriminate|].
        step nonzero_spec.
        set (p := Some (g, with_words {| words := c :: st; locals_of := l; globals_of := gl;
                                         writes := w |} st)).
        step (follow_spec _ _ (Steps depth)). step (follow_spec _ _ (Steps depth)).
        step join_spec. last_step close_spec. destruct H1 as [_ J].
        rewrite restrict_seen in H2, H3 by assumption. rewrite ev_neg in H2. rewrite H4 in *.
        specialize (J _ _ H3 H2).
        assert (seen_by a p = if all a g then Some (concrete a (with_words
          {| words := c :: st; locals_of := l; globals_of := gl; writes := w |} st)) else None)
          as Ep by reflexivity.
        cbn [seen_by]. rewrite Ep in J.
        assert (covers a x2 (option_map (fun s => sequence (run m fuel)
          (if (value a c =? 0)%N then no else yes) s) (seen_by a p))) as J'.
        { rewrite Ep. destruct (value a c =? 0)%N, (all a g); cbn in *; apply J; auto. }
        specialize (H0 _ J'). rewrite Ep in H0. destruct (all a g); [|exact H0].
        cbn [option_map run concrete stack words map] in *. rewrite skipn_map. exact H0.
      + (* br *)
        finish. pose proof (covers_branching v depth0 (Some (g, s)) T) as H.
        cbn [seen_by] in *. destruct (all v g); exact H.
      + (* br_if *)
        destruct s as [[|c st] l gl w]; cbn [words]; [intros ? ? ? X; discriminate|].
        step nonzero_spec. finish.
        pose proof (covers_branching v depth0 (restrict x (Some (g, with_words
          {| words := c :: st; locals_of := l; globals_of := gl; writes := w |} st))) T) as H0.
        intros _. cbn [with_normal branching cut trapped]. rewrite ev_false by assumption.
        specialize (H0 (ev_false v T)). cbn [branching trapped] in H0.
        rewrite ev_false in H0 by assumption. destruct H0 as (_ & B & _ & _).
        unfold shows; cbn [with_normal branching normal branches returned] in *.
        rewrite restrict_seen, ev_neg, H by assumption.
        rewrite restrict_seen, H in B by assumption.
        split; [|split; [intro k; rewrite B|]]; cbn [seen_by option_map];
          cbn [run concrete stack words map];
          destruct (all v g); cbn [option_map run concrete stack words map seen_by];
          destruct (value v c =? 0)%N; cbn; auto.
      + (* br_table *)
        destruct s as [[|c st] l gl w]; cbn [words]; [intros ? ? ? X; discriminate|].
        destruct (Nat.eqb_spec (length c) 32) as [L|]; [cbn [andb]|apply spec_fail].
        destruct (N.ltb_spec (N.of_nat (length depths)) (2 ^ 32)); [|apply spec_fail].
        last_step (table_spec c depths L); [assumption|]. specialize (H1 ltac:(left; lia)).
        rewrite Nat.sub_0_r in H1. cbn [seen_by] in *. destruct (all a g); exact H1.
      + (* return *)
        finish. intros _. cbn [trapped]. rewrite ev_false by assumption.
        unfold shows; cbn [normal branches returned]. cbn [seen_by].
        destruct (all v g); cbn; repeat split; now intros [|k].
      + (* call *)
        destruct depth as [|depth].
        { step all_of_spec. finish. apply covers_cutting; auto. rewrite H. cbn. now intros ->. }
        destruct (nth_error (functions m) f) as [fn|] eqn:Ef; [|apply spec_fail].
        step (follow_spec _ _ (Steps depth)).
        destruct (tl (branches x)) as [|? ?] eqn:Et; [|apply spec_fail].
        step merge_spec. step merge_spec. finish.
        (* only branches of depth 0 are left *)
        assert (forall k, (k <> 0)%nat -> nth k (branches x) None = None) as Only.
        { intros [|k] K; [congruence|]. rewrite <- nth_tl, Et. now destruct k. }
        cbn [seen_by] in *. rewrite enter_words_concrete in * by assumption.
        assert (forall o, covers v x o -> covers v (Result (on_path (resume_words fn s) x1) []
          None (trapped x) (cut x)) (option_map (resume fn (concrete v s)) o)) as Resume.
        { intros o Ho C. specialize (Ho C). cbn [cut trapped] in *.
          destruct (ev v (trapped x)); [now subst|]. destruct Ho as (N & B & R & E).
          unfold shows; cbn [normal branches returned].
          rewrite (on_path_seen v _ (fun t => State (firstn (length (results fn)) (stack t) ++
            skipn (length (parameters fn)) (stack (concrete v s))) (variables (concrete v s))
            (Wasm.globals t) (written t)) _ (resume_words_concrete v fn s)), H, H0, N, B, R.
          assert (forall k s, o = Some (Branch k s) -> k = 0%nat) as Zero.
          { intros k t ->. destruct (Nat.eq_dec k 0) as [|K]; [assumption|]. specialize (B k).
            rewrite Only in B by assumption. cbn in B. rewrite Nat.eqb_refl in B. discriminate. }
          destruct o as [[|k t| | | |]|]; cbn in *; try contradiction;
            try rewrite (Zero k t eq_refl); cbn; repeat split; now intros [|k']. }
        specialize (Resume _ H1). destruct (all v g); [|exact Resume].
        cbn [option_map run] in *. rewrite Ef. exact Resume.
  Qed.
End Execution.
