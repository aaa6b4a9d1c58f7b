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
MAX_MODULE_LINES = 251
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
    run(sys.executable, "-m", "pyrefly", "check", "--python-interpreter-path", sys.executable)


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


def test_reading_a_run_or_asking_for_help_waits_for_neither_torch_nor_gradio():
    heavy = {"torch", "transformers", "gradio", "numpy", "pandas", "genai_prices"}
    together = imported_with(*(f"playground.{module}" for module in LIGHT)) & heavy
    guilty = [module for module in LIGHT if imported_with(f"playground.{module}") & heavy] if together else []
    assert (together, guilty) == (set(), [])


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


def test_modules_and_functions_are_short():
    long = []
    for path in MODULES:
        source = path.read_text(encoding="utf-8")
        parts = [(module_name(path), len(source.splitlines()), MAX_MODULE_LINES)]
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                name = f"{module_name(path)}: {node.name}"
                parts.append((name, node.end_lineno - node.lineno + 1, MAX_FUNCTION_LINES))
        long += [f"{name} has {lines} lines" for name, lines, limit in parts if lines >= limit]
    assert long == []


def test_packages_hold_nothing_themselves():
    packages = [path for path in MODULES if path.name == "__init__.py" and path.parent.name != "playground"]
    assert [module_name(path) for path in packages if path.read_text(encoding="utf-8")] == []


def test_nothing_is_left_for_later():
    words = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
    kinds = {".py", ".js", ".css", ".html", ".yaml", ".md", ".toml"}
    folders = ("playground", "presets", "tests")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in kinds]
    files += [path for path in ROOT.iterdir() if path.suffix in kinds]
    found = [module_name(path) for path in files if words.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_every_ignored_warning_says_why_beside_or_above_it():
    bare = re.compile(r"#\s*(noqa(: [A-Z0-9, ]+)?|(type|pyrefly): ignore(\[[\w, -]+\])?)\s*$")
    unexplained = []
    for path in MODULES:
        explained = False
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not bare.search(line):
                explained = line.lstrip().startswith("#")
            elif not explained:
                unexplained.append(f"{module_name(path)}:{number}")
    assert unexplained == []


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
