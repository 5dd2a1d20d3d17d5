"""Random cases of single operations by operator set: elements, reductions, movement. What ONNX leaves open, or where ONNX
Runtime is known not to do what ONNX says, is not asked (the reason stands beside it)."""
import math

from onnx_operands import (Case, INTEGERS, NUMBERS, Operand, REALS, axis_of, broadcast, distinct, ints, maybe, scalar, shape,
                           some, values)


def binary(kinds, low=-4, high=4, nonzero=False):
    def make(r, opset, op):
        kind = r.choice(kinds)
        x, y = (values(r, dims, kind, low, high) for dims in broadcast(r))
        if nonzero:
            y.data = [v or 1 for v in y.data]
        return Case(op, [x, y], fmod=(1 if kind in REALS else r.randint(0, 1)) if op == "Mod" else None,
                    direction=r.choice(["LEFT", "RIGHT"]) if op == "BitShift" else None)
    return make


def unary(kinds, low=-4, high=4, **attributes):
    def make(r, opset, op):
        return Case(op, [values(r, shape(r), r.choice(kinds), low, high)],
                    **{name: maybe(r, value) for name, value in attributes.items()})
    return make


def variadic(kinds):
    def make(r, opset, op):
        kind = r.choice(kinds)
        return Case(op, [values(r, dims, kind) for dims in broadcast(r, r.randint(1, 4), zero=0)])
    return make


def clip(r, opset, op):
    if opset < 11:
        return Case(op, [values(r, shape(r), "f4")], min=maybe(r, -1.5), max=maybe(r, 2.5))
    kind = r.choice(REALS + (("i4", "i8", "i1", "u1") if opset >= 12 else ()))
    return Case(op, [values(r, shape(r), kind, -6, 6), maybe(r, scalar(kind, 1)), maybe(r, scalar(kind, r.choice([3, 0])))])


def cast(r, opset, op):
    return Case(op, [values(r, shape(r), r.choice(NUMBERS + ("?",)), 0, 100)], to=r.choice([1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 13]))


def where(r, opset, op):
    a, b, c = broadcast(r, 3)
    kind = r.choice(["f4", "i4", "i8", "u1"])
    return Case(op, [values(r, a, "?"), values(r, b, kind), values(r, c, kind)])


def along_rows(r, opset, op):
    dims = shape(r, 1, 4, zero=0)
    return Case(op, [values(r, dims, "f4")], axis=axis_of(r, len(dims), opset >= 11))


def reduction(kinds, as_input):
    def make(r, opset, op):
        dims = shape(r, 1, 4, zero=0)
        kind = r.choice(kinds)
        # Products of integers: ONNX Runtime saturates, where ONNX's own reference wraps.
        x = values(r, dims, kind, 1 if op in ("ReduceProd", "ReduceLogSum") else -4, 1 if op == "ReduceProd" else 4)
        axes = [a - len(dims) if opset >= 11 and some(r) else a for a in r.sample(range(len(dims)), r.randint(1, len(dims)))]
        keep = maybe(r, r.randint(0, 1), 0.8)
        if opset < as_input:
            return Case(op, [x], axes=maybe(r, axes, 0.8), keepdims=keep)
        given = r.choice([ints(*axes), ints(*axes), ints(), None])
        return Case(op, [x, given], keepdims=keep, noop_with_empty_axes=maybe(r, r.randint(0, 1)))
    return make


def extreme_place(r, opset, op):
    dims = shape(r, 1, 4, zero=0)
    return Case(op, [values(r, dims, r.choice(["f4", "i4"]), -2, 2)], axis=axis_of(r, len(dims), opset >= 11),
                keepdims=maybe(r, r.randint(0, 1)), select_last_index=maybe(r, r.randint(0, 1)) if opset >= 12 else None)


def cum_sum(r, opset, op):
    dims = shape(r, 1, 4, zero=0)
    return Case(op, [values(r, dims, r.choice(REALS + INTEGERS)), scalar(r.choice(INTEGERS), axis_of(r, len(dims)))],
                exclusive=maybe(r, r.randint(0, 1)), reverse=maybe(r, r.randint(0, 1)))


def top_k(r, opset, op):
    dims = shape(r, 1, 4, zero=0)
    axis = axis_of(r, len(dims), False)
    x, k = distinct(r, dims, "f4"), r.randint(1, dims[axis])
    if opset < 10:
        return Case(op, [x], 2, axis=axis, k=k)
    if opset < 11:
        return Case(op, [x, ints(k)], 2, axis=axis)
    return Case(op, [x, ints(k)], 2, axis=axis, largest=maybe(r, r.randint(0, 1)))


def reshape(r, opset, op):
    dims = shape(r, 1, 4, zero=0)
    left, new = math.prod(dims), []
    while left > 1 and len(new) < 3:
        new.append(r.choice([d for d in range(1, left + 1) if left % d == 0]))
        left //= new[-1]
    new.append(left)
    if some(r):
        new[r.randrange(len(new))] = -1
    new = [0 if i < len(dims) and n == dims[i] and some(r, 0.3) else n for i, n in enumerate(new)]
    return Case(op, [values(r, dims, r.choice(NUMBERS)), ints(*new)])


def flatten(r, opset, op):
    dims = shape(r, 1, 4)
    return Case(op, [values(r, dims, "f4")], axis=maybe(r, r.randint(-len(dims) if opset >= 11 else 0, len(dims)), 0.8))


def transpose(r, opset, op):
    dims = shape(r, 1, 5)
    return Case(op, [values(r, dims, r.choice(NUMBERS))], perm=maybe(r, r.sample(range(len(dims)), len(dims)), 0.8))


def squeeze(r, opset, op):
    dims = [1 if some(r) else n for n in shape(r, 1, 4)]
    axes = [i for i, n in enumerate(dims) if n == 1]
    axes = r.sample(axes, r.randint(1, len(axes))) if axes and some(r, 0.7) else None
    x = values(r, dims, r.choice(NUMBERS))
    return Case(op, [x, axes and ints(*axes)]) if opset >= 13 else Case(op, [x], axes=axes)


def unsqueeze(r, opset, op):
    dims, count = shape(r, 0, 3), r.randint(1, 3)
    rank = len(dims) + count
    axes = [a - rank if opset >= 11 and some(r) else a for a in r.sample(range(rank), count)]
    x = values(r, dims, r.choice(NUMBERS))
    return Case(op, [x, ints(*axes)]) if opset >= 13 else Case(op, [x], axes=axes)


def concat(r, opset, op):
    dims, kind = shape(r, 1, 4), r.choice(NUMBERS)
    axis = axis_of(r, len(dims), opset >= 11)
    parts = [[r.randint(1, 4) if i == axis % len(dims) else n for i, n in enumerate(dims)] for _ in range(r.randint(1, 4))]
    return Case(op, [values(r, own, kind) for own in parts], axis=axis)


def split(r, opset, op):
    dims, parts = shape(r, 1, 4, zero=0), r.randint(1, 4)
    axis = axis_of(r, len(dims), opset >= 11)
    if some(r):
        sizes = [r.randint(0 if some(r, .1) else 1, 3) for _ in range(parts)]
        dims[axis] = sum(sizes)
        x = values(r, dims, "f4")
        return Case(op, [x, ints(*sizes)], parts, axis=axis) if opset >= 13 else Case(op, [x], parts, axis=axis, split=sizes)
    dims[axis] = parts * r.randint(1, 3)
    return Case(op, [values(r, dims, "f4")], parts, axis=axis, num_outputs=parts if opset >= 18 else None)


def slices(r, opset, op):
    dims = shape(r, 1, 4)
    axes = r.sample(range(len(dims)), r.randint(1, len(dims)))
    starts = [r.randint(-7, 7) for _ in axes]
    if opset < 10:
        return Case(op, [values(r, dims, "f4")], starts=starts, ends=[r.choice([r.randint(-7, 7), 2**31]) for _ in axes], axes=axes)
    steps = [r.choice([1, 1, 2, 3, -1, -2]) for _ in axes]
    # To the end going down is -2^31 in ONNX; that 2^31 - 1 means it, too, is ONNX Runtime's alone.
    ends = [r.choice([r.randint(-7, 7), 2**31 - 1 if step > 0 else -2**31]) for step in steps]
    axes = [a - len(dims) if some(r) else a for a in axes]
    kind = r.choice(INTEGERS)
    return Case(op, [values(r, dims, r.choice(NUMBERS))] + [ints(*each, kind=kind) for each in (starts, ends, axes, steps)])


def gather(r, opset, op):
    dims = shape(r, 1, 4, zero=0)
    axis = axis_of(r, len(dims))
    index = values(r, shape(r, 0, 3), r.choice(INTEGERS), -dims[axis] if opset >= 11 else 0, dims[axis] - 1)
    return Case(op, [values(r, dims, r.choice(NUMBERS)), index], axis=axis)


def gather_elements(r, opset, op):
    dims = shape(r, 1, 4, zero=0)
    axis = axis_of(r, len(dims))
    own = [r.randint(1, n) for n in dims]
    own[axis] = r.randint(1, 6)
    return Case(op, [values(r, dims, "f4"), values(r, own, r.choice(INTEGERS), -dims[axis], dims[axis] - 1)], axis=axis)


def gather_nd(r, opset, op):
    dims = shape(r, 1, 4, zero=0)
    width, count = r.randint(1, len(dims)), r.randint(1, 4)
    index = [r.randint(-dims[i], dims[i] - 1) for _ in range(count) for i in range(width)]
    return Case(op, [values(r, dims, r.choice(["f4", "i8"])), Operand("i8", [count, width], index)])


def scatter_nd(r, opset, op):
    dims = shape(r, 1, 3, zero=0)
    width = r.randint(1, len(dims))
    reduction = r.choice([None, "none", "add", "mul"] + (["min", "max"] if opset >= 18 else [])) if opset >= 16 else None
    total = math.prod(dims[:width])
    count = r.randint(1, total)
    # Which of two updates of one place stays is open unless they are combined.
    chosen = r.sample(range(total), count) if reduction in (None, "none") else [r.randrange(total) for _ in range(count)]
    index = []
    for place in chosen:
        at = []
        for size in reversed(dims[:width]):
            place, rest = divmod(place, size)
            at.insert(0, rest)
        index += at
    kind = r.choice(["f4", "i4", "i8"])
    return Case(op, [values(r, dims, kind), Operand("i8", [count, width], index), values(r, [count] + dims[width:], kind)],
                reduction=reduction)


def scatter_elements(r, opset, op):
    size, count = r.randint(1, 6), 0
    count = r.randint(1, size)
    reduction = r.choice([None, "none", "add", "mul"] + (["min", "max"] if opset >= 18 else [])) if opset >= 16 else None
    index = r.sample(range(size), count) if reduction in (None, "none") else [r.randrange(size) for _ in range(count)]
    kind = r.choice(["f4", "i4", "i8"])
    return Case(op, [values(r, [size], kind), ints(*[i - size if some(r) else i for i in index]), values(r, [count], kind)],
                axis=r.choice([0, -1]), reduction=reduction)


def pad(r, opset, op):
    dims = shape(r, 1, 4, zero=0)
    mode = r.choice([None, "constant", "reflect", "edge"] + (["wrap"] if opset >= 19 else []))
    axes = r.sample(range(len(dims)), r.randint(1, len(dims))) if opset >= 18 and some(r) else None
    named = range(len(dims)) if axes is None else axes
    most = {"reflect": min(dims) - 1, "wrap": min(dims)}.get(mode, 3)
    least = -1 if mode in (None, "constant") and min(dims) > 2 else 0
    pads = [r.randint(least, most) for _ in range(2 * len(named))]
    if opset < 11:
        return Case(op, [values(r, dims, "f4")], mode=mode, pads=pads, value=maybe(r, 1.5))
    kind = r.choice(["f4", "f8", "i4", "i8", "u1"])
    fill = scalar(kind, 2) if mode in (None, "constant") and some(r) else None
    return Case(op, [values(r, dims, kind), ints(*pads), fill] + ([] if axes is None else [ints(*axes)]), mode=mode)


def expand(r, opset, op):
    a, b = broadcast(r)
    return Case(op, [values(r, a, r.choice(["f4", "i4", "i8"])), ints(*b)])


def tile(r, opset, op):
    dims = shape(r, 1, 4)
    return Case(op, [values(r, dims, r.choice(["f4", "i4", "i8"])), ints(*[r.randint(1, 3) for _ in dims])])


def depth_space(r, opset, op):
    b = r.randint(1, 3)
    deep = op == "DepthToSpace"
    dims = [1, r.randint(1, 2) * (b * b if deep else 1)] + [r.randint(1, 4) * (1 if deep else b) for _ in range(2)]
    return Case(op, [values(r, dims, "f4")], blocksize=b,
                mode=maybe(r, r.choice(["DCR", "CRD"])) if deep and opset >= 11 else None)


def shape_of(r, opset, op):
    span = {"start": maybe(r, r.randint(-6, 6)), "end": maybe(r, r.randint(-6, 6))} if opset >= 15 else {}
    return Case(op, [values(r, shape(r, 0, 5), r.choice(NUMBERS))], **span)


def ranges(r, opset, op):
    kind = r.choice(["f4", "f8", "i4", "i8"])
    return Case(op, [scalar(kind, v) for v in (r.randint(-5, 5), r.randint(-9, 9), r.choice([1, 2, -1, -3]))])


def compress(r, opset, op):
    dims = shape(r, 1, 4, zero=0)
    axis = r.choice([None, axis_of(r, len(dims), opset >= 11)])
    return Case(op, [values(r, dims, "f4"), values(r, [r.randint(1, math.prod(dims) if axis is None else dims[axis])], "?")], axis=axis)


def unique(r, opset, op):
    dims = shape(r, 1, 3, zero=0)
    return Case(op, [values(r, dims, "i8", -1, 1)], 4, axis=maybe(r, axis_of(r, len(dims))), sorted=maybe(r, r.randint(0, 1)))


def non_zero(r, opset, op):
    # Of a scalar ONNX wants no rows of indices, where ONNX Runtime gives one.
    return Case(op, [values(r, shape(r, 1, 4), r.choice(["i4", "i8", "?"]), -1, 1)])


def trilu(r, opset, op):
    return Case(op, [values(r, shape(r, 2, 4), "f4"), maybe(r, scalar("i8", r.randint(-6, 6)))], upper=maybe(r, r.randint(0, 1)))


#: operation, first operator set, generator
TABLE = (
    [(op, 7, binary(REALS + INTEGERS)) for op in ("Add", "Sub", "Mul")] +
    [(op, 9, binary(("f4", "i4", "i8"))) for op in ("Less", "Greater")] +
    [(op, 12, binary(("f4", "i4", "i8"))) for op in ("LessOrEqual", "GreaterOrEqual")] +
    [(op, 7, binary(("?",))) for op in ("And", "Or", "Xor")] +
    [(op, 18, binary(INTEGERS + ("u1",))) for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")] +
    [(op, 8, variadic(REALS)) for op in ("Max", "Min", "Sum")] +
    [(op, 12, variadic(("i4", "i8", "u4", "i1"))) for op in ("Max", "Min")] +
    [(op, 7, unary(("f4",))) for op in ("Floor", "Ceil", "Exp", "Sin", "Cos", "Atan", "Tanh", "Sigmoid", "Softplus", "Softsign", "Relu")] +
    [(op, 9, unary(("f4",))) for op in ("Sinh", "Cosh", "Asinh", "Erf", "IsNaN")] +
    [(op, 7, along_rows) for op in ("Softmax", "LogSoftmax", "Hardmax")] +
    [(op, 7, extreme_place) for op in ("ArgMax", "ArgMin")] +
    [(op, 7, reduction(("f4", "i4"), 18)) for op in ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
                                                    "ReduceSumSquare")] +
    [(op, 7, reduction(REALS[:1], 18)) for op in ("ReduceLogSum", "ReduceLogSumExp")] +
    [("ReduceSum", 7, reduction(REALS + INTEGERS, 13)), ("Div", 7, binary(REALS + INTEGERS, nonzero=True)),
     ("Mod", 10, binary(NUMBERS, -9, 9, nonzero=True)), ("Pow", 7, binary(REALS, 0.1, 3)), ("BitShift", 11, binary(("u1", "u4", "u8"), 0, 7)),
     ("Equal", 7, binary(("i4", "i8"), -1, 1)), ("Mean", 8, variadic(("f4",))), ("Not", 7, unary(("?",))), ("Neg", 7, unary(REALS + INTEGERS)),
     ("Abs", 7, unary(NUMBERS)), ("Sign", 9, unary(NUMBERS)), ("Round", 11, unary(REALS)), ("Sqrt", 7, unary(REALS, 0, 9)),
     ("Log", 7, unary(REALS, 0.1, 9)), ("Reciprocal", 7, unary(REALS, 1, 9)), ("LeakyRelu", 7, unary(("f4",), alpha=0.2)),
     ("Elu", 7, unary(("f4",), alpha=0.2)), ("Selu", 7, unary(("f4",), alpha=0.2, gamma=2.0)), ("Celu", 12, unary(("f4",), alpha=0.2)),
     ("HardSigmoid", 7, unary(("f4",), alpha=0.3, beta=0.4)), ("HardSwish", 14, unary(("f4",))), ("Mish", 18, unary(("f4",))),
     ("Gelu", 20, unary(("f4",), approximate="tanh")), ("Shrink", 9, unary(("f4", "i4"), lambd=1.5, bias=1.0)),
     ("ThresholdedRelu", 10, unary(("f4",), alpha=0.5)), ("Clip", 7, clip), ("Cast", 7, cast), ("Where", 9, where), ("CumSum", 11, cum_sum),
     ("TopK", 7, top_k), ("Reshape", 7, reshape), ("Flatten", 9, flatten), ("Transpose", 7, transpose), ("Squeeze", 7, squeeze),
     ("Unsqueeze", 7, unsqueeze), ("Concat", 7, concat), ("Split", 7, split), ("Slice", 7, slices), ("Gather", 7, gather),
     ("GatherElements", 11, gather_elements), ("GatherND", 11, gather_nd), ("ScatterElements", 11, scatter_elements),
     ("ScatterND", 11, scatter_nd), ("Pad", 7, pad), ("Expand", 8, expand), ("Tile", 7, tile), ("DepthToSpace", 7, depth_space),
     ("SpaceToDepth", 7, depth_space), ("Shape", 7, shape_of), ("Size", 7, unary(NUMBERS)), ("Range", 11, ranges), ("Compress", 9, compress),
     ("Unique", 11, unique), ("NonZero", 9, non_zero), ("Trilu", 14, trilu)])
