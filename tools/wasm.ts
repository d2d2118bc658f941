/**
 * Compiles the kernel's AssemblyScript: each of `modules` from `src/kernel/assembly` to a file beside that folder.
 * `node tools/wasm.ts [--kernel <folder>] [--module <name>]`: another copy of the kernel, one of the modules.
 */
import { parseArgs } from 'node:util'
import { main } from 'assemblyscript/asc'

/**
 * There are 32-bit addresses only. Objects are not used, so nothing has to be collected; nothing throws; memory is made
 * by who makes an instance.
 */
const settings =
  '-O3 --noAssert --runtime stub --use abort= --enable simd --enable bulk-memory --importMemory --zeroFilledMemory'
/** For memory that several threads use. */
const shared = '--enable threads --sharedMemory --initialMemory 64 --maximumMemory 65536'
const modules: Record<string, { readonly source: string; readonly settings: string }> = {
  decoder: { source: 'decoder', settings },
  offsets: { source: 'offsets', settings },
  rows: { source: 'rows', settings },
  'rows-shared': { source: 'rows', settings: `${settings} ${shared}` },
  spans: { source: 'spans', settings },
  table: { source: 'table', settings },
}

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', default: `${import.meta.dirname}/../src/kernel` },
    module: { type: 'string', multiple: true, default: Object.keys(modules) },
  },
})
for (const name of values.module) {
  const { source, settings: given } = modules[name]!
  const files = [`${values.kernel}/assembly/${source}.ts`, '--outFile', `${values.kernel}/${name}.wasm`]
  const { error } = await main([...files, ...given.split(' ')], { stderr: process.stderr })
  if (error) throw error
}
