"""The official conformance suite: runs its commands and reads what they found."""

import json
import re
import subprocess
from collections import Counter
from dataclasses import dataclass, field

from .browser import sign_in
from .demo import ROOT, free_port
from .node import Packages
from .oauth import discover, expect, fetch, register

PACKAGE = "@modelcontextprotocol/conformance"
VERSION = "0.2.0-alpha.12"
EXCUSES = ROOT / "scripts" / "conformance-failures"


@dataclass
class Run:
    """One command of the suite."""
    name: str
    revision: str
    passed: bool
    said: str
    scenarios: dict = field(default_factory=dict)

    def count(self, names=None):
        """How many checks ended how, in all scenarios or in those named."""
        chosen = self.scenarios if names is None else {name: self.scenarios[name] for name in names}
        return Counter(check["status"] for checks in chosen.values() for check in checks)

    def summary(self):
        """What a person wants to read of a run that is not as it should be."""
        lines = re.sub(r"\x1b\[\d+m", "", self.said).splitlines()
        start = next((at for at, line in enumerate(lines) if "SUMMARY" in line), 0)
        return "\n".join(lines[start:][-60:])

    def broken(self, names):
        return [name for name in names
                if any(check["status"] in ("FAILURE", "WARNING") for check in self.scenarios[name])]


class Suite:
    def __init__(self, out):
        self.packages = Packages("conformance-suite", f"{PACKAGE}@{VERSION}")
        self.out = out

    def required(self, revision):
        """The server scenarios a revision requires, as the suite froze them."""
        home = self.packages.home / "node_modules" / PACKAGE / "requirements"
        text = (home / f"{revision}.yaml").read_text()
        section = re.search(r"^server:\n((?:[ #].*\n|\n)*)", text, re.MULTILINE).group(1)
        required = re.findall(r"^  - ([\w-]+)", section, re.MULTILINE)
        expect(len(required) > 20, f"the requirements of {revision} cannot be read")
        return required

    def server(self, name, url, revision, *words, excuses=None):
        home = self.out / name / revision
        command = ["server", "--url", url, "--timeout", "10000", "-o", str(home), *words]
        if excuses:
            command += ["--expected-failures", str(EXCUSES / excuses)]
        ended = self._call(command, home)
        run = Run(name, revision, ended.returncode == 0, ended.stdout)
        for found in sorted(home.glob("server-*/checks.json")):
            scenario = re.sub(r"^server-(.*)-\d{4}-\d\d-\d\dT.*$", r"\1", found.parent.name)
            run.scenarios[scenario] = json.loads(found.read_text())
        expect(run.scenarios, f"{name} {revision}: the suite tested nothing\n{ended.stdout}")
        return run

    def authorization(self, connector, person):
        """Both scenarios of an authorization server; a person walks through the pages."""
        home = self.out / "authorization"
        resource, server = discover(connector)
        port = free_port()
        back = f"http://127.0.0.1:{port}/callback"
        client = register(server, back, "Conformance suite")
        home.mkdir(parents=True, exist_ok=True)
        process = subprocess.Popen(
            [self.packages.program("conformance"), "authorization", "--url", server["issuer"],
             "--client-id", client, "-p", str(port), "--resource", resource["resource"],
             "--spec-version", "2026-07-28", "-o", str(home)],
            env=self.packages.env(), cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        said = []
        for line in process.stdout:
            said.append(line)
            if found := re.search(rf"{re.escape(server['authorization_endpoint'])}\?\S+", line):
                _open(sign_in(found.group(), back, person))
        code = process.wait(60)
        said = "".join(said)
        (home / "output.txt").write_text(said)
        # Without a client the suite skips the grant and is content; three is all there is.
        return Run("authorization", "2026-07-28", code == 0 and "Total: 3 passed" in said, said)

    def _call(self, command, home):
        home.mkdir(parents=True, exist_ok=True)
        ended = subprocess.run([self.packages.program("conformance"), *command],
                               env=self.packages.env(), cwd=home, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
        with (home / "output.txt").open("a") as output:
            output.write(ended.stdout)
        return ended


def _open(url):
    answer = fetch(url)
    expect(answer.status == 200, f"the suite's callback: HTTP {answer.status} {answer.text}")
