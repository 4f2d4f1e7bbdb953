"""A request in the engine: where it stands, and how the scheduler is told of it."""

from dataclasses import replace

from pipelines.afterwork import Afterwork
from pipelines.forework import Forework
from pipelines.memory import Resident
from pipelines.merge import Digests
from pipelines.modular import session_class
from pipelines.scheduler import Parked
from pipelines.session import Session
from pipelines.types import ImageRequest


class Job:
    """A request that waits for its model, or a session on its way."""

    def __init__(self, request: ImageRequest, arrived_s: float) -> None:
        self.request = request
        self.arrived_s = arrived_s
        self.parked: Parked | None = None
        """Its pending calls in the scheduler's terms; made anew only when it moves."""
        self.reported = (0, 0)
        """The last step that was told, and the last piece of work after it."""
        self.shared = False
        """Whether it ever ran together with another request."""
        self.decoded = False
        """Whether its latents have become pixels."""
        self._begun: tuple[Session, Resident] | None = None

    @property
    def begun(self) -> bool:
        return self._begun is not None

    @property
    def session(self) -> Session:
        assert self._begun is not None, "a request that waits for its model has no session"
        return self._begun[0]

    @property
    def resident(self) -> Resident:
        assert self._begun is not None, "a request that waits for its model has none yet"
        return self._begun[1]

    def begin(
        self,
        resident: Resident,
        digests: Digests,
        after: Afterwork | None = None,
        before: Forework | None = None,
    ) -> None:
        """Make the session: the model is there now.

        Raises: ModelBroken: when the model has not all that this request needs.
        """
        arguments = resident.arguments_for(self.request)
        pipe = resident.pipe_for(self.request)
        session = session_class(pipe)(self.request, pipe, arguments, digests)
        session.afterwork, session.forework = after, before
        request = self.request  # naming the job itself would keep both until a full collection
        session.arguments_for = lambda words: resident.arguments_for(replace(request, prompt=words))
        session.pairs.wanted = 2 * _tokens(self.request, resident) <= resident.knee
        self._begun = session, resident

    @property
    def tokens(self) -> float:
        """Image tokens of one of its calls, those of its references included."""
        return _tokens(self.request, self.resident)

    @property
    def eta_s(self) -> float:
        """Predicted seconds to the end, were it alone from now on."""
        return self.resident.cost.draw_s(self.tokens, self._steps_left) + self._beside_s

    @property
    def stage(self) -> tuple[int, int]:
        """How many steps it has taken, and how many pieces of work after them."""
        after = self.session.afterwork
        return self.session.step, 0 if after is None else after.pieces

    @property
    def _beside_s(self) -> float:
        """Predicted seconds of what is no denoising: words before it, decoding, networks after."""
        work = (self.session.forework, self.session.afterwork)
        decoding = self.resident.decoding.work_s(self.request.size.tokens)
        return sum(one.left_s for one in work if one is not None) + decoding * (not self.decoded)

    @property
    def _steps_left(self) -> int:
        return max(0, self.session.steps - self.session.step)

    def moved(self) -> None:
        """Describe the calls it waits for now."""
        calls, request, resident = self.session.pending, self.request, self.resident
        if not calls:
            self.parked = None
            return
        tokens = self.tokens
        self.parked = Parked(
            id=request.id,
            lane=calls[0].lane,
            key=calls[0].key,
            tokens=tokens * len(calls),
            knee=resident.knee,
            rows=sum(call.rows for call in calls),
            remaining_s=resident.cost.work_s(tokens, self._steps_left) + self._beside_s,
            isolated_s=resident.cost.draw_s(tokens, self.session.steps),
            arrived_s=self.arrived_s,
            client=request.client,
            priority_s=request.priority_s,
            alone=request.reproducible,
            auxiliary=calls[0].rule.auxiliary,
            mixed_key=calls[0].mixed_key,
        )


def _tokens(request: ImageRequest, resident: Resident) -> float:
    return resident.family.abilities.step_tokens(request)
