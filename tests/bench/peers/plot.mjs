// Draws docs/benchmarks.svg: what a record costs as stores grow.
// node plot.mjs SCALE JSON... >FILE, where SCALE is what `make bench ROW=scale`
// printed and each JSON what `make bench-peers JSON_OUT=...` kept.
import { readFileSync } from 'node:fs'

const [scale, ...files] = process.argv.slice(2)
const WIDTH = 860
const HEIGHT = 520
const BOX = { left: 70, right: 250, top: 56, bottom: 56 }
const COLOURS = { Golmok: '#0b6e4f', PouchDB: '#b5541c', Hypercore: '#2f5fb3', Automerge: '#8a3fa0', SQLite: '#6b6b6b' }

/** name -> [[records, microseconds a record]...] */
const lines = new Map()
const add = (name, x, y) => {
  if (!lines.has(name)) lines.set(name, [])
  lines.get(name).push([x, y])
}
for (const found of readFileSync(scale, 'utf8').matchAll(/^scale (\d+) records: merge ([\d.]+) us .*write ([\d.]+) us, read ([\d.]+) us/gm)) {
  const [, n, merge, , read] = found.map(Number)
  add('Golmok: merge a delta', n, merge)
  add('Golmok: read a record', n, read)
}
for (const file of files) {
  for (const peer of JSON.parse(readFileSync(file, 'utf8'))) {
    add(`${peer.name}: replicate a record`, peer.records, 1e6 / peer.w2)
    if (peer.name !== 'Golmok') add(`${peer.name}: read a record`, peer.records, 1e6 / peer.w6)
  }
}

const all = [...lines.values()].flat()
const span = k => [Math.floor(Math.log10(Math.min(...all.map(p => p[k])))), Math.ceil(Math.log10(Math.max(...all.map(p => p[k]))))]
const [x0, x1] = span(0)
const [y0, y1] = span(1)
const at = (value, from, to, start, end) => (start + (Math.log10(value) - from) / (to - from) * (end - start)).toFixed(1)
const px = value => at(value, x0, x1, BOX.left, WIDTH - BOX.right)
const py = value => at(value, y0, y1, HEIGHT - BOX.bottom, BOX.top)
const out = []
const text = (x, y, words, more = '') => out.push(`<text x="${x}" y="${y}" ${more}>${words}</text>`)
const power = k => `10<tspan dy="-5" font-size="9">${k}</tspan>`

for (let k = x0; k <= x1; k++) {
  out.push(`<path class="grid" d="M${px(10 ** k)} ${BOX.top}V${HEIGHT - BOX.bottom}"/>`)
  text(px(10 ** k), HEIGHT - BOX.bottom + 20, power(k), 'text-anchor="middle"')
}
for (let k = y0; k <= y1; k++) {
  out.push(`<path class="grid" d="M${BOX.left} ${py(10 ** k)}H${WIDTH - BOX.right}"/>`)
  const words = k < 0 ? `${10 ** k} µs` : k < 3 ? `${10 ** k} µs` : `${10 ** (k - 3)} ms`
  text(BOX.left - 8, Number(py(10 ** k)) + 4, words, 'text-anchor="end"')
}
text(BOX.left, 24, 'What a record costs as a store grows', 'font-size="16" font-weight="600"')
text(BOX.left, 42, 'two cores; lower is better; both axes in powers of ten; broken lines are reads', 'fill="#555"')
text((BOX.left + WIDTH - BOX.right) / 2, HEIGHT - 14, 'records in the store', 'text-anchor="middle"')

// Labels beside the last points, moved apart where they would touch.
const ends = []
for (const [name, points] of lines) {
  points.sort((a, b) => a[0] - b[0])
  const colour = COLOURS[name.split(':')[0]]
  const broken = name.endsWith('read a record') ? ' stroke-dasharray="5 4"' : ''
  if (points.length > 1) out.push(`<path fill="none" stroke="${colour}" stroke-width="2"${broken} d="M${points.map(p => `${px(p[0])} ${py(p[1])}`).join('L')}"/>`)
  for (const p of points) out.push(`<circle cx="${px(p[0])}" cy="${py(p[1])}" r="3.5" fill="${colour}"/>`)
  const last = points.at(-1)
  ends.push({ name, colour, x: Number(px(last[0])), y: Number(py(last[1])), value: last[1] })
}
ends.sort((a, b) => a.y - b.y)
let before = -Infinity
for (const end of ends) {
  const y = Math.max(end.y + 4, before + 15)
  const x = WIDTH - BOX.right + 16
  out.push(`<path stroke="${end.colour}" stroke-width="0.6" fill="none" d="M${end.x + 5} ${end.y}L${x - 4} ${y - 4}"/>`)
  text(x, y, `${end.name} ${end.value < 10 ? end.value.toFixed(1) : Math.round(end.value)} µs`, `fill="${end.colour}"`)
  before = y
}

process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<style>.grid{stroke:#ddd;fill:none}</style>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${out.join('\n')}
</svg>
`)
