#!/usr/bin/env python3
"""Keeps the house in order: who includes whom, and how large files, functions and the trusted base are.

    layers.py [ROOT]        check the source tree (default: two folders up); exit 1 and one line per problem
    layers.py --self-test   check that every rule finds what it is for, on small made-up trees

The rules are the table of docs/architecture.md. Python 3 standard library only.
"""

import re
import sys
import tempfile
from pathlib import Path

# What may include what. A room may always include itself; names of two parts are rooms of their own.
ROOMS = {
    "core": set(),
    "reference": {"core"},
    "bits": {"core"},
    "trace": {"core"},
    "wasm/numeric": {"core"},
    "wasm/witness": {"core", "trace", "wasm/numeric"},
    "wasm": {"core", "trace", "wasm/numeric", "wasm/witness"},
    "backends": {"core", "reference"},
    "executor": {"core", "reference", "trace", "wasm", "backends"},
    "referee": {"core", "trace", "wasm", "wasm/numeric", "wasm/witness", "backends", "executor"},
    "smt": {"core", "bits", "executor"},
    "proofs/checker": {"core"},
    "proofs/obligation": {"core", "bits", "wasm", "wasm/numeric"},
    "proofs": {"core", "trace", "reference", "bits", "wasm", "wasm/numeric", "backends", "executor", "smt",
               "proofs/checker", "proofs/obligation"},
    "certificates": {"core", "trace", "proofs/checker"},
    "signing": {"core", "trace", "proofs/checker", "certificates"},
    "tools": {"core", "reference", "trace", "bits", "wasm", "wasm/numeric", "wasm/witness", "backends",
              "executor", "referee", "smt", "proofs", "proofs/checker", "proofs/obligation", "certificates",
              "signing"},
}
FREE = {"tests"}  # may include everything
NO_CODE = {"docs", "fixtures", "cmake"}  # not looked at

CODE = {".cpp", ".hpp", ".h", ".cu", ".cuh", ".hip"}
TABLES = {".def", ".capnp"}  # no limit on their length

FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100  # as .clang-format says
# Dispatch loops of interpreters: one function by nature.
LONG_FUNCTION_FILES = set()

TRUSTED = {"core", "trace", "bits", "wasm/numeric", "wasm/witness", "proofs/checker", "proofs/obligation", "certificates"}
# Of the room wasm what says what a module is and that it is valid.
TRUSTED_FILES = {f"wasm/{name}" for name in (
    "decode.cpp", "decode.hpp", "decode_code.cpp", "decode_sections.cpp", "decode_sections.hpp",
    "function_validator.hpp", "instruction.cpp", "instruction.hpp", "module.cpp", "module.hpp", "reader.cpp",
    "reader.hpp", "type_stack.cpp", "type_stack.hpp", "types.cpp", "types.hpp", "validate.cpp", "validate.hpp",
    "validate_code.hpp", "validate_constant.cpp", "validate_function.cpp", "validate_operands.cpp")}
# Of these rooms what no judge needs: growing trees of hashes, conversions, random numbers and numbers as text, the writing and
# comparing of traces.
UNTRUSTED_FILES = {f"{name}{end}" for end in (".cpp", ".hpp") for name in (
    "core/blake3_tree", "core/convert", "core/philox", "core/text", "trace/compare", "trace/difference", "trace/writer")}
TRUSTED_LINES_MAX = 28_300

# Of proofs/checker what reads a program into a network, and a property: the rest judges proofs (docs/adr/0019).
READS = re.compile(r"proofs/checker/(lower_\w+|lowering|network_builder|window|convolution|moved_parts|vnnlib_\w+|property)\.")
RULES_LINES_MAX = 2_000  # without blank lines, comments and lone braces

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/'                                 # comments
    r'|R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'      # raw strings
    r'|"(?:[^"\\\n]|\\.)*"'                               # strings
    r"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'",              # characters, not digit separators
    re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)


def blank(match):
    """As many line ends as the text had, and a space so that words do not join."""
    return " " + "\n" * match.group(0).count("\n")


def without_comments(text):
    return TOKEN.sub(lambda m: blank(m) if m.group(0).startswith("/") else m.group(0), text)


def room_of(path):
    """The room of a path relative to the root, or None."""
    parts = path.parts
    if "/".join(parts[:2]) in ROOMS:
        return "/".join(parts[:2])
    return parts[0] if len(parts) > 1 and (parts[0] in ROOMS or parts[0] in FREE) else None


def find_sources(root):
    """Paths relative to the root of all code and tables outside hidden, build and data folders."""
    for top in sorted(root.iterdir()):
        hidden = top.name.startswith((".", "build"))
        if not top.is_dir() or top.is_symlink() or hidden or top.name in NO_CODE:
            continue
        for path in sorted(top.rglob("*")):
            if path.suffix in CODE | TABLES and path.is_file():
                yield path.relative_to(root)


def find_included(root, path, mark, name):
    """The file of the tree that an include names; None if it is outside the tree."""
    if name.startswith("isotrace/"):
        return Path(name[len("isotrace/"):])
    if mark == '"':
        for base in (root / path.parent, root):
            if (base / name).is_file():
                return (base / name).resolve().relative_to(root.resolve())
    return None


def is_trusted(path):
    name = path.as_posix()
    return name in TRUSTED_FILES or room_of(path) in TRUSTED and name not in UNTRUSTED_FILES


def judges_proofs(path):
    name = path.as_posix()
    return room_of(path) == "proofs/checker" and not READS.match(name)


def count_code(text):
    """Lines that hold more than comments, braces and what ends a declaration."""
    return sum(1 for line in without_comments(text).split("\n") if line.strip(" \t{}();,"))


def check_includes(root, path, text, problems):
    """Judges the includes of one file and returns those that are in the tree."""
    room = room_of(path)
    included = []
    for match in INCLUDE.finditer(without_comments(text)):
        target = find_included(root, path, *match.groups())
        if target is None:
            continue
        if not (root / target).is_file():
            problems.append(f"{path}: includes {target}, which does not exist")
            continue
        included.append(target)
        other = room_of(target)
        if is_trusted(path) and other in ROOMS and other in ROOMS[room] | {room} and not is_trusted(target):
            problems.append(f"{path}: trusted, and includes {target}, which is not")
        if room in FREE or other == room:
            continue
        if other not in ROOMS[room]:
            problems.append(f"{path}: {room} must not include {other or 'no room'} ({target})")
    return included


def find_cycles(graph):
    """One message per cycle of includes that a depth-first walk closes."""
    state = {}  # 1: on the path, 2: done
    found = []

    def visit(start):
        stack = [(start, iter(graph.get(start, ())))]
        state[start] = 1
        while stack:
            node, rest = stack[-1]
            step = next(rest, None)
            if step is None:
                state[node] = 2
                stack.pop()
            elif state.get(step) == 1:
                walk = [n for n, _ in stack]
                cycle = walk[walk.index(step):] + [step]
                found.append("circular include: " + " -> ".join(str(n) for n in cycle))
            elif step not in state:
                state[step] = 1
                stack.append((step, iter(graph.get(step, ()))))

    for node in graph:
        if node not in state:
            visit(node)
    return found


def opens_function(head):
    """Whether the text before a brace at namespace or class scope is a function's head."""
    if re.match(r"\s*(?:(?:inline|export)\s+)*(?:namespace|extern\s*$)\b", head) or "(" not in head:
        return False
    if re.search(r"=\s*$", head):  # an initialiser
        return False
    return re.match(r"\s*(?:template\s*<.*>\s*)?(?:enum|struct|class|union)\b[^(]*$", head,
                    re.DOTALL) is None


def find_functions(text):
    """(first line, number of lines) of each function body; None if the braces do not balance."""
    text = DIRECTIVE.sub(blank, TOKEN.sub(blank, text))
    functions, stack, begin, line = [], [], 0, 1
    for at, char in enumerate(text):
        if char == "\n":
            line += 1
        elif char == "{":
            inside = any(is_function for is_function, _ in stack)
            stack.append((not inside and opens_function(text[begin:at]), line))
            begin = at + 1
        elif char == "}":
            if not stack:
                return None
            is_function, first = stack.pop()
            if is_function:
                functions.append((first, line - first + 1))
            begin = at + 1
        elif char == ";":
            begin = at + 1
    return None if stack else functions


def check_sizes(path, text, problems):
    if path.suffix in TABLES:
        return
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        problems.append(f"{path}: {lines} lines, at most {FILE_LINES_MAX}")
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > COLUMNS_MAX:
            problems.append(f"{path}:{number}: {len(line)} columns, at most {COLUMNS_MAX}")
    if str(path) in LONG_FUNCTION_FILES:
        return
    for first, count in find_functions(text) or ():
        if count > FUNCTION_LINES_MAX:
            problems.append(f"{path}:{first}: a function of {count} lines, at most {FUNCTION_LINES_MAX}")


def check_tree(root):
    """Returns the problems and a line of figures."""
    problems, graph, trusted, rules = [], {}, 0, 0
    for path in find_sources(root):
        text = (root / path).read_text(encoding="utf-8", errors="replace")
        room = room_of(path)
        if room is None:
            problems.append(f"{path}: belongs to no room")
            continue
        graph[path] = check_includes(root, path, text, problems)
        check_sizes(path, text, problems)
        if is_trusted(path):
            trusted += text.count("\n")
        if judges_proofs(path):
            rules += count_code(text)
    problems += find_cycles(graph)
    if trusted > TRUSTED_LINES_MAX:
        problems.append(f"trusted base ({', '.join(sorted(TRUSTED))}): {trusted} lines, at most "
                        f"{TRUSTED_LINES_MAX}")
    if rules > RULES_LINES_MAX:
        problems.append(f"rules that judge proofs (proofs/checker): {rules} lines of code, at most {RULES_LINES_MAX}")
    figures = (f"{len(graph)} files, trusted base {trusted} of {TRUSTED_LINES_MAX} lines, "
               f"rules that judge proofs {rules} of {RULES_LINES_MAX} lines of code")
    return problems, figures


# ---- self-test

def include(path):
    return f"#include <isotrace/{path}>\n"


def function_of(lines):
    return "namespace a {\nint f(int x) {\n" + "  ++x;\n" * (lines - 3) + "  return x;\n}\n}\n"


CORE = {"core/a.hpp": "#pragma once\n", "trace/t.hpp": include("core/a.hpp"),
        "proofs/checker/c.hpp": include("core/a.hpp"), "proofs/search/s.hpp": include("core/a.hpp"),
        "executor/e.hpp": include("trace/t.hpp")}

# name, files on top of CORE, what one problem must say (None: no problem)
CASES = [
    ("clean tree", {}, None),
    ("allowed includes", {"certificates/v.cpp": include("trace/t.hpp") + include("proofs/checker/c.hpp"),
                          "tools/m.cpp": include("proofs/search/s.hpp"),
                          "tests/x/t.cpp": '#include "tests/x/h.hpp"\n', "tests/x/h.hpp": ""}, None),
    ("upward", {"core/b.cpp": include("trace/t.hpp")}, "core must not include trace"),
    ("same floor", {"reference/r.cpp": include("trace/t.hpp")}, "reference must not include trace"),
    ("not in the table", {"smt/s.cpp": include("trace/t.hpp")}, "smt must not include trace"),
    ("checker", {"proofs/checker/d.cpp": include("proofs/search/s.hpp")},
     "proofs/checker must not include proofs "),
    ("checker of traces", {"proofs/checker/d.cpp": include("trace/t.hpp")},
     "proofs/checker must not include trace"),
    ("step verifier and engine", {"wasm/witness/w.cpp": include("wasm/s.hpp"), "wasm/s.hpp": ""},
     "wasm/witness must not include wasm "),
    ("verification and signing", {"certificates/v.cpp": include("signing/k.hpp"), "signing/k.hpp": ""},
     "certificates must not include signing "),
    ("obligation and decoder", {"proofs/obligation/o.cpp": include("wasm/module.hpp"), "wasm/module.hpp": ""}, None),
    ("obligation and engine", {"proofs/obligation/o.cpp": include("wasm/stepper.hpp"), "wasm/stepper.hpp": ""},
     "trusted, and includes wasm/stepper.hpp"),
    ("decoder and engine", {"wasm/module.hpp": include("wasm/stepper.hpp"), "wasm/stepper.hpp": ""},
     "trusted, and includes wasm/stepper.hpp"),
    ("reader and writer", {"trace/reader.hpp": include("trace/writer.hpp"), "trace/writer.hpp": ""},
     "trusted, and includes trace/writer.hpp"),
    ("certificates and search", {"certificates/v.cpp": include("proofs/search/s.hpp")},
     "certificates must not include proofs "),
    ("tests from a room", {"core/b.cpp": '#include "tests/x/h.hpp"\n', "tests/x/h.hpp": ""},
     "core must not include tests"),
    ("relative path", {"core/b.cpp": '#include "../trace/t.hpp"\n'}, "core must not include trace"),
    ("spaces", {"core/b.cpp": "  #  include  <isotrace/trace/t.hpp>\n"}, "core must not include trace"),
    ("missing file", {"core/b.cpp": include("core/gone.hpp")}, "does not exist"),
    ("in a comment", {"core/b.cpp": "// #include <isotrace/trace/t.hpp>\n/*\n" +
                      include("trace/t.hpp") + "*/\n"}, None),
    ("after a string with a comment mark", {"core/b.cpp": 'auto s = "/*";\n' + include("trace/t.hpp") +
                                            'auto t = "*/";\n'}, "core must not include trace"),
    ("cycle of two", {"core/b.hpp": include("core/c.hpp"), "core/c.hpp": include("core/b.hpp")},
     "circular include: core/b.hpp -> core/c.hpp -> core/b.hpp"),
    ("cycle of one", {"core/b.hpp": include("core/b.hpp")}, "circular include"),
    ("diamond", {"core/b.hpp": include("core/a.hpp"), "core/c.hpp": include("core/a.hpp"),
                 "core/d.cpp": include("core/b.hpp") + include("core/c.hpp")}, None),
    ("no room", {"misc/m.cpp": ""}, "belongs to no room"),
    ("file of 800 lines", {"core/b.cpp": "\n" * 800}, None),
    ("file of 801 lines", {"core/b.cpp": "\n" * 801}, "801 lines"),
    ("line of 100 columns", {"core/b.cpp": "//" + "x" * 98 + "\n"}, None),
    ("line of 101 columns", {"core/b.cpp": "\n//" + "x" * 99 + "\n"}, "core/b.cpp:2: 101 columns"),
    ("long row of a table", {"core/b.def": "X" * 200 + "\n"}, None),
    ("long table", {"core/b.def": "\n" * 2000}, None),
    ("function of 70 lines", {"core/b.cpp": function_of(70)}, None),
    ("function of 71 lines", {"core/b.cpp": function_of(71)}, "core/b.cpp:2: a function of 71 lines"),
    ("long method", {"core/b.hpp": "struct S {\n  int f() const {\n" + "\n" * 80 + "  }\n};\n"},
     "a function of 82 lines"),
    ("long namespace, class and table", {"core/b.cpp": "namespace a {\nstruct S {\n" + "int x;\n" * 99 +
                                         "};\nconst int t[] = {\n" + "1,\n" * 99 + "};\n}\n"}, None),
    ("braces in strings and digits", {"core/b.cpp": "void f() { g(\"}{{\", '{', 1'000, R\"(}\")\"); }\n" +
                                      function_of(71)}, "a function of 71 lines"),
    ("trusted base", {f"core/b{i}.cpp": "\n" * 800 for i in range(TRUSTED_LINES_MAX // 800 + 1)}, "trusted base"),
    ("large and of no judge", {"trace/writer.cpp": "\n" * 800,
                               **{f"core/b{i}.cpp": "\n" * 800 for i in range((TRUSTED_LINES_MAX - 1) // 800)}}, None),
    ("rules that judge proofs", {f"proofs/checker/r{i}.cpp": "int x;\n" * 500 for i in range(5)},
     "rules that judge proofs (proofs/checker): 2501 lines of code, at most 2000"),
    ("comments and braces judge nothing",
     {f"proofs/checker/r{i}.cpp": "int x;\n" * 499 + "// x\n/* y;\nz;\n*/\n\n}\n" * 40 for i in range(4)}, None),
    ("files that read networks and properties judge nothing",
     {f"proofs/checker/{name}.cpp": "int x;\n" * 500
      for name in ("lower_conv", "lowering", "network_builder", "window", "vnnlib_lexer", "property")}, None),
    ("large elsewhere", {f"executor/b{i}.cpp": "\n" * 800 for i in range(13)}, None),
]


def run_case(files, expected):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in {**CORE, **files}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        problems, _ = check_tree(root)
    if expected is None:
        return problems == [], problems
    return len(problems) == 1 and expected in problems[0], problems


def self_test():
    failed = 0
    for name, files, expected in CASES:
        passed, problems = run_case(files, expected)
        if not passed:
            failed += 1
            print(f"self-test {name}: expected {expected!r}, found {problems}")
    print(f"self-test: {len(CASES) - failed} of {len(CASES)} cases as expected")
    return 1 if failed else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) > 1 or any(a.startswith("-") for a in arguments):
        print(__doc__)
        return 2
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[2]
    problems, figures = check_tree(root)
    for problem in problems:
        print(problem)
    print(figures)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
