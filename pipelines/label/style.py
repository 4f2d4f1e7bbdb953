"""What may be chosen of a label's look. Loads nothing, so that settings can name it."""

from typing import Literal, TypeAlias

Style: TypeAlias = Literal["gb", "compact", "plate"]
"""gb: as high as the Chinese standard asks. compact: smaller, as ByteDance's own services do it.
plate: as high as gb, and white on a dark plate wherever it stands."""

Corner: TypeAlias = Literal["bottom-right", "bottom-left", "top-right", "top-left"]
