"""A transformer's weights under the names of Z-Image's own files, which ComfyUI's have too."""

import torch

MEMBERS = (("norm_k", "k_norm"), ("norm_q", "q_norm"), ("to_out.0", "out"))


def under_its_own_names(weights):
    """Query, key and value in one; everything else as it is, under its other name."""
    own = {}
    for name, weight in weights.items():
        if ".attention.to_q." in name:
            parts = [weights[name.replace(".to_q.", f".to_{part}.")] for part in "qkv"]
            own[_renamed(name).replace(".to_q.", ".qkv.")] = torch.cat(parts)
        elif ".attention.to_k." not in name and ".attention.to_v." not in name:
            own[_renamed(name)] = weight
    return own


def _renamed(name):
    plain = name.replace("all_final_layer.2-1.", "final_layer.").replace("all_x_embedder.2-1.", "x_embedder.")
    for ours, theirs in MEMBERS:
        plain = plain.replace(f".attention.{ours}.", f".attention.{theirs}.")
    return plain
