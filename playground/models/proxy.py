"""Why a fetch can't use the proxy that the person has set, in a sentence."""

_MISSING = ("socksio", "Missing dependencies for SOCKS")  # httpx; pip
_UNKNOWN = ("Unknown scheme for proxy URL", "Unable to determine SOCKS version", "Proxy URL had unsupported scheme")


def proxy_problem(said: str) -> str | None:
    """What is wrong with the proxy and what to do, where that is why pip or the hub's library failed; else None.

    Args:
        said: What the library wrote.
    """
    if any(words in said for words in _MISSING):
        return (
            "Your proxy (HTTPS_PROXY or ALL_PROXY) is a SOCKS proxy, and what speaks to one is not installed: install "
            "the packages pysocks and socksio, or set an http:// proxy, and try again."
        )
    if any(words in said for words in _UNKNOWN):
        return (
            "Your proxy (HTTPS_PROXY or ALL_PROXY) is not of a kind that can be used: write it as http://, https://, "
            "socks5:// or socks5h://, and try again."
        )
    return None
