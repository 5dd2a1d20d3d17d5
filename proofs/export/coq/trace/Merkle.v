(* What the theorems about traces speak of: the Merkle tree of RFC 6962, section 2.1, and a record at a
   place under a root. *)
From Coq Require Import NArith List.
From Isotrace.Trace Require Import Sha256.
Import ListNotations.
Local Open Scope N_scope.

Definition leaf_hash (data : list N) : list N := sha256 (0 :: data).
Definition node_hash (left right : list N) : list N := sha256 (1 :: left ++ right).

(* The root of a tree of [size] leaves whose leaf number [index] has the hash [leaf]; [path] holds the
   hashes of the other subtrees, from the root down. A tree splits at the largest power of two below its
   size. *)
Fixpoint root_from (path : list (list N)) (index size : N) (leaf : list N) {struct path} : option (list N) :=
  match path with
  | [] => if size =? 1 then Some leaf else None
  | other :: path' =>
      if size <=? 1 then None
      else
        let k := 2 ^ N.log2 (size - 1) in
        if index <? k
        then option_map (fun root => node_hash root other) (root_from path' index k leaf)
        else option_map (fun root => node_hash other root) (root_from path' (index - k) (size - k) leaf)
  end.

(* The record is leaf number [index] of [size] leaves under the root: the leaf's data are its SHA-256.
   The other subtrees exist as hashes; that no other record fits them is the collision resistance of
   SHA-256, about which nothing is claimed. *)
Definition recorded (record : list N) (index size : N) (root : list N) : Prop :=
  exists path, root_from path index size (leaf_hash (sha256 record)) = Some root.

Fixpoint same_bytes (a b : list N) {struct a} : bool :=
  match a, b with
  | [], [] => true
  | x :: a', y :: b' => if x =? y then same_bytes a' b' else false
  | _, _ => false
  end.
Definition leads_to_root (path : list (list N)) (record : list N) (index size : N) (root : list N) : bool :=
  match root_from path index size (leaf_hash (sha256 record)) with
  | Some found => same_bytes found root
  | None => false
  end.

Lemma same_bytes_spec a : forall b, same_bytes a b = true -> a = b.
Proof.
  induction a as [|x a IH]; intros [|y b] H; cbn [same_bytes] in H; try discriminate; [reflexivity|].
  destruct (N.eqb_spec x y) as [->|]; [|discriminate]. f_equal. now apply IH.
Qed.
Theorem led_to_root path record index size root :
  leads_to_root path record index size root = true -> recorded record index size root.
Proof.
  unfold leads_to_root. intro H. exists path.
  destruct (root_from _ _ _ _) as [found|]; [|discriminate]. f_equal. now apply same_bytes_spec.
Qed.

(* The bytes of a number that is written in hexadecimal with a 1 before it, which keeps leading zeros. *)
Fixpoint bytes_above_one (fuel : nat) (x : N) (rest : list N) {struct fuel} : list N :=
  match fuel with
  | O => rest
  | S fuel' => if x <=? 1 then rest else bytes_above_one fuel' (N.shiftr x 8) (N.land x 255 :: rest)
  end.
Definition bytes_from (x : N) : list N := bytes_above_one (N.to_nat (N.size x)) x [].
