(* Memory as a list of bytes written: circuits that read it, write it, and say which accesses are
   out of bounds, and that every assignment sees in them what Wasm.v says. *)
From Coq Require Import Arith PArith NArith List Bool Lia.
From Isotrace.Bits Require Import Lrat Gates Wasm Words Numeric.
Import ListNotations.

(* A byte written: the literal says whether, then address and byte. *)
Notation byte_write := (lit * word * word)%type (only parsing).

Definition concrete_writes (a : assignment) (w : list byte_write) : list (N * N) :=
  flat_map (fun e => let '(on, address, byte) := e in
    if ev a on then [(value a address, value a byte)] else []) w.

Lemma concrete_writes_cons a on address byte w :
  concrete_writes a ((on, address, byte) :: w) =
  (if ev a on then [(value a address, value a byte)] else []) ++ concrete_writes a w.
Proof. reflexivity. Qed.

(* ---- where paths meet *)

Definition eq_word (x y : word) : bool := if list_eq_dec Pos.eq_dec x y then true else false.
Definition eq_write (x y : lit * word * word) : bool :=
  let '(c, a, b) := x in let '(d, e, f) := y in Pos.eqb c d && eq_word a e && eq_word b f.
Lemma eq_write_eq x y : eq_write x y = true -> x = y.
Proof.
  destruct x as [[c a] b], y as [[d e] f]. unfold eq_write, eq_word.
  destruct (Pos.eqb_spec c d), (list_eq_dec Pos.eq_dec a e), (list_eq_dec Pos.eq_dec b f);
    cbn; congruence.
Qed.

Fixpoint part_writes (r1 r2 common : list byte_write) :=
  match r1, r2 with
  | x :: r1', y :: r2' =>
      if eq_write x y then part_writes r1' r2' (x :: common) else (rev r1, rev r2, common)
  | _, _ => (rev r1, rev r2, common)
  end.

Lemma part_writes_app r1 : forall r2 common w1 w2 w, part_writes r1 r2 common = (w1, w2, w) ->
  w1 ++ w = rev r1 ++ common /\ w2 ++ w = rev r2 ++ common.
Proof.
  induction r1 as [|x r1 IH]; intros [|y r2] common w1 w2 w; cbn [part_writes].
  1-3: intro E; injection E as <- <- <-; auto.
  destruct (eq_write x y) eqn:Exy.
  - apply eq_write_eq in Exy as ->. intro E. destruct (IH _ _ _ _ _ E) as [-> ->].
    cbn [rev]. now rewrite <- !app_assoc.
  - intro E; injection E as <- <- <-. auto.
Qed.

Fixpoint enable (c : lit) (w : list byte_write) : M (list byte_write) :=
  match w with
  | [] => ret []
  | (on, address, byte) :: w =>
      on <- conj2 c on ;; w <- enable c w ;; ret ((on, address, byte) :: w)
  end.
Lemma enable_spec c w : spec (enable c w) (fun a r =>
  concrete_writes a r = if ev a c then concrete_writes a w else []).
Proof.
  induction w as [|[[on address] byte] w IH]; cbn [enable].
  - finish. now destruct (ev v c).
  - step conj2_spec. step IH. finish. unfold concrete_writes in *. cbn [flat_map].
    rewrite H, H0. now destruct (ev v c), (ev v on).
Qed.

Definition choose_writes (c : lit) (w1 w2 : list byte_write) :=
  let '(d1, d2, common) := part_writes (rev w1) (rev w2) [] in
  d1 <- enable c d1 ;; d2 <- enable (neg c) d2 ;; ret (d1 ++ d2 ++ common).
Lemma choose_writes_spec c w1 w2 : spec (choose_writes c w1 w2) (fun a r =>
  concrete_writes a r = if ev a c then concrete_writes a w1 else concrete_writes a w2).
Proof.
  unfold choose_writes. destruct (part_writes (rev w1) (rev w2) []) as [[d1 d2] common] eqn:E.
  destruct (part_writes_app _ _ _ _ _ _ E) as [E1 E2]. rewrite !rev_involutive, !app_nil_r in *.
  step enable_spec. step enable_spec. finish. rewrite <- E1, <- E2. unfold concrete_writes in *.
  rewrite !flat_map_app, H, H0, ev_neg. now destruct (ev v c).
Qed.

(* ---- reading a byte *)

(* The address from its highest bit. *)
Fixpoint image_word (im : image) (address : word) : M word :=
  match im, address with
  | Zeros, _ | Halves _ _, [] => ret (constant 8 0)
  | Byte b, _ => if (b <? 256)%N then ret (constant 8 b) else fail
  | Halves low high, l :: address =>
      if Pos.eqb l ltrue then image_word high address
      else if Pos.eqb l lfalse then image_word low address
      else h <- image_word high address ;; r <- image_word low address ;; choose_word l h r
  end.

Lemma value_choose (a : assignment) c x y r :
  bits a r = (if ev a c then bits a x else bits a y) ->
  value a r = if ev a c then value a x else value a y.
Proof. unfold value. intros ->. now destruct (ev a c). Qed.

Lemma image_word_spec im : forall address, spec (image_word im address) (fun a r =>
  forall x, (forall k, (k < length address)%nat ->
      N.testbit x (N.of_nat k) = nth k (bits a (rev address)) false) ->
    value a r = image_byte im (length address) x).
Proof.
  induction im as [|b|low IHl high IHh]; intros [|l address]; cbn [image_word];
    try (destruct (N.ltb_spec b 256); [|apply spec_fail]);
    try (finish; rewrite value_constant by assumption; change (pow 8) with 256%N;
         rewrite N.mod_small by lia; reflexivity).
  assert (forall a x, (forall k, (k < length (l :: address))%nat ->
      N.testbit x (N.of_nat k) = nth k (bits a (rev (l :: address))) false) ->
    N.testbit x (N.of_nat (length address)) = ev a l /\
    forall k, (k < length address)%nat ->
      N.testbit x (N.of_nat k) = nth k (bits a (rev address)) false) as Split.
  { intros a x H. cbn [rev] in H. unfold bits in *. rewrite map_app in H. split.
    - rewrite H by (cbn; lia). rewrite app_nth2; rewrite map_length, rev_length; [|lia].
      now rewrite Nat.sub_diag.
    - intros k K. rewrite H by (cbn; lia). apply app_nth1. now rewrite map_length, rev_length. }
  destruct (Pos.eqb_spec l ltrue) as [->|]; [|destruct (Pos.eqb_spec l lfalse) as [->|]].
  - last_step IHh. apply Split in H1 as [E H1]. cbn [length image_byte].
    rewrite E, ev_true by assumption. auto.
  - last_step IHl. apply Split in H1 as [E H1]. cbn [length image_byte].
    rewrite E, ev_false by assumption. auto.
  - step IHh. step IHl. last_step choose_word_spec. destruct H0 as (_ & _ & E0).
    apply Split in H3 as [E H3]. cbn [length image_byte]. rewrite E, (value_choose _ _ _ _ _ E0).
    destruct (ev a l); auto.
Qed.

Lemma testbit_num l : forall k, N.testbit (num l) (N.of_nat k) = nth k l false.
Proof.
  induction l as [|b l IH]; intros [|k]; cbn [num nth]; try apply N.bits_0.
  - rewrite N.add_comm. apply N.testbit_0_r.
  - rewrite Nat2N.inj_succ, N.add_comm, N.testbit_succ_r. apply IH.
Qed.

(* Some bit of one is the negation of that bit of the other. *)
Fixpoint apart (x y : word) : bool :=
  match x, y with a :: x, b :: y => Pos.eqb a (neg b) || apart x y | _, _ => false end.

Lemma apart_values a x : forall y, apart x y = true -> value a x <> value a y.
Proof.
  induction x as [|l x IH]; intros [|k y]; cbn [apart]; try discriminate. intro H.
  rewrite !value_cons. apply orb_true_iff in H as [H|H].
  - apply Pos.eqb_eq in H as ->. rewrite ev_neg. destruct (ev a k); cbn [negb N.b2n]; lia.
  - apply IH in H. destruct (ev a l), (ev a k); cbn [N.b2n]; lia.
Qed.

Definition same (x y : word) : M lit := if apart x y then ret lfalse else equal x y.
Lemma same_spec x y : spec (same x y) (fun a c => ev a c = (value a x =? value a y)%N).
Proof.
  unfold same. destruct (apart x y) eqn:E.
  - finish. rewrite ev_false by assumption. symmetry. now apply N.eqb_neq, apart_values.
  - last_step equal_spec. apply H0.
Qed.

Fixpoint byte_word (im : image) (w : list byte_write) (address : word) : M word :=
  match w with
  | [] => if Nat.eqb (length address) 32 then image_word im (rev address) else fail
  | (on, at_, byte) :: w =>
      c <- same at_ address ;; c <- conj2 on c ;;
      if Pos.eqb c ltrue then ret byte
      else if Pos.eqb c lfalse then byte_word im w address
      else r <- byte_word im w address ;; choose_word c byte r
  end.

Lemma byte_word_spec im w address : spec (byte_word im w address) (fun a r =>
  value a r = byte_at im (concrete_writes a w) (value a address)).
Proof.
  induction w as [|[[on at_] byte] w IH]; cbn [byte_word].
  - destruct (Nat.eqb_spec (length address) 32) as [L|]; [|apply spec_fail].
    last_step image_word_spec. cbn [concrete_writes flat_map byte_at].
    rewrite rev_length, L, rev_involutive in H0. apply H0. intros k _. apply testbit_num.
  - step same_spec. step conj2_spec.
    assert (forall a, ev a x = (value a at_ =? value a address)%N -> ev a x0 = ev a on && ev a x ->
      byte_at im (concrete_writes a ((on, at_, byte) :: w)) (value a address) =
      if ev a x0 then value a byte else byte_at im (concrete_writes a w) (value a address)) as E.
    { intros a -> ->. rewrite concrete_writes_cons. destruct (ev a on); cbn [app byte_at andb];
        [|reflexivity]. now destruct (_ =? _)%N. }
    destruct (Pos.eqb_spec x0 ltrue) as [->|]; [|destruct (Pos.eqb_spec x0 lfalse) as [->|]].
    + finish. now rewrite (E v H0 H), ev_true by assumption.
    + last_step IH. now rewrite (E a H2 H1), ev_false by assumption.
    + step IH. last_step choose_word_spec. destruct H0 as (_ & _ & B).
      now rewrite (E a H3 H2), <- H1, (value_choose _ _ _ _ _ B).
Qed.

(* ---- accesses: bytes at an address and an offset that are all in bounds *)

Definition offset_word (address : word) (offset : N) : M word :=
  add_words address (constant 32 offset).
Lemma offset_word_spec address offset : spec (offset_word address offset) (fun a r =>
  (value a address + offset < 2 ^ 32)%N -> value a r = (value a address + offset)%N).
Proof.
  unfold offset_word. last_step add_words_spec. destruct H0 as (L & _ & E).
  rewrite constant_length in L. rewrite E, value_constant, <- L by assumption.
  change (pow 32) with (2 ^ 32)%N. rewrite (N.mod_small offset), N.mod_small by lia. reflexivity.
Qed.

(* Lowest byte first. *)
Fixpoint read_words (im : image) (w : list byte_write) (address : word) (offset : N) (n : nat)
  : M word :=
  match n with
  | O => ret []
  | S n =>
      at_ <- offset_word address offset ;; b <- byte_word im w at_ ;;
      if Nat.eqb (length b) 8
      then r <- read_words im w address (offset + 1) n ;; ret (b ++ r)
      else fail
  end.

Lemma read_words_spec im w address n : forall offset,
  spec (read_words im w address offset n) (fun a r =>
    (value a address + offset + N.of_nat n <= 2 ^ 32)%N ->
    value a r = read im (concrete_writes a w) (value a address + offset) n).
Proof.
  induction n as [|n IH]; intro offset; cbn [read_words]; [finish; reflexivity|].
  step offset_word_spec. step byte_word_spec.
  destruct (Nat.eqb_spec (length x0) 8) as [L|]; [|apply spec_fail]. step IH. finish.
  rewrite value_app, L, H, H0, H1 by lia. cbn [read].
  rewrite N.add_assoc. reflexivity.
Qed.

Fixpoint write_words (w : list byte_write) (address x : word) (offset : N) (n : nat)
  : M (list byte_write) :=
  match n with
  | O => ret w
  | S n =>
      at_ <- offset_word address offset ;;
      write_words ((ltrue, at_, firstn 8 x) :: w) address (skipn 8 x) (offset + 1) n
  end.

Lemma value_skipn a k : forall w, value a (skipn k w) = (value a w / pow k)%N.
Proof.
  induction k as [|k IH]; intro w; cbn [skipn]; [now rewrite pow_0, N.div_1_r|].
  destruct w as [|l w]; [symmetry; apply N.div_0_l; pose proof (pow_pos (S k)); lia|].
  rewrite IH, value_cons, pow_S, <- N.div_div by (pose proof (pow_pos k); lia). f_equal.
  rewrite N.add_comm, N.mul_comm, N.div_add_l by lia.
  rewrite N.div_small, N.add_0_r by (destruct (ev a l); cbn; lia). reflexivity.
Qed.

Lemma write_words_spec address n : forall w x offset,
  spec (write_words w address x offset n) (fun a r =>
    (value a address + offset + N.of_nat n <= 2 ^ 32)%N ->
    concrete_writes a r = write (concrete_writes a w) (value a address + offset) (value a x) n).
Proof.
  induction n as [|n IH]; intros w x offset; cbn [write_words]; [finish; reflexivity|].
  step offset_word_spec. last_step IH.
  rewrite H0, concrete_writes_cons, ev_true, value_firstn, value_skipn, H1 by (auto; lia).
  cbn [write app]. rewrite N.add_assoc. reflexivity.
Qed.

(* Whether not all of n bytes are among the first `bytes`. *)
Definition beyond (bytes : N) (address : word) (offset : N) (n : nat) : M lit :=
  let end_ := (offset + N.of_nat n)%N in
  if (2 ^ 32 <? bytes)%N || Nat.eqb n 0 || negb (Nat.eqb (length address) 32) then fail
  else if (bytes <? end_)%N then ret ltrue
  else less (constant 32 (bytes - end_)) address.

Lemma beyond_spec bytes address offset n : spec (beyond bytes address offset n) (fun a t =>
  ev a t = (bytes <? value a address + offset + N.of_nat n)%N /\ (bytes <= 2 ^ 32)%N).
Proof.
  unfold beyond. destruct (N.ltb_spec (2 ^ 32) bytes) as [|B]; [apply spec_fail|].
  destruct (Nat.eqb_spec n 0) as [|Z]; [apply spec_fail|].
  destruct (Nat.eqb_spec (length address) 32) as [L|]; [|apply spec_fail]. cbn [orb negb].
  destruct (N.ltb_spec bytes (offset + N.of_nat n)) as [O|O].
  - finish. rewrite ev_true by assumption. split; [|exact B]. symmetry. apply N.ltb_lt. lia.
  - last_step less_spec. destruct H0 as [_ ->]. split; [|exact B].
    rewrite value_constant, N.mod_small by (auto; change (pow 32) with (2 ^ 32)%N; lia).
    destruct (N.ltb_spec (bytes - (offset + N.of_nat n)) (value a address)),
      (N.ltb_spec bytes (value a address + offset + N.of_nat n)); auto; lia.
Qed.

(* ---- rows of bytes, of which the count may not be known *)

(* The largest number that a word can be. *)
Fixpoint most (w : word) : N :=
  match w with [] => 0 | l :: w => (if Pos.eqb l lfalse then 0 else 1) + 2 * most w end.
Lemma most_spec (a : assignment) w : a 1%positive = true -> (value a w <= most w)%N.
Proof.
  intro T. induction w as [|l w IH]; [reflexivity|]. rewrite value_cons. cbn [most].
  destruct (Pos.eqb_spec l lfalse) as [->|]; [rewrite ev_false by assumption; cbn [N.b2n]; lia|].
  destruct (ev a l); cbn [N.b2n]; lia.
Qed.

Fixpoint write_row_words (row : list word) (count address : word) (k : nat) (w : list byte_write)
  : M (list byte_write) :=
  match row with
  | [] => ret w
  | byte :: row =>
      on <- less (constant 32 (N.of_nat k)) count ;; at_ <- offset_word address (N.of_nat k) ;;
      w <- write_row_words row count address (S k) w ;; ret ((on, at_, byte) :: w)
  end.

Lemma write_row_words_spec row count address w : forall k,
  (N.of_nat (k + length row) <= 2 ^ 32)%N ->
  spec (write_row_words row count address k w) (fun a r => forall f,
    (value a count <= N.of_nat (k + length row))%N ->
    (value a address + value a count <= 2 ^ 32)%N ->
    (forall j, (j < length row)%nat -> (N.of_nat (k + j) < value a count)%N ->
      value a (nth j row []) = f (k + j)%nat) ->
    concrete_writes a r = map (fun j => (value a address + N.of_nat j, f j)%N)
      (seq k (N.to_nat (value a count) - k)) ++ concrete_writes a w).
Proof.
  induction row as [|byte row IH]; intros k K; cbn [write_row_words length] in *.
  - finish. replace (N.to_nat (value v count) - k)%nat with O by lia. reflexivity.
  - step less_spec. step offset_word_spec.
    eapply spec_bind; [apply (IH (S k)); lia|]. intros w'. finish.
    destruct H1 as [_ On]. rewrite value_constant, N.mod_small in On
      by (auto; change (pow 32) with (2 ^ 32)%N; lia).
    assert (concrete_writes v w' = map (fun j => (value v address + N.of_nat j, f j)%N)
      (seq (S k) (N.to_nat (value v count) - S k)) ++ concrete_writes v w) as E.
    { apply H; [lia|assumption|]. intros j J L. specialize (H4 (S j)). cbn [nth] in H4.
      rewrite Nat.add_succ_r in H4. apply H4; lia. }
    rewrite concrete_writes_cons, E, On. destruct (N.ltb_spec (N.of_nat k) (value v count)).
    + replace (N.to_nat (value v count) - k)%nat with (S (N.to_nat (value v count) - S k)) by lia.
      cbn [seq map app]. rewrite H0 by lia. specialize (H4 O ltac:(lia)).
      rewrite Nat.add_0_r in H4. cbn [nth] in H4. now rewrite H4.
    + replace (N.to_nat (value v count) - k)%nat with O by lia.
      replace (N.to_nat (value v count) - S k)%nat with O by lia. reflexivity.
Qed.

Fixpoint read_row (im : image) (w : list byte_write) (address : word) (k n : nat)
  : M (list word) :=
  match n with
  | O => ret []
  | S n =>
      at_ <- offset_word address (N.of_nat k) ;; b <- byte_word im w at_ ;;
      r <- read_row im w address (S k) n ;; ret (b :: r)
  end.

Lemma read_row_spec im w address n : forall k, spec (read_row im w address k n) (fun a r =>
  length r = n /\ forall j, (j < n)%nat -> (value a address + N.of_nat (k + j) < 2 ^ 32)%N ->
    value a (nth j r []) = byte_at im (concrete_writes a w) (value a address + N.of_nat (k + j))).
Proof.
  induction n as [|n IH]; intro k; cbn [read_row].
  - finish. split; [reflexivity|]. intros. lia.
  - step offset_word_spec. step byte_word_spec. step (IH (S k)). finish.
    destruct H as [L E]. split; [cbn; congruence|]. intros [|j] J B; cbn [nth].
    + rewrite Nat.add_0_r in *. now rewrite H0, H1.
    + replace (k + S j)%nat with (S k + j)%nat in * by lia. apply E; [lia|assumption].
Qed.

(* Whether so many bytes from one on are not all among the first `bytes`. *)
Definition row_beyond (bytes : N) (address count : word) : M lit :=
  if (2 ^ 32 <? bytes)%N then fail
  else '(s, c) <- add address count lfalse ;; less (constant 33 bytes) (s ++ [c]).

Lemma row_beyond_spec bytes address count : spec (row_beyond bytes address count) (fun a t =>
  ev a t = (bytes <? value a address + value a count)%N /\ (bytes <= 2 ^ 32)%N).
Proof.
  unfold row_beyond. destruct (N.ltb_spec (2 ^ 32) bytes) as [|B]; [apply spec_fail|].
  step add_spec. destruct x as [s c]. last_step less_spec. cbn [fst snd] in *.
  destruct H0 as [L ->], H1 as (_ & Ls & E). split; [|exact B].
  rewrite value_constant, N.mod_small by (auto; change (pow 33) with (2 ^ 33)%N; lia).
  f_equal. rewrite value_app, Ls, value_cons. change (value a []) with 0%N.
  rewrite ev_false in E by assumption. cbn [N.b2n] in E. lia.
Qed.

(* Longer rows are not followed. *)
Definition row_most : N := 4096.

Section Accesses.
  Variable m : module.

  Definition load_word (w : width) (n : nat) (sgn : bool) (offset : N) (address : word)
    (s : list byte_write) : M (word * lit) :=
    t <- beyond (memory_bytes m) address offset n ;;
    r <- read_words (initial_memory m) s address offset n ;;
    r <- extend_word w (8 * n) sgn r ;; ret (r, t).

  Lemma load_word_spec w n sgn offset address s :
    spec (load_word w n sgn offset address s) (fun a r =>
      ev a (snd r) = (memory_bytes m <? value a address + offset + N.of_nat n)%N /\
      (ev a (snd r) = false -> value a (fst r) = extend w (8 * N.of_nat n) sgn
        (read (initial_memory m) (concrete_writes a s) (value a address + offset) n))).
  Proof.
    unfold load_word. step beyond_spec. step read_words_spec. step extend_word_spec. finish.
    cbn [fst snd]. destruct H1 as [E B]. split; [exact E|]. rewrite E. intro N. apply N.ltb_ge in N.
    rewrite H, H0 by lia. f_equal. lia.
  Qed.

  Definition store_word (n : nat) (offset : N) (address x : word) (s : list byte_write)
    : M (list byte_write * lit) :=
    t <- beyond (memory_bytes m) address offset n ;;
    s <- write_words s address x offset n ;; ret (s, t).

  Lemma store_word_spec n offset address x s :
    spec (store_word n offset address x s) (fun a r =>
      ev a (snd r) = (memory_bytes m <? value a address + offset + N.of_nat n)%N /\
      (ev a (snd r) = false -> concrete_writes a (fst r) =
        write (concrete_writes a s) (value a address + offset) (value a x) n)).
  Proof.
    unfold store_word. step beyond_spec. step write_words_spec. finish. cbn [fst snd].
    destruct H0 as [E B]. split; [exact E|]. rewrite E. intro N. apply N.ltb_ge in N.
    apply H. lia.
  Qed.

  Definition fill_row (address x count : word) (s : list byte_write)
    : M (list byte_write * lit) :=
    t <- row_beyond (memory_bytes m) address count ;;
    if (row_most <? most count)%N then fail
    else s <- write_row_words (repeat (firstn 8 x) (N.to_nat (most count))) count address 0 s ;;
         ret (s, t).

  Lemma fill_row_spec address x count s : spec (fill_row address x count s) (fun a r =>
    ev a (snd r) = (memory_bytes m <? value a address + value a count)%N /\
    (ev a (snd r) = false -> concrete_writes a (fst r) =
      write_row (concrete_writes a s) (value a address) (N.to_nat (value a count))
        (fun _ => value a x mod 256)%N)).
  Proof.
    unfold fill_row. step row_beyond_spec.
    destruct (N.ltb_spec row_most (most count)) as [|L]; [apply spec_fail|].
    assert (row_most < 2 ^ 32)%N by reflexivity.
    eapply spec_bind; [apply write_row_words_spec; rewrite repeat_length; lia|].
    intros w. finish. cbn [fst snd]. destruct H1 as [E B]. split; [exact E|]. rewrite E.
    intro N. apply N.ltb_ge in N.
    pose proof (most_spec v count T). unfold write_row.
    rewrite (H0 (fun _ => value v x mod 256)%N); rewrite ?repeat_length; [|lia|lia|].
    - now rewrite Nat.sub_0_r.
    - intros j J _. rewrite (nth_indep _ [] (firstn 8 x)) by now rewrite repeat_length.
      rewrite nth_repeat. apply value_firstn.
  Qed.

  Definition copy_row (address from count : word) (s : list byte_write)
    : M (list byte_write * lit) :=
    f <- row_beyond (memory_bytes m) from count ;;
    t <- row_beyond (memory_bytes m) address count ;; t <- disj2 f t ;;
    if (row_most <? most count)%N then fail
    else row <- read_row (initial_memory m) s from 0 (N.to_nat (most count)) ;;
         if (N.of_nat (length row) <=? row_most)%N
         then s <- write_row_words row count address 0 s ;; ret (s, t)
         else fail.

  Lemma copy_row_spec address from count s : spec (copy_row address from count s) (fun a r =>
    ev a (snd r) = (memory_bytes m <? value a from + value a count)%N ||
      (memory_bytes m <? value a address + value a count)%N /\
    (ev a (snd r) = false -> concrete_writes a (fst r) =
      write_row (concrete_writes a s) (value a address) (N.to_nat (value a count))
        (fun k => byte_at (initial_memory m) (concrete_writes a s) (value a from + N.of_nat k)))).
  Proof.
    unfold copy_row. step row_beyond_spec. step row_beyond_spec. step disj2_spec.
    destruct (N.ltb_spec row_most (most count)) as [|L]; [apply spec_fail|].
    step read_row_spec. destruct (N.leb_spec (N.of_nat (length x2)) row_most) as [Lr|];
      [|apply spec_fail].
    assert (N.of_nat (0 + length x2) <= 2 ^ 32)%N by (unfold row_most in Lr; cbn [Nat.add]; lia).
    eapply spec_bind; [apply write_row_words_spec; assumption|]. intros w. finish. cbn [fst snd].
    destruct H4 as [E1 B], H3 as [E2 _], H1 as [Le Re]. rewrite H2, E1, E2.
    split; [reflexivity|]. intro N. apply orb_false_iff in N as [N1 N2].
    apply N.ltb_ge in N1, N2. pose proof (most_spec v count T). unfold write_row.
    rewrite (H0 (fun k => byte_at (initial_memory m) (concrete_writes v s)
      (value v from + N.of_nat k))); [now rewrite Nat.sub_0_r|lia|lia|].
    intros j J K. rewrite Re by lia. reflexivity.
  Qed.
End Accesses.
