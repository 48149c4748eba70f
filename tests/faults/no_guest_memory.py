"""Runs a program that gets no memory for a guest.

Reserving more than 2.1 MiB of addresses at once fails, but a thread's stack does not. The filter is seccomp
(https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html) in classic BPF.
"""

import ctypes
import os
import platform
import struct
import sys

MMAP = {"x86_64": 9, "aarch64": 222}[platform.machine()]
LOAD, EQUAL, GREATER, RETURN = 0x20, 0x15, 0x25, 0x06
# Offsets in struct seccomp_data: the number of the call, and the low halves of its second and third argument.
NUMBER, LENGTH, PROTECTION = 0, 24, 32
ALLOW, NO_MEMORY = 0x7FFF0000, 0x00050000 | 12

program = b"".join(
    struct.pack("HBBI", *instruction)
    for instruction in [
        (LOAD, 0, 0, NUMBER), (EQUAL, 0, 5, MMAP),
        (LOAD, 0, 0, PROTECTION), (EQUAL, 0, 3, 0),
        (LOAD, 0, 0, LENGTH), (GREATER, 0, 1, 2_200_000),
        (RETURN, 0, 0, NO_MEMORY), (RETURN, 0, 0, ALLOW),
    ]
)
code = ctypes.create_string_buffer(program)
filter_ = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
SET_NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER = 38, 22, 2
assert libc.prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0 and libc.prctl(SET_SECCOMP, FILTER, filter_, 0, 0) == 0
os.execvp(sys.argv[1], sys.argv[1:])
