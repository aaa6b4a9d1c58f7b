"""Files that people hand in: read with a cap, and parsed as plain data."""

import codecs
import errno
from collections import Counter
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from playground.errors import PlaygroundError

MAX_YAML_BYTES = 64 * 2**10
MAX_YAML_DEPTH = 16

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CAUSES = {
    errno.ENOSPC: "the disk is full; free some space and try again",
    errno.EDQUOT: "your disk quota is used up; free some space and try again",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.EACCES: "permission is denied; choose another folder or change its permissions",
    errno.EPERM: "permission is denied; choose another folder or change its permissions",
    errno.ENOENT: "it does not exist; check the path, and create the folder first if it is missing",
    errno.ENOTDIR: "part of the path is a file, not a folder; check the path",
    errno.EISDIR: "it is a folder; name a file",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}


def file_failure(verb: str, path: Path, error: OSError | ValueError) -> PlaygroundError:
    """The error as a sentence: what failed, why, what to do."""
    if isinstance(error, ValueError):  # NUL or a lone surrogate in the path
        cause = "the path holds a character that no file name can have; choose another name"
    else:
        cause = _CAUSES.get(error.errno or 0, f"the system says: {error.strerror or error}")
    return PlaygroundError(f"Cannot {verb} {str(path)!r}: {cause}.")


def read_capped(path: Path, limit_bytes: int) -> bytes:
    """The bytes of a regular file, refused by its size before it is read.

    Raises:
        PlaygroundError: The file is missing, not readable, not a regular file, or larger than `limit_bytes`.
    """
    try:
        if path.exists() and not path.is_file():
            raise PlaygroundError(f"Cannot read {str(path)!r}: it is not a file.")
        size = path.stat().st_size
        if size > limit_bytes:
            raise PlaygroundError(f"{str(path)!r} has {size:,} bytes; the limit is {limit_bytes:,}.")
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except (OSError, ValueError) as error:
        raise file_failure("read", path, error) from None
    if len(data) > limit_bytes:  # it grew since
        raise PlaygroundError(f"{str(path)!r} has more than {limit_bytes:,} bytes, the limit.")
    return data


def decode_text(data: bytes, name: str) -> str:
    """The text of a file: UTF-8, or as its byte order mark says, since `>` in PowerShell writes UTF-16.

    Raises:
        PlaygroundError: It is neither.
    """
    encoding = next((encoding for mark, encoding in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeError:
        raise PlaygroundError(f"{name} is not UTF-8 or UTF-16 text: save it as UTF-8.") from None


def read_text(path: Path, limit_bytes: int) -> str:
    """The text of a regular file, which may have at most `limit_bytes`.

    Raises:
        PlaygroundError: As `read_capped` and `decode_text`; names the file.
    """
    return decode_text(read_capped(path, limit_bytes), repr(path.name))


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice, which plain YAML would silently drop."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        counts = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        for key, count in counts.most_common(1):
            if count > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key[:60]!r} is given twice")
        return super().construct_mapping(node, deep)


def parse_yaml(text: str | bytes, name: str) -> Any:
    """Plain data from YAML: no tags, no anchors, one document, bounded in size and depth.

    `name` is what an error calls it.

    Raises:
        PlaygroundError: The document is too large, not YAML, or uses what is refused.
    """
    try:
        data = text if isinstance(text, bytes) else text.encode()
        if len(data) > MAX_YAML_BYTES:
            raise PlaygroundError(f"{name} has {len(data):,} bytes; the limit is {MAX_YAML_BYTES:,}.")
        decoded = decode_text(data, name)
        _refuse_the_unplain(decoded, name)
        return yaml.load(decoded, Loader=_PlainLoader)
    except UnicodeError:
        raise PlaygroundError(f"{name} is not UTF-8 text.") from None
    except yaml.MarkedYAMLError as error:
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise PlaygroundError(f"{name} is not valid YAML{line}: {error.problem}.") from None
    except (yaml.YAMLError, ValueError, OverflowError, TypeError) as error:
        # PyYAML lets a date that does not exist or a number of 5,000 digits through as a bare ValueError.
        raise PlaygroundError(f"{name} is not valid YAML: {str(error).splitlines()[0][:200]}.") from None


def _refuse_the_unplain(text: str, name: str) -> None:
    """Checks the events first, so nothing is built from YAML that is not plain data."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise PlaygroundError(f"{name} uses YAML anchors (& or *), which are not accepted: write the value out.")
        if tag := getattr(event, "tag", None):
            raise PlaygroundError(f"{name} uses a YAML tag ({tag[:40]!r}); tags are not accepted: remove it.")
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if documents > 1:
            raise PlaygroundError(f"{name} holds more than one YAML document; one file holds one.")
        if depth > MAX_YAML_DEPTH:
            raise PlaygroundError(f"{name} is nested more than {MAX_YAML_DEPTH} levels deep, the limit.")


def read_yaml(path: Path) -> Any:
    """Plain data from a YAML file of at most `MAX_YAML_BYTES`.

    Raises:
        PlaygroundError: As `read_capped` and `parse_yaml`; names the file.
    """
    return parse_yaml(read_capped(path, MAX_YAML_BYTES), repr(path.name))
