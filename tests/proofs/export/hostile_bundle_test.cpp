// Bundles of every kind, tampered with in every way that we could think of: none is replayed, each
// is refused with the file that is wrong, and no compiler ever sees text from a bundle.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include <sys/stat.h>
#include <unistd.h>

#include <isotrace/core/file.hpp>
#include <isotrace/core/merkle.hpp>
#include <isotrace/proofs/export/coq.hpp>
#include <isotrace/proofs/export/coq_function.hpp>
#include <isotrace/proofs/export/lean.hpp>
#include <isotrace/proofs/export/replay_coq.hpp>
#include <isotrace/proofs/export/replay_lean.hpp>
#include <isotrace/proofs/export/trace_calls.hpp>
#include <isotrace/proofs/export/trace_step.hpp>

#include "tests/proofs/export/small_network.hpp"

namespace isotrace::tests {
namespace {

using proofs::Bundle;
using proofs::ReplayStatus;
namespace fs = std::filesystem;

struct Kind {
  std::string name;
  Bundle bundle;
  std::string subject;  ///< what replay reads
  std::string spec;     ///< paths of files in `bundle`
  std::string cert;
  std::string proof;
  std::string data;         ///< in which the statement's data stand
  std::string weight;       ///< a number there
  std::string proposition;  ///< in `spec`
};

Kind network(proofs::CoqTier tier) {
  const auto bundle =
      proofs::export_coq(make_proof(dense_network({2, 2, 1}, 7), lower_bound_property(2, 1, "-50"),
                                    halving_tree(2, 1)),
                         tier);
  EXPECT_TRUE(bundle) << describe(bundle.error());
  Kind kind{std::string(coq_tier_name(tier)),
            *bundle,
            std::string(proofs::bundle_proof_path),
            "coq/gen/Spec_case0.v",
            "coq/gen/Proof_case0.v",
            "coq/gen/Proof_case0.v",
            "",
            "[",
            "safe net box constraints."};
  for (const proofs::BundleFile& file : bundle->files) {
    if (file.path.starts_with("coq/gen/Net_")) kind.data = file.path;
  }
  return kind;
}

Kind function() {
  proofs::FunctionProof proof;
  const auto module = core::PosixFiles().read(
      std::string(ISOTRACE_FIXTURES) + "/wasm/functions/numbers.wasm", 1 << 20);
  EXPECT_TRUE(module);
  proof.claim.module = *module;
  proof.claim.function = "average_bits";
  proof.claim.other = "average";
  proof.claim.property = proofs::FunctionProperty::equivalent;
  proof.claim.unwind = 2;
  proof.outcome = proofs::FunctionProof::Outcome::proved;
  const auto refutation = proofs::refute_function(proof, 60);
  EXPECT_TRUE(refutation) << describe(refutation.error());
  const auto bundle = proofs::export_coq_function(proof, *refutation);
  EXPECT_TRUE(bundle) << describe(bundle.error());
  const std::string spec = "coq/gen/Spec_function.v";
  return {"function",
          *bundle,
          std::string(proofs::bundle_function_path),
          spec,
          "coq/gen/Cert_function.v",
          "coq/gen/Proof_function.v",
          spec,
          "LocalGet 0",
          "equivalent machine"};
}

Kind step() {
  std::vector<core::Digest> leaves;
  for (std::uint8_t i = 0; i < 7; ++i)
    leaves.push_back(core::merkle_leaf(core::sha256(core::Bytes(2, i)).view()));
  const proofs::StepFact fact{core::Bytes(2, 5),
                              {4, 7, core::merkle_inclusion_proof(leaves, 5)},
                              core::merkle_root(leaves)};
  const std::string spec = "coq/gen/Spec_step.v";
  return {"step",
          proofs::export_coq_step(fact),
          std::string(proofs::bundle_step_path),
          spec,
          "coq/gen/Cert_step.v",
          "coq/gen/Proof_step.v",
          spec,
          "0x10505",
          "recorded record"};
}

Kind calls() {
  const proofs::CallsFact fact{3,
                               core::sha256(core::Bytes(1, 1)),
                               core::Bytes(9, 2),
                               {},
                               {core::Bytes(4, 3)},
                               {core::sha256(core::Bytes(1, 4))}};
  const std::string spec = "coq/gen/Spec_calls.v";
  return {"calls",
          proofs::export_coq_calls(fact),
          std::string(proofs::bundle_calls_path),
          spec,
          "coq/gen/Cert_calls.v",
          "coq/gen/Proof_calls.v",
          spec,
          "0x103030303",
          "ends_with_calls front"};
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {network(proofs::CoqTier::closed),
                                        network(proofs::CoqTier::primint), function(), step(),
                                        calls()};
  return all;
}

void write_text(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class HostileBundle : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "isotrace-hostile-XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    root_ = path;
    options_.work_directory = root_;
    options_.compiled_library = root_;
    options_.tier = "primint";
    options_.coqc = root_ + "/coqc.sh";
    // A compiler that is asked nothing, as long as no theorem is open.
    write_text(options_.coqc, "#!/bin/sh\ntouch " + root_ + "/asked\nexit 1\n");
    fs::permissions(options_.coqc, fs::perms::owner_all);
  }
  void TearDown() override { fs::remove_all(root_); }

  /// Where the bundle lies, written once: writing waits for the disk.
  std::string original(const Bundle& bundle) {
    const std::string directory =
        root_ + "/" + core::sha256(bundle.find("bundle.json")->bytes).hex();
    if (!fs::exists(directory)) {
      EXPECT_TRUE(proofs::write_bundle(bundle, directory));
    }
    return directory;
  }

  std::string write(const Bundle& bundle) {
    const std::string directory = root_ + "/bundle" + std::to_string(next_++);
    fs::copy(original(bundle), directory, fs::copy_options::recursive);
    return directory;
  }

  /// Refused, or every theorem that is concerned has this status and names this in its reason.
  void expect_refused(const std::string& directory, const std::string& what,
                      std::optional<ReplayStatus> status, const std::string& reason) {
    const auto report = proofs::reconcile_coq(directory, {}, options_);
    EXPECT_FALSE(fs::exists(root_ + "/asked")) << what << ": the compiler was asked";
    if (!report) {
      EXPECT_FALSE(status) << what << ": " << describe(report.error());
      return;
    }
    ASSERT_FALSE(report->obligations.empty()) << what;
    for (const proofs::ObligationReplay& of : report->obligations) {
      EXPECT_NE(of.status, ReplayStatus::replayed) << what;
      if (status) {
        EXPECT_EQ(of.status, *status) << what << ": " << of.detail;
      }
      EXPECT_NE(of.detail.find(reason), std::string::npos) << what << ": " << of.detail;
    }
  }

  /// The bundle with one file changed.
  void expect_edit_refused(const Kind& kind, const std::string& path,
                           const std::function<std::string(const std::string&)>& edit,
                           std::optional<ReplayStatus> status, const std::string& reason) {
    const std::string directory = original(kind.bundle);
    const std::string text = text_of(directory + "/" + path);
    const std::string changed = edit(text);
    ASSERT_NE(changed, text) << kind.name << " " << path;
    write_text(directory + "/" + path, changed);
    expect_refused(directory, kind.name + " " + path + " " + reason, status, reason);
    write_text(directory + "/" + path, text);
  }

  std::string root_;
  proofs::ReplayOptions options_;
  int next_ = 0;
};

std::function<std::string(const std::string&)> replacing(const std::string& from,
                                                         const std::string& to) {
  return [=](const std::string& text) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : std::string(text).replace(at, from.size(), to);
  };
}

std::function<std::string(const std::string&)> prepending(const std::string& head) {
  return [=](const std::string& text) { return head + text; };
}

TEST_F(HostileBundle, an_untouched_bundle_is_given_to_the_compiler) {
  write_text(options_.coqc, "#!/bin/sh\necho 'Closed under the global context'\n");
  options_.tier = "closed";
  for (const Kind& kind : kinds()) {
    if (kind.name == "primint") continue;
    const std::string directory = write(kind.bundle);
    // What a compilation by hand leaves is no file of the bundle, and is not read.
    const std::string stem = directory + "/coq/gen/" + fs::path(kind.proof).stem().string();
    for (const char* ending : {".vo", ".vos", ".vok", ".glob"})
      write_text(stem + ending, "planted");
    write_text(directory + "/coq/gen/." + fs::path(kind.proof).stem().string() + ".aux", "planted");
    write_text(directory + "/notes.txt", "of whoever keeps the bundle");
    const auto report = proofs::reconcile_coq(directory, {}, options_);
    ASSERT_TRUE(report) << describe(report.error());
    EXPECT_TRUE(report->all_replayed()) << kind.name << " " << report->obligations[0].detail;
    // But whoever compiles by hand is told of them.
    ASSERT_EQ(report->unread.size(), 5U);
    EXPECT_EQ(report->unread[1], stem.substr(directory.size() + 1) + ".glob");
  }
}

TEST_F(HostileBundle, other_statements_are_mismatches) {
  const auto mismatch = ReplayStatus::statement_mismatch;
  for (const Kind& kind : kinds()) {
    expect_edit_refused(kind, kind.spec,
                        replacing(kind.proposition, "True \\/ " + kind.proposition), mismatch,
                        kind.spec);
    expect_edit_refused(kind, kind.spec,
                        replacing("Definition statement : Prop :=",
                                  "Definition weak : Prop := 1 = 1.\nDefinition "
                                  "statement : Prop := weak /\\"),
                        mismatch, kind.spec);
    expect_edit_refused(kind, kind.spec, replacing("In words: ", "In words: surely "), mismatch,
                        kind.spec);
    expect_edit_refused(kind, kind.data, replacing(kind.weight, kind.weight + " "), mismatch,
                        kind.data);
    for (const char* head :
         {"Definition Z := unit.\n", "Definition safe (a b c : list nat) := True.\n",
          "Local Open Scope nat_scope.\n", "Bind Scope nat_scope with nat.\n",
          "Definition s\xd0\xb0"
          "fe := True.\n",
          "Inductive eq (n m : nat) : Prop := equal.\n", "From Evil Require Import Safe.\n",
          "\xef\xbb\xbf", "\n", "\r", "(* \" *)", "\xc2\xa0"})
      expect_edit_refused(kind, kind.spec, prepending(head), mismatch, kind.spec);
  }
}

TEST_F(HostileBundle, commands_that_add_assumptions_or_change_meanings_are_violations) {
  const std::pair<const char*, const char*> commands[] = {
      {"Axiom", "Axiom a : False."},
      {"Axioms", "Axioms a b : False."},
      {"Parameter", "Parameter a : False."},
      {"Conjecture", "Conjecture a : False."},
      {"Hypothesis", "Hypothesis a : False."},
      {"Admitted", "Lemma a : False. Admitted."},
      {"admit", "Lemma a : False. Proof. admit."},
      {"give_up", "Lemma a : False. Proof. give_up."},
      {"Section", "Section S. Variable a : False."},
      {"Context", "Context (a : False)."},
      {"Unset", "Unset Guard Checking."},
      {"Unset", "Unset Universe Checking."},
      {"Unset", "#[global]Unset Positivity Checking."},
      {"bypass_check", "#[bypass_check(guard)] Fixpoint f (n : nat) : False := f n."},
      {"Set", "Set Definitional UIP."},
      {"Notation", "Notation \"'safe' a b c\" := True."},
      {"Infix", "Infix \"=\" := (fun _ _ => True)."},
      {"Reserved", "Reserved Infix \"+\"."},
      {"Tactic", "Tactic Definition exact := idtac."},
      {"Ltac", "Ltac exact t := idtac."},
      {"Coercion", "Coercion f : nat >-> bool."},
      {"Canonical", "Canonical f."},
      {"Instance", "Instance i : c := {}."},
      {"Declare", "Declare ML Module \"evil:evil.plugin\"."},
      {"Load", "Load \"/tmp/evil\"."},
      {"Add", "Add LoadPath \"/tmp\" as Coq."},
      {"Cd", "Cd \"/\"."},
      {"Redirect", "Redirect \"/tmp/out\" Print nat."},
      {"Extraction", "Extraction \"/tmp/out\" nat."},
      {"Primitive", "Primitive f := #int63_add."},
      {"Register", "Register nat as core.nat.type."},
      {"Module", "Module List. End List."},
      {"Include", "Include Evil."},
      {"Drop", "Drop."},
      {"Fail", "Fail Check nat."},
      {"Global", "Global Opaque nat."}};
  for (const Kind& kind : kinds()) {
    for (const auto& [word, command] : commands) {
      for (const std::string& path : {kind.spec, kind.cert, kind.proof}) {
        expect_edit_refused(kind, path, prepending(std::string(command) + "\n"),
                            ReplayStatus::axiom_violation, std::string("contains ") + word);
      }
    }
  }
}

TEST_F(HostileBundle, other_proofs_and_certificates_are_rejected) {
  for (const Kind& kind : kinds()) {
    const auto rejected = [&](const std::string& path, const std::string& from,
                              const std::string& to) {
      expect_edit_refused(kind, path, replacing(from, to), ReplayStatus::rejected, path);
    };
    rejected(kind.proof, "Theorem proof", "Theorem other");
    rejected(kind.proof, "Theorem proof : statement", "Theorem proof : True");
    rejected(kind.proof, "Theorem proof", "Definition statement := True.\nTheorem proof");
    rejected(kind.proof, "Print Assumptions proof.", "Print Assumptions I.");
    rejected(kind.proof, "Print Assumptions proof.", "");
    rejected(kind.proof, "vm_cast_no_check (eq_refl true)", "exact (eq_refl true)");
    rejected(kind.cert, "Definition ", "Definition  ");
    rejected("coq/_CoqProject", "-Q", "-arg -type-in-type\n-Q");
    rejected("coq/_CoqProject", "-Q", "-R . Coq\n-Q");
    rejected("coq/_CoqProject", "-Q", "-arg -load-vernac-source\n-arg /tmp/evil.v\n-Q");
    rejected("coq/Makefile", "\t", "\ttouch /tmp/evil\n\t");
  }
}

TEST_F(HostileBundle, other_manifests_are_mismatches) {
  for (const Kind& kind : kinds()) {
    const std::pair<std::string, std::string> edits[] = {
        {kind.spec, "../../" + kind.spec},
        {kind.spec, "/etc/passwd"},
        {".proof\"", ".other\""},
        {"\"words\": \"", "\"words\": \"surely "},
        {"\"tier\": \"", "\"tier\": \"closed or "},
        {"\"expected_axioms\": [", "\"expected_axioms\": [\"Evil.a\", "},
        {"\"omitted\": [", "\"omitted\": [{}, "},
        {"\"version\": 1", "\"version\": 1e0"}};
    for (const auto& [from, to] : edits) {
      expect_edit_refused(kind, "bundle.json", replacing(from, to),
                          ReplayStatus::statement_mismatch, "bundle.json");
    }
  }
}

/// Files that the theorem about floats needs, and the other does not.
bool is_of_floats(const std::string& path) {
  return path.starts_with("coq/gen/Float_") || path.ends_with("_float.v");
}

TEST_F(HostileBundle, what_the_theorem_about_floats_needs_is_compared_as_well) {
  options_.tier = "reals";
  for (const Kind& kind : kinds()) {
    for (const proofs::BundleFile& file : kind.bundle.files) {
      if (!is_of_floats(file.path)) continue;
      for (const std::string head : {"\n", "Unset Guard Checking.\n"}) {
        const std::string directory = write(kind.bundle);
        const std::string path = directory + "/" + file.path;
        write_text(path, head + text_of(path));
        const auto report = proofs::reconcile_coq(directory, {}, options_);
        ASSERT_TRUE(report && report->obligations.size() == 2) << path;
        const proofs::ObligationReplay& floats = report->obligations[1];
        EXPECT_NE(floats.detail.find(file.path), std::string::npos) << floats.detail;
        const bool states = file.path.find("Proof_") == std::string::npos;
        EXPECT_EQ(floats.status, head.size() > 1 ? ReplayStatus::axiom_violation
                                 : states        ? ReplayStatus::statement_mismatch
                                                 : ReplayStatus::rejected)
            << path;
      }
    }
  }
}

TEST_F(HostileBundle, no_byte_of_any_file_may_differ) {
  for (const Kind& kind : kinds()) {
    for (const proofs::BundleFile& file : kind.bundle.files) {
      if (file.path == kind.subject || is_of_floats(file.path)) continue;
      const auto flipped = [](const std::string& text) {
        std::string changed = text;
        changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
        return changed;
      };
      const bool read =
          file.path == proofs::bundle_refutation_path || file.path == proofs::bundle_tier_path;
      expect_edit_refused(kind, file.path, flipped, {}, read ? "" : file.path);
      expect_edit_refused(
          kind, file.path, [](const std::string& text) { return text + "\n"; }, {},
          read ? "" : file.path);
    }
  }
}

/// Changes to a file that leave another kind of thing at its path.
void put_something_else(const std::string& path, int which) {
  const std::string text = text_of(path);
  fs::remove(path);
  switch (which) {
    case 0: return;
    case 1: fs::create_directory(path); return;
    case 2: ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); return;
    case 3:
      write_text(path + ".real", text);
      fs::create_symlink(path + ".real", path);
      return;
    case 4:
      write_text(path, text);
      fs::resize_file(path, std::uintmax_t{1} << 40U);
      return;
    default: fs::create_symlink("/dev/zero", path);
  }
}

TEST_F(HostileBundle, absent_files_folders_pipes_links_devices_and_huge_files_are_refused) {
  for (const Kind& kind : kinds()) {
    for (const std::string& path : {std::string("bundle.json"), kind.spec, kind.cert, kind.proof,
                                    kind.subject, std::string("coq/Makefile")}) {
      for (int which = 0; which < 6; ++which) {
        if (which == 3 && path == kind.subject) continue;
        const std::string directory = write(kind.bundle);
        put_something_else(directory + "/" + path, which);
        expect_refused(directory, kind.name + " " + path + " " + std::to_string(which), {}, "");
        fs::remove_all(directory);
      }
    }
  }
}

TEST_F(HostileBundle, files_more_than_the_proof_gives_are_named) {
  for (const Kind& kind : kinds()) {
    for (const std::string path :
         {"coq/gen/Extra.v", "coq/gen/Spec_other.v", "coq/gen/List.vo", "coq/gen/spec_case0.v",
          "coq/core/List.v", "coq/bits/Coq.v", "coq/trace/.hidden", "coq/GNUmakefile",
          "coq/Makefile.all", "coq/Makefile.coq.local", "coq/.Makefile.all.d", "coq/.lia.cache",
          "coq/dune", "coq/dune-project", "coq/all", "coq/coqrc", "subjects/more",
          "coq/gen/a/b/c"}) {
      const std::string directory = original(kind.bundle);
      write_text(directory + "/" + path, "planted");
      expect_refused(directory, kind.name + " " + path, {}, path);
      fs::remove(directory + "/" + path);
    }
    const std::string directory = write(kind.bundle);
    fs::create_symlink("/etc", directory + "/coq/gen/etc");
    expect_refused(directory, kind.name + " link", ReplayStatus::rejected, "coq/gen/etc");
  }
}

TEST_F(HostileBundle, folders_that_are_links_are_refused) {
  for (const Kind& kind : kinds()) {
    for (const std::string folder : {"coq", "coq/gen"}) {
      const std::string directory = write(kind.bundle);
      fs::rename(directory + "/" + folder, directory + "/elsewhere");
      fs::create_directory_symlink(directory + "/elsewhere", directory + "/" + folder);
      expect_refused(directory, kind.name + " " + folder, {}, folder);
    }
  }
}

TEST_F(HostileBundle, another_kind_of_subject_is_refused) {
  for (const Kind& kind : kinds()) {
    for (const Kind& other : kinds()) {
      if (kind.subject == other.subject) continue;
      const std::string directory = write(kind.bundle);
      const auto* file = other.bundle.find(other.subject);
      ASSERT_NE(file, nullptr);
      write_text(directory + "/" + other.subject, std::string(core::as_text(file->bytes)));
      expect_refused(directory, other.name + " in " + kind.name, {}, "");
      fs::remove_all(directory);
    }
  }
}

TEST_F(HostileBundle, for_lean_is_refused_alike) {
  const auto bundle = proofs::export_lean(make_proof(
      dense_network({2, 2, 1}, 7), lower_bound_property(2, 1, "-50"), halving_tree(2, 1)));
  ASSERT_TRUE(bundle) << describe(bundle.error());
  const auto status_of = [&](const std::string& directory) {
    const auto report = proofs::reconcile_lean(directory, {}, {});
    if (!report) return ReplayStatus::rejected;
    for (const proofs::ObligationReplay& of : report->obligations) {
      if (of.status != ReplayStatus::emitted) return of.status;
    }
    return ReplayStatus::emitted;
  };
  const std::string clean = write(*bundle);
  write_text(clean + "/lean/.lake/build/x.olean", "left by lake");
  EXPECT_EQ(status_of(clean), ReplayStatus::emitted);
  EXPECT_EQ(proofs::reconcile_lean(clean, {}, {})->unread,
            std::vector<std::string>{"lean/.lake/build/x.olean"});
  for (const char* path : {"lean/Isotrace/Gen/Extra.lean", "lean/lakefile.lean", "lean/Init.lean",
                           "lean/Isotrace/Gen/Extra.olean"}) {
    const std::string directory = write(*bundle);
    write_text(directory + "/" + path, "planted");
    EXPECT_EQ(status_of(directory), ReplayStatus::rejected) << path;
  }
  for (const proofs::BundleFile& file : bundle->files) {
    const std::string path = original(*bundle) + "/" + file.path;
    const std::string text = text_of(path);
    write_text(path, text + "\n");
    EXPECT_NE(status_of(original(*bundle)), ReplayStatus::emitted) << file.path;
    write_text(path, text);
  }
}

}  // namespace
}  // namespace isotrace::tests
