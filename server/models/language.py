"""Finds the language models beside those that draw: who rewrites prompts, who judges them."""

from pipelines.options import TextModels
from pipelines.text.verdict import CATEGORIES
from server.models.chosen import chosen_folder
from server.nearest import hint
from server.terminal import CommandError
from server.weights.place import Place

REWRITERS = ("qwen3-4b-instruct-2507", "qwen3-1.7b", "qwen3-0.6b")
"""Ids in weights.lock, the best first: the first that was fetched is taken."""
CLASSIFIER = "qwen3guard-gen-0.6b"


def build_texts(
    rewriter: str, classifier: str, place: Place, *, seconds: float, allowed: str
) -> TextModels:
    """What is loaded beside the models that draw; `allowed` is comma separated.

    Raises: CommandError: a model is not here, or a category is not one.
    """
    what = "a language model"
    return TextModels(
        rewriter=chosen_folder("rewriter", rewriter, REWRITERS, what, place),
        rewriter_s=seconds,
        classifier=chosen_folder("text_classifier", classifier, (CLASSIFIER,), what, place),
        allowed=_categories(allowed),
    )


def _categories(said: str) -> frozenset[str]:
    names, known = [name.strip() for name in said.split(",")], tuple(CATEGORIES.values())
    for name in filter(None, names):
        if name not in known:
            raise CommandError(
                f"text_classifier_allows={name}: there is no such category{hint(name, known)}; "
                f"there are: {', '.join(known)}"
            )
    return frozenset(filter(None, names))
