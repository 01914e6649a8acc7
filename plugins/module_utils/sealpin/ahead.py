# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Ask the registry while the libraries that judge its answers are still loading.

Loading them takes as long as a round trip or two. What is asked here is what a session will ask
anyway, through the same source, which remembers its answers, a definite no among them; other errors
are left for the session to meet again. Nothing is asked before the options are known to be good.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from .errors import SealpinError
from .evidence import EvidenceKind
from .reference import ImageReference, Repository
from .registry.discover import discover
from .registry.source import Source


class LookAhead:
    """Lookups under way; `stop` when the session has answered."""

    def __init__(self, source: Source, *, workers: int) -> None:
        self.source = source
        self._images = ThreadPoolExecutor(workers, thread_name_prefix="sealpin-ahead")
        self._lookups = ThreadPoolExecutor(workers, thread_name_prefix="sealpin-ahead-lookup")

    def ask(
        self,
        reference: ImageReference,
        *,
        repositories: tuple[Repository, ...],
        want: frozenset[EvidenceKind],
    ) -> None:
        """Begin to resolve *reference* and to gather its evidence from *repositories*."""
        self._images.submit(self._gather, reference, repositories, want)

    def stop(self) -> None:
        """Begin no further image; what is under way ends by itself.

        A lookup must not be cancelled: whoever waits for it would never be woken
        (`Executor.shutdown` cancels without notifying `concurrent.futures.wait`).
        """
        self._images.shutdown(wait=False, cancel_futures=True)
        self._lookups.shutdown(wait=False)

    def _gather(
        self,
        reference: ImageReference,
        repositories: tuple[Repository, ...],
        want: frozenset[EvidenceKind],
    ) -> None:
        with suppress(SealpinError):
            discover(
                self.source,
                image=reference.repository,
                subject=self.source.resolve(reference).digest,
                repositories=repositories,
                want=want,
                executor=self._lookups,
            )
