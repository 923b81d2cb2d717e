"""The tree in the docstring is the tree in the code."""

import re

from {{ cookiecutter.__package }} import errors
from {{ cookiecutter.__package }}.errors import ProjectError

LINE = re.compile(r"^([│├└─ ]*)(\w+)\s+(\d+)", re.MULTILINE)


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn, parents = {}, {}
    for indent, name, exit_code in LINE.findall(errors.__doc__ or ""):
        depth = len(indent) // 4
        parents[depth] = name
        drawn[name] = (parents.get(depth - 1, "Exception"), int(exit_code))
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    made = [kind for kind in kinds if issubclass(kind, ProjectError)]
    assert drawn == {k.__name__: (k.__mro__[1].__name__, k.exit_code) for k in made}
    assert [kind for kind in made if kind.exit_code in {0, 1}] == [ProjectError]
