"""A Ray cluster of two machines: namespaces of their own for processes, network and host name, joined by a cable."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from detector.system.cores import cores

HEAD, NODE = "10.99.0.1", "10.99.0.2"
ADDRESS = f"{HEAD}:6379"
ALONE = ("unshare", "--net", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c")
START = ("start", "--block", "--disable-usage-stats", "--num-cpus", str(cores()), "--object-store-memory", "100000000")


class Machine:
    """A machine, which nothing runs on at first."""

    def __init__(self, name: str) -> None:
        script = f"hostname {name} && ip link set lo up && echo up && exec sleep infinity"
        self.process = subprocess.Popen([*ALONE, script], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "up\n"
        [self.init] = psutil.Process(self.process.pid).children()

    def start(self, *command: str | Path, **settings) -> subprocess.Popen:
        """A process on it; its own parent is `nsenter`."""
        inside = ("nsenter", "--target", str(self.init.pid), "--all")
        return subprocess.Popen([*inside, f"--wd={settings.pop('cwd', '/')}", *map(str, command)], **settings)

    def ip(self, *command: str) -> None:
        """`ip` in its network."""
        subprocess.run(["nsenter", "--target", str(self.init.pid), "--net", "ip", *command], check=True)

    def crash(self) -> None:
        """Nothing on it says good-bye."""
        self.process.kill()
        self.process.wait()


def inner(process: subprocess.Popen) -> psutil.Process:
    """What `Machine.start` has started."""
    [child] = psutil.Process(process.pid).children()
    return child


@contextmanager
def cluster(ray: Path) -> Iterator[tuple[Machine, Machine, Path]]:
    """Both machines, once Ray runs on them, and the folder of its files; `ray` is its command."""
    machines = head, node = Machine("head"), Machine("node")
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # its sockets have long names
    try:
        cable = ("type", "veth", "peer", "name", "eth0", "netns", str(node.init.pid))
        head.ip("link", "add", "eth0", *cable)
        for machine, own, other in ((head, HEAD, NODE), (node, NODE, HEAD)):
            machine.ip("address", "add", f"{own}/32", "dev", "lo")  # which stays when the cable goes with a machine
            machine.ip("link", "set", "eth0", "up")
            machine.ip("route", "add", f"{other}/32", "dev", "eth0", "src", own)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        first = ("--head", "--port", "6379", "--include-dashboard", "false", "--temp-dir", folder)
        head.start(ray, *START, *first, "--node-ip-address", HEAD, **quiet)
        _until_answers(head, ray)
        node.start(ray, *START, "--address", ADDRESS, "--node-ip-address", NODE, **quiet)
        yield head, node, folder
    finally:
        for machine in machines:
            machine.crash()
        shutil.rmtree(folder, ignore_errors=True)


def _until_answers(head: Machine, ray: Path) -> None:
    until = time.monotonic() + 120
    while head.start(ray, "health-check", "--address", ADDRESS, stderr=subprocess.DEVNULL).wait():
        assert time.monotonic() < until
        time.sleep(0.5)
