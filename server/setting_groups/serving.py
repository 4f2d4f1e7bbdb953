"""The settings of serving: who may call, what is taken in, and how long anything may take."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr

from server.setting_values import ApiKeys, ApiKeysFile, HostList, PublicUrl, UserPath


class ServingSettings(BaseModel):
    """Of the HTTP layer, and of what calls wait for."""

    host: str = Field("127.0.0.1", min_length=1, description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    api_keys: ApiKeys = Field(
        SecretStr(""),
        description="keys callers may use, comma separated, each name:secret or secret; with none, "
        "a server on the loopback address makes its own (never put keys into flags on a shared "
        "machine: other users can read them)",
    )
    api_keys_file: ApiKeysFile | None = Field(
        None,
        description="file with more keys, one in each line, as containers and systemd hand over "
        "secrets; it is read once, at the start",
    )
    data_dir: UserPath = Field(
        Path("data"), description="folder of the pictures and of the key made at the first start"
    )
    public_url: PublicUrl | None = Field(
        None,
        description="address that picture URLs begin with; without it, the one the request came to",
    )
    cors_origins: str = Field(
        "",
        description="web origins whose pages may call the API from a browser, comma separated; "
        "* means all",
    )
    max_body_mib: int = Field(64, ge=1, description="largest JSON body accepted, in MiB")
    max_form_mib: int = Field(
        256, ge=1, description="largest form with files accepted, in MiB; files go to the disk"
    )
    max_bodies_mib: int = Field(
        512,
        ge=1,
        description="memory that bodies of all calls together may hold before callers get 503, in "
        "MiB; parsing one takes up to thrice its size for a moment",
    )
    fetch_references: bool = Field(
        True, description="fetch pictures from the addresses on the public internet callers name"
    )
    reference_hosts: HostList = Field(
        "",
        description="hosts that pictures are fetched from all the same, also on a private network: "
        "names, *.domain, addresses and networks, comma separated",
    )
    sizes: Literal["strict", "snap"] = Field(
        "strict",
        description="what becomes of a size the named model does not have: strict refuses it and "
        "names those it has, snap takes the nearest and says so in x-seedbed-size",
    )
    ark_errors: Literal["seed", "native"] = Field(
        "seed",
        description="which code a wrong parameter has in the body of the Ark path: seed "
        "(invalid_parameters), native (the vendor's own, InvalidParameter.size)",
    )
    requests_per_minute: int = Field(
        0,
        ge=0,
        description="drawing calls that each key may make in a minute before it gets 429; "
        "0 does not count them",
    )
    azure_keys: bool = Field(
        True,
        description="take the key of the OpenAI paths also from the header api-key, as clients of "
        "Azure send it",
    )
    a1111: bool = Field(
        False,
        description="serve the API of the AUTOMATIC1111 web UI under /sdapi too, for front ends "
        "that speak no other; a key goes in as the password of basic authentication",
    )
    client_timeout_s: float = Field(
        20,
        gt=0,
        allow_inf_nan=False,
        description="seconds that a client may be slower than 4 KiB/s in sending a request, or "
        "thrice as long in fetching an answer, before its connection is closed",
    )
    max_backlog_s: float = Field(
        600,
        gt=0,
        allow_inf_nan=False,
        description="work that may wait, in predicted seconds, before callers get 429",
    )
    hang_s: float = Field(
        120,
        gt=0,
        allow_inf_nan=False,
        description="seconds without a sign of life after which a worker is replaced",
    )
    drain_s: float = Field(
        30,
        ge=0,
        allow_inf_nan=False,
        description="seconds that accepted requests get to finish when the server stops",
    )
