import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { classes } from '../streams/index.ts'
import { readPageFiles } from './page-files.ts'

const files = readPageFiles()
const texts = [...files].filter(([path]) => path !== '/').map(([path, { bytes }]) => ({ path, text: String(bytes) }))

describe('the files of the dashboard', () => {
  it('are all that are in its folder', () => {
    const inFolder = readdirSync(new URL('page', import.meta.url)).map((name) => `/${name}`)

    assert.deepEqual(texts.map(({ path }) => path).sort(), inFolder.sort())
  })

  it('have a column for each class of the accounts', async () => {
    const page: unknown = await import(new URL('page/classes.js', import.meta.url).href)

    assert.deepEqual((page as { classes: string[] }).classes.toSorted(), [...classes, 'pending'].sort())
  })

  it('take less than 60 kB, compressed', () => {
    const bytes = texts.reduce((sum, { text }) => sum + gzipSync(text).length, 0)

    assert.ok(bytes < 60_000, `${bytes} bytes`)
  })

  it('make no HTML of texts, and no script or style within the page', () => {
    const forbidden = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|<style|\son\w+=|style="|javascript:/

    assert.deepEqual(
      texts.filter(({ text }) => forbidden.test(text)).map(({ path }) => path),
      [],
    )
  })

  it('name no other server', () => {
    const namespaces = ['http://www.w3.org/2000/svg']

    const names = texts.flatMap(({ text }) => text.match(/https?:\/\/[^\s'"]+/g) ?? [])
    assert.deepEqual(
      names.filter((name) => !namespaces.includes(name)),
      [],
    )
  })
})
