"""The Dockerfile, which is read because it needs no engine to be wrong, and its build steps, which
run here: the result starts as the image's user would start it."""

import json
import os
import re
import subprocess
import tempfile
import urllib.request
from pathlib import Path

from . import CI, ROOT, expect, fail, skip
from .running import free_port, start_until_healthy


def dockerfile():
    """Each instruction is one Docker knows, and each COPY --from names an earlier stage."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    known = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "VOLUME", "HEALTHCHECK",
             "ENTRYPOINT", "CMD", "LABEL", "STOPSIGNAL"}
    stages, last_user = [], None
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, _, rest = line.strip().partition(" ")
        if word not in known:
            fail(f"Dockerfile: {word}?")
        if word == "FROM":
            name = re.search(r" AS (\S+)$", rest)
            stages.append(name.group(1) if name else "")
            last_user = None
        if word == "COPY" and (source := re.search(r"--from=(\S+)", rest)):
            if source.group(1) not in stages:
                fail(f"Dockerfile: no stage {source.group(1)!r}")
        if word == "COPY" and "--from=" not in rest:
            for path in [part for part in rest.split() if not part.startswith("--")][:-1]:
                if not (ROOT / path).exists():
                    fail(f"Dockerfile copies {path}, which is not there")
        if word == "USER":
            last_user = rest.strip()
    if last_user in (None, "root", "0"):
        fail("the image runs as root")
    for base in re.findall(r"^ARG \w*BASE=(\S+)", text, re.M):
        expect("@sha256:" in base, f"the Dockerfile does not pin {base}")
    toolchain = re.search(r'rust-version = "([\d.]+)"', (ROOT / "Cargo.toml").read_text()).group(1)
    base = re.search(r"rust:([\d.]+)", text).group(1)
    as_numbers = lambda version: [int(part) for part in version.split(".")]
    if as_numbers(base) < as_numbers(toolchain):
        fail(f"the Dockerfile builds with Rust {base}; the workspace needs {toolchain}")
    print(f"Dockerfile: stages {', '.join(stages)}; user {last_user}; Rust {base}")


def image():
    built = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "garmin-gateway"
    if not CI and not built.exists():
        return print("skipped: the image's build steps (no release build here)")
    with tempfile.TemporaryDirectory() as out:
        out = Path(out)
        out.chmod(0o755)
        subprocess.run([ROOT / "scripts" / "image-build", out], cwd=ROOT, check=True)
        binary, data = out / "usr/local/bin/garmin-gateway", out / "data"
        print(f"image: {binary.stat().st_size / 1e6:.1f} MB executable")
        bill_of_materials((out / "usr/share/garmin-gateway/sbom.cdx.json").read_text())
        start_as_the_image_does(binary, data)


def bill_of_materials(text):
    document = json.loads(text)
    names = {component["name"] for component in document["components"]}
    expect({"axum", "rustls", "rmcp", "sqlx", "tokio"} <= names, "the SBOM lacks crates that are linked")
    expect(not {"proptest", "rcgen", "serde_derive"} & names, "the SBOM has crates that are not linked")
    try:
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator
    except ImportError:
        return skip("the SBOM's schema", "cyclonedx-python-lib[json-validation]")
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    expect(wrong is None, f"the SBOM is no CycloneDX 1.6: {wrong}")
    print(f"image: SBOM of {len(names)} crates, valid CycloneDX 1.6")


def start_as_the_image_does(binary, data):
    """As an unprivileged user, in an otherwise empty environment, until it is healthy."""
    port, user = str(free_port()), {}
    if os.geteuid() == 0:
        os.chown(data, 65532, 65532)
        user = {"user": 65532, "group": 65532, "extra_groups": []}
    env = {"DATA_DIR": str(data), "BIND": "127.0.0.1", "PORT": port,
           "GATEWAY_SECRET": "only for this check, thirty-two characters or more"}
    gateway = start_until_healthy(binary, "/", env, user, port)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            expect(answer.status == 200, f"/healthz answers {answer.status}")
    finally:
        gateway.terminate()
        code = gateway.wait(timeout=40)
    expect(code == 0, f"SIGTERM ended the gateway with {code}")
    print("image: healthy as an unprivileged user; SIGTERM ends it with 0")
