"""Takes a page as it is on every screen, and says what is wrong with it."""

import urllib.parse

from .chromium import Chromium

SCREENS = {"phone": (390, 844), "desk": (1280, 900)}
SCHEMES = ["light", "dark"]
# Smaller than any telephone sold today, and what a desk shows at 400 %.
NARROWEST = 320
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The page that waits for Garmin looks again by itself, because no page has a script. It holds
# nothing that somebody could be in the middle of, and it may be left for a link.
EXCEPT = {"meta-refresh"}

# A page with all it refers to, unpacked: what a telephone on a bad line has to fetch at most.
HEAVIEST = 30_000
WEIGHT = """() => ['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind))
    .reduce((sum, one) => sum + one.decodedBodySize, 0)"""

FOCUSABLE = """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')]
    .filter(one => one.checkVisibility() && (one.type !== 'radio' || one.checked))
    .map(one => one.name || one.textContent.trim())"""
FOCUSED = """() => {
    const one = document.activeElement;
    return one === document.body ? null : {
        name: one.name || one.textContent.trim(),
        visible: getComputedStyle(one).outlineStyle !== 'none'
    };
}"""


class Gallery:
    def __init__(self, folder, axe, origins):
        self._folder, self._axe, self._origins = folder, axe, origins
        self._chromium = Chromium({})
        self._profiles = []
        self.names, self.objections, self.taken = [], [], 0
        self.heaviest = (0, "")

    def visitor(self, **options):
        """A new person, whose every request is watched."""
        profile = self._chromium.profile(**options)
        profile.context.on("request", self._watch)
        self._profiles.append(profile)
        return profile

    def _watch(self, request):
        place = urllib.parse.urlsplit(request.url)
        if f"{place.scheme}://{place.netloc}" not in self._origins:
            self._object("every page", f"asked {place.scheme}://{place.netloc} for something")

    def _object(self, name, objection):
        self.objections.append(f"{name}: {objection}")

    def take(self, name, tab, says=None):
        """The page of `tab` on every screen. `says` is what it must say to be the right one."""
        page = tab.page
        number = f"{len(self.names) + 1:02}-{name}"
        self.names.append(name)
        text = page.locator("body").inner_text()
        if says and says not in text:
            self._object(name, f"does not say {says!r}: {' '.join(text.split())[:300]}")
            return
        self._weigh(name, page)
        for screen, (width, height) in SCREENS.items():
            page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                page.screenshot(path=self._folder / f"{number}-{screen}-{scheme}.png", full_page=True)
                self._examine(f"{name} ({screen}, {scheme})", page)
        page.set_viewport_size({"width": NARROWEST, "height": 640})
        if page.evaluate("document.documentElement.scrollWidth") > NARROWEST:
            self._object(name, f"is wider than {NARROWEST} pixels")
        self._walk_by_keyboard(name, page)
        self.taken += 1

    def _weigh(self, name, page):
        weight = page.evaluate(WEIGHT)
        self.heaviest = max(self.heaviest, (weight, name))
        if weight > HEAVIEST:
            self._object(name, f"weighs {weight} bytes, more than {HEAVIEST}")

    def _examine(self, name, page):
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self._object(name, "is wider than the window")
        # Evaluated from outside, so that the page's own policy stays as it is.
        page.evaluate(self._axe)
        found = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
        for violation in found["violations"]:
            if violation["id"] in EXCEPT:
                continue
            places = ", ".join(" ".join(node["target"]) for node in violation["nodes"])
            self._object(name, f"{violation['id']}: {violation['help']} ({places})")

    def _walk_by_keyboard(self, name, page):
        expected = page.evaluate(FOCUSABLE)
        page.evaluate("document.activeElement.blur()")
        page.mouse.click(0, 0)
        walked = []
        for _ in expected:
            page.keyboard.press("Tab")
            focused = page.evaluate(FOCUSED)
            if focused is None:
                break
            if not focused["visible"]:
                self._object(name, f"does not show that {focused['name']!r} has the focus")
            walked.append(focused["name"])
        if walked != expected:
            self._object(name, f"the keyboard goes {walked}, a reader {expected}")

    def close(self):
        for profile in self._profiles:
            for violation in profile.violations:
                self._object("every page", violation)
        self._chromium.close()
