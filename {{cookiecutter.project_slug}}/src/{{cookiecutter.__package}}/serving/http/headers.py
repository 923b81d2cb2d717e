"""Headers that keep browsers and caches from doing more with an answer than reading it.

Strict-Transport-Security is not among them: whoever ends TLS before this server sends that.
"""

Header = tuple[bytes, bytes]
CLOSE: Header = (b"connection", b"close")
ANSWERS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
"""Of predictions, which no browser shows as a page."""
OTHERS: tuple[Header, ...] = (
    *ANSWERS,
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
)
"""Of all else; a page has a policy of its own."""


def completed(headers: list[Header]) -> list[Header]:
    """The headers, with those of ours that it does not have."""
    present = {name for name, _ in headers}
    return [*headers, *(header for header in OTHERS if header[0] not in present)]
