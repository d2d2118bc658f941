import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const project = join(import.meta.dirname, '..')
const staged = join(import.meta.dirname, '.pages')

/**
 * Lays the pages out as VitePress takes them. They lie as in the repository, so that what is linked is the same on a git
 * host and on the site; only the README is the index of its folder, and what is no Markdown becomes a page of it.
 */
export function stagePages(): void {
  rmSync(staged, { recursive: true, force: true })
  for (const file of globSync(['*.md', 'docs/**/*.md', 'findings/README.md'], { cwd: project }))
    write(file.replace(/(^|\/)README\.md$/, '$1index.md'), withLinks(read(file)))
  for (const file of globSync('docs/images/*', { cwd: project })) {
    mkdirSync(join(staged, 'docs/images'), { recursive: true })
    cpSync(join(project, file), join(staged, file))
  }
  const examples = globSync('examples/**/*.ts', { cwd: project }).sort()
  for (const file of examples) write(file.replace(/\.ts$/, '.md'), examplePage(file))
  write('examples/index.md', examplesPage(examples))
  write('LICENSE.md', `# Licence\n\n${fenced('text', read('LICENSE'))}`)
}

function withLinks(page: string): string {
  return page
    .replaceAll(/(\]\((?:[\w./-]*\/)?)README\.md/g, '$1index.md')
    .replaceAll(/(\]\((?:\.\.\/)*examples\/[\w/-]+)\.ts\)/g, '$1.md)')
    .replaceAll(/(\]\((?:\.\.\/)*examples)\)/g, '$1/index.md)')
    .replaceAll('](LICENSE)', '](LICENSE.md)')
}

function examplePage(file: string): string {
  return `# ${basename(file, '.ts')}\n\n${fenced('ts', read(file))}`
}

function examplesPage(files: readonly string[]): string {
  const names = files.map((file) => file.slice('examples/'.length, -'.ts'.length))
  const list = names.map((name) => `- [${name}](${name}.md)`)
  return `# Examples\n\n${list.join('\n')}\n`
}

/** More backticks than code has. */
function fenced(language: string, text: string): string {
  return `\`\`\`\`\`${language}\n${text}\`\`\`\`\`\n`
}

function read(file: string): string {
  return readFileSync(join(project, file), 'utf8')
}

function write(file: string, text: string): void {
  mkdirSync(dirname(join(staged, file)), { recursive: true })
  writeFileSync(join(staged, file), text)
}
