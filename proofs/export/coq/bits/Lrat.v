(* A checker of refutations in the LRAT form (clauses with the reasons why they follow), and its
   soundness. Clauses of the formula are looked up by number in a function, so that a formula needs
   no list. A literal is v~0 (variable v) or v~1 (not v). *)
From Coq Require Import PArith FMapPositive List Bool.
Import ListNotations.

Module PM := PositiveMap.

Notation lit := positive (only parsing).
Notation clause := (list lit) (only parsing).
Definition assignment := positive -> bool.

Definition ev (a : assignment) (l : lit) : bool :=
  match l with xO v => a v | xI v => negb (a v) | xH => negb (a xH) end.
Definition neg (l : lit) : lit :=
  match l with xO v => xI v | xI v => xO v | xH => xO xH end.

Lemma ev_neg a l : ev a (neg l) = negb (ev a l).
Proof. destruct l; simpl; rewrite ?negb_involutive; reflexivity. Qed.

Definition holds (a : assignment) (c : clause) : Prop := existsb (ev a) c = true.

(* A clause under the literals known to be false: satisfied or open (None), refuted
   (Some None), or all false but one (Some (Some l)). *)
Fixpoint rest (falses : PM.t unit) (c : clause) (u : option lit) : option (option lit) :=
  match c with
  | [] => Some u
  | l :: c' =>
      match PM.find l falses with
      | Some _ => rest falses c' u
      | None => match u with
                | None => rest falses c' (Some l)
                | Some l' => if Pos.eqb l l' then rest falses c' u else None
                end
      end
  end.

Inductive hint := Given (number : positive) | Learned (number : positive).
Record step := Step { added : clause; hints : list hint }.

Section Check.
  Variable given : positive -> option clause.

  Definition lookup (learned : PM.t clause) (h : hint) : option clause :=
    match h with Given n => given n | Learned n => PM.find n learned end.

  Fixpoint follows (learned : PM.t clause) (falses : PM.t unit) (hs : list hint) : bool :=
    match hs with
    | [] => false
    | h :: hs =>
        match lookup learned h with
        | None => false
        | Some c =>
            match rest falses c None with
            | Some None => true
            | Some (Some l) => follows learned (PM.add (neg l) tt falses) hs
            | None => false
            end
        end
    end.

  Definition falsify (c : clause) : PM.t unit :=
    fold_left (fun f l => PM.add l tt f) c (PM.empty unit).

  (* Steps are numbered from 1. *)
  Fixpoint refutes (number : positive) (learned : PM.t clause) (steps : list step) : bool :=
    match steps with
    | [] => false
    | Step c hs :: steps =>
        if follows learned (falsify c) hs then
          match c with
          | [] => true
          | _ => refutes (Pos.succ number) (PM.add number c learned) steps
          end
        else false
    end.

  Definition refuted (steps : list step) : bool := refutes 1 (PM.empty clause) steps.

  (* ---- soundness *)

  Variable a : assignment.
  Hypothesis given_holds : forall n c, given n = Some c -> holds a c.

  Definition all_false (f : PM.t unit) : Prop := forall l, PM.find l f <> None -> ev a l = false.
  Definition all_hold (learned : PM.t clause) : Prop :=
    forall n c, PM.find n learned = Some c -> holds a c.

  Lemma all_false_add f l : all_false f -> ev a l = false -> all_false (PM.add l tt f).
  Proof.
    intros H E k. destruct (Pos.eq_dec k l) as [->|N]; [auto|]. rewrite PM.gso by auto. apply H.
  Qed.

  Lemma rest_sound f : all_false f -> forall c u r, rest f c u = Some r ->
    (existsb (ev a) c = true \/ exists l, u = Some l /\ ev a l = true) ->
    exists l, r = Some l /\ ev a l = true.
  Proof.
    intro HF. induction c as [|l c IH]; intros u r; simpl.
    - intro E; inversion E; subst. intros [H|H]; [discriminate|exact H].
    - destruct (PM.find l f) eqn:El.
      + intros E H. apply (IH u r E). destruct H as [H|H]; [|auto].
        rewrite (HF l) in H by congruence. auto.
      + destruct u as [l'|].
        * destruct (Pos.eqb_spec l l') as [->|]; [|discriminate]. intros E H. apply (IH _ _ E).
          destruct H as [H|H]; [|auto]. apply orb_true_iff in H as [H|H]; eauto.
        * intros E H. apply (IH _ _ E). destruct H as [H|[? [? _]]]; [|discriminate].
          apply orb_true_iff in H as [H|H]; eauto.
  Qed.

  Lemma lookup_holds learned h c : all_hold learned -> lookup learned h = Some c -> holds a c.
  Proof. intro H. destruct h; simpl; [apply given_holds | apply H]. Qed.

  Lemma follows_sound learned : all_hold learned -> forall hs f,
    all_false f -> follows learned f hs = true -> False.
  Proof.
    intro Hd. induction hs as [|h hs IH]; intros f HF; simpl; [discriminate|].
    destruct (lookup learned h) as [c|] eqn:E; [|discriminate].
    apply (lookup_holds _ _ _ Hd) in E.
    destruct (rest f c None) as [[l|]|] eqn:Er; [| |discriminate].
    - intro H. refine (IH _ _ H).
      destruct (rest_sound f HF c None _ Er (or_introl E)) as (l' & El & Hl).
      inversion El; subst. apply all_false_add; auto. now rewrite ev_neg, Hl.
    - destruct (rest_sound f HF c None _ Er (or_introl E)) as (l' & El & Hl). discriminate.
  Qed.

  Lemma falsify_false c : existsb (ev a) c = false -> all_false (falsify c).
  Proof.
    unfold falsify. intro H.
    assert (forall f, all_false f -> all_false (fold_left (fun f l => PM.add l tt f) c f)) as G.
    { induction c as [|l c IH]; simpl in *; auto. apply orb_false_iff in H as [H1 H2].
      intros f HF. apply IH; auto. now apply all_false_add. }
    apply G. intros l. rewrite PM.gempty. congruence.
  Qed.

  Lemma refutes_sound steps : forall number learned,
    all_hold learned -> refutes number learned steps = true -> False.
  Proof.
    induction steps as [|[c hs] steps IH]; intros number learned Hd; simpl; [discriminate|].
    destruct (follows learned (falsify c) hs) eqn:E; [|discriminate].
    destruct (existsb (ev a) c) eqn:Ec.
    - destruct c as [|l c]; [discriminate|]. intro H. refine (IH _ _ _ H). intros k c'.
      destruct (Pos.eq_dec k number) as [->|N].
      + rewrite PM.gss. intro Q; inversion Q; subst. exact Ec.
      + rewrite PM.gso by auto. apply Hd.
    - exfalso. exact (follows_sound _ Hd _ _ (falsify_false c Ec) E).
  Qed.

  Theorem refuted_sound steps : refuted steps = true -> False.
  Proof. apply refutes_sound. intros n c. rewrite PM.gempty. discriminate. Qed.
End Check.
