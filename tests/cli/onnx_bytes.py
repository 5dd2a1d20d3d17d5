"""ONNX models byte by byte (protobuf's wire format), for tests that need one of a given size."""
import struct


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def value_info(name, element, dims):
    """Dimensions are numbers, or names of open ones."""
    shape = b"".join(field(1, field(1, d) if isinstance(d, int) else field(2, d)) for d in dims)
    return field(1, name) + field(2, field(1, field(1, element) + field(2, shape)))


def sequence_info(name, element):
    return field(1, name) + field(2, field(4, field(1, field(1, field(1, element)))))


def node(operation, inputs, outputs, attributes=b""):
    return (b"".join(field(1, name) for name in inputs) + b"".join(field(2, name) for name in outputs)
            + field(4, operation) + attributes)


def tensor(name, element, dims, raw):
    return b"".join(field(1, d) for d in dims) + field(2, element) + field(8, name) + field(9, raw)


def graph(name, nodes, inputs, outputs, initializers=()):
    return (b"".join(field(1, n) for n in nodes) + field(2, name) + b"".join(field(5, t) for t in initializers)
            + b"".join(field(11, v) for v in inputs) + b"".join(field(12, v) for v in outputs))


def model(graph_bytes, opset=17):
    return field(1, 8) + field(7, graph_bytes) + field(8, field(1, "") + field(2, opset))


FLOAT, INT64, BOOL = 1, 7, 9


def counting_loop(iterations, size=64):
    """y = x + 1 + ... + 1: every iteration is a step of its own."""
    body = graph("body", [node("Identity", ["go"], ["go_on"]), node("Add", ["v", "one"], ["w"])],
                 [value_info("i", INT64, []), value_info("go", BOOL, []), value_info("v", FLOAT, [size])],
                 [value_info("go_on", BOOL, []), value_info("w", FLOAT, [size])],
                 [tensor("one", FLOAT, [], struct.pack("<f", 1))])
    attribute = field(5, field(1, "body") + field(6, body) + field(20, 5))
    return model(graph("count", [node("Loop", ["n", "", "x"], ["y"], attribute)],
                       [value_info("x", FLOAT, [size])], [value_info("y", FLOAT, [size])],
                       [tensor("n", INT64, [], struct.pack("<q", iterations))]))


def packing():
    """s = the sequence of x f32 [2] and -x."""
    return model(graph("pack", [node("Neg", ["x"], ["m"]), node("SequenceConstruct", ["x", "m"], ["s"])],
                       [value_info("x", FLOAT, [2])], [sequence_info("s", FLOAT)]))


def picking(place):
    """y = one tensor of the sequence s."""
    return model(graph("pick", [node("SequenceAt", ["s", "i"], ["y"])], [sequence_info("s", FLOAT)],
                       [value_info("y", FLOAT, [2])], [tensor("i", INT64, [], struct.pack("<q", place))]))


def rows_times_two(batch):
    """y = x + x for x of [batch, 4]; the batch is a number or the name of an open dimension."""
    return model(graph("double", [node("Add", ["x", "x"], ["y"])], [value_info("x", FLOAT, [batch, 4])],
                       [value_info("y", FLOAT, [batch, 4])]))
