(* Dyadic numbers: the only numbers that the checker computes with.

   A dyadic number is a pair (mantissa, exponent) of integers and means mantissa * 2^exponent. Sums
   and products are exact; [floor_to] and [ceil_to] move a number to another exponent and round
   outward, so that mantissas stay short. Everything is proved over Q, without axioms. *)
From Coq Require Import ZArith QArith Qabs Qminmax Qpower Lia Lqa.
Local Open Scope Q_scope.

Definition pow2 (e : Z) : Q := 2 ^ e.
(* The meaning of mantissa m at exponent e. *)
Definition at_exp (e m : Z) : Q := inject_Z m * pow2 e.

Lemma inject_plus a b : inject_Z (a + b) == inject_Z a + inject_Z b.
Proof. rewrite inject_Z_plus. reflexivity. Qed.
Lemma inject_mult a b : inject_Z (a * b) == inject_Z a * inject_Z b.
Proof. rewrite inject_Z_mult. reflexivity. Qed.
Lemma inject_opp a : inject_Z (- a) == - inject_Z a.
Proof. rewrite inject_Z_opp. reflexivity. Qed.
Lemma inject_minus a b : inject_Z (a - b) == inject_Z a - inject_Z b.
Proof. unfold Z.sub. rewrite inject_plus, inject_opp. reflexivity. Qed.
Lemma inject_le a b : (a <= b)%Z -> inject_Z a <= inject_Z b.
Proof. rewrite <- Zle_Qle. auto. Qed.
Lemma inject_lt a b : (a < b)%Z -> inject_Z a < inject_Z b.
Proof. rewrite <- Zlt_Qlt. auto. Qed.
Lemma inject_nonneg a : (0 <= a)%Z -> 0 <= inject_Z a.
Proof. apply inject_le. Qed.
Lemma inject_abs a : inject_Z (Z.abs a) == Qabs (inject_Z a).
Proof. reflexivity. Qed.

Lemma pow2_pos e : 0 < pow2 e.
Proof. apply Qpower_0_lt. reflexivity. Qed.
Lemma pow2_plus a b : pow2 (a + b) == pow2 a * pow2 b.
Proof. apply Qpower_plus. discriminate. Qed.
Lemma pow2_of_nonneg k : (0 <= k)%Z -> pow2 k == inject_Z (2 ^ k).
Proof. intro H. unfold pow2. rewrite (Zpower_Qpower 2 k H). reflexivity. Qed.

Lemma at_exp_le e a b : (a <= b)%Z -> at_exp e a <= at_exp e b.
Proof. intro H. apply inject_le in H. unfold at_exp. pose proof (pow2_pos e). nra. Qed.
Lemma at_exp_plus e a b : at_exp e (a + b) == at_exp e a + at_exp e b.
Proof. unfold at_exp. rewrite inject_plus. ring. Qed.
Lemma at_exp_opp e a : at_exp e (- a) == - at_exp e a.
Proof. unfold at_exp. rewrite inject_opp. ring. Qed.
Lemma at_exp_zero e : at_exp e 0 == 0.
Proof. unfold at_exp. ring. Qed.
Lemma at_exp_nonneg e a : (0 <= a)%Z -> 0 <= at_exp e a.
Proof. intro H. rewrite <- (at_exp_zero e). now apply at_exp_le. Qed.

(* Changing the exponent: exact if the new one is not larger, rounded outward otherwise. *)
Definition floor_to (e' e m : Z) : Z := Z.shiftl m (e - e').
Definition ceil_to (e' e m : Z) : Z := - floor_to e' e (- m).

Lemma shiftl_exact e k m : (0 <= k)%Z -> at_exp e (Z.shiftl m k) == at_exp (k + e) m.
Proof.
  intro H. unfold at_exp. rewrite Z.shiftl_mul_pow2, inject_mult, pow2_plus by exact H.
  rewrite (pow2_of_nonneg k H). ring.
Qed.
Lemma floor_to_exact e' e m : (e' <= e)%Z -> at_exp e' (floor_to e' e m) == at_exp e m.
Proof.
  intro H. unfold floor_to. rewrite shiftl_exact by lia. now replace (e - e' + e')%Z with e by lia.
Qed.
Lemma floor_to_le e' e m : at_exp e' (floor_to e' e m) <= at_exp e m.
Proof.
  destruct (Z_le_gt_dec e' e) as [H|H].
  - rewrite floor_to_exact by exact H. apply Qle_refl.
  - unfold floor_to. rewrite Z.shiftl_div_pow2 by lia.
    replace (- (e - e'))%Z with (e' - e)%Z by lia. set (k := (e' - e)%Z).
    assert (0 < 2 ^ k)%Z as Hk by (apply Z.pow_pos_nonneg; unfold k; lia).
    pose proof (Z.mul_div_le m (2 ^ k) Hk) as D. apply inject_le in D. rewrite inject_mult in D.
    rewrite <- (pow2_of_nonneg k) in D by (unfold k; lia).
    unfold at_exp. replace e' with (k + e)%Z by (unfold k; lia). rewrite pow2_plus.
    pose proof (pow2_pos e). nra.
Qed.
Lemma ceil_to_ge e' e m : at_exp e m <= at_exp e' (ceil_to e' e m).
Proof.
  unfold ceil_to. rewrite at_exp_opp. pose proof (floor_to_le e' e (- m)) as H.
  rewrite at_exp_opp in H. lra.
Qed.
Lemma ceil_to_nonneg e' e m : (0 <= m)%Z -> (0 <= ceil_to e' e m)%Z.
Proof.
  intro H. unfold ceil_to, floor_to. enough (Z.shiftl (- m) (e - e') <= 0)%Z by lia.
  destruct (Z.eq_dec m 0) as [->|N].
  - now rewrite Z.shiftl_0_l.
  - apply Z.lt_le_incl, Z.shiftl_neg. lia.
Qed.

(* Scalars *)
Definition dyadic : Type := Z * Z.
Definition meaning (d : dyadic) : Q := at_exp (snd d) (fst d).

Definition align (a b : dyadic) : Z * Z * Z :=
  let e := Z.min (snd a) (snd b) in (floor_to e (snd a) (fst a), floor_to e (snd b) (fst b), e).
Definition plus (a b : dyadic) : dyadic := let '(x, y, e) := align a b in ((x + y)%Z, e).
Definition opp (a : dyadic) : dyadic := ((- fst a)%Z, snd a).
Definition leb (a b : dyadic) : bool := let '(x, y, _) := align a b in (x <=? y)%Z.
Definition maximum (a b : dyadic) : dyadic := if leb a b then b else a.
Definition minimum (a b : dyadic) : dyadic := if leb a b then a else b.

Lemma plus_spec a b : meaning (plus a b) == meaning a + meaning b.
Proof.
  unfold plus, align, meaning. cbn [fst snd]. rewrite at_exp_plus, !floor_to_exact by lia. reflexivity.
Qed.
Lemma opp_spec a : meaning (opp a) == - meaning a.
Proof. apply at_exp_opp. Qed.
Lemma leb_true a b : leb a b = true -> meaning a <= meaning b.
Proof.
  unfold leb, align, meaning. intro H. apply Z.leb_le in H. set (e := Z.min (snd a) (snd b)) in *.
  apply (at_exp_le e) in H. rewrite !floor_to_exact in H by (unfold e; lia). exact H.
Qed.
Lemma leb_false a b : leb a b = false -> meaning b < meaning a.
Proof.
  unfold leb, align, meaning. intro H. apply Z.leb_gt in H. set (e := Z.min (snd a) (snd b)) in *.
  apply inject_lt in H. pose proof (pow2_pos e).
  assert (at_exp e (floor_to e (snd b) (fst b)) < at_exp e (floor_to e (snd a) (fst a))) as G
    by (unfold at_exp; nra).
  rewrite !floor_to_exact in G by (unfold e; lia). exact G.
Qed.
Lemma maximum_le a b q : meaning a <= q -> meaning b <= q -> meaning (maximum a b) <= q.
Proof. unfold maximum. destruct (leb a b); auto. Qed.
Lemma minimum_ge a b q : q <= meaning a -> q <= meaning b -> q <= meaning (minimum a b).
Proof. unfold minimum. destruct (leb a b); auto. Qed.
