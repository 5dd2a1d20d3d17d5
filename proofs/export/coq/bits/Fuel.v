(* More fuel changes nothing but runs that ran out of it, so what a call comes to is one thing. *)
From Coq Require Import Arith NArith List Bool Lia.
From Isotrace.Bits Require Import Wasm.
Import ListNotations.

Lemma sequence_more (r1 r2 : instruction -> state -> outcome)
  (H : forall i s, r1 i s <> OutOfFuel -> r2 i s = r1 i s) l : forall s,
  sequence r1 l s <> OutOfFuel -> sequence r2 l s = sequence r1 l s.
Proof.
  induction l as [|i l IH]; intros s N; cbn [sequence] in *; [reflexivity|].
  rewrite H; [|intro E; rewrite E in N; congruence]. destruct (r1 i s); auto.
Qed.

Lemma run_more m fuel : forall i s, run m fuel i s <> OutOfFuel ->
  run m (S fuel) i s = run m fuel i s.
Proof.
  induction fuel as [|fuel IH]; intros i s N; [cbn in N; congruence|].
  pose proof (sequence_more _ _ IH) as Seq.
  remember (S fuel) as more eqn:E. rewrite E in N |- * at 2. cbn [run] in *.
  assert (forall l t, sequence (run m fuel) l t <> OutOfFuel ->
    sequence (run m more) l t = sequence (run m fuel) l t) as Seq' by (subst; exact Seq).
  assert (forall j t, run m fuel j t <> OutOfFuel -> run m more j t = run m fuel j t) as IH'
    by (subst; exact IH).
  clear Seq IH E. destruct i; try reflexivity.
  - rewrite Seq'; [reflexivity|]. intro E. rewrite E in N. now apply N.
  - rewrite Seq' by (intro E; rewrite E in N; now apply N).
    destruct (sequence _ _ _) as [|[|n] t| | | |]; auto.
  - destruct (stack s); [reflexivity|]. rewrite Seq'; [reflexivity|].
    intro E. rewrite E in N. now apply N.
  - destruct (nth_error (functions m) f); [|reflexivity]. rewrite Seq'; [reflexivity|].
    intro E. rewrite E in N. now apply N.
Qed.

Lemma run_much_more m fuel more i s : (fuel <= more)%nat -> run m fuel i s <> OutOfFuel ->
  run m more i s = run m fuel i s.
Proof.
  induction 1 as [|more L IH]; intro N; [reflexivity|].
  rewrite run_more; rewrite IH; auto.
Qed.

Theorem run_deterministic m fuel1 fuel2 i s :
  run m fuel1 i s <> OutOfFuel -> run m fuel2 i s <> OutOfFuel ->
  run m fuel1 i s = run m fuel2 i s.
Proof.
  intros N1 N2. destruct (Nat.le_ge_cases fuel1 fuel2) as [L|L].
  - symmetry. now apply run_much_more.
  - now apply run_much_more.
Qed.

(* A call does not branch out of the function. *)
Lemma call_ends m fuel f s : match run m fuel (Call f) s with
  | Branch _ _ | Returning _ => False | _ => True end.
Proof.
  destruct fuel; cbn; [exact I|]. destruct (nth_error (functions m) f); [|exact I].
  destruct (sequence _ _ _); exact I.
Qed.
