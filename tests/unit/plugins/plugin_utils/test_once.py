# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Answers are asked for once in a run, however many processes want them."""

from __future__ import annotations

import importlib.util
import multiprocessing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
SPEC = importlib.util.spec_from_file_location("once", ROOT / "plugins" / "plugin_utils" / "once.py")
once = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(once)


class Asker:
    """Answers with an outcome, and writes down what it was asked."""

    def __init__(self, log: Path, outcome: str = "allowed") -> None:
        self.log = log
        self.outcome = outcome

    def __call__(self, images: list[str]) -> dict[str, dict[str, str]]:
        with self.log.open("a") as file:
            file.write("".join(f"{image}\n" for image in images))
        return {image: {"image": image, "outcome": self.outcome} for image in images}

    @property
    def asked(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []


@pytest.fixture
def asker(tmp_path: Path) -> Asker:
    return Asker(tmp_path / "asked")


def test_asks_for_an_image_once(tmp_path: Path, asker: Asker) -> None:
    answers = once.AnswersOfRun(tmp_path, {"policy": "p"})
    assert answers.get(["a", "b", "a"], asker).keys() == {"a", "b"}
    assert answers.get(["b", "c"], asker)["b"]["outcome"] == "allowed"
    assert asker.asked == ["a", "b", "c"]


def test_another_question_has_another_answer(tmp_path: Path, asker: Asker) -> None:
    once.AnswersOfRun(tmp_path, {"policy": "p"}).get(["a"], asker)
    once.AnswersOfRun(tmp_path, {"policy": "q"}).get(["a"], asker)
    assert asker.asked == ["a", "a"]


@pytest.mark.parametrize(("outcome", "times"), [("denied", 1), ("inconclusive", 2)])
def test_keeps_refusals_but_nothing_that_could_not_be_checked(
    tmp_path: Path, asker: Asker, outcome: str, times: int
) -> None:
    asker.outcome = outcome
    answers = once.AnswersOfRun(tmp_path, {})
    answers.get(["a"], asker)
    assert answers.get(["a"], asker)["a"]["outcome"] == outcome
    assert asker.asked == ["a"] * times


def test_answers_lie_where_only_the_user_can_read(tmp_path: Path, asker: Asker) -> None:
    once.AnswersOfRun(tmp_path, {}).get(["a"], asker)
    assert (tmp_path / "sealpin").stat().st_mode & 0o777 == 0o700


def ask_in_another_process(folder: Path, images: list[str], asker: Asker) -> None:
    once.AnswersOfRun(folder, {}).get(images, asker)


def test_processes_that_want_overlapping_images_ask_for_each_once(
    tmp_path: Path, asker: Asker
) -> None:
    context = multiprocessing.get_context("fork")
    wanted = [["a", "b", "c"], ["c", "b"], ["b", "a", "d"], ["d", "c", "a"]] * 2
    workers = [
        context.Process(target=ask_in_another_process, args=(tmp_path, images, asker))
        for images in wanted
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)
        assert worker.exitcode == 0
    assert sorted(asker.asked) == ["a", "b", "c", "d"]
