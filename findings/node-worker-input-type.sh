#!/usr/bin/env bash
# A thread of a file, in a program that stands on the command line.
#
# `--input-type` says of which kind a program given by --eval or on standard input is. A Worker inherits the flags of
# its process, this one too, and then refuses its own file, because the flag is not for files. So what uses threads
# fails in such a program, though neither has named the flag; `execArgv: []` helps.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 >/dev/null 2>&1
export PATH="$folder/node_modules/.bin:$PATH"

echo "import { parentPort } from 'node:worker_threads'; parentPort.postMessage('runs')" >thread.mjs
program() {
  cat <<PROGRAM
import { Worker } from 'node:worker_threads'
const thread = new Worker('./thread.mjs', $1)
thread.on('message', (text) => console.log(text))
thread.on('error', ({ code }) => console.log(code))
PROGRAM
}
program '{}' >program.mjs
file=$(node program.mjs)
inherited=$(node --input-type=module --eval "$(program '{}')")
none=$(node --input-type=module --eval "$(program '{ execArgv: [] }')")
echo "Node.js $(node --version)"
echo "a program in a file: its thread $file"
echo "the same by --input-type=module --eval: $inherited"
echo "with execArgv: []: its thread $none"
[ "$file $inherited $none" = 'runs ERR_INPUT_TYPE_NOT_ALLOWED runs' ]
