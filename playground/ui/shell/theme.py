"""The look as values, once: a table of colours for both themes, and the Gradio theme made from it."""

from collections.abc import Mapping
from pathlib import Path

from gradio.themes import Base
from gradio.themes.utils import fonts

TOKENS = {
    "paper": ("#fafaf7", "#131519"),
    "panel": ("#ffffff", "#1a1d22"),
    "ink": ("#1b1d21", "#ececea"),
    "ink-2": ("#565b63", "#a6acb5"),
    "line": ("#e3e3dd", "#2c3037"),
    "edge": ("#8a8f97", "#6d747f"),  # borders of things one can act on: 3:1 against panel and paper
    "accent": ("#1b1d21", "#ececea"),
    "accent-ink": ("#ffffff", "#131519"),
    "prob": ("36 92% 50%", "42 80% 60%"),  # hsl parts: surprise is drawn as their alpha
    "prob-max": ("0.75", "0.46"),  # the strongest alpha that leaves the ink 4.5:1
    "prob-bend": ("1", "0.55"),  # exponent of the share: on a dark ground equal steps of alpha are not equal to the eye
    "time": ("#1f5fbf", "#86b3ff"),
    "time-soft": ("#e6eefb", "#18263d"),
    "memory": ("#6a3fc0", "#b79bff"),
    "memory-soft": ("#efe9fb", "#261d3d"),
    "money": ("#1b7348", "#6fd3a0"),
    "money-soft": ("#e4f3ea", "#15301f"),
    "energy": ("#9a4b00", "#ffb568"),
    "energy-soft": ("#fbeedd", "#33220f"),
    "add": ("#1b7348", "#6fd3a0"),
    "del": ("#b3261e", "#ff8a80"),
    "del-soft": ("#fdecea", "#3a1d1b"),
}
_SHARED = {
    "sans": "var(--font)", "mono": "var(--font-mono)",
    "s1": "12px", "s2": "13px", "s3": "15px", "s4": "18px", "s5": "28px",
    "g": "8px", "r": "6px",
}  # fmt: skip

_RAMP = "linear-gradient(90deg,{})".format(
    ",".join(f"hsl(var(--prob)/calc(pow({n}/8,var(--prob-bend))*var(--prob-max)))" for n in range(9))
)
"""From sure to surprised, as the tokens are coloured."""

_COLOURS = {
    "paper": "body_background_fill background_fill_primary panel_background_fill",
    "panel": (
        "background_fill_secondary block_background_fill input_background_fill input_background_fill_focus "
        "input_background_fill_hover block_label_background_fill checkbox_label_background_fill "
        "checkbox_label_background_fill_hover checkbox_label_background_fill_selected checkbox_background_color "
        "checkbox_background_color_hover checkbox_background_color_focus button_secondary_background_fill "
        "button_cancel_background_fill"
    ),
    "ink": (
        "body_text_color block_title_text_color checkbox_label_text_color checkbox_label_text_color_selected "
        "button_secondary_text_color button_secondary_text_color_hover button_cancel_text_color "
        "button_cancel_text_color_hover accordion_text_color link_text_color link_text_color_hover "
        "link_text_color_active link_text_color_visited input_border_color_focus slider_color table_text_color"
    ),
    "ink-2": "body_text_color_subdued block_info_text_color block_label_text_color input_placeholder_color",
    "line": (
        "border_color_primary block_border_color panel_border_color block_label_border_color "
        "checkbox_label_border_color button_secondary_background_fill_hover button_cancel_background_fill_hover "
        "button_secondary_border_color button_secondary_border_color_hover button_cancel_border_color "
        "button_cancel_border_color_hover table_border_color"
    ),
    "edge": "checkbox_border_color checkbox_border_color_hover input_border_color input_border_color_hover",
    "accent": (
        "button_primary_background_fill button_primary_background_fill_hover button_primary_border_color "
        "button_primary_border_color_hover checkbox_background_color_selected checkbox_border_color_selected "
        "checkbox_border_color_focus border_color_accent color_accent"
    ),
    "accent-ink": "button_primary_text_color button_primary_text_color_hover",
    "del": "error_text_color error_border_color error_icon_color",
    "del-soft": "error_background_fill",
}
_FONTS = Path(__file__).parent.parent / "fonts"
_FAMILIES = {"IBM Plex Sans": "ibm-plex-sans", "IBM Plex Mono": "ibm-plex-mono"}
_WEIGHTS = {400: "Regular", 700: "Bold"}
_LATIN = (
    "U+0-FF,U+131,U+152-153,U+2BB-2BC,U+2C6,U+2DA,U+2DC,U+304,U+308,U+329,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,"
    "U+2212,U+2215,U+FEFF,U+FFFD"
)
_OTHER_LETTERS = "U+100-130,U+132-151,U+154-24F,U+370-52F,U+1E00-1EFF"
_WITHOUT_DARK = {"color_accent"}  # Gradio has one value of these for both themes
_SIZES = {
    "body_text_size": "15px", "block_title_text_size": "13px", "block_label_text_size": "13px",
    "block_title_text_weight": "400", "block_info_text_size": "12px", "input_text_size": "15px",
    "block_padding": "0px", "block_radius": "6px", "container_radius": "6px", "input_radius": "6px",
    "input_padding": "8px 12px", "block_border_width": "0px", "block_border_width_dark": "0px",
    "block_shadow": "none", "block_shadow_dark": "none", "input_shadow": "none", "input_shadow_dark": "none",
    "input_shadow_focus": "none", "input_shadow_focus_dark": "none", "checkbox_shadow": "none",
    "form_gap_width": "0px", "layout_gap": "16px", "section_header_text_size": "15px",
    "button_large_padding": "9px 18px", "button_large_radius": "6px", "button_large_text_size": "15px",
    "button_medium_padding": "7px 14px", "button_medium_radius": "6px", "button_medium_text_size": "15px",
    "button_small_padding": "5px 10px", "button_small_radius": "6px", "button_small_text_size": "13px",
    "button_large_text_weight": "600", "button_medium_text_weight": "400", "button_small_text_weight": "400",
    "checkbox_label_padding": "0px", "checkbox_label_border_width": "0px", "checkbox_label_border_width_dark": "0px",
    "checkbox_border_radius": "4px", "checkbox_label_text_size": "13px",
    "input_border_width": "1px", "input_border_width_dark": "1px", "button_border_width": "1px",
}  # fmt: skip


def root_css() -> str:
    """The values as CSS variables: light at the root, dark where Gradio says dark."""
    light = "".join(f"--{name}:{pair[0]};" for name, pair in TOKENS.items())
    dark = "".join(f"--{name}:{pair[1]};" for name, pair in TOKENS.items())
    shared = "".join(f"--{name}:{value};" for name, value in _SHARED.items())
    ramp = f"--prob-ramp:{_RAMP};"  # in both: a variable holds the colours of the element that defines it
    return f":root{{{light}{ramp}{shared}}}\n.dark{{{dark}{ramp}}}\n"


def font_files() -> list[Path]:
    """The letters of Western languages, a third of the size of the fonts that come with Gradio."""
    return sorted(_FONTS.glob("*.woff2"))


def font_css(places: Mapping[str, str]) -> str:
    """Which file holds which letters: ours, at these places by name, or Gradio's. A browser fetches what it needs."""
    rules = list[str]()
    for family, name in _FAMILIES.items():
        for weight, word in _WEIGHTS.items():
            theirs = family.replace(" ", "")
            files = {
                places[f"{name}-latin-{weight}-normal.woff2"]: _LATIN,
                f"/static/fonts/{theirs}/{theirs}-{word}.woff2": _OTHER_LETTERS,
            }
            rules += [
                f'@font-face{{font-family:"{family}";font-weight:{weight};src:url("{place}") format("woff2");'
                f"unicode-range:{letters}}}\n"
                for place, letters in files.items()
            ]
    return "".join(rules)


def make_theme() -> Base:
    """Gradio's own parts in our colours and type."""
    values: dict[str, str] = dict(_SIZES)
    for token, names in _COLOURS.items():
        light, dark = TOKENS[token]
        for name in names.split():
            values[name] = light
            if name not in _WITHOUT_DARK:
                values[f"{name}_dark"] = dark
    return Base(
        font=[fonts.Font("IBM Plex Sans"), "system-ui", "sans-serif"],
        font_mono=[fonts.Font("IBM Plex Mono"), "ui-monospace", "monospace"],
    ).set(**values)
