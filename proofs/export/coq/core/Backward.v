(* Backward substitution: a lower bound of a linear form over the values that a layer passes on, found by
   replacing, layer by layer from the last to the first, activations by the rule of Relaxation.v and
   values before activation by their weighted sums minus errors, until only inputs remain. *)
From Coq Require Import ZArith QArith Qabs Qminmax List Lia Lqa.
From Isotrace.Core Require Import Dyadic Network Rows Relaxation.
Import ListNotations.
Local Open Scope Q_scope.

(* A row as the checker keeps it: p = weights.h + bias up to error, each under the layer's exponent. *)
Record neuron : Type := Neuron { weights : row; bias : Z; error : Z }.
(* A layer that was passed: its rows, intervals of the values before activation, and the slopes
   u / (u - l) in units of 2^-chord_bits (a heuristic; nothing is claimed about them). *)
Record entry : Type := Entry {
  active : bool;
  weight_exp : Z;
  bias_exp : Z;
  error_exp : Z;
  neurons : list neuron;
  bounds : intervals;
  chords : list Z
}.
(* Passed layers, the last one first. *)
Definition passed : Type := list entry.

(* we, be, ee: the exponents of weights, biases, errors *)
Definition neuron_ok (we be ee : Z) (h : list Q) (n : neuron) (p : Q) : Prop :=
  Qabs (p - (pow2 we * row_total product (weights n) h + at_exp be (bias n))) <= at_exp ee (error n).
Definition entry_ok (E : entry) (h p : list Q) : Prop :=
  Forall2 (neuron_ok (weight_exp E) (bias_exp E) (error_exp E) h) (neurons E) p /\ all_inside (bounds E) p.
(* h is what the passed layers make of some input from the box. *)
Fixpoint reaches (ctx : passed) (box : intervals) (h : list Q) {struct ctx} : Prop :=
  match ctx with
  | [] => all_inside box h
  | E :: ctx' => exists h' p,
      reaches ctx' box h' /\ entry_ok E h' p /\ h = activate (active E) p
  end.

(* ---- choosing coefficients (no proofs needed: any are sound) ---- *)

Definition chord_bits : Z := 40.
Definition chord (b : Z * Z) : Z :=
  let (l, u) := b in
  if ((l <? 0) && (0 <? u))%Z then (Z.shiftl u chord_bits / (u - l))%Z else 0%Z.
(* m < 0: the chord; m >= 0: the hinted slope k/255, or 0 or 1, whichever cuts off less. *)
Definition pick_relu (cut m hint chord_slope : Z) (b : Z * Z) : Z :=
  let (l, u) := b in
  (if 0 <=? l then Z.shiftr m cut
   else if u <=? 0 then 0
   else if 0 <=? m then
     if hint <? 0 then (if - l <? u then Z.shiftr m cut else 0)
     else Z.shiftr (m * hint / 255) cut
   else - Z.shiftr (- m * chord_slope) (cut + chord_bits))%Z.
Definition no_hint : Z := (-1)%Z.
Fixpoint pick (E : entry) (cut : Z) (B : list (Z * Z)) (cs ms hints : list Z) {struct B} : list Z :=
  match B, ms with
  | b :: B', m :: ms' =>
      let n := if active E
               then pick_relu cut m (match hints with [] => no_hint | k :: _ => k end) (first_or_zero cs) b
               else Z.shiftr m cut in
      n :: pick E cut B' (tl cs) ms' (tl hints)
  | _, _ => []
  end.
(* What a leaf hints at for one layer: slopes, and numbers to add to the coefficients of single neurons
   (of those whose sign a split decided: a coefficient that is too large by w >= 0 uses z <= 0, which the
   bounds of z say). *)
Record hint (A : Type) : Type := Hint { slope_hints : list A; additions : list (nat * Z) }.
Arguments Hint {A} _ _.
Arguments slope_hints {A} _.
Arguments additions {A} _.
Definition empty_hint {A} : hint A := Hint [] [].
Fixpoint update {A} (i : nat) (f : A -> A) (l : list A) {struct l} : list A :=
  match l, i with
  | [], _ => []
  | a :: l', O => f a :: l'
  | a :: l', S i' => a :: update i' f l'
  end.
Definition add_hinted (e : Z) (additions : list (nat * Z)) (cs : list Z) : list Z :=
  fold_left (fun cs a => update (fst a) (Z.add (floor_to e 0 (snd a))) cs) additions cs.
Fixpoint max_abs (v : list Z) (a : Z) {struct v} : Z :=
  match v with [] => a | x :: v' => max_abs v' (Z.max a (Z.abs x)) end.

(* ---- the bound ---- *)

(* Adds up the rows, biases and errors of a layer with the given coefficients. *)
Fixpoint combine (ns : list neuron) (cs form : list Z) (k err : Z) {struct ns} : list Z * Z * Z :=
  match ns, cs with
  | n :: ns', c :: cs' =>
      if (c =? 0)%Z then combine ns' cs' form k err
      else combine ns' cs' (add_row c (weights n) form) (k + c * bias n)%Z (err + Z.abs c * error n)%Z
  | _, _ => (form, k, err)
  end.

(* A lower bound of 2^e * form.h; coefficients keep about [bits] bits. *)
Fixpoint lower (bits : Z) (ctx : passed) (box : intervals) (hints : list (hint Z)) (e : Z) (form : list Z)
  {struct ctx} : dyadic :=
  match ctx with
  | [] => (piece_sum low form (snd box), (e + fst box)%Z)
  | E :: ctx' =>
      let cut := Z.max 0 (Z.log2 (max_abs form 1) - bits) in
      let B := snd (bounds E) in
      let here := hd empty_hint hints in
      let cs := add_hinted (e + cut) (additions here) (pick E cut B (chords E) form (slope_hints here)) in
      let s := total_support (active E) cut B form cs in
      let '(form', k, err) := combine (neurons E) cs [] 0 0 in
      plus (s, (e + fst (bounds E))%Z)
        (plus (k, (e + cut + bias_exp E)%Z)
           (plus ((- err)%Z, (e + cut + error_exp E)%Z)
              (lower bits ctx' box (tl hints) (e + cut + weight_exp E)%Z form')))
  end.

(* ---- soundness ---- *)

Lemma at_exp_shift a b z : at_exp (a + b) z == pow2 a * at_exp b z.
Proof. unfold at_exp. rewrite pow2_plus. ring. Qed.

Lemma scaled_error c d r : Qabs d <= r -> - (inject_Z (Z.abs c) * r) <= inject_Z c * d.
Proof.
  intro H. rewrite inject_abs. pose proof (Qabs_nonneg (inject_Z c)).
  assert (Qabs (inject_Z c * d) <= Qabs (inject_Z c) * r) as G.
  { rewrite Qabs_Qmult, !(Qmult_comm (Qabs (inject_Z c))). now apply Qmult_le_compat_r. }
  apply Qabs_Qle_condition in G. lra.
Qed.

Lemma combine_spec we be ee h : forall ns p, Forall2 (neuron_ok we be ee h) ns p ->
  forall cs form k err,
  let '(form', k', err') := combine ns cs form k err in
  pow2 we * dot form' h + at_exp be k' - at_exp ee err'
  <= pow2 we * dot form h + at_exp be k - at_exp ee err + dot cs p.
Proof.
  induction 1 as [|n q ns p Hn Hns IH]; intros [|c cs] form k err; cbn [combine];
    try (rewrite ?dot_nil_right; unfold dot; cbn [piece_total]; lra).
  - destruct (Z.eqb_spec c 0) as [->|N].
    + specialize (IH cs form k err). destruct (combine ns cs form k err) as [[form' k'] err'].
      rewrite dot_cons. change (inject_Z 0) with 0. lra.
    + specialize (IH cs (add_row c (weights n) form) (k + c * bias n)%Z (err + Z.abs c * error n)%Z).
      destruct (combine ns cs _ _ _) as [[form' k'] err'].
      apply Qle_trans with (1 := IH). rewrite dot_add_row, dot_cons, !at_exp_plus, !at_exp_product.
      pose proof (scaled_error c _ _ Hn). lra.
Qed.

Lemma piece_low_spec e ws B h : Forall2 (inside e) B h -> at_exp e (piece_sum low ws B) <= dot ws h.
Proof.
  intro H. apply (piece_sum_related e Qle low product) with (e' := e); auto using low_spec.
  - rewrite at_exp_zero. apply Qle_refl.
  - intros. rewrite at_exp_plus. lra.
Qed.

Theorem lower_spec bits box : forall ctx h hints e form, reaches ctx box h ->
  meaning (lower bits ctx box hints e form) <= pow2 e * dot form h.
Proof.
  induction ctx as [|E ctx IH]; intros h hints e form H; cbn [lower reaches] in *.
  - unfold meaning. cbn [fst snd]. rewrite at_exp_shift. apply piece_low_spec with (ws := form) in H.
    pose proof (pow2_pos e). nra.
  - destruct H as (h' & p & Hreach & [Hn HB] & ->).
    set (cut := Z.max 0 (Z.log2 (max_abs form 1) - bits)).
    set (cs := add_hinted (e + cut) _ _).
    pose proof (total_support_spec (active E) cut (fst (bounds E)) _ p ltac:(unfold cut; lia) HB form cs)
      as Hs.
    pose proof (combine_spec _ _ _ h' _ _ Hn cs [] 0 0) as Hc.
    destruct (combine (neurons E) cs [] 0 0) as [[form' k] err].
    specialize (IH h' (tl hints) (e + cut + weight_exp E)%Z form' Hreach).
    rewrite !plus_spec. unfold meaning in *. cbn [fst snd] in *. rewrite !at_exp_zero in Hc.
    change (dot [] h') with 0 in Hc. rewrite !at_exp_shift, at_exp_opp. rewrite !pow2_plus in *.
    pose proof (pow2_pos e) as Pe. pose proof (pow2_pos cut) as Pc.
    set (s := total_support _ _ _ _ _) in *.
    assert (pow2 cut * (pow2 (weight_exp E) * dot form' h' + at_exp (bias_exp E) k
                        - at_exp (error_exp E) err) <= pow2 cut * dot cs p) as Hc'.
    { rewrite !(Qmult_comm (pow2 cut)). apply Qmult_le_compat_r; [|lra]. lra. }
    assert (pow2 e * (pow2 cut * (pow2 (weight_exp E) * dot form' h' + at_exp (bias_exp E) k
                        - at_exp (error_exp E) err) + at_exp (fst (bounds E)) s)
            <= pow2 e * dot form (activate (active E) p)) as G.
    { rewrite !(Qmult_comm (pow2 e)). apply Qmult_le_compat_r; [|lra]. lra. }
    lra.
Qed.
