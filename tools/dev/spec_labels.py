#!/usr/bin/env python3
"""Checks that every operation is specified, defined and tested.

For each label of core/ops.def there must be a heading in docs/spec/*.md that contains it, a citation
"[label]" in reference/, and one in tests/reference/. Control flow is not in the reference but in the
executor: its labels are cited in executor/control_flow*.cpp and tests/executor/. Citations and headings of labels that
ops.def does not know are errors too. Exit 0 if all agree, 1 otherwise.

Usage: spec_labels.py [source root]
"""

import pathlib
import re
import sys

LABEL = r"[a-z]+\.[a-z0-9_]+"


def read_all(root, patterns):
    files = sorted(path for pattern in patterns for path in root.glob(pattern))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    rows = re.findall(r'^ISOTRACE_(?:OP|CONTROL)\(.*"(%s)"\)$' % LABEL, (root / "core/ops.def").read_text(), re.M)
    labels = set(rows)
    families = {label.split(".")[0] for label in labels}
    problems = [f"ops.def: {label} stands twice" for label in labels if rows.count(label) > 1]
    if not labels:
        problems.append("ops.def: no labels found")

    headings = re.findall(r"^#+ .*$", read_all(root, ["docs/spec/*.md"]), re.M)
    places = {
        "docs/spec (heading)": {m for line in headings for m in re.findall(LABEL, line)},
        "reference (citation)": set(
            re.findall(r"\[(%s)\]" % LABEL,
                       read_all(root, ["reference/**/*.cpp", "executor/control_flow*.cpp"]))),
        "tests/reference (citation)": set(
            re.findall(r"\[(%s)\]" % LABEL,
                       read_all(root, ["tests/reference/**/*.cpp", "tests/executor/control_*.cpp"]))),
    }
    for place, found in places.items():
        problems += [f"{place}: {label} is missing" for label in labels - found]
        problems += [f"{place}: {label} is not in ops.def"
                     for label in found - labels if label.split(".")[0] in families]

    for problem in sorted(problems):
        print(problem)
    print(f"{len(labels)} labels, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
