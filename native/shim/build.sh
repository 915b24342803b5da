#!/bin/sh
# Builds the shim for one architecture, the same bytes every time with the same compiler.
#   build.sh [x64|arm64] [OUTPUT]
set -eu
cd "$(dirname "$0")"
arch=${1:-x64}
output=${2:-bin/linux-$arch/shim}
case $arch in
  x64) compiler=x86_64-linux-gnu-gcc ;;
  arm64) compiler=aarch64-linux-gnu-gcc ;;
  *) echo "build.sh: no such architecture: $arch (x64, arm64)" >&2; exit 2 ;;
esac
command -v "$compiler" >/dev/null || { echo "build.sh: $compiler is missing: apt-get install gcc (or gcc-aarch64-linux-gnu)" >&2; exit 3; }
mkdir -p "$(dirname "$output")"
LC_ALL=C SOURCE_DATE_EPOCH=0 "$compiler" -std=gnu11 -Os -static -s -Wall -Wextra -Werror -fno-ident \
  -ffile-prefix-map="$PWD"=. -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections \
  -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
  -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,relro,-z,now,-z,noexecstack -o "$output" shim.c task.c root.c terminal.c session.c main.c
chmod 755 "$output"
