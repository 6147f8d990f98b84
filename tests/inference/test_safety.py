"""Files of strangers: nothing in them is run, followed, or read before its size is known; each fault is one line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from rdfplugins.errors import ModelError
from rdfplugins.inference import read_model
from tests.inference import helpers
from tests.inference.helpers import fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NETWORK = helpers.random_network((4, 6, 1))
KERNEL = "dense_1/dense_1/kernel:0"
BIAS = "dense_1/dense_1/bias:0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return helpers.write_model(tmp_path / "m", NETWORK)


@pytest.fixture
def weights(folder: Path) -> Path:
    return folder / "NN_weights-net.h5"


def replaced(file: h5py.File, name: str, **options: Any) -> None:
    del file[name]
    file.create_dataset(name, **options)


def external_link(file: h5py.File) -> None:
    del file[KERNEL]
    file[KERNEL] = h5py.ExternalLink("/etc/passwd", "/x")


def soft_link(file: h5py.File) -> None:
    del file[KERNEL]
    file[KERNEL] = h5py.SoftLink("/elsewhere")


def linked_group(file: h5py.File) -> None:
    file["unused"] = h5py.ExternalLink("other.h5", "/")


def cycle(file: h5py.File) -> None:
    file["dense_1/again"] = file["/"]


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout(shape=(4, 6), dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(4, 6))
    del file[KERNEL]
    file.create_virtual_dataset(KERNEL, layout)


def outside(file: h5py.File) -> None:
    replaced(file, KERNEL, shape=(4, 6), dtype="f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def plugin(file: h5py.File) -> None:
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_chunk((4, 6))
    layout.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())  # zstd, which is a plug-in
    del file[KERNEL]
    space = h5py.h5s.create_simple((4, 6))
    h5py.h5d.create(file["dense_1/dense_1"].id, b"kernel:0", h5py.h5t.IEEE_F32LE, space, layout)


def huge_chunks(file: h5py.File) -> None:
    replaced(file, KERNEL, shape=(4, 6), dtype="f4", chunks=(40000, 6000), maxshape=(None, None), compression="gzip")


def huge_shape(file: h5py.File) -> None:
    replaced(file, KERNEL, shape=(10**9, 10**9), dtype="f4", chunks=(100, 100), compression="gzip")


def objects(file: h5py.File) -> None:
    replaced(file, KERNEL, shape=(4, 6), dtype=h5py.vlen_dtype(np.float32))


def references(file: h5py.File) -> None:
    replaced(file, KERNEL, shape=(4, 6), dtype=h5py.ref_dtype)


def texts(file: h5py.File) -> None:
    replaced(file, KERNEL, shape=(4, 6), dtype="S8")


def whole_numbers(file: h5py.File) -> None:
    replaced(file, KERNEL, data=np.ones((4, 6), dtype=int))


def transposed(file: h5py.File) -> None:
    replaced(file, KERNEL, data=np.zeros((6, 4), dtype="f4"))


def not_a_number(file: h5py.File) -> None:
    file[KERNEL][1, 2] = np.nan


def infinite(file: h5py.File) -> None:
    file[BIAS][3] = -np.inf


def too_large(file: h5py.File) -> None:
    replaced(file, KERNEL, data=np.full((4, 6), 1e300))


def a_layer_less(file: h5py.File) -> None:
    file.attrs["layer_names"] = np.array([b"dense_1"])


def a_weight_less(file: h5py.File) -> None:
    file["dense_1"].attrs["weight_names"] = np.array([b"dense_1/kernel:0"])


def other_order(file: h5py.File) -> None:
    file["dense_1"].attrs["weight_names"] = np.array([b"dense_1/bias:0", b"dense_1/kernel:0"])


def unlisted(file: h5py.File) -> None:
    file.attrs["layer_names"] = np.array([b"dense_1", b"gone"])


def absent(file: h5py.File) -> None:
    file["dense_1"].attrs["weight_names"] = np.array([b"dense_1/kernel:0", b"../../x/bias:0"])


def numbers_for_names(file: h5py.File) -> None:
    file.attrs["layer_names"] = np.array([1, 2])


def not_text(file: h5py.File) -> None:
    file.attrs["layer_names"] = np.array([b"\xff\xfe", b"dense_2"])


def group_for_weights(file: h5py.File) -> None:
    del file[KERNEL]
    file.create_group(KERNEL)


def never_written(file: h5py.File) -> None:
    replaced(file, KERNEL, shape=(4, 6), dtype="f4", chunks=(4, 6))


def swapped_layers(file: h5py.File) -> None:
    file.attrs["layer_names"] = file.attrs["layer_names"][::-1]


def no_names(file: h5py.File) -> None:
    del file.attrs["layer_names"]


HOSTILE = {
    external_link: "'/dense_1/dense_1/kernel:0' is a link to somewhere else, which is not followed",
    soft_link: "'/dense_1/dense_1/kernel:0' is a link to somewhere else",
    linked_group: "'/unused' is a link to somewhere else",
    cycle: "more objects, or deeper groups, than a network has",
    virtual: "the numbers of '/dense_1/dense_1/kernel:0' are in another file, which is not read",
    outside: "the numbers of '/dense_1/dense_1/kernel:0' are in another file",
    plugin: "is packed with the plug-in filter 32015, which is not run",
    huge_chunks: "is stored in pieces larger than itself",
    huge_shape: "has the shape 1000000000 x 1000000000, and the description of the network says 4 x 6",
    objects: "holds no floating-point numbers but object",
    references: "holds no floating-point numbers but object",
    texts: "holds no floating-point numbers but |S8",
    whole_numbers: "holds whole numbers",
    transposed: "has the shape 6 x 4, and the description of the network says 4 x 6",
    not_a_number: "'/dense_1/dense_1/kernel:0' holds NaN or infinity",
    infinite: "'/dense_1/dense_1/bias:0' holds NaN or infinity",
    too_large: "weights of dense layer 1 are not finite in single precision",
    a_layer_less: "1 layers with weights, and the description has 2",
    a_weight_less: "layer 'dense_1' holds kernel, and 'dense_1' of the description (Dense) has kernel, bias",
    other_order: "layer 'dense_1' holds bias, kernel, and 'dense_1' of the description (Dense) has kernel, bias",
    unlisted: "layer 'gone' is listed and not there",
    absent: "there are no weights '/dense_1/../../x/bias:0'",
    numbers_for_names: "the attribute 'layer_names' is no text",
    not_text: "this is no HDF5 file, or it is damaged",
    group_for_weights: "there are no weights '/dense_1/dense_1/kernel:0'",
    never_written: "the numbers of '/dense_1/dense_1/kernel:0' were never written",
    swapped_layers: "the layers stand in another order (dense_2, dense_1) than in the description (dense_1, dense_2)",
    no_names: "there are no weights of Keras in this file",
}


@pytest.mark.parametrize("change", HOSTILE, ids=lambda change: change.__name__)
def test_weights_that_are_refused(folder: Path, weights: Path, change: Callable[[h5py.File], None]) -> None:
    with h5py.File(weights, "r+") as file:
        change(file)
    text = fault(folder, weights)
    assert HOSTILE[change] in text
    assert "; " in text


def compressed(file: h5py.File) -> None:
    data = file[KERNEL][()]
    replaced(file, KERNEL, data=data, compression="gzip", shuffle=True, fletcher32=True)


def fast_compressed(file: h5py.File) -> None:
    replaced(file, KERNEL, data=file[KERNEL][()], compression="lzf", chunks=(2, 3))


def double(file: h5py.File) -> None:
    replaced(file, KERNEL, data=file[KERNEL][()].astype(">f8"))


def modern_attributes(file: h5py.File) -> None:
    file.attrs["layer_names"] = ["dense_1", "dense_2"]
    file["dense_1"].attrs["weight_names"] = ["dense_1/kernel:0", "dense_1/bias:0"]


def split_attributes(file: h5py.File) -> None:
    del file.attrs["layer_names"]
    file.attrs["layer_names0"] = np.array([b"dense_1"])
    file.attrs["layer_names1"] = np.array([b"dense_2"])


def layers_without_weights(file: h5py.File) -> None:
    file.create_group("dropout_1").attrs["weight_names"] = np.array([])
    file.attrs["layer_names"] = np.array([b"dense_1", b"dropout_1", b"dense_2"])


def whole_model(file: h5py.File) -> None:
    group = file.create_group("model_weights")
    group.attrs["layer_names"] = file.attrs["layer_names"]
    for name in ("dense_1", "dense_2"):
        file.move(name, f"model_weights/{name}")
    del file.attrs["layer_names"]


HARMLESS = [
    compressed,
    fast_compressed,
    double,
    modern_attributes,
    split_attributes,
    layers_without_weights,
    whole_model,
]


@pytest.mark.parametrize("change", HARMLESS, ids=lambda change: change.__name__)
def test_weights_in_other_forms(folder: Path, weights: Path, change: Callable[[h5py.File], None]) -> None:
    with h5py.File(weights, "r+") as file:
        change(file)
    network = read_model(folder).network
    assert network is not None
    assert helpers.same(network, NETWORK)


def test_links_in_the_file_system_are_followed(folder: Path, weights: Path, tmp_path: Path) -> None:
    weights.rename(tmp_path / "elsewhere.h5")
    weights.symlink_to(tmp_path / "elsewhere.h5")
    (tmp_path / "alias").symlink_to(folder)
    description = read_model(tmp_path / "alias")
    assert description.network is not None
    assert helpers.same(description.network, NETWORK)


@pytest.mark.parametrize("size", [0, 1, 100, 1000, -1])
def test_weights_that_are_cut_off(folder: Path, weights: Path, size: int) -> None:
    raw = weights.read_bytes()
    weights.write_bytes(raw[:size])
    assert "no HDF5 file, or it is damaged" in fault(folder, weights)


def test_a_changed_byte_is_read_or_refused(folder: Path, weights: Path) -> None:
    """Whatever stands in a file: numbers of the right shape, or one line; no other error, and no crash."""
    raw = weights.read_bytes()
    random = np.random.default_rng(5)
    refused = read = 0
    for position in random.choice(len(raw), 400, replace=False):
        changed = bytearray(raw)
        changed[position] ^= 1 << int(random.integers(8))
        weights.write_bytes(changed)
        try:
            network = read_model(folder).network
        except ModelError as error:
            refused += str(error).count("\n") == 0
        else:
            read += network is not None and network.shape == NETWORK.shape
    assert refused + read == 400
    assert min(refused, read) > 0


def test_what_is_no_file(folder: Path, weights: Path, tmp_path: Path) -> None:
    weights.unlink()
    os.mkfifo(weights)  # reading it would wait for ever
    assert "the weights of this model are not here" in fault(folder)
    os.mkfifo(tmp_path / "pipe.h5")
    assert "this is neither a folder nor a file" in fault(tmp_path / "pipe.h5")
