# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""SingleFlight: however many threads ask for one thing at the same time, it is fetched once.

A value stays for the run; a failure is shared by those who waited for it and forgotten, so a later
asker tries again, unless it is one that stays.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """A memo by key; the two questions say what outlives the askers that were waiting."""

    def __init__(
        self,
        *,
        keep: Callable[[V], bool] = lambda _: True,
        keep_error: Callable[[BaseException], bool] = lambda _: False,
    ) -> None:
        self._keep = keep
        self._keep_error = keep_error
        self._futures: dict[K, Future[V]] = {}
        self._lock = Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the value of *key*, made by the first asker; raises what *make* raised."""
        with self._lock:
            future = self._futures.get(key)
            is_mine = future is None
            if future is None:
                future = self._futures[key] = Future()
        return self._fly(key, future, make) if is_mine else future.result()

    def put(self, key: K, value: V) -> None:
        """Remember a value that was learnt another way; an earlier one stays, no failure does."""
        future: Future[V] = Future()
        future.set_result(value)
        with self._lock:
            known = self._futures.get(key)
            if known is None or (known.done() and known.exception() is not None):
                self._futures[key] = future

    def forget(self, key: K, value: V) -> None:
        """Drop *key* if *value* is still what it holds, so that the next asker makes it anew."""
        with self._lock:
            future = self._futures.get(key)
            if future is None or not future.done() or future.exception() is not None:
                return
            if future.result() is value:
                del self._futures[key]

    def _fly(self, key: K, mine: Future[V], make: Callable[[], V]) -> V:
        try:
            value = make()
        except BaseException as error:
            if not self._keep_error(error):
                self._drop(key, mine)
            mine.set_exception(error)
            raise
        if not self._keep(value):
            self._drop(key, mine)
        mine.set_result(value)
        return value

    def _drop(self, key: K, mine: Future[V]) -> None:
        with self._lock:
            if self._futures.get(key) is mine:
                del self._futures[key]
