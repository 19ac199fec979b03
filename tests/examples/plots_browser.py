"""Opens a page of examples/plots in a headless browser: python3 tests/examples/plots_browser.py [page.html] [folder]

No message on the console, every picture there, text legible in light and dark (contrast 4.5, at least 9 points), nothing
wider than the page, printed to PDF. Without a page, one with every kind of block is drawn. The folder keeps a screenshot
of each and the PDF, to be looked at. Exit status 77 where there is no Chromium.
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "examples" / "plots"), str(Path(__file__).parent)]
sys.dont_write_bytecode = True

# Run in the page: what is wrong with it, and how many pictures and pieces of text were looked at.
INSPECT = """(() => {
  const wrong = [], pictures = [...document.images], charts = [...document.querySelectorAll('figure svg')];
  for (const p of pictures) if (!(p.complete && p.naturalWidth > 0)) wrong.push('no picture: ' + p.alt);
  for (const s of charts) if (!(s.getBoundingClientRect().width > 100)) wrong.push('no chart: ' + s.parentNode.ariaLabel);
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const luminance = text => numbers(text).slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
      return (x + 0.05) / (y + 0.05); };
  const paper = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
      if (c !== 'transparent' && numbers(c)[3] !== 0) return c; } return 'rgb(255, 255, 255)'; };
  let texts = 0, smallest = 1e9, weakest = 1e9;
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || !e.getClientRects().length || e.tagName === 'style') continue;
    const style = getComputedStyle(e), svg = e instanceof SVGElement;
    const size = parseFloat(style.fontSize) * (svg ? Math.hypot(e.getScreenCTM().a, e.getScreenCTM().b) : 1);
    const c = contrast(svg ? style.fill : style.color, paper(e));
    texts += 1; smallest = Math.min(smallest, size); weakest = Math.min(weakest, c);
    if (c < 4.5) wrong.push(`contrast ${c.toFixed(2)}: ${e.textContent.trim().slice(0, 40)}`);
    if (size < 11.9) wrong.push(`${size.toFixed(1)} px: ${e.textContent.trim().slice(0, 40)}`);
  }
  for (const e of document.querySelectorAll('svg path')) {
    const stroke = getComputedStyle(e).stroke, c = stroke === 'none' ? 21 : contrast(stroke, paper(e));
    const opacity = parseFloat(getComputedStyle(e).strokeOpacity);
    if (opacity === 1 && c < 3) wrong.push(`contrast ${c.toFixed(2)} of a line`);
  }
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('wider than the window');
  return JSON.stringify({wrong, pictures: pictures.length + charts.length, texts, smallest, weakest,
                         dark: matchMedia('(prefers-color-scheme: dark)').matches});
})()"""


class Browser:
    """Chromium, spoken to through its debugging pipe."""

    def __init__(self, program, profile):
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()
        command = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                   "--remote-debugging-pipe", f"--user-data-dir={profile}", "--no-first-run", "about:blank"]  # fmt: skip

        def descriptors():  # the pipe's ends are 3 and 4 in the browser
            a, b = os.dup(to_read), os.dup(to_write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(command, preexec_fn=descriptors, close_fds=False, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.rest, self.number, self.events, self.session = b"", 0, [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def message(self):
        while b"\0" not in self.rest:
            piece = os.read(self.read_end, 1 << 20)
            if not piece:
                raise RuntimeError("the browser ended")
            self.rest += piece
        one, self.rest = self.rest.split(b"\0", 1)
        return json.loads(one)

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.write_end, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, event):
        while not any(e.get("method") == event for e in self.events):
            self.events.append(self.message())

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"]["value"]

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def look_at(browser, page, folder):
    """What is wrong with the page, as a list."""
    wrong = []
    for domain in ("Page", "Runtime", "Log"):
        browser.call(f"{domain}.enable")
    browser.call("Emulation.setDeviceMetricsOverride", width=1100, height=900, deviceScaleFactor=1, mobile=False)
    browser.call("Page.navigate", url=page.resolve().as_uri())
    browser.wait_for("Page.loadEventFired")
    for scheme in ("light", "dark"):
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        browser.evaluate("Promise.all([...document.images].map(i => i.decode().catch(() => 0))).then(() => 1)")
        browser.evaluate("new Promise(go => setTimeout(() => go(1), 300))")
        found = json.loads(browser.evaluate(INSPECT))
        print(f"{page.name}, {scheme}: {found['pictures']} pictures, {found['texts']} texts, the smallest "
              f"{found['smallest']:.1f} px, the weakest contrast {found['weakest']:.2f}")  # fmt: skip
        wrong += [f"{scheme}: {text}" for text in found["wrong"]]
        if found["pictures"] == 0 or found["texts"] == 0:
            wrong.append(f"{scheme}: nothing to look at")
        if found["dark"] != (scheme == "dark"):
            wrong.append(f"{scheme}: the browser shows the other scheme")
        shot = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        (folder / f"{page.stem}-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))
    # On A4 with the browser's margins nothing may lie outside the page.
    browser.call("Emulation.setEmulatedMedia", media="print")
    browser.call("Emulation.setDeviceMetricsOverride", width=718, height=1047, deviceScaleFactor=1, mobile=False)
    wide = browser.evaluate("[...document.querySelectorAll('table, figure')].filter(e => e.getBoundingClientRect().right > "
                            "document.body.getBoundingClientRect().right + 1).map(e => e.textContent.trim().slice(0, 40))")
    wrong += [f"print: cut off: {text}" for text in wide]
    browser.call("Emulation.setEmulatedMedia", media="", features=[])
    browser.call("Emulation.clearDeviceMetricsOverride")
    pdf = base64.b64decode(browser.call("Page.printToPDF", printBackground=True, paperWidth=8.27, paperHeight=11.69)["data"])
    (folder / f"{page.stem}.pdf").write_bytes(pdf)
    pages = pdf.count(b"/Type /Page\n") or pdf.count(b"/Type /Page")
    print(f"{page.name}: PDF of {pages} pages, {len(pdf)} bytes")
    if not pdf.startswith(b"%PDF") or len(pdf) < 10000 or pages < 1:
        wrong.append("no PDF")
    for event in browser.events:
        if event.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            wrong.append(f"console: {json.dumps(event['params'])[:300]}")
    return wrong


def main(arguments):
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        print("skipped: no Chromium (Debian: scripts/install-deps --browser)")
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(arguments[1]) if len(arguments) > 1 else Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if arguments:
            page = Path(arguments[0])
        else:
            import plots_page
            import report

            page = report.draw(plots_page.write(Path(scratch) / "page"))[-1]
        browser = Browser(program, Path(scratch) / "profile")
        try:
            wrong = look_at(browser, page, folder)
        finally:
            browser.close()
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
