"""LoRAs in a recipe: valid, kept, and never in one batch with others."""

import json

import pytest
from wishes import PLAIN, wish

from generator.frames import BadFrame, decode_generate, encode_generate
from generator.messages import Generate
from generator.recipe import MAX_LORAS, Lora, Recipe, RecipeError

ONE, TWO = Lora("one", 0.8), Lora("two")


def test_a_recipe_that_was_kept_before_there_were_loras_still_reads():
    kept = PLAIN.as_dict()
    del kept["loras"]

    assert Recipe.from_dict(kept) == PLAIN


def test_loras_survive_the_way_through_json():
    recipe = Recipe.from_dict(PLAIN.as_dict() | {"loras": [{"name": "one", "scale": 0.8}, {"name": "two"}]})

    assert recipe.loras == (ONE, TWO)
    assert Recipe.from_dict(json.loads(json.dumps(recipe.as_dict()))) == recipe


@pytest.mark.parametrize(
    ("loras", "rule"),
    [
        ([{"name": "../etc/passwd"}], "lora_name"),
        ([{"name": "Big Name"}], "lora_name"),
        ([{"name": ""}], "lora_name"),
        ([{"name": 7}], "lora_name"),
        ([{"name": "a", "scale": 2.5}], "number_range"),
        ([{"name": "a", "scale": float("nan")}], "number_range"),
        ([{"name": "a", "scale": "1"}], "number_range"),
        ([{"name": "a"}, {"name": "a", "scale": 0.5}], "lora_twice"),
        ([{"name": f"a{number}"} for number in range(MAX_LORAS + 1)], "too_many_loras"),
        ([{"scale": 1}], "incomplete"),
        ([{"name": "a", "url": "https://x.example"}], "incomplete"),
        (["a"], "incomplete"),
        ("a", "incomplete"),
        (None, "incomplete"),
        (7, "incomplete"),
    ],
)
def test_an_impossible_lora_breaks_its_rule(loras, rule):
    with pytest.raises(RecipeError) as caught:
        Recipe.from_dict(PLAIN.as_dict() | {"loras": loras})

    assert caught.value.rule == rule


def test_orders_with_other_loras_never_share_a_batch():
    orders = (*wish("a", loras=(ONE,)).orders, *wish("b", loras=(TWO,)).orders)

    with pytest.raises(BadFrame, match="LoRAs"):
        decode_generate(encode_generate(Generate(orders=orders)))


def test_the_same_loras_in_another_order_or_with_one_at_zero_share_a_batch():
    alike = [(ONE, TWO), (TWO, ONE), (ONE, TWO, Lora("none", 0.0))]
    orders = tuple(wish(str(n), loras=loras).orders[0] for n, loras in enumerate(alike))

    assert decode_generate(encode_generate(Generate(orders=orders))).orders == orders
