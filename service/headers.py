"""Headers that every answer carries, so that a browser does no more with it than it should."""

from flask import Flask, Response

__all__ = ["PAGE_POLICY", "SECURITY_HEADERS", "register"]

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",  # answers quote the text that was sent
}

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of a page: its own host alone, and nothing inline."""


def register(app: Flask) -> None:
    """Add the headers to every answer of `app` that does not set them itself."""
    app.after_request(_add)


def _add(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
