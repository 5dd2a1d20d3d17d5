(* The one rule behind every bound. For l <= h <= u and ANY coefficients m and n,

       m * relu(h) >= n * h + support,

   where [support] is the least value of m * relu(h) - n * h at the breakpoints l, u and 0. It covers
   stable neurons, the triangle relaxation, every lower slope, and the rounding of coefficients; so n may
   come from a hint or a heuristic, and nothing has to be proved about where it came from. *)
From Coq Require Import ZArith QArith Qabs Qminmax List Lia Lqa.
From Isotrace.Core Require Import Dyadic Network Rows.
Import ListNotations.
Local Open Scope Q_scope.

Definition relu_support (l u m n : Z) : Z :=
  (if 0 <=? l then Z.min ((m - n) * l) ((m - n) * u)
   else if u <=? 0 then Z.min (- n * l) (- n * u)
   else Z.min 0 (Z.min (- n * l) ((m - n) * u)))%Z.
Definition linear_support (l u m n : Z) : Z := Z.min ((m - n) * l) ((m - n) * u).
Definition support (relu_follows : bool) (l u m n : Z) : Z :=
  if relu_follows then relu_support l u m n else linear_support l u m n.

Lemma relu_nonneg q : 0 <= q -> relu q == q.
Proof. apply Q.max_r. Qed.
Lemma relu_nonpos q : q <= 0 -> relu q == 0.
Proof. apply Q.max_l. Qed.
Lemma relu_mono a b : a <= b -> relu a <= relu b.
Proof.
  intro H. unfold relu. apply Q.max_le_compat_l. exact H.
Qed.
Lemma at_exp_min e a b : at_exp e (Z.min a b) <= at_exp e a /\ at_exp e (Z.min a b) <= at_exp e b.
Proof. split; apply at_exp_le; lia. Qed.

(* A linear function is at least the smaller of its values at the ends. *)
Lemma line_above (c l u h bottom : Q) :
  l <= h -> h <= u -> bottom <= c * l -> bottom <= c * u -> bottom <= c * h.
Proof. intros. destruct (Qlt_le_dec c 0); nra. Qed.

Lemma linear_support_spec e l u m n h : inside e (l, u) h ->
  inject_Z n * h + at_exp e (linear_support l u m n) <= inject_Z m * h.
Proof.
  intros [Hl Hu]. cbn [fst snd] in *. unfold linear_support.
  destruct (at_exp_min e ((m - n) * l) ((m - n) * u)) as [A B]. revert A B.
  generalize (at_exp e (Z.min ((m - n) * l) ((m - n) * u))). intros bottom A B.
  rewrite at_exp_product, inject_minus in A, B.
  pose proof (line_above _ _ _ _ _ Hl Hu A B). lra.
Qed.
Lemma relu_support_spec e l u m n h : inside e (l, u) h ->
  inject_Z n * h + at_exp e (relu_support l u m n) <= inject_Z m * relu h.
Proof.
  intro H. unfold relu_support. destruct (0 <=? l)%Z eqn:El; [|destruct (u <=? 0)%Z eqn:Eu].
  - apply Z.leb_le, (at_exp_nonneg e) in El. rewrite relu_nonneg by (destruct H; cbn [fst] in *; lra).
    now apply linear_support_spec.
  - apply Z.leb_le, (at_exp_le e) in Eu. rewrite at_exp_zero in Eu.
    rewrite relu_nonpos by (destruct H; cbn [snd] in *; lra).
    pose proof (linear_support_spec e l u 0 n h H) as G. unfold linear_support in G.
    replace (0 - n)%Z with (- n)%Z in G by lia. change (inject_Z 0) with 0 in G. lra.
  - destruct H as [Hl Hu]. cbn [fst snd] in *.
    destruct (at_exp_min e 0 (Z.min (- n * l) ((m - n) * u))) as [A B].
    destruct (at_exp_min e (- n * l) ((m - n) * u)) as [C D]. revert A B C D.
    generalize (at_exp e (Z.min 0 (Z.min (- n * l) ((m - n) * u)))).
    generalize (at_exp e (Z.min (- n * l) ((m - n) * u))). intros inner bottom A B C D.
    rewrite at_exp_zero in A. rewrite at_exp_product in C, D. rewrite inject_opp in C.
    rewrite inject_minus in D.
    destruct (Qlt_le_dec h 0).
    + rewrite relu_nonpos by lra.
      assert (bottom <= - inject_Z n * h) by (apply (line_above _ (at_exp e l) 0); lra). lra.
    + rewrite relu_nonneg by lra.
      assert (bottom <= (inject_Z m - inject_Z n) * h) by (apply (line_above _ 0 (at_exp e u)); lra).
      lra.
Qed.

(* The rule for a whole layer. Coefficients n are kept short: they stand for n * 2^cut. *)
Definition first_or_zero (v : list Z) : Z := match v with [] => 0%Z | a :: _ => a end.
Fixpoint total_support (relu_follows : bool) (cut : Z) (B : list (Z * Z)) (ms ns : list Z) {struct B} : Z :=
  match B with
  | [] => 0%Z
  | b :: B' =>
      (support relu_follows (fst b) (snd b) (first_or_zero ms) (Z.shiftl (first_or_zero ns) cut)
       + total_support relu_follows cut B' (tl ms) (tl ns))%Z
  end.

Lemma dot_uncons form q h : dot form (q :: h) == inject_Z (first_or_zero form) * q + dot (tl form) h.
Proof. destruct form; [|reflexivity]. cbn. destruct h; ring. Qed.

Lemma total_support_spec relu_follows cut e B p : (0 <= cut)%Z -> Forall2 (inside e) B p ->
  forall ms ns, pow2 cut * dot ns p + at_exp e (total_support relu_follows cut B ms ns)
                <= dot ms (activate relu_follows p).
Proof.
  intro Hc. induction 1 as [|[l u] q B p Hq HB IH]; intros ms ns.
  - cbn [total_support]. rewrite at_exp_zero.
    assert (activate relu_follows [] = []) as -> by now destruct relu_follows.
    rewrite !dot_nil_right. lra.
  - assert (exists q', activate relu_follows (q :: p) = q' :: activate relu_follows p /\
      forall m n, inject_Z n * q + at_exp e (support relu_follows l u m n) <= inject_Z m * q')
      as (q' & -> & rule).
    { destruct relu_follows; eexists; (split; [reflexivity|]); intros m n;
        [now apply relu_support_spec | now apply linear_support_spec]. }
    rewrite !dot_uncons. cbn [total_support fst snd]. rewrite at_exp_plus.
    specialize (rule (first_or_zero ms) (Z.shiftl (first_or_zero ns) cut)).
    specialize (IH (tl ms) (tl ns)).
    rewrite Z.shiftl_mul_pow2, inject_mult, <- (pow2_of_nonneg cut Hc) in rule by exact Hc.
    rewrite Z.shiftl_mul_pow2 in * by exact Hc. lra.
Qed.
