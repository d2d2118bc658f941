#!/usr/bin/env bash
# Jest 30 on Node.js 24: what it says of a test in ES modules, and what it lacks.
#
# The message of a test that imports an ES module advises to use Node.js 24.9 or newer, "where Jest supports
# require(esm) natively". On Node.js 24.21 it is the same message: what is missing is the flag
# --experimental-vm-modules, without which Jest reads no ES modules whatever the version, and with which it does both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund jest@30.5.2 node@24.21.0 >/dev/null 2>&1
export PATH="$folder/node_modules/.bin:$PATH"

mkdir node_modules/an-es-module
echo '{"name":"an-es-module","version":"1.0.0","type":"module","exports":"./index.js"}' >node_modules/an-es-module/package.json
echo 'export const answer = 42' >node_modules/an-es-module/index.js
cat >required.test.cjs <<'TEST'
test('requires an ES module', () => expect(require('an-es-module').answer).toBe(42))
TEST
cat >imported.test.mjs <<'TEST'
import { answer } from 'an-es-module'
test('imports an ES module', () => expect(answer).toBe(42))
TEST
echo '{"testMatch":["**/*.test.?js"],"transform":{}}' >jest.config.json

echo "Node.js $(node --version), Jest $(jest --version)"
echo "node itself requires it: $(node -p "require('an-es-module').answer")"
fail=0
for flags in '' '--experimental-vm-modules'; do
  for file in required.test.cjs imported.test.mjs; do
    if printed=$(NODE_OPTIONS="$flags" jest "$file" 2>&1); then result=passes; else result=fails; fi
    echo "${flags:-no flag}: $file $result"
    grep -o 'Use Node v24.9+[^(]*' <<<"$printed" | head -1 || true
    [ "$result" = "$([ -n "$flags" ] && echo passes || echo fails)" ] || fail=1
  done
done
exit $fail
