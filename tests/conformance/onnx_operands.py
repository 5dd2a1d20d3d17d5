"""Operands, cases and one-node models for the differential test: random values, in ONNX's own bytes (standard library only)."""
import math
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import onnx_bytes as ob  # noqa: E402

#: kind: code of struct, ONNX's element type, ONNX Runtime's name
KINDS = {"f4": ("f", 1, "float32"), "f8": ("d", 11, "float64"), "f2": ("e", 10, "float16"), "i1": ("b", 3, "int8"),
         "u1": ("B", 2, "uint8"), "i2": ("h", 5, "int16"), "u2": ("H", 4, "uint16"), "i4": ("i", 6, "int32"),
         "u4": ("I", 12, "uint32"), "i8": ("q", 7, "int64"), "u8": ("Q", 13, "uint64"), "?": ("?", 9, "bool")}
BY_NAME = {name: kind for kind, (_, _, name) in KINDS.items()}
REALS = ("f4", "f8")
INTEGERS = ("i4", "i8")
NUMBERS = ("f4", "f8", "i4", "i8", "i1", "u1", "i2", "u2", "u4", "u8")


class Operand:
    def __init__(self, kind, dims, data, fixed=False):
        self.kind, self.dims, self.data, self.fixed = kind, list(dims), list(data), fixed

    def raw(self):
        return struct.pack(f"<{len(self.data)}{KINDS[self.kind][0]}", *self.data)

    def tensor(self, name):
        return ob.tensor(name, KINDS[self.kind][1], self.dims, self.raw())


class Case:
    """One operation with operands (None: left out), attributes and a number of outputs."""

    def __init__(self, operation, operands, outputs=1, **attributes):
        self.operation, self.operands, self.outputs = operation, operands, outputs
        self.attributes = {name: value for name, value in attributes.items() if value is not None}


def values(r, dims, kind, low=-4, high=4):
    count = math.prod(dims)
    if kind == "?":
        return Operand(kind, dims, [r.random() < 0.5 for _ in range(count)])
    if kind in ("f4", "f8", "f2"):
        return Operand(kind, dims, [r.uniform(low, high) for _ in range(count)])
    low = max(low, 0) if kind[0] == "u" else low
    return Operand(kind, dims, [r.randint(int(low), int(high)) for _ in range(count)])


def distinct(r, dims, kind):
    """Every number once, so that no order among equals is asked for."""
    return Operand(kind, dims, r.sample(range(math.prod(dims)), math.prod(dims)))


def scalar(kind, value, fixed=False):
    return Operand(kind, [], [value], fixed)


def ints(*items, kind="i8", fixed=False):
    return Operand(kind, [len(items)], items, fixed)


def shape(r, low=0, high=4, size=5, zero=0.03):
    return [0 if r.random() < zero else r.randint(1, size) for _ in range(r.randint(low, high))]


def some(r, p=0.5):
    return r.random() < p


def maybe(r, value, p=0.5):
    return value if r.random() < p else None


def broadcast(r, count=2, **limits):
    full = shape(r, **limits)
    shapes = []
    for _ in range(count):
        own = [1 if some(r, 0.25) else n for n in full]
        shapes.append(own[r.randint(0, len(own)):] if some(r, 0.3) else own)
    return shapes


def axis_of(r, rank, negative=True):
    return r.randint(-rank if negative else 0, rank - 1)


def attribute(name, value):
    """An AttributeProto by the type of its value."""
    head = ob.field(1, name)
    if isinstance(value, float):
        return head + b"\x15" + struct.pack("<f", value) + ob.field(20, 1)
    if isinstance(value, int):
        return head + ob.field(3, value & (1 << 64) - 1) + ob.field(20, 2)
    if isinstance(value, str):
        return head + ob.field(4, value) + ob.field(20, 3)
    if isinstance(value, Operand):
        return head + ob.field(5, value.tensor("t")) + ob.field(20, 4)
    if isinstance(value, bytes):  # a graph
        return head + ob.field(6, value) + ob.field(20, 5)
    if value and isinstance(value[0], float):
        return head + b"".join(b"\x3d" + struct.pack("<f", v) for v in value) + ob.field(20, 6)
    if value and isinstance(value[0], str):
        return head + b"".join(ob.field(9, v) for v in value) + ob.field(20, 8)
    return head + b"".join(ob.field(8, v & (1 << 64) - 1) for v in value) + ob.field(20, 7)


def node(operation, inputs, outputs, attributes=()):
    return ob.node(operation, inputs, outputs, b"".join(ob.field(5, a) for a in attributes))


def open_graph(nodes, inputs, outputs, initializers):
    """Outputs without types, which whoever runs it infers."""
    return ob.graph("g", nodes, inputs, [ob.field(1, name) for name in outputs], initializers)


class Model:
    """The case as a model: operands become inputs, with sizes or without, initialisers or constants; the node stands
    in the graph or in a branch."""

    def __init__(self, r, case, opset):
        self.feeds, self.outputs = [], [f"y{i}" for i in range(case.outputs)]
        names, inputs, self.kept = [], [], []
        for i, operand in enumerate(case.operands):
            names.append(f"x{i}" if operand else "")
            if not operand:
                continue
            if operand.fixed or (i > 0 and some(r, 0.4)):
                self.kept.append((names[-1], operand))
            else:
                self.feeds.append((names[-1], operand))
                dims = [f"d{i}_{j}" for j in range(len(operand.dims))] if some(r, 0.25) else operand.dims
                inputs.append(ob.value_info(names[-1], KINDS[operand.kind][1], dims))
        while names and not names[-1]:
            names.pop()
        self.names, self.inputs, self.opset = names, inputs, opset
        self.attributes = [attribute(k, v) for k, v in case.attributes.items()]
        self.bytes = ob.model(self.graph(r, case.operation), opset)

    def graph(self, r, operation):
        constants = [operand.tensor(name) for name, operand in self.kept]
        place = r.random()
        if place < 0.15:  # in both branches of an If, with operands from around it
            branches = [attribute(key, open_graph([node(operation, self.names, [key[0] + o for o in self.outputs],
                                                        self.attributes)], [], [key[0] + o for o in self.outputs], []))
                        for key in ("then_branch", "else_branch")]
            constants.append(scalar("?", True).tensor("go"))
            return open_graph([node("If", ["go"], self.outputs, branches)], self.inputs, self.outputs, constants)
        nodes = [node(operation, self.names, self.outputs, self.attributes)]
        if place < 0.3 and self.opset >= 9:
            nodes = [node("Constant", [], [name], [attribute("value", operand)]) for name, operand in self.kept] + nodes
            constants = []
        return open_graph(nodes, self.inputs, self.outputs, constants)
