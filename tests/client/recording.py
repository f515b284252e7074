"""RecordingAdapter: an adapter, as users mount them, that notes what passes."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter


class RecordingAdapter(HTTPAdapter):
    """Sends as any adapter does."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[requests.PreparedRequest, dict[str, Any]]] = []

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        self.calls.append((request, kwargs))
        return super().send(request, *args, **kwargs)
