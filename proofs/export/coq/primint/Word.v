(* Machine integers: Coq's primitive 63-bit integers, read with sign, as exact stand-ins for integers.

   [fits a x z]: the word x has the value z, and z is at most a in absolute value. Sums and products of
   words that fit, and whose results stay below 2^62, are exact. All numbers of this folder are [short]
   (25 bits) or accumulate products of short numbers, so nothing wraps around: that is proved, not tested,
   from the tests that numbers are short and that there are not too many of them. *)
From Coq Require Import ZArith QArith List Lia Lqa Uint63 Sint63.
From Isotrace.Core Require Import Dyadic Network Rows.
Import ListNotations.
Local Open Scope Z_scope.

Notation value := Sint63.to_Z.
Definition fits (a : Z) (x : int) (z : Z) : Prop := value x = z /\ - a <= z <= a.

(* A short number; a product of two; how many products may be added up; what sums must stay below. *)
Definition limit : Z := 33554432.
Definition product_limit : Z := 1125899906842624.
Definition many : Z := 2000.
Definition ceiling : Z := 4611686018427387904.

Lemma fits_weaken a b x z : fits a x z -> a <= b -> fits b x z.
Proof. unfold fits. lia. Qed.
Lemma no_wrap z : - ceiling < z < ceiling -> value min_int <= z <= value max_int.
Proof. rewrite to_Z_min, to_Z_max. change (wB / 2) with ceiling. lia. Qed.
Lemma fits_add a b x y p q : fits a x p -> fits b y q -> a + b < ceiling -> fits (a + b) (x + y)%sint63 (p + q).
Proof.
  intros [Hx Bx] [Hy By] H. split; [|lia]. rewrite to_Z_add; rewrite Hx, Hy; [reflexivity|].
  apply no_wrap. lia.
Qed.
Lemma fits_sub a b x y p q : fits a x p -> fits b y q -> a + b < ceiling -> fits (a + b) (x - y)%sint63 (p - q).
Proof.
  intros [Hx Bx] [Hy By] H. split; [|lia]. rewrite to_Z_sub; rewrite Hx, Hy; [reflexivity|].
  apply no_wrap. lia.
Qed.
Lemma fits_mul a b x y p q : fits a x p -> fits b y q -> a * b < ceiling -> fits (a * b) (x * y)%sint63 (p * q).
Proof.
  intros [Hx Bx] [Hy By] H.
  assert (- (a * b) <= p * q <= a * b) as B by nia.
  split; [|exact B]. rewrite to_Z_mul; rewrite Hx, Hy; [reflexivity|]. apply no_wrap. lia.
Qed.
Lemma fits_opp a x p : fits a x p -> a < ceiling -> fits a (- x)%sint63 (- p).
Proof.
  intros [Hx Bx] H. split; [|lia]. rewrite to_Z_opp; [now rewrite Hx|]. intros ->.
  rewrite to_Z_min in Hx. change (wB / 2) with ceiling in Hx. lia.
Qed.
Lemma fits_zero a : 0 <= a -> fits a 0%sint63 0.
Proof. intro H. split; [reflexivity | lia]. Qed.

Lemma fits_values a v' v : Forall2 (fits a) v' v -> map value v' = v.
Proof. induction 1 as [|x z v' v [H _] Hv IH]; cbn [map]; congruence. Qed.

Lemma less_or_equal x y : (x <=? y)%sint63 = (value x <=? value y).
Proof. apply Bool.eq_true_iff_eq. rewrite Z.leb_le. apply Sint63.leb_spec. Qed.
Definition least (x y : int) : int := if (x <=? y)%sint63 then x else y.
Definition greatest (x y : int) : int := if (x <=? y)%sint63 then y else x.
Definition size_of (x : int) : int := if (0 <=? x)%sint63 then x else (- x)%sint63.
Lemma fits_least a x y p q : fits a x p -> fits a y q -> fits a (least x y) (Z.min p q).
Proof.
  intros [Hx Bx] [Hy By]. unfold least. rewrite less_or_equal, Hx, Hy.
  destruct (Z.leb_spec p q); split; lia.
Qed.
Lemma fits_greatest a x y p q : fits a x p -> fits a y q -> fits a (greatest x y) (Z.max p q).
Proof.
  intros [Hx Bx] [Hy By]. unfold greatest. rewrite less_or_equal, Hx, Hy.
  destruct (Z.leb_spec p q); split; lia.
Qed.
Lemma fits_size_of a x p : fits a x p -> a < ceiling -> fits a (size_of x) (Z.abs p).
Proof.
  intros H Ha. unfold size_of. rewrite less_or_equal. destruct (fits_opp a x p H Ha) as [Ho _].
  destruct H as [Hx Bx]. rewrite Hx. change (value 0) with 0.
  destruct (Z.leb_spec 0 p); split; lia.
Qed.

(* ---- short words ---- *)

Definition short (x : int) : bool := if (-33554432 <=? x)%sint63 then (x <=? 33554432)%sint63 else false.
Lemma short_fits x : short x = true -> fits limit x (value x).
Proof.
  unfold short. rewrite !less_or_equal. change (value (-33554432)%sint63) with (-33554432).
  change (value 33554432%sint63) with 33554432. unfold fits, limit.
  destruct (Z.leb_spec (-33554432) (value x)); [|discriminate]. intro H'. apply Z.leb_le in H'. lia.
Qed.
Lemma shorts_fit v : forallb short v = true -> Forall2 (fits limit) v (map value v).
Proof.
  induction v as [|x v IH]; cbn [forallb map]; [constructor|]. intro H.
  apply andb_prop in H as [Hx Hv]. constructor; [now apply short_fits | now apply IH].
Qed.

(* An integer as a word, if it is short. *)
Definition word : Z -> int := Uint63.of_Z.
Definition is_short (z : Z) : bool := if -33554432 <=? z then z <=? 33554432 else false.
Lemma word_fits z : is_short z = true -> fits limit (word z) z.
Proof.
  unfold is_short. intro H. assert (- limit <= z <= limit) as B.
  { unfold limit. destruct (Z.leb_spec (-33554432) z); [|discriminate]. apply Z.leb_le in H. lia. }
  split; [|exact B]. symmetry. apply is_int. apply no_wrap. unfold limit, ceiling in *. lia.
Qed.
Lemma words_fit v : forallb is_short v = true -> Forall2 (fits limit) (map word v) v.
Proof.
  induction v as [|x v IH]; cbn [forallb map]; [constructor|]. intro H.
  apply andb_prop in H as [Hx Hv]. constructor; [now apply word_fits | now apply IH].
Qed.

(* ---- words as integers ---- *)

(* The standard library's conversion takes a step for each of the 63 bits, and a slow one. *)
Fixpoint positive_of (n : nat) (x : int) {struct n} : positive :=
  match n with
  | O => xH
  | S n' =>
      if (x <=? 1)%uint63 then xH
      else let half := (x >> 1)%uint63 in
           if is_even x then xO (positive_of n' half) else xI (positive_of n' half)
  end.
Definition natural_of (x : int) : Z := if (x =? 0)%uint63 then 0 else Zpos (positive_of 63 x).
Definition integer (x : int) : Z :=
  if (x <? min_int)%uint63 then natural_of x else - natural_of (- x)%uint63.

Lemma positive_of_value n : forall x, 0 < Uint63.to_Z x < 2 ^ Z.of_nat n ->
  Zpos (positive_of n x) = Uint63.to_Z x.
Proof.
  induction n as [|n IH]; intros x H; [cbn in H; lia|]. cbn [positive_of].
  destruct (Uint63.lebP x 1) as [L|L]; change (Uint63.to_Z 1) with 1 in L; [lia|].
  assert (Uint63.to_Z (x >> 1)%uint63 = Uint63.to_Z x / 2) as E
    by (rewrite Uint63.lsr_spec; reflexivity).
  pose proof (Z.div_mod (Uint63.to_Z x) 2 ltac:(lia)) as D.
  rewrite Nat2Z.inj_succ, Z.pow_succ_r in H by lia.
  assert (0 < Uint63.to_Z (x >> 1)%uint63 < 2 ^ Z.of_nat n) as B
    by (rewrite E; pose proof (Z.mod_pos_bound (Uint63.to_Z x) 2 ltac:(lia)); lia).
  pose proof (is_even_spec x) as P. pose proof (IH _ B) as G. destruct (is_even x).
  - change (Zpos (positive_of n (x >> 1))~0) with (2 * Zpos (positive_of n (x >> 1)%uint63)). lia.
  - change (Zpos (positive_of n (x >> 1))~1) with (2 * Zpos (positive_of n (x >> 1)%uint63) + 1). lia.
Qed.
Lemma natural_of_value x : natural_of x = Uint63.to_Z x.
Proof.
  unfold natural_of. destruct (Sint63.eqbP x 0) as [E|N].
  - now rewrite (Sint63.to_Z_inj _ _ E).
  - apply positive_of_value. pose proof (Uint63.to_Z_bounded x) as B. split; [|apply B].
    destruct (Z.eq_dec (Uint63.to_Z x) 0) as [Z0|]; [|lia].
    elim N. f_equal. now apply Uint63.to_Z_inj.
Qed.
Lemma integer_value x : integer x = value x.
Proof. unfold integer, value. rewrite !natural_of_value. reflexivity. Qed.

(* ---- lower bounds as words times powers of two ---- *)

Definition word_dyadic : Type := int * Z.
Definition meant (d : word_dyadic) : Q := at_exp (snd d) (value (fst d)).
Definition trim_limit : Z := 288230376151711744.
Definition trimmed (d : word_dyadic) : word_dyadic :=
  if (if (-288230376151711744 <=? fst d)%sint63 then (fst d <=? 288230376151711744)%sint63 else false) then d
  else ((fst d >> 4)%sint63, snd d + 4).
(* What the smaller exponent carries is cut to the larger one, downward. *)
Definition plus_down (a b : word_dyadic) : option word_dyadic :=
  let (x, ex) := trimmed a in
  let (y, ey) := trimmed b in
  if ex <=? ey then
    if is_short (ey - ex) then Some ((x >> word (ey - ex)) + y, ey)%sint63 else None
  else if is_short (ex - ey) then Some (x + (y >> word (ex - ey)), ex)%sint63 else None.
Definition add_down (a : word_dyadic) (b : option word_dyadic) : option word_dyadic :=
  match b with None => None | Some b => plus_down a b end.

Lemma shifted_down x k e : 0 <= k -> is_short k = true ->
  (at_exp (e + k) (value (x >> word k)%sint63) <= at_exp e (value x))%Q /\
  (- trim_limit <= value x <= trim_limit ->
   - trim_limit <= value (x >> word k)%sint63 <= trim_limit).
Proof.
  intros Hk Hs. rewrite Sint63.asr_spec. destruct (word_fits k Hs) as [-> _]. split.
  - pose proof (floor_to_le (e + k) e (value x)) as F. unfold floor_to in F.
    replace (e - (e + k)) with (- k) in F by lia. rewrite Z.shiftl_opp_r, Z.shiftr_div_pow2 in F by lia.
    exact F.
  - intros [L U]. assert (1 <= 2 ^ k) as P by (pose proof (Z.pow_pos_nonneg 2 k); lia).
    split; [apply Z.div_le_lower_bound | apply Z.div_le_upper_bound]; unfold trim_limit in *; nia.
Qed.
Lemma trimmed_spec d : (meant (trimmed d) <= meant d)%Q /\ - trim_limit <= value (fst (trimmed d)) <= trim_limit.
Proof.
  unfold trimmed. rewrite !less_or_equal.
  change (value (-288230376151711744)%sint63) with (- trim_limit).
  change (value 288230376151711744%sint63) with trim_limit.
  destruct (Z.leb_spec (- trim_limit) (value (fst d))); [destruct (Z.leb_spec (value (fst d)) trim_limit)|];
    try (split; [apply Qle_refl | lia]);
    (split; [exact (proj1 (shifted_down (fst d) 4 (snd d) ltac:(lia) eq_refl))|]);
    cbn [fst]; rewrite Sint63.asr_spec; change (2 ^ value 4) with 16;
    pose proof (to_Z_bounded (fst d)) as B; rewrite to_Z_min, to_Z_max in B; change (wB / 2) with ceiling in B;
    unfold trim_limit, ceiling in *;
    (split; [apply Z.div_le_lower_bound | apply Z.div_le_upper_bound]; lia).
Qed.
Lemma plus_down_spec a b d : plus_down a b = Some d -> (meant d <= meant a + meant b)%Q.
Proof.
  unfold plus_down. destruct (trimmed_spec a) as [La Ba], (trimmed_spec b) as [Lb Bb].
  destruct (trimmed a) as [x ex], (trimmed b) as [y ey]. unfold meant in *. cbn [fst snd] in *.
  assert (forall p q, - trim_limit <= value p <= trim_limit -> - trim_limit <= value q <= trim_limit ->
          value (p + q)%sint63 = value p + value q) as exactly.
  { intros p q Hp Hq. apply (fits_add trim_limit trim_limit p q); [split; auto; lia | split; auto; lia | reflexivity]. }
  destruct (Z.leb_spec ex ey); destruct (is_short _) eqn:S; try discriminate; intro I; injection I as <-;
    cbn [fst snd].
  - destruct (shifted_down x (ey - ex) ex ltac:(lia) S) as [G1 G2]. replace (ex + (ey - ex)) with ey in G1 by lia.
    rewrite exactly, at_exp_plus by auto. lra.
  - destruct (shifted_down y (ex - ey) ey ltac:(lia) S) as [G1 G2]. replace (ey + (ex - ey)) with ex in G1 by lia.
    rewrite exactly, at_exp_plus by auto. lra.
Qed.
Lemma add_down_spec a b d : add_down a b = Some d -> exists r, b = Some r /\ (meant d <= meant a + meant r)%Q.
Proof. destruct b as [r|]; [|discriminate]. intro H. exists r. split; [reflexivity | now apply plus_down_spec]. Qed.

(* ---- rows ---- *)

Definition word_row : Type := list (nat * list int).
Definition row_fits : word_row -> row -> Prop :=
  Forall2 (fun p q => fst p = N.to_nat (fst q) /\ Forall2 (fits limit) (snd p) (snd q)).
Definition words_of_row (r : row) : word_row :=
  map (fun piece => (N.to_nat (fst piece), map word (snd piece))) r.
Definition row_is_short (r : row) : bool := forallb (fun piece => forallb is_short (snd piece)) r.
Lemma words_of_row_fit r : row_is_short r = true -> row_fits (words_of_row r) r.
Proof.
  unfold row_fits, words_of_row, row_is_short. induction r as [|[gap ws] r IH]; cbn [forallb map];
    [constructor|]. intro H. apply andb_prop in H as [Hw Hr]. constructor; [|now apply IH].
  split; [reflexivity | now apply words_fit].
Qed.
Fixpoint row_length (r : row) : Z :=
  match r with [] => 0 | (_, ws) :: r' => Z.of_nat (length ws) + row_length r' end.
Lemma row_length_nonneg r : 0 <= row_length r.
Proof. induction r as [|[gap ws] r IH]; cbn [row_length]; lia. Qed.

(* The same functions as in Rows.v, on words. *)
Fixpoint word_beyond (gap : nat) (f : list int -> list int) (form : list int) {struct gap} : list int :=
  match gap with
  | O => f form
  | S gap' => match form with
              | [] => 0%sint63 :: word_beyond gap' f []
              | a :: form' => a :: word_beyond gap' f form'
              end
  end.
Fixpoint word_add_piece (c : int) (ws : list int) (f : list int -> list int) (form : list int) {struct ws}
  : list int :=
  match ws with
  | [] => f form
  | w :: ws' => match form with
                | [] => (c * w)%sint63 :: word_add_piece c ws' f []
                | a :: form' => (a + c * w)%sint63 :: word_add_piece c ws' f form'
                end
  end.
Fixpoint word_add_row (c : int) (r : word_row) (form : list int) {struct r} : list int :=
  match r with
  | [] => form
  | (gap, ws) :: r' => word_beyond gap (word_add_piece c ws (word_add_row c r')) form
  end.

Section Adding.
  Variable a : Z.
  Hypothesis a_nonneg : 0 <= a.
  Hypothesis room : a + product_limit < ceiling.
  Let b := a + product_limit.
  Let agree (a : Z) := Forall2 (fits a).
  Variable c' : int.
  Variable c : Z.
  Hypothesis c_fits : fits limit c' c.

  Lemma agree_weaken v v' : agree a v v' -> agree b v v'.
  Proof. unfold agree. induction 1; constructor; auto. apply fits_weaken with (1 := H). unfold b, product_limit. lia. Qed.
  Lemma product_fits w' w : fits limit w' w -> fits product_limit (c' * w')%sint63 (c * w).
  Proof. intro H. exact (fits_mul _ _ _ _ _ _ c_fits H eq_refl). Qed.

  Lemma beyond_fits f' f (Hf : forall v v', agree a v v' -> agree b (f' v) (f v')) gap :
    forall v v', agree a v v' -> agree b (word_beyond gap f' v) (beyond gap f v').
  Proof.
    induction gap as [|gap IH]; intros v v' H; [now apply Hf|].
    destruct H; cbn [word_beyond beyond]; constructor.
    - apply fits_zero. unfold b, product_limit. lia.
    - apply IH. constructor.
    - apply fits_weaken with (1 := H). unfold b, product_limit. lia.
    - now apply IH.
  Qed.
  Lemma add_piece_fits f' f (Hf : forall v v', agree a v v' -> agree b (f' v) (f v')) ws' ws :
    Forall2 (fits limit) ws' ws ->
    forall v v', agree a v v' -> agree b (word_add_piece c' ws' f' v) (add_piece c ws f v').
  Proof.
    induction 1 as [|w' w ws' ws Hw Hws IH]; intros v v' H; [now apply Hf|].
    destruct H as [|x x' v v' Hx Hv]; cbn [word_add_piece add_piece]; constructor.
    - apply fits_weaken with (1 := product_fits _ _ Hw). unfold b. lia.
    - apply IH. constructor.
    - exact (fits_add _ _ _ _ _ _ Hx (product_fits _ _ Hw) room).
    - now apply IH.
  Qed.
  Lemma add_row_fits r' r : row_fits r' r ->
    forall v v', agree a v v' -> agree b (word_add_row c' r' v) (add_row c r v').
  Proof.
    induction 1 as [|[gap' ws'] [gap ws] r' r [Hg Hws] Hr IH]; intros v v' H; cbn [word_add_row add_row].
    - now apply agree_weaken.
    - cbn [fst snd] in *. subst gap'. apply beyond_fits; [|exact H]. now apply add_piece_fits.
  Qed.
End Adding.

(* ---- intervals ---- *)

Definition interval_fits (p : int * int) (b : Z * Z) : Prop :=
  fits limit (fst p) (fst b) /\ fits limit (snd p) (snd b).
Definition words_of_intervals (B : list (Z * Z)) : list (int * int) :=
  map (fun b => (word (fst b), word (snd b))) B.
Definition intervals_are_short (B : list (Z * Z)) : bool :=
  forallb (fun b => if is_short (fst b) then is_short (snd b) else false) B.
Lemma words_of_intervals_fit B : intervals_are_short B = true ->
  Forall2 interval_fits (words_of_intervals B) B.
Proof.
  unfold words_of_intervals, intervals_are_short. induction B as [|b B IH]; cbn [forallb map]; [constructor|].
  intro H. apply andb_prop in H as [Hb HB]. constructor; [|now apply IH].
  destruct (is_short (fst b)) eqn:E; [|discriminate]. split; now apply word_fits.
Qed.

Fixpoint word_piece_sum (f : int -> int * int -> int) (ws : list int) (B : list (int * int)) (a : int)
  {struct ws} : int :=
  match ws, B with
  | w :: ws', b :: B' => word_piece_sum f ws' B' (a + f w b)%sint63
  | _, _ => a
  end.
Fixpoint word_row_sum (f : int -> int * int -> int) (r : word_row) (B : list (int * int)) (a : int)
  {struct r} : int :=
  match r with
  | [] => a
  | (gap, ws) :: r' =>
      let here := skipn gap B in
      word_row_sum f r' (skipn (length ws) here) (word_piece_sum f ws here a)
  end.

Section Sums.
  Variable f' : int -> int * int -> int.
  Variable f : Z -> Z * Z -> Z.
  Hypothesis each : forall w' w b' b, fits limit w' w -> interval_fits b' b ->
    fits product_limit (f' w' b') (f w b).

  Lemma piece_sum_fits ws' ws : Forall2 (fits limit) ws' ws ->
    forall B' B, Forall2 interval_fits B' B -> forall a s' s, fits a s' s -> 0 <= a ->
    a + Z.of_nat (length ws) * product_limit < ceiling ->
    fits (a + Z.of_nat (length ws) * product_limit) (word_piece_sum f' ws' B' s') (s + piece_sum f ws B).
  Proof.
    induction 1 as [|w' w ws' ws Hw Hws IH]; intros B' B HB a s' s Hs Ha Hroom;
      cbn [length word_piece_sum piece_sum] in *.
    - replace (s + 0) with s by lia. apply fits_weaken with (1 := Hs). lia.
    - assert (0 < product_limit) by reflexivity. destruct HB as [|b' b B' B Hb HB].
      + replace (s + 0) with s by lia. apply fits_weaken with (1 := Hs). lia.
      + rewrite Z.add_assoc.
        replace (a + Z.of_nat (S (length ws)) * product_limit)
          with (a + product_limit + Z.of_nat (length ws) * product_limit) in * by lia.
        apply IH; auto; [|lia]. apply fits_add; auto. lia.
  Qed.
  Lemma row_sum_fits r' r : row_fits r' r -> forall B' B, Forall2 interval_fits B' B ->
    forall a s' s, fits a s' s -> 0 <= a -> a + row_length r * product_limit < ceiling ->
    fits (a + row_length r * product_limit) (word_row_sum f' r' B' s') (s + row_sum f r B).
  Proof.
    induction 1 as [|[gap' ws'] [gap ws] r' r [Hg Hws] Hr IH]; intros B' B HB a s' s Hs Ha Hroom;
      cbn [row_length word_row_sum row_sum fst snd] in *.
    - replace (s + 0) with s by lia. apply fits_weaken with (1 := Hs). lia.
    - subst gap'. assert (0 < product_limit) by reflexivity. pose proof (row_length_nonneg r) as Hn.
      rewrite Z.add_assoc.
      replace (a + (Z.of_nat (length ws) + row_length r) * product_limit)
        with (a + Z.of_nat (length ws) * product_limit + row_length r * product_limit) in * by lia.
      assert (length ws' = length ws) as -> by (clear - Hws; induction Hws; cbn [length]; lia).
      apply IH; [now apply Forall2_skipn, Forall2_skipn| |nia|exact Hroom].
      apply piece_sum_fits; auto; [now apply Forall2_skipn | nia].
  Qed.
  Lemma whole_row_sum r' r B' B : row_fits r' r -> Forall2 interval_fits B' B -> row_length r <= many ->
    value (word_row_sum f' r' B' 0) = row_sum f r B.
  Proof.
    intros Hr HB Hn. pose proof (row_length_nonneg r) as Hl.
    destruct (row_sum_fits r' r Hr B' B HB 0 0%sint63 0 (fits_zero 0 ltac:(lia)) ltac:(lia)) as [H _].
    - unfold many, product_limit, ceiling in *. lia.
    - exact H.
  Qed.
End Sums.
