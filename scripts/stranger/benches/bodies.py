"""What the benches ask."""

import json


def rpc(method, **params):
    message = {"jsonrpc": "2.0", "id": 1, "method": method}
    if params:
        message["params"] = params
    return json.dumps(message).encode()


def tool(name, **arguments):
    return rpc("tools/call", name=name, arguments=arguments)


TOOLS_LIST = rpc("tools/list")


def get(port, path):
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()


def ask(line, request, wanted=b'"tools"'):
    status, body = line.ask(request)
    if status != 200 or wanted not in body:
        raise RuntimeError(f"HTTP {status}: {body[:300]!r}")
    return body
