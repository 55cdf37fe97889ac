#!/usr/bin/env python3
"""Stands in for Flux's source-controller, for GitRepository objects only: source.py WORKDIR PORT.

It fetches each GitRepository's branch or tag, packs it as a .tar.gz, serves that on loopback and writes
.status as the real controller does: an artifact, the Ready condition, lastHandledReconcileAt. Unlike the
real one it looks twice a second, whatever spec.interval says, and knows no secrets, includes or ignores.
The API server and credentials come from $KUBECONFIG, which must hold its certificates inline.
"""
import base64, functools, hashlib, json, os, re, ssl, subprocess, sys, tempfile, threading, time, urllib.request
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

WORK, PORT = os.path.abspath(sys.argv[1]), int(sys.argv[2])
API = "/apis/source.toolkit.fluxcd.io/v1"


def connect():
    text = open(os.environ["KUBECONFIG"]).read()
    field = lambda name: re.search(name + r":\s*\"?([^\s\",}]+)", text).group(1)
    tls = ssl.create_default_context(cadata=base64.b64decode(field("certificate-authority-data")).decode())
    with tempfile.NamedTemporaryFile(dir=WORK) as f:
        f.write(base64.b64decode(field("client-certificate-data")) + base64.b64decode(field("client-key-data")))
        f.flush()
        tls.load_cert_chain(f.name)
    return field("server"), tls


def call(method, path, body=None):
    req = urllib.request.Request(SERVER + path, method=method, data=json.dumps(body).encode() if body else None)
    req.add_header("Content-Type", "application/merge-patch+json")
    with urllib.request.urlopen(req, context=TLS, timeout=10) as r:
        return json.load(r)


def git(*args):
    env = dict(os.environ, GIT_TERMINAL_PROMPT="0")
    return subprocess.run(("git",) + args, env=env, check=True, capture_output=True, text=True, timeout=60).stdout


def artifact(repo):
    """The artifact for what the repository's ref points at now; the old one where nothing moved."""
    meta, spec, old = repo["metadata"], repo["spec"], repo.get("status", {}).get("artifact")
    ref = spec.get("ref", {})
    name = ref.get("tag") or ref.get("branch") or "master"
    full = ref.get("name") or ("refs/tags/" if "tag" in ref else "refs/heads/") + name
    lines = [line.split() for line in git("ls-remote", spec["url"], full, full + "^{}").splitlines()]
    if not lines:
        raise RuntimeError(f"no {full!r} in that repository")
    sha = lines[-1][0]
    revision = f"{ref.get('name') or name}@sha1:{sha}"
    path = f"gitrepository/{meta['namespace']}/{meta['name']}/{sha}.tar.gz"
    file = os.path.join(WORK, "artifacts", path)
    if old and old["revision"] == revision and os.path.exists(file):
        return old
    clone = os.path.join(WORK, "clones", meta["uid"])
    if not os.path.isdir(clone):
        git("init", "--quiet", "--bare", clone)
    git("-C", clone, "fetch", "--quiet", "--depth=1", spec["url"], full)
    os.makedirs(os.path.dirname(file), exist_ok=True)
    git("-C", clone, "archive", "--format=tar.gz", "-o", file + ".new", sha)
    os.rename(file + ".new", file)
    data = open(file, "rb").read()
    return {"path": path, "url": f"http://127.0.0.1:{PORT}/{path}", "revision": revision, "size": len(data),
            "digest": "sha256:" + hashlib.sha256(data).hexdigest(), "lastUpdateTime": now()}


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def reconcile(repo):
    meta, status = repo["metadata"], repo.get("status", {})
    if repo["spec"].get("suspend") or "deletionTimestamp" in meta:
        return
    new = {"observedGeneration": meta["generation"]}
    try:
        new["artifact"] = artifact(repo)
        ready = ("True", "Succeeded", f"has {new['artifact']['revision']}")
    except (subprocess.SubprocessError, RuntimeError, OSError) as e:
        ready = ("False", "GitOperationFailed", (getattr(e, "stderr", None) or str(e)).strip())
    asked = meta.get("annotations", {}).get("reconcile.fluxcd.io/requestedAt")
    if asked:
        new["lastHandledReconcileAt"] = asked
    was = next((c for c in status.get("conditions", []) if c["type"] == "Ready"), {})
    since = was["lastTransitionTime"] if was.get("status") == ready[0] else now()
    new["conditions"] = [{"type": "Ready", "status": ready[0], "reason": ready[1], "message": ready[2],
                          "lastTransitionTime": since, "observedGeneration": meta["generation"]}]
    if any(status.get(k) != v for k, v in new.items()):
        call("PATCH", f"{API}/namespaces/{meta['namespace']}/gitrepositories/{meta['name']}/status", {"status": new})
        print(now(), f"{meta['namespace']}/{meta['name']}", *ready, flush=True)


os.makedirs(os.path.join(WORK, "artifacts"), exist_ok=True)
SERVER, TLS = connect()
files = functools.partial(SimpleHTTPRequestHandler, directory=os.path.join(WORK, "artifacts"))
threading.Thread(target=ThreadingHTTPServer(("127.0.0.1", PORT), files).serve_forever, daemon=True).start()
while True:
    try:
        for item in call("GET", API + "/gitrepositories")["items"]:
            reconcile(item)
    except OSError as e:
        print(now(), "API:", e, flush=True)
    time.sleep(0.5)
