"""The tokenizer: byte-level BPE over the captions' words, in Qwen's chat layout."""

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

SIZE = 2048
PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"

CHAT = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content + "
    "'<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TAIL = 5
"""So many tokens follow every caption; being last, they have read all of it."""


def train_tokenizer(words: Iterable[str]) -> PreTrainedTokenizerFast:
    """Learn merges from whole words; repeating a word makes it more likely to become one token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        special_tokens=[PAD, START, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(words, trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        padding_side="right",
        model_max_length=1024,
    )
    wrapped.chat_template = CHAT
    return wrapped


def in_chat(caption: str) -> str:
    """The text that the pipeline makes of a prompt before it is tokenized."""
    return f"{START}user\n{caption}{END}\n{START}assistant\n"
