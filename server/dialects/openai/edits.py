"""POST /v1/images/edits and /variations: what a form or a JSON body says, as a draft.

Both kinds of body have the same members; only pictures are written otherwise: files in a form,
addresses in JSON. Knows no answer: that is the same as for a generation.
"""

from dataclasses import replace
from typing import Any

from pydantic import Field

from pipelines.errors import MissingParameter, TooLong, UnsupportedValue, WrongType
from pipelines.types import Fidelity
from server.dialect import Json
from server.dialects.openai.body import OpenAIBody, plain_draft
from server.dialects.openai.dialect import OpenAI
from server.draft import Draft, Reference
from server.http.body import Body, json_type
from server.inputs.multipart import Uploaded

_EDITS_MODEL = "gpt-image-1.5"
_VARIATIONS_MODEL = "dall-e-2"
_LONGEST_ADDRESS = 20_971_520
"""Units: characters. Source: openai-openapi, `ImageRefParam`."""
_ADDRESS: Json = {
    "type": "object",
    "properties": {"image_url": {"type": "string"}, "file_id": {"type": "string"}},
}


class ImageAddress(Body):
    """One picture in a JSON body."""

    image_url: str | None = None
    file_id: str | None = None


class OpenAIEditsBody(OpenAIBody):
    """The body of a call, as its callers write it."""

    images: list[ImageAddress] | None = Field(
        None, fail_fast=True, description="in JSON, in place of image"
    )
    mask: Any = Field(
        None,
        description="a PNG as large as the first picture, which is drawn anew where this has "
        "alpha 0",
        json_schema_extra={"anyOf": [{"type": "string"}, _ADDRESS]},
    )
    markup: Any = Field(
        None, description="not together with mask", json_schema_extra={"anyOf": [_ADDRESS]}
    )
    input_fidelity: Fidelity | None = None


class OpenAIVariationsBody(OpenAIBody):
    """The body of a call, as its callers write it."""


class OpenAIEdits(OpenAI):
    """Edits are answered like generations."""

    def draft(self, members: Json) -> Draft:
        body = OpenAIEditsBody.read(members)
        if body.markup is not None and body.mask is not None:
            raise UnsupportedValue("Send either a mask or markup, not both.", "markup")
        draft = plain_draft(body, _EDITS_MODEL)
        return replace(
            draft,
            references=_references(body),
            mask=None if body.mask is None else _only(body.mask, "mask"),
            fidelity=body.input_fidelity,
            edits=True,
            ignored=(*draft.ignored, *body.said("markup")),
        )


class OpenAIVariations(OpenAI):
    """Variations are answered like generations."""

    def draft(self, members: Json) -> Draft:
        body = OpenAIVariationsBody.read(members)
        draft = plain_draft(body, _VARIATIONS_MODEL)
        return replace(
            draft,
            prompt=None,
            references=_pictures(body.image, "image"),
            edits=True,
            variation=True,
            ignored=(*draft.ignored, *body.said("prompt")),
        )


def _references(body: OpenAIEditsBody) -> tuple[Reference, ...]:
    if body.images is None:
        return _pictures(body.image, "image")
    if body.image is not None:
        raise UnsupportedValue("Send either image or images, not both.", "images")
    return tuple(
        _addressed(address, f"images[{index}]") for index, address in enumerate(body.images)
    )


def _pictures(value: Any, name: str) -> tuple[Reference, ...]:
    """One picture or several. One file is called by its plain name, as in an array of one."""
    match value:
        case None:
            return ()
        case [Uploaded(file)]:
            return (Reference(file, name),)
        case [*items]:
            return tuple(_picture(item, f"{name}[{index}]") for index, item in enumerate(items))
    return (_picture(value, name),)


def _only(value: Any, name: str) -> Reference:
    pictures = _pictures(value, name)
    if len(pictures) != 1:
        raise UnsupportedValue(f"Send one picture, not {len(pictures)}.", name)
    return pictures[0]


def _picture(value: Any, name: str) -> Reference:
    match value:
        case Uploaded(file):
            return Reference(file, name)
        case str():
            return Reference(value, name)
        case dict():
            return _addressed(ImageAddress.read(value), name)
    raise WrongType(f"expected a string, but got {json_type(value)} instead.", name)


def _addressed(address: ImageAddress, name: str) -> Reference:
    if address.file_id is not None:
        raise UnsupportedValue(
            "This server keeps no files of pictures: send image_url.", f"{name}.file_id"
        )
    if address.image_url is None:
        raise MissingParameter("Name the address of the picture.", f"{name}.image_url")
    if len(address.image_url) > _LONGEST_ADDRESS:
        raise TooLong(
            f"Expected a string with maximum length {_LONGEST_ADDRESS}, but got a string with "
            f"length {len(address.image_url)} instead.",
            f"{name}.image_url",
        )
    return Reference(address.image_url, f"{name}.image_url")
