"""kubernetes.yaml and docker-compose.yml against the schemas of their makers, which the
validators bring along, and what no schema knows: the promises that the files make."""

import subprocess

from . import DEPLOY, ROOT, expect, fail, skip, tool

KUBERNETES = "1.33"


def load(path):
    try:
        import yaml
    except ImportError:
        return skip(path.name, "PyYAML")
    return list(yaml.safe_load_all(path.read_text()))


def kubernetes():
    path = DEPLOY / "kubernetes.yaml"
    documents = load(path)
    validator = tool("kubernetes-validate")
    if not documents:
        return
    if not validator:
        return skip(path.name, "kubernetes-validate")
    run = subprocess.run([validator, "--strict", "--kubernetes-version", KUBERNETES, path],
                         capture_output=True, text=True)
    expect(run.returncode == 0, f"{path.name}: {run.stdout}{run.stderr}")
    of = {document["kind"]: document["spec"] for document in documents if "spec" in document}
    pod = of["Deployment"]["template"]["spec"]
    container = pod["containers"][0]
    expect(of["Deployment"]["replicas"] >= 2, "one gateway alone is away while it restarts")
    expect(of["PodDisruptionBudget"]["minAvailable"] >= 1, "all gateways may be taken away at once")
    expect(pod["terminationGracePeriodSeconds"] >= 260, "calls in flight are cut")
    security = container["securityContext"]
    expect(security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
           and security["capabilities"]["drop"] == ["ALL"] and pod["securityContext"]["runAsNonRoot"],
           "the container may do more than it needs")
    probes = {name: container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")}
    expect(probes == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"},
           f"probes: {probes}")
    labels = of["Deployment"]["template"]["metadata"]["labels"]
    for kind in ("Service", "PodDisruptionBudget"):
        chosen = of[kind]["selector"]
        chosen = chosen.get("matchLabels", chosen)
        expect(chosen.items() <= labels.items(), f"the {kind} finds no gateway")
    print(f"{path.name}: valid for Kubernetes {KUBERNETES}; {', '.join(of)}")


def compose():
    path = ROOT / "docker-compose.yml"
    documents = load(path)
    if not documents:
        return
    services = documents[0]["services"]
    for name in ("gateway", "gateway-2"):
        gateway = services[name]
        for port in gateway["ports"]:
            expect(str(port).startswith("127.0.0.1:"), f"{path.name} publishes {port} beyond this machine")
        wanted = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}
        for key, value in wanted.items():
            expect(gateway.get(key) == value, f"{path.name}: {name}.{key} is {gateway.get(key)!r}, not {value!r}")
    for name, service in services.items():
        expect("build" in service or "@sha256:" in service["image"], f"{path.name}: {name} is not pinned")
        expect(name == "gateway" or service.get("profiles"), f"{path.name}: {name} starts unasked")
    for source in (mount.split(":")[0] for mount in services["nginx"]["volumes"]):
        if source.startswith("./") and not (ROOT / source).exists():
            fail(f"{path.name}: nginx wants {source}, which is not there")
    validator = tool("check-jsonschema")
    if not validator:
        return skip(f"the schema of {path.name}", "check-jsonschema")
    run = subprocess.run([validator, "--builtin-schema", "vendor.compose-spec", path], capture_output=True, text=True)
    expect(run.returncode == 0, f"{path.name}: {run.stdout}{run.stderr}")
    print(f"{path.name}: valid; {', '.join(services)}")
