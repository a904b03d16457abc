"""File systems of a test's own: in a sparse file behind a loop device, mounted where only this process and its children
see them, so that the kernel unmounts and detaches all of it once they are gone, however they end."""
import ctypes
import fcntl
import os
import pathlib
import shutil
import subprocess

SKIPPED = 77  # exit code: what the test needs is not to be had here; see SKIP_RETURN_CODE in CMakeLists.txt
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}
CLONE_NEWNS = 0x20000
# _IOR('X', 125, __u32), of ext4 and XFS alike: the file system goes down at this instant. Without a flush of its own log,
# what no fsync has asked for is gone, as it is when the power is.
GOING_DOWN, WITHOUT_LOG_FLUSH = 0x8004587D, 2


class Refused(Exception):
    """What a test needs is not to be had here, and why."""


def run(*command):
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    except OSError as error:
        raise Refused(str(error)) from None
    if done.returncode:
        raise Refused(f"{command[0]}: {done.stderr.strip() or done.returncode}")


def own_mounts():
    """From here on, mounts of this process and its children are seen by nobody else. Raises Refused without the right to."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise Refused(f"unshare: {os.strerror(ctypes.get_errno())}")
    run("mount", "--make-rprivate", "/")


class Memory:
    """A tmpfs. Requires: own_mounts()."""

    def __init__(self, path, size):
        self.path = pathlib.Path(path)
        self.path.mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.path)

    def close(self):
        subprocess.run(["umount", "--lazy", self.path], check=False)


class Disk:
    """A file system in a sparse file, mounted at `path`. Requires: own_mounts(). Raises Refused where there are no loop
    devices, or no tools of that kind of file system."""

    def __init__(self, kind, image, path, size):
        self.kind, self.image, self.path = kind, pathlib.Path(image), pathlib.Path(path)
        if not shutil.which(MAKE[kind][0]):
            raise Refused(f"{MAKE[kind][0]} is not installed")
        with self.image.open("wb") as file:
            file.truncate(size)
        run(*MAKE[kind], self.image)
        self.path.mkdir()
        self.mount()

    def mount(self):
        run("mount", "-t", self.kind, "-o", "loop", self.image, self.path)

    def unmount(self):
        """Requires: nobody has a file open there."""
        run("umount", self.path)

    def cut(self):
        """The power is gone, but for the processes: from now on they get errors."""
        directory = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(directory, GOING_DOWN, WITHOUT_LOG_FLUSH.to_bytes(4, "little"))
        finally:
            os.close(directory)

    def again(self):
        """As after a boot: the file system replays its own journal, and no page is left of what had been cached."""
        self.unmount()
        self.mount()

    def close(self):
        subprocess.run(["umount", "--lazy", self.path], check=False, capture_output=True)
        self.image.unlink(missing_ok=True)
