"""LoRAs of random numbers to try things with, in the ways that trainers write them."""

import numpy as np

RANK = 4
BLOCKS = (".attention.", ".feed_forward.")


def random_lora(layers, seed=0, size=0.2, prefix="transformer."):
    """The matrices of a LoRA for every block of a model, as diffusers names them."""
    rng = np.random.default_rng(seed)
    state = {}
    for name, (out, inner) in layers.items():
        if any(part in name for part in BLOCKS):
            state[f"{prefix}{name}.lora_A.weight"] = _numbers(rng, size, RANK, inner)
            state[f"{prefix}{name}.lora_B.weight"] = _numbers(rng, size, out, RANK)
    return state


def _numbers(rng, size, *shape):
    return (size * rng.standard_normal(shape)).astype(np.float16)
