"""What a machine lacks for compiling is named, so that nobody draws at half the speed without knowing why."""

import sysconfig

import pytest

from generator.compiler import lacking


@pytest.fixture
def tools(monkeypatch, tmp_path):
    """A machine with these programs and these header files, in a folder of its own."""

    def there(*names):
        for name in names:
            (tmp_path / name).touch(mode=0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("CC", raising=False)
        monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))

    return there


def test_a_machine_with_a_compiler_and_headers_lacks_nothing(tools):
    tools("gcc", "Python.h")

    assert lacking() is None


def test_without_a_compiler_it_is_that_which_is_lacking(tools):
    tools("Python.h")

    assert lacking() == "a C compiler"


def test_a_compiler_that_the_owner_names_counts(tools, monkeypatch):
    tools("Python.h")
    monkeypatch.setenv("CC", "/opt/cc")

    assert lacking() is None


def test_without_headers_it_is_those(tools):
    tools("clang")

    assert lacking() == "Python's header files (Python.h)"
