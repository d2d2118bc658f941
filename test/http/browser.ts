import { existsSync } from 'node:fs'
import axe from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'

const executablePath = process.env['MILLRACE_CHROMIUM'] ?? '/usr/bin/chromium'

/** Why tests of the dashboard are left out; `false` where there is a browser. */
export const skipWithoutBrowser = existsSync(executablePath)
  ? false
  : `there is no Chromium at ${executablePath} (apt-get install chromium, or MILLRACE_CHROMIUM)`

/** What Chromium does by itself would be taken for something that the page does. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, args })
}

/** A page, and what has gone wrong in it: errors of its console and its scripts, and requests that leave its server. */
export interface WatchedPage {
  readonly page: Page
  readonly faults: readonly string[]
}

export interface Look {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
}

/** Opens the dashboard of a server. */
export async function openPage(
  browser: Browser,
  url: string,
  { width = 1280, height = 900, colorScheme = 'light' }: Look = {},
): Promise<WatchedPage> {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme })
  const faults: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) faults.push(`asks for ${request.url()}`)
  })
  await page.goto(url)
  return { page, faults }
}

/** Rules of accessibility that the page breaks, with what breaks them. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: AxeInPage }).axe.run()
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  })
}

interface AxeInPage {
  run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>
}
