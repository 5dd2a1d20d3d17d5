(* Exact values of floats as rationals, and sums over the operands of a row in any order. *)
From Coq Require Import ZArith NArith QArith Qabs Qreals Reals List Permutation Mergesort Orders Lia Lqa Lra.
From Flocq Require Import Core BinarySingleNaN.
From Isotrace.Core Require Import Dyadic Network Rows.
From Isotrace.Float Require Import Execution Rounding.
Import ListNotations.

(* ---- rationals as real numbers ---- *)

Lemma Q2R_integer z : Q2R (inject_Z z) = IZR z.
Proof. unfold Q2R, inject_Z. simpl. field. Qed.
Lemma Q2R_pow2 e : Q2R (pow2 e) = bpow radix2 e.
Proof.
  assert (forall k, (0 <= k)%Z -> Q2R (pow2 k) = bpow radix2 k) as nonneg.
  { intros k Hk. rewrite (Qeq_eqR _ _ (pow2_of_nonneg k Hk)), Q2R_integer.
    exact (IZR_Zpower radix2 k Hk). }
  destruct (Z_le_gt_dec 0 e) as [H|H]; [now apply nonneg|].
  assert (Q2R (pow2 e) * Q2R (pow2 (- e)) = 1)%R as P.
  { rewrite <- Q2R_mult. rewrite <- (Qeq_eqR _ _ (pow2_plus e (- e))).
    replace (e + - e)%Z with 0%Z by lia. unfold Q2R, pow2. simpl. field. }
  rewrite (nonneg (- e)%Z) in P by lia. rewrite bpow_opp in P.
  pose proof (bpow_gt_0 radix2 e) as B.
  apply Rmult_eq_reg_r with (/ bpow radix2 e)%R; [|apply Rinv_neq_0_compat; Lra.lra].
  rewrite P. field. Lra.lra.
Qed.
Lemma Q2R_at_exp e z : Q2R (at_exp e z) = (IZR z * bpow radix2 e)%R.
Proof. unfold at_exp. now rewrite Q2R_mult, Q2R_integer, Q2R_pow2. Qed.
Lemma Q2R_abs q : Q2R (Qabs q) = Rabs (Q2R q).
Proof.
  assert (Q2R 0 = 0%R) as Z0 by (unfold Q2R; simpl; Lra.lra).
  apply (Qabs_case q (fun a => Q2R a = Rabs (Q2R q))); intro H; apply Qle_Rle in H; rewrite Z0 in H.
  - now rewrite Rabs_pos_eq.
  - now rewrite Q2R_opp, Rabs_left1.
Qed.
Lemma Q2R_value a : Q2R (value a) = real a.
Proof.
  destruct a as [s|s| |s m e H]; try (unfold Q2R; simpl; Lra.lra).
  cbn [value]. rewrite Q2R_at_exp. unfold B2R, F2R. cbn [Fnum Fexp]. now destruct s.
Qed.

(* ---- constants ---- *)

(* Whether z / 2^scale is a binary32 value: 24 bits, multiples of 2^-149, below 2^128. *)
Definition representable (scale : N) (z : Z) : bool :=
  let k := Z.max 0 (Z.max (Z.log2 (Z.abs z) - 23) (Z.of_N scale - 149)) in
  if (Z.log2 (Z.abs z) - Z.of_N scale <? 128)%Z then (Z.shiftl (Z.shiftr z k) k =? z)%Z else false.

Lemma representable_spec scale z : representable scale z = true ->
  is_finite (number scale z) = true /\ real (number scale z) = (IZR z * bpow radix2 (- Z.of_N scale))%R.
Proof.
  unfold representable. set (k := Z.max 0 _). assert (0 <= k)%Z as Hk by (unfold k; lia).
  destruct (Z.ltb_spec (Z.log2 (Z.abs z) - Z.of_N scale) 128) as [Hl|]; [|discriminate].
  intro E. apply Z.eqb_eq in E.
  rewrite Z.shiftl_mul_pow2, Z.shiftr_div_pow2 in E by exact Hk.
  set (m := (z / 2 ^ k)%Z) in *.
  set (r := (IZR z * bpow radix2 (- Z.of_N scale))%R).
  assert (r = F2R (Float radix2 m (k - Z.of_N scale))) as F.
  { unfold r, F2R. cbn [Fnum Fexp]. rewrite <- E, mult_IZR.
    unfold Z.sub. rewrite bpow_plus.
    rewrite <- (IZR_Zpower radix2 k Hk). change (radix_val radix2) with 2%Z. ring. }
  assert (Z.abs z < 2 ^ (Z.log2 (Z.abs z) + 1))%Z as Hz.
  { destruct (Z.eq_dec z 0) as [->|N]; [reflexivity|].
    pose proof (Z.log2_spec (Z.abs z) ltac:(lia)) as [_ L].
    now replace (Z.log2 (Z.abs z) + 1)%Z with (Z.succ (Z.log2 (Z.abs z))) by lia. }
  assert (format r) as G.
  { apply generic_format_FLT. apply FLT_spec with (Float radix2 m (k - Z.of_N scale)); cbn [Fnum Fexp].
    - exact F.
    - change (radix_val radix2) with 2%Z. apply Z.mul_lt_mono_pos_r with (2 ^ k)%Z.
      + now apply Z.pow_pos_nonneg.
      + rewrite <- (Z.abs_eq (2 ^ k)) at 1 by (apply Z.pow_nonneg; lia).
        rewrite <- Z.abs_mul, E, <- Z.pow_add_r by lia.
        apply Z.lt_le_trans with (1 := Hz). apply Z.pow_le_mono_r; unfold k; lia.
    - unfold k. lia. }
  pose proof (binary_normalize_correct 24 128 _ _ mode_NE z (- Z.of_N scale) false) as C. cbv zeta in C.
  change (F2R (Float radix2 z (- Z.of_N scale))) with r in C.
  rewrite round_generic in C; [|apply valid_rnd_round_mode | exact G].
  rewrite Rlt_bool_true in C.
  - destruct C as (C1 & C2 & _). split; assumption.
  - unfold r. rewrite Rabs_mult, <- abs_IZR, (Rabs_pos_eq (bpow _ _)) by apply bpow_ge_0.
    apply Rlt_le_trans with (IZR (2 ^ (Z.log2 (Z.abs z) + 1)) * bpow radix2 (- Z.of_N scale))%R.
    + apply Rmult_lt_compat_r; [apply bpow_gt_0 | now apply IZR_lt].
    + pose proof (Z.log2_nonneg (Z.abs z)).
      change 2%Z with (radix_val radix2) at 1. rewrite IZR_Zpower by lia.
      rewrite <- bpow_plus. apply bpow_le. lia.
Qed.

(* ---- sums over terms ---- *)

Open Scope Q_scope.
Fixpoint terms_total (f : Z -> Q -> Q) (ts : list (N * Z)) (h : list Q) {struct ts} : Q :=
  match ts with
  | [] => 0
  | t :: ts' => f (snd t) (nth (N.to_nat (fst t)) h 0) + terms_total f ts' h
  end.

Lemma terms_total_app f ts us h : terms_total f (ts ++ us) h == terms_total f ts h + terms_total f us h.
Proof.
  induction ts as [|t ts IH]; cbn [app terms_total]; [ring|]. rewrite IH. ring.
Qed.
Lemma terms_total_permutation f h ts us : Permutation ts us -> terms_total f ts h == terms_total f us h.
Proof.
  induction 1; cbn [terms_total]; try reflexivity.
  - now rewrite IHPermutation.
  - ring.
  - now rewrite IHPermutation1.
Qed.

Lemma skipn_cons {A} (d : A) : forall i (l : list A),
  skipn i l = match skipn i l with [] => [] | _ => nth i l d :: skipn (S i) l end.
Proof.
  induction i as [|i IH]; intros [|a l]; try reflexivity. cbn [skipn nth]. rewrite (IH l) at 1.
  destruct (skipn i l); reflexivity.
Qed.
Lemma nth_past {A} (d : A) i (l : list A) : skipn i l = [] -> forall j, (i <= j)%nat -> nth j l d = d.
Proof.
  intros E j H. apply nth_overflow. assert (length (skipn i l) = O) as L by now rewrite E.
  rewrite skipn_length in L. lia.
Qed.

Lemma skipn_twice {A} a : forall b (l : list A), skipn a (skipn b l) = skipn (b + a) l.
Proof.
  induction b as [|b IH]; intros l; [reflexivity|]. destruct l; [destruct a; reflexivity | apply IH].
Qed.

Section Totals.
  Variable f : Z -> Q -> Q.
  Hypothesis f_zero : forall w, f w 0 == 0.

  Lemma piece_terms_past ws : forall i h, skipn (N.to_nat i) h = [] -> terms_total f (piece_terms i ws) h == 0.
  Proof.
    induction ws as [|w ws IH]; intros i h E; cbn [piece_terms terms_total]; [reflexivity|].
    cbn [fst snd]. rewrite (nth_past 0 _ _ E) by lia. rewrite f_zero, IH; [ring|].
    rewrite N2Nat.inj_succ. apply skipn_all2. pose proof (f_equal (@length Q) E) as L.
    rewrite skipn_length in L. cbn [length] in L. lia.
  Qed.
  Lemma piece_terms_total ws : forall i h,
    terms_total f (piece_terms i ws) h == piece_total f ws (skipn (N.to_nat i) h).
  Proof.
    induction ws as [|w ws IH]; intros i h; [reflexivity|].
    rewrite (skipn_cons 0 (N.to_nat i) h). destruct (skipn (N.to_nat i) h) as [|q here] eqn:E.
    - rewrite piece_terms_past by exact E. reflexivity.
    - cbn [piece_terms terms_total piece_total fst snd]. rewrite IH, N2Nat.inj_succ. reflexivity.
  Qed.
  Lemma row_terms_total r : forall i h,
    terms_total f (row_terms i r) h == row_total f r (skipn (N.to_nat i) h).
  Proof.
    induction r as [|[gap ws] r IH]; intros i h; [reflexivity|].
    cbn [row_terms row_total]. rewrite terms_total_app, piece_terms_total, IH.
    rewrite !skipn_twice, !N2Nat.inj_add, Nat2N.id. reflexivity.
  Qed.
End Totals.

(* Terms with zero weight do not count, and neither does the order. *)
Definition counts (t : N * Z) : bool := negb (snd t =? 0)%Z.
Module ByOperand <: TotalLeBool.
  Definition t : Type := N * Z.
  Definition leb (a b : t) : bool := (fst a <=? fst b)%N.
  Lemma leb_total a b : leb a b = true \/ leb b a = true.
  Proof. unfold leb. rewrite !N.leb_le. lia. Qed.
End ByOperand.
Module TermSort := Sort ByOperand.
Fixpoint equal_terms (ts us : list (N * Z)) {struct ts} : bool :=
  match ts, us with
  | [], [] => true
  | t :: ts', u :: us' =>
      if (fst t =? fst u)%N then if (snd t =? snd u)%Z then equal_terms ts' us' else false else false
  | _, _ => false
  end.
Definition same_terms (ts us : list (N * Z)) : bool :=
  equal_terms (TermSort.sort (filter counts ts)) (TermSort.sort (filter counts us)).

Lemma equal_terms_spec ts : forall us, equal_terms ts us = true -> ts = us.
Proof.
  induction ts as [|[i w] ts IH]; intros [|[j v] us] H; try discriminate; [reflexivity|].
  cbn [equal_terms fst snd] in H. destruct (N.eqb_spec i j) as [->|]; [|discriminate].
  destruct (Z.eqb_spec w v) as [->|]; [|discriminate]. f_equal. now apply IH.
Qed.
Lemma counted_total f ts h : (forall q, f 0%Z q == 0) ->
  terms_total f (filter counts ts) h == terms_total f ts h.
Proof.
  intro f_zero. induction ts as [|[i w] ts IH]; [reflexivity|].
  cbn [filter]. unfold counts at 1. cbn [snd]. destruct (Z.eqb_spec w 0) as [->|N]; cbn [negb terms_total fst snd].
  - rewrite IH, f_zero. ring.
  - rewrite IH. reflexivity.
Qed.
Lemma same_terms_total f ts us h : (forall q, f 0%Z q == 0) -> same_terms ts us = true ->
  terms_total f ts h == terms_total f us h.
Proof.
  intros f_zero H. apply equal_terms_spec in H.
  rewrite <- (counted_total f ts), <- (counted_total f us) by exact f_zero.
  rewrite (terms_total_permutation f h _ _ (TermSort.Permuted_sort (filter counts ts))), H.
  symmetry. apply terms_total_permutation, TermSort.Permuted_sort.
Qed.

Lemma same_row_product r ts h : same_terms ts (row_terms 0 r) = true ->
  row_total product r h == terms_total product ts h.
Proof.
  intro H. rewrite (same_terms_total product ts _ h) with (2 := H) by (intro; unfold product; apply Qmult_0_l).
  rewrite row_terms_total; [reflexivity|]. intro. unfold product. apply Qmult_0_r.
Qed.
Lemma same_row_absolute r ts h : same_terms ts (row_terms 0 r) = true ->
  row_total absolute_product r h == terms_total absolute_product ts h.
Proof.
  intro H. rewrite (same_terms_total absolute_product ts _ h) with (2 := H)
    by (intro; unfold absolute_product; apply Qmult_0_l).
  rewrite row_terms_total; [reflexivity|]. intro. unfold absolute_product. apply Qmult_0_r.
Qed.
