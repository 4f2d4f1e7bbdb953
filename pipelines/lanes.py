"""The kinds of work a request asks for, scheduled apart."""

from enum import StrEnum


class Lane(StrEnum):
    """Text and image encoding, one denoiser forward, decoding of latents, networks after that."""

    ENCODE = "encode"
    DENOISE = "denoise"
    DECODE = "decode"
    FINISH = "finish"
