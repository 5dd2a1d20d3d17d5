(* Backward substitution as in Backward.v, on words. Before each step the coefficients are cut to short
   words, downward; for a layer with ReLU that is sound because its values are not negative, elsewhere the
   loss is accounted for. A result of None means that some number was not short. *)
From Coq Require Import ZArith QArith Qminmax List Lia Lqa Uint63 Sint63.
From Isotrace.Core Require Import Dyadic Network Rows Relaxation Backward.
From Isotrace.Primint Require Import Word.
Import ListNotations.
Local Open Scope Q_scope.

(* ---- entries in words ---- *)

Record word_neuron : Type := WordNeuron {
  word_weights : word_row;
  word_bias : int;
  word_error : int
}.
Record word_entry : Type := WordEntry {
  word_active : bool;
  word_weight_exp : Z;
  word_bias_exp : Z;
  word_error_exp : Z;
  word_bound_exp : Z;
  word_neurons : list word_neuron;
  word_bounds : list (int * int);
  word_chords : list int
}.
Definition neuron_fits (n' : word_neuron) (n : neuron) : Prop :=
  row_fits (word_weights n') (weights n) /\ fits limit (word_bias n') (bias n) /\
  fits limit (word_error n') (error n).
Record entry_fits (E' : word_entry) (E : entry) : Prop := EntryFits {
  same_active : word_active E' = active E;
  same_weight_exp : word_weight_exp E' = weight_exp E;
  same_bias_exp : word_bias_exp E' = bias_exp E;
  same_error_exp : word_error_exp E' = error_exp E;
  same_bound_exp : word_bound_exp E' = fst (bounds E);
  neurons_fit : Forall2 neuron_fits (word_neurons E') (neurons E);
  bounds_fit : Forall2 interval_fits (word_bounds E') (snd (bounds E));
  not_too_many : (Z.of_nat (length (neurons E)) <= many /\ Z.of_nat (length (snd (bounds E))) <= many)%Z
}.

(* ---- choosing coefficients (no proofs needed: any are sound) ---- *)

Fixpoint largest_size (v : list int) (a : int) {struct v} : int :=
  match v with [] => a | x :: v' => largest_size v' (greatest a (size_of x)) end.
(* How many bits are too many for 24. *)
Definition excess (form : list int) : int :=
  let bits := (63 - head0 (largest_size form 1))%uint63 in
  if (bits <=? 24)%uint63 then 0%uint63 else (bits - 24)%uint63.

Definition chord_shift : int := 32%uint63.
Definition word_chord (b : int * int) : int :=
  let (l, u) := b in
  if (if (l <? 0)%sint63 then (0 <? u)%sint63 else false)
  then ((u << chord_shift) / (u - l))%uint63 else 0%uint63.
Definition no_word_hint : int := (-1)%sint63.
Definition word_pick_relu (m hint chord : int) (b : int * int) : int :=
  let (l, u) := b in
  (if 0 <=? l then m
   else if u <=? 0 then 0
   else if 0 <=? m then
     if hint <? 0 then (if - l <? u then m else 0) else m * hint / 255
   else - ((- m * chord) >> chord_shift))%sint63.
Fixpoint word_pick (B : list (int * int)) (chords ms hints : list int) {struct B} : list int :=
  match B, chords, ms with
  | b :: B', c :: chords', m :: ms' =>
      word_pick_relu m (hd no_word_hint hints) c b :: word_pick B' chords' ms' (tl hints)
  | _, _, _ => []
  end.
Definition coefficients_of (E : word_entry) (e : Z) (ms : list int) (here : hint int) : list int :=
  let chosen := if word_active E then word_pick (word_bounds E) (word_chords E) ms (slope_hints here) else ms in
  fold_left (fun cs a => update (fst a) (fun c => (c + word (floor_to e 0 (snd a)))%sint63) cs)
    (additions here) chosen.

(* ---- the bound ---- *)

Fixpoint word_combine (ns : list word_neuron) (cs form : list int) (k err : int) {struct ns}
  : list int * int * int :=
  match ns, cs with
  | n :: ns', c :: cs' =>
      if (c =? 0)%sint63 then word_combine ns' cs' form k err
      else word_combine ns' cs' (word_add_row c (word_weights n) form) (k + c * word_bias n)%sint63
             (err + size_of c * word_error n)%sint63
  | _, _ => (form, k, err)
  end.

Definition word_linear (l u m n : int) : int := (least ((m - n) * l) ((m - n) * u))%sint63.
Definition word_support (relu_follows lossy : bool) (l u m n : int) : int :=
  (if relu_follows then
     if 0 <=? l then word_linear l u m n
     else if u <=? 0 then least (- n * l) (- n * u)
     else least 0 (least (- n * l) ((m - n) * u))
   else word_linear l u m n + (if lossy then least 0 l else 0))%sint63.
Definition first_word (v : list int) : int := hd 0%sint63 v.
Fixpoint word_total (relu_follows lossy : bool) (B : list (int * int)) (ms ns : list int) (a : int) {struct B}
  : int :=
  match B with
  | [] => a
  | b :: B' =>
      word_total relu_follows lossy B' (tl ms) (tl ns)
        (a + word_support relu_follows lossy (fst b) (snd b) (first_word ms) (first_word ns))%sint63
  end.

(* A form in short words, and the number of bits that were cut off. *)
Definition shortened (form : list int) : option (list int * Z) :=
  let s := excess form in
  let ms := map (fun m => (m >> s)%sint63) form in
  let bits := integer s in
  if forallb short ms then (if (0 <=? bits)%Z then Some (ms, bits) else None) else None.

(* A lower bound of 2^e * form.h. *)
Fixpoint word_lower (ctx : list word_entry) (box : list (int * int)) (box_exp : Z) (hints : list (hint int))
  (e : Z) (form : list int) {struct ctx} : option word_dyadic :=
  match shortened form with
  | None => None
  | Some (ms, s) =>
      match ctx with
      | [] => Some (word_total false (0 <? s)%Z box ms [] 0, (e + s + box_exp)%Z)
      | E :: ctx' =>
          let cs := coefficients_of E (e + s) ms (hd empty_hint hints) in
          if forallb short cs then
            let t := word_total (word_active E) (0 <? s)%Z (word_bounds E) ms cs 0 in
            let '(form', k, err) := word_combine (word_neurons E) cs [] 0%sint63 0%sint63 in
            add_down (t, (e + s + word_bound_exp E)%Z)
              (add_down (k, (e + s + word_bias_exp E)%Z)
                 (add_down ((- err)%sint63, (e + s + word_error_exp E)%Z)
                    (word_lower ctx' box box_exp (tl hints) (e + s + word_weight_exp E) form')))
          else None
      end
  end.

(* ---- the rule of Relaxation.v with coefficients that were cut ---- *)

Definition rounded_support (relu_follows lossy : bool) (l u m n : Z) : Z :=
  if relu_follows then relu_support l u m n
  else (linear_support l u m n + (if lossy then Z.min 0 l else 0))%Z.
Fixpoint rounded_total (relu_follows lossy : bool) (B : list (Z * Z)) (ms ns : list Z) {struct B} : Z :=
  match B with
  | [] => 0%Z
  | b :: B' =>
      (rounded_support relu_follows lossy (fst b) (snd b) (first_or_zero ms) (first_or_zero ns)
       + rounded_total relu_follows lossy B' (tl ms) (tl ns))%Z
  end.

Lemma shiftr_between M s : (0 <= s)%Z ->
  pow2 s * inject_Z (Z.shiftr M s) <= inject_Z M <= pow2 s * inject_Z (Z.shiftr M s) + pow2 s.
Proof.
  intro H. rewrite Z.shiftr_div_pow2 by exact H. rewrite (pow2_of_nonneg s H).
  assert (0 < 2 ^ s)%Z as P by (apply Z.pow_pos_nonneg; lia).
  pose proof (Z.mul_div_le M _ P) as L. pose proof (Z.mul_succ_div_gt M _ P) as U.
  rewrite Z.mul_succ_r in U. apply inject_le in L. apply Z.lt_le_incl, inject_le in U.
  rewrite inject_plus in U. rewrite inject_mult in L, U. split; lra.
Qed.

Lemma rounded_rule relu_follows s e l u M n q : (0 <= s)%Z -> inside e (l, u) q ->
  pow2 s * (inject_Z n * q + at_exp e (rounded_support relu_follows (0 <? s)%Z l u (Z.shiftr M s) n))
  <= inject_Z M * (if relu_follows then relu q else q).
Proof.
  intros Hs H. pose proof (shiftr_between M s Hs) as [L U]. pose proof (pow2_pos s) as P.
  unfold rounded_support. set (m := Z.shiftr M s) in *. destruct relu_follows.
  - pose proof (relu_support_spec e l u m n q H) as R.
    assert (0 <= relu q) as N by apply Q.le_max_l. nra.
  - pose proof (linear_support_spec e l u m n q H) as R. rewrite at_exp_plus.
    destruct (Z.ltb_spec 0 s) as [G|G].
    + destruct (at_exp_min e 0 l) as [A B]. rewrite at_exp_zero in A. destruct H as [Hl _].
      cbn [fst] in Hl. set (bottom := at_exp e (Z.min 0 l)) in *.
      set (r := inject_Z M - pow2 s * inject_Z m). assert (0 <= r <= pow2 s) as Hr by (unfold r; split; lra).
      assert (pow2 s * bottom <= r * q) as F by nra. unfold r in F. nra.
    + assert (s = 0%Z) as -> by lia. rewrite at_exp_zero. unfold m in *. rewrite Z.shiftr_0_r in *.
      change (pow2 0) with 1 in *. lra.
Qed.

Lemma rounded_total_spec relu_follows s e B p : (0 <= s)%Z -> Forall2 (inside e) B p -> forall Ms ns,
  pow2 s * (dot ns p
            + at_exp e (rounded_total relu_follows (0 <? s)%Z B (map (fun M => Z.shiftr M s) Ms) ns))
  <= dot Ms (activate relu_follows p).
Proof.
  intro Hs. induction 1 as [|[l u] q B p Hq HB IH]; intros Ms ns.
  - cbn [rounded_total]. rewrite at_exp_zero.
    assert (activate relu_follows [] = []) as -> by now destruct relu_follows.
    rewrite !dot_nil_right. lra.
  - assert (activate relu_follows (q :: p)
            = (if relu_follows then relu q else q) :: activate relu_follows p) as -> by now destruct relu_follows.
    rewrite !dot_uncons. cbn [rounded_total fst snd]. rewrite at_exp_plus.
    assert (first_or_zero (map (fun M => Z.shiftr M s) Ms) = Z.shiftr (first_or_zero Ms) s) as ->
      by (destruct Ms; cbn [map first_or_zero]; now rewrite ?Z.shiftr_0_l).
    assert (tl (map (fun M => Z.shiftr M s) Ms) = map (fun M => Z.shiftr M s) (tl Ms)) as ->
      by now destruct Ms.
    pose proof (rounded_rule relu_follows s e l u (first_or_zero Ms) (first_or_zero ns) q Hs Hq).
    specialize (IH (tl Ms) (tl ns)). lra.
Qed.

(* ---- words compute what integers do ---- *)

Lemma zero_word c' c : fits limit c' c -> (c' =? 0)%sint63 = (c =? 0)%Z.
Proof.
  intros [H _]. destruct (Sint63.eqbP c' 0) as [E|E]; rewrite H in E; change (value 0) with 0%Z in E;
    destruct (Z.eqb_spec c 0); congruence.
Qed.

Lemma word_combine_value : forall ns' ns, Forall2 neuron_fits ns' ns ->
  forall cs' cs, Forall2 (fits limit) cs' cs ->
  forall a form' form k' k err' err, (0 <= a)%Z ->
  (a + Z.of_nat (length ns) * product_limit < ceiling)%Z ->
  Forall2 (fits a) form' form -> fits a k' k -> fits a err' err ->
  let '(f', kf', ef') := word_combine ns' cs' form' k' err' in
  let '(f, kf, ef) := combine ns cs form k err in
  map value f' = f /\ value kf' = kf /\ fits (a + Z.of_nat (length ns) * product_limit) ef' ef.
Proof.
  assert (0 < product_limit)%Z as P by reflexivity.
  induction 1 as [|n' n ns' ns (Hw & Hb & He) Hns IH]; intros cs' cs Hcs a form' form k' k err' err Ha Hroom Hf Hk Herr;
    cbn [word_combine combine length] in *.
  - split; [exact (fits_values _ _ _ Hf)|]. split; [apply Hk|]. apply fits_weaken with (1 := Herr). lia.
  - destruct Hcs as [|c' c cs' cs Hc Hcs].
    + split; [exact (fits_values _ _ _ Hf)|]. split; [apply Hk|]. apply fits_weaken with (1 := Herr). lia.
    + replace (a + Z.of_nat (S (length ns)) * product_limit)%Z
        with (a + product_limit + Z.of_nat (length ns) * product_limit)%Z in * by lia.
      rewrite (zero_word _ _ Hc). destruct (Z.eqb_spec c 0).
      * apply IH; auto; try lia; [|now apply fits_weaken with a; [|lia]..].
        clear - Hf P. induction Hf; constructor; auto. now apply fits_weaken with a; [|lia].
      * apply IH; auto; [lia | | |].
        -- apply add_row_fits; auto. lia.
        -- apply fits_add; [exact Hk | apply (fits_mul limit limit); auto; reflexivity | lia].
        -- apply fits_add; [exact Herr | | lia]. apply (fits_mul limit limit); [|exact He|reflexivity].
           now apply fits_size_of.
Qed.

Definition step_limit : Z := 2251799847239680.
Lemma word_linear_fits l' l u' u m' m n' n : fits limit l' l -> fits limit u' u -> fits limit m' m ->
  fits limit n' n -> fits (2 * product_limit) (word_linear l' u' m' n') (linear_support l u m n).
Proof.
  intros Hl Hu Hm Hn. pose proof (fits_sub _ _ _ _ _ _ Hm Hn eq_refl) as D.
  apply fits_least; apply (fits_mul (limit + limit) limit); auto; reflexivity.
Qed.
Lemma word_support_fits relu_follows lossy l' l u' u m' m n' n : fits limit l' l -> fits limit u' u ->
  fits limit m' m -> fits limit n' n ->
  fits step_limit (word_support relu_follows lossy l' u' m' n') (rounded_support relu_follows lossy l u m n).
Proof.
  intros Hl Hu Hm Hn. pose proof (word_linear_fits _ _ _ _ _ _ _ _ Hl Hu Hm Hn) as Lin.
  pose proof (fits_opp _ _ _ Hn eq_refl) as O. pose proof (fits_sub _ _ _ _ _ _ Hm Hn eq_refl) as D.
  unfold word_support, rounded_support. destruct relu_follows.
  - apply fits_weaken with (a := (2 * product_limit)%Z); [|discriminate].
    unfold relu_support. rewrite !less_or_equal. destruct Hl as [El Bl] eqn:Dl, Hu as [Eu Bu] eqn:Du.
    rewrite El, Eu. change (value 0) with 0%Z. clear Dl Du.
    assert (fits limit l' l) as Hl' by (split; assumption).
    assert (fits limit u' u) as Hu' by (split; assumption).
    assert (fits (2 * product_limit) (- n' * l')%sint63 (- n * l)) as P1
      by (apply fits_weaken with (a := product_limit);
          [apply (fits_mul limit limit); auto; reflexivity | discriminate]).
    assert (fits (2 * product_limit) (- n' * u')%sint63 (- n * u)) as P2
      by (apply fits_weaken with (a := product_limit);
          [apply (fits_mul limit limit); auto; reflexivity | discriminate]).
    assert (fits (2 * product_limit) ((m' - n') * u')%sint63 ((m - n) * u)) as P3
      by (apply (fits_mul (limit + limit) limit); auto; reflexivity).
    destruct (0 <=? l)%Z; [exact Lin|]. destruct (u <=? 0)%Z.
    + now apply fits_least.
    + apply fits_least; [now apply fits_zero | now apply fits_least].
  - change step_limit with (2 * product_limit + limit)%Z. apply fits_add; [exact Lin | | reflexivity].
    destruct lossy; [apply fits_least; auto|]; now apply fits_zero.
Qed.
Lemma word_total_value relu_follows lossy : forall B' B, Forall2 interval_fits B' B ->
  forall ms' ms ns' ns a s' s, Forall2 (fits limit) ms' ms -> Forall2 (fits limit) ns' ns -> fits a s' s ->
  (0 <= a)%Z -> (a + Z.of_nat (length B) * step_limit < ceiling)%Z ->
  value (word_total relu_follows lossy B' ms' ns' s') = (s + rounded_total relu_follows lossy B ms ns)%Z.
Proof.
  assert (forall v' v, Forall2 (fits limit) v' v -> fits limit (first_word v') (first_or_zero v) /\
          Forall2 (fits limit) (tl v') (tl v)) as uncons.
  { intros v' v [|x z w w' H Hw]; (split; [|try constructor]); auto; now apply fits_zero. }
  assert (0 < step_limit)%Z as P by reflexivity.
  induction 1 as [|b' b B' B [Hl Hu] HB IH]; intros ms' ms ns' ns a s' s Hm Hn Hs Ha Hroom;
    cbn [word_total rounded_total length] in *.
  - destruct Hs as [Hs _]. lia.
  - destruct (uncons _ _ Hm) as [M1 M2], (uncons _ _ Hn) as [N1 N2].
    rewrite (IH _ _ _ _ (a + step_limit)%Z _
      (s + rounded_support relu_follows lossy (fst b) (snd b) (first_or_zero ms) (first_or_zero ns))%Z M2 N2);
      [lia | | lia | lia].
    apply fits_add; [exact Hs | now apply word_support_fits | lia].
Qed.
Lemma whole_total_value relu_follows lossy B' B ms' ns' : Forall2 interval_fits B' B ->
  (Z.of_nat (length B) <= many)%Z -> forallb short ms' = true -> forallb short ns' = true ->
  value (word_total relu_follows lossy B' ms' ns' 0)
  = rounded_total relu_follows lossy B (map value ms') (map value ns').
Proof.
  intros HB Hlen Hm Hn.
  rewrite (word_total_value relu_follows lossy _ _ HB _ _ _ _ 0 0%sint63 0 (shorts_fit _ Hm) (shorts_fit _ Hn));
    [reflexivity | now apply fits_zero | lia |].
  unfold many, step_limit, ceiling in *. lia.
Qed.

Lemma shortened_spec form ms s : shortened form = Some (ms, s) ->
  forallb short ms = true /\ (0 <= s)%Z /\ map value ms = map (fun M => Z.shiftr M s) (map value form).
Proof.
  unfold shortened. destruct (forallb short _) eqn:E; [|discriminate].
  rewrite integer_value. destruct (Z.leb_spec 0 (value (excess form))) as [H|]; [|discriminate]. intro I. injection I as <- <-.
  repeat split; auto. rewrite !map_map. apply map_ext. intro m. rewrite Sint63.asr_spec.
  symmetry. now apply Z.shiftr_div_pow2.
Qed.

Theorem word_lower_spec box' box : Forall2 interval_fits box' (snd box) ->
  (Z.of_nat (length (snd box)) <= many)%Z ->
  forall ctx' ctx, Forall2 entry_fits ctx' ctx -> forall h hints e form d, reaches ctx box h ->
  word_lower ctx' box' (fst box) hints e form = Some d ->
  meant d <= pow2 e * dot (map value form) h.
Proof.
  intros Hbox Hmany. induction 1 as [|E' E ctx' ctx HE Hctx IH]; intros h hints e form d Hr Hd;
    cbn [word_lower reaches] in *; destruct (shortened form) as [[ms s]|] eqn:Hs; try discriminate;
    destruct (shortened_spec _ _ _ Hs) as (Hms & Hs0 & Hval).
  - injection Hd as <-. unfold meant. cbn [fst snd].
    rewrite (whole_total_value _ _ _ _ _ [] Hbox Hmany Hms eq_refl), Hval. cbn [map].
    pose proof (rounded_total_spec false s (fst box) (snd box) h Hs0 Hr (map value form) []) as T.
    cbn [activate] in T. change (dot [] h) with 0 in T. rewrite !at_exp_shift, pow2_plus.
    pose proof (pow2_pos e) as Pe. set (t := rounded_total _ _ _ _ _) in *. nra.
  - set (cs := coefficients_of E' (e + s) ms (hd empty_hint hints)) in *.
    destruct (forallb short cs) eqn:Hcs; [|discriminate].
    destruct Hr as (h' & p & Hreach & [Hn HB] & ->).
    destruct HE as [Ea Ew Eb Ee Ebe En Eint [Hlen1 Hlen2]].
    rewrite Ea, Ew, Eb, Ee, Ebe in Hd.
    pose proof (rounded_total_spec (active E) s (fst (bounds E)) _ p Hs0 HB (map value form) (map value cs))
      as T.
    rewrite <- Hval, <- (whole_total_value _ _ _ _ _ _ Eint Hlen2 Hms Hcs) in T.
    set (t := word_total _ _ _ _ _ _) in *.
    assert (0 + Z.of_nat (length (neurons E)) * product_limit < ceiling)%Z as Room
      by (unfold many, product_limit, ceiling in *; lia).
    pose proof (word_combine_value _ _ En _ _ (shorts_fit _ Hcs) 0 [] [] _ _ _ _ (Z.le_refl 0) Room
                  (Forall2_nil _) (fits_zero 0 (Z.le_refl 0)) (fits_zero 0 (Z.le_refl 0))) as W.
    pose proof (combine_spec _ _ _ h' _ _ Hn (map value cs) [] 0 0) as C.
    destruct (word_combine (word_neurons E') cs [] 0 0) as [[f' k'] err'].
    destruct (combine (neurons E) (map value cs) [] 0 0) as [[f k] err]. destruct W as (<- & <- & We).
    destruct (add_down_spec _ _ _ Hd) as (d1 & Hd1 & L1). destruct (add_down_spec _ _ _ Hd1) as (d2 & Hd2 & L2).
    destruct (add_down_spec _ _ _ Hd2) as (rest & Hrest & L3). specialize (IH h' _ _ _ _ Hreach Hrest).
    unfold meant in *. cbn [fst snd] in *. rewrite (proj1 (fits_opp _ _ _ We Room)) in L3.
    rewrite !at_exp_zero in C.
    change (dot [] h') with 0 in C. rewrite at_exp_opp in L3. rewrite !at_exp_shift, !pow2_plus in *.
    pose proof (pow2_pos e) as Pe. pose proof (pow2_pos s) as Ps.
    set (F := dot (map value f') h') in *. set (D := dot (map value cs) p) in *.
    set (G := dot (map value form) (activate (active E) p)) in *.
    assert (pow2 s * (pow2 (weight_exp E) * F + at_exp (bias_exp E) (value k')
                      - at_exp (error_exp E) err) <= pow2 s * D) as C'.
    { rewrite !(Qmult_comm (pow2 s)). apply Qmult_le_compat_r; [|lra]. lra. }
    assert (pow2 e * (pow2 s * (pow2 (weight_exp E) * F + at_exp (bias_exp E) (value k')
                      - at_exp (error_exp E) err) + pow2 s * at_exp (fst (bounds E)) (value t))
            <= pow2 e * G) as Last.
    { rewrite !(Qmult_comm (pow2 e)). apply Qmult_le_compat_r; [|lra]. lra. }
    set (rr := at_exp (snd rest) _) in *. lra.
Qed.
