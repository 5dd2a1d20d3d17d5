(* The forward pass of Forward.v, with sums over rows and backward substitution on words. Sums are the same
   integers as there; what a layer keeps of biases and errors is cut to short words, outward. A result of
   None means that some number was not short, or that a sum may overflow as floats. *)
From Coq Require Import ZArith QArith Qabs List Lia Lqa Uint63 Sint63.
From Isotrace.Core Require Import Dyadic Network Rows Relaxation Backward Forward Range.
From Isotrace.Primint Require Import Word Lower.
Import ListNotations.
Local Open Scope Q_scope.

(* Coefficients have 24 bits always. Weights have 25, as short words may. *)
Definition word_precision : precision := Precision 24 24 24.

Record word_plan : Type := WordPlan {
  whole : plan;
  word_rows : list word_row;
  plan_fits : bool
}.
Definition plan_is_short (P : plan) : bool :=
  if forallb (fun rb => if row_is_short (fst rb) then (row_length (fst rb) <=? many)%Z else false) (plan_rows P)
  then (Z.of_nat (length (plan_rows P)) <=? many)%Z else false.
Definition make_word_plan (L : layer) : word_plan :=
  let P := make_plan word_precision L in
  WordPlan P (map (fun rb => words_of_row (fst rb)) (plan_rows P)) (plan_is_short P).

(* ---- one row ---- *)

Definition word_low (w : int) (b : int * int) : int := (if 0 <=? w then w * fst b else w * snd b)%sint63.
Definition word_high (w : int) (b : int * int) : int := (if 0 <=? w then w * snd b else w * fst b)%sint63.
Definition word_largest (b : int * int) : int := greatest (size_of (fst b)) (size_of (snd b)).
Definition word_weighted_size (w : int) (b : int * int) : int := (size_of w * word_largest b)%sint63.
Definition word_lost (lossy : bool) (_ : int) (b : int * int) : int :=
  if lossy then word_largest b else 0%sint63.

(* Whether the row is in range, and what [measure] gives. *)
Definition word_measure (P : plan) (here_exp : Z) (here : list (int * int)) (rb : row * Z) (r : word_row)
  : bool * measured :=
  let e := (plan_weight_exp P + here_exp)%Z in
  let sum f := integer (word_row_sum f r here 0) in
  let lost_here := sum (word_lost (negb (cut P =? 0)%Z)) in
  let size := (sum word_weighted_size + lost_here + ceil_to e (plan_bias_exp P) (Z.abs (snd rb)))%Z in
  let err := (lost_here + rounding_error (plan_roundings P) e size)%Z in
  let b := (snd rb, plan_bias_exp P) in
  (in_range (plan_roundings P) e size,
   (Neuron (fst rb) (snd rb) err,
    (plus ((sum word_low - err)%Z, e) b, plus ((sum word_high + err)%Z, e) b))).
Fixpoint word_measure_all (P : plan) (here_exp : Z) (here : list (int * int)) (rbs : list (row * Z))
  (rs : list word_row) {struct rbs} : option (list measured) :=
  match rbs, rs with
  | [], _ => Some []
  | rb :: rbs', r :: rs' =>
      let (good, n) := word_measure P here_exp here rb r in
      if good : bool then
        match word_measure_all P here_exp here rbs' rs' with
        | None => None
        | Some ns => Some (n :: ns)
        end
      else None
  | _, _ => None
  end.

Lemma word_low_fits w' w b' b : fits limit w' w -> interval_fits b' b ->
  fits product_limit (word_low w' b') (low w b).
Proof.
  intros Hw [Hl Hu]. unfold word_low, low. rewrite less_or_equal. destruct Hw as [E B] eqn:D. rewrite E.
  change (value 0) with 0%Z.
  destruct (0 <=? w)%Z; apply (fits_mul limit limit); auto; reflexivity.
Qed.
Lemma word_high_fits w' w b' b : fits limit w' w -> interval_fits b' b ->
  fits product_limit (word_high w' b') (high w b).
Proof.
  intros Hw [Hl Hu]. unfold word_high, high. rewrite less_or_equal. destruct Hw as [E B] eqn:D. rewrite E.
  change (value 0) with 0%Z.
  destruct (0 <=? w)%Z; apply (fits_mul limit limit); auto; reflexivity.
Qed.
Lemma word_largest_fits b' b : interval_fits b' b -> fits limit (word_largest b') (largest b).
Proof. intros [Hl Hu]. apply fits_greatest; now apply fits_size_of. Qed.
Lemma word_weighted_size_fits w' w b' b : fits limit w' w -> interval_fits b' b ->
  fits product_limit (word_weighted_size w' b') (weighted_size w b).
Proof.
  intros Hw Hb. apply (fits_mul limit limit); [now apply fits_size_of | now apply word_largest_fits | reflexivity].
Qed.
Lemma word_lost_fits c w' w b' b : fits limit w' w -> interval_fits b' b ->
  fits product_limit (word_lost (negb (c =? 0)%Z) w' b') (lost c w b).
Proof.
  intros _ Hb. unfold word_lost, lost, slack. destruct (c =? 0)%Z; cbn [negb].
  - now apply fits_zero.
  - rewrite Z.mul_1_l. apply fits_weaken with limit; [now apply word_largest_fits | discriminate].
Qed.

Lemma word_measure_value P here here' rb r' : row_fits r' (fst rb) ->
  Forall2 interval_fits here' (snd here) -> (row_length (fst rb) <= many)%Z ->
  word_measure P (fst here) here' rb r' = (row_guard P here rb, measure P here rb).
Proof.
  intros Hr Hh Hl. unfold word_measure. cbv zeta. rewrite !integer_value.
  rewrite (whole_row_sum _ _ (word_lost_fits (cut P)) _ _ _ _ Hr Hh Hl).
  rewrite (whole_row_sum _ _ word_weighted_size_fits _ _ _ _ Hr Hh Hl).
  rewrite (whole_row_sum _ _ word_low_fits _ _ _ _ Hr Hh Hl).
  rewrite (whole_row_sum _ _ word_high_fits _ _ _ _ Hr Hh Hl). reflexivity.
Qed.

(* Rows as words, and neurons over the same rows. *)
Definition rows_of (rs' : list word_row) (ns : list measured) : Prop :=
  Forall2 (fun r' n => row_fits r' (weights (fst n))) rs' ns.

Lemma word_measure_all_spec P here here' : Forall2 interval_fits here' (snd here) -> forall rbs,
  forallb (fun rb => if row_is_short (fst rb) then (row_length (fst rb) <=? many)%Z else false) rbs = true ->
  forall ns, word_measure_all P (fst here) here' rbs (map (fun rb => words_of_row (fst rb)) rbs) = Some ns ->
  forallb (row_guard P here) rbs = true /\ ns = map (measure P here) rbs /\
  rows_of (map (fun rb => words_of_row (fst rb)) rbs) ns.
Proof.
  intro Hh. induction rbs as [|rb rbs IH]; intros Hs ns H; cbn [forallb map word_measure_all] in *.
  - injection H as <-. repeat split; constructor.
  - apply andb_prop in Hs as [Hrb Hs]. destruct (row_is_short (fst rb)) eqn:Hshort; [|discriminate].
    apply Z.leb_le in Hrb. pose proof (words_of_row_fit _ Hshort) as Hfit.
    rewrite (word_measure_value P here here' rb _ Hfit Hh Hrb) in H.
    destruct (row_guard P here rb); [|discriminate].
    destruct (word_measure_all P (fst here) here' rbs _) as [ns0|] eqn:E; [|discriminate].
    injection H as <-. destruct (IH Hs _ eq_refl) as (G & -> & R). repeat split; auto.
    constructor; [exact Hfit | exact R].
Qed.

(* ---- tightening ---- *)

Definition integers (d : option word_dyadic) : option dyadic :=
  match d with None => None | Some (m, e) => Some (integer m, e) end.
Definition word_tighten (P : plan) (e : Z) (ctx : list word_entry) (box : list (int * int)) (box_exp : Z)
  (n : measured) (r : word_row) : measured :=
  if plan_active P && undecided (snd n) then
    let below c := integers (word_lower ctx box box_exp [] (plan_weight_exp P) (word_add_row c r [])) in
    let rest c := plus ((c * bias (fst n))%Z, plan_bias_exp P) ((- error (fst n))%Z, e) in
    (fst n,
     (match below 1%sint63 with
      | None => fst (snd n)
      | Some d => maximum (fst (snd n)) (plus d (rest 1%Z))
      end,
      match below (-1)%sint63 with
      | None => snd (snd n)
      | Some d => minimum (snd (snd n)) (opp (plus d (rest (-1)%Z)))
      end))
  else n.
Fixpoint word_tighten_all (P : plan) (e : Z) (ctx : list word_entry) (box : list (int * int)) (box_exp : Z)
  (ns : list measured) (rs : list word_row) {struct ns} : list measured :=
  match ns, rs with
  | n :: ns', r :: rs' => word_tighten P e ctx box box_exp n r :: word_tighten_all P e ctx box box_exp ns' rs'
  | _, _ => ns
  end.

Section Tighten.
  Variable box' : list (int * int).
  Variable box : intervals.
  Hypothesis box_fits : Forall2 interval_fits box' (snd box).
  Hypothesis box_many : (Z.of_nat (length (snd box)) <= many)%Z.
  Variable ctx' : list word_entry.
  Variable ctx : passed.
  Hypothesis ctx_fits : Forall2 entry_fits ctx' ctx.
  Variable h : list Q.
  Hypothesis reached : reaches ctx box h.
  Variable P : plan.

  Lemma below_spec c' c r' r d : fits limit c' c -> row_fits r' r ->
    integers (word_lower ctx' box' (fst box) [] (plan_weight_exp P) (word_add_row c' r' [])) = Some d ->
    meaning d <= pow2 (plan_weight_exp P) * (inject_Z c * row_total product r h).
  Proof.
    intros Hc Hr H. destruct (word_lower _ _ _ _ _ _) as [[m e]|] eqn:Hd; [|discriminate].
    injection H as <-. unfold meaning. cbn [fst snd]. rewrite integer_value.
    apply Qle_trans with (1 := word_lower_spec box' box box_fits box_many _ _ ctx_fits _ _ _ _ _ reached Hd).
    assert (map value (word_add_row c' r' []) = add_row c r []) as ->.
    { apply (fits_values (0 + product_limit)).
      exact (add_row_fits 0 (Z.le_refl 0) eq_refl c' c Hc r' r Hr [] [] (Forall2_nil _)). }
    rewrite dot_add_row. change (dot [] h) with 0. lra.
  Qed.

  Lemma word_tighten_spec e n r' p : row_fits r' (weights (fst n)) ->
    measured_ok (plan_weight_exp P) (plan_bias_exp P) e h n p ->
    measured_ok (plan_weight_exp P) (plan_bias_exp P) e h (word_tighten P e ctx' box' (fst box) n r') p.
  Proof.
    intros Hr [Hn [Hl Hu]]. unfold word_tighten.
    destruct (plan_active P && undecided (snd n)); [|now repeat split].
    split; [exact Hn|]. cbn [fst snd]. pose proof Hn as Hd. unfold neuron_ok in Hd.
    apply Qabs_Qle_condition in Hd. split; cbn [fst snd].
    - destruct (integers (word_lower _ _ _ _ _ (word_add_row 1 r' []))) as [d|] eqn:E; [|exact Hl].
      pose proof (below_spec 1%sint63 1 r' _ d ltac:(split; [reflexivity | unfold limit; lia]) Hr E) as B.
      change (inject_Z 1) with 1 in B. apply maximum_le; [exact Hl|]. rewrite !plus_spec.
      unfold meaning at 2 3. cbn [fst snd]. rewrite Z.mul_1_l, at_exp_opp. lra.
    - destruct (integers (word_lower _ _ _ _ _ (word_add_row (-1) r' []))) as [d|] eqn:E; [|exact Hu].
      pose proof (below_spec (-1)%sint63 (-1) r' _ d ltac:(split; [reflexivity | unfold limit; lia]) Hr E) as B.
      change (inject_Z (-1)) with (-(1)) in B. apply minimum_ge; [exact Hu|]. rewrite opp_spec, !plus_spec.
      unfold meaning at 2 3. cbn [fst snd]. replace (-1 * bias (fst n))%Z with (- bias (fst n))%Z by lia.
      rewrite !at_exp_opp. lra.
  Qed.
  Lemma word_tighten_all_spec e rs' : forall ns p, rows_of rs' ns ->
    Forall2 (measured_ok (plan_weight_exp P) (plan_bias_exp P) e h) ns p ->
    Forall2 (measured_ok (plan_weight_exp P) (plan_bias_exp P) e h)
      (word_tighten_all P e ctx' box' (fst box) ns rs') p /\
    rows_of rs' (word_tighten_all P e ctx' box' (fst box) ns rs').
  Proof.
    unfold rows_of. intros ns p Hr. revert p.
    induction Hr as [|r' n rs' ns Hr Hrs IH]; intros p Hp; cbn [word_tighten_all]; [split; [exact Hp | constructor]|].
    inversion Hp as [|n0 q ns0 p0 Hq Hp' E1 E2]; subst. destruct (IH _ Hp') as [A B].
    split; constructor; auto using word_tighten_spec.
    unfold word_tighten. destruct (plan_active P && undecided (snd n)); exact Hr.
  Qed.
End Tighten.

Lemma meet_rows_of e rs' ns known : rows_of rs' ns -> rows_of rs' (meet e ns known).
Proof.
  unfold rows_of. intro H. revert known. induction H; intros [|b known]; cbn [meet]; constructor; auto.
Qed.

(* ---- short biases and errors ---- *)

(* The exponent under which the numbers have 24 bits. *)
Definition short_exp (e : Z) (v : list Z) : Z := (e + Z.max 0 (Z.log2 (max_abs v 1) - 23))%Z.
(* Biases from exponent be to be', errors from ee to ee'. *)
Definition narrowed (be be' ee ee' : Z) (n : neuron) : neuron :=
  Neuron (weights n) (floor_to be' be (bias n))
    (ceil_to ee' ee (error n) + (if be' =? be then 0 else ceil_to ee' be' 1))%Z.

Lemma floor_to_near e' e m : at_exp e m <= at_exp e' (floor_to e' e m) + pow2 e'.
Proof.
  destruct (Z_le_gt_dec e' e) as [H|H].
  - rewrite floor_to_exact by exact H. pose proof (pow2_pos e'). lra.
  - unfold floor_to. rewrite Z.shiftl_div_pow2 by lia.
    replace (- (e - e'))%Z with (e' - e)%Z by lia. set (k := (e' - e)%Z).
    assert (0 < 2 ^ k)%Z as Hk by (apply Z.pow_pos_nonneg; unfold k; lia).
    pose proof (Z.mul_succ_div_gt m (2 ^ k) Hk) as D. rewrite Z.mul_succ_r in D.
    apply Z.lt_le_incl, inject_le in D. rewrite inject_plus, inject_mult in D.
    rewrite <- (pow2_of_nonneg k) in D by (unfold k; lia).
    unfold at_exp. replace e' with (k + e)%Z by (unfold k; lia). rewrite pow2_plus.
    pose proof (pow2_pos e). nra.
Qed.
Lemma narrowed_ok we be be' ee ee' h n p : neuron_ok we be ee h n p ->
  neuron_ok we be' ee' h (narrowed be be' ee ee' n) p.
Proof.
  unfold neuron_ok. cbn [narrowed weights bias error]. intro H. apply Qabs_Qle_condition in H.
  apply Qabs_Qle_condition. rewrite at_exp_plus. pose proof (ceil_to_ge ee' ee (error n)) as C.
  destruct (Z.eqb_spec be' be) as [->|N].
  - rewrite (floor_to_exact be be) by lia. rewrite at_exp_zero. lra.
  - pose proof (ceil_to_ge ee' be' 1) as C'. setoid_replace (at_exp be' 1) with (pow2 be') in C'
      by (unfold at_exp; ring).
    pose proof (floor_to_le be' be (bias n)). pose proof (floor_to_near be' be (bias n)). lra.
Qed.

(* ---- one layer ---- *)

Fixpoint word_neurons_of (ns : list neuron) (rs : list word_row) {struct ns} : list word_neuron :=
  match ns, rs with
  | n :: ns', r :: rs' => WordNeuron r (word (bias n)) (word (error n)) :: word_neurons_of ns' rs'
  | _, _ => []
  end.
(* A layer's entry, if its numbers are short. *)
Definition word_entry_of (E : entry) (rs : list word_row) : option word_entry :=
  let B := snd (bounds E) in
  let ns := neurons E in
  if forallb (fun n => if is_short (bias n) then is_short (error n) else false) ns then
    if intervals_are_short B then
      if (Z.of_nat (length ns) <=? many)%Z then
        if (Z.of_nat (length B) <=? many)%Z then
          let B' := words_of_intervals B in
          Some (WordEntry (active E) (weight_exp E) (bias_exp E) (error_exp E) (fst (bounds E))
                  (word_neurons_of ns rs) B' (map word_chord B'))
        else None
      else None
    else None
  else None.
Definition entry_of (P : plan) (e : Z) (ns : list measured) : entry :=
  let be := plan_bias_exp P in
  let be' := short_exp be (map (fun n => bias (fst n)) ns) in
  let ee' := short_exp e (map (fun n => error (fst n)) ns) in
  Entry (plan_active P) (plan_weight_exp P) be' ee' (map (fun n => narrowed be be' e ee' (fst n)) ns)
    (pack (interval_bits word_precision) ns) [].

(* The entry, and its bounds as integers. *)
Definition word_step (P : word_plan) (ctx : list word_entry) (box : list (int * int)) (box_exp : Z)
  (here : list (int * int)) (here_exp : Z) (known : option intervals) : option (word_entry * intervals) :=
  if plan_fits P then
    match word_measure_all (whole P) here_exp here (plan_rows (whole P)) (word_rows P) with
    | None => None
    | Some ns =>
        let e := (plan_weight_exp (whole P) + here_exp)%Z in
        let met := match known with Some K => meet (fst K) ns (snd K) | None => ns end in
        let E := entry_of (whole P) e (word_tighten_all (whole P) e ctx box box_exp met (word_rows P)) in
        match word_entry_of E (word_rows P) with
        | None => None
        | Some E' => Some (E', bounds E)
        end
    end
  else None.

Lemma word_entry_of_fits E rs' E' : Forall2 (fun r' n => row_fits r' (weights n)) rs' (neurons E) ->
  word_entry_of E rs' = Some E' -> entry_fits E' E.
Proof.
  unfold word_entry_of. intro Hr. destruct (forallb _ _) eqn:Hn; [|discriminate].
  destruct (intervals_are_short _) eqn:Hb; [|discriminate].
  destruct (Z.leb_spec (Z.of_nat (length (neurons E))) many); [|discriminate].
  destruct (Z.leb_spec (Z.of_nat (length (snd (bounds E)))) many); [|discriminate].
  intro I. injection I as <-.
  constructor; cbn [word_active word_weight_exp word_bias_exp word_error_exp word_bound_exp word_neurons word_bounds];
    auto; [|now apply words_of_intervals_fit].
  clear H. induction Hr as [|r' n rs' ns Hr Hrs IH]; cbn [word_neurons_of forallb] in *; constructor.
  - apply andb_prop in Hn as [Hn _]. destruct (is_short (bias n)) eqn:Eb; [|discriminate].
    split; [exact Hr | split; apply word_fits; assumption].
  - apply IH. now apply andb_prop in Hn.
Qed.

Lemma entry_rows P e rs' ns : rows_of rs' ns ->
  Forall2 (fun r' n => row_fits r' (weights n)) rs' (neurons (entry_of P e ns)).
Proof.
  unfold rows_of. cbn [entry_of neurons].
  generalize (short_exp (plan_bias_exp P) (map (fun n => bias (fst n)) ns)) as be',
             (short_exp e (map (fun n => error (fst n)) ns)) as ee'.
  intros be' ee'. induction 1; cbn [map]; constructor; assumption.
Qed.

Lemma word_step_spec L ctx' ctx box' box here' here known E' B h :
  word_step (make_word_plan L) ctx' box' (fst box) here' (fst here) known = Some (E', B) ->
  Forall2 entry_fits ctx' ctx -> Forall2 interval_fits box' (snd box) ->
  (Z.of_nat (length (snd box)) <= many)%Z -> Forall2 interval_fits here' (snd here) ->
  reaches ctx box h -> all_inside here h ->
  Forall (row_in_range L h) (rows L) /\
  forall p, Forall2 (row_computes L h) (rows L) p -> known_ok known p ->
  exists E, entry_fits E' E /\ entry_ok E h p /\ active E = relu_after L /\ bounds E = B.
Proof.
  unfold word_step, make_word_plan. cbn [whole word_rows plan_fits].
  set (P := make_plan word_precision L). intros HE Hctx Hbox Hmany Hhere Hr Hin.
  destruct (plan_is_short P) eqn:Hs; [|discriminate]. unfold plan_is_short in Hs.
  destruct (forallb _ _) eqn:Hrows in Hs; [|discriminate]. clear Hs.
  destruct (word_measure_all _ _ _ _ _) as [ns|] eqn:Hns; [|discriminate].
  destruct (word_measure_all_spec P here here' Hhere _ Hrows _ Hns) as (Hg & -> & Hrs).
  split; [exact (guarded_in_range word_precision L here h Hin Hg)|]. intros p Hp Hk.
  pose proof (measure_all word_precision L here h p Hin Hg Hp) as M. cbn zeta in M. fold P in M.
  set (e := (plan_weight_exp P + fst here)%Z) in *.
  set (rs' := map (fun rb => words_of_row (fst rb)) (plan_rows P)) in *.
  set (met := match known with Some K => meet (fst K) _ (snd K) | None => _ end) in *.
  assert (Forall2 (measured_ok (plan_weight_exp P) (plan_bias_exp P) e h) met p) as M2
    by (unfold met; destruct known as [K|]; [apply meet_spec|]; assumption).
  assert (rows_of rs' met) as R2 by (unfold met; destruct known as [K|]; [apply meet_rows_of|]; exact Hrs).
  destruct (word_tighten_all_spec box' box Hbox Hmany ctx' ctx Hctx h Hr P e rs' met p R2 M2) as [M3 R3].
  set (tight := word_tighten_all P e ctx' box' (fst box) met rs') in *.
  destruct (word_entry_of (entry_of P e tight) rs') as [F|] eqn:HF; [|discriminate].
  injection HE as -> <-. exists (entry_of P e tight). split; [|repeat split].
  - exact (word_entry_of_fits _ rs' _ (entry_rows P e rs' tight R3) HF).
  - cbn [entry_of weight_exp bias_exp error_exp neurons]. apply Forall2_map_left. revert M3. apply Forall2_imp.
    intros n q [H _]. now apply narrowed_ok.
  - exact (pack_spec _ _ _ _ _ _ _ M3).
Qed.

(* ---- all layers ---- *)

Definition word_pass_on (relu_follows : bool) (B : list (int * int)) : list (int * int) :=
  if relu_follows then map (fun b => (greatest 0 (fst b), greatest 0 (snd b))) B else B.
Lemma word_pass_on_fits relu_follows B' B : Forall2 interval_fits B' (snd B) ->
  Forall2 interval_fits (word_pass_on relu_follows B') (snd (pass_on relu_follows B)).
Proof.
  destruct relu_follows; [|auto]. cbn [word_pass_on pass_on snd].
  induction 1 as [|b' b B' B0 [Hl Hu] HB IH]; cbn [map]; constructor; [|exact IH].
  split; cbn [fst snd]; apply fits_greatest; auto; now apply fits_zero.
Qed.

Fixpoint word_forward (plans : list word_plan) (ctx : list word_entry) (box : list (int * int)) (box_exp : Z)
  (here : list (int * int)) (here_exp : Z) (known : list intervals) {struct plans}
  : option (list word_entry * list intervals) :=
  match plans with
  | [] => Some (ctx, [])
  | P :: plans' =>
      match word_step P ctx box box_exp here here_exp (hd_error known) with
      | None => None
      | Some (E, B) =>
          match word_forward plans' (E :: ctx) box box_exp (word_pass_on (word_active E) (word_bounds E))
                  (word_bound_exp E) (tl known) with
          | None => None
          | Some (ctx', found) => Some (ctx', B :: found)
          end
      end
  end.

Lemma pass_on_exp relu_follows B : fst (pass_on relu_follows B) = fst B.
Proof. now destruct relu_follows. Qed.

Section Forward.
  Variable box' : list (int * int).
  Variable box : intervals.
  Hypothesis box_fits : Forall2 interval_fits box' (snd box).
  Hypothesis box_many : (Z.of_nat (length (snd box)) <= many)%Z.

  Theorem word_forward_spec : forall net ctx' ctx here' here known end' found h ps y,
    word_forward (map make_word_plan net) ctx' box' (fst box) here' (fst here) known = Some (end', found) ->
    Forall2 entry_fits ctx' ctx -> Forall2 interval_fits here' (snd here) ->
    reaches ctx box h -> all_inside here h -> all_known_ok known ps -> trace net h ps y ->
    all_known_ok found ps /\
    exists last h', Forall2 entry_fits end' last /\ reaches last box h' /\ Forall2 Qeq h' y.
  Proof.
    induction net as [|L net IH]; intros ctx' ctx here' here known end' found h ps y Hf Hctx Hhere Hr Hin Hk Ht;
      cbn [map word_forward trace] in *; destruct ps as [|p ps]; try contradiction.
    - injection Hf as <- <-. split; [exact I|]. eauto.
    - destruct Ht as [Hp Ht].
      destruct (word_step _ ctx' box' (fst box) here' (fst here) (hd_error known)) as [[E' B]|] eqn:HE;
        [|discriminate].
      destruct (word_forward (map make_word_plan net) (E' :: ctx') _ _ _ _ (tl known)) as [[end2 found2]|] eqn:Hf2;
        [|discriminate].
      injection Hf as <- <-.
      assert (known_ok (hd_error known) p) as Hk1 by (destruct known; cbn in *; tauto).
      assert (all_known_ok (tl known) ps) as Hk2 by (destruct known; cbn in *; tauto).
      destruct (word_step_spec _ _ _ _ _ _ _ _ _ _ _ HE Hctx box_fits box_many Hhere Hr Hin) as [_ S].
      destruct (S p Hp Hk1) as (E & Fits & Ok & Ha & <-).
      rewrite (same_active _ _ Fits), (same_bound_exp _ _ Fits), <- (pass_on_exp (active E) (bounds E)) in Hf2.
      destruct (IH (E' :: ctx') (E :: ctx) _ (pass_on (active E) (bounds E)) _ _ _
                  (activate (relu_after L) p) ps y Hf2) as (G1 & G2); auto.
      + apply word_pass_on_fits, bounds_fit, Fits.
      + cbn [reaches]. rewrite <- Ha. eauto.
      + rewrite <- Ha. apply pass_on_spec, Ok.
      + split; [|exact G2]. cbn [all_known_ok]. split; [apply Ok | exact G1].
  Qed.

  Lemma word_forward_in_range : forall net ctx' ctx here' here found h,
    word_forward (map make_word_plan net) ctx' box' (fst box) here' (fst here) [] = Some found ->
    Forall2 entry_fits ctx' ctx -> Forall2 interval_fits here' (snd here) ->
    reaches ctx box h -> all_inside here h -> in_range_from net h.
  Proof.
    induction net as [|L net IH]; intros ctx' ctx here' here found h Hf Hctx Hhere Hr Hin; [exact I|].
    cbn [map word_forward hd_error tl] in Hf.
    destruct (word_step _ ctx' box' (fst box) here' (fst here) None) as [[E' B]|] eqn:HE; [|discriminate].
    destruct (word_forward (map make_word_plan net) (E' :: ctx') _ _ _ _ []) as [rest|] eqn:Hf2; [|discriminate].
    destruct (word_step_spec _ _ _ _ _ _ _ _ _ _ _ HE Hctx box_fits box_many Hhere Hr Hin) as [Hrange S].
    cbn [in_range_from]. split; [exact Hrange|]. intros p Hp.
    destruct (S p Hp I) as (E & Fits & Ok & Ha & <-).
    rewrite (same_active _ _ Fits), (same_bound_exp _ _ Fits), <- (pass_on_exp (active E) (bounds E)) in Hf2.
    apply (IH (E' :: ctx') (E :: ctx) _ (pass_on (active E) (bounds E)) _ (activate (relu_after L) p) Hf2); auto.
    - apply word_pass_on_fits, bounds_fit, Fits.
    - cbn [reaches]. rewrite <- Ha. eauto.
    - rewrite <- Ha. apply pass_on_spec, Ok.
  Qed.
End Forward.
