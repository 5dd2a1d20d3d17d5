(* The theorem about floats: a program that [executes] a network, and a certificate for the network, make
   the program safe. For each row, the error bound of Rounding.v shows that what the program computes is
   one of the results that Network.v allows, and Range.v that nothing overflows. *)
From Coq Require Import ZArith NArith QArith Qabs Qreals Reals List Lia Lqa Lra.
From Flocq Require Import Core BinarySingleNaN.
From Isotrace.Core Require Import Dyadic Network Rows Relaxation Tree Range.
From Isotrace.Float Require Import Execution Rounding Values.
Import ListNotations.
Local Open Scope R_scope.

(* ---- sums of products ---- *)

Definition tap_product (scale : N) (h : list binary32) (a : tap) : R :=
  real (number scale (weight_of a)) * real (factor_of h a).
Fixpoint taps_total (g : R -> R) (scale : N) (h : list binary32) (taps : list tap) {struct taps} : R :=
  match taps with
  | [] => 0
  | a :: taps' => g (tap_product scale h a) + taps_total g scale h taps'
  end.
Definition tap_finite (scale : N) (h : list binary32) (a : tap) : Prop :=
  finite (number scale (weight_of a)) /\ finite (factor_of h a).

Lemma taps_absolute_nonneg scale h taps : 0 <= taps_total Rabs scale h taps.
Proof.
  induction taps as [|a taps IH]; cbn [taps_total]; [Lra.lra|].
  pose proof (Rabs_pos (tap_product scale h a)). Lra.lra.
Qed.
Lemma sums_to_size n size exact t : sums_to n size exact t -> 0 <= size.
Proof. intros (_ & H & _). pose proof (Rabs_pos exact). Lra.lra. Qed.

(* The segments before the current one: none, or at least one product. *)
Definition before_ok (before : option binary32) (n : nat) (size exact : R) : Prop :=
  match before with
  | None => n = O /\ size = 0 /\ exact = 0
  | Some c => (1 <= n)%nat /\ sums_to n size exact c
  end.

Lemma join_sums_to before nb sb eb nt st et t :
  before_ok before nb sb eb -> sums_to nt st et t -> (before = None \/ 1 <= nt)%nat ->
  (nb + nt <= Z.to_nat (2 ^ 23))%nat -> sb + st <= largest_size ->
  sums_to (nb + nt) (sb + st) (eb + et) (join before t).
Proof.
  destruct before as [c|]; cbn [before_ok join].
  - intros [H1 H2] Ht [E|Hn] Hc Hs; [discriminate|]. now apply add_sums_to.
  - intros (-> & -> & ->) Ht _ _ _. now rewrite !Rplus_0_l.
Qed.

Lemma sum_taps_sums_to scale h segment : forall taps left before t nb sb eb nt st et,
  before_ok before nb sb eb -> sums_to nt st et t ->
  (before = None \/ 1 <= nt)%nat -> (left = O -> 1 <= nt)%nat ->
  Forall (tap_finite scale h) taps ->
  (nb + nt + length taps <= Z.to_nat (2 ^ 23))%nat ->
  sb + st + taps_total Rabs scale h taps <= largest_size ->
  sums_to (nb + nt + length taps) (sb + st + taps_total Rabs scale h taps)
    (eb + et + taps_total (fun p => p) scale h taps) (sum_taps scale h segment left before t taps).
Proof.
  induction taps as [|a taps IH]; intros left before t nb sb eb nt st et Hb Ht Hn Hl Hf Hc Hs.
  - cbn [sum_taps length taps_total] in *. rewrite Nat.add_0_r, !Rplus_0_r in *. now apply join_sums_to.
  - apply Forall_cons_iff in Hf as [[Fw Fh] Hf]. cbn [sum_taps length taps_total] in *.
    pose proof (taps_absolute_nonneg scale h taps) as A.
    pose proof (Rabs_pos (tap_product scale h a)) as P.
    pose proof (sums_to_size _ _ _ _ Ht) as Pt.
    assert (0 <= sb) as Pb.
    { destruct before; cbn [before_ok] in Hb; [|Lra.lra]. exact (sums_to_size _ _ _ _ (proj2 Hb)). }
    destruct left as [|left'].
    + specialize (Hl eq_refl).
      pose proof (join_sums_to _ _ _ _ _ _ _ _ Hb Ht Hn ltac:(lia) ltac:(Lra.lra)) as J.
      pose proof (fma_sums_to 0 0 0 _ _ zero zero_sums_to Fw Fh ltac:(lia)) as F.
      fold (tap_product scale h a) in F. rewrite !Rplus_0_l in F. specialize (F ltac:(Lra.lra)).
      assert (before_ok (Some (join before t)) (nb + nt) (sb + st) (eb + et)) as B by (split; [lia | exact J]).
      specialize (IH (Nat.pred segment) (Some (join before t)) _ (nb + nt)%nat (sb + st) (eb + et) 1%nat _ _
        B F ltac:(lia) ltac:(lia) Hf ltac:(lia) ltac:(Lra.lra)).
      replace (nb + nt + S (length taps))%nat with (nb + nt + 1 + length taps)%nat by lia.
      rewrite <- !(Rplus_assoc (_ + _) _ (taps_total _ _ _ _)). exact IH.
    + pose proof (fma_sums_to nt st et _ _ t Ht Fw Fh ltac:(lia)) as F.
      fold (tap_product scale h a) in F. specialize (F ltac:(Lra.lra)).
      specialize (IH left' before _ nb sb eb (S nt) _ _ Hb F ltac:(lia) ltac:(lia) Hf ltac:(lia) ltac:(Lra.lra)).
      replace (nb + nt + S (length taps))%nat with (nb + S nt + length taps)%nat by lia.
      replace (sb + st + (Rabs (tap_product scale h a) + taps_total Rabs scale h taps))
        with (sb + (st + Rabs (tap_product scale h a)) + taps_total Rabs scale h taps) by ring.
      replace (eb + et + (tap_product scale h a + taps_total (fun p => p) scale h taps))
        with (eb + (et + tap_product scale h a) + taps_total (fun p => p) scale h taps) by ring.
      exact IH.
Qed.

(* ---- from the float execution to the relation of Network.v ---- *)

Lemma Q2R_gamma k : (Zpos k <= 2 ^ 23)%Z ->
  Q2R (gamma k) = INR (Pos.to_nat k) * u / (1 - INR (Pos.to_nat k) * u).
Proof.
  intro H. pose proof (small_count (Pos.to_nat k) ltac:(lia)) as S.
  assert (INR (Pos.to_nat k) = IZR (Zpos k)) as E by (rewrite INR_IZR_INZ; f_equal; lia).
  assert (Q2R (inject_Z (Zpos k) * unit_roundoff) = INR (Pos.to_nat k) * u) as M
    by (unfold unit_roundoff; now rewrite Q2R_mult, Q2R_integer, Q2R_pow2, E).
  unfold gamma. rewrite Q2R_div.
  - now rewrite Q2R_minus, M, RMicromega.Q2R_1.
  - intro Z. apply Qeq_eqR in Z. rewrite Q2R_minus, M, RMicromega.Q2R_1, RMicromega.Q2R_0 in Z. Lra.lra.
Qed.

Lemma sums_to_computes n k size exact (q mag : Q) p :
  sums_to n size exact p -> (n <= Pos.to_nat k)%nat -> exact = Q2R q -> size = Q2R mag ->
  computes (Npos k) q mag (value p).
Proof.
  intros (_ & Hs & He) Hn -> -> Hk _. apply Rle_Qle. pose proof (Rabs_pos (Q2R q)).
  rewrite Q2R_abs, Q2R_minus, Q2R_value, Q2R_plus, !Q2R_mult, Q2R_integer, Q2R_pow2, (Q2R_gamma k Hk).
  apply Rle_trans with (1 := He).
  replace (IZR (Zpos k)) with (INR (Pos.to_nat k)) by (rewrite INR_IZR_INZ; f_equal; lia).
  apply error_bound_gamma; [exact Hn | lia | Lra.lra].
Qed.

(* ---- which rows execute which ---- *)

Definition terms_of (taps : list tap) : list (N * Z) :=
  flat_map (fun a => match a with Operand i w => [(i, w)] | Padding _ => [] end) taps.
Definition tap_ok (width scale : N) (a : tap) : bool :=
  (representable scale (weight_of a) && match a with Operand i _ => i <? width | Padding _ => true end)%N.
(* 1 or -1 over 2^scale *)
Definition sign_over (scale : N) (negated : bool) : Z :=
  let one := Z.shiftl 1 (Z.of_N scale) in if negated then (- one)%Z else one.
(* The row multiplies one operand. *)
Definition single (width : N) (r : row) (i : N) (w : Z) : bool :=
  ((i <? width)%N && same_terms [(i, w)] (row_terms 0 r))%bool.
(* w / 2^scale is the reciprocal of d / 2^divisor_scale, or close to it if two roundings are allowed. *)
Definition reciprocal (roundings : positive) (scale divisor_scale : N) (w d : Z) : bool :=
  let one := Z.shiftl 1 (Z.of_N scale + Z.of_N divisor_scale) in
  let off := Z.abs (w * d - one) in
  ((off =? 0) || (2 <=? Zpos roundings) && (off * 2 ^ 25 <=? one))%Z%bool.

(* The float row computes what a row of the network with so many roundings may return. *)
Definition executes_row (L : layer) (width : N) (rb : row * Z) (r : float_row) : bool :=
  match roundings L, r with
  | N0, Copy negated i => single width (fst rb) i (sign_over (scale L) negated) && (snd rb =? 0)%Z
  | Npos m, Dot _ taps bias =>
      (negb (Nat.eqb (length taps) 0) && forallb (tap_ok width (scale L)) taps
       && same_terms (terms_of taps) (row_terms 0 (fst rb))
       && match bias with
          | None => (snd rb =? 0) && (Z.of_nat (length taps) <=? Zpos m)
          | Some b => (snd rb =? b) && representable (scale L) b && (Z.of_nat (length taps) + 1 <=? Zpos m)
          end)%Z
  | Npos _, Sum negated i c =>
      single width (fst rb) i (sign_over (scale L) negated) && (snd rb =? c)%Z && representable (scale L) c
  | Npos _, Product i c => single width (fst rb) i c && (snd rb =? 0)%Z && representable (scale L) c
  | Npos m, Quotient i d s =>
      match filter counts (row_terms 0 (fst rb)) with
      | [(_, w)] => single width (fst rb) i w && (snd rb =? 0)%Z && negb (d =? 0)%Z
                    && representable s d && reciprocal m (scale L) s w d
      | _ => false
      end
  | _, _ => false
  end%bool.
Fixpoint executes_rows (L : layer) (width : N) (rbs : list (row * Z)) (rs : list float_row) {struct rbs} : bool :=
  match rbs, rs with
  | [], [] => true
  | rb :: rbs', r :: rs' => if executes_row L width rb r then executes_rows L width rbs' rs' else false
  | _, _ => false
  end.
(* [width]: how many values come in. *)
Fixpoint executes (program : float_program) (net : network) (width : N) {struct net} : bool :=
  match program, net with
  | [], [] => true
  | F :: program', L :: net' =>
      if (float_scale F =? scale L)%N then
        if Bool.eqb (float_relu F) (relu_after L) then
          if executes_rows L width (rows L) (float_rows F)
          then executes program' net' (N.of_nat (length (rows L)))
          else false
        else false
      else false
  | _, _ => false
  end.

(* ---- rows ---- *)

Section Row.
  Variable L : layer.
  Variable h : list binary32.
  Variable width : N.
  Hypothesis h_finite : Forall finite h.
  Hypothesis h_width : N.of_nat (length h) = width.
  Let values := map value h.
  Let unit := bpow radix2 (- Z.of_N (scale L)).

  Lemma operand_spec i : (i <? width)%N = true ->
    finite (operand_of h i) /\ real (operand_of h i) = Q2R (nth (N.to_nat i) values 0%Q).
  Proof.
    intro H. apply N.ltb_lt in H. unfold operand_of, values.
    assert (N.to_nat i < length h)%nat as Hi by lia. split.
    - rewrite Forall_forall in h_finite. apply h_finite. now apply nth_In.
    - rewrite (nth_indep (map value h) 0%Q (value B754_nan)) by (now rewrite map_length).
      now rewrite map_nth, Q2R_value.
  Qed.

  Lemma Q2R_exact rb ts : same_terms ts (row_terms 0 (fst rb)) = true ->
    Q2R (exact_value L rb values) = Q2R (terms_total product ts values) * unit + IZR (snd rb) * unit.
  Proof.
    intro H. unfold exact_value, unit_of. rewrite Q2R_mult, Q2R_plus, Q2R_integer, Q2R_pow2.
    rewrite (Qeq_eqR _ _ (same_row_product _ _ values H)). unfold unit. ring.
  Qed.
  Lemma Q2R_magnitude rb ts : same_terms ts (row_terms 0 (fst rb)) = true ->
    Q2R (magnitude L rb values)
    = Q2R (terms_total absolute_product ts values) * unit + Rabs (IZR (snd rb)) * unit.
  Proof.
    intro H. unfold magnitude, unit_of. rewrite Q2R_mult, Q2R_plus, Q2R_abs, Q2R_integer, Q2R_pow2.
    rewrite (Qeq_eqR _ _ (same_row_absolute _ _ values H)). unfold unit. ring.
  Qed.
  Lemma unit_pos : 0 < unit.
  Proof. apply bpow_gt_0. Qed.
  Lemma abs_unit r : Rabs (r * unit) = Rabs r * unit.
  Proof. rewrite Rabs_mult, (Rabs_pos_eq unit); [reflexivity | apply Rlt_le, unit_pos]. Qed.

  Lemma taps_spec taps : forallb (tap_ok width (scale L)) taps = true ->
    Forall (tap_finite (scale L) h) taps /\
    taps_total (fun p => p) (scale L) h taps = Q2R (terms_total product (terms_of taps) values) * unit /\
    taps_total Rabs (scale L) h taps = Q2R (terms_total absolute_product (terms_of taps) values) * unit.
  Proof.
    induction taps as [|a taps IH]; intro H.
    - split; [constructor|]. cbn [taps_total terms_of flat_map terms_total].
      rewrite RMicromega.Q2R_0. split; ring.
    - cbn [forallb] in H. apply andb_prop in H as [Ha H]. destruct (IH H) as (I1 & I2 & I3).
      apply andb_prop in Ha as [Hw Hi]. apply representable_spec in Hw as [Fw Vw]. fold unit in Vw.
      destruct a as [i w|w]; cbn [weight_of terms_of flat_map app taps_total terms_total fst snd] in *.
      + destruct (operand_spec i Hi) as [Fh Vh]. unfold tap_product. cbn [weight_of factor_of].
        rewrite Vw, Vh, I2, I3. fold (terms_of taps). split; [constructor; [now split | exact I1]|].
        unfold product, absolute_product. rewrite !Q2R_plus, !Q2R_mult, !Q2R_abs, Q2R_integer, !Rabs_mult.
        rewrite (Rabs_pos_eq unit) by apply Rlt_le, unit_pos. split; ring.
      + fold (terms_of taps). unfold tap_product. cbn [weight_of factor_of].
        change (real zero) with 0. rewrite Rmult_0_r, Rabs_R0, !Rplus_0_l.
        repeat split; [constructor; [now split | exact I1] | exact I2 | exact I3].
  Qed.

  Variable rb : row * Z.
  Hypothesis in_range : row_in_range L values rb.

  (* A computed sum with the value and the size of the row is what the network may return. *)
  Lemma row_of_sum n p m : roundings L = Npos m -> (Z.of_nat n <= Zpos m)%Z ->
    sums_to n (Q2R (magnitude L rb values)) (Q2R (exact_value L rb values)) p ->
    finite p /\ row_computes L values rb (value p).
  Proof.
    intros Hm Hn Hp. split; [apply Hp|]. unfold row_computes. rewrite Hm.
    apply (sums_to_computes n m _ _ _ _ p Hp); [lia | reflexivity | reflexivity].
  Qed.
  Lemma size_in_range m : roundings L = Npos m ->
    (Zpos m <= 2 ^ 23)%Z /\ Q2R (magnitude L rb values) <= largest_size.
  Proof.
    intro Hm. unfold row_in_range in in_range. rewrite Hm in in_range. destruct in_range as [H1 H2].
    split; [exact H1|]. apply Qlt_Rlt in H2. rewrite Q2R_pow2 in H2. now apply Rlt_le.
  Qed.

  Lemma dot_spec m segment taps bias : roundings L = Npos m ->
    executes_row L width rb (Dot segment taps bias) = true ->
    let p := run_row (scale L) h (Dot segment taps bias) in finite p /\ row_computes L values rb (value p).
  Proof.
    intros Hm H. unfold executes_row in H. rewrite Hm in H.
    apply andb_prop in H as [H Hbias]. apply andb_prop in H as [H Hsame]. apply andb_prop in H as [Hlen Hok].
    apply Bool.negb_true_iff, Nat.eqb_neq in Hlen.
    destruct (taps_spec taps Hok) as (T1 & T2 & T3).
    destruct (size_in_range m Hm) as [Hk Hs].
    pose proof (Q2R_exact rb _ Hsame) as E. pose proof (Q2R_magnitude rb _ Hsame) as M.
    rewrite <- T2 in E. rewrite <- T3 in M.
    pose proof unit_pos as U. pose proof (Rabs_pos (IZR (snd rb))) as P.
    assert (0 <= Rabs (IZR (snd rb)) * unit) as P2 by (apply Rmult_le_pos; Lra.lra).
    pose proof (fun C S => sum_taps_sums_to (scale L) h (Pos.to_nat segment) taps (Pos.to_nat segment) None zero
      0 0 0 0 0 0 (conj eq_refl (conj eq_refl eq_refl)) zero_sums_to (or_introl eq_refl)
      ltac:(intro; lia) T1 C S) as G.
    rewrite !Nat.add_0_l, !Rplus_0_l in G.
    assert (length taps <= Z.to_nat (2 ^ 23))%nat as C by (destruct bias; lia).
    specialize (G C ltac:(Lra.lra)). cbn [run_row].
    destruct bias as [b|].
    - apply andb_prop in Hbias as [Hb Hcount]. apply andb_prop in Hb as [Hb Hrep].
      apply Z.eqb_eq in Hb. apply Z.leb_le in Hcount.
      apply representable_spec in Hrep as [Fb Vb]. fold unit in Vb. rewrite <- Hb in Vb.
      apply (row_of_sum (length taps + 1) _ m Hm); [lia|].
      rewrite E, M, <- abs_unit, <- Vb, Hb. apply add_sums_to; auto; try lia.
      + now apply itself_sums_to.
      + rewrite <- Hb, Vb, abs_unit. Lra.lra.
    - apply andb_prop in Hbias as [Hb Hcount]. apply Z.eqb_eq in Hb. apply Z.leb_le in Hcount.
      apply (row_of_sum (length taps) _ m Hm); [lia|]. rewrite E, M, Hb, Rabs_R0, !Rmult_0_l, !Rplus_0_r. exact G.
  Qed.

  (* Rows over one operand. *)
  Lemma largest_size_pos : 0 < largest_size.
  Proof. apply bpow_gt_0. Qed.
  Lemma single_spec i w : single width (fst rb) i w = true ->
    let x := operand_of h i in
    finite x /\
    Q2R (exact_value L rb values) = IZR w * unit * real x + IZR (snd rb) * unit /\
    Q2R (magnitude L rb values) = Rabs (IZR w * unit * real x) + Rabs (IZR (snd rb) * unit).
  Proof.
    intro H. apply andb_prop in H as [Hi Hsame]. destruct (operand_spec i Hi) as [Fx Vx]. cbv zeta.
    split; [exact Fx|]. rewrite (Q2R_exact rb _ Hsame), (Q2R_magnitude rb _ Hsame), Vx.
    cbn [terms_total fst snd]. unfold product, absolute_product.
    rewrite !Q2R_plus, !Q2R_mult, !Q2R_abs, !Q2R_integer, RMicromega.Q2R_0, !Rabs_mult.
    rewrite (Rabs_pos_eq unit) by apply Rlt_le, unit_pos. split; ring.
  Qed.
  Lemma sign_over_unit negated : IZR (sign_over (scale L) negated) * unit = if negated then - 1 else 1.
  Proof.
    assert (IZR (Z.shiftl 1 (Z.of_N (scale L))) * unit = 1) as O.
    { rewrite Z.shiftl_1_l. change 2%Z with (radix_val radix2). rewrite IZR_Zpower by lia.
      unfold unit. rewrite <- bpow_plus. replace (_ + _)%Z with 0%Z by lia. reflexivity. }
    unfold sign_over. destruct negated; [rewrite opp_IZR|]; Lra.lra.
  Qed.
  Lemma signed_spec negated a : finite a ->
    finite (signed negated a) /\ real (signed negated a) = (if negated then - 1 else 1) * real a.
  Proof.
    intro F. unfold finite, signed in *. destruct negated.
    - rewrite is_finite_Bopp, B2R_Bopp. split; [exact F | ring].
    - split; [exact F | ring].
  Qed.

  Lemma sum_spec m negated i c : roundings L = Npos m -> executes_row L width rb (Sum negated i c) = true ->
    let p := run_row (scale L) h (Sum negated i c) in finite p /\ row_computes L values rb (value p).
  Proof.
    intros Hm H. unfold executes_row in H. rewrite Hm in H.
    apply andb_prop in H as [H Hrep]. apply andb_prop in H as [Hsingle Hc]. apply Z.eqb_eq in Hc.
    apply representable_spec in Hrep as [Fc Vc]. fold unit in Vc.
    destruct (single_spec i _ Hsingle) as (Fx & E & M). rewrite sign_over_unit in E, M.
    destruct (size_in_range m Hm) as [Hk Hs].
    destruct (signed_spec negated _ Fx) as [Fs Vs]. rewrite Hc, <- Vs, <- Vc in E, M.
    apply (row_of_sum 1 _ m Hm); [lia|]. rewrite E, M in *. cbn [run_row].
    pose proof largest_size_pos. apply add_one_sums_to; auto. Lra.lra.
  Qed.
  Lemma product_spec m i c : roundings L = Npos m -> executes_row L width rb (Product i c) = true ->
    let p := run_row (scale L) h (Product i c) in finite p /\ row_computes L values rb (value p).
  Proof.
    intros Hm H. unfold executes_row in H. rewrite Hm in H.
    apply andb_prop in H as [H Hrep]. apply andb_prop in H as [Hsingle Hb]. apply Z.eqb_eq in Hb.
    apply representable_spec in Hrep as [Fc Vc]. fold unit in Vc.
    destruct (single_spec i _ Hsingle) as (Fx & E & M). rewrite Hb, Rmult_0_l in E, M.
    rewrite Rabs_R0, Rplus_0_r, <- Vc, Rmult_comm in M. rewrite Rplus_0_r, <- Vc, Rmult_comm in E.
    destruct (size_in_range m Hm) as [Hk Hs].
    apply (row_of_sum 1 _ m Hm); [lia|]. rewrite E, M in *. cbn [run_row].
    pose proof largest_size_pos. apply multiply_sums_to; auto. Lra.lra.
  Qed.
  Lemma copy_spec negated i : executes_row L width rb (Copy negated i) = true ->
    let p := run_row (scale L) h (Copy negated i) in finite p /\ row_computes L values rb (value p).
  Proof.
    intro H. unfold executes_row in H. destruct (roundings L) as [|m] eqn:Hm; [|discriminate].
    apply andb_prop in H as [Hsingle Hb]. apply Z.eqb_eq in Hb.
    destruct (single_spec i _ Hsingle) as (Fx & E & _). rewrite sign_over_unit, Hb, Rmult_0_l, Rplus_0_r in E.
    destruct (signed_spec negated _ Fx) as [Fs Vs]. cbn [run_row]. split; [exact Fs|].
    unfold row_computes. rewrite Hm. cbn [computes]. apply eqR_Qeq. now rewrite Q2R_value, Vs, E.
  Qed.
  Lemma reciprocal_spec m s w d : reciprocal m (scale L) s w d = true ->
    let e := IZR w * unit * (IZR d * bpow radix2 (- Z.of_N s)) - 1 in
    e = 0 \/ (2 <= Zpos m)%Z /\ Rabs e <= u / 2.
  Proof.
    intros H e. unfold reciprocal in H. set (one := Z.shiftl 1 (Z.of_N (scale L) + Z.of_N s)) in *.
    set (k := bpow radix2 (- (Z.of_N (scale L) + Z.of_N s))).
    assert (IZR one * k = 1) as O.
    { unfold one, k. rewrite Z.shiftl_1_l. change 2%Z with (radix_val radix2). rewrite IZR_Zpower by lia.
      rewrite <- bpow_plus. replace (_ + _)%Z with 0%Z by lia. reflexivity. }
    assert (e = IZR (w * d - one) * k) as E.
    { rewrite minus_IZR, mult_IZR. unfold e. rewrite <- O. unfold k, unit.
      replace (- (Z.of_N (scale L) + Z.of_N s))%Z with (- Z.of_N (scale L) + - Z.of_N s)%Z by lia.
      rewrite bpow_plus. ring. }
    assert (0 < k) as K by apply bpow_gt_0.
    apply Bool.orb_true_iff in H as [H|H].
    - apply Z.eqb_eq in H. left. rewrite E. replace (w * d - one)%Z with 0%Z by lia. ring.
    - apply andb_prop in H as [Hm H]. apply Z.leb_le in Hm, H. right. split; [exact Hm|].
      rewrite E, Rabs_mult, (Rabs_pos_eq k), <- abs_IZR by Lra.lra.
      apply IZR_le in H. rewrite mult_IZR in H. change (2 ^ 25)%Z with 33554432%Z in H.
      rewrite u_value. nra.
  Qed.
  (* x / d, where w is close to 1 / d. *)
  Lemma quotient_near x w d n p : 
    sums_to 1 (Rabs (x / d)) (x / d) p -> d <> 0 ->
    (w * d - 1 = 0 /\ n = 1%nat \/ n = 2%nat /\ Rabs (w * d - 1) <= u / 2) ->
    sums_to n (Rabs (w * x)) (w * x) p.
  Proof.
    intros (F & _ & B) Hd Hw. split; [exact F|]. split; [apply Rle_refl|].
    set (e := w * d - 1) in *. assert (w * x = x / d * (1 + e)) as E by (unfold e; field; exact Hd).
    destruct Hw as [[He ->]|[-> He]].
    - rewrite E, He, Rplus_0_r, Rmult_1_r. exact B.
    - pose proof u_pos as U. pose proof tiny_pos as T. rewrite E. set (q := x / d) in *.
      assert (Rabs (real p - q * (1 + e)) <= error_bound 1 (Rabs q) + Rabs q * (u / 2)) as S.
      { replace (real p - q * (1 + e)) with ((real p - q) + - (q * e)) by ring.
        eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp, (Rabs_mult q e).
        apply Rplus_le_compat; [exact B|]. apply Rmult_le_compat_l; [apply Rabs_pos | exact He]. }
      apply Rle_trans with (1 := S).
      assert (Rabs q * (1 - u / 2) <= Rabs (q * (1 + e))) as Q.
      { rewrite Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos|].
        apply Rabs_le_inv in He. rewrite Rabs_pos_eq; rewrite u_value in *; Lra.lra. }
      pose proof (Rabs_pos q). unfold error_bound, growth. cbn [pow INR]. rewrite u_value in *. nra.
  Qed.
  Lemma quotient_spec m i d s : roundings L = Npos m -> executes_row L width rb (Quotient i d s) = true ->
    let p := run_row (scale L) h (Quotient i d s) in finite p /\ row_computes L values rb (value p).
  Proof.
    intros Hm H. unfold executes_row in H. rewrite Hm in H.
    destruct (filter counts (row_terms 0 (fst rb))) as [|[j w] [|]]; try discriminate.
    apply andb_prop in H as [H Hrec]. apply andb_prop in H as [H Hrep]. apply andb_prop in H as [H Hd].
    apply andb_prop in H as [Hsingle Hb]. apply Z.eqb_eq in Hb. apply Bool.negb_true_iff, Z.eqb_neq in Hd.
    apply representable_spec in Hrep as [Fd Vd]. apply reciprocal_spec in Hrec. cbv zeta in Hrec.
    rewrite <- Vd in Hrec.
    destruct (single_spec i w Hsingle) as (Fx & E & M). rewrite Hb, Rmult_0_l in E, M.
    rewrite Rabs_R0, Rplus_0_r in M. rewrite Rplus_0_r in E.
    destruct (size_in_range m Hm) as [Hk Hs]. rewrite M in Hs. cbn [run_row].
    set (x := operand_of h i) in *. set (D := number s d) in *. set (W := IZR w * unit) in *.
    assert (real D <> 0) as HD.
    { rewrite Vd. apply Rmult_integral_contrapositive_currified; [now apply not_0_IZR|].
      pose proof (bpow_gt_0 radix2 (- Z.of_N s)). Lra.lra. }
    assert (Rabs (real x / real D) <= 2 * largest_size) as R.
    { set (e := W * real D - 1) in *.
      assert (Rabs e <= / 2) as He.
      { destruct Hrec as [->|[_ He]]; [rewrite Rabs_R0; Lra.lra|]. rewrite u_value in He. Lra.lra. }
      assert (W * real x = real x / real D * (1 + e)) as X by (unfold e; field; exact HD).
      rewrite X, Rabs_mult in Hs. apply Rabs_le_inv in He. rewrite (Rabs_pos_eq (1 + e)) in Hs by Lra.lra.
      pose proof (Rabs_pos (real x / real D)). nra. }
    pose proof (divide_sums_to x D Fx HD R) as S.
    destruct Hrec as [He|[H2 He]].
    - apply (row_of_sum 1 _ m Hm); [lia|]. rewrite E, M. apply quotient_near with (real D); auto.
    - apply (row_of_sum 2 _ m Hm); [lia|]. rewrite E, M. apply quotient_near with (real D); auto.
  Qed.

  Lemma row_spec r : executes_row L width rb r = true ->
    let p := run_row (scale L) h r in finite p /\ row_computes L values rb (value p).
  Proof.
    intro H. destruct (roundings L) as [|m] eqn:Hm.
    - destruct r; try (unfold executes_row in H; rewrite Hm in H; discriminate). now apply copy_spec.
    - destruct r as [segment taps bias|negated i c|i c|i d s|negated i].
      + now apply dot_spec with m.
      + now apply sum_spec with m.
      + now apply product_spec with m.
      + now apply quotient_spec with m.
      + unfold executes_row in H. rewrite Hm in H. discriminate.
  Qed.
End Row.

(* ---- layers and programs ---- *)

Lemma rows_spec L h width : Forall finite h -> N.of_nat (length h) = width ->
  forall rbs rs, Forall (row_in_range L (map value h)) rbs -> executes_rows L width rbs rs = true ->
  let p := map (run_row (scale L) h) rs in
  Forall finite p /\ Forall2 (row_computes L (map value h)) rbs (map value p).
Proof.
  intros Hf Hw. induction rbs as [|rb rbs IH]; intros [|r rs] Hr H; try discriminate; cbn [map].
  - split; constructor.
  - cbn [executes_rows] in H. destruct (executes_row L width rb r) eqn:E; [|discriminate].
    apply Forall_cons_iff in Hr as [Hr1 Hr2]. destruct (IH rs Hr2 H) as [I1 I2].
    destruct (row_spec L h width Hf Hw rb Hr1 r E) as [R1 R2]. split; constructor; assumption.
Qed.

Lemma float_relu_spec a : finite a -> finite (float_relu_of a) /\ value (float_relu_of a) = relu (value a).
Proof.
  destruct a as [s|s| |s m e H]; intro F; try discriminate; [split; reflexivity|].
  unfold relu. destruct s; cbn [float_relu_of]; (split; [reflexivity|]); cbn [value].
  - unfold Qminmax.Qmax, GenericMinMax.gmax.
    destruct (Qcompare_spec 0 (at_exp e (Zneg m))) as [X|X|X]; try reflexivity.
    exfalso. apply (Qlt_not_le _ _ X). rewrite <- (at_exp_zero e). apply at_exp_le. lia.
  - unfold Qminmax.Qmax, GenericMinMax.gmax.
    destruct (Qcompare_spec 0 (at_exp e (Zpos m))) as [X|X|X]; try reflexivity; exfalso.
    all: assert (0 < at_exp e (Zpos m))%Q as P
      by (unfold at_exp; pose proof (pow2_pos e); apply (Qmult_lt_0_compat (inject_Z (Zpos m))); [reflexivity | assumption]).
    + apply (Qlt_irrefl 0). apply Qlt_le_trans with (1 := P). apply Qle_lteq. right. now symmetry.
    + apply (Qlt_irrefl 0). now apply Qlt_trans with (1 := P).
Qed.
Lemma activated_spec active p : Forall finite p ->
  let p' := if active : bool then map float_relu_of p else p in
  Forall finite p' /\ map value p' = activate active (map value p).
Proof.
  intro F. destruct active; [|now split]. cbn [activate].
  induction F as [|a p Fa Fp [I1 I2]]; cbn [map]; [split; constructor|].
  destruct (float_relu_spec a Fa) as [G1 G2]. split; [now constructor|]. now rewrite G2, I2.
Qed.

Lemma same_length {A B} (R : A -> B -> Prop) l l' : Forall2 R l l' -> length l = length l'.
Proof. induction 1; cbn [length]; auto. Qed.

Lemma run_traces : forall program net h, executes program net (N.of_nat (length h)) = true ->
  Forall finite h -> in_range_from net (map value h) ->
  Forall finite (run program h) /\ exists ps, trace net (map value h) ps (map value (run program h)).
Proof.
  induction program as [|F program IH]; intros [|L net] h H Hf Hr; try discriminate.
  - split; [exact Hf|]. exists []. cbn [trace run fold_left]. induction (map value h); constructor; auto.
    reflexivity.
  - cbn [executes] in H. destruct (N.eqb_spec (float_scale F) (scale L)) as [Es|]; [|discriminate].
    destruct (Bool.eqb (float_relu F) (relu_after L)) eqn:Ea; [|discriminate].
    apply Bool.eqb_prop in Ea. destruct (executes_rows L _ (rows L) (float_rows F)) eqn:Er; [|discriminate].
    destruct Hr as [Hr1 Hr2].
    destruct (rows_spec L h _ Hf eq_refl _ _ Hr1 Er) as [P1 P2].
    set (p := map (run_row (scale L) h) (float_rows F)) in *.
    destruct (activated_spec (relu_after L) p P1) as [A1 A2]. cbv zeta in A1, A2.
    assert (run_layer F h = if relu_after L then map float_relu_of p else p) as El
      by (unfold run_layer; now rewrite Es, Ea).
    change (run (F :: program) h) with (run program (run_layer F h)). rewrite El.
    specialize (Hr2 _ P2). rewrite <- A2 in Hr2.
    assert (length (if relu_after L then map float_relu_of p else p) = length (rows L)) as Hlen.
    { rewrite <- (map_length value), A2. rewrite (same_length _ _ _ P2).
      destruct (relu_after L); cbn [activate]; now rewrite ?map_length. }
    rewrite <- Hlen in H. destruct (IH net _ H A1 Hr2) as [G1 (ps & G2)].
    split; [exact G1|]. exists (map value p :: ps). cbn [trace]. split; [exact P2|]. now rewrite <- A2.
Qed.

Theorem executed_safe program net box cs :
  executes program net (N.of_nat (length box)) = true -> safe net box cs ->
  (forall x, in_box box x -> in_range_from net x) -> float_safe program box cs.
Proof.
  intros He Hs Hr x Hf Hx y.
  assert (length box = length x) as Hlen by (rewrite <- (map_length value x); exact (same_length _ _ _ Hx)).
  rewrite Hlen in He. destruct (run_traces program net x He Hf (Hr _ Hx)) as [F T].
  split; [exact F|]. exact (Hs _ _ Hx T).
Qed.
Theorem certified_float_safe program net box cs t :
  executes program net (N.of_nat (length box)) = true -> certified net box cs t = true ->
  float_safe program box cs.
Proof.
  intros He Hc. exact (executed_safe program net box cs He (certified_safe _ _ _ _ Hc)
    (certified_in_range _ _ _ _ Hc)).
Qed.
