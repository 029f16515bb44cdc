"""The tensor forward is the stock forward."""

import pytest

torch = pytest.importorskip("torch")

from generator.embedded.architecture import TEXT_WIDTH, build_transformer  # noqa: E402
from generator.embedded.forward import velocity  # noqa: E402


@pytest.mark.parametrize(("height", "width", "length"), [(32, 32, 32), (28, 36, 32), (12, 20, 64)])
def test_it_agrees_with_the_stock_forward(height, width, length):
    torch.manual_seed(0)
    model = build_transformer()
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    latents, t = torch.randn(2, 16, height, width), torch.rand(2)
    text = torch.randn(2, length, TEXT_WIDTH)
    lengths = torch.tensor([length - 20, length - 5])
    said = torch.arange(length) < lengths[:, None]

    with torch.no_grad():
        ours = velocity(model, latents, t, text, said)
        words = [states[:count] for states, count in zip(text, lengths, strict=True)]
        stock = model([one[:, None] for one in latents], t, words, return_dict=False)[0]

    assert torch.allclose(ours, torch.stack([one[:, 0] for one in stock]), atol=1e-4)
