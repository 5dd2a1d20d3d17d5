(* SHA-256 (FIPS 180-4) as a function on lists of bytes, so that digests can be theorems by computation.
   Words are numbers below 2^32. *)
From Coq Require Import NArith List.
Import ListNotations.
Local Open Scope N_scope.

Definition word (x : N) : N := N.land x 4294967295.
Definition rotate_right (n x : N) : N := N.lor (N.shiftr x n) (word (N.shiftl x (32 - n))).
Definition choose (e f g : N) : N := N.lxor (N.land e f) (N.land (N.lxor e 4294967295) g).
Definition majority (a b c : N) : N := N.lxor (N.land a b) (N.lxor (N.land a c) (N.land b c)).
Definition big_sigma_0 (x : N) : N :=
  N.lxor (rotate_right 2 x) (N.lxor (rotate_right 13 x) (rotate_right 22 x)).
Definition big_sigma_1 (x : N) : N :=
  N.lxor (rotate_right 6 x) (N.lxor (rotate_right 11 x) (rotate_right 25 x)).
Definition small_sigma_0 (x : N) : N :=
  N.lxor (rotate_right 7 x) (N.lxor (rotate_right 18 x) (N.shiftr x 3)).
Definition small_sigma_1 (x : N) : N :=
  N.lxor (rotate_right 17 x) (N.lxor (rotate_right 19 x) (N.shiftr x 10)).

(* The first 32 bits of the fractional parts of the cube roots of the first 64 primes, and of the square
   roots of the first 8. *)
Definition round_constants : list N :=
  [1116352408; 1899447441; 3049323471; 3921009573; 961987163; 1508970993; 2453635748; 2870763221;
   3624381080; 310598401; 607225278; 1426881987; 1925078388; 2162078206; 2614888103; 3248222580;
   3835390401; 4022224774; 264347078; 604807628; 770255983; 1249150122; 1555081692; 1996064986;
   2554220882; 2821834349; 2952996808; 3210313671; 3336571891; 3584528711; 113926993; 338241895;
   666307205; 773529912; 1294757372; 1396182291; 1695183700; 1986661051; 2177026350; 2456956037;
   2730485921; 2820302411; 3259730800; 3345764771; 3516065817; 3600352804; 4094571909; 275423344;
   430227734; 506948616; 659060556; 883997877; 958139571; 1322822218; 1537002063; 1747873779;
   1955562222; 2024104815; 2227730452; 2361852424; 2428436474; 2756734187; 3204031479; 3329325298].
Definition initial : list N :=
  [1779033703; 3144134277; 1013904242; 2773480762; 1359893119; 2600822924; 528734635; 1541459225].

(* [window]: the next 16 words of the message schedule. *)
Fixpoint rounds (constants window state : list N) {struct constants} : list N :=
  match constants, state with
  | k :: constants', [a; b; c; d; e; f; g; h] =>
      let w := hd 0 window in
      let t1 := h + big_sigma_1 e + choose e f g + k + w in
      let t2 := big_sigma_0 a + majority a b c in
      let next := small_sigma_1 (nth 14 window 0) + nth 9 window 0 + small_sigma_0 (nth 1 window 0) + w in
      rounds constants' (tl window ++ [word next]) [word (t1 + t2); a; b; c; word (d + t1); e; f; g]
  | _, _ => state
  end.
Fixpoint add_words (a b : list N) {struct a} : list N :=
  match a, b with
  | x :: a', y :: b' => word (x + y) :: add_words a' b'
  | _, _ => []
  end.
Definition compress (state block : list N) : list N := add_words state (rounds round_constants block state).

(* Big-endian words and bytes. *)
Fixpoint words_of (bytes : list N) {struct bytes} : list N :=
  match bytes with
  | a :: b :: c :: d :: bytes' => (a * 16777216 + b * 65536 + c * 256 + d) :: words_of bytes'
  | _ => []
  end.
Definition bytes_of (count : nat) (x : N) : list N :=
  map (fun i => N.land (N.shiftr x (8 * N.of_nat (count - 1 - i))) 255) (seq 0 count).
(* The message, 128, zeros up to a multiple of 64 bytes, the last 8 of which are its length in bits. *)
Definition padded (bytes : list N) : list N :=
  let zeros := N.to_nat ((119 - N.of_nat (length bytes) mod 64) mod 64) in
  bytes ++ [128] ++ repeat 0 zeros ++ bytes_of 8 (8 * N.of_nat (length bytes)).
Fixpoint blocks (fuel : nat) (words state : list N) {struct fuel} : list N :=
  match fuel, words with
  | S fuel', _ :: _ => blocks fuel' (skipn 16 words) (compress state (firstn 16 words))
  | _, _ => state
  end.
Definition sha256 (bytes : list N) : list N :=
  let words := words_of (padded bytes) in
  flat_map (bytes_of 4) (blocks (length words) words initial).
