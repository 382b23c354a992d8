"""Work that asks for windows step by step, so that those of several scenes are decoded together."""

from collections.abc import Generator, Sequence
from typing import TypeVar

from function.errors import SceneUnreadableError
from function.scenes.decoder import Samples, Wanted
from function.scenes.decoding import Decoding

Answer = TypeVar("Answer")
# Work that asks for windows step by step: it yields what it wants, is sent the samples in the
# same order (or has the SceneUnreadableError thrown in), and returns its answer. So the windows
# of several scenes can be decoded together. Of what is wanted later nothing is sent.
Steps = Generator[list[Wanted], list[Samples], Answer]


def run(works: Sequence[Steps[Answer]], decoding: Decoding) -> list[Answer | SceneUnreadableError]:
    """Run all of ``works`` step by step together; give their answers, or what they failed with."""
    answers: dict[int, Answer | SceneUnreadableError] = {}
    given: dict[int, list[Samples] | SceneUnreadableError | None]
    given = dict.fromkeys(range(len(works)))
    while given:
        wanted: dict[int, list[Wanted]] = {}
        for number, samples in given.items():
            try:
                wanted[number] = _advance(works[number], samples)
            except StopIteration as end:
                answers[number] = end.value
            except SceneUnreadableError as error:
                answers[number] = error
        groups = decoding.decode(list(wanted.values())) if wanted else []
        given = dict(zip(wanted, groups, strict=True))
    return [answers[number] for number in range(len(works))]


def _advance(
    work: Steps[Answer], given: list[Samples] | SceneUnreadableError | None
) -> list[Wanted]:
    if isinstance(given, SceneUnreadableError):
        return work.throw(given)
    return next(work) if given is None else work.send(given)
