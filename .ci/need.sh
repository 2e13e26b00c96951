#!/bin/sh
# Says in one sentence what this machine lacks; silent when nothing is missing.
python="$1"
if [ -z "$python" ]; then
  echo "make: Python 3.11, 3.12 or 3.13 is needed and none was found; install python3.11 or name one: make PYTHON=/path/to/python demo" >&2; exit 1
fi
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || {
  echo "make: $python is $("$python" -V 2>&1), but Python 3.11, 3.12 or 3.13 is needed; name one: make PYTHON=/path/to/python demo" >&2; exit 1; }
"$python" -c 'import venv, ensurepip' 2>/dev/null || {
  echo "make: $python cannot make virtual environments; install its venv package (Debian: python3-venv)" >&2; exit 1; }
"$python" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || {
  echo "make: the system library libgomp.so.1, which LightGBM needs, is missing; install it (Debian: libgomp1)" >&2; exit 1; }
