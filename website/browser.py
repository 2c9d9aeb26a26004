"""Looks at a made site in Chromium, from files, as a reader without a network does; takes screenshots.

`python -m website.browser SITE SCREENS` prints what is wrong and ends with 1 then. It needs the programs chromium and
chromedriver (`apt-get install chromium chromium-driver`).
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

DESK, PHONE = (1400, 1000), (390, 844)
HOME, TUTORIAL = "docs/index.html", "docs/tutorial.html"
WORD = "cacheTo"
SECONDS = 10


class Reader:
    """A browser that reads the site in `folder` and keeps its screenshots in `screens`."""

    def __init__(self, driver: Any, folder: Path, screens: Path) -> None:
        self.driver = driver
        self.folder = folder
        self.screens = screens

    def problems(self) -> Iterator[str]:
        """What is wrong, one sentence each."""
        yield from self._every_page()
        yield from self._search()
        yield from self._light_and_dark()
        yield from self._phone()
        yield from self._requests()

    def open(self, page: str, size: tuple[int, int] = DESK, scheme: str = "light") -> None:
        """Show a page of the site in a window of this size."""
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.get((self.folder / page).as_uri())

    def screenshot(self, name: str) -> None:
        """Keep what the window shows."""
        self.driver.save_screenshot(str(self.screens / f"{name}.png"))

    def _pages(self) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*.html"))

    def _every_page(self) -> Iterator[str]:
        for page in self._pages():
            self.open(page)
            if page != "search.html" and not self._has_heading():
                yield f"{page}: it has no heading"
            broken = "return [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
            yield from (f"{page}: the picture {source} is broken" for source in self.driver.execute_script(broken))
            yield from (f"{page}: {entry['message']}" for entry in self.driver.get_log("browser"))

    def _has_heading(self) -> bool:
        """Whether the page has one, or the page that it leads to by itself."""
        try:
            WebDriverWait(self.driver, SECONDS).until(lambda driver: driver.find_elements(By.TAG_NAME, "h1"))
        except TimeoutException:
            return False
        return True

    def _search(self) -> Iterator[str]:
        self.open(HOME)
        field = self.driver.find_element(By.CSS_SELECTOR, "input[name=q]")
        field.send_keys(WORD)
        field.submit()
        waiting = WebDriverWait(self.driver, SECONDS)
        waiting.until(lambda driver: "finished" in driver.find_element(By.CSS_SELECTOR, ".search-summary").text)
        found = self.driver.find_elements(By.CSS_SELECTOR, "ul.search li a")
        titles = [link.text for link in found]
        self.screenshot("search")
        if "Caches that hit" not in titles or len(titles) < 5:
            yield f"the search for {WORD} finds only {titles}"
        found[0].click()
        waiting.until(lambda driver: WORD in driver.find_element(By.TAG_NAME, "article").text)
        yield from (f"search: {entry['message']}" for entry in self.driver.get_log("browser"))

    def _light_and_dark(self) -> Iterator[str]:
        colours = {}
        for scheme in ("light", "dark"):
            self.open(HOME, scheme=scheme)
            colours[scheme] = self._background()
            self.screenshot(f"home-{scheme}")
            self._show_picture(f"picture-{scheme}", scheme)
        if colours["light"] == colours["dark"]:
            yield f"light and dark have the same background: {colours['light']}"
        self.open(HOME)
        before = self._background()
        for _ in range(3):  # automatic, light, dark
            self.driver.find_element(By.CSS_SELECTOR, ".theme-toggle-content button").click()
            if self._background() != before:
                break
        else:
            yield "the switch between light and dark changes nothing"
        self._show_picture("picture-switched", "light")
        self.driver.execute_script("localStorage.clear()")

    def _show_picture(self, name: str, scheme: str) -> None:
        self.open("docs/building.html", scheme=scheme)
        picture = self.driver.find_element(By.CSS_SELECTOR, "img[src*=destination]")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", picture)
        self.screenshot(name)

    def _background(self) -> str:
        return str(self.driver.execute_script("return getComputedStyle(document.body).backgroundColor"))

    def _phone(self) -> Iterator[str]:
        wide = "return document.scrollingElement.scrollWidth - window.innerWidth"
        for page in self._pages():
            self.open(page, PHONE)
            if (pixels := self.driver.execute_script(wide)) > 0:
                yield f"{page}: {pixels} pixels wider than a phone"
        self.open(TUTORIAL, PHONE)
        self.screenshot("phone")
        self.driver.find_element(By.CSS_SELECTOR, "label.nav-overlay-icon").click()
        WebDriverWait(self.driver, SECONDS).until(
            lambda driver: driver.find_element(By.CSS_SELECTOR, ".sidebar-drawer").rect["x"] >= 0
        )
        self.screenshot("phone-menu")

    def _requests(self) -> Iterator[str]:
        asked = set()
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.add(message["params"]["request"]["url"])
        yield from (f"{url} is fetched" for url in sorted(asked) if not url.startswith(("file:", "data:")))


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser of this machine, without a window."""
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        raise SystemExit("chromium and chromedriver are missing:  apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(programs[0])
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=str(programs[1])))
    try:
        yield driver
    finally:
        driver.quit()


def main() -> int:
    """Print what is wrong with the site that the command line names."""
    folder, screens = (Path(word).resolve() for word in sys.argv[1:])
    screens.mkdir(parents=True, exist_ok=True)
    with chromium() as driver:
        found = list(Reader(driver, folder, screens).problems())
    print("\n".join(found) or f"every page is shown, searched, light, dark and on a phone; screenshots: {screens}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
