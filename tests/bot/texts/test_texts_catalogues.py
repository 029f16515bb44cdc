"""Every sentence exists in every language, with the same blanks and the forms its grammar needs."""

import gettext
import io
import string
from dataclasses import fields

import pytest
from babel.messages.pofile import read_po

from bot.adapters.web.labels import LABELS
from bot.options import EXAMPLES
from bot.refusals import BadRecipe, LoraUnusable, Refusal
from bot.texts import LANGUAGES, labelled, listed, say
from bot.texts.catalogue import FOLDER, OWN_NAMES, Sentence, catalogue, form_index
from generator.messages import Fault
from generator.recipe import Recipe

ENGLISH = catalogue("en")
OWN_SENTENCE = [each for each in Refusal.__subclasses__() if each not in {BadRecipe, LoraUnusable}]


def blanks(form: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(form) if name is not None}


def all_blanks(sentence: Sentence) -> set[str]:
    return set().union(*(blanks(form) for form in sentence.forms))


def header(language: str):
    return read_po(io.BytesIO((FOLDER / f"{language}.po").read_bytes()))


def test_every_language_says_what_it_is_called():
    assert set(OWN_NAMES) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys(language):
    assert set(catalogue(language)) == set(ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_has_the_same_blanks_in_every_language(language):
    other = {key: (all_blanks(text), text.counted) for key, text in catalogue(language).items()}

    assert other == {key: (all_blanks(text), text.counted) for key, text in ENGLISH.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty(language):
    empty = [key for key, sentence in catalogue(language).items() if not all(sentence.forms)]

    assert empty == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_counted_sentence_has_as_many_forms_as_the_language(language):
    forms = {len(sentence.forms) for sentence in catalogue(language).values() if sentence.counted}

    assert forms == {header(language).num_plurals}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_for_a_count_is_the_one_the_catalogue_numbers(language):
    rule = gettext.c2py(header(language).plural_expr)

    assert [form_index(language, count) for count in range(1000)] == [rule(count) for count in range(1000)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_key_stands_in_a_catalogue_once(language):
    text = (FOLDER / f"{language}.po").read_text(encoding="utf-8")
    keys = [line for line in text.splitlines() if line.startswith("msgid ") and line != 'msgid ""']

    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("refusal", OWN_SENTENCE)
def test_every_refusal_has_a_sentence_whose_blanks_are_its_fields(refusal):
    assert all_blanks(ENGLISH[refusal.key]) <= {field.name for field in fields(refusal)}


def test_no_two_refusals_share_a_sentence():
    refusals = Refusal.__subclasses__()

    assert len({refusal.key for refusal in refusals}) == len(refusals)


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_a_sentence(fault):
    assert f"fault_{fault}" in ENGLISH


@pytest.mark.parametrize("name", Recipe.__dataclass_fields__)
def test_every_value_of_a_recipe_has_a_name(name):
    assert f"field_{name}" in ENGLISH


def test_the_english_labels_are_those_that_the_page_lists():
    assert {key: text.forms for key, text in ENGLISH.items() if key.startswith("web_")} == {
        key: (label,) for key, label in LABELS.items()
    }


@pytest.mark.parametrize("option", EXAMPLES)
def test_every_option_says_what_it_means(option):
    assert f"web_option_{option}" in ENGLISH


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_mistypes_an_option_is_told_all_of_them(language):
    told = say(language, "unknown_option_no_guess", option="--x")

    assert [name for name in EXAMPLES if f"--{name}" not in told] == []


def test_chinese_has_its_own_punctuation_between_label_and_value():
    assert labelled("zh", say("zh", "setting_count"), say("zh", "as_usual")) == "每次张数：默认"
    assert listed("zh", ["甲", "乙"]) == "甲、乙"
    assert labelled("en", "Spoiler", "off") == "Spoiler: off"
