import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitepress'

const docs = '/docs/'

export default defineConfig({
  title: 'Millrace',
  description: 'Correlates streams on Kafka: parts of one thing in, one merged record out, exactly once.',
  srcDir: '.pages',
  // Browsers would ask for one.
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  cleanUrls: true,
  lastUpdated: false,
  themeConfig: {
    nav: [
      { text: 'Tutorial', link: `${docs}tutorial` },
      { text: 'Docs', link: docs },
      { text: 'Examples', link: '/examples/' },
      { text: 'Changelog', link: '/CHANGELOG' },
    ],
    sidebar: sidebar(),
    search: { provider: 'local' },
    outline: [2, 3],
    docFooter: { prev: false, next: false },
  },
})

/** The lists of docs/README.md, which is the table of contents on a git host too. */
function sidebar() {
  const contents = readFileSync(join(import.meta.dirname, '../../docs/README.md'), 'utf8')
  return contents
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      text: section.split('\n')[0]!,
      collapsed: false,
      items: [...section.matchAll(/^- \[(.+?)\]\((.+?)\.md\)/gm)].map(([, text, path]) => ({
        text: text!,
        link: new URL(path!, `http://site${docs}`).pathname,
      })),
    }))
}
