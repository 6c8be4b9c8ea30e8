"""A headless Chromium that reports every error and every request of the pages it opens."""

import shutil

import pytest

SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install -e '.[browser]'")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("playwright is installed but there is no Chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, tmp_path):
    """Open a View (or HTML) as a file: -> the page, of which ``complaints`` are the errors and requests so far."""
    contexts = []

    def open_page(view, width=1360, height=900, dark=False):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: message.type in ("error", "warning") and page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        path = tmp_path / "page.html"
        path.write_text(view if isinstance(view, str) else view.html, encoding="utf-8")
        page.on("request", lambda request: request.url != path.as_uri() and page.complaints.append(request.url[:80]))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
