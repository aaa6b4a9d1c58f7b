import ast
from pathlib import Path

import playground

SOURCES = sorted(Path(playground.__file__).parent.rglob("*.py"))
READERS = ("from_pretrained", "from_config")


def calls(name: str):
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
                yield path, node


def test_every_call_that_reads_a_model_refuses_its_authors_code_in_so_many_words():
    found = [call for name in READERS for call in calls(name) if ast.unparse(call[1].func).startswith("Auto")]
    assert len(found) >= len(list(calls("from_pretrained")))
    assert found
    for path, node in found:
        given = {k.arg: k.value for k in node.keywords}
        value = given.get("trust_remote_code")
        assert isinstance(value, ast.Constant), f"{path}:{node.lineno}"
        assert value.value is False, f"{path}:{node.lineno}"


def test_nothing_unpickles():
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert not names & {"pickle", "marshal", "shelve", "dill"}, path
    assert not [path for path, node in calls("load") if ast.unparse(node.func) == "torch.load"]
