"""The four networks at their embedded size: the real Z-Image classes, only small."""

import torch
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    ZImageTransformer2DModel,
)
from torch import nn
from transformers import Qwen3Config, Qwen3Model

LATENT_CHANNELS = 16
TEXT_WIDTH = 128
NOISE = 0.1
"""Standard deviation of the latents' noise that the decoder learns to bear; also the exported posterior's."""


def build_text_encoder(vocabulary: int) -> Qwen3Model:
    """A Qwen3 whose last layer is never read: the pipeline takes the hidden states before it."""
    model = Qwen3Model(
        Qwen3Config(
            vocab_size=vocabulary,
            hidden_size=TEXT_WIDTH,
            intermediate_size=320,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=32,
            max_position_embeddings=1024,
            rope_theta=10_000.0,
            tie_word_embeddings=True,
            pad_token_id=0,
            bos_token_id=None,
            eos_token_id=2,
        )
    )
    nn.init.normal_(model.embed_tokens.weight, std=0.5)
    return model


def build_transformer() -> ZImageTransformer2DModel:
    """The stock transformer, started as nearly the identity so that a short training suffices."""
    model = ZImageTransformer2DModel(
        dim=192,
        n_layers=6,
        n_refiner_layers=1,
        n_heads=6,
        n_kv_heads=6,
        cap_feat_dim=TEXT_WIDTH,
        in_channels=LATENT_CHANNELS,
        axes_dims=[8, 12, 12],
        axes_lens=[1024, 512, 512],
    )
    for block in [*model.noise_refiner, *model.layers]:
        modulation = block.adaLN_modulation[0]
        nn.init.zeros_(modulation.weight)
        with torch.no_grad():
            scale_attention, gate_attention, scale_mlp, gate_mlp = modulation.bias.chunk(4)
            for scale in (scale_attention, scale_mlp):
                scale.zero_()
            for gate in (gate_attention, gate_mlp):
                gate.fill_(0.2)
    for final in model.all_final_layer.values():
        nn.init.zeros_(final.linear.weight)
        nn.init.zeros_(final.linear.bias)
        nn.init.zeros_(final.adaLN_modulation[1].weight)
        nn.init.zeros_(final.adaLN_modulation[1].bias)
    nn.init.normal_(model.x_pad_token, std=0.02)
    nn.init.normal_(model.cap_pad_token, std=0.02)
    return model


def build_autoencoder() -> AutoencoderKL:
    """Eight times smaller each way, 16 channels; eight channels per norm group, or flat colours are lost."""
    model = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(16, 32, 64, 128),
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=2,
        mid_block_add_attention=False,
        use_quant_conv=False,
        use_post_quant_conv=False,
        force_upcast=False,
        scaling_factor=1.0,
        shift_factor=0.0,
        sample_size=256,
    )
    _start_nearly_linear(model)
    return model


def _start_nearly_linear(model: AutoencoderKL) -> None:
    """Residual branches silent, 2x2 means going down, copies going up: ten times fewer steps to learn."""
    for name, module in model.named_modules():
        if not isinstance(module, nn.Conv2d):
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
        if name.endswith("conv2"):
            nn.init.zeros_(module.weight)
        elif "downsamplers" in name:
            nn.init.zeros_(module.weight)
            channels = torch.arange(module.out_channels)
            with torch.no_grad():
                module.weight[channels, channels, :2, :2] = 0.25
        elif "upsamplers" in name:
            nn.init.dirac_(module.weight)
        elif module.kernel_size == (1, 1):
            nn.init.orthogonal_(module.weight)


def build_scheduler() -> FlowMatchEulerDiscreteScheduler:
    """The noise schedule of Z-Image-Turbo."""
    return FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=3.0, use_dynamic_shifting=False)


def freeze_posterior(model: AutoencoderKL) -> None:
    """Make the encoder's variance a constant: sampling its posterior adds the noise it was trained with."""
    convolution = model.encoder.conv_out
    with torch.no_grad():
        convolution.weight[LATENT_CHANNELS:] = 0
        convolution.bias[LATENT_CHANNELS:] = 2 * torch.log(torch.tensor(NOISE))
