import { readFileSync } from 'node:fs'
import { codeRoot } from '../core/code-root.ts'

const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const

/** The files of the dashboard, as browsers get them: nothing else is ever read from the disk. */
const names = [
  'index.html',
  'style.css',
  'icon.svg',
  'main.js',
  'actors.js',
  'charts.js',
  'classes.js',
  'dom.js',
  'feed.js',
  'flow-graph.js',
  'flow-shapes.js',
  'format.js',
  'letters.js',
  'members.js',
  'pending.js',
  'questions.js',
  'show.js',
  'streaks.js',
  'subtopologies.js',
  'topology.js',
] as const

export interface PageFile {
  readonly type: string
  readonly bytes: Buffer
}

/** By path. */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const files = names.map((name): [string, PageFile] => {
    const type = types[name.slice(name.lastIndexOf('.') + 1) as keyof typeof types]
    return [`/${name}`, { type, bytes: readFileSync(new URL(`http/page/${name}`, codeRoot)) }]
  })
  return new Map([...files, ['/', files[0]![1]]])
}
