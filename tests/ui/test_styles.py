"""The page's styles: what a growing answer makes the browser compute again."""

import re
from pathlib import Path

import playground.ui
from playground.ui.components.base import styles


def after_has(selector: str) -> str:
    """What follows the compound with the `:has()`: other elements than the one that has it."""
    start, depth = selector.index(":has("), 0
    opened = selector[:start].count("(") - selector[:start].count(")")  # as in :not(:has(
    for place in range(start, len(selector)):
        depth += {"(": 1, ")": -1}.get(selector[place], 0)
        if depth == -opened and selector[place] == ")":
            return selector[place + 1 :].strip()
    raise AssertionError(f"unbalanced: {selector}")


def test_a_rule_with_has_styles_only_the_element_that_has_it():
    """Blink looks for the elements named after a `:has()` through the whole page with each node that enters it."""
    folder = Path(playground.ui.__file__).parent
    text = "\n".join([styles(), *(path.read_text("utf-8") for path in folder.glob("**/*.css"))])
    rules = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    selectors = [found.strip() for found in re.findall(r"([^{};]*:has\([^{};]*)\{", rules)]
    assert len(selectors) > 10
    for selector in selectors:
        assert after_has(selector)[:1] in ("", ","), selector  # the end, or another selector of the list
    assert after_has(".a:not(:has(.b)) > .c") == "> .c"
