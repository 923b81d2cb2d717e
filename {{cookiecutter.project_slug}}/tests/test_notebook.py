"""The notebook, run from its first cell to its last on a trained workspace."""

import nbformat
import pytest
from nbclient import NotebookClient

from .conftest import ROOT, Workspace


@pytest.mark.slow
def test_the_notebook_shows_dataset_profile_and_champion(workspace: Workspace) -> None:
    path = ROOT / "notebooks" / "explore.ipynb"
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(notebook, resources={"metadata": {"path": str(workspace.path)}})
    client.execute()
    shown = "".join(str(cell.get("outputs", "")) for cell in notebook.cells)
    assert f"# {workspace.contract.name}" in shown
    assert shown.count("image/png") == 2
    assert all(name in shown for name in list(workspace.contract.features)[:3])
