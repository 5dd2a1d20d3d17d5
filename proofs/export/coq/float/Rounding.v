(* Rounding errors of sums in binary32. With u = 2^-24 and n operations on each path, a computed sum of
   products differs from the exact one by at most

       ((1 + u)^n - 1) * (sum of absolute products) + n (1 + u)^n 2^-150,

   and that is at most gamma_n * (sum of absolute products) + n 2^-149, the bound of Network.v. *)
From Coq Require Import ZArith Reals Lra Lia.
From Flocq Require Import Core Relative Plus_error BinarySingleNaN.
From Isotrace.Float Require Import Execution.
Local Open Scope R_scope.

Notation real := (@B2R 24 128).
Definition u : R := bpow radix2 (-24).
Definition tiny : R := bpow radix2 (-150).
Definition growth (n : nat) : R := (1 + u) ^ n.
Definition error_bound (n : nat) (size : R) : R := (growth n - 1) * size + INR n * growth n * tiny.

(* The float t is the sum [exact] up to the error of n operations; [size] bounds what is added up. *)
Definition sums_to (n : nat) (size exact : R) (t : binary32) : Prop :=
  is_finite t = true /\ Rabs exact <= size /\ Rabs (real t - exact) <= error_bound n size.

(* ---- powers of 1 + u ---- *)

Lemma u_value : u = / 16777216.
Proof. reflexivity. Qed.
Lemma u_pos : 0 < u.
Proof. apply bpow_gt_0. Qed.
Lemma tiny_pos : 0 < tiny.
Proof. apply bpow_gt_0. Qed.
Lemma growth_one n : 1 <= growth n.
Proof. unfold growth. apply pow_R1_Rle. pose proof u_pos. lra. Qed.
Lemma growth_S n : growth (S n) = (1 + u) * growth n.
Proof. reflexivity. Qed.
Lemma growth_mono a b : (a <= b)%nat -> growth a <= growth b.
Proof. intro H. unfold growth. apply Rle_pow; [pose proof u_pos; lra | exact H]. Qed.
Lemma growth_gamma n : INR n * u < 1 -> growth n * (1 - INR n * u) <= 1.
Proof.
  induction n as [|n IH]; intro H; [unfold growth; simpl; lra|].
  rewrite S_INR in *. pose proof u_pos as U. rewrite growth_S.
  pose proof (growth_one n) as G. pose proof (pos_INR n) as N.
  specialize (IH ltac:(lra)).
  apply Rle_trans with (2 := IH).
  assert ((1 + u) * (1 - (INR n + 1) * u) <= 1 - INR n * u) as E by nra.
  replace ((1 + u) * growth n * (1 - (INR n + 1) * u))
    with (growth n * ((1 + u) * (1 - (INR n + 1) * u))) by ring.
  apply Rmult_le_compat_l; lra.
Qed.
Lemma small_count n : (n <= Z.to_nat (2 ^ 23))%nat -> INR n * u <= / 2.
Proof.
  intro H. apply le_INR in H. rewrite INR_IZR_INZ in H at 1. rewrite INR_IZR_INZ in H.
  rewrite Z2Nat.id in H by lia. change (2 ^ 23)%Z with 8388608%Z in H.
  rewrite INR_IZR_INZ, u_value. lra.
Qed.
Lemma growth_two n : (n <= Z.to_nat (2 ^ 23))%nat -> growth n <= 2.
Proof.
  intro H. apply small_count in H. pose proof (growth_gamma n ltac:(lra)). pose proof (growth_one n). nra.
Qed.

Lemma error_bound_nonneg n size : 0 <= size -> 0 <= error_bound n size.
Proof.
  intro H. unfold error_bound. pose proof (growth_one n). pose proof (pos_INR n). pose proof tiny_pos.
  assert (0 <= INR n * growth n) by (apply Rmult_le_pos; lra).
  assert (0 <= INR n * growth n * tiny) by (apply Rmult_le_pos; lra).
  assert (0 <= (growth n - 1) * size) by (apply Rmult_le_pos; lra). lra.
Qed.
Lemma error_bound_mono a b size size' : (a <= b)%nat -> 0 <= size -> size <= size' ->
  error_bound a size <= error_bound b size'.
Proof.
  intros H Hs Hss. unfold error_bound. pose proof (growth_mono a b H) as G. pose proof (growth_one a).
  pose proof tiny_pos. apply le_INR in H. pose proof (pos_INR a). apply Rplus_le_compat.
  - apply Rmult_le_compat; lra.
  - apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat; lra.
Qed.
(* One more operation on a path. *)
Lemma error_bound_step n size size' e : 0 <= size -> size <= size' -> e <= error_bound n size ->
  u * (size' + e) + e + tiny <= error_bound (S n) size'.
Proof.
  intros Hs Hss He. pose proof u_pos as U. pose proof tiny_pos as T. pose proof (growth_one n) as G.
  apply Rle_trans with (u * size' + (1 + u) * error_bound n size' + tiny).
  - assert (e <= error_bound n size') as E
      by (apply Rle_trans with (1 := He); apply error_bound_mono; auto).
    nra.
  - unfold error_bound. rewrite growth_S, S_INR. pose proof (pos_INR n).
    assert (1 <= (1 + u) * growth n) by nra. 
    assert (tiny <= (1 + u) * growth n * tiny) by nra. nra.
Qed.
(* Two sums are added; the addition itself has no underflow error. *)
Lemma error_bound_join a b size size' e e' : (1 <= a)%nat -> (1 <= b)%nat -> 0 <= size -> 0 <= size' ->
  e <= error_bound a size -> e' <= error_bound b size' ->
  u * (size + size' + (e + e')) + (e + e') <= error_bound (a + b) (size + size').
Proof.
  intros Ha Hb Hs Hs' He He'. pose proof u_pos as U. pose proof tiny_pos as T.
  apply Rle_trans with (u * (size + size') + (1 + u) * (error_bound a size + error_bound b size')); [nra|].
  unfold error_bound. set (m := Nat.max a b).
  pose proof (growth_mono a m ltac:(lia)) as Ga. pose proof (growth_mono b m ltac:(lia)) as Gb.
  pose proof (growth_mono (S m) (a + b) ltac:(lia)) as Gm. rewrite growth_S in Gm.
  pose proof (growth_one m) as G. rewrite plus_INR.
  pose proof (le_INR 1 a Ha) as Na. pose proof (le_INR 1 b Hb) as Nb. simpl in Na, Nb.
  set (x := INR a) in *. set (y := INR b) in *.
  assert (u * (size + size') + (1 + u) * ((growth a - 1) * size + (growth b - 1) * size')
          <= (growth (a + b) - 1) * (size + size')) as S1.
  { apply Rle_trans with (u * (size + size') + (1 + u) * ((growth m - 1) * (size + size'))).
    - assert ((growth a - 1) * size <= (growth m - 1) * size) by (apply Rmult_le_compat_r; lra).
      assert ((growth b - 1) * size' <= (growth m - 1) * size') by (apply Rmult_le_compat_r; lra). nra.
    - assert (0 <= size + size') by lra. nra. }
  assert ((1 + u) * (x * growth a * tiny + y * growth b * tiny) <= (x + y) * growth (a + b) * tiny) as S2.
  { apply Rle_trans with ((x + y) * ((1 + u) * growth m) * tiny).
    - assert (x * growth a <= x * growth m) by (apply Rmult_le_compat_l; lra).
      assert (y * growth b <= y * growth m) by (apply Rmult_le_compat_l; lra).
      apply Rle_trans with ((1 + u) * ((x * growth m + y * growth m) * tiny)); [|right; ring].
      apply Rmult_le_compat_l; [lra|]. nra.
    - apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat_l; lra. }
  lra.
Qed.

(* ---- single operations ---- *)

Definition format : R -> Prop := generic_format radix2 (FLT_exp (-149) 24).
Definition rounded (r : R) : R := round radix2 (FLT_exp (-149) 24) ZnearestE r.

Lemma real_format (a : binary32) : format (real a).
Proof. apply (generic_format_B2R 24 128 a). Qed.
Lemma rounded_error r : exists eps eta,
  Rabs eps <= u /\ Rabs eta <= tiny /\ rounded r = r * (1 + eps) + eta.
Proof.
  destruct (error_N_FLT radix2 (-149) 24 eq_refl (fun x => negb (Z.even x)) r)
    as (eps & eta & He & Hn & _ & E).
  exists eps, eta. repeat split; [| |exact E].
  - replace u with (/ 2 * bpow radix2 (- 24 + 1)) by (unfold u; simpl; lra). exact He.
  - replace tiny with (/ 2 * bpow radix2 (-149)); [exact Hn|].
    unfold tiny. replace (-149)%Z with (-150 + 1)%Z by lia. rewrite bpow_plus. simpl (bpow radix2 1). lra.
Qed.
Lemma rounded_sum_error r s : format r -> format s -> exists eps,
  Rabs eps <= u /\ rounded (r + s) = (r + s) * (1 + eps).
Proof.
  intros Hr Hs.
  destruct (@FLT_plus_error_N_ex radix2 (-149) 24 eq_refl (fun x => negb (Z.even x)) r s Hr Hs) as (eps & He & E).
  exists eps. split; [|exact E].
  assert (u_ro radix2 24 = u) as W by (unfold u_ro, u; simpl; lra). rewrite W in He.
  apply Rle_trans with (1 := He). pose proof u_pos.
  apply Rmult_le_reg_r with (1 + u); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. nra.
Qed.

Definition largest_size : R := bpow radix2 126.
Lemma in_range r : Rabs r <= 3 * largest_size -> Rlt_bool (Rabs r) (bpow radix2 128) = true.
Proof.
  intro H. apply Rlt_bool_true. apply Rle_lt_trans with (1 := H). unfold largest_size.
  replace 128%Z with (126 + 2)%Z by lia. rewrite bpow_plus. pose proof (bpow_gt_0 radix2 126).
  simpl (bpow radix2 2). lra.
Qed.
(* What is near a sum of moderate size is in range. *)
Lemma near_in_range n size exact r : (n <= Z.to_nat (2 ^ 23))%nat -> size <= largest_size ->
  Rabs exact <= size -> Rabs (r - exact) <= error_bound n size -> Rabs r <= 3 * largest_size.
Proof.
  intros Hn Hs He Hr. pose proof (growth_two n Hn) as G. pose proof (growth_one n).
  pose proof (Rabs_pos exact). pose proof tiny_pos as T. pose proof (small_count n Hn) as N. pose proof (pos_INR n).
  assert (Rabs r <= Rabs exact + Rabs (r - exact)) as Tr.
  { replace r with (exact + (r - exact)) at 1 by ring. apply Rabs_triang. }
  assert (INR n * growth n * tiny <= largest_size) as S.
  { assert (INR n <= 8388608) as N' by (rewrite u_value in N; lra).
    apply Rle_trans with (bpow radix2 24 * tiny).
    - apply Rmult_le_compat_r; [lra|]. simpl (bpow radix2 24). nra.
    - unfold tiny, largest_size. rewrite <- bpow_plus. apply bpow_le. lia. }
  unfold error_bound in Hr. nra.
Qed.

Lemma rounding_near (r s : R) eps eta size e :
  Rabs eps <= u -> Rabs eta <= tiny -> Rabs (r - s) <= e -> Rabs s <= size ->
  Rabs (r * (1 + eps) + eta - s) <= u * (size + e) + e + tiny.
Proof.
  intros He Hn Hr Hs.
  replace (r * (1 + eps) + eta - s) with ((r - s) + (r * eps + eta)) by ring.
  eapply Rle_trans; [apply Rabs_triang|].
  assert (Rabs (r * eps + eta) <= (size + e) * u + tiny); [|lra].
  eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [|exact Hn].
  rewrite Rabs_mult. apply Rmult_le_compat; try apply Rabs_pos; [|exact He].
  replace r with (s + (r - s)) by ring. eapply Rle_trans; [apply Rabs_triang|]. lra.
Qed.

Lemma fma_sums_to n size exact (w h t : binary32) :
  sums_to n size exact t -> is_finite w = true -> is_finite h = true -> (S n <= Z.to_nat (2 ^ 23))%nat ->
  size + Rabs (real w * real h) <= largest_size ->
  sums_to (S n) (size + Rabs (real w * real h)) (exact + real w * real h) (fma w h t).
Proof.
  intros (Ft & Hs & He) Fw Fh Hn Hmax. set (p := real w * real h) in *.
  assert (Rabs (exact + p) <= size + Rabs p) as Hs'
    by (eapply Rle_trans; [apply Rabs_triang | lra]).
  pose proof (Bfma_correct 24 128 _ _ mode_NE w h t Fw Fh Ft) as C. cbv zeta in C.
  change (round _ _ _ _) with (rounded (p + real t)) in C.
  destruct (rounded_error (p + real t)) as (eps & eta & Heps & Heta & E).
  assert (Rabs (rounded (p + real t) - (exact + p)) <= error_bound (S n) (size + Rabs p)) as B.
  { rewrite E. pose proof (Rabs_pos exact). pose proof (Rabs_pos p).
    eapply Rle_trans; [apply rounding_near with (size := size + Rabs p) (e := Rabs (real t - exact)); auto|].
    - replace (p + real t - (exact + p)) with (real t - exact) by ring. apply Rle_refl.
    - apply error_bound_step with size; auto; lra. }
  rewrite (in_range _ (near_in_range (S n) _ _ _ Hn Hmax Hs' B)) in C.
  destruct C as (C1 & C2 & _). repeat split; auto. unfold fma. rewrite C1. exact B.
Qed.

Lemma add_sums_to a b size size' exact exact' (c t : binary32) :
  sums_to a size exact c -> sums_to b size' exact' t -> (1 <= a)%nat -> (1 <= b)%nat ->
  (a + b <= Z.to_nat (2 ^ 23))%nat -> size + size' <= largest_size ->
  sums_to (a + b) (size + size') (exact + exact') (add c t).
Proof.
  intros (Fc & Hc & Ec) (Ft & Ht & Et) Ha Hb Hn Hmax.
  assert (Rabs (exact + exact') <= size + size') as Hs
    by (eapply Rle_trans; [apply Rabs_triang | lra]).
  pose proof (Bplus_correct 24 128 _ _ mode_NE c t Fc Ft) as C.
  change (round _ _ _ _) with (rounded (real c + real t)) in C.
  destruct (rounded_sum_error (real c) (real t) (real_format c) (real_format t)) as (eps & Heps & E).
  assert (Rabs (rounded (real c + real t) - (exact + exact')) <= error_bound (a + b) (size + size')) as B.
  { rewrite E. set (d := real c - exact) in *. set (d' := real t - exact') in *.
    pose proof (Rabs_pos exact). pose proof (Rabs_pos exact'). pose proof u_pos.
    eapply Rle_trans; [|apply (error_bound_join a b size size' (Rabs d) (Rabs d')); auto; lra].
    replace ((real c + real t) * (1 + eps) - (exact + exact'))
      with ((d + d') + (exact + exact' + (d + d')) * eps) by (unfold d, d'; ring).
    eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult.
    pose proof (Rabs_triang d d') as T1.
    pose proof (Rabs_triang (exact + exact') (d + d')) as T2.
    pose proof (Rabs_pos (exact + exact' + (d + d'))) as P.
    assert (Rabs (exact + exact' + (d + d')) * Rabs eps
            <= (size + size' + (Rabs d + Rabs d')) * u) by (apply Rmult_le_compat; auto using Rabs_pos; lra).
    lra. }
  rewrite (in_range _ (near_in_range (a + b) _ _ _ Hn Hmax Hs B)) in C.
  destruct C as (C1 & C2 & _). repeat split; auto. unfold add. rewrite C1. exact B.
Qed.

(* A float is the sum of itself. *)
Lemma itself_sums_to n (a : binary32) : is_finite a = true -> sums_to n (Rabs (real a)) (real a) a.
Proof.
  intro H. repeat split; [exact H | apply Rle_refl|].
  replace (real a - real a) with 0 by ring. rewrite Rabs_R0. apply error_bound_nonneg, Rabs_pos.
Qed.
Lemma zero_sums_to : sums_to 0 0 0 zero.
Proof.
  pose proof (itself_sums_to 0 zero eq_refl) as H. simpl (real zero) in H. now rewrite Rabs_R0 in H.
Qed.

(* One rounding of any exact value. *)
Lemma one_rounding (p : binary32) exact size :
  (Rabs (rounded exact) <= 3 * largest_size -> real p = rounded exact /\ is_finite p = true) ->
  Rabs exact <= size -> size <= 2 * largest_size -> sums_to 1 size exact p.
Proof.
  intros Hp Hs Hmax. destruct (rounded_error exact) as (eps & eta & He & Hn & E).
  pose proof (Rabs_pos exact) as P.
  assert (Rabs (rounded exact) <= 3 * largest_size) as B.
  { rewrite E. eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult.
    assert (Rabs (1 + eps) <= 1 + u) as A.
    { eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_R1. lra. }
    assert (tiny <= / 2 * largest_size) as T.
    { unfold tiny, largest_size. apply Rle_trans with (bpow radix2 (-1 + 126)); [apply bpow_le; lia|].
      rewrite bpow_plus. simpl (bpow radix2 (-1)). lra. }
    pose proof (Rabs_pos (1 + eps)). rewrite u_value in A.
    assert (Rabs exact * Rabs (1 + eps) <= 2 * largest_size * (1 + / 16777216))
      by (apply Rmult_le_compat; lra). lra. }
  destruct (Hp B) as [V F]. unfold sums_to. rewrite V. repeat split; auto.
  rewrite E. eapply Rle_trans; [apply (rounding_near exact exact eps eta size 0); auto|].
  - replace (exact - exact) with 0 by ring. rewrite Rabs_R0. lra.
  - apply error_bound_step with size; try lra. apply error_bound_nonneg. lra.
Qed.
Lemma multiply_sums_to (a b : binary32) : is_finite a = true -> is_finite b = true ->
  Rabs (real a * real b) <= 2 * largest_size ->
  sums_to 1 (Rabs (real a * real b)) (real a * real b) (multiply a b).
Proof.
  intros Fa Fb H. apply one_rounding; [|apply Rle_refl | exact H]. intro Hr.
  pose proof (Bmult_correct 24 128 _ _ mode_NE a b) as C.
  change (round _ _ _ _) with (rounded (real a * real b)) in C. rewrite (in_range _ Hr) in C.
  rewrite Fa, Fb in C. tauto.
Qed.
Lemma divide_sums_to (a b : binary32) : is_finite a = true -> real b <> 0 ->
  Rabs (real a / real b) <= 2 * largest_size ->
  sums_to 1 (Rabs (real a / real b)) (real a / real b) (divide a b).
Proof.
  intros Fa Hb H. apply one_rounding; [|apply Rle_refl | exact H]. intro Hr.
  pose proof (Bdiv_correct 24 128 _ _ mode_NE a b Hb) as C.
  change (round _ _ _ _) with (rounded (real a / real b)) in C. rewrite (in_range _ Hr) in C.
  rewrite Fa in C. tauto.
Qed.
(* An addition of two floats rounds once. *)
Lemma add_one_sums_to (a b : binary32) : is_finite a = true -> is_finite b = true ->
  Rabs (real a) + Rabs (real b) <= 2 * largest_size ->
  sums_to 1 (Rabs (real a) + Rabs (real b)) (real a + real b) (add a b).
Proof.
  intros Fa Fb H. apply one_rounding; [|apply Rabs_triang | exact H]. intro Hr.
  pose proof (Bplus_correct 24 128 _ _ mode_NE a b Fa Fb) as C.
  change (round _ _ _ _) with (rounded (real a + real b)) in C. rewrite (in_range _ Hr) in C. tauto.
Qed.

(* ---- the bound of Network.v ---- *)

Lemma error_bound_gamma n m size : (n <= m)%nat -> (m <= Z.to_nat (2 ^ 23))%nat -> 0 <= size ->
  error_bound n size <= INR m * u / (1 - INR m * u) * size + INR m * bpow radix2 (-149).
Proof.
  intros Hnm Hm Hs. pose proof (small_count m Hm) as M.
  pose proof (growth_gamma m ltac:(lra)) as G. pose proof (growth_one m) as G1. pose proof (growth_two m Hm) as G2.
  pose proof (pos_INR m) as N. pose proof tiny_pos as T.
  apply Rle_trans with (error_bound m size); [apply error_bound_mono; auto; lra|].
  unfold error_bound. apply Rplus_le_compat.
  - apply Rmult_le_compat_r; [exact Hs|].
    apply Rmult_le_reg_r with (1 - INR m * u); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. nra.
  - replace (bpow radix2 (-149)) with (2 * tiny)
      by (unfold tiny; replace (-149)%Z with (1 + -150)%Z by lia; now rewrite bpow_plus).
    assert (INR m * growth m <= INR m * 2) by (apply Rmult_le_compat_l; lra). nra.
Qed.
