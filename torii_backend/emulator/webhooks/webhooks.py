"""Webhooks: register URLs, and send them signed events in background threads.

State: the schedule, the secrets, and which URLs a thread works for. The lock of `_condition` guards all
of it, and no thread holds it while it sends. A thread starts with the first event for a URL, ends when
the URL's queue is empty, and is told by `_condition` of new events, of `finish` and of a reset. A reset
replaces the schedule. What a thread then still sends belongs to the old one, and is forgotten.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Sequence
from threading import Condition, Thread
from typing import Any, Optional, Union

from torii_backend.auth import not_from_requests
from torii_backend.emulator.environment import Environment
from torii_backend.emulator.webhooks.delivery import (
    Change,
    Delivery,
    DeliveryAttempt,
    Fault,
    make_event,
    require_fault,
)
from torii_backend.emulator.webhooks.post import require_url, send_delivery
from torii_backend.emulator.webhooks.schedule import Job, Schedule
from torii_backend.errors import ConfigurationError


@not_from_requests("your_function")
class Webhooks:
    """The webhooks of an emulator, which is `Emulator.webhooks`. You don't create it yourself."""

    def __init__(
        self,
        environment: Environment,
        urls: Union[str, Iterable[str], None] = None,
        *,
        allow_remote: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environment = environment
        self._allow_remote = allow_remote
        self._condition = Condition()
        # Bound above, before freezegun replaces it: that would stop the clock of some threads only.
        self._clock = clock
        self._hurrying = 0
        self._rotations = 0
        self._secrets = [self._derived_secret(0)]
        try:
            self._first_urls = [
                require_url("webhooks", url, allow_remote=allow_remote) for url in _listed(urls)
            ]
            self._schedule = self._new_schedule()
        except ValueError as error:
            raise ConfigurationError(str(error)) from None

    @property
    def secret(self) -> str:
        """The secret that signs deliveries, `whsec_…`. It is kept if the emulator keeps its data."""
        return self._secrets[0]

    @property
    def urls(self) -> tuple[str, ...]:
        """The registered URLs."""
        return self._schedule.urls

    def register(self, url: str) -> None:
        """Send events to a URL from now on. A second time changes nothing.

        Args:
            url: a loopback URL, or any if the emulator has `allow_remote`. Up to 16 can be registered.

        Raises:
            ValueError: the URL is invalid or not a loopback one, or there are too many.
        """
        checked = require_url("url", url, allow_remote=self._allow_remote)
        with self._condition:
            self._schedule.register(checked)

    def rotate_secret(self, *, withdraw: bool = False) -> str:
        """Sign with a new secret from now on.

        Args:
            withdraw: whether to stop using the old secret at once. By default, False, deliveries have
                a signature for each of the two.

        Returns:
            The new secret.

        Raises:
            TypeError: withdraw is not a boolean.
        """
        if not isinstance(withdraw, bool):
            raise TypeError("withdraw must be true or false.")
        with self._condition:
            self._rotations += 1
            old = [] if withdraw else self._secrets[:1]
            self._secrets = [self._derived_secret(self._rotations), *old]
            return self._secrets[0]

    def stage_fault(self, fault: Fault) -> None:
        """Let something go wrong with the next event that registered URLs get.

        Args:
            fault: `duplicate` sends it twice, and `reorder` after the event that follows it. `late` has
                a timestamp of a day ago, `bad_signature` the signature of another secret, and `cut_body`
                half a body. After these three the right delivery follows, as a retry.

        Raises:
            ValueError: the fault is unknown, or 100 are staged.
        """
        with self._condition:
            self._schedule.stage(fault)

    def deliveries(self) -> list[Delivery]:
        """Return the deliveries to registered URLs, without waiting.

        Returns:
            The last 1,000 that are over, in that order, and then those that are pending.
        """
        with self._condition:
            return self._schedule.deliveries()

    def finish(self, timeout: float = 30.0) -> list[Delivery]:
        """Wait until no delivery is pending. Retries don't wait for their time meanwhile.

        Args:
            timeout: how many seconds to wait at most, by default 30.

        Returns:
            What `deliveries` returns.

        Raises:
            TimeoutError: some are still pending.
        """
        with self._condition:
            schedule = self._schedule
            self._hurrying += 1
            self._condition.notify_all()
            try:
                finished = self._condition.wait_for(
                    lambda: schedule.is_finished() or self._schedule is not schedule, timeout
                )
            finally:
                self._hurrying -= 1
            if not finished:
                raise TimeoutError("Some deliveries are still pending.")
            return schedule.deliveries()

    def send(self, event_type: str, data: Any, *, to: str, fault: Optional[Fault]) -> Delivery:
        """Send one event now, as `Emulator.send_event` describes."""
        url = require_url("to", to, allow_remote=self._allow_remote)
        if fault is not None:
            require_fault(fault)
        if fault == "reorder":
            raise ValueError("fault must not be reorder, as there is only one event.")
        job = Job(url, make_event(event_type, data), fault)
        with self._condition:
            secrets = self._secrets
        for _ in range(2 if fault == "duplicate" else 1):
            job.record(_attempt(job, secrets), now=0)
        if job.state == "pending":
            job.state = "failed"
        return job.snapshot()

    def publish(self, changes: Sequence[Change]) -> None:
        """Send changes to the registered URLs as events, in this order. It does not wait for that."""
        with self._condition:
            for change in changes:
                if change.environment_id == self._environment.environment_id:
                    event = make_event(change.event_type, change.record)
                    self._schedule.add(event, self._clock())
            for url in self._schedule.start_work():
                Thread(
                    target=self._work,
                    args=(self._schedule, url),
                    name="torii-emulator-webhooks",
                    daemon=True,
                ).start()
            self._condition.notify_all()

    def reset(self) -> None:
        """Drop what is pending, and restore URLs and secret as they were at the start."""
        with self._condition:
            self._schedule = self._new_schedule()
            self._rotations = 0
            self._secrets = [self._derived_secret(0)]
            self._condition.notify_all()

    def stop(self) -> None:
        """Drop what is pending, and send nothing more."""
        with self._condition:
            self._schedule = Schedule()
            self._condition.notify_all()

    def _work(self, schedule: Schedule, url: str) -> None:
        """Send what is in the queue of a URL."""
        while True:
            with self._condition:
                job = self._next(schedule, url)
                secrets = self._secrets
            if job is None:
                return
            attempt = _attempt(job, secrets)
            with self._condition:
                schedule.record(job, attempt, self._clock())
                self._condition.notify_all()

    def _next(self, schedule: Schedule, url: str) -> Optional[Job]:
        """Wait for the next job; None if there is none any more, or after a reset."""
        while self._schedule is schedule:
            job, seconds = schedule.next(url, self._clock(), hurry=self._hurrying > 0)
            if job is not None:
                return job
            if seconds is None:
                break
            self._condition.wait(seconds)
        schedule.end_work(url)
        return None

    def _new_schedule(self) -> Schedule:
        schedule = Schedule()
        for url in self._first_urls:
            schedule.register(url)
        return schedule

    def _derived_secret(self, rotations: int) -> str:
        # From the secret key, so that a database keeps it, too.
        key = hmac.digest(
            self._environment.secret_key.encode(), b"webhooks %d" % rotations, hashlib.sha256
        )
        return "whsec_" + base64.b64encode(key).decode()


def _attempt(job: Job, secrets: Sequence[str]) -> DeliveryAttempt:
    return send_delivery(job.url, job.event, delivery_id=job.id, secrets=secrets, fault=job.fault)


def _listed(urls: Union[str, Iterable[str], None]) -> list[Any]:
    if urls is None:
        return []
    return (
        [urls] if isinstance(urls, (str, bytes)) or not isinstance(urls, Iterable) else list(urls)
    )
