"""The files of the embedded model. Written by `python -m pipelines.weights.own`; do not edit."""

from pipelines.weights.lock import LockedFile

FILES = (
    LockedFile(
        "model_index.json",
        573,
        "51aa48a46d617bea0aec198bc9af092dd14e7f1d18f3e724238e5a48c688b41e",
    ),
    LockedFile(
        "scheduler/scheduler_config.json",
        910,
        "fd186e953c7058ad8991e54ea3f099bd4ebb8c6bd5d48616800cd3c38430b71d",
    ),
    LockedFile(
        "text_encoder/config.json",
        535,
        "020a9584ceb8fd536c140d7e83eafb15613b5b3acf95b937c9200807687d416a",
    ),
    LockedFile(
        "text_encoder/model.safetensors",
        3_639_152,
        "96b5ccfccd355b6bce23f2ae01f457231eb293525fc6aabd68de9f4a6371e150",
    ),
    LockedFile(
        "tokenizer/tokenizer.json",
        146_462,
        "cd903cad20d47d4bf897d1aafdbd48fc64db109d259d45277ee438abd57006eb",
    ),
    LockedFile(
        "tokenizer/tokenizer_config.json",
        273,
        "fb7a65eb365855ad8ffe43b1ae986c76f83f793dd64a214887be40dad98f67e2",
    ),
    LockedFile(
        "unet/config.json",
        1_744,
        "73c2465c2e89ff3af31eca4a78a59c4d2d2e1706ccf68a6adb50fdb6c1f05cf8",
    ),
    LockedFile(
        "unet/diffusion_pytorch_model.safetensors",
        31_176_784,
        "271a3c7cf19c057166289efa47b0cc7916cd59b7c0365bf4b360f1e24cf8745c",
    ),
    LockedFile(
        "vae/config.json",
        703,
        "e8ae6493ea9114bfbdf06107f643304c1711fd7be97750176b78e592a2462711",
    ),
    LockedFile(
        "vae/diffusion_pytorch_model.safetensors",
        1_785_982,
        "07385d1fa4315e2e145daf8ee9907933344c1fc9cb4d4ba5e94836dcdffe068a",
    ),
)
