"""Shuts a program in that looks at strangers' bytes, by Landlock and seccomp: without root, also in a container under
Docker's own profile. The render server calls `shut_in`; for a program that is none of ours:

    python3 -I -S shut_in.py --read FOLDER --write FOLDER -- PROGRAM ARGUMENT...

Landlock says which files there are, seccomp which calls of the kernel. What Landlock leaves open (modes and owners of
files, watching folders, unix sockets by path, limits and priorities of other processes) is in the filter. No package is
imported, and of Python's own modules only small ones: a decoder's start waits for this. Numbers and names are those of
<linux/landlock.h>, <linux/seccomp.h> and <asm/unistd.h>.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import resource
import stat
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    # Of a call: its number on x86_64 and on aarch64, which lacks some.
    Call = tuple[int | None, ...]

_libc = ctypes.CDLL(None, use_errno=True)


class CannotShutInError(Exception):
    """This kernel does not offer it. The message says what."""


class Confines:
    """What is left to a program: files to `read` and run, folders to `write` plain files to, folders that are `scratch`
    (for anything), and `devices`.

    One that `has_processes` may start programs and listen on unix sockets; any other stays one process, with no socket.
    One that `has_network` may connect, too: where the kernel allows it, in a network of its own with nothing but its
    loopback, and without the folders that are `hidden`, for the sockets in them.
    """

    def __init__(  # noqa: PLR0913
        self,
        read: Iterable[str] = (),
        write: Iterable[str] = (),
        scratch: Iterable[str] = (),
        devices: Iterable[str] = (),
        hidden: Iterable[str] = (),
        *,
        has_processes: bool = False,
        has_network: bool = False,
    ) -> None:
        self.read, self.write, self.scratch, self.devices, self.hidden = map(
            list, (read, write, scratch, devices, hidden)
        )
        self.has_processes, self.has_network = has_processes, has_network


# The system's programs and libraries, and nothing of /etc but where libraries are.
SYSTEM = ["/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives"]
# What runtimes ask for: how many processors there are, how much memory.
FIGURES = ["/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/version", "/sys/devices/system/cpu", "/sys/fs/cgroup"]
DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"]

# Landlock's rights over files, by what they are for. LINK is of ABI 2, TRUNCATE of 3, IOCTL of 5.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = (1 << bit for bit in range(6, 13))
REFER, TRUNCATE, IOCTL_DEV = (1 << bit for bit in range(13, 16))
TO_READ = EXECUTE | READ_FILE | READ_DIR
TO_WRITE = READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER
TO_SCRATCH = TO_WRITE | EXECUTE | MAKE_SOCK | MAKE_FIFO | MAKE_SYM
TO_OPERATE = READ_FILE | WRITE_FILE | READ_DIR | IOCTL_DEV
# What may be said of something that is no folder.
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

# All rights that an ABI knows of: one that is not asked for is not withheld.
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
LATEST_FILE_RIGHTS = (1 << 16) - 1
ABI_OF_TCP = 4
BIND_AND_CONNECT_TCP = 0b11
ABI_OF_SCOPES = 6
# Abstract unix sockets and signals stay among those that are shut in together.
BOTH_SCOPES = 0b11
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 22, 24, 38
SECCOMP_MODE_FILTER = 2
MOST_CAPABILITIES = 64
CAPABILITY_VERSION = 0x20080522

ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000
ERRNO = 0x00050000
LOAD, JUMP_EQUAL, JUMP_GREATER, JUMP_IF_SET, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16

AF_UNIX, SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC, SIGKILL = 1, 1, 0o4000, 0o2000000, 9

# By the name that `uname` has: seccomp's name of it, and which column of the tables below is its.
ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
# mseal, of Linux 6.10. What is newer, or of another table (x32), is unknown to us: a program that gets ENOSYS goes on
# without it.
LATEST_CALL = 462

CLONE_THREAD = 0x00010000
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
# Cgroup, uts, ipc, user, pid, net and mount namespaces.
CLONE_NAMESPACES = 0x02000000 | 0x04000000 | 0x08000000 | CLONE_NEWUSER | 0x20000000 | CLONE_NEWNET | CLONE_NEWNS
MS_NOSUID_NODEV, MS_REC_PRIVATE = 0b110, 0x4000 | 0x40000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1

F_SETOWN, F_SETSIG, F_SETOWN_EX = 8, 10, 15
# Input for a terminal, and signals for the owner of a socket.
TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP = 0x5412, 0x541C, 0x8901, 0x8902


def table(text: str) -> list[Call]:
    """`name 1 2, …`; a dash where there is no such call."""
    rows = [entry.split() for entry in text.split(",")]
    return [tuple(None if number == "-" else int(number) for number in numbers) for _, *numbers in rows]


# Other processes and their memory; other namespaces and file systems; keys; what faults of the kernel are known for;
# memory, queues and semaphores of other programs; what administrators do; acts by path that Landlock does not know.
NEVER = table(
    """
    ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271, kcmp 312 272, process_madvise 440 440,
    process_mrelease 448 448, pidfd_getfd 438 438, move_pages 279 239, migrate_pages 256 238, rt_tgsigqueueinfo 297
    240, unshare 272 97, setns 308 268, mount 165 40, umount2 166 39, pivot_root 155 41, chroot 161 51, open_tree
    428 428, move_mount 429 429, fsopen 430 430, fsconfig 431 431, fsmount 432 432, fspick 433 433, mount_setattr
    442 442, open_by_handle_at 304 265, name_to_handle_at 303 264, quotactl 179 60, quotactl_fd 443 443, statmount
    457 457, listmount 458 458, add_key 248 217, request_key 249 218, keyctl 250 219, bpf 321 280, perf_event_open
    298 241, userfaultfd 323 282, io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427 427,
    modify_ldt 154 -, uselib 134 -, personality 135 92, lookup_dcookie 212 18, shmget 29 194, shmat 30 196, shmctl
    31 195, semget 64 190, semop 65 193, semctl 66 191, semtimedop 220 192, msgget 68 186, msgsnd 69 189, msgrcv 70
    188, msgctl 71 187, mq_open 240 180, mq_unlink 241 181, mq_notify 244 184, init_module 175 105, finit_module 313
    273, delete_module 176 106, kexec_load 246 104, kexec_file_load 320 294, reboot 169 142, swapon 167 224, swapoff
    168 225, syslog 103 116, acct 163 89, ioperm 173 -, iopl 172 -, vhangup 153 58, settimeofday 164 170,
    clock_settime 227 112, adjtimex 159 171, clock_adjtime 305 266, sethostname 170 161, setdomainname 171 162,
    nfsservctl 180 42, fanotify_init 300 262, inotify_init 253 -, inotify_init1 294 26, truncate 76 45, setxattr 188
    5, lsetxattr 189 6, removexattr 197 14, lremovexattr 198 15, sched_setscheduler 144 119, sched_setparam 142 118,
    sched_setattr 314 274, ioprio_set 251 30
    """
)
# Programs say so of their own files, compilers among them, and go wrong if it fails: they are told that it was done.
PRETENDED = table(
    """
    chmod 90 -, fchmod 91 52, fchmodat 268 53, fchmodat2 452 452, chown 92 -, lchown 94 -, fchown 93 55, fchownat
    260 54, utime 132 -, utimes 235 -, futimesat 261 -, utimensat 280 88
    """
)
# glibc then takes `clone`, whose flags a filter can read.
ABSENT = table("clone3 435 435")
# Of a program that stays one process and opens no socket.
ALONE = table(
    """
    fork 57 -, vfork 58 -, tkill 200 130, pidfd_open 434 434, pidfd_send_signal 424 424, socket 41 198, connect 42
    203, bind 49 200, listen 50 201, accept 43 202, accept4 288 242
    """
)
SIGNALS = table("kill 62 129, tgkill 234 131, rt_sigqueueinfo 129 138")
CLONE, SOCKET, SOCKETPAIR, CONNECT = table("clone 56 220, socket 41 198, socketpair 53 199, connect 42 203")
FCNTL, IOCTL, PRLIMIT64 = table("fcntl 72 25, ioctl 16 29, prlimit64 302 261")
SCHED_SETAFFINITY, SETPRIORITY = table("sched_setaffinity 203 122, setpriority 141 140")


def shut_in(confines: Confines, *, with_landlock: bool = True) -> None:
    """This process and all that it starts from here on, for good. Called while it is one thread. Raises OSError and
    CannotShutInError."""
    if confines.has_network:
        try:
            leave_network(confines.hidden)
        except OSError as error:
            sys.stderr.write(f"no network of its own here ({error})\n")
    drop_capabilities()
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if with_landlock:
        restrict_files(confines)
    filter_calls(confines)


def landlock_abi() -> int:
    """0 where the kernel has none, or a filter withholds it."""
    return max(0, int(_libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)))


def restrict_files(confines: Confines) -> None:
    abi = landlock_abi()
    if abi == 0:
        raise CannotShutInError("Expected a kernel with Landlock (5.13 or newer, in the list of its security modules)")
    known = FILE_RIGHTS.get(abi, LATEST_FILE_RIGHTS)
    attributes = [known]
    if abi >= ABI_OF_TCP:
        attributes.append(0 if confines.has_network else BIND_AND_CONNECT_TCP)
    if abi >= ABI_OF_SCOPES:
        attributes.append(BOTH_SCOPES)
    ruleset = struct.pack(f"={len(attributes)}Q", *attributes)
    rules = _syscall(LANDLOCK_CREATE_RULESET, ruleset, len(ruleset), 0)
    # Kept open, so that the kernel keeps the very entry that the rule is about.
    own = os.open("/proc/self", os.O_PATH)
    os.set_inheritable(own, True)
    allow(rules, f"/proc/{os.getpid()}", TO_READ & known)
    for paths, rights in (
        ([*SYSTEM, *FIGURES, *confines.read], TO_READ),
        (confines.write, TO_WRITE),
        (confines.scratch, TO_SCRATCH),
        ([*DEVICES, *confines.devices], TO_OPERATE),
    ):
        for path in paths:
            allow(rules, path, rights & known)
    _syscall(LANDLOCK_RESTRICT_SELF, rules, 0)
    os.close(rules)


def allow(rules: int, path: str, rights: int) -> None:
    """What is not there needs no rule."""
    try:
        place = os.open(path, os.O_PATH)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= OF_FILES
        _syscall(LANDLOCK_ADD_RULE, rules, RULE_PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


Filter = list[tuple[int, int, int, int]]


def filter_calls(confines: Confines) -> None:
    machine = os.uname().machine
    if machine not in ARCHITECTURES:
        raise CannotShutInError(f"Expected a processor of {', '.join(ARCHITECTURES)}, got {machine}")
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in create_filter(confines, machine))
    held = ctypes.create_string_buffer(program)
    # struct sock_fprog
    where = struct.pack("@HP", len(program) // 8, ctypes.addressof(held))
    _call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, where, 0, 0)


def create_filter(confines: Confines, machine: str) -> Filter:
    architecture, column = ARCHITECTURES[machine]
    program: Filter = [
        *[(LOAD, 0, 0, ARCHITECTURE_AT), (JUMP_EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL_PROCESS)],
        *[(LOAD, 0, 0, NUMBER_AT), (JUMP_GREATER, 0, 1, LATEST_CALL), (RETURN, 0, 0, ERRNO | errno.ENOSYS)],
    ]

    def on(call: Call, body: Filter) -> None:
        number = call[column]
        if number is not None:
            program.extend([(JUMP_EQUAL, 0, len(body), number), *body])

    def refuse(calls: Iterable[Call], error: int) -> None:
        for call in calls:
            on(call, [(RETURN, 0, 0, ERRNO | error)])

    refuse(NEVER, errno.EPERM)
    refuse(PRETENDED, 0)
    refuse(ABSENT, errno.ENOSYS)
    on(FCNTL, except_for(1, [F_SETOWN, F_SETSIG, F_SETOWN_EX]))
    on(IOCTL, except_for(1, [TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP]))
    on(PRLIMIT64, only_for(0, [0, os.getpid()]))
    on(SCHED_SETAFFINITY, only_for(0, [0, os.getpid()]))
    # Of a process (0): not of a group, nor of all that its user has.
    on(SETPRIORITY, only_for(0, [0], only_for(1, [0])))
    if confines.has_processes:
        on(CLONE, [argument(0), (JUMP_IF_SET, 0, 1, CLONE_NAMESPACES), *refusal(errno.EPERM), *permission()])
        if not confines.has_network:
            # Of two that are connected already, or to listen; a stream alone, because others could be sent anywhere.
            for call in (SOCKET, SOCKETPAIR):
                on(call, only_for(0, [AF_UNIX], [*streams_alone()]))
            refuse([CONNECT], errno.EACCES)
    else:
        threads = [(JUMP_IF_SET, 1, 0, CLONE_THREAD), *refusal(errno.EPERM)]
        on(CLONE, [argument(0), (JUMP_IF_SET, 0, 1, CLONE_NAMESPACES), *refusal(errno.EPERM), *threads, *permission()])
        on(SOCKETPAIR, only_for(0, [AF_UNIX], [*streams_alone()]))
        for call in SIGNALS:
            on(call, only_for(0, [os.getpid()]))
        refuse(ALONE, errno.EPERM)
    return [*program, *permission()]


def argument(index: int) -> tuple[int, int, int, int]:
    """Its lower half, which is all that the kernel reads of a number that is an int."""
    return (LOAD, 0, 0, ARGUMENTS_AT + 8 * index)


def permission() -> Filter:
    return [(RETURN, 0, 0, ALLOW)]


def refusal(error: int) -> Filter:
    return [(RETURN, 0, 0, ERRNO | error)]


def except_for(index: int, values: list[int]) -> Filter:
    refused = [(JUMP_EQUAL, len(values) - at, 0, value) for at, value in enumerate(values)]
    return [argument(index), *refused, *permission(), *refusal(errno.EPERM)]


def only_for(index: int, values: list[int], then: Filter | None = None) -> Filter:
    wanted = [(JUMP_EQUAL, len(values) - at, 0, value) for at, value in enumerate(values)]
    return [argument(index), *wanted, *refusal(errno.EPERM), *(then or permission())]


def streams_alone() -> Filter:
    flags = (0, SOCK_NONBLOCK, SOCK_CLOEXEC, SOCK_NONBLOCK | SOCK_CLOEXEC)
    return only_for(1, [SOCK_STREAM | more for more in flags])


def leave_network(hidden: list[str]) -> None:
    """Into a network with nothing but its loopback, and a view of the files without these folders. Raises OSError."""
    import socket  # noqa: PLC0415 - no decoder needs it

    user, group = os.getuid(), os.getgid()
    _call("unshare", CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
    _call("mount", b"none", b"/", None, MS_REC_PRIVATE, None)
    for folder in hidden:
        if os.path.isdir(folder):
            _call("mount", b"none", os.fsencode(os.path.realpath(folder)), b"tmpfs", MS_NOSUID_NODEV, b"mode=700")


def drop_capabilities() -> None:
    """Those of root, or of the namespace that was just made."""
    for capability in range(MOST_CAPABILITIES):
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    _call("capset", struct.pack("=Ii", CAPABILITY_VERSION, 0), bytes(24))


def die_with_parent() -> None:
    parent = os.getppid()
    _call("prctl", PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent is gone already")


def _call(name: str, *arguments: object) -> int:
    return _checked(name, getattr(_libc, name)(*map(_as_argument, arguments)))


def _syscall(number: int, *arguments: object) -> int:
    return _checked(f"call {number}", _libc.syscall(ctypes.c_long(number), *map(_as_argument, arguments)))


def _as_argument(value: object) -> object:
    return ctypes.c_long(value) if isinstance(value, int) else value


def _checked(what: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


# Each with a value; `--` ends them. Known to src/media/sandbox.ts alone.
OPTIONS = ("--landlock", "--read", "--write", "--data-bytes", "--file-bytes")


def main() -> None:
    options, command = read_arguments(sys.argv[1:])
    die_with_parent()
    for name, limit in (("--file-bytes", resource.RLIMIT_FSIZE), ("--data-bytes", resource.RLIMIT_DATA)):
        for value in options[name]:
            resource.setrlimit(limit, (int(value), int(value)))
    try:
        confines = Confines(read=options["--read"], write=options["--write"])
        shut_in(confines, with_landlock=options["--landlock"] != ["no"])
        os.execvp(command[0], command)
    except (OSError, CannotShutInError) as error:
        sys.exit(f"{command[0]} could not be shut in: {error}")


def read_arguments(arguments: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    options: dict[str, list[str]] = {name: [] for name in OPTIONS}
    end = arguments.index("--")
    for name, value in zip(arguments[:end:2], arguments[1:end:2]):  # noqa: B905 - not before Python 3.10
        options[name].append(value)
    return options, arguments[end + 1 :]


if __name__ == "__main__":
    main()
