"""What was used longest ago is let go of first."""

from generator.engine.latest import Latest


def test_what_was_used_longest_ago_is_made_again():
    latest, made = Latest(2), []

    for key in ("one", "other", "one", "third", "one", "other"):
        latest(key, lambda key=key: made.append(key) or key.upper())

    assert made == ["one", "other", "third", "other"]
    assert latest("one", lambda: "anew") == "ONE"
