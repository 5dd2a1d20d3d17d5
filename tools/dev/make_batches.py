#!/usr/bin/env python3
"""Says which sources may be compiled together (ISOTRACE_UNITY, cmake/IsotraceUnity.cmake).

usage: make_batches.py SIZE SOURCES BATCHES
       make_batches.py --self-test

SOURCES has lines `DIRECTORY;TARGET;FILE`; BATCHES becomes a script of CMake that gives sources their group.
Compiling files together must not change what one of them means. So two files share a batch only if no name
that one of them declares for itself (in an anonymous namespace, as a static, a constant, a type or by `using`)
stands in the other, or in a header that only the other includes, where the name could be looked up, and if their
using directives are the same. A file
that leaves a macro or a pragma behind stays alone. What is taken for a name is taken by the look of the text,
too often rather than too seldom; the few that stay apart needlessly cost little.
"""
import collections
import pathlib
import re
import sys
import tempfile

STRINGS = re.compile(r'R"(\w*)\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])\'', re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
LEFT_BEHIND = re.compile(r"^[ \t]*#\s*(?:define|pragma)\b", re.M)
USED = re.compile(r"(?<![\w.:>])[A-Za-z_]\w*|(?<=[^-]>)[A-Za-z_]\w*|(?<=[^:]:)[A-Za-z_]\w*|(?<=\.\.\.)[A-Za-z_]\w*")
NAMESPACE = re.compile(r"\bnamespace\b\s*([\w:]*)\s*$")
TYPE = re.compile(r"\b(?:struct|class|union|enum(?:\s+class)?)\s+(?:[\w:]*::)?(\w+)")
LOCAL = re.compile(r"^(?:\[\[.*?\]\]\s*)?(?:template\s*<.*?>\s*)?(?:inline\s+)?(?:static|const|constexpr|using|typedef)\b")
MACRO_CALL = re.compile(r"^(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP|INSTANTIATE_TEST_SUITE_P|BENCHMARK\w*|static_assert)\b")

INCLUDE = re.compile(r'^[ \t]*#\s*include\s*(?:<isotrace/([^>]+)>|"([^"]+)")', re.M)

File = collections.namedtuple("File", "own used directives alone includes")


class Headers:
    """Which of the project's headers a file includes, directly or not, and in which of them a name stands."""

    def __init__(self, root):
        self.root, self.parsed = root, {}

    def of(self, folder, includes, found=None):
        found = set() if found is None else found
        for own, near in includes:
            for path in [self.root / own] if own else [folder / near, self.root / near]:
                path = path.resolve()
                if path.is_file() and path not in found:
                    found.add(path)
                    if path not in self.parsed:
                        self.parsed[path] = parse(path.read_text())
                    self.of(path.parent, self.parsed[path].includes, found)
        return found

    def mention(self, name, paths):
        return any(name in self.parsed[path].used for path in paths)


def heads(text):
    """What stands at namespace level before each { or ; with the names of the namespaces around it."""
    stack, start = [], 0
    for mark in re.finditer(r"[{};]", text):
        head = text[start:mark.start()]
        level = all(name is not None for name in stack)
        if mark.group() == "{":
            found = NAMESPACE.search(head[-200:])
            if level and not found:
                yield tuple(stack), " ".join(head.split())
            stack.append(found.group(1) if found and level else None)
        elif mark.group() == "}":
            if stack:
                stack.pop()
        elif level:
            yield tuple(stack), " ".join(head.split())
        start = mark.end()


def declared_names(head):
    if MACRO_CALL.match(head):
        return set()
    if head.startswith("using "):
        return {re.split(r"\s*=", head[6:])[0].split("::")[-1].strip()}
    names = set(TYPE.findall(head)) if "(" not in head else set()
    if "operator" in head:
        return names
    before = re.split(r"=(?!=)", head)[0]
    call = re.search(r"(\w+)\s*\(", re.sub(r"\b(?:decltype|alignas|noexcept|requires)\s*\(", "<", before))
    last = re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)*$", before)
    if call:
        names.add(call.group(1))
    elif last:
        names.add(last.group(1))
    return names


def parse(raw):
    text = STRINGS.sub(lambda found: ' ""' if found.group()[0] in "R\"'" else " ", raw)
    includes = INCLUDE.findall(raw)
    alone = bool(LEFT_BEHIND.search(text))
    text = DIRECTIVE.sub("", text)
    own, directives = {}, set()
    for around, head in heads(text):
        if head.startswith("using namespace"):
            directives.add((around, head))
        elif "" in around or LOCAL.match(head) or (TYPE.search(head) and "(" not in head):
            for name in declared_names(head):
                # A `using` of the same thing may stand in both.
                own.setdefault(name, set()).add(head if head.startswith("using ") and "=" not in head else None)
    return File(own, frozenset(USED.findall(text)), frozenset(directives), alone, includes)


class Source:
    def __init__(self, path, content, headers):
        self.path, self.content, self.headers = path, content, headers
        self.included = headers.of(pathlib.Path(path).parent, content.includes)

    def disturbs(self, other):
        news = other.included - self.included
        for name, own_heads in self.content.own.items():
            if self.headers.mention(name, news):
                return True
            if name in other.content.used and (None in own_heads or other.content.own.get(name) != own_heads):
                return True
        return False

    def goes_with(self, other):
        if self.content.alone or other.content.alone or self.content.directives != other.content.directives:
            return False
        return not self.disturbs(other) and not other.disturbs(self)


def batches_of(sources, size):
    """First fit: a file joins the first batch that is not full and whose files it goes with."""
    batches = []
    for source in sources:
        for batch in batches:
            if len(batch) < size and all(source.goes_with(other) for other in batch):
                batch.append(source)
                break
        else:
            batches.append([source])
    return [[source.path for source in batch] for batch in batches]


def self_test():
    texts = {
        "one": "namespace a { namespace { int twice(int x) { return 2 * x; } } int f() { return twice(1); } }",
        "same name": "namespace a { namespace { int twice(long x); } }",
        "use": "namespace a { int g() { return twice(2L); } }",
        "member": 'namespace a { int h(B b) { return b.twice() + c::twice(3) + "twice"[0]; } } // twice',
        "type": "namespace a { struct Row { int x; }; }",
        "type used": "namespace a { Row i(); }",
        "macro": "#define twice 2\n",
        "directive": "using namespace a;\nint j();",
        "using": "namespace a { using core::Bytes; Bytes k(); }",
        "using the same": "namespace a { using core::Bytes; Bytes l(); }",
        "using another": "namespace a { using std::Bytes; Bytes m(); }",
    }
    files, headers = {name: parse(text) for name, text in texts.items()}, Headers(pathlib.Path("."))

    def together(*names):
        return len(batches_of([Source(name, files[name], headers) for name in names], 8)) == 1

    assert not together("one", "same name") and not together("one", "use") and not together("use", "one")
    assert together("one", "member") and not together("type", "type used") and together("one", "type")
    assert not together("macro", "type") and not together("type", "macro")
    assert not together("directive", "one") and together("using", "using the same")
    assert not together("using", "using another")
    assert [len(batch) for batch in batches_of([Source(str(n), files["member"], headers) for n in range(5)], 2)] == [2, 2, 1]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "first.hpp").write_text("#include <isotrace/second.hpp>\n")
        (root / "second.hpp").write_text("namespace a { void twice(double); }")
        headers = Headers(root)
        files["header"] = parse("#include <isotrace/first.hpp>\n")
        files["knows it"] = parse("#include <isotrace/second.hpp>\n" + texts["one"])
        assert not together("one", "header") and not together("header", "one") and together("header", "knows it")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    size, sources, script = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    targets, seen = collections.OrderedDict(), set()
    for line in pathlib.Path(sources).read_text().splitlines():
        directory, target, path = line.split(";")
        # A source of two targets in one folder has one group: that of the first.
        if (directory, path) not in seen:
            seen.add((directory, path))
            targets.setdefault((directory, target), []).append(path)
    lines, units, headers = [], 0, Headers(pathlib.Path(__file__).resolve().parents[2])
    for (directory, target), paths in targets.items():
        files = [Source(path, parse(pathlib.Path(path).read_text()), headers) for path in paths]
        for number, batch in enumerate(batches_of(files, size)):
            units += 1
            if len(batch) > 1:
                files = " ".join(f'"{path}"' for path in batch)
                lines.append(f'set_source_files_properties({files} DIRECTORY "{directory}"\n'
                             f'  PROPERTIES UNITY_GROUP {target}_{number})\n')
    pathlib.Path(script).write_text("".join(lines))
    print(f"{len(seen)} sources in {units} units")


if __name__ == "__main__":
    main()
