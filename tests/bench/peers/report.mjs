// The figures of run.mjs as tables for docs/benchmarks.md.

const whole = x => x === undefined ? '-' : Math.round(x).toLocaleString('en-US')
const span = (list, x) => list.length < 2 ? whole(x) : `${whole(x)} [${whole(Math.min(...list))}..${whole(Math.max(...list))}]`
const ms = seconds => seconds === undefined ? '-' : (seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0) + ' ms'
const row = cells => '| ' + cells.join(' | ') + ' |\n'

/** `all`: what was measured of each peer; `how`: what of it was asked. */
export function report (all, how) {
  let out = `${how.cpus} cores; medians of ${how.rounds} rounds in which peers took turns (W1, W2: with the least and the most).\n\n`
  out += row(['peer', 'W1 writes/s', 'W2 records/s', 'W2 bytes a record', 'W4 deltas/s', 'replicas', 'W5 bytes a record', 'W6 reads/s'])
  out += row(Array(8).fill('---'))
  for (const p of all) {
    const disk = whole(p.disk) + (p.packed ? `; packed ${whole(p.packed)}` : '')
    out += row([p.name, span(p.rounds.w1, p.w1), span(p.rounds.w2, p.w2), whole(p.wire), whole(p.w4), whole(p.replicas), disk, whole(p.w6)])
  }
  out += `\nW3, ${how.changes} fields changed among all records, and nothing to do; both ways, with the handshake:\n\n`
  out += row(['peer', 'records', 'changes: bytes', 'answers', 'time', 'nothing: bytes', 'answers', 'time'])
  out += row(Array(8).fill('---'))
  for (const p of all) {
    out += row([p.name, whole(p.records), whole(p.changes?.bytes), whole(p.changes?.turns), ms(p.changes?.seconds),
      whole(p.nothing?.bytes), whole(p.nothing?.turns), ms(p.nothing?.seconds)])
  }
  out += '\n'
  for (const p of all) out += `- **${p.name}**: ${p.about}.\n`
  return out
}
