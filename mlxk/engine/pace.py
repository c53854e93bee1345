"""How much of waiting prompts may be processed between two decoding steps.

All sequences that decode wait meanwhile. So the pause is kept near `SHORTEST_PAUSE`, or `STEPS` decoding
steps where those take longer: a slow model pauses longer, but a newcomer always gets most of the time.
"""

from __future__ import annotations

SHORTEST_PAUSE = 0.05  # seconds: what nobody notices in text that streams
STEPS = 2
MULTIPLE = 16  # of tokens, as kernels like it; no chunk is made smaller
SLACK = 4  # the part of a step's room by which a prompt that ends there may exceed it
WEIGHT = 0.2  # of the latest decoding step in the average


class Pace:
    """Learns from what steps and chunks took. `most` is the largest chunk, in tokens."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._step = 0.0
        self._token = 0.0
        self._stepped: float | None = None

    def stepped(self, now: float) -> None:
        """A decoding step is over."""
        if self._stepped is not None:
            latest = now - self._stepped
            self._step = latest if not self._step else self._step + WEIGHT * (latest - self._step)
        self._stepped = now

    def disturbed(self) -> None:
        """What comes before the next `stepped` is not decoding alone."""
        self._stepped = None

    def processed(self, tokens: int, seconds: float) -> None:
        """A chunk of a prompt took this long; small ones tell little."""
        self.disturbed()
        if tokens >= MULTIPLE:
            self._token = seconds / tokens

    def room(self, *, decoding: bool) -> int:
        """Prompt tokens for now; `decoding`: somebody waits for them. What takes nobody knows how long is
        tried with few."""
        if not decoding:
            return self._most
        if not self._token:
            return min(MULTIPLE, self._most)
        pause = max(SHORTEST_PAUSE, STEPS * self._step)
        # Rounded up: a small chunk takes as long as all weights need to be read, and as long as it takes less
        # than the pause, the next one must be larger.
        tokens = -(-int(pause / self._token) // MULTIPLE) * MULTIPLE
        return min(max(tokens, MULTIPLE), self._most)


def portion(rest: int, room: int, whole: int) -> int:
    """How many of a prompt's `rest` tokens to process now: `room` is left of what the step had, `whole`.

    Each pass reads all weights, however few its tokens are. So a prompt that is but little longer than the
    room is finished, and a room that was mostly used begins none that does not fit.
    """
    if rest <= room + whole // SLACK:
        return rest
    return room if room >= whole // 2 else 0
