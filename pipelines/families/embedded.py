"""The small model that ships with the project: a Stable Diffusion shaped pipeline, 128 x 128.

Guidance: the model is best at 3 and over-saturates beyond 5, so the API's 1 to 10 is laid onto
1 to 5 with the API's usual 5.5 at 3 (measured with `python -m pipelines.embedded.evaluate`).
"""

from pipelines.families.base import Quality
from pipelines.types import ImageRequest, Limits, Size

BEST_GUIDANCE = 3.0
STEPS: dict[Quality, int] = {"low": 8, "standard": 16, "high": 28}


class Embedded:
    name = "embedded"
    limits = Limits(min_side=64, max_side=192, grid=16, max_steps=50)
    native_side = 128

    def native_size(self, wanted: Size) -> Size:
        """The grid size of about 128 x 128 pixels whose aspect is nearest to the wanted one."""
        scale = (self.native_side**2 / wanted.pixels) ** 0.5
        return Size(self._on_grid(wanted.width * scale), self._on_grid(wanted.height * scale))

    def steps(self, quality: Quality) -> int:
        return STEPS[quality]

    def guidance(self, scale: float | None) -> float:
        if scale is None:
            return BEST_GUIDANCE
        return 1.0 + (scale - 1.0) * (BEST_GUIDANCE - 1.0) / 4.5

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        return {
            "prompt": request.prompt,
            "negative_prompt": request.negative_prompt or None,
            "width": request.size.width,
            "height": request.size.height,
            "num_inference_steps": request.steps,
            "guidance_scale": request.guidance,
        }

    def _on_grid(self, side: float) -> int:
        grid = self.limits.grid
        return min(self.limits.max_side, max(self.limits.min_side, round(side / grid) * grid))


FAMILY = Embedded()
