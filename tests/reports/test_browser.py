"""The HTML report in a real browser: it works without a network, a mouse or good names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from selenium.webdriver.common.keys import Keys

from postman_async import MonitorOutcome, write_report
from postman_async.reports.text import clean, one_line
from tests.reports.browser import Browser, chromium
from tests.reports.support import HOSTILE, hostile, one_of_each

Folder = pytest.TempPathFactory


@pytest.fixture(scope="module")
def session(tmp_path_factory: Folder) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(session: Browser) -> Iterator[Browser]:
    """The one browser; no test of it may leave a word on the console or ask for another file."""
    session.screen(1200)
    session.prefer("light")
    yield session
    assert session.console() == []
    assert {url.partition("#")[0].rpartition(".")[2] for url in session.requests()} <= {"html"}


def written(folder: Path, outcomes: list[MonitorOutcome]) -> Path:
    write_report(outcomes, folder / "report.html", title="Nightly")
    return folder / "report.html"


@pytest.fixture(scope="module")
def small(tmp_path_factory: Folder) -> Path:
    """A report with one monitor of each outcome."""
    return written(tmp_path_factory.mktemp("small"), one_of_each())


@pytest.fixture(scope="module")
def large(tmp_path_factory: Folder) -> Path:
    """A report with 2,000 monitors, of which every sixth passed."""
    kinds = one_of_each()
    many = [evolve(kinds[n % 6], index=n, name=f"monitor {n:04}") for n in range(2_000)]
    return written(tmp_path_factory.mktemp("large"), many)


def names(browser: Browser) -> list[str]:
    return browser.shown("#rows .name")


def count(browser: Browser) -> str:
    return browser.find("#count").text


def test_a_request_or_an_error_would_be_noticed(session: Browser, tmp_path: Path) -> None:
    """Else the checks of all other tests could not fail."""
    page = tmp_path / "bad.html"
    page.write_text("<img src=http://127.0.0.1:9/x><script>throw new Error('oh')</script>")
    session.open(page)
    assert "http://127.0.0.1:9/x" in session.requests()
    assert any("oh" in line for line in session.console())


def test_the_page_opens_from_a_file_and_asks_for_nothing_else(
    browser: Browser, small: Path
) -> None:
    browser.open(small)
    assert browser.chrome.title == "Nightly: 5 of 6 monitors did not pass"
    assert browser.requests() == [small.as_uri()]
    assert names(browser) == ["Search", "Login", "Gone", "Late", "1-monitor-5", "Checkout"]


def test_the_policy_of_the_page_stops_a_script_that_gets_in(browser: Browser, small: Path) -> None:
    browser.open(small)
    browser.run(
        "const s = document.createElement('script'); s.textContent = 'window.pwned = 1';"
        "document.body.append(s); new Image().src = 'http://127.0.0.1:9/x'"
    )
    assert browser.run("return window.pwned") is None
    script, image = browser.console()
    assert "inline script violates" in script
    assert "image 'http://127.0.0.1:9/x' violates" in image.replace("\\", "")
    browser.requests()  # what was stopped is in this list too


def test_search_and_filters_choose_what_is_shown(browser: Browser, small: Path) -> None:
    browser.open(small)
    assert count(browser) == "6 monitors"
    search = browser.find("#search")
    search.send_keys("econnrefused LOGIN")
    assert (names(browser), count(browser)) == (["Login"], "1 of 6 monitors")
    search.clear()
    search.send_keys("no such thing")
    assert (names(browser), browser.shown("#none p")) == ([], ["No monitor to show."])
    browser.find("#reset").click()
    assert len(names(browser)) == 6
    browser.find("input[value=error]").click()
    browser.find("input[value=passed]").click()
    assert (names(browser), count(browser)) == (
        ["Search", "Late", "1-monitor-5"],
        "3 of 6 monitors",
    )
    assert len(browser.shown(".run.off")) == 3


def test_the_order_can_be_chosen(browser: Browser, small: Path) -> None:
    browser.open(small)
    for order, first in (("name", "1-monitor-5"), ("order", "Checkout"), ("problems", "Search")):
        browser.find(f"#sort option[value={order}]").click()
        assert names(browser)[0] == first


def test_a_monitor_is_opened_with_the_keyboard(browser: Browser, small: Path) -> None:
    browser.open(small)
    browser.tab_to("summary")
    assert browser.run("return document.querySelectorAll('.step').length") == 0
    browser.press(Keys.ENTER)
    assert browser.shown(".problems pre") == ["expected 200 to equal 201"]
    assert browser.shown(".step .checks li") == [
        "✓passed: Status code is 200",
        "✕failed: Status code is 201expected 200 to equal 201",
    ]
    browser.tab_to(".headers summary")
    browser.press(Keys.ENTER)
    assert browser.shown(".headers tr")[0] == "Authorization[redacted]"
    assert "1.5 s" in browser.shown(".facts")[0]


def test_the_timeline_shows_each_run_and_its_wait(browser: Browser, small: Path) -> None:
    browser.open(small)
    bars = "[...document.querySelectorAll('.run')]"
    assert browser.run(f"return {bars}.map(b => b.ariaLabel)") == [
        "Checkout: passed, ran 1.5 s",
        "Search: failed, ran 1.5 s, waited 500 ms for the limit",
        "Login: error, ran 1.5 s",
        "Gone: error, ran 1.5 s",
        "Late: unknown, ran 1.5 s",
    ]
    left = browser.run(f"return {bars}.map(b => parseFloat(b.style.left))")
    assert left == pytest.approx([100 * n / 5.5 for n in range(5)], abs=0.01)
    width = f"return {bars}.map(b => [b.offsetWidth, getComputedStyle(b, '::before').width])"
    whole, wait = browser.run(width)[1]
    assert float(wait.removesuffix("px")) == pytest.approx(whole / 4, abs=1)
    tops = browser.run(f"return {bars}.map(b => b.style.top)")
    assert (tops[0], len(set(tops))) == ("1px", 2)


def test_the_timeline_is_walked_with_the_keyboard(browser: Browser, small: Path) -> None:
    browser.open(small)
    browser.tab_to("#lanes")
    browser.press(Keys.ARROW_RIGHT, Keys.END, Keys.ARROW_LEFT)
    active = browser.find("#lanes").get_attribute("aria-activedescendant")
    assert browser.find(f"#{active}").get_attribute("aria-selected") == "true"
    assert browser.shown("#tip") == ["Goneerror, ran 1.5 s"]
    browser.press(Keys.ENTER)
    assert browser.run("return document.activeElement.querySelector('.name').innerText") == "Gone"
    assert "no such monitor" in browser.shown(".problems pre")[0]


def test_the_timeline_passes_over_what_is_filtered_out(browser: Browser, small: Path) -> None:
    browser.open(small)
    browser.find("input[value=error]").click()
    browser.run("document.querySelector('#lanes').focus()")
    seen = []
    for key in (Keys.HOME, *[Keys.ARROW_DOWN] * 3):
        browser.press(key)
        seen += browser.shown("#tip strong")
    assert seen == ["Checkout", "Search", "Late", "Late"]


def test_a_link_leads_to_a_monitor_even_one_that_is_filtered_out(
    browser: Browser, small: Path
) -> None:
    browser.open(small, "#m-1")
    assert browser.shown(".problems pre") == ["expected 200 to equal 201"]
    browser.find("#search").send_keys("Search")
    browser.run("location.hash = '#m-0'; dispatchEvent(new Event('hashchange'))")
    assert len(browser.shown(".facts")) == 2
    assert count(browser) == "6 monitors"


def test_everything_has_a_role_and_a_name(browser: Browser, small: Path) -> None:
    """What a screen reader is told."""
    browser.open(small, "#m-1")
    nodes = browser.command("Accessibility.getFullAXTree")["nodes"]
    named = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"] and "role" in node
    ]
    roles = {role for role, _ in named}
    assert {"banner", "main", "contentinfo", "search", "region", "listbox", "status"} <= roles
    wanted = ("option", "checkbox", "searchbox", "combobox", "listbox", "button", "link", "image")
    assert not [role for role, name in named if role in wanted and not name]
    assert ("heading", "Timeline") in named
    assert ("checkbox", "failed 1") in named
    assert any(role == "DisclosureTriangle" and "failed" in name for role, name in named)


def test_what_has_the_focus_can_be_seen(browser: Browser, small: Path) -> None:
    browser.open(small)
    for selector in ("#lanes", "#search", "summary"):
        browser.tab_to(selector)
        style = "const s = getComputedStyle(document.activeElement);"
        assert browser.run(f"{style} return [s.outlineStyle, s.outlineWidth]")[0] != "none"


def test_light_and_dark_follow_the_reader(browser: Browser, small: Path) -> None:
    browser.open(small)
    ground = "return getComputedStyle(document.body).backgroundColor"
    assert browser.run(ground) == "rgb(246, 246, 244)"
    browser.prefer("dark")
    assert browser.run(ground) == "rgb(18, 19, 21)"


def test_hostile_names_do_nothing_and_fit_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    texts = [text for text in HOSTILE.values() if text.strip()]
    browser.screen(360)
    browser.open(written(tmp_path, [hostile(text) for text in texts]))
    browser.run("document.querySelectorAll('.row details').forEach(d => { d.open = true; })")
    assert len(browser.shown(".steps")) == len(texts)
    browser.run("document.querySelectorAll('.headers').forEach(d => { d.open = true; })")
    assert browser.run("return window.pwned") is None
    found = browser.run("return [...document.querySelectorAll('.name')].map(n => n.textContent)")
    assert found == [one_line(clean(text)) for text in texts]
    assert browser.run("return document.querySelectorAll('.step h3').length") == len(texts)
    page = "document.documentElement"
    assert browser.run(f"return {page}.scrollWidth <= {page}.clientWidth")


def test_without_scripts_the_failures_are_there(browser: Browser, small: Path) -> None:
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(small)
        browser.find("#m-1 summary").click()
        assert browser.find("#m-1 pre").text == "expected 200 to equal 201"
        assert not browser.find("#filters").is_displayed()
        assert browser.run("return document.querySelector('noscript').checkVisibility()")
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)


def test_2000_monitors_are_shown_searched_and_opened(browser: Browser, large: Path) -> None:
    """Nothing but the rows is laid out before one is opened: that is what keeps it quick."""
    browser.open(large)
    assert count(browser) == "2,000 monitors"
    assert len(browser.run("return [...document.querySelectorAll('.run')].map(b => b.id)")) == 1667
    assert browser.run("return document.querySelectorAll('.step, .headers').length") == 0
    browser.find("#search").send_keys("1999")
    assert (names(browser), count(browser)) == (["monitor 1999"], "1 of 2,000 monitors")
    browser.find("#m-1999 summary").click()
    assert len(browser.shown(".step")) == 1
