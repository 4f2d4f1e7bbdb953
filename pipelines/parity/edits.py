"""Tiny pipelines that begin from pictures: image to image, inpainting, references, ControlNet.

Each is made from the tiny text-to-image pipeline of its family and shares its components' classes.
"""

import inspect
from types import FunctionType
from typing import Any

import diffusers
import numpy as np
import torch
from diffusers.pipelines.longcat_image import pipeline_longcat_image_edit
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus
from PIL import Image

from pipelines.parity import autoencoders, text
from pipelines.parity.case import Arguments, Case
from pipelines.parity.masked import build_qwen_image, build_z_image
from pipelines.parity.positioned import build_flux, build_flux2_klein, build_longcat
from pipelines.parity.tiny import give_noise, tiny
from pipelines.parity.unets import build_sdxl


def _from(pipe: Any, pipeline: Any, **more: Any) -> Any:
    """Another pipeline class around the components of a text-to-image one."""
    parts = {name: part for name, part in pipe.components.items() if part is not None}
    return pipeline(**parts | more)


def _attentive(pipe: Any) -> Any:
    """Random weights all but overlook references: make more of pictures and of attention."""
    picture = ("encoder.conv_out.weight", "quant_conv.weight")
    give_noise(pipe.vae, lambda name, _: name.startswith(picture), 1.0)
    attention = ("to_v.weight", "to_out.0.weight")
    give_noise(pipe.transformer, lambda name, _: name.endswith(attention), 0.4)
    return pipe


def build_sdxl_img2img() -> Any:
    return _from(build_sdxl(), diffusers.StableDiffusionXLImg2ImgPipeline, add_watermarker=False)


def build_sdxl_inpaint() -> Any:
    return _from(build_sdxl(), diffusers.StableDiffusionXLInpaintPipeline, add_watermarker=False)


def build_sdxl_controlnet() -> Any:
    pipe = build_sdxl()
    controlnet = tiny(
        lambda: diffusers.ControlNetModel.from_unet(
            pipe.unet, conditioning_embedding_out_channels=(16, 32)
        )
    )
    return _from(
        pipe,
        diffusers.StableDiffusionXLControlNetPipeline,
        controlnet=controlnet,
        add_watermarker=False,
    )


def build_flux_inpaint() -> Any:
    return _from(build_flux(), diffusers.FluxInpaintPipeline)


def build_flux_kontext() -> Any:
    return _attentive(_from(build_flux(), diffusers.FluxKontextPipeline))


def build_flux2_klein_references() -> Any:
    """References have 64 pixels a side or more; a deeper autoencoder makes fewer tokens of them."""
    pipe = _from(
        build_flux2_klein(),
        diffusers.Flux2KleinPipeline,
        vae=autoencoders.flux2(blocks=(4, 4)),
        is_distilled=False,
    )
    return _attentive(pipe)


def build_z_image_img2img() -> Any:
    return _from(build_z_image(), diffusers.ZImageImg2ImgPipeline)


class _SmallReferences(diffusers.QwenImageEditPlusPipeline):  # type: ignore[misc]
    """The same code with other constants: the real ones scale every reference to a megapixel."""

    _call = inspect.unwrap(diffusers.QwenImageEditPlusPipeline.__call__)
    __call__ = torch.no_grad()(
        FunctionType(
            _call.__code__,
            vars(pipeline_qwenimage_edit_plus)
            | {"VAE_IMAGE_SIZE": 32 * 32, "CONDITION_IMAGE_SIZE": 64 * 64},
            argdefs=_call.__defaults__,
        )
    )


class _SmallPictures(diffusers.LongCatImageEditPipeline):  # type: ignore[misc]
    """The same code with another constant: the real one makes a megapixel of every picture."""

    _call = inspect.unwrap(diffusers.LongCatImageEditPipeline.__call__)
    __call__ = torch.no_grad()(
        FunctionType(
            _call.__code__,
            vars(pipeline_longcat_image_edit) | {"calculate_dimensions": lambda _, ratio: (32, 32)},
            argdefs=_call.__defaults__,
        )
    )


def build_longcat_edit() -> Any:
    processor = text.PictureProcessor()
    return _attentive(_from(build_longcat(), _SmallPictures, text_processor=processor))


def build_qwen_image_edit() -> Any:
    return _qwen_image_edit(build_qwen_image())


def build_qwen_image_edit_2511() -> Any:
    """Since this release references are modulated as if at time zero."""
    return _qwen_image_edit(build_qwen_image(zero_cond_t=True))


def _qwen_image_edit(pipe: Any) -> Any:
    return _attentive(_from(pipe, _SmallReferences, processor=text.PictureProcessor()))


def _picture(number: int, side: int = 32) -> Image.Image:
    """Four large patches of colour: finer noise would average out among a picture's tokens."""
    colours = np.random.default_rng(number).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize((side, side), Image.Resampling.NEAREST)


def _one_picture(number: int) -> Arguments:
    return {"image": _picture(number)}


def _picture_and_mask(number: int) -> Arguments:
    mask = np.zeros((32, 32), dtype=np.uint8)
    mask[4 * number :, 8:] = 255
    return {"image": _picture(number), "mask_image": Image.fromarray(mask)}


def _reference(number: int) -> Arguments:
    return {"image": _picture(number, side=16)}


def _two_references(number: int) -> Arguments:
    return {"image": [_picture(number, side=64), _picture(number + 10, side=64)]}


_SMALL = {"height": 32, "width": 32}
_STRENGTH = {"strength": 0.75}
_FLUX = {"max_sequence_length": 48}

CASES = (
    Case(
        "sdxl img2img",
        build_sdxl_img2img,
        _STRENGTH,
        vary=_one_picture,
    ),
    Case(
        "sdxl inpaint",
        build_sdxl_inpaint,
        _SMALL | _STRENGTH,
        vary=_picture_and_mask,
    ),
    Case("sdxl controlnet", build_sdxl_controlnet, _SMALL, vary=_one_picture),
    Case(
        "flux inpaint",
        build_flux_inpaint,
        _SMALL | _STRENGTH | _FLUX,
        vary=_picture_and_mask,
    ),
    Case(
        "flux kontext",
        build_flux_kontext,
        {"height": 16, "width": 16, "max_area": 16 * 16, "_auto_resize": False} | _FLUX,
        vary=_reference,
    ),
    Case(
        "flux2_klein references",
        build_flux2_klein_references,
        _SMALL | {"max_sequence_length": 64, "text_encoder_out_layers": (1, 2, 3)},
        vary=_two_references,
    ),
    Case("longcat edit", build_longcat_edit, {}, vary=_one_picture),
    Case(
        "qwen_image edit",
        build_qwen_image_edit,
        _SMALL | {"negative_prompt": "bad"},
        guidance="true_cfg_scale",
        vary=_two_references,
    ),
    Case(
        "qwen_image edit 2511",
        build_qwen_image_edit_2511,
        _SMALL | {"negative_prompt": "bad"},
        guidance="true_cfg_scale",
        vary=_two_references,
    ),
    Case(
        "z_image img2img",
        build_z_image_img2img,
        _SMALL | _STRENGTH,
        vary=_one_picture,
    ),
)
