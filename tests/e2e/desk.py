"""One person at one browser: what they click, by the words they read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.factories.people import PASSWORD
from workflows.runner import run_pending

expect.set_options(timeout=15_000)  # two slow cores

NOW = "2026-11-05T09:00:00+08:00"  # the month to open is the one before the browser's clock


class Desk:
    """A signed-in person on the PC console. Console errors and requests that leave the site are collected."""

    def __init__(self, page: Page, site: str) -> None:
        self.page, self.site = page, site
        self.errors: list[str] = []
        self.outside: list[str] = []
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.errors.append(str(e)))
        page.on(
            "request",
            lambda r: None if r.url.startswith((site, "data:", "blob:")) else self.outside.append(r.url),
        )

    def sign_in(self, username: str, path: str = "/") -> None:
        self.page.goto(self.site + path)
        self.page.get_by_label("用户名").fill(username)
        self.page.get_by_label("密码", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="登录").click()
        expect(self.page.get_by_label("密码", exact=True)).to_be_hidden()

    def go(self, route: str) -> None:
        self.page.goto(f"{self.site}/#{route}")

    def open_task(self, title: str, institution: str = "") -> None:
        """From 我的任务 → 可认领."""
        self.go("/tasks?box=queue")
        row = self.page.get_by_role("row").filter(has_text=institution or title).filter(has_text=title)
        row.first.get_by_role("link").first.click()
        expect(self.page.get_by_role("region", name="办理", exact=True)).to_be_visible()

    def decide(self, action: str, comment: str = "", pledge: bool = False) -> None:
        desk = self.page.get_by_role("region", name="办理", exact=True)
        if comment:
            desk.get_by_label("意见").fill(comment)
        desk.get_by_role("button", name=action, exact=True).click()
        dialog = self.page.get_by_role("dialog")
        if pledge:
            dialog.get_by_text("我已核对").click()  # the input itself is drawn outside the page
            dialog.get_by_label("再次输入登录密码").fill(PASSWORD)
        dialog.get_by_role("button", name=re.compile(f"^(确认)?{action}$")).click()
        expect(desk.get_by_text("本任务已办结")).to_be_visible()


def run_jobs() -> None:
    assert run_pending(until_idle=True, timeout=60).failed == []


@contextmanager
def at_desk(
    browser: Browser, site: str, username: str, options: dict[str, Any], path: str = "/"
) -> Iterator[Desk]:
    """A fresh browser profile for one person; leaving it checks that nothing went wrong on the way."""
    context = browser.new_context(**options)
    page = context.new_page()
    desk = Desk(page, site)
    desk.sign_in(username, path)
    try:
        yield desk
        assert desk.errors == []
        assert desk.outside == []
    finally:
        context.close()
