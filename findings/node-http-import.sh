#!/usr/bin/env bash
# What an import of node:http loads.
#
# An ES module that imports anything of `node:http` has all its exports named, and to name them their values are asked
# for. Some are getters (`WebSocket`, `CloseEvent`, `MessageEvent`) that load undici, the client behind `fetch`. So each
# process that imports `createServer` or `request` loads a second client of HTTP; `require` and
# `process.getBuiltinModule` do not ask.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null

cat >program.mjs <<'PROGRAM'
const isImported = process.argv[2] === 'import'
const before = process.cpuUsage()
if (isImported) await import('./imports.mjs')
else process.getBuiltinModule('node:http')
const { user, system } = process.cpuUsage(before)
const hasUndici = process.moduleLoadList.some((name) => name.includes('undici'))
console.log(hasUndici ? 'undici' : 'no-undici', Math.round((user + system) / 1_000))
PROGRAM
echo "import { createServer } from 'node:http'" >imports.mjs

found=''
for version in 24.21.0 26.10.0; do
  npm install --silent --no-audit --no-fund "node@$version" >/dev/null 2>&1
  for way in import getBuiltinModule; do
    read -r undici ms <<<"$(node_modules/.bin/node program.mjs "$way")"
    echo "Node.js $(node_modules/.bin/node --version), $way: $undici, $ms ms of CPU"
    found+="$undici "
  done
done
[ "$found" = 'undici no-undici undici no-undici ' ]
