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
        "0ac45cd97b9964869a3f268476cc3464821bfb2bd1744577244ead8245805c2d",
    ),
    LockedFile(
        "text_encoder/model.safetensors",
        3_376_496,
        "568279bb2285b3d2732f139180db033dc845255f1626f79cbfcca9cdec827cd1",
    ),
    LockedFile(
        "tokenizer/tokenizer.json",
        97_782,
        "20c11e2cc782af7561e11b27574a0535e502cbadb887e6520e20820dc7d37405",
    ),
    LockedFile(
        "tokenizer/tokenizer_config.json",
        273,
        "fb7a65eb365855ad8ffe43b1ae986c76f83f793dd64a214887be40dad98f67e2",
    ),
    LockedFile(
        "unet/config.json",
        1_726,
        "51dbcca174dfcd9a2d07b6a8dc771b41b24894131eb7569994612d7a49bdafa3",
    ),
    LockedFile(
        "unet/diffusion_pytorch_model.safetensors",
        20_899_560,
        "154a025ebe951ac5102c621cb03592f073a50b9fe5b905ff305e43c542eb95ff",
    ),
    LockedFile(
        "vae/config.json",
        665,
        "d2052c09717c933a5f37e45fc1455c829de02b50979f15739b5e75e33886f795",
    ),
    LockedFile(
        "vae/diffusion_pytorch_model.safetensors",
        1_330_342,
        "f5fa58dcce43240c103fc03da5bc307292de77e8dede54b9b7dd543107966020",
    ),
)
