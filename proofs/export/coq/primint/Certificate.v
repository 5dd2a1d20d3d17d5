(* Split trees checked with words: the theorem of Tree.v for [certified_by_words], which depends on Coq's
   primitive integers and on nothing else. Nodes whose numbers are not short hand down what they inherited,
   and leaves that words do not settle are tried again with integers. *)
From Coq Require Import ZArith QArith List Lia Lqa Uint63 Sint63.
From Isotrace.Core Require Import Dyadic Network Rows Relaxation Backward Forward Tree Range.
From Isotrace.Primint Require Import Word Lower Bounds.
Import ListNotations.
Local Open Scope Q_scope.

Definition word_contradictory (ctx : list word_entry) : bool :=
  existsb (fun E => existsb (fun b => (snd b <? fst b)%sint63) (word_bounds E)) ctx.
Definition word_undecided_in (E : word_entry) : list bool :=
  if word_active E
  then map (fun b => if (fst b <? 0)%sint63 then (0 <? snd b)%sint63 else false) (word_bounds E) else [].
Definition word_hints_for (ctx : list word_entry) (slopes : list Z) (signs : list sign) (ws : list Z)
  : list (hint int) :=
  join_hints (length ctx) (slopes_for no_word_hint (map word_undecided_in ctx) (map word slopes)) signs ws.

(* Integers as words that may be long. *)
Definition fits_word (z : Z) : bool := if (- ceiling <? z)%Z then (z <? ceiling)%Z else false.
Fixpoint word_after_relu (ctx : list word_entry) (box : list (int * int)) (box_exp : Z) {struct ctx}
  : list word_entry * (list (int * int) * Z) :=
  match ctx with
  | [] => ([], (box, box_exp))
  | E :: ctx' =>
      if word_active E then ([], (word_pass_on true (word_bounds E), word_bound_exp E))
      else let (last, here) := word_after_relu ctx' box box_exp in (E :: last, here)
  end.
Definition word_conclusive (cs : list constraint) (ctx : list word_entry) (box : list (int * int))
  (box_exp : Z) (ks : list Z) (hints : list (hint int)) : bool :=
  let '(form, b, s) := weigh cs ks in
  let refuted from :=
    match word_lower (fst from) (fst (snd from)) (snd (snd from)) hints 0 (map word form) with
    | None => false
    | Some (m, e) =>
        let least := (integer m, e) in if s : bool then leb (b, 0%Z) least else negb (leb least (b, 0%Z))
    end in
  if forallb fits_word form then
    if refuted (word_after_relu ctx box box_exp) then true else refuted (ctx, (box, box_exp))
  else false.

(* None: words do not suffice here. *)
Definition word_bounds_of (plans : list word_plan) (box : intervals) (known : list intervals)
  : option (list word_entry * list intervals) :=
  if intervals_are_short (snd box) then
    if (Z.of_nat (length (snd box)) <=? many)%Z then
      let box' := words_of_intervals (snd box) in
      word_forward plans [] box' (fst box) box' (fst box) known
    else None
  else None.
Definition box_in_words (box : ranges) : intervals := box_intervals (interval_bits word_precision) box.

Definition word_visit (plans : list word_plan) (box : ranges) (known : list intervals)
  : option (option (list word_entry) * list intervals) :=
  match word_bounds_of plans (box_in_words box) known with
  | None => match known with [] => None | _ => Some (None, known) end
  | Some (ctx, found) => Some (Some ctx, found)
  end.
Definition word_empty (s : option (list word_entry)) : bool :=
  match s with None => false | Some ctx => word_contradictory ctx end.
Definition word_refutes (net : network) (cs : list constraint) (s : option (list word_entry))
  (box : ranges) (found : list intervals) (signs : list sign) (ks slopes ws : list Z) : bool :=
  let B := box_in_words box in
  if match s with
     | None => false
     | Some ctx =>
         word_conclusive cs ctx (words_of_intervals (snd B)) (fst B) ks (word_hints_for ctx slopes signs ws)
     end
  then true else refuted_carefully (map (make_plan careful) net) cs box found signs ks slopes ws.

(* The part of the tree at the path; the whole tree, if the path is empty. *)
Definition words_part (path : list bool) (net : network) (box : ranges) (cs : list constraint) (t : tree)
  : bool :=
  check_part _ (word_visit (map make_word_plan net)) word_empty (word_refutes net cs) path t box [] [].
Definition certified_by_words : network -> ranges -> list constraint -> tree -> bool := words_part [].

Lemma words_joined path net box cs t : words_part (path ++ [false]) net box cs t = true ->
  words_part (path ++ [true]) net box cs t = true -> words_part path net box cs t = true.
Proof.
  apply joined.
Qed.

Lemma word_bounds_of_spec net box known ctx' found x ps y :
  word_bounds_of (map make_word_plan net) box known = Some (ctx', found) -> all_inside box x ->
  all_known_ok known ps -> trace net x ps y ->
  all_known_ok found ps /\ Forall2 interval_fits (words_of_intervals (snd box)) (snd box) /\
  (Z.of_nat (length (snd box)) <= many)%Z /\
  exists ctx h, Forall2 entry_fits ctx' ctx /\ reaches ctx box h /\ Forall2 Qeq h y.
Proof.
  unfold word_bounds_of. intros H Hx Hk Ht. destruct (intervals_are_short (snd box)) eqn:Hs; [|discriminate].
  destruct (Z.leb_spec (Z.of_nat (length (snd box))) many) as [Hm|]; [|discriminate].
  pose proof (words_of_intervals_fit _ Hs) as Hbox.
  destruct (word_forward_spec _ box Hbox Hm net [] [] _ box known ctx' found x ps y H (Forall2_nil _) Hbox Hx Hx Hk Ht)
    as [Hf Hlast]. auto.
Qed.
Lemma word_bounds_in_range net box found x :
  word_bounds_of (map make_word_plan net) box [] = Some found -> all_inside box x -> in_range_from net x.
Proof.
  unfold word_bounds_of. intros H Hx. destruct (intervals_are_short (snd box)) eqn:Hs; [|discriminate].
  destruct (Z.leb_spec (Z.of_nat (length (snd box))) many) as [Hm|]; [|discriminate].
  pose proof (words_of_intervals_fit _ Hs) as Hbox.
  exact (word_forward_in_range _ box Hbox Hm net [] [] _ box found x H (Forall2_nil _) Hbox Hx Hx).
Qed.

Lemma less_than x y : (x <? y)%sint63 = (value x <? value y)%Z.
Proof. apply Bool.eq_true_iff_eq. rewrite Z.ltb_lt. apply Sint63.ltb_spec. Qed.
Lemma word_contradictory_value ctx' ctx : Forall2 entry_fits ctx' ctx ->
  word_contradictory ctx' = contradictory ctx.
Proof.
  unfold word_contradictory, contradictory. induction 1 as [|E' E ctx' ctx HE _ IH]; cbn [existsb]; [reflexivity|].
  rewrite IH. f_equal. generalize (bounds_fit _ _ HE).
  induction 1 as [|b' b B' B [[Hl _] [Hu _]] HB IHB]; cbn [existsb]; [reflexivity|].
  now rewrite IHB, less_than, Hl, Hu.
Qed.
Lemma words_of_form form : forallb fits_word form = true -> map value (map word form) = form.
Proof.
  induction form as [|z form IH]; cbn [forallb map]; [reflexivity|]. intro H.
  apply andb_prop in H as [Hz H]. rewrite (IH H). f_equal. symmetry. apply is_int, no_wrap.
  unfold fits_word in Hz. destruct (Z.ltb_spec (- ceiling) z); [|discriminate]. apply Z.ltb_lt in Hz. lia.
Qed.
Lemma word_after_relu_spec box' box :
  Forall2 interval_fits box' (snd box) -> (Z.of_nat (length (snd box)) <= many)%Z ->
  forall ctx' ctx, Forall2 entry_fits ctx' ctx ->
  let '(last', (here', e)) := word_after_relu ctx' box' (fst box) in
  let (last, here) := after_relu ctx box in
  Forall2 entry_fits last' last /\ Forall2 interval_fits here' (snd here) /\ e = fst here /\
  (Z.of_nat (length (snd here)) <= many)%Z.
Proof.
  intros Hbox Hmany. induction 1 as [|E' E ctx' ctx HE Hctx IH]; cbn [word_after_relu after_relu]; [auto|].
  rewrite (same_active _ _ HE). destruct (active E).
  - repeat split; [constructor | apply (word_pass_on_fits true), bounds_fit, HE | apply (same_bound_exp _ _ HE) |].
    cbn [pass_on snd]. rewrite map_length. apply (not_too_many _ _ HE).
  - destruct (word_after_relu _ _ _) as [last' [here' e]], (after_relu _ _) as [last here]. intuition.
Qed.
Lemma word_conclusive_spec cs ctx' ctx box' box ks hints h y :
  Forall2 interval_fits box' (snd box) -> (Z.of_nat (length (snd box)) <= many)%Z ->
  Forall2 entry_fits ctx' ctx -> forallb (Z.leb 0) ks = true ->
  word_conclusive cs ctx' box' (fst box) ks hints = true ->
  reaches ctx box h -> Forall2 Qeq h y -> ~ unsafe cs y.
Proof.
  unfold word_conclusive. intros Hbox Hmany Hctx Hks H Hr Hy Hu.
  pose proof (weigh_spec y cs ks Hks Hu) as W. destruct (weigh cs ks) as [[form b] s].
  destruct W as [Wle Wlt]. destruct (forallb fits_word form) eqn:Hf; [|discriminate].
  assert (forall c' c B' B, Forall2 interval_fits B' (snd B) -> (Z.of_nat (length (snd B)) <= many)%Z ->
    Forall2 entry_fits c' c -> reaches c B h ->
    match word_lower c' B' (fst B) hints 0 (map word form) with
    | None => false
    | Some (m, e) =>
        let least := (integer m, e) in if s : bool then leb (b, 0%Z) least else negb (leb least (b, 0%Z))
    end = true -> False) as never.
  { intros c' c B' B HB HBmany Hc Hreach G.
    destruct (word_lower c' B' (fst B) hints 0 (map word form)) as [[m e]|] eqn:Hd; [|discriminate].
    cbv zeta in G. rewrite integer_value in G.
    pose proof (word_lower_spec B' B HB HBmany c' c Hc h hints 0 _ _ Hreach Hd) as Lo.
    change (meant (m, e)) with (meaning (value m, e)) in Lo.
    rewrite (words_of_form _ Hf) in Lo. change (pow2 0) with 1 in Lo. rewrite (dot_eq form h y Hy) in Lo.
    assert (meaning (b, 0%Z) == inject_Z b) as M
      by (unfold meaning, at_exp; cbn [fst snd]; change (pow2 0) with 1; ring).
    destruct s.
    - apply leb_true in G. specialize (Wlt eq_refl). lra.
    - apply Bool.negb_true_iff, leb_false in G. lra. }
  cbv zeta beta in H.
  pose proof (word_after_relu_spec box' box Hbox Hmany ctx' ctx Hctx) as A.
  pose proof (after_relu_spec box ctx h Hr) as R.
  destruct (word_after_relu _ _ _) as [last' [here' e]], (after_relu ctx box) as [last here].
  destruct A as (Hlast & Hhere & -> & Hfew). cbn [fst snd] in *.
  match type of H with (if ?c then _ else _) = _ => destruct c eqn:G end.
  - exact (never _ _ _ _ Hhere Hfew Hlast R G).
  - exact (never _ _ _ _ Hbox Hmany Hctx Hr H).
Qed.

Theorem certified_by_words_safe net box cs t : certified_by_words net box cs t = true -> safe net box cs.
Proof.
  unfold certified_by_words, words_part. cbn [check_part].
  intros H x y Hx [ps Ht]. refine (check_spec x ps y cs _ _ word_empty _ _ _ t box [] [] H Hx I).
  - intros b known s found Hv Hb Hk. unfold word_visit in Hv.
    pose proof (box_intervals_spec (interval_bits word_precision) b x Hb) as Hin.
    destruct (word_bounds_of _ _ _) as [[ctx' f]|] eqn:E;
      [injection Hv as <- <-|destruct known; [discriminate|]; injection Hv as <- <-; now split].
    destruct (word_bounds_of_spec _ _ _ _ _ _ _ _ E Hin Hk Ht) as (Hf & _ & _ & ctx & h & Hctx & Hr & _).
    split; [|exact Hf]. cbn [word_empty]. rewrite (word_contradictory_value _ _ Hctx).
    exact (contradictory_spec _ _ _ Hr).
  - intros b known s found signs ks slopes ws Hv Hb Hk Hks Hr. unfold word_visit in Hv.
    pose proof (box_intervals_spec (interval_bits word_precision) b x Hb) as Hin.
    unfold word_refutes in Hr. destruct (word_bounds_of _ _ _) as [[ctx' f]|] eqn:E;
      [injection Hv as <- <-|destruct known; [discriminate|]; injection Hv as <- <-].
    + destruct (word_bounds_of_spec _ _ _ _ _ _ _ _ E Hin Hk Ht) as (Hf & Hbox & Hm & ctx & h & Hctx & Hreach & Hy).
      destruct (word_conclusive _ _ _ _ _ _) eqn:Hc.
      * exact (word_conclusive_spec _ _ _ _ _ _ _ _ _ Hbox Hm Hctx Hks Hc Hreach Hy).
      * exact (refuted_carefully_spec x ps y cs net b f signs ks slopes ws Ht Hr Hks Hb Hf).
    + exact (refuted_carefully_spec x ps y cs net b _ signs ks slopes ws Ht Hr Hks Hb Hk).
Qed.

Theorem certified_by_words_in_range net box cs t : certified_by_words net box cs t = true ->
  forall x, in_box box x -> in_range_from net x.
Proof.
  unfold certified_by_words, words_part. intros H x Hx.
  cbn [check_part] in H. destruct (word_bounds_of (map make_word_plan net) (box_in_words box) []) as [found|] eqn:E.
  2: destruct t; cbn [check] in H; unfold word_visit in H; rewrite E in H; discriminate.
  exact (word_bounds_in_range _ _ _ _ E (box_intervals_spec _ _ _ Hx)).
Qed.
