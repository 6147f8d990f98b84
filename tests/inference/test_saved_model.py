"""SavedModels: those of ordinary layers pass; those that do more than compute are refused before they are loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rdfplugins.errors import ModelError
from rdfplugins.inference import read_model
from rdfplugins.inference.inputs_file import NAME, write_inputs
from rdfplugins.inference.saved_model import refuse_unsafe_ops
from rdfplugins.inference.saved_model_ops import CHECKPOINTS, COMPUTING
from tests.inference import helpers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def dense(keras: Any) -> Any:
    layers = keras.layers
    inner = [layers.Normalization(), layers.Dense(4, "softplus"), layers.BatchNormalization(), layers.Dropout(0.1)]
    return keras.Sequential([layers.Input((5,)), *inner, layers.Dense(2, "elu"), layers.Dense(1)])


def attention(keras: Any) -> Any:
    layers = keras.layers
    inputs = layers.Input((6, 4))
    x = layers.LayerNormalization()(layers.Add()([inputs, layers.MultiHeadAttention(2, 3)(inputs, inputs)]))
    x = layers.GlobalAveragePooling1D()(layers.Conv1D(3, 2, padding="same", activation="relu")(x))
    return keras.Model(inputs, layers.Softmax()(layers.Dense(3, "gelu")(x)))


def images(keras: Any) -> Any:
    layers = keras.layers
    x = inputs = layers.Input((8, 8, 3))
    for layer in (layers.Conv2D(4, 3), layers.MaxPooling2D(), layers.Flatten(), layers.PReLU(), layers.Dense(1)):
        x = layer(x)
    return keras.Model(inputs, x)


def recurrent(keras: Any) -> Any:
    layers = keras.layers
    inputs = layers.Input((6, 4))
    return keras.Model(inputs, layers.Dense(1)(layers.LSTM(3)(inputs)))


@pytest.mark.parametrize("make", [dense, attention, images, recurrent])
def test_ordinary_layers_of_keras_3(keras3: Any, tmp_path: Path, make: Callable[[Any], Any]) -> None:
    make(keras3).export(tmp_path / "m", verbose=False)
    refuse_unsafe_ops(tmp_path / "m")


@pytest.mark.parametrize("make", [dense, attention, images])
def test_ordinary_layers_of_keras_2(keras2: Any, tmp_path: Path, make: Callable[[Any], Any]) -> None:
    make(keras2).save(tmp_path / "m", save_format="tf")
    refuse_unsafe_ops(tmp_path / "m")


def saved(tensorflow: Any, folder: Path, body: Callable[[Any], Any]) -> Path:
    """Save a module whose function does ``body`` before it returns its argument."""

    class Module(tensorflow.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.weight = tensorflow.Variable([1.0, 2.0])

        @tensorflow.function(input_signature=[tensorflow.TensorSpec([None, 2])])
        def __call__(self, x: Any) -> Any:
            body(x)
            return x * self.weight

    tensorflow.saved_model.save(Module(), str(folder))
    return folder


def test_what_does_more_than_compute(tensorflow: Any, tmp_path: Path) -> None:
    raw = tensorflow.raw_ops
    made = str(tmp_path / "made")
    bodies: dict[str, Callable[[Any], Any]] = {
        "ReadFile": lambda x: tensorflow.print(tensorflow.io.read_file("/etc/hostname")),
        "WriteFile": lambda x: tensorflow.io.write_file(made, "x"),
        "MatchingFiles": lambda x: tensorflow.io.matching_files("/etc/*"),
        "EagerPyFunc": lambda x: tensorflow.py_function(print, [x], []),
        "PyFunc": lambda x: tensorflow.numpy_function(print, [x], tensorflow.float32),
        "PrintV2": lambda x: tensorflow.print("x", output_stream=f"file://{made}"),
        "SaveV2": lambda x: raw.SaveV2(prefix=made, tensor_names=["a"], shape_and_slices=[""], tensors=[x]),
        "RestoreV2": lambda x: raw.RestoreV2(
            prefix="/etc/x", tensor_names=["a"], shape_and_slices=[""], dtypes=[tensorflow.float32]
        ),
        # within a branch, and within its function
        "WriteFile ": lambda x: tensorflow.cond(
            tensorflow.reduce_sum(x) > 0,
            lambda: tensorflow.while_loop(
                lambda i: i < 1, lambda i: (i + _written(tensorflow, made),), (tensorflow.constant(0),)
            )[0],
            lambda: tensorflow.constant(0),
        ),
    }
    for number, (operation, body) in enumerate(bodies.items()):
        folder = saved(tensorflow, tmp_path / str(number), body)
        with pytest.raises(ModelError) as caught:
            refuse_unsafe_ops(folder)
        text = str(caught.value)
        assert text.startswith(f"{folder}/saved_model.pb: the operation '"), text
        assert "is not among those allowed; save a model of ordinary layers" in text
        # ReadFile is printed, so that either is found first
        assert f"'{operation.strip()}'" in text or "'PrintV2'" in text
    assert not (tmp_path / "made").exists()
    refuse_unsafe_ops(saved(tensorflow, tmp_path / "fine", lambda x: x))


def _written(tensorflow: Any, path: str) -> Any:
    with tensorflow.control_dependencies([tensorflow.io.write_file(path, "x")]):
        return tensorflow.constant(1)


def test_files_that_come_along(tensorflow: Any, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("a\nb\n")

    class Module(tensorflow.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.asset = tensorflow.saved_model.Asset(str(tmp_path / "words.txt"))

    tensorflow.saved_model.save(Module(), str(tmp_path / "m"))
    with pytest.raises(ModelError, match=r"the graph reads a file of its own \('words.txt'\)"):
        refuse_unsafe_ops(tmp_path / "m")


def test_saving_is_not_predicting(tensorflow: Any, tmp_path: Path) -> None:
    """What restores the variables of any model must not be what a signature, or a function of the user, runs."""
    from tensorflow.core.protobuf import saved_model_pb2

    folder = saved(tensorflow, tmp_path / "m", lambda x: x)
    refuse_unsafe_ops(folder)
    path = folder / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    graph = model.meta_graphs[0]
    restore = next(f.signature.name for f in graph.graph_def.library.function if "restore" in f.signature.name)

    signature = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    info = signature.meta_graphs[0].signature_def["serving_default"].outputs["output_0"]
    info.name = f"{graph.saver_def.restore_op_name}:0"
    revived = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    revived.meta_graphs[0].object_graph_def.concrete_functions[restore].bound_inputs.extend([])
    called = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    node = called.meta_graphs[0].graph_def.node.add(name="again", op="StatefulPartitionedCall")
    node.attr["f"].func.name = restore
    for changed in (signature, revived, called):
        path.write_bytes(changed.SerializeToString())
        with pytest.raises(ModelError, match=r"the operation 'RestoreV2' .* is not among those allowed"):
            refuse_unsafe_ops(folder)


@pytest.mark.usefixtures("tensorflow")
def test_what_is_no_graph(tmp_path: Path) -> None:
    path = tmp_path / "saved_model.pb"
    for raw, message in ((b"\x00\x01 no", "this is no SavedModel"), (b"", "there is no graph in this SavedModel")):
        path.write_bytes(raw)
        with pytest.raises(ModelError, match=message):
            refuse_unsafe_ops(tmp_path)
    (tmp_path / "saved_model.pbtxt").write_text("")
    with pytest.raises(ModelError, match=r"a second graph beside saved_model\.pb; remove the one that is not meant"):
        refuse_unsafe_ops(tmp_path)


def test_the_list_has_nothing_that_reaches_out() -> None:
    words = ("File", "Py", "Print", "Dataset", "Iterator", "Send", "Recv", "Rpc", "Summary", "Library", "Xla", "Asset")
    assert not [name for name in COMPUTING for word in words if word in name and name != "ShardedFilename"]
    assert not COMPUTING & CHECKPOINTS


def test_a_description(tmp_path: Path) -> None:
    """Without TensorFlow, names and hash are known."""
    (tmp_path / "variables").mkdir()
    (tmp_path / "saved_model.pb").write_bytes(b"graph")
    (tmp_path / "variables" / "variables.index").write_bytes(b"index")
    (tmp_path / NAME).write_text(write_inputs(["a", "b"]))
    (tmp_path / "card.yaml").write_text("outputs: [x, y]\n")
    description = read_model(tmp_path)
    assert (description.format, description.network) == ("saved_model", None)
    assert description.saved_model == tmp_path
    assert (description.inputs, description.outputs) == (("a", "b"), ("x", "y"))
    (tmp_path / "variables" / "variables.index").write_bytes(b"other")
    assert read_model(tmp_path).digest != description.digest
    assert read_model(tmp_path / "saved_model.pb").saved_model == tmp_path


def test_weights_beside_the_json_come_before_the_graph(tmp_path: Path) -> None:
    folder = helpers.write_model(tmp_path / "m", helpers.random_network((2, 1)))
    (folder / "saved_model.pb").write_bytes(b"graph")
    assert read_model(folder).format == "keras-json+h5"
    (folder / "NN_weights-net.h5").unlink()
    assert read_model(folder).format == "saved_model"
