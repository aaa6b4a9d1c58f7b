"""The rules of the house, as tests, so that `pytest` alone checks everything."""

import ast
import json
import pkgutil
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import playground

ROOT = Path(__file__).parents[1]
MODULES = [*sorted((ROOT / "playground").rglob("*.py")), ROOT / "app.py"]
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 60


def module_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def run(*command: str) -> None:
    """Runs a checker in the repository; what it prints is the failure."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}", pytrace=False)


def test_ruff_finds_nothing():
    run(sys.executable, "-m", "ruff", "check", ".")


def test_the_code_is_formatted():
    run(sys.executable, "-m", "ruff", "format", "--check", ".")


def test_the_types_hold():
    run(sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable)


def test_imports_only_point_down():
    run(str(Path(sysconfig.get_path("scripts")) / "lint-imports"), "--no-cache")


def imported_with(*modules: str) -> set[str]:
    """Top-level packages in memory after a fresh interpreter has imported the modules."""
    code = (
        f"import {', '.join(modules)}, json, sys; print(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


LIGHT = ["settings", "files", "data.presets", "data.user_presets", "runs.records", "runs.store", "metrics.cost",
         "metrics.timing", "metrics.memory", "metrics.energy", "engine.events", "models.facts", "backends.base",
         "cli.main"]  # fmt: skip


@pytest.mark.parametrize("module", LIGHT)
def test_reading_a_run_or_asking_for_help_waits_for_neither_torch_nor_gradio(module):
    heavy = {"torch", "transformers", "gradio", "numpy", "pandas", "genai_prices"}
    assert not imported_with(f"playground.{module}") & heavy


def test_nothing_below_the_page_imports_gradio():
    layers = (
        "playground.engine",
        "playground.models",
        "playground.backends",
        "playground.metrics",
        "playground.data",
        "playground.runs",
        "playground.experiments",
        "playground.bench",
    )
    below = [
        found.name
        for found in pkgutil.walk_packages(playground.__path__, "playground.")
        if found.name.startswith(layers) and not found.ispkg
    ]
    loaded = imported_with(*below)
    assert "torch" in loaded  # else this test looks at nothing
    assert "gradio" not in loaded


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_modules_and_functions_are_short(path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) < MAX_MODULE_LINES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            assert lines < MAX_FUNCTION_LINES, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("path", sorted((ROOT / "playground").rglob("__init__.py")), ids=module_name)
def test_packages_hold_nothing_themselves(path):
    if path.parent.name != "playground":
        assert path.read_text(encoding="utf-8") == ""


def test_nothing_is_left_for_later():
    words = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
    kinds = {".py", ".js", ".css", ".yaml", ".md", ".toml"}
    folders = ("playground", "presets", "tests")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in kinds]
    files += [path for path in ROOT.iterdir() if path.suffix in kinds]
    found = [module_name(path) for path in files if words.search(path.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_every_ignored_warning_says_why_beside_or_above_it(path):
    bare = re.compile(r"#\s*(noqa(: [A-Z0-9, ]+)?|(type|pyright): ignore(\[[\w, -]+\])?)\s*$")
    explained = False
    for line in path.read_text(encoding="utf-8").splitlines():
        if not bare.search(line):
            explained = line.lstrip().startswith("#")
        assert explained or not bare.search(line), line


def test_ci_runs_exactly_the_command_that_the_readme_tells():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    command = ci.strip().splitlines()[-1]
    assert command == 'pip install -e ".[test]" && pytest'
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_licence_is_apache_2():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
