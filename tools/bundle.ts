/**
 * Gathers the modules of `src` in a few files of `dist`: a process that loads several hundred spends most of its start
 * on finding them. Entries keep their path; what several of them need is in `dist/pieces`, one folder below `dist` as
 * `core/code-root.ts` wants it. Nothing is shortened, and source maps lead to `src`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, parse } from 'node:path'
import { rolldown } from 'rolldown'

const root = join(import.meta.dirname, '..')
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object }
const entries = [
  ...readdirSync(join(root, 'src/doors')).map((door) => `doors/${parse(door).name}`),
  'cli/main',
  'streams/workers/function-worker',
  ...['actors/threads', 'broker', 'kafka/membership'].map((folder) => `${folder}/worker-entry`),
]

const bundle = await rolldown({
  cwd: root,
  input: Object.fromEntries(entries.map((entry) => [entry, `src/${entry}.ts`])),
  platform: 'node',
  external: [/^node:/, ...Object.keys(dependencies).map((name) => new RegExp(`^${name}(/|$)`))],
  // What an older Node.js cannot even parse, it could not refuse by name.
  transform: { target: 'es2024' },
})
const { output: files } = await bundle.write({
  dir: join(root, 'dist'),
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'pieces/[name].js',
  sourcemap: true,
})
const place = files.find(
  (file) => file.type === 'chunk' && file.moduleIds.includes(join(root, 'src/core/code-root.ts')),
)
if (place?.fileName.split('/').length !== 2)
  throw new Error(`core/code-root.ts is not one folder below dist: ${place?.fileName}`)
