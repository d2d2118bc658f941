/**
 * Gathers the modules of `src` in a few files of `dist`: a process that loads several hundred spends most of its start
 * on finding them. Entries keep their path; what several of them need is in `dist/pieces`, one folder below `dist` as
 * `core/code-root.ts` wants it. Nothing is shortened, and source maps lead to `src`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, parse, relative } from 'node:path'
import { rolldown } from 'rolldown'

const root = join(import.meta.dirname, '..')
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object }
const membershipThread = 'kafka/membership/worker-entry'
/** Of so many modules a piece is called after their folder, which stacks of errors then name, and else after one of them. */
const roomPieceMin = 10
const entries = [
  ...readdirSync(join(root, 'src/doors')).map((door) => `doors/${parse(door).name}`),
  'cli/main',
  'streams/workers/function-worker',
  'streams/shards/shard-worker',
  ...['actors/threads', 'broker'].map((folder) => `${folder}/worker-entry`),
]

// Files stay here of which some of these use nothing: without them there would be twice as many to find.
const files = await gather(entries, 'pieces', () => true)
// Each process has this thread, which would load twice as much from `pieces`, and use half of it.
await gather([membershipThread], 'membership', (module) => module.endsWith('/kafka/membership/worker.ts'))
const place = files.find(
  (file) => file.type === 'chunk' && file.moduleIds.includes(join(root, 'src/core/code-root.ts')),
)
if (place?.fileName.split('/').length !== 2)
  throw new Error(`core/code-root.ts is not one folder below dist: ${place?.fileName}`)

/**
 * Writes modules with what they need, which lies in a folder of `dist` beside theirs.
 *
 * @param hasEffect - Whether a module does something by being loaded, so that it stays where nothing of it is used.
 */
async function gather(modules: readonly string[], folder: string, hasEffect: (module: string) => boolean) {
  const bundle = await rolldown({
    cwd: root,
    input: Object.fromEntries(modules.map((module) => [module, `src/${module}.ts`])),
    platform: 'node',
    external: [/^node:/, ...Object.keys(dependencies).map((name) => new RegExp(`^${name}(/|$)`))],
    // What an older Node.js cannot even parse, it could not refuse by name.
    transform: { target: 'es2024' },
    treeshake: { moduleSideEffects: hasEffect },
  })
  const { output } = await bundle.write({
    dir: join(root, 'dist'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: ({ moduleIds }) =>
      `${folder}/${moduleIds.length < roomPieceMin ? '[name]' : mainRoom(moduleIds)}.js`,
    sourcemap: true,
  })
  return output
}

/** The folder of `src` that most of some modules are of. */
function mainRoom(modules: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const module of modules) {
    const room = relative(join(root, 'src'), module).split('/')[0]!
    counts.set(room, (counts.get(room) ?? 0) + 1)
  }
  return [...counts].reduce((most, each) => (each[1] > most[1] ? each : most))[0]
}
