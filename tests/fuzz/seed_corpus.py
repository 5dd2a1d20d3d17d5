#!/usr/bin/env python3
"""Seeds for the fuzz targets from the ONNX backend test data.

usage: seed_corpus.py ONNX_TESTDATA OUT

Writes OUT/model/* (parts of u32 length and bytes: model, inputs, outputs; tests of at most 16 KiB)
and OUT/tensors/* (their tensor files, and one .npy, .npz and .safetensors each).
"""
import io
import pathlib
import struct
import sys
import zipfile

PARTS_BYTES_MAX = 16 << 10


def npy(order="False"):
    header = "{'descr': '<f4', 'fortran_order': %s, 'shape': (2, 3), }" % order
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack("<6f", *range(6))


def npz(method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo("x.npy"), npy(), method)
        archive.writestr(zipfile.ZipInfo("y.npy"), npy("True"), method)
    return out.getvalue()


def safetensors():
    header = b'{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"BOOL","shape":[],"data_offsets":[8,9]}}'
    return struct.pack("<Q", len(header)) + header + bytes(9)


def numbered(folder, prefix):
    """Contents of PREFIX0.pb, PREFIX1.pb, ... until one is missing."""
    contents = []
    while (path := folder / f"{prefix}{len(contents)}.pb").exists():
        contents.append(path.read_bytes())
    return contents


def main():
    data, out = map(pathlib.Path, sys.argv[1:])
    models, tensors = out / "model", out / "tensors"
    for folder in (models, tensors):
        folder.mkdir(parents=True, exist_ok=True)
    for model in sorted(data.rglob("model.onnx")):
        first = model.parent / "test_data_set_0"
        files = numbered(first, "input_") + numbered(first, "output_")
        parts = [model.read_bytes(), *files]
        name = "-".join(model.parent.relative_to(data).parts)
        if sum(map(len, parts)) <= PARTS_BYTES_MAX:
            (models / name).write_bytes(b"".join(struct.pack("<I", len(part)) + part for part in parts))
            for i, tensor in enumerate(files):
                if len(tensor) <= 512:
                    (tensors / f"{name}-{i}").write_bytes(tensor)
    for name, contents in {"c.npy": npy(), "fortran.npy": npy("True"), "stored.npz": npz(zipfile.ZIP_STORED),
                           "deflated.npz": npz(zipfile.ZIP_DEFLATED), "two.safetensors": safetensors()}.items():
        (tensors / name).write_bytes(contents)
    print(f"{len(list(models.iterdir()))} models, {len(list(tensors.iterdir()))} tensor files")


if __name__ == "__main__":
    main()
