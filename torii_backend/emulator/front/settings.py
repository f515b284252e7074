"""FrontSettings: what the environment allows front-ends to do."""

from __future__ import annotations

from typing import Optional


class FrontSettings:
    """Whether users may sign up, and on what condition. Threads may read it while one changes it."""

    oauth_providers: tuple[str, ...] = ("github", "google")

    def __init__(self) -> None:
        self.sign_up_enabled: bool = True
        self.legal_consent_required: bool = False

    def change(
        self, *, enabled: Optional[bool] = None, legal_consent_required: Optional[bool] = None
    ) -> None:
        """Change what isn't None."""
        if enabled is not None:
            self.sign_up_enabled = enabled
        if legal_consent_required is not None:
            self.legal_consent_required = legal_consent_required

    def reset(self) -> None:
        """Restore the defaults."""
        self.change(enabled=True, legal_consent_required=False)
