#!/usr/bin/env python3
"""Draw public/icons/*.png from icon.svg in headless Chromium. Needed only after the mark changes.

The maskable icon fills its square: systems cut it to their own shape, and keep the inner 80 %.
"""

import os
from pathlib import Path

from playwright.sync_api import sync_playwright

ICONS = Path(__file__).parent.parent / "public" / "icons"
SIZES = {"icon-180.png": (180, True), "icon-192.png": (192, False), "icon-512.png": (512, False)}
MASKABLE = ("icon-maskable-512.png", 512)


def main() -> None:
    """Write all sizes. `CHROMIUM` names a browser other than Playwright's own."""
    svg = (ICONS / "icon.svg").read_text()
    square = svg.replace('rx="116"', 'rx="0"')
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM"))
        page = browser.new_page()

        def draw(name: str, mark: str, size: int) -> None:
            page.set_viewport_size({"width": size, "height": size})
            page.set_content("<style>*{margin:0}svg{display:block;width:100vw;height:100vh}</style>" + mark)
            page.screenshot(path=ICONS / name, omit_background=True)

        for name, (size, is_square) in SIZES.items():
            draw(name, square if is_square else svg, size)
        draw(MASKABLE[0], square, MASKABLE[1])
        browser.close()


if __name__ == "__main__":
    main()
