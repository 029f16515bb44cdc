"""Products of tokens and weights, whatever the weights are kept in.

In eight bits every row of the weight and every token has a scale of its own: Z-Image has values of tens of
thousands in some channels, which one scale for all would drown the rest under.
"""

from typing import NamedTuple, assert_never

import torch
from torch import Tensor, nn
from torch.nn import functional

from generator.choices import Precision

MOST_INT8, MOST_FP8 = 127.0, 448.0
LEAST_SCALE = 1e-12  # a row of zeros would be divided by zero


class Int8(NamedTuple):
    """A weight in whole numbers, for cards without fp8."""

    rows: Tensor  # (out, in), int8
    scale: Tensor  # (out)

    @staticmethod
    def dtype() -> torch.dtype:
        """Return what the rows are of."""
        return torch.int8


class Float8(NamedTuple):
    """A weight in float8_e4m3fn."""

    rows: Tensor  # (out, in)
    scale: Tensor  # (out)

    @staticmethod
    def dtype() -> torch.dtype:
        """Return what the rows are of."""
        return torch.float8_e4m3fn


Weight = Tensor | Int8 | Float8


def product(x: Tensor, weight: Weight) -> Tensor:
    """Return x (…, in) times a weight (out, in)."""
    match weight:
        case Int8():
            return _times_int8(x.flatten(0, -2), weight).to(x.dtype).view(*x.shape[:-1], -1)
        case Float8():
            return _times_fp8(x.flatten(0, -2), weight).to(x.dtype).view(*x.shape[:-1], -1)
        case Tensor():
            return functional.linear(x, weight)
        case _:
            assert_never(weight)


def kept_in(weight: Tensor, precision: Precision) -> Weight:
    """Return a weight (out, in) as a precision keeps it."""
    match precision:
        case Precision.INT8:
            rows, scale = _in_rows(weight, MOST_INT8)
            return Int8(rows.round().to(torch.int8), scale[:, 0])
        case Precision.FP8:
            rows, scale = _in_rows(weight, MOST_FP8)
            return Float8(rows.to(torch.float8_e4m3fn), scale[:, 0])
        case Precision.EXACT | Precision.AUTO:
            return weight
        case _:
            assert_never(precision)


def widened(weight: Int8 | Float8, dtype: torch.dtype) -> Tensor:
    """Return a matrix (out, in) of what is kept in eight bits."""
    return (weight.rows.float() * weight.scale[:, None]).to(dtype)


class Narrow(nn.Module):
    """A linear layer whose weight is kept in eight bits."""

    def __init__(self, linear: nn.Linear, precision: Precision, device: torch.device | None = None) -> None:
        super().__init__()
        kept = kept_in(linear.weight.data.to(device), precision)
        if isinstance(kept, Tensor):
            raise TypeError(precision)
        self._kind = type(kept)
        self.register_buffer("rows", kept.rows)
        self.register_buffer("scale", kept.scale)
        self.bias = linear.bias

    def forward(self, x: Tensor) -> Tensor:
        """Return what the layer would, nearly."""
        found = product(x, self.kept)
        return found if self.bias is None else found + self.bias

    @property
    def kept(self) -> Int8 | Float8:
        """The weight."""
        return self._kind(self.get_buffer("rows"), self.get_buffer("scale"))

    def widened(self, dtype: torch.dtype) -> nn.Linear:
        """Return a linear layer of what is kept."""
        weight = widened(self.kept, dtype)
        linear = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
        linear.weight = nn.Parameter(weight, requires_grad=False)
        linear.bias = self.bias
        return linear


def narrow_linears(network: nn.Module, precision: Precision, device: torch.device | None = None) -> None:
    """Put every linear layer within a network into eight bits: on a device, where they stay."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, Narrow(child, precision, device))


def widen_linears(network: nn.Module, dtype: torch.dtype) -> None:
    """Put every layer in eight bits within a network back into sixteen."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Narrow):
                setattr(module, name, child.widened(dtype))


def _in_rows(x: Tensor, most: float) -> tuple[Tensor, Tensor]:
    """Return each row scaled so that its largest value is the most there is, and the scales, (rows, 1)."""
    scale = x.float().abs().amax(dim=-1, keepdim=True).div(most).clamp(min=LEAST_SCALE)
    return (x.float() / scale).clamp(-most, most), scale


def _times_int8(x: Tensor, weight: Int8) -> Tensor:
    rows, scale = _in_rows(x, MOST_INT8)
    whole = torch._int_mm(rows.round().to(torch.int8), weight.rows.t())  # noqa: SLF001  it has no public name
    return whole.float() * scale * weight.scale


def _times_fp8(x: Tensor, weight: Float8) -> Tensor:
    rows, scale = _in_rows(x, MOST_FP8)
    return functional.scaled_mm(
        rows.to(torch.float8_e4m3fn),
        weight.rows.t(),
        scale,
        functional.ScalingType.RowWise,
        weight.scale[None],
        functional.ScalingType.RowWise,
        output_dtype=torch.bfloat16,
        use_fast_accum=x.is_cuda,
    )
