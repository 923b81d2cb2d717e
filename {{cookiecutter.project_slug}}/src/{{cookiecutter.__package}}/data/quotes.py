"""Which quotes open and close fields, by the rules of RFC 4180, for a whole buffer at once.

A field that begins with a quote ends at the next quote that is not doubled, and a delimiter or a
line end must follow. A quote elsewhere is a character like others.
"""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
NEWLINE, RETURN = 10, 13


@dataclass(frozen=True, kw_only=True)
class Quotes:
    """Runs of touching quotes, and what they do."""

    runs: Places
    """Where each begins."""
    inside: Mask
    """Whether what follows it is inside a quoted field."""
    wrong: Places
    """Runs that close a field which then goes on; what is left of their line is in no field."""

    def around(self, places: Places) -> Mask:
        """Whether each place is inside a quoted field."""
        run = np.searchsorted(self.runs, places) - 1
        return (run >= 0) & self.inside[run] if len(self.runs) else np.zeros(len(places), bool)


NONE = Quotes(runs=np.empty(0, np.int64), inside=np.empty(0, bool), wrong=np.empty(0, np.int64))


@dataclass(frozen=True, kw_only=True)
class _Runs:
    """What each run may do: doubled quotes cancel, so only an odd number changes anything."""

    places: Places
    opens: Mask
    """A field begins here."""
    closes: Mask
    """A field may end behind it."""
    odd: Mask


def quotes(characters: Bytes, newlines: Places, delimiter: int, quote: int) -> Quotes:
    """Judge the quotes of a buffer that begins with a record."""
    runs = _runs(characters, delimiter, quote)
    guess = _guess(runs)
    before = np.append(False, guess[:-1])
    wrong = np.flatnonzero(~runs.closes & np.where(before, runs.odd, runs.opens & ~runs.odd))
    if not len(wrong):
        return Quotes(runs=runs.places, inside=guess, wrong=wrong)
    inside, found = _mended(runs, newlines, guess, wrong)
    return Quotes(runs=runs.places, inside=inside, wrong=runs.places[found])


def _runs(characters: Bytes, delimiter: int, quote: int) -> _Runs:
    every = np.flatnonzero(characters == quote)
    first = np.flatnonzero(np.diff(every, prepend=-2) > 1)
    length = np.diff(first, append=len(every))
    places = every[first]
    behind = places + length
    before = characters[places - 1]
    after = characters[np.minimum(behind, len(characters) - 1)]
    return _Runs(
        places=places,
        opens=(before == delimiter) | (before == NEWLINE) | (places == 0),
        closes=(after == delimiter)
        | (after == NEWLINE)
        | (after == RETURN)
        | (behind == len(characters)),
        odd=length % 2 == 1,
    )


def _guess(runs: _Runs) -> Mask:
    """Whether each leaves a field open, if none is wrong.

    One that can only open leaves it open and one that can only close leaves it closed, whatever was
    before; one that can do both changes it.
    """
    sets = runs.odd & (runs.opens != runs.closes)
    last = np.maximum.accumulate(np.where(sets, np.arange(len(sets)), -1))
    changes = np.cumsum(runs.odd & runs.opens & runs.closes)
    before = np.where(last >= 0, changes[last], 0)
    guess: Mask = ((last >= 0) & runs.opens[last]) ^ ((changes - before) % 2 == 1)
    return guess


def _mended(runs: _Runs, newlines: Places, guess: Mask, wrong: Places) -> tuple[Mask, list[int]]:
    """The guess with wrong runs: each spoils the rest of its line, and the next begins outside.

    From there on one run after the other is judged, until it is as guessed again.
    """
    line_ends = np.append(newlines, runs.places[-1] + 1)[np.searchsorted(newlines, runs.places)]
    behind = np.searchsorted(runs.places, line_ends).tolist()
    opens, closes, odd = runs.opens.tolist(), runs.closes.tolist(), runs.odd.tolist()
    before, awaited = [False, *guess[:-1].tolist()], wrong.tolist()
    inside, found = guess.copy(), []
    at, is_open = 0, False
    while at < len(odd):
        if is_open == before[at]:
            following = bisect_left(awaited, at)
            if following == len(awaited):
                break
            at, spoils = awaited[following], True
        else:
            spoils = not closes[at] and (odd[at] if is_open else opens[at] and not odd[at])
        if spoils:
            found.append(at)
            inside[at : behind[at]] = False
            at, is_open = behind[at], False
        else:
            is_open = not odd[at] if is_open else opens[at] and odd[at]
            inside[at] = is_open
            at += 1
    return inside, found
