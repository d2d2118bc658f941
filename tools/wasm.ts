/**
 * Compiles the kernel's AssemblyScript: each of `modules` from `src/kernel/assembly` to a file beside that folder.
 * `node tools/wasm.ts [--kernel <folder>] [--module <name>]`: another copy of the kernel, one of the modules.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { main } from 'assemblyscript/asc'
import binaryen from 'assemblyscript/binaryen'

/**
 * There are 32-bit addresses only. Objects are not used, so nothing has to be collected; nothing throws; memory is made
 * by who makes an instance.
 */
const settings =
  '-O3 --noAssert --runtime stub --use abort= --enable simd --enable bulk-memory --importMemory --zeroFilledMemory'
/** For memory that several threads use. */
const shared = '--enable threads --sharedMemory --initialMemory 64 --maximumMemory 65536'
/** @property inlines - Whether more calls are taken out of it than the compiler does by itself. */
interface KernelModule {
  readonly source: string
  readonly settings: string
  readonly inlines?: boolean
}
const modules: Record<string, KernelModule> = {
  decoder: { source: 'decoder', settings },
  offsets: { source: 'offsets', settings },
  rows: { source: 'rows', settings },
  'rows-shared': { source: 'rows', settings: `${settings} ${shared}` },
  spans: { source: 'spans', settings },
  table: { source: 'table', settings, inlines: true },
}

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', default: `${import.meta.dirname}/../src/kernel` },
    module: { type: 'string', multiple: true, default: Object.keys(modules) },
  },
})
for (const name of values.module) {
  const { source, settings: given, inlines = false } = modules[name]!
  const file = `${values.kernel}/${name}.wasm`
  const { error } = await main([`${values.kernel}/assembly/${source}.ts`, '--outFile', file, ...given.split(' ')], {
    stderr: process.stderr,
    writeFile: (to, content) => writeFileSync(to, typeof content === 'string' || !inlines ? content : inlined(content)),
  })
  if (error) throw error
}

/** The same module, with larger functions, and such as have loops, written out where they are called. */
function inlined(module: Uint8Array): Uint8Array {
  binaryen.setOptimizeLevel(4)
  binaryen.setShrinkLevel(0)
  binaryen.setAlwaysInlineMaxSize(20)
  binaryen.setFlexibleInlineMaxSize(120)
  binaryen.setAllowInliningFunctionsWithLoops(true)
  const { BulkMemory, BulkMemoryOpt, MutableGlobals, SIMD128, SignExt } = binaryen.Features
  const features = BulkMemory | BulkMemoryOpt | MutableGlobals | SIMD128 | SignExt
  const read = binaryen.readBinaryWithFeatures(module, features)
  read.optimize()
  return read.emitBinary()
}
