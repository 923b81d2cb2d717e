"""A model as files: written once under the hash of its content, verified before it predicts.

``model.onnx  contract.json  metadata.json  profile.json  evaluation.json  card.md
checksums.sha256``
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from ..contract import Contract
from ..errors import BundleError, ModelFailedError
from ..storage import new_directory
from .inputs import Inputs, from_rows
from .tasks import Outputs, Task, task_of

CHECKSUMS = "checksums.sha256"
BATCH_ROWS = 8_192  # what layers pass on stays in the cache, and wide ones small in memory


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A verified bundle; ``open_bundle`` makes it."""

    path: Path
    contract: Contract
    metadata: dict[str, Any]
    session: ort.InferenceSession
    files: Mapping[str, bytes]
    """The other files, as they were verified."""

    @property
    def hash(self) -> str:
        """The content's hash, which is the folder's name."""
        return self.path.name

    @cached_property
    def task(self) -> Task:
        """What it predicts."""
        return task_of(self.contract, self.metadata["threshold"])

    @cached_property
    def profile(self) -> dict[str, Any]:
        """The training span's summary that drift is judged against."""
        content: dict[str, Any] = json.loads(self.files["profile.json"])
        return content

    def predict(self, inputs: Inputs) -> Outputs:
        """The task's outputs, ``[rows]`` or ``[rows, classes]``, as ``predict`` below."""
        return predict(self.session, inputs, self.task)


def open_session(model: bytes) -> ort.InferenceSession:
    """A graph ready to run on one thread: servers scale by processes, and results repeat."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def predict(
    session: ort.InferenceSession, inputs: Inputs, task: Task, n_threads: int = 1
) -> Outputs:
    """The graph's outputs.

    Raises:
        ModelFailedError: an output is not finite, or no probability where it should be one.
    """
    outputs = in_batches(inputs, lambda rows: session.run(None, rows.feed())[0], n_threads)
    if not task.valid(outputs):
        raise ModelFailedError(f"the graph gave a result that is no {task.output}")
    return outputs


def in_batches(inputs: Inputs, compute: Callable[[Inputs], Outputs], n_threads: int = 1) -> Outputs:
    """The results for ``BATCH_ROWS`` at a time, the same on any number of threads."""
    if len(inputs) <= BATCH_ROWS:
        return compute(inputs)
    parts = [inputs[at : at + BATCH_ROWS] for at in range(0, len(inputs), BATCH_ROWS)]
    if n_threads == 1:
        return np.concatenate([*map(compute, parts)])
    with ThreadPoolExecutor(n_threads) as threads:
        return np.concatenate([*threads.map(compute, parts)])


def write_bundle(folder: Path, files: dict[str, bytes]) -> Path:
    """Store files under ``folder/<hash of their content>``; the same files twice are one bundle."""
    lines = [f"{_sha256(content)}  {name}\n" for name, content in sorted(files.items())]
    listing = "".join(lines).encode()
    target = folder / _sha256(listing)[:16]
    if not target.is_dir():
        with new_directory(target) as staging:
            for name, content in (files | {CHECKSUMS: listing}).items():
                (staging / name).write_bytes(content)
    return target


def open_bundle(path: Path) -> Bundle:
    """Verify checksums, load the graph, predict the golden rows again.

    Raises:
        BundleError: a file is absent or damaged, or the golden rows have other predictions.
    """
    files = verify(path)
    contract = Contract.model_validate_json(files["contract.json"])
    metadata = json.loads(files["metadata.json"])
    if metadata["contract"] != contract.hash:
        raise BundleError(f"bundle '{path}': metadata and contract do not belong together")
    try:
        session = open_session(files.pop("model.onnx"))
    except Exception as error:  # onnxruntime raises many kinds of its own
        raise BundleError(f"bundle '{path}': onnxruntime cannot load its graph: {error}") from None
    bundle = Bundle(path=path, contract=contract, metadata=metadata, session=session, files=files)
    _replay_golden(bundle)
    return bundle


def verify(path: Path) -> dict[str, bytes]:
    """Compare every file with its checksum, and return what was compared.

    Raises:
        BundleError: naming the first file that is absent, unreadable, damaged or not listed.
    """
    try:
        if not (path / CHECKSUMS).is_file():
            raise BundleError(f"'{path}' is not a bundle: it has no {CHECKSUMS}")
        files = {file.name: file.read_bytes() for file in path.iterdir()}
    except OSError as error:
        what_to_do = "let this user read every file, or restore the folder from a copy"
        raise BundleError(f"bundle '{path}' cannot be read: {error}; {what_to_do}") from None
    listing = files.pop(CHECKSUMS)
    if _sha256(listing)[:16] != path.name:
        raise BundleError(f"bundle '{path}': {CHECKSUMS} is damaged, or the folder was renamed")
    lines = (line.split("  ", 1) for line in listing.decode().splitlines())
    listed = {name: digest for digest, name in lines}
    for name, digest in listed.items():
        if name not in files or _sha256(files[name]) != digest:
            raise BundleError(
                f"bundle '{path}': {name} is absent or damaged; restore the folder from a copy,"
                " or delete it and train again"
            )
    if extra := sorted(files.keys() - listed):
        raise BundleError(f"bundle '{path}': {extra[0]} is not in {CHECKSUMS}; take it out")
    return files


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _replay_golden(bundle: Bundle) -> None:
    """Predict the rows stored at training time again and compare."""
    rows, expected = (bundle.metadata["golden"][key] for key in ("rows", "predictions"))
    actual = bundle.predict(from_rows(bundle.contract, rows))
    if (worst := bundle.task.parity_errors(np.array(expected), actual).max()) > 1:
        raise BundleError(
            f"bundle '{bundle.path}': predictions of the golden rows are {worst:.1f} times the"
            " tolerance from those recorded; onnxruntime or the processor computes differently here"
        )
