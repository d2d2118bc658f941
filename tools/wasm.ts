/**
 * Compiles the kernel's AssemblyScript: each module of `modules` from `src/kernel/assembly` to a file beside that
 * folder.
 */
import { main } from 'assemblyscript/asc'

const modules = ['decoder', 'offsets', 'rows', 'table']
const kernel = `${import.meta.dirname}/../src/kernel`
/**
 * There are 32-bit addresses only. Objects are not used, so nothing has to be collected; nothing throws; memory is made
 * by who makes an instance.
 */
const settings =
  '-O3 --noAssert --runtime stub --use abort= --enable simd --enable bulk-memory --importMemory --zeroFilledMemory'

for (const name of modules) {
  const files = [`${kernel}/assembly/${name}.ts`, '--outFile', `${kernel}/${name}.wasm`]
  const { error } = await main([...files, ...settings.split(' ')], { stderr: process.stderr })
  if (error) throw error
}
