(* Arithmetic on rows: linear forms, adding a multiple of a sparse row to a form, sums over intervals,
   and coarse rows (weights cut to fewer bits, with the loss accounted for). *)
From Coq Require Import ZArith QArith Qabs Qminmax List Lia Lqa.
From Isotrace.Core Require Import Dyadic Network.
Import ListNotations.
Local Open Scope Q_scope.

(* ---- linear forms ---- *)

Definition dot (form : list Z) (h : list Q) : Q := piece_total product form h.

Lemma dot_nil_right form : dot form [] == 0.
Proof. destruct form; reflexivity. Qed.
Lemma dot_cons a form q h : dot (a :: form) (q :: h) == inject_Z a * q + dot form h.
Proof. reflexivity. Qed.

(* Applies [f] to what follows the first [gap] entries, which are filled with zeros if missing. *)
Fixpoint beyond (gap : nat) (f : list Z -> list Z) (form : list Z) {struct gap} : list Z :=
  match gap with
  | O => f form
  | S gap' => match form with
              | [] => 0%Z :: beyond gap' f []
              | a :: form' => a :: beyond gap' f form'
              end
  end.
Fixpoint add_piece (c : Z) (ws : list Z) (f : list Z -> list Z) (form : list Z) {struct ws} : list Z :=
  match ws with
  | [] => f form
  | w :: ws' => match form with
                | [] => (c * w)%Z :: add_piece c ws' f []
                | a :: form' => (a + c * w)%Z :: add_piece c ws' f form'
                end
  end.
(* form + c * row *)
Fixpoint add_row (c : Z) (r : row) (form : list Z) {struct r} : list Z :=
  match r with
  | [] => form
  | (gap, ws) :: r' => beyond (N.to_nat gap) (add_piece c ws (add_row c r')) form
  end.

Section Adding.
  (* f adds a form whose value on h is [extra h] *)
  Variable f : list Z -> list Z.
  Variable extra : list Q -> Q.
  Hypothesis f_adds : forall form h, dot (f form) h == dot form h + extra h.

  Lemma extra_nil : extra [] == 0.
  Proof. pose proof (f_adds [] []) as H. rewrite !dot_nil_right in H. lra. Qed.

  Lemma dot_beyond gap : forall form h, dot (beyond gap f form) h == dot form h + extra (skipn gap h).
  Proof.
    induction gap as [|gap IH]; intros form h; [apply f_adds|].
    destruct h as [|q h].
    - rewrite !dot_nil_right. cbn [skipn]. rewrite extra_nil. ring.
    - cbn [beyond skipn]. destruct form as [|a form]; rewrite dot_cons, IH.
      + change (dot [] h) with 0. change (dot [] (q :: h)) with 0. change (inject_Z 0) with 0. ring.
      + rewrite dot_cons. ring.
  Qed.

  Lemma dot_add_piece c ws : forall form h,
    dot (add_piece c ws f form) h
    == dot form h + inject_Z c * piece_total product ws h + extra (skipn (length ws) h).
  Proof.
    induction ws as [|w ws IH]; intros form h.
    - cbn [add_piece length skipn piece_total]. rewrite f_adds. ring.
    - destruct h as [|q h].
      + rewrite !dot_nil_right. cbn [skipn length piece_total]. rewrite extra_nil. ring.
      + cbn [add_piece skipn length piece_total]. unfold product at 1.
        destruct form as [|a form]; rewrite dot_cons, IH.
        * change (dot [] h) with 0. change (dot [] (q :: h)) with 0. rewrite inject_mult. ring.
        * rewrite dot_cons, inject_plus, inject_mult. ring.
  Qed.
End Adding.

Lemma dot_add_row c r : forall form h,
  dot (add_row c r form) h == dot form h + inject_Z c * row_total product r h.
Proof.
  induction r as [|[gap ws] r IH]; intros form h; cbn [add_row row_total].
  - ring.
  - set (there := fun h' : list Q => inject_Z c * piece_total product ws h'
                                    + inject_Z c * row_total product r (skipn (length ws) h')).
    rewrite (dot_beyond _ there).
    + unfold there. ring.
    + intros form' h'. unfold there.
      rewrite (dot_add_piece _ (fun h'' => inject_Z c * row_total product r h'')) by exact IH. ring.
Qed.

(* ---- intervals ---- *)

Definition inside (e : Z) (b : Z * Z) (q : Q) : Prop := at_exp e (fst b) <= q <= at_exp e (snd b).
(* A vector of intervals under one exponent. *)
Definition intervals : Type := Z * list (Z * Z).
Definition all_inside (B : intervals) (h : list Q) : Prop := Forall2 (inside (fst B)) (snd B) h.

Fixpoint piece_sum (f : Z -> Z * Z -> Z) (ws : list Z) (B : list (Z * Z)) {struct ws} : Z :=
  match ws, B with
  | w :: ws', b :: B' => (f w b + piece_sum f ws' B')%Z
  | _, _ => 0%Z
  end.
Fixpoint row_sum (f : Z -> Z * Z -> Z) (r : row) (B : list (Z * Z)) {struct r} : Z :=
  match r with
  | [] => 0%Z
  | (gap, ws) :: r' =>
      let here := skipn (N.to_nat gap) B in
      (piece_sum f ws here + row_sum f r' (skipn (length ws) here))%Z
  end.

Lemma Forall2_skipn {A B} (R : A -> B -> Prop) n : forall l l',
  Forall2 R l l' -> Forall2 R (skipn n l) (skipn n l').
Proof.
  induction n as [|n IH]; intros l l' H; [exact H|].
  destruct H; cbn [skipn]; [constructor | now apply IH].
Qed.

Section Sums.
  (* R is <= or >= : what holds for every operand holds for the sums *)
  Variable e : Z.
  Variable R : Q -> Q -> Prop.
  Variable f : Z -> Z * Z -> Z.
  Variable g : Z -> Q -> Q.
  Hypothesis R_zero : R (at_exp e 0) 0.
  Hypothesis R_plus : forall a b x y, R (at_exp e a) x -> R (at_exp e b) y -> R (at_exp e (a + b)) (x + y).
  Variable e' : Z.
  Hypothesis each : forall w b q, inside e' b q -> R (at_exp e (f w b)) (g w q).

  Lemma piece_sum_related ws : forall B h, Forall2 (inside e') B h ->
    R (at_exp e (piece_sum f ws B)) (piece_total g ws h).
  Proof.
    induction ws as [|w ws IH]; intros B h H; [exact R_zero|].
    destruct H; cbn [piece_sum piece_total]; [exact R_zero|]. apply R_plus; auto.
  Qed.
  Lemma row_sum_related r : forall B h, Forall2 (inside e') B h ->
    R (at_exp e (row_sum f r B)) (row_total g r h).
  Proof.
    induction r as [|[gap ws] r IH]; intros B h H; [exact R_zero|].
    cbn [row_sum row_total]. apply R_plus; [apply piece_sum_related | apply IH];
      repeat apply Forall2_skipn; exact H.
  Qed.
End Sums.

Definition largest (b : Z * Z) : Z := Z.max (Z.abs (fst b)) (Z.abs (snd b)).
Definition low (w : Z) (b : Z * Z) : Z := if (0 <=? w)%Z then (w * fst b)%Z else (w * snd b)%Z.
Definition high (w : Z) (b : Z * Z) : Z := if (0 <=? w)%Z then (w * snd b)%Z else (w * fst b)%Z.
Definition weighted_size (w : Z) (b : Z * Z) : Z := (Z.abs w * largest b)%Z.
Definition size (_ : Z) (b : Z * Z) : Z := largest b.
Definition operand_size (_ : Z) (q : Q) : Q := Qabs q.

Lemma at_exp_product e w z : at_exp e (w * z) == inject_Z w * at_exp e z.
Proof. unfold at_exp. rewrite inject_mult. ring. Qed.
Lemma low_spec e w b q : inside e b q -> at_exp e (low w b) <= product w q.
Proof.
  intros [Hl Hu]. unfold low, product. destruct (0 <=? w)%Z eqn:E; rewrite at_exp_product.
  - apply Z.leb_le in E. apply inject_nonneg in E. nra.
  - apply Z.leb_gt in E. apply inject_lt in E. change (inject_Z 0) with 0 in E. nra.
Qed.
Lemma high_spec e w b q : inside e b q -> product w q <= at_exp e (high w b).
Proof.
  intros [Hl Hu]. unfold high, product. destruct (0 <=? w)%Z eqn:E; rewrite at_exp_product.
  - apply Z.leb_le in E. apply inject_nonneg in E. nra.
  - apply Z.leb_gt in E. apply inject_lt in E. change (inject_Z 0) with 0 in E. nra.
Qed.
Lemma largest_spec e b q : inside e b q -> Qabs q <= at_exp e (largest b).
Proof.
  intros [Hl Hu]. apply Qabs_Qle_condition. rewrite <- at_exp_opp. unfold largest. split.
  - apply Qle_trans with (2 := Hl). apply at_exp_le. lia.
  - apply Qle_trans with (1 := Hu). apply at_exp_le. lia.
Qed.
Lemma weighted_size_spec e w b q :
  inside e b q -> absolute_product w q <= at_exp e (weighted_size w b).
Proof.
  intro H. apply largest_spec in H. unfold absolute_product, weighted_size.
  rewrite at_exp_product, inject_abs. pose proof (Qabs_nonneg (inject_Z w)).
  rewrite (Qmult_comm _ (Qabs q)), (Qmult_comm _ (at_exp e (largest b))).
  now apply Qmult_le_compat_r.
Qed.

Lemma row_sum_low e r B h : Forall2 (inside e) B h ->
  at_exp e (row_sum low r B) <= row_total product r h.
Proof.
  intro H. apply (row_sum_related e Qle low product) with (e' := e); auto using low_spec.
  - rewrite at_exp_zero. apply Qle_refl.
  - intros. rewrite at_exp_plus. lra.
Qed.
Lemma row_sum_above e f g r B h :
  (forall w b q, inside e b q -> g w q <= at_exp e (f w b)) -> Forall2 (inside e) B h ->
  row_total g r h <= at_exp e (row_sum f r B).
Proof.
  intros Hf H. apply (row_sum_related e (fun x y => y <= x) f g) with (e' := e); auto.
  - rewrite at_exp_zero. apply Qle_refl.
  - intros. rewrite at_exp_plus. lra.
Qed.

(* ---- coarse rows ---- *)

(* Weights cut to multiples of 2^cut. *)
Definition coarse (cut : Z) (w : Z) : Z := Z.shiftr w cut.
Definition coarse_row (cut : Z) (r : row) : row :=
  map (fun piece => (fst piece, map (coarse cut) (snd piece))) r.
(* What is lost per unit of operand, in multiples of 2^cut. *)
Definition slack (cut : Z) : Z := if (cut =? 0)%Z then 0%Z else 1%Z.

Lemma slack_nonneg cut : 0 <= inject_Z (slack cut).
Proof. unfold slack. destruct (cut =? 0)%Z; discriminate. Qed.
Lemma coarse_loss cut w : (0 <= cut)%Z ->
  Qabs (inject_Z w - pow2 cut * inject_Z (coarse cut w)) <= pow2 cut * inject_Z (slack cut).
Proof.
  intro Hc. unfold coarse, slack. rewrite (pow2_of_nonneg cut Hc).
  destruct (Z.eqb_spec cut 0) as [->|N].
  - rewrite Z.shiftr_0_r. change (2 ^ 0)%Z with 1%Z.
    setoid_replace (inject_Z w - inject_Z 1 * inject_Z w) with 0 by ring.
    discriminate.
  - rewrite Z.shiftr_div_pow2 by exact Hc.
    assert (0 < 2 ^ cut)%Z as Hp by (apply Z.pow_pos_nonneg; lia).
    pose proof (Z.mul_div_le w _ Hp) as L. pose proof (Z.mul_succ_div_gt w _ Hp) as U.
    set (d := (w / 2 ^ cut)%Z) in *. rewrite Z.mul_succ_r in U.
    apply inject_le in L. apply inject_lt in U. rewrite inject_plus, inject_mult in U.
    rewrite inject_mult in L. change (inject_Z 1) with 1.
    apply Qabs_Qle_condition. split; [|lra].
    apply Z.lt_le_incl, inject_le in Hp. change (inject_Z 0) with 0 in Hp. lra.
Qed.

(* Totals over a row and over its coarse copy differ by at most the total of the losses. *)
Lemma coarse_total k cut f g s :
  (forall w q, Qabs (f w q - k * g (coarse cut w) q) <= k * s (coarse cut w) q) ->
  forall r h, Qabs (row_total f r h - k * row_total g (coarse_row cut r) h)
              <= k * row_total s (coarse_row cut r) h.
Proof.
  intro each.
  assert (forall ws h, Qabs (piece_total f ws h - k * piece_total g (map (coarse cut) ws) h)
                       <= k * piece_total s (map (coarse cut) ws) h) as piece.
  { induction ws as [|w ws IH]; intros [|q h]; cbn [map piece_total];
      try (setoid_replace (0 - k * 0) with 0 by ring; rewrite Qmult_0_r; apply Qle_refl).
    specialize (each w q). specialize (IH h). apply Qabs_Qle_condition in each, IH.
    apply Qabs_Qle_condition. split; lra. }
  induction r as [|[gap ws] r IH]; intro h; cbn [coarse_row map row_total fst snd].
  - setoid_replace (0 - k * 0) with 0 by ring. rewrite Qmult_0_r. apply Qle_refl.
  - rewrite map_length. set (here := skipn (N.to_nat gap) h).
    specialize (piece ws here). specialize (IH (skipn (length ws) here)).
    fold (coarse_row cut r). apply Qabs_Qle_condition in piece, IH.
    apply Qabs_Qle_condition. split; lra.
Qed.

Definition loss (cut : Z) (_ : Z) (q : Q) : Q := inject_Z (slack cut) * Qabs q.

Lemma coarse_product cut r h : (0 <= cut)%Z ->
  Qabs (row_total product r h - pow2 cut * row_total product (coarse_row cut r) h)
  <= pow2 cut * row_total (loss cut) (coarse_row cut r) h.
Proof.
  intro Hc. apply coarse_total. intros w q. unfold product, loss.
  setoid_replace (inject_Z w * q - pow2 cut * (inject_Z (coarse cut w) * q))
    with ((inject_Z w - pow2 cut * inject_Z (coarse cut w)) * q) by ring.
  rewrite Qabs_Qmult, Qmult_assoc. apply Qmult_le_compat_r; [now apply coarse_loss | apply Qabs_nonneg].
Qed.
Lemma coarse_absolute cut r h : (0 <= cut)%Z ->
  row_total absolute_product r h
  <= pow2 cut * (row_total absolute_product (coarse_row cut r) h
                 + row_total (loss cut) (coarse_row cut r) h).
Proof.
  intro Hc.
  enough (Qabs (row_total absolute_product r h
                - pow2 cut * row_total absolute_product (coarse_row cut r) h)
          <= pow2 cut * row_total (loss cut) (coarse_row cut r) h) as H
    by (apply Qabs_Qle_condition in H; lra).
  apply coarse_total. intros w q. unfold absolute_product, loss.
  setoid_replace (Qabs (inject_Z w) * Qabs q - pow2 cut * (Qabs (inject_Z (coarse cut w)) * Qabs q))
    with ((Qabs (inject_Z w) - pow2 cut * Qabs (inject_Z (coarse cut w))) * Qabs q) by ring.
  rewrite Qabs_Qmult, (Qabs_pos (Qabs q)), Qmult_assoc by apply Qabs_nonneg.
  apply Qmult_le_compat_r; [|apply Qabs_nonneg].
  apply Qle_trans with (2 := coarse_loss cut w Hc).
  pose proof (pow2_pos cut) as P.
  setoid_replace (pow2 cut * Qabs (inject_Z (coarse cut w)))
    with (Qabs (pow2 cut * inject_Z (coarse cut w)))
    by (rewrite Qabs_Qmult, (Qabs_pos (pow2 cut)) by lra; reflexivity).
  apply Qabs_Qle_condition. split.
  - pose proof (Qabs_triangle_reverse (pow2 cut * inject_Z (coarse cut w)) (inject_Z w)) as T.
    rewrite Qabs_Qminus in T. lra.
  - apply Qabs_triangle_reverse.
Qed.
