"""The kinds of work a request asks for, scheduled apart."""

from enum import StrEnum


class Lane(StrEnum):
    """What language models do first, text and image encoding, one denoiser forward, decoding of
    latents, networks after that."""

    WRITE = "write"
    ENCODE = "encode"
    DENOISE = "denoise"
    DECODE = "decode"
    FINISH = "finish"
