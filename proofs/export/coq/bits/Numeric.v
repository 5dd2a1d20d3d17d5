(* The circuits of WebAssembly's numeric instructions, and that each agrees with Wasm.v. *)
From Coq Require Import PArith NArith ZArith List Bool Lia.
From Isotrace.Bits Require Import Lrat Gates Wasm Words.
Import ListNotations.
Local Open Scope N_scope.

Definition bit_count (w : width) : nat := match w with I32 => 32 | I64 => 64 end.
Definition log_count (w : width) : nat := match w with I32 => 5 | I64 => 6 end.

Lemma pow_bit_count w : pow (bit_count w) = modulus w.
Proof. destruct w; reflexivity. Qed.
Lemma pow_log_count w : pow (log_count w) = size w.
Proof. destruct w; reflexivity. Qed.
Lemma of_bit_count w : N.of_nat (bit_count w) = size w.
Proof. destruct w; reflexivity. Qed.

(* ---- signed numbers *)

Lemma num_last l : l <> [] ->
  num l = num (removelast l) + pow (length l - 1) * N.b2n (last l false).
Proof.
  intro H. rewrite (app_removelast_last false H) at 1. rewrite num_app. cbn [num].
  assert (length (removelast l) = length l - 1)%nat as ->.
  { rewrite (app_removelast_last false H) at 2. rewrite app_length. cbn. lia. }
  lia.
Qed.
Lemma removelast_length {A} (l : list A) : length (removelast l) = (length l - 1)%nat.
Proof.
  destruct l as [|x l]; [reflexivity|]. assert (x :: l <> []) as H by discriminate.
  rewrite (app_removelast_last x H) at 2. rewrite app_length. cbn [length]. lia.
Qed.

Lemma signed_sval w l : length l = bit_count w -> signed w (num l) = sval l (last l false).
Proof.
  intro L. assert (l <> []) as H by (destruct l, w; cbn in L; congruence).
  pose proof (num_last l H) as E. pose proof (num_bound (removelast l)) as B.
  rewrite removelast_length in B. rewrite L in *.
  rewrite sval_num, L, pow_bit_count. unfold signed, modulus.
  assert (pow (bit_count w - 1) = 2 ^ (size w - 1)) as P by (destruct w; reflexivity).
  rewrite P in *. rewrite E.
  destruct (last l false); cbn [N.b2n].
  - destruct (N.ltb_spec (num (removelast l) + 2 ^ (size w - 1) * 1) (2 ^ (size w - 1))); [lia|].
    f_equal. destruct w; reflexivity.
  - destruct (N.ltb_spec (num (removelast l) + 2 ^ (size w - 1) * 0) (2 ^ (size w - 1))); lia.
Qed.

Lemma unsigned_sval w l f : length l = bit_count w -> unsigned w (sval l f) = num l.
Proof.
  intro L. rewrite sval_num, L, pow_bit_count. unfold unsigned, modulus.
  pose proof (num_bound l) as B. rewrite L, pow_bit_count in B. unfold modulus in B.
  rewrite N2Z.inj_pow. change (Z.of_N 2) with 2%Z.
  assert (Z.of_N (num l) < 2 ^ Z.of_N (size w))%Z as B'.
  { change 2%Z with (Z.of_N 2). rewrite <- N2Z.inj_pow. lia. }
  assert (0 < 2 ^ Z.of_N (size w))%Z as P by (apply Z.pow_pos_nonneg; lia).
  destruct f.
  - replace (Z.of_N (num l) - 2 ^ Z.of_N (size w))%Z
      with (Z.of_N (num l) + (-1) * 2 ^ Z.of_N (size w))%Z by lia.
    rewrite Z.mod_add by lia. rewrite Z.mod_small by lia. apply N2Z.id.
  - rewrite Z.sub_0_r, Z.mod_small by lia. apply N2Z.id.
Qed.

Definition top (x : word) : lit := last x lfalse.
Lemma ev_top (a : assignment) x : a 1%positive = true -> ev a (top x) = last (bits a x) false.
Proof.
  intro T. unfold top, bits. induction x as [|l x IH]; [now rewrite ev_false|].
  cbn [map]. destruct x as [|m x]; [reflexivity|]. exact IH.
Qed.

Lemma signed_value (a : assignment) w x : a 1%positive = true -> length x = bit_count w ->
  signed w (value a x) = sval (bits a x) (ev a (top x)).
Proof. intros T L. rewrite ev_top by assumption. apply signed_sval. now rewrite bits_length. Qed.

(* With its highest bit inverted a word sorts as an unsigned number as it does signed. *)
Definition biased (x : word) : word := removelast x ++ [neg (top x)].

Lemma biased_length x : x <> [] -> length (biased x) = length x.
Proof.
  intro H. unfold biased. rewrite app_length, removelast_length. destruct x; [congruence|].
  cbn [length]. lia.
Qed.
Lemma value_biased (a : assignment) w x : a 1%positive = true -> length x = bit_count w ->
  Z.of_N (value a (biased x)) = (signed w (value a x) + 2 ^ (Z.of_N (size w) - 1))%Z.
Proof.
  intros T L. assert (x <> []) as H by (destruct x, w; cbn in L; congruence).
  rewrite signed_value, sval_num by assumption. unfold biased.
  rewrite value_app, removelast_length, bits_length.
  assert (num (bits a x) =
    value a (removelast x) + pow (length x - 1) * N.b2n (ev a (top x))) as ->.
  { fold (value a x). rewrite (app_removelast_last lfalse H) at 1.
    rewrite value_app, removelast_length. unfold top. do 2 f_equal. unfold value; cbn. lia. }
  assert (value a [neg (top x)] = N.b2n (negb (ev a (top x)))) as ->
    by (unfold value; cbn [bits map num]; rewrite ev_neg; lia).
  rewrite L. destruct w, (ev a (top x)); cbn [negb N.b2n bit_count size];
    change (Z.of_N (pow 32)) with (2 ^ 32)%Z; change (Z.of_N (pow 64)) with (2 ^ 64)%Z;
    change (pow (32 - 1)) with (2 ^ 31); change (pow (64 - 1)) with (2 ^ 63); lia.
Qed.

(* ---- operations *)

Definition amount (w : width) (y : word) : word := firstn (log_count w) y.
Lemma value_amount a w y : value a (amount w y) = value a y mod size w.
Proof. unfold amount. now rewrite value_firstn, pow_log_count. Qed.

Definition shl_words (w : width) (x y : word) : M word := stages shl_by 1 (amount w y) x.
Definition shr_words (w : width) (fill : lit) (x y : word) : M word :=
  stages (shr_by fill) 1 (amount w y) x.

Lemma shl_words_spec w x y : length x = bit_count w -> spec (shl_words w x y) (fun v r =>
  length r = bit_count w /\ value v r = shift_left w (value v x) (value v y)).
Proof.
  intro L. unfold shl_words. last_step shl_stages_spec. destruct H0 as [H1 H2].
  split; [congruence|]. rewrite H2, L, pow_bit_count, value_amount, N.mul_1_l. reflexivity.
Qed.

Lemma shr_words_sval w f x y : length x = bit_count w -> length y = bit_count w ->
  spec (shr_words w f x y) (fun v r => length r = bit_count w /\
  sval (bits v r) (ev v f) = (sval (bits v x) (ev v f) / 2 ^ Z.of_N (value v y mod size w))%Z).
Proof.
  intros L Ly. unfold shr_words. last_step shr_stages_spec.
  rewrite value_amount, Z.mul_1_l, L in H0. apply H0.
  unfold amount. rewrite firstn_length, Ly. destruct w; vm_compute; lia.
Qed.

Lemma shr_words_spec w x y : length x = bit_count w -> length y = bit_count w ->
  spec (shr_words w lfalse x y) (fun v r =>
  length r = bit_count w /\ value v r = shift_right w (value v x) (value v y)).
Proof.
  intros L Ly. last_step (shr_words_sval w lfalse x y L Ly). destruct H0 as [H1 H2].
  split; [exact H1|]. rewrite !sval_num, ev_false in H2 by assumption.
  rewrite !Z.sub_0_r in H2. apply N2Z.inj. unfold value, shift_right.
  rewrite H2, N2Z.inj_div, N2Z.inj_pow. reflexivity.
Qed.

Lemma shr_signed_spec w x y : length x = bit_count w -> length y = bit_count w ->
  spec (shr_words w (top x) x y) (fun v r => length r = bit_count w /\
  value v r = unsigned w (signed w (value v x) / 2 ^ Z.of_N (value v y mod size w))).
Proof.
  intros L Ly. last_step (shr_words_sval w (top x) x y L Ly). destruct H0 as [H1 H2].
  split; [exact H1|]. rewrite signed_value, <- H2, unsigned_sval by
    (assumption || rewrite bits_length; assumption). reflexivity.
Qed.

Definition zero (w : width) : word := constant (bit_count w) 0.
Lemma zero_length w : length (zero w) = bit_count w.
Proof. apply constant_length. Qed.
Lemma value_zero (a : assignment) w : a 1%positive = true -> value a (zero w) = 0.
Proof.
  intro T. unfold zero. rewrite value_constant by assumption. apply N.mod_0_l.
  pose proof (pow_pos (bit_count w)). lia.
Qed.

Lemma subtract_spec w x y : length x = bit_count w -> spec (sub_words x y) (fun v r =>
  length r = bit_count w /\ value v r = subtract w (value v x) (value v y)).
Proof.
  intro L. last_step sub_words_spec. destruct H0 as (_ & H2 & H3). rewrite L, pow_bit_count in *.
  auto.
Qed.

(* What it takes to rotate the other way round. *)
Definition opposite (w : width) (y : word) : M word :=
  z <- sub_words (zero w) y ;; if Nat.eqb (length z) (bit_count w) then ret z else fail.
Definition rotate (w : width) (x left right : word) : M word :=
  l <- shl_words w x left ;; r <- shr_words w lfalse x right ;; or_words l r.

Lemma rotate_spec w x y z : length x = bit_count w -> length z = bit_count w ->
  spec (rotate w x y z) (fun v r => value v r =
    N.lor (shift_left w (value v x) (value v y)) (shift_right w (value v x) (value v z))).
Proof.
  intros L Lz. unfold rotate. step (shl_words_spec w x y L). step (shr_words_spec w x z L Lz).
  last_step or_words_spec. destruct H0 as (_ & _ & ->). destruct H1 as [_ ->].
  destruct H2 as [_ ->]. reflexivity.
Qed.

Lemma opposite_spec w y (k : word -> M word) (Q : assignment -> word -> Prop) :
  (forall z, length z = bit_count w -> spec (k z) (fun v r =>
    value v z = subtract w 0 (value v y) -> Q v r)) ->
  spec (z <- opposite w y ;; k z) Q.
Proof.
  intros H s r s' E F. unfold opposite, bind in E.
  destruct (sub_words (zero w) y s) as [[z s1]|] eqn:E1; [|discriminate].
  destruct (Nat.eqb_spec (length z) (bit_count w)) as [L|]; [|discriminate].
  destruct (subtract_spec w (zero w) y (zero_length w) _ _ _ E1 F) as [F1 H1].
  destruct (H z L _ _ _ E F1) as [F2 H2]. split; [exact F2|]. intros v Hv.
  destruct (H2 v Hv) as [Hv1 HQ]. destruct (H1 v Hv1) as [Hv0 [_ Ez]]. split; [exact Hv0|].
  apply HQ. rewrite Ez, value_zero by apply Hv0. reflexivity.
Qed.

(* ---- division of signed numbers: of magnitudes, with the signs put back *)

Definition negate_word_if (c : lit) (x : word) : M word :=
  n <- sub_words (constant (length x) 0) x ;; choose_word c n x.

Definition signed_quotient (w : width) (n : bool) (q : N) : N :=
  if n then subtract w 0 q else q.

Lemma negate_word_if_spec w c x : spec (negate_word_if c x) (fun v r => length x = bit_count w ->
  length r = bit_count w /\ value v r = signed_quotient w (ev v c) (value v x)).
Proof.
  unfold negate_word_if. step sub_words_spec. last_step choose_word_spec.
  destruct H0 as (L1 & L2 & E), H1 as (L3 & L4 & E4). rewrite constant_length, H2 in *.
  split; [congruence|]. unfold signed_quotient. unfold value at 1. rewrite E.
  destruct (ev a c); [|reflexivity]. fold (value a x0). rewrite E4.
  rewrite value_constant, N.mod_0_l by (auto; pose proof (pow_pos (bit_count w)); lia).
  unfold subtract. now rewrite pow_bit_count.
Qed.

Definition divide_signed (x y : word) : M (word * word) :=
  b <- negate_word_if (top y) y ;; a <- negate_word_if (top x) x ;;
  '(q, r) <- divide a b ;;
  c <- xor2 (top x) (top y) ;; q <- negate_word_if c q ;;
  r <- negate_word_if (top x) r ;; ret (q, r).

Lemma subtract_zero w q : q < modulus w -> subtract w 0 q = unsigned w (- Z.of_N q).
Proof.
  intro H. unfold subtract, unsigned. rewrite N.add_0_l. apply N2Z.inj.
  assert (0 < 2 ^ Z.of_N (size w))%Z as P by (apply Z.pow_pos_nonneg; lia).
  rewrite Z2N.id by (apply Z.mod_pos_bound; exact P).
  unfold modulus in *. rewrite N2Z.inj_mod, N2Z.inj_sub, N2Z.inj_pow by lia.
  change (Z.of_N 2) with 2%Z.
  rewrite <- (Z.mod_add (- Z.of_N q) 1) by lia. f_equal. lia.
Qed.

Lemma unsigned_small w q : q < modulus w -> unsigned w (Z.of_N q) = q.
Proof.
  intro H. unfold unsigned, modulus in *. rewrite Z.mod_small.
  - apply N2Z.id.
  - split; [lia|]. change 2%Z with (Z.of_N 2). rewrite <- N2Z.inj_pow. lia.
Qed.

Lemma signed_negative (a : assignment) w x : a 1%positive = true -> length x = bit_count w ->
  ev a (top x) = (signed w (value a x) <? 0)%Z /\
  Z.of_N (signed_quotient w (ev a (top x)) (value a x)) = Z.abs (signed w (value a x)).
Proof.
  intros T L. pose proof (value_bound a x) as B. rewrite L, pow_bit_count in B.
  pose proof (signed_value a w x T L) as S. rewrite sval_num, bits_length, L, pow_bit_count in S.
  fold (value a x) in S.
  assert (value a x = value a x) as E by reflexivity.
  unfold value at 1 in E. rewrite (num_last (bits a x)) in E
    by (destruct x, w; cbn in L; discriminate).
  rewrite <- ev_top, bits_length, L in E by assumption.
  pose proof (num_bound (removelast (bits a x))) as B2.
  rewrite removelast_length, bits_length, L in B2.
  assert (modulus w = 2 * pow (bit_count w - 1)) as M by (destruct w; reflexivity).
  destruct (ev a (top x)); cbn [N.b2n] in E; unfold signed_quotient.
  - rewrite S. split; [symmetry; apply Z.ltb_lt; lia|].
    unfold subtract. rewrite N.add_0_l, N.mod_small by lia. lia.
  - rewrite S. split; [symmetry; apply Z.ltb_ge; lia|]. lia.
Qed.

Lemma divide_signed_spec w x y : length x = bit_count w -> length y = bit_count w ->
  spec (divide_signed x y) (fun v r => value v y <> 0 ->
    value v (fst r) = unsigned w (Z.quot (signed w (value v x)) (signed w (value v y))) /\
    value v (snd r) = unsigned w (Z.rem (signed w (value v x)) (signed w (value v y)))).
Proof.
  intros Lx Ly. unfold divide_signed.
  step (negate_word_if_spec w). step (negate_word_if_spec w). step divide_spec.
  destruct x2 as [q r]. step xor2_spec. step (negate_word_if_spec w).
  step (negate_word_if_spec w). finish. cbn [fst snd] in *.
  destruct (H3 Lx) as [La Ea], (H4 Ly) as [Lb Eb], H2 as (Lq & Lr & D).
  destruct H0 as [L1 E1]; [congruence|]. destruct H as [L2 E2]; [congruence|].
  destruct (signed_negative v w x T Lx) as [Sx Ax], (signed_negative v w y T Ly) as [Sy Ay].
  rewrite <- Ea in Ax. rewrite <- Eb in Ay.
  set (X := signed w (value v x)) in *. set (Y := signed w (value v y)) in *.
  assert (value v x0 <> 0) as NB.
  { intro Z. rewrite Z in Ay. assert (Y = 0)%Z as Y0 by lia. clear - Y0 H5 Ly Y T.
    pose proof (value_bound v y) as B. rewrite Ly, pow_bit_count in B. unfold Y, signed in Y0.
    unfold modulus in B. destruct (value v y <? 2 ^ (size w - 1)); [lia|].
    assert (Z.of_N (value v y) < 2 ^ Z.of_N (size w))%Z.
    { change 2%Z with (Z.of_N 2). rewrite <- N2Z.inj_pow. lia. } lia. }
  destruct (D NB) as [D1 D2].
  pose proof (value_bound v q) as Bq. pose proof (value_bound v r) as Br.
  rewrite Lq, La, pow_bit_count in Bq. rewrite Lr, Lb, pow_bit_count in Br.
  assert (Z.of_N (value v q) = Z.quot (Z.abs X) (Z.abs Y))%Z as Q1.
  { rewrite Z.quot_div_nonneg by lia. apply (Z.div_unique _ _ _ (Z.of_N (value v r))); lia. }
  assert (Z.of_N (value v r) = Z.rem (Z.abs X) (Z.abs Y))%Z as R1.
  { rewrite Z.rem_mod_nonneg by lia. apply (Z.mod_unique _ _ (Z.of_N (value v q))); lia. }
  assert (forall b n, n < modulus w ->
    signed_quotient w b n = unsigned w (if b then - Z.of_N n else Z.of_N n)%Z) as SQ.
  { intros [|] n Hn; cbn; [now apply subtract_zero|symmetry; now apply unsigned_small]. }
  rewrite E1, E2, !SQ by assumption. rewrite H1, Sx, Sy, Q1, R1.
  assert (Y <> 0)%Z as NY by lia.
  split; f_equal.
  - destruct (Z.ltb_spec X 0), (Z.ltb_spec Y 0); cbn [xorb];
      rewrite ?(Z.abs_neq X), ?(Z.abs_neq Y), ?(Z.abs_eq X), ?(Z.abs_eq Y) by lia;
      rewrite ?Z.quot_opp_opp, ?Z.quot_opp_l, ?Z.quot_opp_r by lia; lia.
  - destruct (Z.ltb_spec X 0), (Z.ltb_spec Y 0);
      rewrite ?(Z.abs_neq X), ?(Z.abs_neq Y), ?(Z.abs_eq X), ?(Z.abs_eq Y) by lia;
      rewrite ?Z.rem_opp_opp, ?Z.rem_opp_l, ?Z.rem_opp_r by lia; lia.
Qed.

(* The result, and when there is none. *)
Definition circuit (w : width) (op : binary) (x y : word) : M (word * lit) :=
  let total (m : M word) : M (word * lit) := r <- m ;; ret (r, lfalse) in
  match op with
  | Plus => total (add_words x y)
  | Minus => total (sub_words x y)
  | Times => total (mul_words x y)
  | AndBits => total (and_words x y)
  | OrBits => total (or_words x y)
  | XorBits => total (xor_words x y)
  | DivU => c <- nonzero y ;; '(q, _) <- divide x y ;; ret (q, neg c)
  | RemU => c <- nonzero y ;; '(_, r) <- divide x y ;; ret (r, neg c)
  | Shl => total (shl_words w x y)
  | ShrU => total (shr_words w lfalse x y)
  | ShrS => total (shr_words w (top x) x y)
  | Rotl => total (z <- opposite w y ;; rotate w x y z)
  | Rotr => total (z <- opposite w y ;; rotate w x z y)
  | DivS =>
      c <- nonzero y ;; lo <- equal x (constant (bit_count w) (2 ^ (size w - 1))) ;;
      hi <- equal y (constant (bit_count w) (modulus w - 1)) ;; o <- conj2 lo hi ;;
      '(q, _) <- divide_signed x y ;; t <- disj2 (neg c) o ;; ret (q, t)
  | RemS => c <- nonzero y ;; '(_, r) <- divide_signed x y ;; ret (r, neg c)
  end.

Definition numeric (w : width) (op : binary) (x y : word) : M (word * lit) :=
  if Nat.eqb (length x) (bit_count w) && Nat.eqb (length y) (bit_count w)
  then circuit w op x y else fail.

Definition gives (o : option N) (v : assignment) (r : word * lit) : Prop :=
  match o with
  | None => ev v (snd r) = true
  | Some z => ev v (snd r) = false /\ value v (fst r) = z
  end.

Lemma total_spec (m : M word) (f : assignment -> N) :
  spec m (fun v r => value v r = f v) ->
  spec (r <- m ;; ret (r, lfalse)) (fun v r => gives (Some (f v)) v r).
Proof.
  intro H. step H. finish. cbn. split; [now rewrite T | exact H0].
Qed.

Lemma numeric_spec w op x y : spec (numeric w op x y) (fun v r =>
  gives (compute w op (value v x) (value v y)) v r).
Proof.
  unfold numeric. destruct (Nat.eqb_spec (length x) (bit_count w)) as [L|]; [|apply spec_fail].
  destruct (Nat.eqb_spec (length y) (bit_count w)) as [Ly|]; [cbn [andb]|apply spec_fail].
  pose proof (pow_bit_count w) as P. rewrite <- L in P.
  destruct op; cbn [circuit compute]; try apply spec_fail; try apply total_spec.
  - last_step add_words_spec. destruct H0 as (_ & _ & ->). now rewrite P.
  - last_step (subtract_spec w x y L). apply H0.
  - last_step mul_words_spec. destruct H0 as [_ ->]. now rewrite P.
  - step nonzero_spec. step equal_spec. step equal_spec. step conj2_spec.
    step (divide_signed_spec w x y L Ly). destruct x4 as [q r]. step disj2_spec. finish.
    cbn [fst snd] in *. destruct H2 as [_ H2], H3 as [_ H3].
    rewrite !constant_small in * by (auto; rewrite pow_bit_count; destruct w; reflexivity).
    rewrite H1, H2, H3, ev_neg, H4, negb_involutive in *. unfold overflows.
    destruct (N.eqb_spec (value v y) 0) as [E|N]; cbn [orb gives fst snd]; [now rewrite H|].
    destruct ((value v x =? _) && _); cbn [gives fst snd orb] in *; [exact H|].
    split; [exact H|]. now apply H0.
  - step nonzero_spec. step divide_spec. destruct x1 as [q r]. finish. cbn [fst snd] in *.
    destruct H as (_ & _ & H). destruct (N.eqb_spec (value v y) 0) as [E|N]; cbn [gives fst snd];
      rewrite ev_neg, H0; [reflexivity|]. split; [reflexivity|]. destruct (H N) as [H1 H2].
    apply (N.div_unique _ _ _ (value v r)); lia.
  - step nonzero_spec. step (divide_signed_spec w x y L Ly). destruct x1 as [q r]. finish.
    cbn [fst snd] in *. destruct (N.eqb_spec (value v y) 0) as [E|N]; cbn [gives fst snd];
      rewrite ev_neg, H0; [reflexivity|]. split; [reflexivity|]. now apply H.
  - step nonzero_spec. step divide_spec. destruct x1 as [q r]. finish. cbn [fst snd] in *.
    destruct H as (_ & _ & H). destruct (N.eqb_spec (value v y) 0) as [E|N]; cbn [gives fst snd];
      rewrite ev_neg, H0; [reflexivity|]. split; [reflexivity|]. destruct (H N) as [H1 H2].
    apply (N.mod_unique _ _ (value v q)); lia.
  - last_step and_words_spec. apply H0.
  - last_step or_words_spec. apply H0.
  - last_step xor_words_spec. apply H0.
  - last_step (shl_words_spec w x y L). apply H0.
  - last_step (shr_signed_spec w x y L Ly). apply H0.
  - last_step (shr_words_spec w x y L Ly). apply H0.
  - apply opposite_spec. intros z Lz. last_step rotate_spec; auto. now rewrite H0, H1.
  - apply opposite_spec. intros z Lz. last_step rotate_spec; auto. now rewrite H0, H1.
Qed.

(* ---- comparisons *)

Definition comparison (w : width) (r : relation) (x y : word) : M lit :=
  if Nat.eqb (length x) (bit_count w) && Nat.eqb (length y) (bit_count w) then
    let inverse (m : M lit) : M lit := c <- m ;; ret (neg c) in
    match r with
    | Eq => equal x y
    | Ne => inverse (equal x y)
    | LtU => less x y
    | GtU => less y x
    | LeU => inverse (less y x)
    | GeU => inverse (less x y)
    | LtS => less (biased x) (biased y)
    | GtS => less (biased y) (biased x)
    | LeS => inverse (less (biased y) (biased x))
    | GeS => inverse (less (biased x) (biased y))
    end
  else fail.

Lemma less_signed_spec w x y : length x = bit_count w -> length y = bit_count w ->
  spec (less (biased x) (biased y)) (fun v c =>
    ev v c = (signed w (value v x) <? signed w (value v y))%Z).
Proof.
  intros Lx Ly. last_step less_spec. destruct H0 as [_ ->].
  pose proof (value_biased a w x H Lx) as Ex. pose proof (value_biased a w y H Ly) as Ey.
  destruct (N.ltb_spec (value a (biased x)) (value a (biased y)));
    destruct (Z.ltb_spec (signed w (value a x)) (signed w (value a y))); auto; exfalso; lia.
Qed.

Lemma inverse_spec (m : M lit) (f : assignment -> bool) :
  spec m (fun v c => ev v c = f v) -> spec (c <- m ;; ret (neg c)) (fun v c => ev v c = negb (f v)).
Proof. intro H. step H. finish. now rewrite ev_neg, H0. Qed.

Lemma comparison_spec w r x y : spec (comparison w r x y) (fun v c =>
  ev v c = related w r (value v x) (value v y)).
Proof.
  unfold comparison. destruct (Nat.eqb_spec (length x) (bit_count w)) as [Lx|]; [|apply spec_fail].
  destruct (Nat.eqb_spec (length y) (bit_count w)) as [Ly|]; [cbn [andb]|apply spec_fail].
  destruct r; cbn [related]; try apply inverse_spec; try (now apply less_signed_spec).
  1, 2: last_step equal_spec. 3-6: last_step less_spec.
  all: apply H0.
Qed.

(* ---- parts of words *)

Definition extend_word (w : width) (n : nat) (with_sign : bool) (x : word) : M word :=
  if Nat.leb 1 n && Nat.leb n (bit_count w) && Nat.leb n (length x) then
    let low := firstn n x in
    ret (low ++ repeat (if with_sign then top low else lfalse) (bit_count w - n))
  else fail.

Lemma num_repeat f n : num (repeat f n) = if f then pow n - 1 else 0.
Proof.
  induction n as [|n IH]; cbn [repeat num]; [now destruct f|]. rewrite IH, pow_S.
  pose proof (pow_pos n). destruct f; cbn [N.b2n]; lia.
Qed.

Lemma extend_word_spec w n sgn x : spec (extend_word w n sgn x) (fun v r =>
  value v r = extend w (N.of_nat n) sgn (value v x)).
Proof.
  unfold extend_word.
  destruct (Nat.leb_spec 1 n) as [L1|]; [cbn [andb]|apply spec_fail].
  destruct (Nat.leb_spec n (bit_count w)) as [L2|]; [cbn [andb]|apply spec_fail].
  destruct (Nat.leb_spec n (length x)) as [L3|]; [|apply spec_fail].
  finish. rewrite value_app. rewrite firstn_length_le by assumption. unfold extend.
  fold (pow n). rewrite <- value_firstn. set (low := firstn n x).
  assert (length low = n) as L by (unfold low; now rewrite firstn_length_le).
  assert (value v (repeat (if sgn then top low else lfalse) (bit_count w - n)) =
          if ev v (if sgn then top low else lfalse) then pow (bit_count w - n) - 1 else 0) as ->.
  { unfold value, bits. rewrite <- num_repeat. f_equal.
    generalize (bit_count w - n)%nat. intro k. induction k; cbn; congruence. }
  assert (pow n * pow (bit_count w - n) = modulus w) as P.
  { rewrite <- pow_add, <- pow_bit_count. f_equal. lia. }
  pose proof (pow_pos (bit_count w - n)) as Q.
  assert (pow n * (pow (bit_count w - n) - 1) = modulus w - pow n) as R
    by (rewrite N.mul_sub_distr_l, P, N.mul_1_r; reflexivity).
  destruct sgn; cbn [andb].
  2:{ rewrite ev_false by assumption. lia. }
  assert (low <> []) as Hl by (destruct low; cbn in L; [lia|discriminate]).
  rewrite ev_top by assumption.
  assert (bits v low <> []) as Hb by (destruct low; cbn; congruence).
  assert (2 ^ (N.of_nat n - 1) = pow (n - 1)) as E1 by (unfold pow; f_equal; lia).
  rewrite E1. pose proof (num_last _ Hb) as E. rewrite bits_length, L in E.
  pose proof (num_bound (removelast (bits v low))) as B.
  rewrite removelast_length, bits_length, L in B. fold (value v low) in E.
  destruct (last (bits v low) false); cbn [N.b2n] in E;
    destruct (N.leb_spec (pow (n - 1)) (value v low)); lia.
Qed.

(* ---- a truth value as a number *)

Definition truth_word (c : lit) : word := c :: constant 31 0.
Lemma truth_word_length c : length (truth_word c) = 32%nat.
Proof. reflexivity. Qed.
Lemma value_truth_word (a : assignment) c : a 1%positive = true ->
  value a (truth_word c) = truth (ev a c).
Proof.
  intro T. unfold truth_word. rewrite value_cons, value_constant by assumption.
  rewrite N.mod_0_l by discriminate. now destruct (ev a c).
Qed.

(* Ones below the first set bit, from a place on; the width where there is none. *)
Fixpoint trailing_from (w : width) (i : N) (x : word) : M word :=
  match x with
  | [] => ret (constant (bit_count w) i)
  | b :: x => r <- trailing_from w (i + 1) x ;; choose_word b (constant (bit_count w) i) r
  end.
(* k: how many zeros and bits stand above. *)
Fixpoint leading_from (w : width) (k : N) (found x : word) : M word :=
  match x with
  | [] => ret found
  | b :: x =>
      r <- choose_word b (constant (bit_count w) (k - 1)) found ;; leading_from w (k - 1) r x
  end.
Fixpoint ones_from (sum : word) (x : word) : M word :=
  match x with
  | [] => ret sum
  | b :: x => '(s, _) <- add sum (constant (length sum) 0) b ;; ones_from s x
  end.

Definition trailing (l : list bool) : N :=
  match num l with N0 => N.of_nat (length l) | Npos p => zeros_below p end.

Lemma num_cons b l : num (b :: l) = N.b2n b + 2 * num l.
Proof. reflexivity. Qed.
Lemma trailing_cons b l : trailing (b :: l) = if b then 0 else 1 + trailing l.
Proof.
  unfold trailing. rewrite num_cons. cbn [length]. destruct b; cbn [N.b2n].
  - destruct (num l); reflexivity.
  - rewrite Nat2N.inj_succ. destruct (num l); [|reflexivity].
    change (N.succ (N.of_nat (length l)) = 1 + N.of_nat (length l)). lia.
Qed.

Lemma trailing_from_spec w x : forall i, spec (trailing_from w i x) (fun v r =>
  i + N.of_nat (length x) < modulus w ->
  length r = bit_count w /\ value v r = i + trailing (bits v x)).
Proof.
  induction x as [|b x IH]; intro i; cbn [trailing_from].
  - finish. split; [apply constant_length|]. rewrite constant_small; auto.
    + unfold trailing; cbn. lia.
    + rewrite pow_bit_count. cbn [length] in H. lia.
  - step IH. last_step choose_word_spec. destruct H0 as (L1 & L2 & E). cbn [length] in H2.
    destruct H1 as [L3 E3]; [lia|]. split; [rewrite L2; apply constant_length|].
    cbn [bits map]. rewrite trailing_cons. unfold value at 1. rewrite E.
    destruct (ev a b).
    + fold (value a (constant (bit_count w) i)). rewrite constant_small; [lia|auto|].
      rewrite pow_bit_count. lia.
    + fold (value a x0). rewrite E3. fold (bits a x). lia.
Qed.

Definition ones_of (n : N) : N := match n with N0 => 0 | Npos p => ones p end.
Lemma ones_cons b n : ones_of (N.b2n b + 2 * n) = N.b2n b + ones_of n.
Proof. destruct b, n; cbn; lia. Qed.
Lemma ones_small l : ones_of (num l) <= N.of_nat (length l).
Proof.
  induction l as [|b l IH]; [cbn; lia|]. rewrite num_cons, ones_cons. cbn [length].
  destruct b; cbn [N.b2n]; lia.
Qed.

Lemma ones_from_spec x : forall sum, spec (ones_from sum x) (fun v r =>
  value v sum + N.of_nat (length x) < pow (length sum) ->
  length r = length sum /\ value v r = value v sum + ones_of (value v x)).
Proof.
  induction x as [|b x IH]; intro sum; cbn [ones_from].
  - finish. split; [reflexivity|]. change (value v []) with 0. cbn. lia.
  - step add_spec. destruct x0 as [s c]. last_step IH. cbn [fst snd length] in *.
    destruct H1 as (_ & L & E). rewrite value_constant, N.mod_0_l in E
      by (auto; pose proof (pow_pos (length sum)); lia).
    pose proof (value_bound a s) as B. rewrite L in *.
    assert (value a s = value a sum + N.b2n (ev a b)) as Es.
    { destruct (ev a c), (ev a b); cbn [N.b2n] in *; lia. }
    destruct H0 as [L2 E2]; [rewrite Es; destruct (ev a b); cbn [N.b2n]; lia|].
    split; [congruence|]. rewrite E2, Es, value_cons, ones_cons. lia.
Qed.

Lemma size_cons b n : N.size (N.b2n b + 2 * n) =
  if n =? 0 then N.b2n b else 1 + N.size n.
Proof. destruct n as [|p]; [now destruct b|]. rewrite N.add_1_l. now destruct b. Qed.

Lemma leading_from_spec w x : forall k found, spec (leading_from w k found x) (fun v r =>
  length found = bit_count w -> N.of_nat (length x) <= k -> k <= modulus w ->
  length r = bit_count w /\
  value v r = if value v x =? 0 then value v found else k - N.size (value v x)).
Proof.
  induction x as [|b x IH]; intros k found; cbn [leading_from].
  - finish. split; [assumption|reflexivity].
  - step choose_word_spec. last_step IH. destruct H1 as (L1 & L2 & E). cbn [length] in H3.
    rewrite constant_length in L2. rewrite value_cons, size_cons.
    destruct H0 as [L E2]; [assumption|lia|lia|]. split; [exact L|]. rewrite E2.
    destruct (N.eqb_spec (value a x) 0) as [Z|NZ].
    + rewrite Z. unfold value at 1. rewrite E. destruct (ev a b); cbn [N.b2n].
      * fold (value a (constant (bit_count w) (k - 1))). rewrite constant_small
          by (auto; rewrite pow_bit_count; lia). reflexivity.
      * reflexivity.
    + assert (N.b2n (ev a b) + 2 * value a x =? 0 = false) as -> by (apply N.eqb_neq; lia).
      lia.
Qed.

Definition counted (w : width) (op : unary) (x : word) : M word :=
  if Nat.eqb (length x) (bit_count w) then
    match op with
    | Eqz => c <- equal x (zero w) ;; ret (truth_word c)
    | Ctz => trailing_from w 0 x
    | Clz => leading_from w (size w) (constant (bit_count w) (size w)) x
    | Popcnt => ones_from (constant (bit_count w) 0) x
    end
  else fail.

Lemma counted_spec w op x : spec (counted w op x) (fun v r => value v r = count w op (value v x)).
Proof.
  unfold counted. destruct (Nat.eqb_spec (length x) (bit_count w)) as [L|]; [|apply spec_fail].
  assert (size w < modulus w) as S by (destruct w; reflexivity).
  destruct op; cbn [count].
  - last_step leading_from_spec. rewrite L, of_bit_count, constant_length in H0.
    destruct H0 as [_ ->]; [reflexivity|lia|lia|].
    destruct (N.eqb_spec (value a x) 0) as [->|]; [|reflexivity].
    rewrite constant_small by (auto; rewrite pow_bit_count; exact S). cbn. lia.
  - last_step trailing_from_spec. rewrite L, of_bit_count in H0. destruct H0 as [_ ->]; [lia|].
    unfold trailing. rewrite bits_length, L, of_bit_count. fold (value a x).
    now destruct (value a x).
  - last_step ones_from_spec. rewrite constant_length, pow_bit_count, L, of_bit_count in H0.
    rewrite value_constant, N.mod_0_l in H0 by (auto; pose proof (pow_pos (bit_count w)); lia).
    destruct H0 as [_ ->]; [exact S|]. now destruct (value a x).
  - step equal_spec. finish. destruct H as [_ H]. now rewrite value_truth_word, H, value_zero.
Qed.
