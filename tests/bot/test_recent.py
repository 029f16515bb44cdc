from bot.recent import Recent


def test_the_oldest_entry_is_forgotten_first():
    recent = Recent[str, int](2)

    recent["a"], recent["b"], recent["a"] = 1, 2, 3
    recent["c"] = 4

    assert dict(recent) == {"b": 2, "c": 4}
