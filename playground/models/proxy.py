"""Why a fetch can't use the user's proxy, in a sentence."""

_MISSING = ("socksio", "Missing dependencies for SOCKS")  # httpx; pip
_UNKNOWN = ("Unknown scheme for proxy URL", "Unable to determine SOCKS version", "Proxy URL had unsupported scheme")


def proxy_problem(said: str) -> str | None:
    """What is wrong with the proxy and what to do, if that is why pip or the hub's library failed; else None."""
    if any(words in said for words in _MISSING):
        return (
            "Your proxy (HTTPS_PROXY or ALL_PROXY) is a SOCKS proxy, and SOCKS support is not installed: install "
            "the packages pysocks and socksio, or set an http:// proxy, and try again."
        )
    if any(words in said for words in _UNKNOWN):
        return (
            "Your proxy (HTTPS_PROXY or ALL_PROXY) has an unsupported scheme: write it as http://, https://, "
            "socks5:// or socks5h://, and try again."
        )
    return None
