"""The transformer as drawing needs it: fused, remembered, and never stale."""

import copy

import pytest
import torch
from diffusers.models.normalization import RMSNorm

from generator.engine.block import plain_attention, scaled_attention, turned
from generator.engine.load import load_parts
from generator.engine.net import Net
from generator.engine.norm import Norm
from generator.engine.text import Text
from generator.engine.tokens import factors, rotations


@pytest.fixture
def transformer(model_folder):
    return load_parts(model_folder, lambda _fraction: None, torch.device("cpu")).transformer


def caption(seed=0, tokens=20):
    return Text(torch.randn(tokens, 128, generator=torch.Generator().manual_seed(seed)), truncated=False)


def test_fusing_changes_no_weight_and_takes_no_memory_twice(transformer):
    before = copy.deepcopy(transformer.state_dict())

    net = Net(transformer)

    assert all(torch.equal(before[name], value) for name, value in transformer.state_dict().items())
    key = transformer.noise_refiner[0].attention.to_k
    assert key.weight.untyped_storage().data_ptr() == net.blocks()[0].qkv.data_ptr()


def test_what_is_written_to_a_matrix_is_multiplied_with(transformer):
    net = Net(transformer)
    layer = transformer.layers[-1]

    layer.attention.to_v.weight.data.add_(1)
    layer.feed_forward.w3.weight.data.add_(2)

    assert torch.equal(net.blocks()[-1].qkv.chunk(3)[2], layer.attention.to_v.weight)
    assert torch.equal(net.blocks()[-1].w13.chunk(2)[1], layer.feed_forward.w3.weight)


def test_two_nets_over_one_transformer_share_its_weights(transformer):
    one, other = Net(transformer), Net(transformer)

    assert one.blocks()[0].w13.data_ptr() == other.blocks()[0].w13.data_ptr()


def test_a_caption_is_refined_once_and_again_when_the_weights_change(transformer):
    worn = [()]
    net, text = Net(transformer, lambda: worn[0]), caption()

    first = net.refined(text)
    assert net.refined(text) is first

    transformer.context_refiner[0].attention.to_v.weight.data.mul_(2)
    worn[0] = ("another",)
    assert not torch.equal(net.refined(text), first)
    assert len(text.refined) == 1


def test_a_time_is_computed_once_and_again_when_the_weights_change(transformer):
    worn, like = [()], torch.zeros(1)
    net = Net(transformer, lambda: worn[0])

    first = net.table(0.5, like)
    assert net.table(0.5, like) is first

    worn[0] = ("another",)
    assert net.table(0.5, like) is not first


@pytest.mark.parametrize("shape", [(4, 6, 32), (8, 8, 64), (3, 3, 32)])
def test_rotations_are_the_reference_s_to_the_bit(transformer, stock, shape):
    rows, columns, length = shape
    places = torch.tensor([[length + 1, row, column] for row in range(rows) for column in range(columns)])
    config = transformer.config

    image, words = rotations(rows, columns, length, tuple(config.axes_dims), config.rope_theta)

    told = torch.view_as_complex(image)
    assert torch.equal(told[: rows * columns], stock.transformer.rope_embedder(places))
    assert torch.equal(told[rows * columns :], torch.ones_like(told[rows * columns :]))
    assert len(words) == length


def test_real_and_complex_rotations_are_the_same():
    x, turns = torch.randn(2, 10, 3, 8), torch.randn(10, 4, 2)

    torch.testing.assert_close(turned(x, factors(turns)), turned(x, torch.view_as_complex(turns)))


def test_rotations_lie_on_the_device_once_per_shape(transformer):
    net, device = Net(transformer), torch.device("cpu")

    first = net.turns(4, 6, 32, device)

    assert net.turns(4, 6, 32, device) is first
    assert net.turns(6, 4, 32, device) is not first


def test_in_sixteen_bits_a_norm_is_nearer_to_the_exact_one_than_the_reference_s():
    x, weight = torch.randn(2, 64, 384).bfloat16() * 9, torch.randn(384).bfloat16() + 1
    reference = RMSNorm(384, 1e-5, elementwise_affine=True)
    reference.weight.data = weight
    exact = Norm(weight.double().float(), 1e-5)(x.float())

    found, wanted = Norm(weight, 1e-5)(x), reference(x)

    assert found.dtype is wanted.dtype is torch.bfloat16
    assert (found - exact).abs().mean() <= (wanted - exact).abs().mean()
    torch.testing.assert_close(found, wanted, rtol=2**-7, atol=0)


def test_both_ways_to_attend_agree():
    q, k, v = torch.randn(3, 2, 4, 40, 16).unbind()

    torch.testing.assert_close(plain_attention(q, k, v), scaled_attention(q, k, v))


def test_rotations_that_drawing_made_serve_training_too():
    rotations.cache_clear()

    with torch.inference_mode():
        made = rotations(4, 4, 32, (8, 12, 12), 256.0)

    assert not any(turns.is_inference() for turns in made)
