#!/usr/bin/env bash
# @swc/core 1.16.22 with @swc/helpers 0.5.24 on Node.js 24.21.0: `using` compiled for ES2022, which has no such declaration.
# Guess: where a block throws and a disposer too, a SuppressedError has both, and all other resources are disposed, as Node.js 24 does it of
# itself, and with what TypeScript or esbuild make of it.
# Seen: the function that swc writes into the module asks for `_SuppressedError`, which it has declared under another name. So the second of
# two errors ends in a ReferenceError: both errors are lost, and resources that were opened before stay open. As long as at most one thing
# fails all is well, so tests of the usual case pass. With `externalHelpers: true` and the package @swc/helpers it is right.
set -euo pipefail
work=$(mktemp -d)
cd "$work"
npm init --yes >npm.log
npm install --silent --no-audit --no-fund node@24.21.0 @swc/core@1.16.22 @swc/helpers@0.5.24 typescript@7.0.2 esbuild@0.28.2 >>npm.log 2>&1
cat >source.mts <<'TS'
const resource = (name: string, message?: string) => ({
  [Symbol.dispose]() {
    console.log(`  ${name} is disposed`)
    if (message !== undefined) throw new Error(message)
  },
})

function work() {
  using connection = resource('connection')
  using file = resource('file', 'disk full')
  throw new Error('bad record')
}

try {
  work()
} catch (error) {
  const { name, error: last, suppressed } = error as SuppressedError
  console.log(`  ${name}:`, last === undefined ? (error as Error).message : `${last.message}, and before ${suppressed.message}`)
}
TS
cat >compile.mjs <<'JS'
import swc from '@swc/core'
import { buildSync } from 'esbuild'
import { readFileSync, writeFileSync } from 'node:fs'

const source = readFileSync('source.mts', 'utf8')
const parser = { syntax: 'typescript', explicitResourceManagement: true }
for (const [name, externalHelpers] of [['swc', false], ['swc with external helpers', true]]) {
  const { code } = swc.transformSync(source, { isModule: true, jsc: { parser, target: 'es2022', externalHelpers } })
  writeFileSync(`${name}.mjs`, code)
}
buildSync({ entryPoints: ['source.mts'], outfile: 'esbuild.mjs', target: 'es2022', format: 'esm', logLevel: 'error' })
JS
export PATH=$work/node_modules/.bin:$PATH
node compile.mjs
tsc --target es2022 --lib esnext,dom --module nodenext --outDir typescript source.mts
mv typescript/source.mjs typescript.mjs
{
  echo "Node.js $(node --version)"
  node source.mts
  for compiler in typescript esbuild 'swc with external helpers' swc; do
    echo "$compiler"
    node "$compiler.mjs"
  done
} | tee output.txt
diff output.txt - <<'EXPECTED'
Node.js v24.21.0
  file is disposed
  connection is disposed
  SuppressedError: disk full, and before bad record
typescript
  file is disposed
  connection is disposed
  SuppressedError: disk full, and before bad record
esbuild
  file is disposed
  connection is disposed
  SuppressedError: disk full, and before bad record
swc with external helpers
  file is disposed
  connection is disposed
  SuppressedError: disk full, and before bad record
swc
  file is disposed
  ReferenceError: _SuppressedError is not defined
EXPECTED
