"""How full the card is."""

import torch

from generator.messages import CardMemory


def memory_of(device: torch.device) -> CardMemory | None:
    """Return a card's memory, None for a processor. May be asked while the card draws, from any thread."""
    if device.type != "cuda":
        return None
    return CardMemory(
        torch.cuda.memory_allocated(device), torch.cuda.get_device_properties(device).total_memory
    )
