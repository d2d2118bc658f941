#!/usr/bin/env bash
# Copying bytes out of shared memory.
#
# Threads share bytes in a SharedArrayBuffer. `TypedArray.prototype.set` copies them one by one, or word by word where
# both places are multiples of eight, because others may write them meanwhile: at a tenth or a third of the speed with
# which it copies other memory. `Buffer.prototype.copy` copies both at one speed, but for a whole buffer in Node.js 24,
# where it calls `set`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null

cat >copies.mjs <<'PROGRAM'
const size = 128 << 10
const memories = { shared: Buffer.from(new SharedArrayBuffer(size + 4_096)), other: Buffer.from(new ArrayBuffer(size + 4_096)) }
const target = new Uint8Array(size)
const ways = {
  'set, at a multiple of eight': (from) => target.set(from.subarray(0, size)),
  set: (from) => target.set(from.subarray(1_001, 1_001 + size)),
  copy: (from) => from.copy(target, 0, 1_001, 1_001 + size),
  'copy of a whole buffer': (from) => from.subarray(1_001, 1_001 + size).copy(target, 0, 0, size),
}
// The least of many rounds: what else the machine does makes them longer, never shorter.
const least = {}
for (let round = 0; round < 3_000; round++) {
  for (const [way, copy] of Object.entries(ways)) {
    for (const [memory, from] of Object.entries(memories)) {
      const start = process.hrtime.bigint()
      copy(from)
      const name = `${way}, ${memory}`
      least[name] = Math.min(least[name] ?? Infinity, Number(process.hrtime.bigint() - start))
    }
  }
}
for (const [name, ns] of Object.entries(least)) console.log(`${name}: ${(size / ns).toFixed(1)} GB/s`)
const times = (way) => least[`${way}, shared`] / least[`${way}, other`]
// Node.js 26 has done with the last of these.
const isWholeSlow = process.version.startsWith('v24')
const isAsSeen = times('set') > 3 && times('copy') < 2 && times('copy of a whole buffer') > 3 === isWholeSlow
process.exit(isAsSeen ? 0 : 1)
PROGRAM

for version in 24.21.0 26.10.0; do
  npm install --silent --no-audit --no-fund "node@$version" >/dev/null 2>&1
  echo "Node.js $(node_modules/.bin/node --version), 128 KiB out of memory"
  node_modules/.bin/node copies.mjs
done
