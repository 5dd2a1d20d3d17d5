(* What a certificate says about sizes: wherever the error bound of Network.v needs that nothing
   overflows, it does not. The theorems about executions on floats start from here. *)
From Coq Require Import ZArith QArith Qabs Qminmax List Lia Lqa.
From Isotrace.Core Require Import Dyadic Network Rows Relaxation Backward Forward Tree.
Import ListNotations.
Local Open Scope Q_scope.

(* The conditions of [computes]. *)
Definition row_in_range (L : layer) (h : list Q) (rb : row * Z) : Prop :=
  match roundings L with
  | N0 => True
  | Npos k => (Zpos k <= 2 ^ 23)%Z /\ magnitude L rb h < pow2 126
  end.
(* They hold in every layer, whatever the layers before it return. *)
Fixpoint in_range_from (net : network) (h : list Q) {struct net} : Prop :=
  match net with
  | [] => True
  | L :: net' =>
      Forall (row_in_range L h) (rows L) /\
      forall p, Forall2 (row_computes L h) (rows L) p -> in_range_from net' (activate (relu_after L) p)
  end.

Lemma guarded_in_range bits L here h : all_inside here h ->
  forallb (row_guard (make_plan bits L) here) (plan_rows (make_plan bits L)) = true ->
  Forall (row_in_range L h) (rows L).
Proof.
  intros Hin Hg. set (P := make_plan bits L) in *.
  assert (plan_rows P = map (fun rb => (coarse_row (cut P) (fst rb), snd rb)) (rows L)) as E by reflexivity.
  rewrite E in Hg. clear E. induction (rows L) as [|rb rbs IH]; constructor.
  - cbn [map forallb] in Hg. apply andb_prop in Hg as [Hg _].
    pose proof (size_bound bits L here h Hin rb) as S. cbv zeta in S. fold P in S.
    unfold row_guard in Hg. change (plan_roundings P) with (roundings L) in Hg.
    unfold row_in_range, in_range in *. destruct (roundings L) as [|k]; [exact I|].
    apply andb_prop in Hg as [Hk Hr]. apply Z.leb_le in Hk. apply Z.ltb_lt in Hr.
    split; [exact Hk | exact (below_limit _ _ _ S Hr)].
  - apply IH. cbn [map forallb] in Hg. apply andb_prop in Hg. tauto.
Qed.

Lemma forward_in_range bits box : forall net ctx here known found h,
  forward bits (map (make_plan bits) net) ctx box here known = Some found -> known = [] ->
  reaches ctx box h -> all_inside here h -> in_range_from net h.
Proof.
  induction net as [|L net IH]; intros ctx here known found h Hf -> Hr Hin; [exact I|].
  cbn [map forward hd_error tl] in Hf.
  destruct (step bits _ ctx box here None) as [E|] eqn:HE; [|discriminate].
  destruct (forward bits _ (E :: ctx) box _ []) as [rest|] eqn:Hf2; [|discriminate].
  cbn [in_range_from]. split.
  - apply (guarded_in_range bits L here h Hin). unfold step in HE.
    destruct (forallb _ _); [reflexivity | discriminate].
  - intros p Hp. destruct (step_spec _ _ _ _ _ _ _ _ _ HE Hr Hin Hp I) as [HE1 HE2].
    apply (IH _ _ _ _ (activate (relu_after L) p) Hf2); auto.
    + cbn [reaches]. rewrite <- HE2. eauto.
    + rewrite <- HE2. apply pass_on_spec. apply HE1.
Qed.

Lemma visited_in_range net box s : visit_quickly (map (make_plan quick) net) box [] = Some s ->
  forall x, in_box box x -> in_range_from net x.
Proof.
  unfold visit_quickly. intros H x Hx. apply (box_intervals_spec (interval_bits quick)) in Hx.
  exact (forward_in_range _ _ _ _ _ _ _ _ H eq_refl Hx Hx).
Qed.
Theorem certified_in_range net box cs t : certified net box cs t = true ->
  forall x, in_box box x -> in_range_from net x.
Proof.
  unfold certified, certified_part. cbn [check_part]. intro H.
  destruct (visit_quickly (map (make_plan quick) net) box []) as [s|] eqn:V.
  - exact (visited_in_range net box s V).
  - destruct t; cbn [check] in H; rewrite V in H; discriminate.
Qed.
