(* What call_indirect of Wasm.v does: with the number of a function of the table on the stack it is the call
   of that function, with any other number it traps. Nothing else depends on this file: it is here for who
   reads the definition. *)
From Coq Require Import NArith List Lia PeanoNat.
From Isotrace.Bits Require Import Wasm Fuel.
Import ListNotations.

Section Indirect.
  Variable m : module.
  Variable s : state.
  Variable c : N.
  Variable st : list N.
  Hypothesis index_on_top : stack s = c :: st.
  Variable takes : nat.

  Let below : state := with_stack s st.

  Lemma refilled (t : state) : stack t = st ->
    firstn takes (stack t) ++ skipn (S takes) (c :: st) = st.
  Proof. intros ->. cbn [skipn]. apply firstn_skipn. Qed.

  (* Around code that branches to a block outside. *)
  Lemma branch_outside : forall fs fuel out inner d t,
    sequence (run m fuel) inner s = Branch (length fs + d) t ->
    sequence (run m (length fs + fuel)) (calls_behind takes out fs inner) s = Branch d t.
  Proof.
    induction fs as [|f fs IH]; intros fuel out inner d t H; cbn [calls_behind length plus] in *; [exact H|].
    replace (S (length fs + fuel)) with (length fs + S fuel) by lia. apply IH.
    cbn [sequence run]. rewrite H. reflexivity.
  Qed.
  (* Around code that comes to something else. *)
  Lemma other_outside o : (forall t, o <> Normal t) -> (forall d t, o <> Branch d t) ->
    forall fs fuel out inner, sequence (run m fuel) inner s = o ->
    sequence (run m (length fs + fuel)) (calls_behind takes out fs inner) s = o.
  Proof.
    intros Hn Hb. induction fs as [|f fs IH]; intros fuel out inner H; cbn [calls_behind length plus] in *; [exact H|].
    replace (S (length fs + fuel)) with (length fs + S fuel) by lia. apply IH.
    cbn [sequence run]. rewrite H. destruct o; cbn [leave]; try reflexivity; [now elim (Hn s0) | now elim (Hb depth s0)].
  Qed.

  (* What the call comes to, as the outermost block leaves it. *)
  Definition finished (leaves : nat) (o : outcome) : outcome :=
    match o with
    | Normal t => Normal (with_stack t (firstn leaves (stack t) ++ skipn takes st))
    | o => o
    end.
  Definition ends_call (o : outcome) : Prop := match o with Branch _ _ => False | _ => True end.

  (* The call behind the block that code branches to. *)
  Lemma call_behind : forall before f after fuel inner o,
    sequence (run m fuel) inner s = Branch (length before) below ->
    run m (length before + S fuel) (Call f) below = o -> ends_call o ->
    sequence (run m (length (before ++ f :: after) + fuel))
      (calls_behind takes (length (before ++ f :: after)) (before ++ f :: after) inner) s
    = match o with Normal t => Branch 1 t | o => o end.
  Proof.
    induction before as [|g before IH]; intros f after fuel inner o H Hcall Ho;
      cbn [app calls_behind length plus pred] in *.
    - replace (S (length after + fuel)) with (length after + S fuel) by lia.
      assert (sequence (run m (S fuel)) [Block (S takes) takes inner; Call f; Br (S (length after))] s
              = match o with Normal t => Branch (S (length after)) t | o => o end) as E.
      { cbn [sequence]. assert (run m (S fuel) (Block (S takes) takes inner) s = Normal below) as ->.
        { cbn [run]. rewrite index_on_top, H. cbn [leave]. rewrite refilled by reflexivity. reflexivity. }
        rewrite Hcall. destruct o; try reflexivity; contradiction. }
      destruct o; try contradiction.
      + apply branch_outside. rewrite E. f_equal. lia.
      + apply other_outside; [discriminate | discriminate | exact E].
      + apply other_outside; [discriminate | discriminate | exact E].
      + apply other_outside; [discriminate | discriminate | exact E].
      + apply other_outside; [discriminate | discriminate | exact E].
    - replace (S (length (before ++ f :: after) + fuel)) with (length (before ++ f :: after) + S fuel) by lia.
      apply IH; [|now replace (length before + S (S fuel)) with (S (length before + S fuel)) by lia | exact Ho].
      cbn [sequence run]. rewrite H. reflexivity.
  Qed.
End Indirect.

Lemma callees_before table : forall c f, nth_error table c = Some (Some f) ->
  exists before after, callees table = before ++ f :: after /\
    forall next none, nth c (labels next none table) none = next + length before.
Proof.
  induction table as [|entry table IH]; intros [|c] f H; try discriminate.
  - injection H as ->. exists [], (callees table). split; [reflexivity|]. intros. cbn. lia.
  - destruct (IH c f H) as (before & after & E & L). destruct entry as [g|].
    + exists (g :: before), after. cbn [callees]. rewrite E. split; [reflexivity|].
      intros. cbn [labels nth length]. rewrite L. lia.
    + exists before, after. cbn [callees]. split; [exact E|]. intros. cbn [labels nth]. apply L.
Qed.
Lemma none_elsewhere table : forall c, (forall f, nth_error table c <> Some (Some f)) ->
  forall next none, nth c (labels next none table) none = none.
Proof.
  induction table as [|[f|] table IH]; intros [|c] H next none; cbn [labels nth]; try reflexivity.
  - now elim (H f).
  - apply IH. intro g. exact (H g).
  - apply IH. intro g. exact (H g).
Qed.

Lemma run_block m fuel takes leaves l s : run m (S fuel) (Block takes leaves l) s
  = leave (skipn takes (stack s)) leaves (sequence (run m fuel) l s).
Proof. reflexivity. Qed.
Lemma run_table m fuel ns n s c st : stack s = c :: st ->
  run m (S fuel) (BrTable ns n) s = Branch (nth (N.to_nat c) ns n) (with_stack s st).
Proof. intro H. cbn [run]. now rewrite H. Qed.

(* The number of a function: the call of that function with what lies below the number. In valid code a
   function leaves `leaves` values on what lies below its `takes` arguments, so that `finished` says no more
   than that. *)
Theorem call_indirect_calls m s c st takes leaves table f o fuel :
  stack s = c :: st -> nth_error table (N.to_nat c) = Some (Some f) ->
  run m fuel (Call f) (with_stack s st) = o -> o <> OutOfFuel ->
  exists more, run m more (call_indirect takes leaves table) s = finished st takes leaves o.
Proof.
  intros Hs Hf Hcall Ho. destruct (callees_before _ _ _ Hf) as (before & after & E & L).
  set (fs := callees table) in *. exists (S (S (length fs + S fuel))).
  pose proof (call_ends m fuel f (with_stack s st)) as Ends. rewrite Hcall in Ends.
  pose proof (call_behind m s c st Hs takes before f after (S fuel)
    [BrTable (labels 0 (length fs) table) (length fs)] o) as B.
  rewrite <- E in B. fold fs in B.
  assert (sequence (run m (length fs + S fuel))
    (calls_behind takes (length fs) fs [BrTable (labels 0 (length fs) table) (length fs)]) s
    = match o with Normal t => Branch 1 t | o => o end) as Chosen.
  { apply B.
    - cbn [sequence]. rewrite (run_table _ _ _ _ _ _ _ Hs), L. reflexivity.
    - rewrite <- Hcall. apply run_much_more; [lia | now rewrite Hcall].
    - destruct o; cbn in *; tauto. }
  unfold call_indirect. fold fs. cbv zeta. rewrite run_block. cbn [sequence]. rewrite run_block, Chosen, Hs.
  destruct o; try contradiction; try reflexivity; congruence.
Qed.

(* Any other number traps. *)
Theorem call_indirect_traps m s c st takes leaves table :
  stack s = c :: st -> (forall f, nth_error table (N.to_nat c) <> Some (Some f)) ->
  exists more, run m more (call_indirect takes leaves table) s = Trap.
Proof.
  intros Hs Hf. set (fs := callees table). exists (S (S (length fs + 1))).
  assert (sequence (run m (length fs + 1))
    (calls_behind takes (length fs) fs [BrTable (labels 0 (length fs) table) (length fs)]) s
    = Branch 0 (with_stack s st)) as Outside.
  { apply branch_outside. cbn [sequence]. rewrite (run_table _ _ _ _ _ _ _ Hs), none_elsewhere by exact Hf.
    f_equal. lia. }
  unfold call_indirect. fold fs. cbv zeta. rewrite run_block. cbn [sequence]. rewrite run_block, Outside.
  cbn [leave]. reflexivity.
Qed.
