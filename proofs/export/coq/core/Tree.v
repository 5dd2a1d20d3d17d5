(* Split trees and the checker's main theorem: if [certified] computes to true, the network is safe.

   An inner node cuts the box of inputs at a coordinate, or tells apart the signs of a value before ReLU; a
   leaf names non-negative multipliers of the constraints whose weighted sum is shown to be unsatisfiable
   on the leaf's box. Everything else (bounds of all layers, slopes that a leaf does not hint at) is
   recomputed here. *)
From Coq Require Import ZArith QArith Qabs Qminmax List Lia Lqa.
From Isotrace.Core Require Import Dyadic Network Rows Relaxation Backward Forward.
Import ListNotations.
Local Open Scope Q_scope.

Inductive tree : Type :=
| Leaf (multipliers slopes : list Z)     (* slopes k/255 of all or of the undecided ReLUs, or none *)
       (weights : list Z)                (* hints: one per sign split above, the topmost first, or none *)
| Split (coordinate : nat) (point : Q) (below above : tree)
| SignSplit (layer neuron : nat) (below above : tree).    (* z <= 0, z >= 0 *)

Definition ranges : Type := list (Q * Q).

(* ---- boxes ---- *)

Definition cut_below (point : Q) (r : Q * Q) : Q * Q :=
  (fst r, if Qle_bool point (snd r) then point else snd r).
Definition cut_above (point : Q) (r : Q * Q) : Q * Q :=
  (if Qle_bool (fst r) point then point else fst r, snd r).

Lemma update_in_box i f : forall box x, in_box box x ->
  (forall q r, nth_error x i = Some q -> fst r <= q <= snd r -> fst (f r) <= q <= snd (f r)) ->
  in_box (update i f box) x.
Proof.
  induction i as [|i IH]; intros box x H Hf; destruct H as [|r q box x Hr Hbox]; cbn [update];
    try constructor; auto.
  apply IH; auto.
Qed.
Lemma split_box i point box x : in_box box x ->
  in_box (update i (cut_below point) box) x \/ in_box (update i (cut_above point) box) x.
Proof.
  intro H. destruct (nth_error x i) as [q|] eqn:E.
  - destruct (Qlt_le_dec q point) as [Hq|Hq]; [left|right]; apply update_in_box; auto;
      intros q' r E' [Hl Hu]; rewrite E' in E; injection E as ->;
      unfold cut_below, cut_above; cbn [fst snd]; (split; [try exact Hl | try exact Hu]);
      destruct (Qle_bool _ _); lra.
  - left. apply update_in_box; auto. intros q r E'. rewrite E' in E. discriminate.
Qed.

(* A box as intervals, rounded outward to about [keep] bits of its largest end. *)
Definition log2_of (q : Q) : Z :=
  if (Qnum q =? 0)%Z then smallest_top else (Z.log2 (Z.abs (Qnum q)) - Z.log2 (Zpos (Qden q)) + 1)%Z.
Definition box_exp (keep : Z) (box : ranges) : Z :=
  Z.min 0 (fold_left (fun a r => Z.max a (Z.max (log2_of (fst r)) (log2_of (snd r)))) box smallest_top - keep).
Definition floor_q (e : Z) (q : Q) : Z := (Z.shiftl (Qnum q) (- e) / Zpos (Qden q))%Z.
Definition ceil_q (e : Z) (q : Q) : Z := (- floor_q e (- q))%Z.
Definition box_intervals (keep : Z) (box : ranges) : intervals :=
  let e := box_exp keep box in (e, map (fun r => (floor_q e (fst r), ceil_q e (snd r))) box).

Lemma floor_q_le e q : (e <= 0)%Z -> at_exp e (floor_q e q) <= q.
Proof.
  intro He. unfold floor_q. rewrite Z.shiftl_mul_pow2 by lia. destruct q as [n d]. cbn [Qnum Qden].
  pose proof (Z.mul_div_le (n * 2 ^ (- e)) (Zpos d) eq_refl) as H.
  set (z := (n * 2 ^ (- e) / Zpos d)%Z) in *. apply inject_le in H. rewrite !inject_mult in H.
  rewrite <- (pow2_of_nonneg (- e)) in H by lia.
  assert (pow2 e * pow2 (- e) == 1) as P by (rewrite <- pow2_plus; replace (e + - e)%Z with 0%Z by lia; reflexivity).
  rewrite (Qmake_Qdiv n d). apply Qle_shift_div_l; [reflexivity|].
  assert (inject_Z (Zpos d) * inject_Z z * pow2 e <= inject_Z n * pow2 (- e) * pow2 e) as G
    by (apply Qmult_le_compat_r; [exact H | apply Qlt_le_weak, pow2_pos]).
  setoid_replace (inject_Z n * pow2 (- e) * pow2 e) with (inject_Z n * (pow2 e * pow2 (- e))) in G by ring.
  rewrite P in G. unfold at_exp. lra.
Qed.
Lemma ceil_q_ge e q : (e <= 0)%Z -> q <= at_exp e (ceil_q e q).
Proof.
  intro He. unfold ceil_q. rewrite at_exp_opp. pose proof (floor_q_le e (- q) He). lra.
Qed.
Lemma box_intervals_spec keep box x : in_box box x -> all_inside (box_intervals keep box) x.
Proof.
  unfold all_inside, box_intervals. cbn [fst snd].
  assert (box_exp keep box <= 0)%Z as He by (unfold box_exp; lia). revert He.
  generalize (box_exp keep box). intros e He H.
  induction H as [|r q box x [Hl Hu] Hbox IH]; cbn [map]; constructor; auto.
  split; cbn [fst snd].
  - apply Qle_trans with (2 := Hl). now apply floor_q_le.
  - apply Qle_trans with (1 := Hu). now apply ceil_q_ge.
Qed.

(* ---- the weighted sum of the constraints ---- *)

(* (form, bound, strict): form.y <= bound, or < if strict, follows from the constraints *)
Fixpoint weigh (cs : list constraint) (ks : list Z) {struct cs} : list Z * Z * bool :=
  match cs, ks with
  | c :: cs', k :: ks' =>
      let '(form, b, s) := weigh cs' ks' in
      (add_row k [(0%N, coefficients c)] form, (b + k * bound c)%Z, (s || (strict c && (0 <? k)%Z))%bool)
  | _, _ => ([], 0%Z, false)
  end.
Definition follows (y : list Q) (form : list Z) (b : Z) (is_strict : bool) : Prop :=
  dot form y <= inject_Z b /\ (is_strict = true -> dot form y < inject_Z b).

Lemma holds_numerators y c : holds y c ->
  dot (coefficients c) y <= inject_Z (bound c) /\
  (strict c = true -> dot (coefficients c) y < inject_Z (bound c)).
Proof.
  unfold holds, dot. generalize (piece_total product (coefficients c) y). intro v.
  pose proof (Qmake_Qdiv (bound c) (denominator c)) as R.
  set (d := inject_Z (Zpos (denominator c))) in *.
  assert (0 < d) as Hd by reflexivity.
  assert (forall z, z / d * d == z) as M by (intro; field; lra).
  pose proof (M v) as Mv. pose proof (M (inject_Z (bound c))) as Mb.
  destruct (strict c); intro H; rewrite R in H.
  - assert (v / d * d < inject_Z (bound c) / d * d) as G by now apply Qmult_lt_compat_r.
    split; [|intros _]; lra.
  - assert (v / d * d <= inject_Z (bound c) / d * d) as G by (apply Qmult_le_compat_r; lra).
    split; [lra | discriminate].
Qed.

Lemma weigh_spec y : forall cs ks, forallb (Z.leb 0) ks = true -> unsafe cs y ->
  let '(form, b, s) := weigh cs ks in follows y form b s.
Proof.
  induction cs as [|c cs IH]; intros ks Hk Hu; cbn [weigh]; [split; [apply Qle_refl | discriminate]|].
  destruct ks as [|k ks]; [split; [apply Qle_refl | discriminate]|].
  cbn [forallb] in Hk. apply andb_prop in Hk as [Hk Hks]. apply Z.leb_le in Hk.
  inversion Hu as [|c' cs' Hc Hcs]; subst. specialize (IH ks Hks Hcs).
  destruct (weigh cs ks) as [[form b] s]. destruct IH as [Hle Hlt].
  destruct (holds_numerators y c Hc) as [Cle Clt].
  unfold follows. rewrite dot_add_row, inject_plus, inject_mult.
  cbn [row_total N.to_nat skipn]. fold (dot (coefficients c) y).
  apply inject_nonneg in Hk. split; [nra|].
  intro E. apply orb_prop in E as [E|E].
  - specialize (Hlt E). nra.
  - apply andb_prop in E as [E K]. specialize (Clt E). apply Z.ltb_lt, inject_lt in K.
    change (inject_Z 0) with 0 in K. nra.
Qed.

(* ---- leaves ---- *)

(* Hands the hints of a leaf to the neurons of the active layers, first layer first: to every neuron if
   there are as many hints, otherwise to the undecided ones. A layer comes as which of its neurons are
   undecided (none of them if it is not active). *)
Section Deal.
  Context {A : Type}.
  Variable none : A.
  Fixpoint deal_layer (every : bool) (undecided : list bool) (hints : list A) {struct undecided}
    : list A * list A :=
    match undecided with
    | [] => ([], hints)
    | u :: undecided' =>
        if (every || u)%bool then
          let (mine, rest) := deal_layer every undecided' (tl hints) in (hd none hints :: mine, rest)
        else let (mine, rest) := deal_layer every undecided' hints in (none :: mine, rest)
    end.
  Fixpoint deal (every : bool) (first_to_last : list (list bool)) (hints : list A) (dealt : list (list A))
    {struct first_to_last} : list (list A) :=
    match first_to_last with
    | [] => dealt
    | undecided :: rest =>
        let (mine, hints') := deal_layer every undecided hints in deal every rest hints' (mine :: dealt)
    end.
  (* Layers and what they are dealt: the last one first. *)
  Definition slopes_for (layers : list (list bool)) (slopes : list A) : list (list A) :=
    match slopes with
    | [] => map (fun _ => []) layers
    | _ =>
        let every := Nat.eqb (length slopes) (list_sum (map (@length bool) layers)) in
        deal every (rev layers) slopes []
    end.
End Deal.
Definition undecided_in (E : entry) : list bool :=
  if active E then map (fun b => (fst b <? 0) && (0 <? snd b))%Z (snd (bounds E)) else [].

(* A sign split on the way to a leaf: its layer and neuron, and whether z <= 0. *)
Definition sign : Type := nat * nat * bool.
(* What the sign splits add to the coefficients of layer number k. *)
Fixpoint additions_of (k : nat) (signs : list sign) (ws : list Z) {struct signs} : list (nat * Z) :=
  match signs, ws with
  | (layer, neuron, negative) :: signs', w :: ws' =>
      let rest := additions_of k signs' ws' in
      if Nat.eqb layer k then (neuron, if negative : bool then w else (- w)%Z) :: rest else rest
  | _, _ => []
  end.
Fixpoint join_hints {A} (k : nat) (slopes : list (list A)) (signs : list sign) (ws : list Z) {struct k}
  : list (hint A) :=
  match k with
  | O => []
  | S k' => Hint (hd [] slopes) (additions_of k' signs ws) :: join_hints k' (tl slopes) signs ws
  end.
Definition hints_for (ctx : passed) (slopes : list Z) (signs : list sign) (ws : list Z) : list (hint Z) :=
  join_hints (length ctx) (slopes_for no_hint (map undecided_in ctx) slopes) signs ws.

(* Some interval is empty: no input of the box gets here. *)
Definition contradictory (ctx : passed) : bool :=
  existsb (fun E => existsb (fun b => (snd b <? fst b)%Z) (snd (bounds E))) ctx.

(* The layers after the last ReLU, and intervals of what they are given. *)
Fixpoint after_relu (ctx : passed) (B : intervals) {struct ctx} : passed * intervals :=
  match ctx with
  | [] => ([], B)
  | E :: ctx' =>
      if active E then ([], pass_on true (bounds E))
      else let (last, here) := after_relu ctx' B in (E :: last, here)
  end.
(* The weighted sum of the constraints cannot hold for what the passed layers give: by intervals after
   the last ReLU, or else by going back to the inputs. *)
Definition conclusive (bits : precision) (cs : list constraint) (ctx : passed) (B : intervals)
  (ks : list Z) (hints : list (hint Z)) : bool :=
  let '(form, b, s) := weigh cs ks in
  let refuted from :=
    let least := lower (coefficient_bits bits) (fst from) (snd from) hints 0 form in
    if s : bool then leb (b, 0%Z) least else negb (leb least (b, 0%Z)) in
  if refuted (after_relu ctx B) then true else refuted (ctx, B).

Lemma contradictory_spec box : forall ctx h, reaches ctx box h -> contradictory ctx = false.
Proof.
  induction ctx as [|E ctx IH]; intros h H; [reflexivity|].
  destruct H as (h' & p & Hr & [_ HB] & _). cbn [contradictory existsb]. apply orb_false_intro.
  - unfold all_inside in HB. induction HB as [|b q bs p [Hl Hu] Hbs IHB]; [reflexivity|].
    cbn [existsb]. apply orb_false_intro; [|exact IHB]. apply Z.ltb_ge.
    apply Z.le_ngt. intro Hlt. apply inject_lt in Hlt. unfold at_exp in *.
    pose proof (pow2_pos (fst (bounds E))). nra.
  - exact (IH h' Hr).
Qed.
Lemma dot_eq form : forall y z, Forall2 Qeq y z -> dot form y == dot form z.
Proof.
  unfold dot. induction form as [|a form IH]; intros y z H; destruct H; cbn [piece_total]; try reflexivity.
  rewrite (IH _ _ H0). unfold product. rewrite H. reflexivity.
Qed.

Lemma after_relu_spec B : forall ctx h, reaches ctx B h ->
  reaches (fst (after_relu ctx B)) (snd (after_relu ctx B)) h.
Proof.
  induction ctx as [|E ctx IH]; intros h H; [exact H|]. cbn [reaches after_relu] in *.
  destruct H as (h' & p & Hr & HE & ->). specialize (IH _ Hr). destruct (active E) eqn:A.
  - apply (pass_on_spec true), HE.
  - destruct (after_relu ctx B) as [last here]. cbn [fst snd reaches] in *. rewrite A. eauto.
Qed.

Lemma conclusive_spec bits cs ctx B ks hints h y :
  forallb (Z.leb 0) ks = true -> conclusive bits cs ctx B ks hints = true ->
  reaches ctx B h -> Forall2 Qeq h y -> ~ unsafe cs y.
Proof.
  unfold conclusive. intros Hks H Hr0 Hy Hu.
  pose proof (weigh_spec y cs ks Hks Hu) as W. destruct (weigh cs ks) as [[form b] s].
  destruct W as [Wle Wlt]. cbv zeta in H.
  assert (exists from, reaches (fst from) (snd from) h /\
    (let least := lower (coefficient_bits bits) (fst from) (snd from) hints 0 form in
     if s : bool then leb (b, 0%Z) least else negb (leb least (b, 0%Z))) = true) as (from & Hr & G).
  { destruct (if s then leb _ (lower _ (fst (after_relu _ _)) _ _ _ _) else _) eqn:G.
    - exists (after_relu ctx B). split; [now apply after_relu_spec | exact G].
    - exists (ctx, B). now split. }
  clear H Hr0. rename G into H. cbv zeta in H.
  pose proof (lower_spec (coefficient_bits bits) (snd from) (fst from) h hints 0 form Hr) as Lo.
  change (pow2 0) with 1 in Lo. rewrite (dot_eq form h y Hy) in Lo.
  assert (meaning (b, 0%Z) == inject_Z b) as M
    by (unfold meaning, at_exp; cbn [fst snd]; change (pow2 0) with 1; ring).
  destruct s.
  - apply leb_true in H. specialize (Wlt eq_refl). lra.
  - apply Bool.negb_true_iff, leb_false in H. lra.
Qed.

(* ---- trees ---- *)

(* The bounds below a sign split. *)
Definition negative_part (b : Z * Z) : Z * Z := (fst b, Z.min 0 (snd b)).
Definition positive_part (b : Z * Z) : Z * Z := (Z.max 0 (fst b), snd b).
Definition restrict (layer neuron : nat) (part : Z * Z -> Z * Z) (known : list intervals) : list intervals :=
  update layer (fun K => (fst K, update neuron part (snd K))) known.

(* Decisions are written with [if], which computes only what it needs; andb would compute both sides. *)
Section Check.
  (* What a node computes from its box and the bounds it inherits: something for its leaves, and the bounds
     that it hands down. *)
  Variable state : Type.
  Variable visit : ranges -> list intervals -> option (state * list intervals).
  (* No input gets here. *)
  Variable empty : state -> bool.
  (* The leaf's numbers show that the constraints cannot hold. *)
  Variable refutes : state -> ranges -> list intervals -> list sign -> list Z -> list Z -> list Z -> bool.

  Fixpoint check (t : tree) (box : ranges) (known : list intervals) (signs : list sign) {struct t} : bool :=
    match visit box known with
    | None => false
    | Some (s, found) =>
        if empty s then true
        else match t with
             | Leaf ks slopes ws =>
                 if forallb (Z.leb 0) ks then refutes s box found (rev signs) ks slopes ws else false
             | Split i point below above =>
                 if check below (update i (cut_below point) box) found signs
                 then check above (update i (cut_above point) box) found signs
                 else false
             | SignSplit k j below above =>
                 if check below box (restrict k j negative_part found) ((k, j, true) :: signs)
                 then check above box (restrict k j positive_part found) ((k, j, false) :: signs)
                 else false
             end
    end.

  (* The part of a tree that a path leads to (true: above). Parts are checked one by one, in files of their
     own, and [joined] puts them together. *)
  Fixpoint check_part (path : list bool) (t : tree) (box : ranges) (known : list intervals)
    (signs : list sign) {struct path} : bool :=
    match path with
    | [] => check t box known signs
    | up :: path' =>
        match visit box known with
        | None => false
        | Some (s, found) =>
            if empty s then true
            else match t with
                 | Leaf _ _ _ => false
                 | Split i point below above =>
                     if up : bool then check_part path' above (update i (cut_above point) box) found signs
                     else check_part path' below (update i (cut_below point) box) found signs
                 | SignSplit k j below above =>
                     if up then
                       check_part path' above box (restrict k j positive_part found) ((k, j, false) :: signs)
                     else
                       check_part path' below box (restrict k j negative_part found) ((k, j, true) :: signs)
                 end
        end
    end.
  Lemma joined : forall path t box known signs,
    check_part (path ++ [false]) t box known signs = true ->
    check_part (path ++ [true]) t box known signs = true -> check_part path t box known signs = true.
  Proof.
    induction path as [|up path IH]; intros t box known signs; cbn [app check_part].
    - destruct t; cbn [check]; destruct (visit box known) as [[s found]|]; auto; destruct (empty s); auto;
        [discriminate| |]; intros -> H; exact H.
    - destruct (visit box known) as [[s found]|]; auto. destruct (empty s); auto.
      destruct t; auto; destruct up; apply IH.
  Qed.
End Check.

(* Every node finds bounds quickly and hands them down; a leaf that fails with them is tried again
   carefully, starting from these bounds. *)
Definition quick : precision := Precision 22 18 48.
Definition careful : precision := Precision 60 56 96.

Definition refuted_carefully (careful_plans : list plan) (cs : list constraint) (box : ranges)
  (known : list intervals) (signs : list sign) (ks slopes ws : list Z) : bool :=
  let B := box_intervals (interval_bits careful) box in
  match forward careful careful_plans [] B B known with
  | None => false
  | Some (ctx, _) =>
      if contradictory ctx then true else conclusive careful cs ctx B ks (hints_for ctx slopes signs ws)
  end.
Definition visit_quickly (plans : list plan) (box : ranges) (known : list intervals)
  : option (passed * list intervals) :=
  let B := box_intervals (interval_bits quick) box in forward quick plans [] B B known.
Definition refutes_leaf (careful_plans : list plan) (cs : list constraint) (ctx : passed) (box : ranges)
  (found : list intervals) (signs : list sign) (ks slopes ws : list Z) : bool :=
  let B := box_intervals (interval_bits quick) box in
  if conclusive quick cs ctx B ks (hints_for ctx slopes signs ws) then true
  else refuted_carefully careful_plans cs box found signs ks slopes ws.

(* The part of the tree at the path: the whole tree, if the path is empty. *)
Definition certified_part (path : list bool) (net : network) (box : ranges) (cs : list constraint) (t : tree)
  : bool :=
  check_part _ (visit_quickly (map (make_plan quick) net)) contradictory
    (refutes_leaf (map (make_plan careful) net) cs) path t box [] [].
Definition certified : network -> ranges -> list constraint -> tree -> bool := certified_part [].
Lemma certified_joined path net box cs t :
  certified_part (path ++ [false]) net box cs t = true -> certified_part (path ++ [true]) net box cs t = true ->
  certified_part path net box cs t = true.
Proof. apply joined. Qed.

(* The value that a sign split speaks of. *)
Definition value_at (ps : list (list Q)) (k j : nat) : Q := nth j (nth k ps []) 0.
Lemma restricted_at k j part (good : Q -> Prop) :
  (forall e b q, good q -> inside e b q -> inside e (part b) q) -> forall known ps,
  good (value_at ps k j) -> all_known_ok known ps -> all_known_ok (restrict k j part known) ps.
Proof.
  intro Hpart. unfold restrict, value_at. induction k as [|k IH]; intros [|K known] [|p ps] G H;
    cbn [update all_known_ok nth] in *; auto; destruct H as [HK H]; split; auto.
  unfold all_inside in *. cbn [fst snd]. revert HK G. generalize (snd K) as B, p. clear - Hpart.
  induction j as [|j IH]; intros B p H G; destruct H; cbn [update nth] in *; constructor; auto.
Qed.
Lemma negative_part_ok e b q : q <= 0 -> inside e b q -> inside e (negative_part b) q.
Proof.
  intros Hq [Hl Hu]. split; cbn [negative_part fst snd]; [exact Hl|].
  destruct (Z.min_spec 0 (snd b)) as [[_ ->]|[_ ->]]; [rewrite at_exp_zero|]; assumption.
Qed.
Lemma positive_part_ok e b q : 0 <= q -> inside e b q -> inside e (positive_part b) q.
Proof.
  intros Hq [Hl Hu]. split; cbn [positive_part fst snd]; [|exact Hu].
  destruct (Z.max_spec 0 (fst b)) as [[_ ->]|[_ ->]]; [|rewrite at_exp_zero]; assumption.
Qed.

Section Soundness.
  Variable x : list Q.
  Variable ps : list (list Q).
  Variable y : list Q.
  Variable cs : list constraint.

  Lemma refuted_carefully_spec net box known signs ks slopes ws : trace net x ps y ->
    refuted_carefully (map (make_plan careful) net) cs box known signs ks slopes ws = true ->
    forallb (Z.leb 0) ks = true -> in_box box x -> all_known_ok known ps -> ~ unsafe cs y.
  Proof.
    unfold refuted_carefully. intros Ht H Hks Hx Hk.
    apply (box_intervals_spec (interval_bits careful)) in Hx.
    set (B := box_intervals (interval_bits careful) box) in *.
    destruct (forward _ _ _ _ _ _) as [[ctx found]|] eqn:Hf; [|discriminate].
    destruct (forward_spec careful B net [] B known ctx found x ps y Hf Hx Hx Hk Ht) as [_ (h & Hr & Hy)].
    rewrite (contradictory_spec B ctx h Hr) in H. now apply (conclusive_spec careful cs ctx B ks _ h _ Hks H).
  Qed.

  Variable state : Type.
  Variable visit : ranges -> list intervals -> option (state * list intervals).
  Variable empty : state -> bool.
  Variable refutes : state -> ranges -> list intervals -> list sign -> list Z -> list Z -> list Z -> bool.
  Hypothesis visit_spec : forall box known s found, visit box known = Some (s, found) -> in_box box x ->
    all_known_ok known ps -> empty s = false /\ all_known_ok found ps.
  Hypothesis refutes_spec : forall box known s found signs ks slopes ws,
    visit box known = Some (s, found) -> in_box box x -> all_known_ok known ps ->
    forallb (Z.leb 0) ks = true -> refutes s box found signs ks slopes ws = true -> ~ unsafe cs y.

  Lemma check_spec : forall t box known signs, check state visit empty refutes t box known signs = true ->
    in_box box x -> all_known_ok known ps -> ~ unsafe cs y.
  Proof.
    induction t as [ks slopes ws|i point below IHb above IHa|k j below IHb above IHa];
      intros box known signs H Hx Hk; cbn [check] in H;
      destruct (visit box known) as [[s found]|] eqn:Hv; try discriminate;
      destruct (visit_spec _ _ _ _ Hv Hx Hk) as [He Hfound]; rewrite He in H.
    - destruct (forallb (Z.leb 0) ks) eqn:Hks; [|discriminate].
      now apply (refutes_spec _ _ _ _ _ _ _ _ Hv Hx Hk Hks H).
    - destruct (check _ _ _ _ below _ _ _) eqn:H1; [|discriminate].
      destruct (split_box i point box x Hx) as [G|G].
      + exact (IHb _ _ _ H1 G Hfound).
      + exact (IHa _ _ _ H G Hfound).
    - destruct (check _ _ _ _ below _ _ _) eqn:H1; [|discriminate].
      destruct (Qlt_le_dec 0 (value_at ps k j)) as [G|G].
      + apply (IHa _ _ _ H Hx). apply restricted_at with (fun q => 0 <= q); auto using positive_part_ok.
        now apply Qlt_le_weak.
      + apply (IHb _ _ _ H1 Hx). apply restricted_at with (fun q => q <= 0); auto using negative_part_ok.
  Qed.
End Soundness.

Theorem certified_safe net box cs t : certified net box cs t = true -> safe net box cs.
Proof.
  intros H x y Hx [ps Ht].
  assert (forall box known s found, visit_quickly (map (make_plan quick) net) box known = Some (s, found) ->
    in_box box x -> all_known_ok known ps -> all_known_ok found ps /\
    exists h, reaches s (box_intervals (interval_bits quick) box) h /\ Forall2 Qeq h y) as visited.
  { intros b known s found Hv Hb Hk. apply (box_intervals_spec (interval_bits quick)) in Hb.
    exact (forward_spec quick _ net [] _ known s found x ps y Hv Hb Hb Hk Ht). }
  refine (check_spec x ps y cs _ _ contradictory _ _ _ t box [] [] H Hx I).
  - intros b known s found Hv Hb Hk. destruct (visited _ _ _ _ Hv Hb Hk) as [Hf (h & Hr & _)].
    split; [exact (contradictory_spec _ _ _ Hr) | exact Hf].
  - intros b known s found signs ks slopes ws Hv Hb Hk Hks Hr. unfold refutes_leaf in Hr.
    destruct (visited _ _ _ _ Hv Hb Hk) as [Hf (h & Hreach & Hy)].
    destruct (conclusive quick cs s _ ks _) eqn:Hc.
    + exact (conclusive_spec quick cs s _ ks _ h y Hks Hc Hreach Hy).
    + exact (refuted_carefully_spec x ps y cs net b found signs ks slopes ws Ht Hr Hks Hb Hf).
Qed.
