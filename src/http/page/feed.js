/**
 * Asks the server, with the token where it wants one. What it tells once a second comes as server-sent events, read here
 * and not by `EventSource`, which could not send the token.
 */

const tokenName = 'millrace-token'
const pauseMs = 2_000

/** The server wants another token. */
export class TokenNeeded extends Error {}

/** @param {string} token */
export function keepToken(token) {
  sessionStorage.setItem(tokenName, token)
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 */
async function ask(path, init = {}) {
  const token = sessionStorage.getItem(tokenName)
  const headers = { 'x-millrace': '1', ...(token !== null && { authorization: `Bearer ${token}` }) }
  const response = await fetch(path, { ...init, headers, cache: 'no-store' })
  if (response.status === 401) throw new TokenNeeded('the server wants a token')
  return response
}

/**
 * What the server answers to a question.
 *
 * @param {string} path
 * @param {'GET' | 'POST'} [method]
 */
export async function answerTo(path, method = 'GET') {
  const response = await ask(path, { method })
  const text = await response.text()
  if (response.ok) return JSON.parse(text)
  throw new Error(messageIn(text))
}

/** @param {string} text */
function messageIn(text) {
  try {
    const { code, message } = JSON.parse(text).error
    return `${code}: ${message}`
  } catch {
    return text.trim()
  }
}

/**
 * Calls `on` with each event, for as long as the page is there; after a break it begins anew.
 *
 * @param {{ event: (name: string, data: any) => void, broken: (error: unknown) => void }} on
 */
export async function follow(on) {
  for (;;) {
    try {
      const { body, ok, status } = await ask('api/events')
      if (!ok || body === null) throw new Error(`the server answers with ${status}`)
      await readEvents(body, on.event)
      throw new Error('the server has gone')
    } catch (error) {
      on.broken(error)
      if (error instanceof TokenNeeded) return
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

/**
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @param {(name: string, data: any) => void} onEvent
 */
async function readEvents(body, onEvent) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    text += value
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? []
      if (name !== undefined) onEvent(name, JSON.parse(data))
    }
  }
}
