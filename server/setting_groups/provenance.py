"""The settings of provenance: how a picture says that a machine made it."""

from typing import Literal

from pydantic import BaseModel, Field

from pipelines.label.style import Corner, Style
from server.setting_values import ComplianceHere, LabelText, OneLine, PublicUrl, UserPath


class ProvenanceSettings(BaseModel):
    """Of the visible label and of what a file says of its picture."""

    label_language: Literal["auto", "zh", "en"] = Field(
        "auto",
        description='words of the label: zh writes "AI生成", en "AI generated", auto the Chinese '
        "ones where the prompt has a Chinese character; only the Chinese ones are those of "
        "GB 45438-2025",
    )
    label_text: LabelText | None = Field(
        None, description="text of your own in place of those words, see docs/labels.md"
    )
    label_style: Style = Field(
        "gb",
        description="how the label looks: gb (capitals 5 % of the short side high, as "
        "GB 45438-2025 asks), compact (smaller, not conforming), plate (as high, white on a dark "
        "plate)",
    )
    label_corner: Corner = Field(
        "bottom-right",
        description="where the label stands: bottom-right, bottom-left, top-right, top-left",
    )
    label_logo: UserPath | None = Field(
        None, description="PNG with alpha that stands before the label's text"
    )
    metadata: Literal["full", "minimal", "none"] = Field(
        "full",
        description="how much a picture's file says of how it was drawn: full (seedbed generate "
        "--recipe draws it again), minimal (without a word of the prompt), none; that a machine "
        "drew it is said always",
    )
    content_credentials: Literal["auto", "on", "off"] = Field(
        "auto",
        description="sign every picture's file (C2PA): auto (where seedbed provenance init was "
        "run, or a chain is named), on (without certificates the server does not start), off",
    )
    credentials_chain: UserPath | None = Field(
        None,
        description="PEM of a certificate of your own and those above it, in place of what "
        "seedbed provenance init makes",
    )
    credentials_key: UserPath | None = Field(
        None, description="PEM of that certificate's private key, without a password"
    )
    time_stamps_url: PublicUrl | None = Field(
        None,
        description="RFC 3161 time stamp server that is asked for every signature; without it "
        "nothing goes to the network, and readers cannot trust the time",
    )
    invisible_mark: bool = Field(
        True,
        description="hide each picture's id in its pixels, so that it is recognised without its "
        "metadata, see docs/provenance.md",
    )
    watermark_policy: Literal["allow", "log", "forbid"] = Field(
        "allow",
        description="what becomes of watermark: false, which asks for no label: allow, log (with "
        "key, request and id), forbid (refused with 403, and labels also where nothing was said)",
    )
    compliance: ComplianceHere = Field(
        "none",
        description="cn keeps to what China asks of labels: they are drawn unless declined, in "
        "Chinese; who declines one is logged",
    )
    producer: OneLine = Field(
        "seedbed", description="who makes the pictures, as their files say, a name"
    )
    producer_code: OneLine | None = Field(
        None, description="the code that GB 45438-2025 gives a producer, in place of the name"
    )
    propagator: OneLine | None = Field(
        None, description="who hands the pictures out, where that is somebody else; name or code"
    )
    provenance_days: int = Field(
        30,
        ge=1,
        description="days that the registry keeps what was handed out under which id; of pictures "
        "without a label at least 183",
    )
