#!/usr/bin/env bash
# AssemblyScript 0.28.20, which compiles to WebAssembly.
# Guess: `atomic.fence()`, which its standard library has with "preserving synchronization guarantees", is the instruction `atomic.fence`.
# Seen: a program with it is refused by the compiler's own validator, because the fence is made without an order; with `--noValidate` there
# is no fence in what it writes, without a word. An `atomic.add` of 0 to a word of the thread's own is there, and is a full barrier on x64.
set -euo pipefail
cd "$(mktemp -d)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund assemblyscript@0.28.20
cat >fence.ts <<'TS'
export function fence(): void { atomic.fence() }
TS
cat >add.ts <<'TS'
const word = memory.data(64, 16)
export function add(): void { atomic.add<u32>(word, 0) }
TS
cat >run.mjs <<'JS'
import { main } from 'assemblyscript/asc'
import { existsSync, readFileSync } from 'node:fs'

const shared = '--runtime stub --enable threads --importMemory --sharedMemory --initialMemory 1 --maximumMemory 1 -O3'
for (const [name, opcode, more] of [['fence', 0x03, ''], ['fence', 0x03, '--noValidate'], ['add', 0x1e, '']]) {
  const file = `${name}${more}.wasm`
  const { error } = await main([`${name}.ts`, '--outFile', file, ...`${shared} ${more}`.trim().split(' ')], { stderr: { write: () => true } })
  const isThere = existsSync(file) && readFileSync(file).includes(Buffer.from([0xfe, opcode]))
  console.log(`${name} ${more}`.trim(), error === null ? (isThere ? 'is written' : 'is left out') : error.message)
}
JS
node run.mjs | tee output.txt
diff output.txt - <<'EXPECTED'
fence validate error
fence --noValidate is left out
add is written
EXPECTED
