"""A headless Chromium that opens reports and tells what it saw."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Start a browser with an empty profile; skip the tests where there is none, but not in CI."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if found is None or driver is None:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain("no Chromium here: apt-get install chromium chromium-driver")
    options = ChromeOptions()
    options.binary_location = found
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = Chrome(options, ChromeService(driver))
    try:
        yield Browser(chrome)
    finally:
        chrome.quit()


@frozen
class Browser:
    """A browser window; the methods speak of the page that is open."""

    chrome: Chrome

    def open(self, path: Path, place: str = "") -> None:
        """Open a page anew, at a place within it, and forget what was seen before."""
        self.chrome.get("about:blank")
        self.console()
        self.requests()
        self.chrome.get(f"{path.as_uri()}{place}")

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script on the page and return what it returns."""
        return self.chrome.execute_script(script, *arguments)

    def command(self, name: str, **values: Any) -> Any:
        """Send a command of the DevTools protocol."""
        return self.chrome.execute_cdp_cmd(name, values)

    def find(self, selector: str) -> WebElement:
        """Return the first element."""
        return self.chrome.find_element(By.CSS_SELECTOR, selector)

    def shown(self, selector: str) -> list[str]:
        """Return the texts of the elements that can be seen, once the page has settled."""
        self.run("return new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        visible = "[...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility())"
        return list(self.run(f"return {visible}.map(e => e.textContent)", selector))

    def press(self, *keys: str) -> None:
        """Press keys on whatever has the focus."""
        for key in keys:
            self.chrome.switch_to.active_element.send_keys(key)

    def tab_to(self, selector: str) -> None:
        """Press Tab until an element has the focus, as somebody without a mouse would."""
        for _ in range(30):
            self.press(Keys.TAB)
            if self.run("return document.activeElement.matches(arguments[0])", selector):
                return
        raise AssertionError(f"the Tab key does not lead to {selector}")

    def console(self) -> list[str]:
        """Return what was written to the console since the last call."""
        return [entry["message"] for entry in self.chrome.get_log("browser")]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since the last call."""
        events = [json.loads(e["message"])["message"] for e in self.chrome.get_log("performance")]
        sent = [
            e["params"]["request"] for e in events if e["method"] == "Network.requestWillBeSent"
        ]
        return [request["url"] for request in sent if not request["url"].startswith("data:")]

    def screen(self, width: int, height: int = 900) -> None:
        """Set the size of the window's inside."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.command("Emulation.setDeviceMetricsOverride", **metrics)

    def prefer(self, scheme: str) -> None:
        """Make the user one who prefers light or dark."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.command("Emulation.setEmulatedMedia", features=[feature])
