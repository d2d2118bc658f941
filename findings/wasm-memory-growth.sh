#!/usr/bin/env bash
# Node.js 24.21.0 and 26.10.0: WebAssembly.Memory that grows.
# Guess: memory of WebAssembly is not the garbage collector's business, so that a module which grows its memory as it needs more (what
# allocators of Rust, C and AssemblyScript do) costs no more collections than the same memory in ArrayBuffers.
# Seen: growing a memory to 256 MiB by 2 MiB at a time brings dozens of major collections of the whole heap, although next to nothing is in
# it, whether JavaScript looks at the memory or not; as many ArrayBuffers of 2 MiB, or a resizable one that grows alike, bring about one for
# each 64 MiB, and a shared memory none. That is so on Node.js 24; on 26 growth brings none.
set -euo pipefail
cd "$(mktemp -d)"
cat >grow.mjs <<'JS'
import { constants, PerformanceObserver } from 'node:perf_hooks'

const MiB = 1 << 20
const ways = {
  'ArrayBuffers': () => {
    const kept = []
    return () => kept.push(new ArrayBuffer(2 * MiB))
  },
  'a resizable ArrayBuffer': () => {
    const buffer = new ArrayBuffer(2 * MiB, { maxByteLength: 256 * MiB })
    return () => buffer.resize(buffer.byteLength + 2 * MiB)
  },
  'a WebAssembly memory': () => growing({ initial: 32 }),
  'one that is looked at': () => growing({ initial: 32 }, (memory) => memory.buffer),
  'a shared one': () => growing({ initial: 32, maximum: 4096, shared: true }),
}
function growing(limits, look = () => {}) {
  const memory = new WebAssembly.Memory(limits)
  return () => {
    memory.grow(32)
    look(memory)
  }
}

let major = 0
new PerformanceObserver((list) => {
  for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) major++
}).observe({ entryTypes: ['gc'] })
const pause = () => new Promise((resolve) => setTimeout(resolve, 5))
const name = process.argv[2]
const step = ways[name]()
for (let grown = 2; grown < 256; grown += 2) {
  step()
  await pause()
}
await pause()
console.error(`${process.version}: ${name}, grown to 256 MiB by 2: ${major} major collections`)
console.log(`${name}: ${major === 0 ? 'none' : major <= 10 ? 'up to 10' : major >= 30 ? '30 or more' : 'between'}`)
JS
for version in 24.21.0 26.10.0; do
  npm install --silent --no-audit --no-fund --prefix "$version" "node@$version"
  for way in ArrayBuffers 'a resizable ArrayBuffer' 'a WebAssembly memory' 'one that is looked at' 'a shared one'; do
    echo "$version, $("./$version/node_modules/node/bin/node" grow.mjs "$way")"
  done
done >output.txt
diff output.txt - <<'EXPECTED'
24.21.0, ArrayBuffers: up to 10
24.21.0, a resizable ArrayBuffer: up to 10
24.21.0, a WebAssembly memory: 30 or more
24.21.0, one that is looked at: 30 or more
24.21.0, a shared one: none
26.10.0, ArrayBuffers: up to 10
26.10.0, a resizable ArrayBuffer: up to 10
26.10.0, a WebAssembly memory: none
26.10.0, one that is looked at: none
26.10.0, a shared one: none
EXPECTED
