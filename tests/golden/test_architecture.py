"""The picture in the README is that of the code: which folder stands on which."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import playground

ROOT = Path(playground.__file__).parent
README = ROOT.parent / "README.md"
BEGIN, END = "```mermaid\n", "```\n"


def imports_of(file: Path) -> Iterator[str]:
    """Rooms of the package that a module imports from, lazily or not."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        module = node.module if isinstance(node, ast.ImportFrom) else None
        if module and module.startswith("playground."):
            yield module.split(".")[1]


def rooms() -> dict[str, set[str]]:
    """Each folder, and the folders that it imports from."""
    folders = sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file())
    found = {name: {one for file in (ROOT / name).rglob("*.py") for one in imports_of(file)} for name in folders}
    return {name: {one for one in used if one in found and one != name} for name, used in found.items()}


def below(name: str, used: dict[str, set[str]]) -> set[str]:
    """Everything that a folder stands on, at any depth."""
    return used[name].union(*(below(one, used) for one in used[name]))


def picture() -> str:
    """A flowchart without the arrows that follow from others."""
    used = rooms()
    lines = ["flowchart TD"]
    for name in used:
        modules = sum(1 for file in (ROOT / name).rglob("*.py") if file.name != "__init__.py")
        lines.append(f'  {name}["{name}/ ({modules})"]')
    for name, direct in used.items():
        follows = set[str]().union(*(below(one, used) for one in direct))
        lines += [f"  {name} --> {one}" for one in sorted(direct - follows)]
    return "\n".join(lines) + "\n"


def test_the_readme_shows_the_architecture_as_it_is():
    text = README.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    wanted = f"{before}{BEGIN}{picture()}{END}{after}"
    if os.environ.get("PLAYGROUND_GOLDEN") == "write":
        README.write_text(wanted, "utf-8")
        text = wanted
    assert text == wanted, "the picture in README.md is old: PLAYGROUND_GOLDEN=write pytest tests/golden"
