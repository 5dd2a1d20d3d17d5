"""Random cases of single operations by operator set: products, windows, normalisation, recurrent and quantised layers,
images, signals and losses."""
from onnx_operands import Case, INTEGERS, Operand, REALS, axis_of, broadcast, distinct, ints, maybe, scalar, shape, some, values


def matmul(r, opset, op):
    m, k, n = (r.randint(1, 6) for _ in range(3))
    a, b = broadcast(r, low=0, high=2, zero=0, size=3)
    kind = r.choice(REALS + (INTEGERS if opset >= 9 else ()))
    return Case(op, [values(r, [k] if some(r, .1) else a + [m, k], kind), values(r, [k] if some(r, .1) else b + [k, n], kind)])


def gemm(r, opset, op):
    m, k, n = (r.randint(1, 6) for _ in range(3))
    ta, tb, kind = r.randint(0, 1), r.randint(0, 1), r.choice(REALS)
    addend = values(r, r.choice([[m, n], [n], [1, n], [m, 1], [], [1]]), kind) if opset < 11 or some(r, 0.8) else None
    return Case(op, [values(r, [k, m] if ta else [m, k], kind), values(r, [n, k] if tb else [k, n], kind), addend],
                transA=ta, transB=tb, alpha=maybe(r, 0.5), beta=maybe(r, 1.5))


def window(r, kernel, dilated=True):
    """Where dilations meet `auto_pad`, ONNX Runtime leaves them out of the padding."""
    auto = r.choice([None, None, "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"])
    same = auto in ("SAME_UPPER", "SAME_LOWER")
    # A stride above the kernel would make padding negative, which nobody defines.
    strides = maybe(r, [r.randint(1, k if same else 3) for k in kernel], 0.7)
    dilations = [r.randint(1, 2) for _ in kernel] if dilated and not same and some(r) else None
    pads = [r.randint(0, min(k - 1, 2)) for k in kernel + kernel] if auto in (None, "NOTSET") and some(r, 0.7) else None
    return {"strides": strides, "dilations": dilations, "pads": pads, "auto_pad": auto}


def conv(r, opset, op):
    kernel = [r.randint(1, 3) for _ in range(r.randint(1, 3))]
    group = r.choice([1, 1, 2, 3])
    ci, co = group * r.randint(1, 2), group * r.randint(1, 3)
    dims = [r.randint(1, 2), ci] + [r.randint(5, 8) for _ in kernel]
    return Case(op, [values(r, dims, "f4"), values(r, [co, ci // group] + kernel, "f4"), maybe(r, values(r, [co], "f4"))],
                group=group, kernel_shape=maybe(r, kernel), **window(r, kernel))


def conv_transpose(r, opset, op):
    kernel = [r.randint(1, 3) for _ in range(r.randint(1, 3))]
    group, co = r.choice([1, 2]), r.randint(1, 3)
    ci = group * r.randint(1, 2)
    attributes = window(r, kernel)
    strides, dilations = attributes["strides"] or [1] * len(kernel), attributes["dilations"] or [1] * len(kernel)
    if attributes["auto_pad"] in (None, "NOTSET") and some(r, 0.3):
        attributes["output_padding"] = [r.randint(0, max(s, d) - 1) for s, d in zip(strides, dilations)]
    return Case(op, [values(r, [r.randint(1, 2), ci] + [r.randint(2, 5) for _ in kernel], "f4"),
                     values(r, [ci, co] + kernel, "f4"), maybe(r, values(r, [co * group], "f4"))], group=group, **attributes)


def pool(first_dilated, first_ceil):
    def make(r, opset, op):
        kernel = [r.randint(1, 3) for _ in range(r.randint(1, 3))]
        dims = [r.randint(1, 2), r.randint(1, 3)] + [r.randint(5, 9) for _ in kernel]
        attributes = window(r, kernel, opset >= first_dilated)
        # With auto_pad VALID, ONNX's formula for ceil_mode and ONNX Runtime's differ.
        if opset >= first_ceil and attributes["auto_pad"] != "VALID":
            attributes["ceil_mode"] = maybe(r, r.randint(0, 1))
        outputs = 1
        if op == "AveragePool":
            attributes["count_include_pad"] = maybe(r, r.randint(0, 1))
        elif op == "LpPool":
            attributes["p"] = maybe(r, r.randint(1, 3))
        else:
            outputs = r.randint(1, 2) if opset >= 8 else 1
            attributes["storage_order"] = maybe(r, r.randint(0, 1)) if outputs == 2 else None
        x = distinct(r, dims, "f4") if op == "MaxPool" else values(r, dims, "f4")
        return Case(op, [x], outputs, kernel_shape=kernel, **attributes)
    return make


def global_pool(r, opset, op):
    return Case(op, [values(r, shape(r, 3, 5, zero=0), "f4")], p=maybe(r, r.randint(1, 3)) if op == "GlobalLpPool" else None)


def batch_normalization(r, opset, op):
    dims = shape(r, 2, 4, zero=0)
    c = dims[1]
    return Case(op, [values(r, dims, "f4")] + [values(r, [c], "f4") for _ in range(3)] + [values(r, [c], "f4", 0.1, 3)],
                epsilon=maybe(r, 1e-2))


def channels(r, opset, op):
    groups, each = r.randint(1, 3), r.randint(1, 3)
    dims = [r.randint(1, 2), groups * each] + [r.randint(2, 4) for _ in range(r.randint(1, 3))]
    count = groups if op == "GroupNormalization" and opset < 21 else dims[1]
    return Case(op, [values(r, dims, "f4"), values(r, [count], "f4"), values(r, [count], "f4")], epsilon=maybe(r, 1e-2),
                num_groups=groups if op == "GroupNormalization" else None)


def layer_normalization(r, opset, op):
    dims = [r.randint(2, 5) for _ in range(r.randint(1, 4))]
    axis = axis_of(r, len(dims))
    own = dims[axis:]
    return Case(op, [values(r, dims, "f4"), values(r, own, "f4"), maybe(r, values(r, own, "f4"))], r.choice([1, 3]),
                axis=axis, epsilon=maybe(r, 1e-2))


def responses(r, opset, op):
    return Case(op, [values(r, shape(r, 4, 4, zero=0), "f4")], size=r.choice([1, 3, 5]), alpha=maybe(r, .01),
                beta=maybe(r, .5), bias=maybe(r, 2.0))


def lp_normalization(r, opset, op):
    dims = shape(r, 1, 4, zero=0)
    return Case(op, [values(r, dims, r.choice(REALS))], axis=axis_of(r, len(dims)), p=r.randint(1, 2))


def recurrent(gates, names):
    def make(r, opset, op):
        steps, batch, width, hidden = r.randint(1, 4), r.randint(1, 3), r.randint(1, 4), r.randint(1, 4)
        direction = r.choice([None, "forward", "reverse", "bidirectional"])
        d = 2 if direction == "bidirectional" else 1
        kind = "f8" if op == "LSTM" and some(r, 0.3) else "f4"

        def draw(*dims):
            return values(r, dims, kind, -1, 1)
        operands = [draw(steps, batch, width), draw(d, gates * hidden, width), draw(d, gates * hidden, hidden),
                    maybe(r, draw(d, 2 * gates * hidden)), maybe(r, values(r, [batch], "i4", 1, steps), 0.4),
                    maybe(r, draw(d, batch, hidden))]
        functions = {"RNN": 1, "GRU": 2, "LSTM": 3}[op]
        attributes = {"activations": maybe(r, [r.choice(names) for _ in range(d * functions)], 0.3)}
        if op == "GRU":
            attributes["linear_before_reset"] = maybe(r, r.randint(0, 1))
        if op == "LSTM":  # whose `clip` ONNX Runtime leaves out before the last activation
            operands += [maybe(r, draw(d, batch, hidden)), maybe(r, draw(d, 3 * hidden), 0.3)]
            attributes["input_forget"] = maybe(r, r.randint(0, 1), 0.3)
        else:
            attributes["clip"] = maybe(r, 0.5, 0.2)
        return Case(op, operands, r.randint(1, 3 if op == "LSTM" else 2), hidden_size=hidden, direction=direction, **attributes)
    return make


def resize(r, opset, op):
    """Scales that leave a fraction of a pixel over, and axes that keep their size, are read in several ways."""
    dims = [1, 1, r.randint(2, 6), r.randint(2, 6)]
    modes = ["nearest", "linear"] + (["cubic"] if opset >= 11 else [])
    mode = r.choice(modes)
    wide = [n * r.choice([2, 3]) for n in dims[2:]]
    x, scales = values(r, dims, "f4"), Operand("f4", [4], [1, 1] + [w / n for w, n in zip(wide, dims[2:])], fixed=True)
    if opset < 11:
        return Case(op, [x, scales], mode=mode)
    nothing = Operand("f4", [0], [], fixed=True)
    where = r.choice(["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])
    attributes = {"mode": mode, "coordinate_transformation_mode": maybe(r, where, 0.8)}
    if mode == "nearest":
        attributes["nearest_mode"] = maybe(r, r.choice(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]))
    elif opset >= 18:
        attributes["antialias"] = maybe(r, 1, 0.3)
    if mode == "cubic":
        attributes.update(cubic_coeff_a=maybe(r, -0.5), exclude_outside=maybe(r, r.randint(0, 1)))
    if some(r):
        return Case(op, [x, nothing, scales], **attributes)
    sizes = [1, 1] + [r.choice([s for s in range(1, 9) if s != n]) for n in dims[2:]]
    return Case(op, [x, nothing, nothing if opset < 13 else None, ints(*sizes, fixed=True)], **attributes)


def grid_sample(r, opset, op):
    modes = ["bilinear", "nearest", "bicubic"] if opset < 20 else ["linear", "nearest", "cubic"]
    mode, padding = maybe(r, r.choice(modes)), maybe(r, r.choice(["zeros", "border", "reflection"]))
    # ONNX's reference pads the position of cubic samples before it takes their neighbours, ONNX Runtime only these.
    return Case(op, [values(r, [1, 2, r.randint(2, 5), r.randint(2, 5)], "f4"),
                     values(r, [1, r.randint(1, 4), r.randint(1, 4), 2], "f4", -1.3, 1.3)],
                mode=mode, padding_mode="zeros" if mode in ("bicubic", "cubic") else padding, align_corners=maybe(r, r.randint(0, 1)))


def boxes(r, opset, op):
    b, c, n = r.randint(1, 2), r.randint(1, 3), r.randint(1, 8)
    place = values(r, [b, n, 4], "f4", 0, 1)
    return Case(op, [place, values(r, [b, c, n], "f4", 0, 1), ints(r.randint(0, 5)),
                     maybe(r, Operand("f4", [1], [r.choice([0.0, .3, .5, .9])])), maybe(r, Operand("f4", [1], [.3]))],
                center_point_box=r.randint(0, 1))


def linear_quantisation(r, opset, op):
    dims = shape(r, 1, 3, zero=0)
    kind = r.choice(["u1", "i1"] + (["u2", "i2"] if opset >= 21 else []))
    axis, block = axis_of(r, len(dims), False), 0
    how = r.choice(["tensor"] + (["axis"] if opset >= 13 else []) + (["blocks"] if opset >= 21 else []))
    own = {"tensor": [], "axis": [dims[axis]], "blocks": list(dims)}[how]
    if how == "blocks":
        block = r.randint(1, 4)
        own[axis] = r.randint(1, 3)
        dims[axis] = own[axis] * block
    x = values(r, dims, "f4", -8, 8) if op == "QuantizeLinear" else values(r, dims, kind, -100, 100)
    return Case(op, [x, values(r, own, "f4", .02, .1), values(r, own, kind, 0, 20)], axis=None if how == "tensor" else axis,
                block_size=block or None)


def matmul_integer(r, opset, op):
    m, k, n = (r.randint(1, 6) for _ in range(3))
    a, b = r.choice(["u1", "i1"]), r.choice(["u1", "i1"])
    return Case(op, [values(r, [m, k], a, -100, 100), values(r, [k, n], b, -100, 100), maybe(r, values(r, [], a, 0, 20)),
                     maybe(r, values(r, [n] if some(r, .3) else [], b, 0, 20))])


def qlinear_conv(r, opset, op):
    kernel, group = [r.randint(1, 3), r.randint(1, 3)], r.choice([1, 2])
    ci, co = group * r.randint(1, 2), group * r.randint(1, 2)
    kind = r.choice(["u1", "i1"])
    return Case(op, [values(r, [1, ci, 6, 7], kind, 0, 100), scalar("f4", .05), values(r, [], kind, 0, 20),
                     values(r, [co, ci // group] + kernel, "i1", -100, 100), values(r, [co], "f4", .01, .1),
                     Operand("i1", [co], [0] * co), scalar("f4", .5), values(r, [], kind, 0, 20),
                     maybe(r, values(r, [co], "i4", -900, 900))], group=group, **window(r, kernel))


def einsum(r, opset, op):
    text, *dims = r.choice([("ij,jk->ik", [2, 3], [3, 4]), ("ij,jk", [2, 3], [3, 4]), ("bij,bjk->bik", [2, 2, 3], [2, 3, 2]),
                            ("ij->ji", [2, 3]), ("ij->", [2, 3]), ("ii->i", [3, 3]), ("ii", [3, 3]), ("i,j->ij", [3], [2]),
                            ("...ij,...jk->...ik", [2, 2, 3], [2, 3, 2]), ("...i->...", [2, 3, 4]), ("ba", [2, 3]),
                            ("ij, jk , kl -> il", [2, 3], [3, 2], [2, 4])])
    kind = r.choice(("f4", "i4"))
    return Case(op, [values(r, each, kind) for each in dims], equation=text)


def dft(r, opset, op):
    two = some(r)  # parts of a number; ONNX Runtime's f32 leaves too much where terms cancel
    dims = [r.randint(1, 3), r.randint(2, 8), r.randint(1, 3), 2 if two else 1]
    axis = r.randint(1, 2)
    attributes = {"inverse": r.randint(0, 1) if two else 0, "onesided": 0 if two else r.randint(0, 1)}
    x, length = values(r, dims, "f8"), maybe(r, scalar("i8", r.randint(1, 9)), .4)
    if opset >= 20:
        return Case(op, [x, length, scalar("i8", axis if some(r) else axis - 4)], **attributes)
    return Case(op, [x, length], axis=axis, **attributes)


def loss(r, opset, op):
    n, c, rest = r.randint(1, 3), r.randint(2, 4), shape(r, 0, 2, zero=0, size=3)
    return Case(op, [values(r, [n, c] + rest, "f4"), values(r, [n] + rest, "i8", 0, c - 1), maybe(r, values(r, [c], "f4", 0.1, 1))],
                reduction=maybe(r, r.choice(["none", "sum", "mean"])), ignore_index=maybe(r, 1, 0.3))


TABLE = (
    [(op, 7, global_pool) for op in ("GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool")] +
    [(op, 12, loss) for op in ("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")] +
    [(op, 10, linear_quantisation) for op in ("QuantizeLinear", "DequantizeLinear")] +
    [("MatMul", 7, matmul), ("Gemm", 7, gemm), ("Conv", 7, conv), ("ConvTranspose", 7, conv_transpose), ("MaxPool", 7, pool(10, 10)),
     ("AveragePool", 7, pool(19, 10)), ("LpPool", 7, pool(18, 18)), ("BatchNormalization", 7, batch_normalization),
     ("InstanceNormalization", 7, channels), ("GroupNormalization", 18, channels), ("LayerNormalization", 17, layer_normalization),
     ("LRN", 7, responses), ("LpNormalization", 7, lp_normalization), ("RNN", 7, recurrent(1, ["Tanh", "Relu", "Sigmoid"])),
     ("GRU", 7, recurrent(3, ["Sigmoid", "Tanh", "Relu"])), ("LSTM", 7, recurrent(4, ["Sigmoid", "Tanh", "HardSigmoid", "Softsign"])),
     ("Resize", 10, resize), ("GridSample", 16, grid_sample), ("NonMaxSuppression", 10, boxes), ("MatMulInteger", 10, matmul_integer),
     ("QLinearConv", 10, qlinear_conv), ("Einsum", 12, einsum), ("DFT", 17, dft)])
