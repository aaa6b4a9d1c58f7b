"""A section that the model in memory can't feed is grey and says why, and opens with the next model that can."""

import pytest
from playwright.sync_api import Page, expect
from transformers import MambaConfig

from playground.models.quiet import quiet
from tests.tiny import VOCABULARY, tiny_folder, tiny_model, tiny_tokenizer
from tests.ui.lab import serving
from tests.ui.pages import Browsers, opening, violations

pytestmark = pytest.mark.browser
GATES = {
    ("Reruns", "Determinism"): ("#ladder",),
    ("Reruns", "Load"): ("#load",),
    ("Inside", "Layers"): ("#layers",),
}
MAMBA = MambaConfig(
    vocab_size=VOCABULARY, hidden_size=64, num_hidden_layers=2, state_size=8, max_position_embeddings=512
)


def _open(page: Page, tabs: tuple[str, ...]) -> None:
    for tab in tabs:
        page.get_by_role("tab", name=tab, exact=True).click()


def test_sections_close_for_a_model_that_reads_in_a_way_of_its_own(
    browsers: Browsers, tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("gates") / "tiny-mamba"
    with quiet():
        tiny_model(made=MAMBA).save_pretrained(folder)
        tiny_tokenizer().save_pretrained(folder)
        plain = tiny_folder(folder.parent)
    rooms = {tabs[0] for tabs in GATES}
    with serving(tmp_path_factory, folder.name, folder, plain, rooms=rooms) as url, opening(browsers, url) as open_it:
        page = open_it()
        for tabs, sections in GATES.items():
            _open(page, tabs)
            for section in sections:
                expect(page.locator(f"{section} .actions button").first).to_be_disabled()
                expect(page.locator(f"{section}-stage .words")).to_contain_text(folder.name)
            assert violations(page, sections[0]) == []
        page.locator("#model-select").select_option(plain.name)
        for tabs, sections in GATES.items():
            _open(page, tabs)
            for section in sections:
                expect(page.locator(f"{section} .actions button").first).to_be_enabled()
                expect(page.locator(f"{section}-stage .words")).not_to_contain_text(folder.name)
