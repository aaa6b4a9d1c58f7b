"""What people type, and the number it is; None is refused. Python and the page must agree on each."""

TYPED: dict[str, float | None] = {
    "0.3": 0.3, ".5": 0.5, "7.": 7, " 12 ": 12, "-3": -3, "1e3": 1000, "1,234": 1234, "1,234,567.5": 1234567.5,
    "-12,345": -12345, "0,3": None, "1,23": None, "12,3456": None, "0,300": None, "1234,567": None, "1.234,5": None,
    "1,234e3": None, ",500": None, "1,,000": None, "1_000": None, "0x10": None, "nan": None, "inf": None, "": None,
    "1 234": None, "\u0663": None, "--5": None,
}  # fmt: skip
