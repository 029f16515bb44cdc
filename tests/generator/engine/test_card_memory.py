import pytest
import torch

from generator.engine.card import memory_of


def test_a_processor_has_no_card_memory():
    assert memory_of(torch.device("cpu")) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no card here")
def test_a_cards_memory_is_what_tensors_take_of_what_there_is():
    card = torch.device("cuda")
    before = memory_of(card)

    tensor = torch.zeros(1 << 20, dtype=torch.uint8, device=card)

    after = memory_of(card)
    assert before is not None
    assert after is not None
    assert after.allocated - before.allocated >= tensor.nbytes
    assert after.allocated < after.total == before.total
