"""The page's styles: what a growing answer makes the browser compute again."""

import re
from pathlib import Path

import playground.ui
from playground.ui.components.base import styles


def after_has(selector: str) -> str:
    """What follows the outermost compound with a `:has()`, its `:not()`s taken out: the elements that it styles."""
    start, depth = selector.index(":has("), 0
    opened = selector[:start].count("(") - selector[:start].count(")")  # as in :not(:has(
    for place in range(start, len(selector)):
        depth += {"(": 1, ")": -1}.get(selector[place], 0)
        if depth == -opened and selector[place] == ")":
            return re.sub(r":not\([^()]*\)", "", selector[place + 1 :])
    raise AssertionError(f"unbalanced: {selector}")


def test_no_rule_lets_a_new_node_style_the_whole_page_again():
    """Blink files all `:has()` rules under one invalidation set: one rule that ends in any child widens them all."""
    folder = Path(playground.ui.__file__).parent
    text = "\n".join([styles(), *(path.read_text("utf-8") for path in folder.glob("**/*.css"))])
    rules = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    selectors = [found.strip() for found in re.findall(r"([^{};]*:has\([^{};]*)\{", rules)]
    assert len(selectors) > 10
    for selector in selectors:
        rest = after_has(selector)
        assert not re.search(r"[\s>+~]", rest.strip(" ")) or re.search(r"[.#]\w", rest), selector
    assert not re.search(r"[.#]\w", after_has(".a:not(:has(.b)) > :not(.c)"))
