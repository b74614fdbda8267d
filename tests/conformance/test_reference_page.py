"""The suite is complete: every module has its test, and the page for people says what the suite says."""

from __future__ import annotations

from pathlib import Path

from tests.conformance import plans, test_certification, test_config, test_logout
from tests.conformance.reference_page import END, START, modules_by_plan, name_of_test, table

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "conformance.md"


def test_every_module_has_its_test() -> None:
    wanted = {name_of_test(module) for modules in modules_by_plan().values() for module in modules}
    there = {
        name
        for file in (test_certification, test_config, test_logout)
        for name in vars(file)
        if name.startswith("test_oidcc")
    }
    assert there == wanted


def test_every_module_of_a_variant_is_run_in_it() -> None:
    for variant in plans.EVERY:
        for module in plans.modules_of(variant):
            test = vars(test_certification)[name_of_test(module)]
            (mark,) = (mark for mark in test.pytestmark if mark.name == "parametrize")
            assert variant in mark.args[1], (module, variant)


def test_the_page_says_what_the_suite_says() -> None:
    text = PAGE.read_text("utf-8")
    assert text.partition(START)[2].partition(END)[0].strip() == table().strip()
