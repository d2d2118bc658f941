/**
 * Builds the site of the docs into `site/.vitepress/dist`, from the Markdown of this repository as it stands there. A
 * link that leads nowhere fails it, and so does a page of the result that would ask another host for anything.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vitepress'
import { stagePages } from './stage-pages.ts'

stagePages()
await build(import.meta.dirname)
const built = join(import.meta.dirname, '.vitepress/dist')
const asking = globSync('**/*.{html,css}', { cwd: built }).flatMap((file) =>
  [
    ...readFileSync(join(built, file), 'utf8').matchAll(
      /(?:<(?:script|img|link|iframe)[^>]*|url\(|@import )["']?https?:[^>)]*/g,
    ),
  ].map(([text]) => `${file}: ${text}`),
)
if (asking.length > 0) throw new Error(`the site would ask other hosts:\n${asking.join('\n')}`)
