"""Run a command and print what it used: CPU seconds, seconds on the clock, peak resident memory in kB.

usage: python -I -S launch.py COMMAND...

A small process of its own: Linux counts the memory of the parent at the time of the start as the child's, too.
"""

import os
import sys
import time

SILENT = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)

begin = time.perf_counter()
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[SILENT])
_, status, used = os.wait4(process, 0)
wall = time.perf_counter() - begin
print(used.ru_utime + used.ru_stime, wall, used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
