(* Words of literals, lowest bit first, the circuits of WebAssembly's operations on them, and proofs
   that each computes what Wasm.v says. *)
From Coq Require Import PArith NArith ZArith List Bool Lia.
From Isotrace.Bits Require Import Lrat Gates Wasm.
Import ListNotations.
Local Open Scope N_scope.

Notation word := (list lit) (only parsing).

Fixpoint num (l : list bool) : N :=
  match l with [] => 0 | b :: l => N.b2n b + 2 * num l end.
Definition bits (a : assignment) (w : word) : list bool := map (ev a) w.
Definition value (a : assignment) (w : word) : N := num (bits a w).

Definition pow (n : nat) : N := 2 ^ N.of_nat n.
Lemma pow_0 : pow 0 = 1. Proof. reflexivity. Qed.
Lemma pow_S n : pow (S n) = 2 * pow n.
Proof. unfold pow. rewrite Nat2N.inj_succ, N.pow_succ_r'. reflexivity. Qed.
Lemma pow_pos n : 0 < pow n.
Proof. unfold pow. apply N.neq_0_lt_0, N.pow_nonzero. discriminate. Qed.
Lemma pow_add n m : pow (n + m) = pow n * pow m.
Proof. unfold pow. rewrite Nat2N.inj_add, N.pow_add_r. reflexivity. Qed.

Lemma num_bound l : num l < pow (length l).
Proof.
  induction l as [|b l IH]; [reflexivity|]. cbn [num length]. rewrite pow_S.
  destruct b; cbn [N.b2n]; lia.
Qed.
Lemma bits_length a w : length (bits a w) = length w.
Proof. apply map_length. Qed.
Lemma value_bound a w : value a w < pow (length w).
Proof. unfold value. rewrite <- (bits_length a w). apply num_bound. Qed.
Lemma value_cons a l w : value a (l :: w) = N.b2n (ev a l) + 2 * value a w.
Proof. reflexivity. Qed.

Lemma num_app l1 l2 : num (l1 ++ l2) = num l1 + pow (length l1) * num l2.
Proof.
  induction l1 as [|b l1 IH]; cbn [app num length]; [rewrite pow_0; lia|].
  rewrite IH, pow_S. lia.
Qed.
Lemma value_app a w1 w2 : value a (w1 ++ w2) = value a w1 + pow (length w1) * value a w2.
Proof. unfold value, bits. rewrite map_app, num_app, map_length. reflexivity. Qed.

Lemma num_inj l1 : forall l2, length l1 = length l2 -> num l1 = num l2 -> l1 = l2.
Proof.
  induction l1 as [|b l1 IH]; intros [|c l2]; cbn [length num]; try discriminate; auto.
  intros H E. injection H as H. f_equal; [|apply IH; auto]; destruct b, c; cbn [N.b2n] in E; lia.
Qed.

(* Taking the lowest bits. *)
Lemma value_firstn a k w : value a (firstn k w) = value a w mod pow k.
Proof.
  destruct (Nat.le_gt_cases (length w) k).
  - rewrite firstn_all2 by assumption. symmetry. apply N.mod_small.
    eapply N.lt_le_trans; [apply value_bound|]. apply N.pow_le_mono_r; lia.
  - rewrite <- (firstn_skipn k w) at 2. rewrite value_app, firstn_length_le by lia.
    assert (value a (firstn k w) < pow k) as B.
    { pose proof (value_bound a (firstn k w)) as H'. rewrite firstn_length_le in H' by lia.
      exact H'. }
    rewrite N.mul_comm, N.mod_add by (pose proof (pow_pos k); lia). now rewrite N.mod_small.
Qed.

(* ---- constants *)

Fixpoint constant (n : nat) (x : N) : word :=
  match n with
  | O => []
  | S n => (if N.odd x then ltrue else lfalse) :: constant n (N.div2 x)
  end.

Lemma constant_length n : forall x, length (constant n x) = n.
Proof. induction n; simpl; auto. Qed.

Lemma value_constant (a : assignment) n : a 1%positive = true ->
  forall x, value a (constant n x) = x mod pow n.
Proof.
  intro T. induction n as [|n IH]; intro x; cbn [constant].
  - rewrite pow_0, N.mod_1_r. reflexivity.
  - rewrite value_cons, IH, pow_S.
    assert (ev a (if N.odd x then ltrue else lfalse) = N.odd x) as ->
      by (destruct (N.odd x); simpl; rewrite T; reflexivity).
    rewrite (N.div2_odd x) at 3. rewrite (N.div2_odd x) at 1.
    set (d := N.div2 x). rewrite N.mul_comm.
    assert (N.odd (d * 2 + N.b2n (N.odd x)) = N.odd x) as ->.
    { destruct (N.odd x) eqn:E; cbn [N.b2n]; rewrite N.mul_comm, ?N.add_0_r.
      - rewrite N.add_comm. now rewrite N.odd_add_mul_2.
      - now rewrite N.odd_mul, N.odd_2. }
    pose proof (pow_pos n) as P.
    pose proof (N.div_mod d (pow n) ltac:(lia)) as D.
    pose proof (N.mod_lt d (pow n) ltac:(lia)) as L.
    apply (N.mod_unique _ _ (d / pow n)).
    + destruct (N.odd x); cbn [N.b2n]; lia.
    + lia.
Qed.

Lemma constant_small (a : assignment) n x : a 1%positive = true -> x < pow n ->
  value a (constant n x) = x.
Proof. intros T H. rewrite value_constant, N.mod_small; auto. Qed.

(* ---- bitwise operations *)

Fixpoint zip (f : lit -> lit -> M lit) (x y : word) : M word :=
  match x, y with
  | [], [] => ret []
  | a :: x, b :: y => c <- f a b ;; r <- zip f x y ;; ret (c :: r)
  | _, _ => fail
  end.

Fixpoint bitwise (f : bool -> bool -> bool) (x y : list bool) : list bool :=
  match x, y with a :: x, b :: y => f a b :: bitwise f x y | _, _ => [] end.

Lemma zip_spec f g (H : forall a b, spec (f a b) (fun v c => ev v c = g (ev v a) (ev v b))) :
  forall x y, spec (zip f x y) (fun v r =>
    length y = length x /\ length r = length x /\ bits v r = bitwise g (bits v x) (bits v y)).
Proof.
  induction x as [|a x IH]; intros [|b y]; cbn [zip]; try apply spec_fail.
  - finish. auto.
  - step H. step IH. finish. cbn [length bits map bitwise]. destruct H0 as (-> & -> & E).
    unfold bits in E. rewrite E, H1. auto.
Qed.

Lemma num_bitwise f (op : N -> N -> N) : op 0 0 = 0 ->
  (forall a b m n, op (N.b2n a + 2 * m) (N.b2n b + 2 * n) = N.b2n (f a b) + 2 * op m n) ->
  forall x y, length x = length y -> num (bitwise f x y) = op (num x) (num y).
Proof.
  intros H0 HS. induction x as [|a x IH]; intros [|b y]; cbn [length bitwise num]; try discriminate.
  - intros _. now rewrite H0.
  - intro E. injection E as E. now rewrite IH, HS.
Qed.

Lemma land_step a b m n : N.land (N.b2n a + 2*m) (N.b2n b + 2*n) = N.b2n (a && b) + 2 * N.land m n.
Proof.
  destruct a, b, m as [|p], n as [|q]; try reflexivity; cbn; destruct (Pos.land p q); reflexivity.
Qed.
Lemma lor_step a b m n : N.lor (N.b2n a + 2*m) (N.b2n b + 2*n) = N.b2n (a || b) + 2 * N.lor m n.
Proof. destruct a, b, m, n; reflexivity. Qed.
Lemma lxor_step a b m n :
  N.lxor (N.b2n a + 2*m) (N.b2n b + 2*n) = N.b2n (xorb a b) + 2 * N.lxor m n.
Proof.
  destruct a, b, m as [|p], n as [|q]; try reflexivity; cbn; destruct (Pos.lxor p q); reflexivity.
Qed.

Definition and_words := zip conj2.
Definition or_words := zip disj2.
Definition xor_words := zip xor2.

Ltac bitwise_spec base op step_lemma :=
  last_step (zip_spec _ _ base);
  match goal with H : _ /\ _ /\ _ |- _ =>
    destruct H as (Hl & Hr & E); repeat split; try congruence;
    unfold value; rewrite E; apply (num_bitwise _ op);
    [reflexivity | apply step_lemma | rewrite !bits_length; congruence]
  end.

Definition result2 (op : N -> N -> N) (x y : word) (v : assignment) (r : word) : Prop :=
  length y = length x /\ length r = length x /\ value v r = op (value v x) (value v y).

Lemma and_words_spec x y : spec (and_words x y) (result2 N.land x y).
Proof. bitwise_spec conj2_spec N.land land_step. Qed.
Lemma or_words_spec x y : spec (or_words x y) (result2 N.lor x y).
Proof. bitwise_spec disj2_spec N.lor lor_step. Qed.
Lemma xor_words_spec x y : spec (xor_words x y) (result2 N.lxor x y).
Proof. bitwise_spec xor2_spec N.lxor lxor_step. Qed.

(* c ? x : y *)
Definition choose_word (c : lit) := zip (choose c).
Lemma choose_word_spec c x y : spec (choose_word c x y) (fun v r =>
  length y = length x /\ length r = length x /\ bits v r = if ev v c then bits v x else bits v y).
Proof.
  unfold choose_word. revert y. induction x as [|a x IH]; intros [|b y]; cbn [zip];
    try apply spec_fail.
  - finish. cbn. now destruct (ev v c).
  - step choose_spec. step IH. finish. destruct H as (H1 & H2 & E). cbn [length bits map].
    unfold bits in *. rewrite E, H0. repeat split; try congruence. now destruct (ev v c).
Qed.

Definition negate_bits (x : word) : word := map neg x.
Lemma value_negate_bits a x : value a (negate_bits x) + value a x + 1 = pow (length x).
Proof.
  induction x as [|l x IH]; [reflexivity|]. cbn [negate_bits map]. fold (negate_bits x).
  rewrite !value_cons, ev_neg. cbn [length]. rewrite pow_S.
  destruct (ev a l); cbn [N.b2n negb]; lia.
Qed.

(* ---- addition, subtraction, comparison *)

Fixpoint add (x y : word) (c : lit) : M (word * lit) :=
  match x, y with
  | [], [] => ret ([], c)
  | a :: x, b :: y =>
      half <- xor2 a b ;; s <- xor2 half c ;;
      q <- conj2 half c ;; p <- conj2 a b ;; c' <- disj2 p q ;;
      '(r, out) <- add x y c' ;; ret (s :: r, out)
  | _, _ => fail
  end.

Lemma add_spec x : forall y c, spec (add x y c) (fun v r =>
  length y = length x /\ length (fst r) = length x /\
  value v (fst r) + pow (length x) * N.b2n (ev v (snd r)) =
    value v x + value v y + N.b2n (ev v c)).
Proof.
  induction x as [|a x IH]; intros [|b y] c; cbn [add]; try apply spec_fail.
  - finish. cbn [fst snd length]. rewrite pow_0. repeat split. now destruct (ev v c).
  - step xor2_spec. step xor2_spec. step conj2_spec. step conj2_spec. step disj2_spec.
    step (IH y x4). destruct x5 as [r out]. finish. cbn [fst snd length] in *.
    destruct H as (-> & -> & E). repeat split. rewrite pow_S, !value_cons.
    rewrite H0, H1, H2, H3, H4 in *.
    destruct (ev v a), (ev v b), (ev v c), (ev v out); cbn [N.b2n xorb andb orb] in *; lia.
Qed.

Definition sub (x y : word) : M (word * lit) := add x (negate_bits y) ltrue.

(* The carry says that nothing was borrowed. *)
Lemma sub_spec x y : spec (sub x y) (fun v r =>
  length y = length x /\ length (fst r) = length x /\
  value v (fst r) + pow (length x) * N.b2n (ev v (snd r)) + value v y =
    value v x + pow (length x)).
Proof.
  unfold sub. last_step add_spec. destruct H0 as (H1 & H2 & E).
  unfold negate_bits in H1. rewrite map_length in H1. repeat split; auto.
  rewrite ev_true in E by assumption. pose proof (value_negate_bits a y) as B. rewrite H1 in B.
  cbn [N.b2n] in E. lia.
Qed.

Lemma sub_carry x y v d c : value v d < pow (length x) -> value v y < pow (length x) ->
  value v d + pow (length x) * N.b2n (ev v c) + value v y = value v x + pow (length x) ->
  ev v c = negb (value v x <? value v y).
Proof.
  intros H1 H2 E. destruct (N.ltb_spec (value v x) (value v y)); destruct (ev v c) eqn:Ec;
    cbn [N.b2n negb] in *; auto; exfalso; lia.
Qed.

Definition add_words (x y : word) : M word := '(s, _) <- add x y lfalse ;; ret s.
Definition sub_words (x y : word) : M word := '(s, _) <- sub x y ;; ret s.
Definition less (x y : word) : M lit := '(_, c) <- sub x y ;; ret (neg c).

Lemma mod_of r t k : r < k -> t = r \/ t = r + k -> r = t mod k.
Proof.
  intros L [->| ->]; [now rewrite N.mod_small|].
  rewrite <- (N.mul_1_l k) at 1. rewrite N.mod_add by lia. now rewrite N.mod_small.
Qed.

Lemma add_words_spec x y :
  spec (add_words x y) (result2 (fun m n => (m + n) mod pow (length x)) x y).
Proof.
  unfold add_words. step (add_spec x y). destruct x0 as [s c]. finish. cbn [fst snd] in *.
  destruct H as (H1 & H2 & E). repeat split; auto. rewrite ev_false in E by assumption.
  apply mod_of; [rewrite <- H2; apply value_bound|].
  destruct (ev v c); cbn [N.b2n] in E; [right|left]; lia.
Qed.

Lemma sub_words_spec x y :
  spec (sub_words x y) (result2 (fun m n => (m + (pow (length x) - n)) mod pow (length x)) x y).
Proof.
  unfold sub_words. step (sub_spec x y). destruct x0 as [s c]. finish. cbn [fst snd] in *.
  destruct H as (H1 & H2 & E). repeat split; auto.
  pose proof (value_bound v y) as B. rewrite H1 in B.
  apply mod_of; [rewrite <- H2; apply value_bound|].
  destruct (ev v c); cbn [N.b2n] in E; [right|left]; lia.
Qed.

Lemma less_spec x y : spec (less x y) (fun v c =>
  length y = length x /\ ev v c = (value v x <? value v y)).
Proof.
  unfold less. step (sub_spec x y). destruct x0 as [s c]. finish. cbn [fst snd] in *.
  destruct H as (H1 & H2 & E). split; [exact H1|].
  rewrite ev_neg, (sub_carry x y v s c), negb_involutive; auto.
  - rewrite <- H2. apply value_bound.
  - rewrite <- H1. apply value_bound.
Qed.

Fixpoint equal_from (acc : lit) (x y : word) : M lit :=
  match x, y with
  | [], [] => ret acc
  | a :: x, b :: y => d <- xor2 a b ;; acc <- conj2 acc (neg d) ;; equal_from acc x y
  | _, _ => fail
  end.
Definition equal (x y : word) : M lit := equal_from ltrue x y.

Lemma equal_from_spec x : forall y acc, spec (equal_from acc x y) (fun v c =>
  length y = length x /\ ev v c = ev v acc && (value v x =? value v y)).
Proof.
  induction x as [|a x IH]; intros [|b y] acc; cbn [equal_from]; try apply spec_fail.
  - finish. split; auto. cbn. now rewrite andb_true_r.
  - step xor2_spec. step conj2_spec. last_step IH. destruct H0 as [E ->].
    split; [cbn [length]; congruence|].
    rewrite H1, ev_neg, H2, !value_cons. rewrite <- andb_assoc. f_equal.
    destruct (N.eqb_spec (value a0 x) (value a0 y)) as [->|D].
    + rewrite andb_true_r. destruct (ev a0 a), (ev a0 b); cbn [xorb negb N.b2n];
        symmetry; [apply N.eqb_refl| | |apply N.eqb_refl]; apply N.eqb_neq; lia.
    + rewrite andb_false_r. symmetry. apply N.eqb_neq.
      destruct (ev a0 a), (ev a0 b); cbn [N.b2n]; lia.
Qed.

Lemma equal_spec x y : spec (equal x y) (fun v c =>
  length y = length x /\ ev v c = (value v x =? value v y)).
Proof.
  unfold equal. last_step equal_from_spec. destruct H0 as [H1 ->]. split; [exact H1|].
  now rewrite ev_true.
Qed.

Definition nonzero (x : word) : M lit := c <- equal x (constant (length x) 0) ;; ret (neg c).
Lemma nonzero_spec x : spec (nonzero x) (fun v c => ev v c = negb (value v x =? 0)).
Proof.
  unfold nonzero. step equal_spec. finish. destruct H as [_ H].
  rewrite ev_neg, H, value_constant, N.mod_0_l by (auto; pose proof (pow_pos (length x)); lia).
  reflexivity.
Qed.

(* ---- multiplication *)

Fixpoint mask (b : lit) (x : word) : M word :=
  match x with [] => ret [] | a :: x => c <- conj2 a b ;; r <- mask b x ;; ret (c :: r) end.

Lemma mask_spec b x : spec (mask b x) (fun v r =>
  length r = length x /\ value v r = N.b2n (ev v b) * value v x).
Proof.
  induction x as [|a x IH]; cbn [mask].
  - finish. split; auto. unfold value; cbn. lia.
  - step conj2_spec. step IH. finish. destruct H as [H1 H2]. split; [cbn; congruence|].
    rewrite !value_cons, H2, H0. destruct (ev v a), (ev v b); cbn [N.b2n andb]; lia.
Qed.

(* Twice, without the highest bit. *)
Definition double (x : word) : word := firstn (length x) (lfalse :: x).

Lemma double_length x : length (double x) = length x.
Proof. unfold double. rewrite firstn_length. cbn. lia. Qed.
Lemma value_double (a : assignment) x : a 1%positive = true ->
  value a (double x) = (2 * value a x) mod pow (length x).
Proof.
  intro T. unfold double. rewrite value_firstn, value_cons, ev_false by assumption. reflexivity.
Qed.

Fixpoint mul_from (product shifted y : word) : M word :=
  match y with
  | [] => ret product
  | b :: y =>
      if Pos.eqb b lfalse then mul_from product (double shifted) y
      else row <- mask b shifted ;; '(product, _) <- add product row lfalse ;;
           mul_from product (double shifted) y
  end.

Lemma mod_sum x y k : k <> 0 -> (x + y mod k) mod k = (x + y) mod k.
Proof. intro H. apply N.add_mod_idemp_r, H. Qed.

Lemma mul_from_spec y : forall p x, spec (mul_from p x y) (fun v r =>
  length p = length x ->
  length r = length x /\ value v r = (value v p + value v x * value v y) mod pow (length x)).
Proof.
  induction y as [|b y IH]; intros p x; cbn [mul_from].
  - finish. split; auto. change (value v []) with 0. rewrite N.mul_0_r, N.add_0_r.
    symmetry. apply N.mod_small. rewrite <- H. apply value_bound.
  - pose proof (pow_pos (length x)) as P.
    assert (forall v, v 1%positive = true ->
      (value v x * (2 * value v y)) mod pow (length x) =
      (value v (double x) * value v y) mod pow (length x)) as D.
    { intros v T. rewrite value_double by assumption.
      rewrite N.mul_mod_idemp_l by lia. f_equal. lia. }
    destruct (Pos.eqb_spec b lfalse) as [->|].
    + last_step IH. rewrite double_length in H0. destruct (H0 H1) as [L E]. split; [exact L|].
      rewrite E, value_cons, ev_false by assumption. cbn [N.b2n].
      rewrite N.add_0_l, <- mod_sum, <- D, mod_sum by (auto; lia). reflexivity.
    + step mask_spec. step (add_spec p x0). destruct x1 as [p' c]. last_step IH.
      cbn [fst snd] in *. destruct H1 as (L1 & L2 & E1). destruct H2 as [L3 E2].
      rewrite double_length in H0. destruct H0 as [L E]; [congruence|]. split; [exact L|].
      rewrite E, value_cons, ev_false in * by assumption. cbn [N.b2n] in E1.
      rewrite <- mod_sum, <- D, mod_sum by (auto; lia).
      rewrite N.mul_add_distr_l, N.add_assoc.
      assert (value a p' + pow (length p) * N.b2n (ev a c) =
              value a p + value a x * N.b2n (ev a b)) as E3 by (rewrite E1, E2; lia).
      rewrite <- E3, H3.
      replace (value a p' + pow (length x) * N.b2n (ev a c) + value a x * (2 * value a y))
        with (value a p' + value a x * (2 * value a y) + N.b2n (ev a c) * pow (length x)) by lia.
      now rewrite N.mod_add by lia.
Qed.

Definition mul_words (x y : word) : M word := mul_from (map (fun _ => lfalse) x) x y.

Lemma value_zeros (a : assignment) (x : word) : a 1%positive = true ->
  value a (map (fun _ => lfalse) x) = 0.
Proof.
  intro T. induction x; [reflexivity|]. cbn [map]. rewrite value_cons, IHx, ev_false by assumption.
  reflexivity.
Qed.

Lemma mul_words_spec x y : spec (mul_words x y) (fun v r => length r = length x /\
  value v r = (value v x * value v y) mod pow (length x)).
Proof.
  unfold mul_words. last_step mul_from_spec. rewrite map_length in H0.
  destruct (H0 eq_refl) as [L E]. split; [exact L|]. rewrite E, value_zeros by assumption.
  now rewrite N.add_0_l.
Qed.

(* ---- division *)

Fixpoint divide (x y : word) : M (word * word) :=
  match x with
  | [] => ret ([], map (fun _ => lfalse) y)
  | a :: x =>
      '(q, r) <- divide x y ;;
      '(d, fits) <- sub (a :: r) (y ++ [lfalse]) ;;
      r' <- choose_word fits d (a :: r) ;;
      ret (fits :: q, firstn (length y) r')
  end.

Lemma divide_spec x y : spec (divide x y) (fun v qr =>
  length (fst qr) = length x /\ length (snd qr) = length y /\ (value v y <> 0 ->
  value v x = value v (fst qr) * value v y + value v (snd qr) /\ value v (snd qr) < value v y)).
Proof.
  induction x as [|a x IH]; cbn [divide].
  - finish. cbn [fst snd]. rewrite map_length. repeat split.
    + rewrite value_zeros by assumption. reflexivity.
    + rewrite value_zeros by assumption. lia.
  - step IH. destruct x0 as [q r]. step (sub_spec (a :: r) (y ++ [lfalse])). destruct x0 as [d c].
    step choose_word_spec. finish. cbn [fst snd] in *.
    destruct H as (_ & Lc & Ec). destruct H0 as (L1 & L2 & E). destruct H1 as (L3 & L4 & H).
    rewrite app_length in L1. cbn [length] in L1, L2, Lc |- *. rewrite firstn_length.
    split; [lia|]. split; [lia|]. intro Y. destruct (H Y) as [H1 H2]. split.
    all: rewrite value_app in E; cbn [length] in E; rewrite L4, pow_S in E.
    all: assert (value v [lfalse] = 0) as Z by (unfold value; cbn; now rewrite T).
    all: rewrite Z, N.mul_0_r, N.add_0_r, value_cons in E.
    all: rewrite value_firstn.
    all: assert (value v x0 = if ev v c then value v d else N.b2n (ev v a) + 2 * value v r) as Er
      by (unfold value; rewrite Ec; destruct (ev v c); reflexivity).
    all: pose proof (value_bound v d) as Bd; rewrite L2, L4, pow_S in Bd.
    all: pose proof (value_bound v y) as By; pose proof (value_bound v r) as Br; rewrite L4 in Br.
    all: assert (value v x0 < value v y) as Lt
      by (rewrite Er; destruct (ev v c), (ev v a); cbn [N.b2n] in *; lia).
    all: rewrite N.mod_small by lia.
    + rewrite !value_cons, H1, Er. destruct (ev v c), (ev v a); cbn [N.b2n] in *; lia.
    + exact Lt.
Qed.

(* ---- shifts *)

(* The number with infinitely many bits f on top. *)
Fixpoint sval (l : list bool) (f : bool) : Z :=
  match l with
  | [] => if f then -1 else 0
  | b :: l => Z.b2z b + 2 * sval l f
  end%Z.

Lemma sval_num l f : sval l f = (Z.of_N (num l) - (if f then Z.of_N (pow (length l)) else 0))%Z.
Proof.
  induction l as [|b l IH]; cbn [sval num length].
  - destruct f; reflexivity.
  - rewrite IH, pow_S. destruct f, b; cbn [Z.b2z N.b2n]; lia.
Qed.

Lemma sval_repeat l f k : sval (l ++ repeat f k) f = sval l f.
Proof.
  induction l as [|b l IH]; cbn [app sval].
  - induction k as [|k IH]; cbn [repeat sval]; [reflexivity|]. rewrite IH. now destruct f.
  - now rewrite IH.
Qed.

Lemma sval_skipn k : forall l f, (sval (skipn k l) f = sval l f / 2 ^ Z.of_nat k)%Z.
Proof.
  induction k as [|k IH]; intros l f.
  - cbn [skipn]. rewrite Z.pow_0_r, Z.div_1_r. reflexivity.
  - rewrite Nat2Z.inj_succ, Z.pow_succ_r by lia.
    rewrite <- Z.div_div by (try lia; apply Z.pow_pos_nonneg; lia).
    destruct l as [|b l]; cbn [skipn].
    + specialize (IH [] f). rewrite skipn_nil in IH. cbn [sval] in *.
      assert ((if f then -1 else 0) / 2 = if f then -1 else 0)%Z as -> by now destruct f.
      exact IH.
    + rewrite IH. f_equal. cbn [sval].
      apply (Z.div_unique _ 2 _ (Z.b2z b)); [destruct b; cbn; lia|lia].
Qed.

Definition shr_by (fill : lit) (k : nat) (x : word) : word :=
  firstn (length x) (skipn k x ++ repeat fill (Nat.min k (length x))).
Definition shl_by (k : nat) (x : word) : word := firstn (length x) (repeat lfalse k ++ x).

(* One choice per bit of the amount. *)
Fixpoint stages (f : nat -> word -> word) (k : nat) (amount x : word) : M word :=
  match amount with
  | [] => ret x
  | b :: amount => y <- choose_word b (f k x) x ;; stages f (2 * k) amount y
  end.

Lemma shl_by_length k x : length (shl_by k x) = length x.
Proof. unfold shl_by. rewrite firstn_length, app_length, repeat_length. lia. Qed.
Lemma value_shl_by (a : assignment) k x : a 1%positive = true ->
  value a (shl_by k x) = (value a x * pow k) mod pow (length x).
Proof.
  intro T. unfold shl_by. rewrite value_firstn, value_app, repeat_length.
  assert (value a (repeat lfalse k) = 0) as ->.
  { clear x. induction k; cbn [repeat]; [reflexivity|]. rewrite value_cons, IHk, ev_false by auto.
    reflexivity. }
  f_equal. lia.
Qed.

Lemma shl_stages_spec amount : forall k x, spec (stages shl_by k amount x) (fun v r =>
  length r = length x /\
  value v r = (value v x * 2 ^ (N.of_nat k * value v amount)) mod pow (length x)).
Proof.
  induction amount as [|b amount IH]; intros k x; cbn [stages].
  - finish. split; auto. change (value v []) with 0. rewrite N.mul_0_r, N.pow_0_r, N.mul_1_r.
    symmetry. apply N.mod_small, value_bound.
  - step choose_word_spec. last_step IH. destruct H0 as [L E].
    destruct H1 as (L1 & L2 & E1). rewrite shl_by_length in *. split; [congruence|].
    rewrite E, L2, value_cons. clear E L IH.
    pose proof (pow_pos (length x)) as P.
    assert (value a x0 = (value a x * 2 ^ (N.of_nat k * N.b2n (ev a b))) mod pow (length x)) as ->.
    { unfold value at 1. rewrite E1. destruct (ev a b); cbn [N.b2n].
      - rewrite N.mul_1_r. fold (value a (shl_by k x)). now rewrite value_shl_by.
      - rewrite N.mul_0_r, N.pow_0_r, N.mul_1_r. symmetry. apply N.mod_small, value_bound. }
    rewrite N.mul_mod_idemp_l by lia. rewrite <- N.mul_assoc, <- N.pow_add_r.
    do 3 f_equal. rewrite Nat2N.inj_mul. change (N.of_nat 2) with 2. lia.
Qed.

Lemma shr_by_length f k x : length (shr_by f k x) = length x.
Proof.
  unfold shr_by. rewrite firstn_length, app_length, skipn_length, repeat_length. lia.
Qed.
Lemma sval_shr_by a f k x : (k <= length x)%nat ->
  (sval (bits a (shr_by f k x)) (ev a f) = sval (bits a x) (ev a f) / 2 ^ Z.of_nat k)%Z.
Proof.
  intro K. unfold shr_by. rewrite firstn_all2.
  2:{ rewrite app_length, skipn_length, repeat_length. lia. }
  unfold bits. rewrite map_app, <- sval_skipn.
  assert (forall n, map (ev a) (repeat f n) = repeat (ev a f) n) as ->
    by (induction n; cbn; congruence).
  rewrite sval_repeat. f_equal. clear. revert x. induction k; intros [|l x]; cbn; auto.
Qed.

Lemma shr_stages_spec f amount : forall k x, spec (stages (shr_by f) k amount x) (fun v r =>
  (k * Nat.pow 2 (length amount) <= 2 * length x)%nat ->
  length r = length x /\
  (sval (bits v r) (ev v f) =
   sval (bits v x) (ev v f) / 2 ^ (Z.of_nat k * Z.of_N (value v amount)))%Z).
Proof.
  induction amount as [|b amount IH]; intros k x; cbn [stages].
  - finish. split; auto. change (value v []) with 0.
    now rewrite Z.mul_0_r, Z.pow_0_r, Z.div_1_r.
  - step choose_word_spec. last_step IH. destruct H1 as (L1 & L2 & E1).
    rewrite shr_by_length in *. cbn [length] in H2. rewrite Nat.pow_succ_r' in H2.
    assert (k <= length x)%nat as K.
    { pose proof (Nat.pow_nonzero 2 (length amount) ltac:(lia)).
      destruct (2 ^ length amount)%nat; [lia|]. rewrite Nat.mul_assoc, Nat.mul_succ_r in H2. lia. }
    destruct H0 as [L E]; [rewrite L2; lia|].
    split; [congruence|]. rewrite E, E1, value_cons.
    replace (Z.of_nat k * Z.of_N (N.b2n (ev a b) + 2 * value a amount))%Z
      with (Z.of_nat k * Z.b2z (ev a b) + Z.of_nat (2 * k) * Z.of_N (value a amount))%Z
      by (destruct (ev a b); cbn [N.b2n Z.b2z]; lia).
    rewrite Z.pow_add_r by (destruct (ev a b); cbn [Z.b2z]; lia).
    assert (0 < 2 ^ (Z.of_nat k * Z.b2z (ev a b)))%Z as P1
      by (apply Z.pow_pos_nonneg; destruct (ev a b); cbn [Z.b2z]; lia).
    assert (0 < 2 ^ (Z.of_nat (2 * k) * Z.of_N (value a amount)))%Z as P2
      by (apply Z.pow_pos_nonneg; lia).
    rewrite <- Z.div_div by lia.
    f_equal. destruct (ev a b); cbn [Z.b2z].
    + rewrite Z.mul_1_r. now apply sval_shr_by.
    + now rewrite Z.mul_0_r, Z.pow_0_r, Z.div_1_r.
Qed.
