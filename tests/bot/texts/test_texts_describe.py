"""What people read when something happens."""

import ast
import inspect
import string
from dataclasses import fields, replace

import pytest
from stage import a_job

import generator.recipe
from bot.commands import Person
from bot.refusals import (
    BadOption,
    BadRecipe,
    LoraUnusable,
    NotEnoughCredits,
    Refusal,
    TooFast,
    TooManyWaiting,
    UnknownOption,
    UnknownStyle,
)
from bot.styles import read_styles
from bot.texts import LANGUAGES, describe, preference_lines, rule_lines
from bot.texts.catalogue import catalogue
from bot.updates import (
    AllAccepted,
    Broken,
    Cancelled,
    Deleted,
    DeletionAsked,
    Delivered,
    Erased,
    Exported,
    FoundRecipe,
    Granted,
    History,
    Info,
    JobsView,
    LinkAsked,
    LinkCode,
    Linked,
    NowBlocked,
    NowUnblocked,
    PlaceView,
    PreferencesView,
    Progress,
    Queued,
    QueueView,
    Refused,
    SeenJob,
    SeveralAsked,
    Stopping,
    StyleList,
    Wallet,
)
from generator.messages import Fault, PictureFormat
from generator.recipe import MAX_LORAS, MAX_PROMPT, Recipe, RecipeError, Start
from storage.records import (
    Balance,
    Identity,
    JobState,
    Picture,
    PlaceId,
    PlaceRules,
    Preferences,
    Spoiler,
)

RECIPE = Recipe(prompt="a fox", model="embedded", width=336, height=192, steps=8, seed=1234567)
JOB = replace(a_job("j1"), recipe=RECIPE, state=JobState.QUEUED)
PICTURE = Picture(
    job="j1",
    index=0,
    sha256="0" * 64,
    format=PictureFormat.PNG,
    width=336,
    height=192,
    size_bytes=1,
    truncated=False,
    secret="s",
)
ADA = Person(identity=Identity("web", "ada"), name="Ada", language="en")
QUEUED = Queued(job=JOB, place=3, eta_seconds=11.2)
UNTOUCHED = Start(picture="0" * 64, strength=0.0)
EVERYTHING = [
    QUEUED,
    replace(QUEUED, place=1),
    replace(QUEUED, loading=0.4),
    Progress(job=JOB, step=0, steps=8),
    Progress(job=JOB, step=3, steps=8),
    Delivered(job=JOB, pictures=(PICTURE,)),
    Delivered(job=JOB, pictures=(replace(PICTURE, truncated=True),) * 4),
    Delivered(job=replace(JOB, deleted=True), pictures=()),
    Delivered(job=replace(JOB, recipe=replace(JOB.recipe, start=UNTOUCHED)), pictures=(PICTURE,)),
    AllAccepted((QUEUED,)),
    AllAccepted((QUEUED,) * 5),
    *(Broken(job=JOB, fault=fault) for fault in Fault),
    *Fault,
    Cancelled(job=JOB),
    Stopping("j1"),
    Deleted("j1"),
    Info(job=JOB, pictures=(PICTURE,), receipt=()),
    Wallet(balance=Balance(available=120, held=0), daily_allowance=100, entries=()),
    Wallet(balance=Balance(available=21, held=15), daily_allowance=100, entries=()),
    QueueView(mine=(), length=0),
    QueueView(mine=(QUEUED,), length=5),
    History(items=(), more=False),
    History(items=(QUEUED,), more=False),
    Refused(TooFast(retry_seconds=12)),
    UnknownOption(option="--sede", guess="--seed"),
    UnknownOption(option="--sede", guess=""),
    UnknownStyle(style="watercolor", guess="watercolour"),
    UnknownStyle(style="watercolor", guess=""),
    PreferencesView(Preferences()),
    PlaceView(place=PlaceId("web", "1"), rules=PlaceRules(), by=ADA, changed=False),
    PlaceView(place=PlaceId("web", "1"), rules=PlaceRules(), by=ADA, changed=True),
    StyleList(()),
    StyleList(read_styles().all()),
    LinkCode(code="ABCD2345", life_seconds=600),
    LinkAsked(code="ABCD2345", name="Ada", identities=(Identity("discord", "7"), Identity("web", "owner"))),
    Linked(identities=(), balance=Balance(available=21, held=0), lapsed=0),
    Linked(identities=(), balance=Balance(available=21, held=0), lapsed=7),
    Exported(file=b"{}", name="x.json"),
    DeletionAsked(jobs=3, credits=21),
    Erased(jobs=3, cancelled=1),
    Granted(by=ADA, to=ADA.identity, name="Ada", credits=2, balance=Balance(available=21, held=0)),
    Granted(by=ADA, to=ADA.identity, name="Ada", credits=-2, balance=Balance(available=21, held=0)),
    NowBlocked(by=ADA, to=ADA.identity, name="Bob", cancelled=0),
    NowBlocked(by=ADA, to=ADA.identity, name="Bob", cancelled=2),
    NowUnblocked(by=ADA, to=ADA.identity, name="Bob"),
    JobsView(()),
    JobsView((SeenJob(job=JOB, name="Ada", identities=()),)),
    FoundRecipe(RECIPE),
    FoundRecipe(RECIPE, made_with="sd_xl_base"),
    SeveralAsked(texts=("a", "b"), pictures=2, price=2, balance=Balance(available=21, held=0)),
]
UNUSUAL = PlaceRules(channels=frozenset({"7"}), roles=(("8", 2.5),), count=2, most_pixels=1048576)
IMPOSSIBLE = [
    {"prompt": " "},
    {"prompt": 7},
    {"prompt": "\ud800"},
    {"prompt": "x" * (MAX_PROMPT + 1)},
    {"negative_prompt": 7},
    {"model": ""},
    {"width": 7},
    {"width": 257},
    {"height": float("nan")},
    {"steps": 0},
    {"seed": 2**63},
    {"shift": float("inf")},
    {"guidance": -0.5},
    {"variation_seed": -1},
    {"variation_strength": 2},
    {"loras": [{"name": "Big Name"}]},
    {"loras": [{"name": "snow", "scale": 9}]},
    {"loras": [{"name": "snow"}, {"name": "snow"}]},
    {"loras": [{"name": f"snow{number}"} for number in range(MAX_LORAS + 1)]},
    {"start": {"picture": "a red circle"}},
    {"wings": 2},
]


def bad_recipe(values: dict) -> BadRecipe:
    with pytest.raises(RecipeError) as raised:
        Recipe.from_dict(RECIPE.as_dict() | values)
    return BadRecipe(raised.value.rule, raised.value.values)


@pytest.fixture
def recipe_rules() -> set[str]:
    """Return every rule named in a ``RecipeError("rule", …)`` of the recipe's module."""
    calls = [
        node for node in ast.walk(ast.parse(inspect.getsource(generator.recipe))) if is_recipe_error(node)
    ]
    return {call.args[0].value for call in calls}


def is_recipe_error(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "RecipeError"


def is_a_sentence(text: str) -> bool:
    return len(text) > 3 and "{" not in text and "}" not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("thing", EVERYTHING, ids=str)
def test_whatever_happens_there_is_a_sentence(language, thing):
    assert is_a_sentence(describe(thing, language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "refusal", [each for each in Refusal.__subclasses__() if each not in {BadRecipe, LoraUnusable}]
)
def test_every_refusal_says_something(language, refusal):
    values = [7 if field.type is int else "words" for field in fields(refusal)]

    text = describe(refusal(*values), language)

    assert is_a_sentence(text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("values", IMPOSSIBLE, ids=lambda values: str(values)[:30])
def test_every_rule_of_a_recipe_has_a_sentence(language, values):
    assert is_a_sentence(describe(bad_recipe(values), language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_incomplete_recipe_has_a_sentence(language):
    with pytest.raises(RecipeError) as raised:
        Recipe.from_dict({"prompt": "a fox"})

    assert is_a_sentence(describe(BadRecipe(raised.value.rule, raised.value.values), language))


def test_the_impossible_values_above_break_every_rule_there_is(recipe_rules):
    broken = {bad_recipe(values).rule for values in IMPOSSIBLE} | {"incomplete"}

    assert broken == recipe_rules


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_why_a_lora_cannot_be_used_is_a_sentence_after_its_name(language):
    reasons = {key.removeprefix("lora_") for key in catalogue("en") if key.startswith("lora_")}
    blanks = "mib most size whole why layer model name theirs ours dtype rank kind host lora reason"  # of all
    details = dict.fromkeys(blanks.split(), "7")
    sentences = {
        reason: describe(LoraUnusable("snow", reason, details), language)
        for reason in reasons - {"unusable", "on_its_way", "ready"}
    }

    assert all(is_a_sentence(text) and "snow" in text for text in sentences.values())
    assert len(set(sentences.values())) == len(sentences) > 20


def test_a_place_and_a_time_are_said_as_the_language_says_them():
    assert describe(QUEUED, "en") == "You're 3rd in line. Your picture should be ready in about 12 s."
    assert describe(QUEUED, "ru") == "Ваш заказ — 3-й в очереди. Картинка будет готова примерно через 12 с."
    assert describe(QUEUED, "zh") == "排在第 3 位，大约 12 秒后画好。"


@pytest.mark.parametrize(
    ("limit", "noun"), [(1, "заказ "), (2, "заказа "), (5, "заказов "), (21, "заказ "), (112, "заказов ")]
)
def test_russian_counts_with_three_forms(limit, noun):
    text = describe(TooManyWaiting(limit=limit, retry_seconds=200), "ru")

    assert f"{limit} {noun}" in text
    assert "4 мин" in text


def test_one_credit_is_not_credits():
    assert "1 credit " in describe(NotEnoughCredits(price=1, available=0), "en")
    assert "15 credits " in describe(NotEnoughCredits(price=15, available=0), "en")


def test_a_seed_is_never_grouped_because_it_is_typed_again():
    assert "1234567" in describe(Info(job=JOB, pictures=(), receipt=()), "en")


def test_a_broken_picture_says_that_nothing_was_charged():
    assert "Nothing was charged" in describe(Broken(job=JOB, fault=Fault.POISON), "en")


def test_an_unknown_language_is_answered_in_english():
    assert describe(Cancelled(job=JOB), "tlh") == describe(Cancelled(job=JOB), "en")
    assert describe(Cancelled(job=JOB), "ru-RU") == describe(Cancelled(job=JOB), "ru")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("words", ["{0}", "{option.__class__}", "%s%n", "{", "<b>", "a\nb\x00"])
def test_somebodys_words_are_quoted_and_never_filled(language, words):
    text = describe(BadOption(option="--ar", value=words, example="--ar 16:9"), language)

    assert " ".join(words.split()) in text


def test_a_very_long_word_is_cut():
    text = describe(BadOption(option="--ar", value="9" * 40_000, example="--ar 16:9"), "en")

    assert len(text) < 400
    assert "…" in text
    assert not set(text) & set(string.whitespace) - {" "}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_preference_and_rule_has_a_line(language):
    preferences = [preference_lines(each, language) for each in (Preferences(), Preferences(count=2))]
    rules = [rule_lines(each, language) for each in (UNUSUAL, *(PlaceRules(spoiler=how) for how in Spoiler))]

    assert {len(lines) for lines in preferences} == {len(fields(Preferences))}
    assert {len(lines) for lines in rules} == {len(fields(PlaceRules))}
    assert all(label and value for lines in [*preferences, *rules] for label, value in lines)
