#!/usr/bin/env bash
# rolldown 1.3.3 and Vite 8.4.0 beside rollup 4.68.8 and Vite 7, whose options they take.
# Guess: with `treeshake.moduleSideEffects: false` modules are left out that nobody imports anything of; a dynamic `import()` runs what it
# names in each of them, as it does in rollup, so what a program loads late is there.
# Seen: rolldown replaces `await import('./late.mjs')`, whose result is not used, by a resolved promise, and writes no file for the module.
# There is no warning; the program runs to its end without what it has loaded. With the result used (`const late = await import(...)` and
# a name of it), or with the default of the option, both do the same. The same configuration of Vite loses the module from 7 to 8.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

npm init -y >/dev/null
npm install --silent --no-audit --no-fund rollup@4.68.8 rolldown@1.3.3 vite-7@npm:vite@7.3.6 vite-8@npm:vite@8.4.0
cat >late.mjs <<'JS'
console.log('loaded')
JS
cat >program.mjs <<'JS'
await import('./late.mjs')
console.log('ended')
JS
cat >bundle.mjs <<'JS'
import { execFileSync } from 'node:child_process'
import { rolldown } from 'rolldown'
import { rollup } from 'rollup'

const names = { entryFileNames: 'program.mjs', chunkFileNames: '[name].mjs' }

async function told(title, dir, make) {
  for (const moduleSideEffects of [true, false]) {
    const folder = `${dir}-${moduleSideEffects}`
    await make({ moduleSideEffects }, folder)
    const printed = execFileSync(process.execPath, [`${folder}/program.mjs`], { encoding: 'utf8' })
    console.log(`${title}, moduleSideEffects ${moduleSideEffects}: ${printed.trim().split('\n').join(', ')}`)
  }
}

for (const [title, bundler] of Object.entries({ rollup, rolldown })) {
  await told(title, title, async (treeshake, dir) => {
    const bundle = await bundler({ input: 'program.mjs', treeshake })
    await bundle.write({ dir, format: 'esm', ...names })
  })
}
for (const version of [7, 8]) {
  const { build } = await import(`vite-${version}`)
  await told(`Vite ${version}`, `vite-${version}`, async (treeshake, outDir) => {
    const rollupOptions = { treeshake, output: names }
    await build({ configFile: false, logLevel: 'silent', build: { ssr: 'program.mjs', outDir, rollupOptions } })
  })
}
JS
node bundle.mjs | tee seen.txt
diff - seen.txt <<'SEEN'
rollup, moduleSideEffects true: loaded, ended
rollup, moduleSideEffects false: loaded, ended
rolldown, moduleSideEffects true: loaded, ended
rolldown, moduleSideEffects false: ended
Vite 7, moduleSideEffects true: loaded, ended
Vite 7, moduleSideEffects false: loaded, ended
Vite 8, moduleSideEffects true: loaded, ended
Vite 8, moduleSideEffects false: ended
SEEN
