(* Forward pass: for every layer in turn, the rounding errors of its rows, intervals of its values before
   activation (interval arithmetic, met with bounds that are already known, then tightened by backward
   substitution where the sign is not decided), and the intervals of what it passes on. *)
From Coq Require Import ZArith QArith Qabs Qminmax List Lia Lqa.
From Isotrace.Core Require Import Dyadic Network Rows Relaxation Backward.
Import ListNotations.
Local Open Scope Q_scope.

(* How many bits are kept. More bits give tighter bounds and cost time; any numbers are sound. *)
Record precision : Type := Precision { weight_bits : Z; coefficient_bits : Z; interval_bits : Z }.

(* A layer with coarse weights. *)
Record plan : Type := Plan {
  cut : Z;
  plan_scale : N;
  plan_roundings : N;
  plan_active : bool;
  plan_rows : list (row * Z)
}.
Definition row_max (r : row) (a : Z) : Z := fold_left (fun m piece => max_abs (snd piece) m) r a.
Definition largest_weight (L : layer) : Z := fold_left (fun m rb => row_max (fst rb) m) (rows L) 1%Z.
Definition make_plan (bits : precision) (L : layer) : plan :=
  let c := Z.max 0 (Z.log2 (largest_weight L) - weight_bits bits) in
  Plan c (scale L) (roundings L) (relu_after L)
    (map (fun rb => (coarse_row c (fst rb), snd rb)) (rows L)).

Definition plan_weight_exp (P : plan) : Z := (cut P - Z.of_N (plan_scale P))%Z.
Definition plan_bias_exp (P : plan) : Z := (- Z.of_N (plan_scale P))%Z.

(* ---- errors ---- *)

(* A multiple of 2^-24 that is at least k / (2^24 - k), in a form that is quick to multiply with: k and a
   thousandth more for short sums, twice k for the longest. Products take a step for each bit of the
   first number. *)
Definition ceil_shift (a n : Z) : Z := (- Z.shiftr (- a) n)%Z.
Definition gamma_times (k mag : Z) : Z :=
  if (k <=? 16000)%Z then ceil_shift (k * 1025 * mag) 34 else ceil_shift (k * 2 * mag) 24.
(* An upper bound of gamma_m * mag + m * 2^-149, everything at exponent e, for mag >= 0. *)
Definition rounding_error (m : N) (e mag : Z) : Z :=
  match m with
  | N0 => 0%Z
  | Npos k => (gamma_times (Zpos k) mag + ceil_to e (-149) (Zpos k))%Z
  end.
(* The conditions under which the error bound holds. *)
Definition in_range (m : N) (e mag : Z) : bool :=
  match m with
  | N0 => true
  | Npos k => ((Zpos k <=? 2 ^ 23) && (Z.log2 mag <? 126 - e))%Z
  end.

Lemma ceil_shift_spec a n : (0 <= n)%Z -> (a <= 2 ^ n * ceil_shift a n)%Z.
Proof.
  intro H. unfold ceil_shift. rewrite Z.shiftr_div_pow2 by exact H.
  pose proof (Z.mul_div_le (- a) (2 ^ n) ltac:(apply Z.pow_pos_nonneg; lia)). lia.
Qed.
Lemma gamma_times_spec k mag : (0 < k <= 8388608)%Z -> (0 <= mag)%Z ->
  (mag * k <= (16777216 - k) * gamma_times k mag)%Z.
Proof.
  intros Hk Hm. assert (0 <= mag * k)%Z as A by (apply Z.mul_nonneg_nonneg; lia).
  unfold gamma_times. destruct (Z.leb_spec k 16000).
  - pose proof (ceil_shift_spec (k * 1025 * mag) 34 ltac:(lia)) as C. set (c := ceil_shift _ _) in *.
    change (2 ^ 34)%Z with 17179869184%Z in C. replace (k * 1025 * mag)%Z with (1025 * (mag * k))%Z in C by ring.
    pose proof (Z.mul_le_mono_nonneg_r 16761216 (16777216 - k) c ltac:(lia) ltac:(lia)). lia.
  - pose proof (ceil_shift_spec (k * 2 * mag) 24 ltac:(lia)) as C. set (c := ceil_shift _ _) in *.
    change (2 ^ 24)%Z with 16777216%Z in C. replace (k * 2 * mag)%Z with (2 * (mag * k))%Z in C by ring.
    pose proof (Z.mul_le_mono_nonneg_r 8388608 (16777216 - k) c ltac:(lia) ltac:(lia)). lia.
Qed.
Lemma below_limit e mag magnitude : magnitude <= at_exp e mag -> (Z.log2 mag < 126 - e)%Z ->
  magnitude < pow2 126.
Proof.
  intros Hm Hl. apply Qle_lt_trans with (1 := Hm). pose proof (Z.log2_nonneg mag) as N.
  assert (mag < 2 ^ (126 - e))%Z as B.
  { destruct (Z_lt_le_dec 0 mag) as [P|P]; [now apply Z.log2_lt_pow2|].
    pose proof (Z.pow_pos_nonneg 2 (126 - e)). lia. }
  apply inject_lt in B. rewrite <- (pow2_of_nonneg (126 - e)) in B by lia.
  setoid_replace (pow2 126) with (pow2 (126 - e) * pow2 e)
    by (rewrite <- pow2_plus; now replace (126 - e + e)%Z with 126%Z by lia).
  unfold at_exp. pose proof (pow2_pos e). nra.
Qed.

Lemma gamma_mag k e mag magnitude : (Zpos k <= 2 ^ 23)%Z -> 0 <= magnitude -> magnitude <= at_exp e mag ->
  gamma k * magnitude <= at_exp e (gamma_times (Zpos k) mag).
Proof.
  intros Hk Hpos Hm.
  assert (0 <= mag)%Z as Hmag.
  { apply Z.le_ngt. intro N. apply inject_lt in N. unfold at_exp in Hm. pose proof (pow2_pos e).
    change (inject_Z 0) with 0 in N. nra. }
  pose proof (gamma_times_spec (Zpos k) mag ltac:(lia) Hmag) as C. set (c := gamma_times _ _) in *.
  assert (0 < 16777216 - Zpos k)%Z as Hd by lia.
  apply inject_le in C. rewrite !inject_mult in C.
  apply inject_lt in Hd. change (inject_Z 0) with 0 in Hd.
  assert (0 < inject_Z (Zpos k)) as Kp by reflexivity.
  assert (gamma k == inject_Z (Zpos k) / inject_Z (16777216 - Zpos k)) as ->.
  { unfold gamma, unit_roundoff. rewrite inject_minus in *. change (inject_Z 16777216) with (16777216 # 1) in *.
    change (pow2 (-24)) with (1 # 16777216). field. split; lra. }
  set (d := inject_Z (16777216 - Zpos k)) in *. set (n := inject_Z (Zpos k)) in *.
  setoid_replace (n / d * magnitude) with (n * magnitude / d) by (field; lra).
  apply Qle_shift_div_r; [exact Hd|].
  assert (n * magnitude <= n * at_exp e mag) as A
    by (rewrite !(Qmult_comm n); apply Qmult_le_compat_r; [exact Hm | lra]).
  assert (inject_Z mag * n * pow2 e <= d * inject_Z c * pow2 e) as B
    by (apply Qmult_le_compat_r; [exact C | apply Qlt_le_weak, pow2_pos]).
  unfold at_exp in *. lra.
Qed.

Lemma rounding_error_spec m e mag exact magnitude p : 0 <= magnitude ->
  computes m exact magnitude p -> magnitude <= at_exp e mag -> in_range m e mag = true ->
  Qabs (p - exact) <= at_exp e (rounding_error m e mag).
Proof.
  intros Hpos Hc Hm Hr. destruct m as [|k]; unfold computes in Hc; unfold rounding_error; unfold in_range in Hr.
  - rewrite at_exp_zero, Hc. setoid_replace (exact - exact) with 0 by ring. apply Qle_refl.
  - apply andb_prop in Hr as [Hk Hr]. apply Z.leb_le in Hk. apply Z.ltb_lt in Hr.
    specialize (Hc Hk (below_limit e mag magnitude Hm Hr)). apply Qle_trans with (1 := Hc). rewrite at_exp_plus.
    apply Qplus_le_compat; [exact (gamma_mag k e mag magnitude Hk Hpos Hm)|].
    exact (ceil_to_ge e (-149) (Zpos k)).
Qed.

(* ---- one row ---- *)

(* What truncating the weights of a row may lose, and the size |w|.|h| + |b|. *)
Definition lost (c : Z) (_ : Z) (b : Z * Z) : Z := (slack c * largest b)%Z.
Definition row_lost (P : plan) (here : intervals) (r : row) : Z := row_sum (lost (cut P)) r (snd here).
Definition row_size (P : plan) (here : intervals) (rb : row * Z) : Z :=
  (row_sum weighted_size (fst rb) (snd here) + row_lost P here (fst rb)
   + ceil_to (plan_weight_exp P + fst here) (plan_bias_exp P) (Z.abs (snd rb)))%Z.
Definition row_guard (P : plan) (here : intervals) (rb : row * Z) : bool :=
  in_range (plan_roundings P) (plan_weight_exp P + fst here) (row_size P here rb).
Definition row_error (P : plan) (here : intervals) (rb : row * Z) : Z :=
  (row_lost P here (fst rb)
   + rounding_error (plan_roundings P) (plan_weight_exp P + fst here) (row_size P here rb))%Z.

(* A neuron and an interval of its value. *)
Definition measured : Type := neuron * (dyadic * dyadic).
Definition measure (P : plan) (here : intervals) (rb : row * Z) : measured :=
  let e := (plan_weight_exp P + fst here)%Z in
  let err := row_error P here rb in
  let b := (snd rb, plan_bias_exp P) in
  (Neuron (fst rb) (snd rb) err,
   (plus ((row_sum low (fst rb) (snd here) - err)%Z, e) b,
    plus ((row_sum high (fst rb) (snd here) + err)%Z, e) b)).

Definition between (d : dyadic * dyadic) (q : Q) : Prop := meaning (fst d) <= q <= meaning (snd d).
Definition measured_ok (we be ee : Z) (h : list Q) (n : measured) (p : Q) : Prop :=
  neuron_ok we be ee h (fst n) p /\ between (snd n) p.

Lemma lost_spec c e w b q : inside e b q -> loss c w q <= at_exp e (lost c w b).
Proof.
  intro H. apply largest_spec in H. unfold loss, lost. rewrite at_exp_product.
  rewrite !(Qmult_comm (inject_Z (slack c))). apply Qmult_le_compat_r; [exact H | apply slack_nonneg].
Qed.

Section Row.
  Variable bits : precision.
  Variable L : layer.
  Let P := make_plan bits L.
  Variable here : intervals.
  Variable h : list Q.
  Hypothesis inside_here : all_inside here h.
  Variable rb : row * Z.
  Let crb : row * Z := (coarse_row (cut P) (fst rb), snd rb).
  Let e := (plan_weight_exp P + fst here)%Z.

  Lemma cut_nonneg : (0 <= cut P)%Z.
  Proof. unfold P, make_plan. cbn [cut]. lia. Qed.
  Lemma unit_pos : 0 < unit_of L.
  Proof. apply pow2_pos. Qed.
  (* A bound of a total over the operands, in units of the plan's weights. *)
  Lemma in_weight_units total z : total <= at_exp (fst here) z ->
    pow2 (cut P) * total * unit_of L <= at_exp e z.
  Proof.
    intro H. unfold e, plan_weight_exp. rewrite at_exp_shift. unfold Z.sub. rewrite pow2_plus.
    fold (unit_of L). pose proof unit_pos. pose proof (pow2_pos (cut P)).
    assert (0 <= pow2 (cut P) * unit_of L) as S by nra.
    assert (total * (pow2 (cut P) * unit_of L) <= at_exp (fst here) z * (pow2 (cut P) * unit_of L)) as G
      by now apply Qmult_le_compat_r.
    change (unit_of L) with (pow2 (- Z.of_N (plan_scale P))) in *. lra.
  Qed.

  Lemma lost_bound :
    pow2 (cut P) * row_total (loss (cut P)) (fst crb) h * unit_of L
    <= at_exp e (row_lost P here (fst crb)).
  Proof. apply in_weight_units. apply row_sum_above; [intros; now apply lost_spec | exact inside_here]. Qed.

  Lemma size_bound : magnitude L rb h <= at_exp e (row_size P here crb).
  Proof.
    unfold magnitude, row_size. rewrite !at_exp_plus.
    pose proof (coarse_absolute (cut P) (fst rb) h cut_nonneg) as C. cbn [fst] in *.
    change (coarse_row (cut P) (fst rb)) with (fst crb) in C.
    pose proof (in_weight_units _ _ (row_sum_above (fst here) weighted_size absolute_product (fst crb) _ h
      (weighted_size_spec (fst here)) inside_here)) as W.
    pose proof lost_bound as R. pose proof unit_pos as U.
    pose proof (ceil_to_ge e (plan_bias_exp P) (Z.abs (snd crb))) as B.
    assert (at_exp (plan_bias_exp P) (Z.abs (snd crb)) == Qabs (inject_Z (snd rb)) * unit_of L) as EB
      by (unfold at_exp; rewrite inject_abs; reflexivity).
    rewrite EB in B. fold e.
    assert (row_total absolute_product (fst rb) h * unit_of L
            <= (pow2 (cut P) * (row_total absolute_product (fst crb) h
                + row_total (loss (cut P)) (fst crb) h)) * unit_of L) as G
      by (apply Qmult_le_compat_r; [exact C | lra]).
    lra.
  Qed.

  Lemma coarse_value_bound :
    Qabs (exact_value L rb h
          - (pow2 (plan_weight_exp P) * row_total product (fst crb) h
             + at_exp (plan_bias_exp P) (snd crb)))
    <= at_exp e (row_lost P here (fst crb)).
  Proof.
    apply Qle_trans with (2 := lost_bound).
    pose proof (coarse_product (cut P) (fst rb) h cut_nonneg) as C.
    change (coarse_row (cut P) (fst rb)) with (fst crb) in C.
    assert (pow2 (plan_weight_exp P) == pow2 (cut P) * unit_of L) as W
      by (unfold plan_weight_exp, Z.sub; rewrite pow2_plus; reflexivity).
    unfold exact_value, at_exp. change (pow2 (plan_bias_exp P)) with (unit_of L). rewrite W. cbn [snd].
    pose proof unit_pos as U.
    setoid_replace ((row_total product (fst rb) h + inject_Z (snd rb)) * unit_of L
      - (pow2 (cut P) * unit_of L * row_total product (fst crb) h + inject_Z (snd crb) * unit_of L))
      with ((row_total product (fst rb) h - pow2 (cut P) * row_total product (fst crb) h) * unit_of L)
      by (unfold crb; cbn [snd]; ring).
    rewrite Qabs_Qmult, (Qabs_pos (unit_of L)) by lra.
    apply Qmult_le_compat_r; [exact C | lra].
  Qed.

  Lemma magnitude_nonneg : 0 <= magnitude L rb h.
  Proof.
    unfold magnitude. assert (forall ws q, 0 <= piece_total absolute_product ws q) as piece.
    { induction ws as [|w ws IH]; intros [|q qs]; cbn [piece_total]; try apply Qle_refl.
      assert (0 <= absolute_product w q) by (apply Qmult_le_0_compat; apply Qabs_nonneg).
      specialize (IH qs). lra. }
    assert (forall r q, 0 <= row_total absolute_product r q) as row_nonneg.
    { induction r as [|[gap ws] r IH]; intro q; cbn [row_total]; [apply Qle_refl|].
      pose proof (piece ws (skipn (N.to_nat gap) q)).
      specialize (IH (skipn (length ws) (skipn (N.to_nat gap) q))). lra. }
    apply Qmult_le_0_compat; [|apply Qlt_le_weak, unit_pos].
    pose proof (row_nonneg (fst rb) h). pose proof (Qabs_nonneg (inject_Z (snd rb))). lra.
  Qed.
  Lemma row_error_spec p : row_computes L h rb p -> row_guard P here crb = true ->
    neuron_ok (plan_weight_exp P) (plan_bias_exp P) e h (fst (measure P here crb)) p.
  Proof.
    intros Hp Hg. unfold neuron_ok. cbn [measure fst weights bias error].
    pose proof (rounding_error_spec _ _ _ _ _ _ magnitude_nonneg Hp size_bound Hg) as R.
    pose proof coarse_value_bound as C. unfold row_error. rewrite at_exp_plus.
    apply Qabs_Qle_condition in R, C. apply Qabs_Qle_condition.
    change (roundings L) with (plan_roundings P) in R. fold e. split; lra.
  Qed.

  Lemma measure_spec p : row_computes L h rb p -> row_guard P here crb = true ->
    measured_ok (plan_weight_exp P) (plan_bias_exp P) e h (measure P here crb) p.
  Proof.
    intros Hp Hg. pose proof (row_error_spec p Hp Hg) as N. split; [exact N|].
    unfold neuron_ok in N. cbn [measure fst weights bias error] in N.
    unfold between, measure. cbn [fst snd]. rewrite !plus_spec. unfold meaning. cbn [fst snd].
    fold e. unfold Z.sub. rewrite !at_exp_plus, at_exp_opp. apply Qabs_Qle_condition in N.
    pose proof (row_sum_low (fst here) (fst crb) _ h inside_here) as Lo.
    pose proof (row_sum_above (fst here) high product (fst crb) _ h (high_spec (fst here)) inside_here) as Hi.
    unfold e in *. rewrite !(at_exp_shift (plan_weight_exp P) (fst here) (row_sum _ _ _)).
    pose proof (pow2_pos (plan_weight_exp P)) as W.
    assert (pow2 (plan_weight_exp P) * at_exp (fst here) (row_sum low (fst crb) (snd here))
            <= pow2 (plan_weight_exp P) * row_total product (fst crb) h) as Lo'
      by (rewrite !(Qmult_comm (pow2 _)); apply Qmult_le_compat_r; [exact Lo | lra]).
    assert (pow2 (plan_weight_exp P) * row_total product (fst crb) h
            <= pow2 (plan_weight_exp P) * at_exp (fst here) (row_sum high (fst crb) (snd here))) as Hi'
      by (rewrite !(Qmult_comm (pow2 _)); apply Qmult_le_compat_r; [exact Hi | lra]).
    unfold crb in *. cbn [fst snd] in *. split; lra.
  Qed.
End Row.

(* ---- tightening ---- *)

Definition meet_one (e : Z) (n : measured) (b : Z * Z) : measured :=
  (fst n, (maximum (fst (snd n)) (fst b, e), minimum (snd (snd n)) (snd b, e))).
(* Meets intervals with known ones; where nothing is known they stay. *)
Fixpoint meet (e : Z) (ns : list measured) (known : list (Z * Z)) {struct ns} : list measured :=
  match ns, known with
  | n :: ns', b :: known' => meet_one e n b :: meet e ns' known'
  | _, _ => ns
  end.
Definition undecided (d : dyadic * dyadic) : bool := ((fst (fst d) <? 0) && (0 <? fst (snd d)))%Z.
(* Bounds of one neuron by backward substitution through the layers before it. *)
Definition tighten (bits : precision) (P : plan) (e : Z) (ctx : passed) (box : intervals) (n : measured)
  : measured :=
  if plan_active P && undecided (snd n) then
    let below c := lower (coefficient_bits bits) ctx box [] (plan_weight_exp P) (add_row c (weights (fst n)) []) in
    let err := ((- error (fst n))%Z, e) in
    let rest c := plus ((c * bias (fst n))%Z, plan_bias_exp P) err in
    (fst n, (maximum (fst (snd n)) (plus (below 1%Z) (rest 1%Z)),
             minimum (snd (snd n)) (opp (plus (below (-1)%Z) (rest (-1)%Z)))))
  else n.

Lemma meet_spec we be ee e h ns p : Forall2 (measured_ok we be ee h) ns p ->
  forall known, Forall2 (inside e) known p -> Forall2 (measured_ok we be ee h) (meet e ns known) p.
Proof.
  induction 1 as [|n q ns p [Hn [Hl Hu]] Hns IH]; intros known Hk; inversion Hk as [|b q' known' p' [Kl Ku] Hk' E1 E2];
    subst; cbn [meet]; constructor; auto.
  split; [exact Hn|]. split; cbn [meet_one fst snd].
  - now apply maximum_le.
  - now apply minimum_ge.
Qed.

Lemma tighten_spec bits P e ctx box h n p : reaches ctx box h ->
  measured_ok (plan_weight_exp P) (plan_bias_exp P) e h n p ->
  measured_ok (plan_weight_exp P) (plan_bias_exp P) e h (tighten bits P e ctx box n) p.
Proof.
  intros Hr [Hn [Hl Hu]]. unfold tighten. destruct (plan_active P && undecided (snd n)); [|now repeat split].
  split; [exact Hn|]. cbn [fst snd].
  assert (forall c, meaning (lower (coefficient_bits bits) ctx box [] (plan_weight_exp P)
                        (add_row c (weights (fst n)) []))
                    <= pow2 (plan_weight_exp P) * (inject_Z c * row_total product (weights (fst n)) h)) as B.
  { intro c. apply Qle_trans with (1 := lower_spec _ _ _ _ _ _ _ Hr).
    rewrite dot_add_row. change (dot [] h) with 0. lra. }
  pose proof (B 1%Z) as B1. pose proof (B (-1)%Z) as B2. clear B.
  change (inject_Z 1) with 1 in B1. change (inject_Z (-1)) with (-(1)) in B2.
  unfold neuron_ok in Hn. apply Qabs_Qle_condition in Hn.
  split; cbn [fst snd].
  - apply maximum_le; [exact Hl|]. rewrite !plus_spec. unfold meaning at 2 3. cbn [fst snd].
    rewrite Z.mul_1_l, at_exp_opp. lra.
  - apply minimum_ge; [exact Hu|]. rewrite opp_spec, !plus_spec. unfold meaning at 2 3. cbn [fst snd].
    replace (-1 * bias (fst n))%Z with (- bias (fst n))%Z by lia. rewrite !at_exp_opp. lra.
Qed.

(* Intervals under one exponent, rounded outward to about [keep] bits of the largest. *)
Definition top (a : Z) (d : dyadic) : Z :=
  if (fst d =? 0)%Z then a else Z.max a (Z.log2 (Z.abs (fst d)) + snd d).
Definition smallest_top : Z := (-200)%Z.
Definition pack (keep : Z) (ns : list measured) : intervals :=
  let e := (fold_left (fun a n => top (top a (fst (snd n))) (snd (snd n))) ns smallest_top - keep)%Z in
  (e, map (fun n => (floor_to e (snd (fst (snd n))) (fst (fst (snd n))),
                     ceil_to e (snd (snd (snd n))) (fst (snd (snd n))))) ns).
Lemma pack_spec keep we be ee h ns p :
  Forall2 (measured_ok we be ee h) ns p -> all_inside (pack keep ns) p.
Proof.
  unfold all_inside, pack. cbn [fst snd].
  generalize (fold_left (fun a n => top (top a (fst (snd n))) (snd (snd n))) ns smallest_top - keep)%Z.
  intros e H. induction H as [|n q ns p [_ [Hl Hu]] Hns IH]; cbn [map]; constructor; auto.
  split; cbn [fst snd].
  - apply Qle_trans with (2 := Hl). apply floor_to_le.
  - apply Qle_trans with (1 := Hu). apply ceil_to_ge.
Qed.

(* ---- one layer ---- *)

Definition pass_on (active : bool) (B : intervals) : intervals :=
  if active then (fst B, map (fun b => (Z.max 0 (fst b), Z.max 0 (snd b))) (snd B)) else B.
Lemma relu_inside e l u q : inside e (l, u) q -> inside e (Z.max 0 l, Z.max 0 u) (relu q).
Proof.
  intros [Hl Hu]. cbn [fst snd] in *.
  assert (forall z, relu (at_exp e z) == at_exp e (Z.max 0 z)) as R.
  { intro z. destruct (Z_le_gt_dec 0 z) as [H|H].
    - rewrite Z.max_r by lia. apply relu_nonneg. now apply at_exp_nonneg.
    - rewrite Z.max_l, at_exp_zero by lia. apply relu_nonpos. rewrite <- (at_exp_zero e).
      apply at_exp_le. lia. }
  split; cbn [fst snd]; rewrite <- R; now apply relu_mono.
Qed.
Lemma pass_on_spec active B p : all_inside B p -> all_inside (pass_on active B) (activate active p).
Proof.
  destruct active; [|auto]. unfold all_inside. cbn [pass_on activate fst snd].
  induction 1 as [|[l u] q bs p Hb Hbs IH]; cbn [map]; constructor; auto. now apply relu_inside.
Qed.

Definition step (bits : precision) (P : plan) (ctx : passed) (box here : intervals) (known : option intervals)
  : option entry :=
  if forallb (row_guard P here) (plan_rows P) then
    let e := (plan_weight_exp P + fst here)%Z in
    let ns := map (measure P here) (plan_rows P) in
    let met := match known with Some K => meet (fst K) ns (snd K) | None => ns end in
    let tight := map (tighten bits P e ctx box) met in
    let B := pack (interval_bits bits) tight in
    Some (Entry (plan_active P) (plan_weight_exp P) (plan_bias_exp P) e (map fst tight) B
            (map chord (snd B)))
  else None.

Definition known_ok (known : option intervals) (p : list Q) : Prop :=
  match known with Some K => all_inside K p | None => True end.

Lemma Forall2_map_left {A B C} (R : C -> B -> Prop) (f : A -> C) l l' :
  Forall2 (fun a b => R (f a) b) l l' -> Forall2 R (map f l) l'.
Proof. induction 1; cbn [map]; constructor; auto. Qed.
Lemma Forall2_imp {A B} (R S : A -> B -> Prop) l l' :
  (forall a b, R a b -> S a b) -> Forall2 R l l' -> Forall2 S l l'.
Proof. intros H. induction 1; constructor; auto. Qed.

Lemma measure_all bits L here h p : all_inside here h ->
  forallb (row_guard (make_plan bits L) here) (plan_rows (make_plan bits L)) = true ->
  Forall2 (row_computes L h) (rows L) p ->
  let P := make_plan bits L in
  Forall2 (measured_ok (plan_weight_exp P) (plan_bias_exp P) (plan_weight_exp P + fst here) h)
    (map (measure P here) (plan_rows P)) p.
Proof.
  intros Hin Hg Hp P. fold P in Hg.
  assert (plan_rows P = map (fun rb => (coarse_row (cut P) (fst rb), snd rb)) (rows L)) as E by reflexivity.
  rewrite E in *. clear E. induction Hp as [|rb q rbs p Hq Hp IH]; cbn [map forallb] in *; constructor.
  - apply andb_prop in Hg as [Hg _]. exact (measure_spec bits L here h Hin rb q Hq Hg).
  - apply IH. apply andb_prop in Hg. tauto.
Qed.

Lemma step_spec bits L ctx box here known E h p :
  step bits (make_plan bits L) ctx box here known = Some E ->
  reaches ctx box h -> all_inside here h -> Forall2 (row_computes L h) (rows L) p -> known_ok known p ->
  entry_ok E h p /\ active E = relu_after L.
Proof.
  unfold step. set (P := make_plan bits L). intros HE Hr Hin Hp Hk.
  destruct (forallb _ _) eqn:Hg; [|discriminate].
  pose proof (measure_all bits L here h p Hin Hg Hp) as M. cbn zeta in M. fold P in M.
  set (e := (plan_weight_exp P + fst here)%Z) in *.
  set (met := match known with Some K => meet (fst K) _ (snd K) | None => _ end) in *.
  assert (Forall2 (measured_ok (plan_weight_exp P) (plan_bias_exp P) e h) met p) as M2
    by (unfold met; destruct known as [K|]; [apply meet_spec|]; assumption).
  assert (Forall2 (measured_ok (plan_weight_exp P) (plan_bias_exp P) e h)
            (map (tighten bits P e ctx box) met) p) as M3.
  { apply Forall2_map_left. revert M2. apply Forall2_imp. intros. now apply tighten_spec. }
  injection HE as <-. split; [|reflexivity]. split; cbn [neurons weight_exp bias_exp error_exp bounds].
  - apply Forall2_map_left. revert M3. apply Forall2_imp. intros n q [H _]. exact H.
  - now apply (pack_spec _ _ _ _ _ _ _ M3).
Qed.

(* ---- all layers ---- *)

Fixpoint forward (bits : precision) (plans : list plan) (ctx : passed) (box here : intervals)
  (known : list intervals) {struct plans} : option (passed * list intervals) :=
  match plans with
  | [] => Some (ctx, [])
  | P :: plans' =>
      match step bits P ctx box here (hd_error known) with
      | None => None
      | Some E =>
          match forward bits plans' (E :: ctx) box (pass_on (active E) (bounds E)) (tl known) with
          | None => None
          | Some (ctx', found) => Some (ctx', bounds E :: found)
          end
      end
  end.

(* Known intervals hold for the values ps of a trace; there may be fewer of them than layers. *)
Fixpoint all_known_ok (known : list intervals) (ps : list (list Q)) {struct known} : Prop :=
  match known, ps with
  | K :: known', p :: ps' => all_inside K p /\ all_known_ok known' ps'
  | _, _ => True
  end.

Theorem forward_spec bits box : forall net ctx here known ctx' found h ps y,
  forward bits (map (make_plan bits) net) ctx box here known = Some (ctx', found) ->
  reaches ctx box h -> all_inside here h -> all_known_ok known ps -> trace net h ps y ->
  all_known_ok found ps /\ exists h', reaches ctx' box h' /\ Forall2 Qeq h' y.
Proof.
  induction net as [|L net IH]; intros ctx here known ctx' found h ps y Hf Hr Hin Hk Ht;
    cbn [map forward trace] in *; destruct ps as [|p ps]; try contradiction.
  - injection Hf as <- <-. split; [exact I|]. eauto.
  - destruct Ht as [Hp Ht].
    destruct (step bits _ ctx box here (hd_error known)) as [E|] eqn:HE; [|discriminate].
    destruct (forward bits _ (E :: ctx) box _ (tl known)) as [[ctx2 found2]|] eqn:Hf2; [|discriminate].
    injection Hf as <- <-.
    assert (known_ok (hd_error known) p) as Hk1 by (destruct known; cbn in *; tauto).
    assert (all_known_ok (tl known) ps) as Hk2 by (destruct known; cbn in *; tauto).
    destruct (step_spec _ _ _ _ _ _ _ _ _ HE Hr Hin Hp Hk1) as [HE1 HE2].
    destruct (IH _ _ _ _ _ (activate (relu_after L) p) ps y Hf2) as [G1 G2]; auto.
    + cbn [reaches]. rewrite <- HE2. eauto.
    + rewrite <- HE2. apply pass_on_spec. apply HE1.
    + split; [|exact G2]. cbn [all_known_ok]. split; [apply HE1 | exact G1].
Qed.
