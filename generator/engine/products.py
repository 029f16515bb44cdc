"""Products of tokens and weights, whatever the weights are kept in."""

from torch import Tensor
from torch.nn import functional

Weight = Tensor


def product(x: Tensor, weight: Weight) -> Tensor:
    """Return x (…, in) times a weight (out, in)."""
    return functional.linear(x, weight)
