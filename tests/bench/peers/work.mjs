// The work that every peer is given, and how it is timed.  A record has ten
// fields of 19 characters of base32: 300 bytes as canonical msgpack with the
// names of its fields, 340 as JSON.  Ids rise with time, as Golmok's do.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const DIGITS = 'abcdefghijklmnopqrstuvwxyz234567'
export const FIELDS = 10

/** Numbers below `n` that follow from `seed` (mulberry32). */
export function draws (seed) {
  let a = seed >>> 0
  return n => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

export function value (draw) {
  let text = ''
  for (let i = 0; i < 19; i++) text += DIGITS[draw(32)]
  return text
}

/** The id of record `i`: 16 bytes in hex, rising with `i`. */
export function id (i) {
  return (0x18c000000000 + i).toString(16) +
    (Math.imul(i, 2654435761) >>> 0).toString(16).padStart(8, '0').repeat(3).slice(0, 20)
}

export function fields (draw) {
  const out = {}
  for (let k = 0; k < FIELDS; k++) out['field' + k] = value(draw)
  return out
}

export async function timed (work) {
  const start = process.hrtime.bigint()
  const out = await work()
  return [Number(process.hrtime.bigint() - start) / 1e9, out]
}

/** All bytes that the files below `dir` take on the disk. */
export function diskBytes (dir) {
  let sum = 0
  for (const e of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, e.name)
    sum += e.isDirectory() ? diskBytes(path) : statSync(path).blocks * 512
  }
  return sum
}

/** One figure, as a line of JSON for run.mjs. */
export function say (figure) {
  process.stdout.write(JSON.stringify(figure) + '\n')
}
