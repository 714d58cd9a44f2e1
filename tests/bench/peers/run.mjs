// `make bench-peers`: the same work for Golmok and for stores that one would
// pick instead, in one run, taking turns.  Prints a table; `--json FILE` keeps
// all figures.  Each step is a process of its own; what is timed is the work,
// not its start.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { diskBytes, timed } from './work.mjs'
import { report } from './report.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const [built, ...names] = process.argv.slice(2)
const env = process.env
const ROUNDS = Number(env.ROUNDS ?? 3)
const RECORDS = Number(env.RECORDS ?? 100000)
const WRITES = 2000
const READS = 50000
const CHANGES = 100
const EACH = Number(env.EACH ?? 2500) // deltas of one replica
const work = mkdtempSync(join(env.TMPDIR ?? os.tmpdir(), 'golmok-peers-'))
const children = new Set()

// ---- processes -----------------------------------------------------------

function start (command, args, options = {}) {
  const child = spawn(command, args.map(String), { cwd: here, stdio: ['ignore', 'pipe', 'pipe'], ...options })
  children.add(child)
  child.errors = ''
  child.stderr.on('data', piece => { child.errors = (child.errors + piece).slice(-2000) })
  child.ended = new Promise(resolve => child.on('close', code => { children.delete(child); resolve(code) }))
  return child
}

/** Runs it to its end and gives what it said, a line of JSON each. */
async function run (command, args, options) {
  const child = start(command, args, options)
  let text = ''
  child.stdout.on('data', piece => { text += piece })
  const code = await child.ended
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${child.errors}`)
  return text.split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line))
}

/** Starts a server and waits for its first line of JSON. */
async function serve (command, args, options) {
  const child = start(command, args, options)
  const lines = createInterface({ input: child.stdout })
  const said = new Promise((resolve, reject) => {
    lines.on('line', line => { if (line.startsWith('{')) resolve(JSON.parse(line)) })
    child.ended.then(() => reject(new Error(`${command} ended: ${child.errors}`)))
  })
  return { child, said: await said }
}

async function stop (server) {
  server.child.kill('SIGTERM')
  await server.child.ended
}

/** Stands between two ends and counts bytes and changes of direction.  Its own
 *  port stays, so that peers which know each other by address do. */
async function counter () {
  const between = { count: null, target: 0 }
  const server = net.createServer(client => {
    const { count } = between
    const peer = net.connect(between.target, '127.0.0.1')
    let last
    const way = (from, to, up) => from.on('data', piece => {
      count.bytes += piece.length
      if (!up && last) count.turns++
      last = up
      to.write(piece)
    })
    way(client, peer, true)
    way(peer, client, false)
    for (const [a, b] of [[client, peer], [peer, client]]) {
      a.setNoDelay(true)
      a.on('error', () => b.destroy())
      a.on('close', () => b.destroy())
    }
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  between.port = server.address().port
  between.close = () => server.close()
  return between
}

const fresh = name => mkdtempSync(join(work, name + '-'))

async function freePort () {
  const server = net.createServer()
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise(resolve => server.close(resolve))
  return port
}

// ---- peers ---------------------------------------------------------------

const version = name => JSON.parse(readFileSync(join(here, 'node_modules', name, 'package.json'))).version

/** A peer that is a script with the commands write, fill, serve, pull ... */
function script (file, about) {
  const node = async (...args) => (await run('node', [file, ...args]))[0]
  return {
    reads: READS,
    ...about,
    async write (n) { return (await node('write', fresh('write'), n)).seconds },
    async fill (n, empties) {
      const dir = fresh('source')
      const out = await node('fill', dir, n)
      return { dir, disk: out.disk, seconds: out.seconds, empties: Array.from({ length: empties }, () => fresh('empty')) }
    },
    edit: (dir, n) => node('edit', dir, n, CHANGES),
    async read (dir, n, reads) { return (await node('read', dir, n, reads)).seconds },
    async serve (dir) {
      const server = await serve('node', [file, 'serve', dir, 0])
      return { ...server, port: server.said.port }
    },
    async pull (dir, port, server) {
      return (await node('pull', dir, port, ...(server.said.key ? [server.said.key] : []))).seconds
    },
    async merge (replicas) { return replicas * EACH / (await node('merge', fresh('merge'), replicas, EACH)).seconds }
  }
}

function golmok () {
  const program = resolve(built, 'golmok')
  const worker = resolve(built, 'tests/bench/peers/golmok')
  const say = (...args) => run(program, [...args, '--json'])
  const at = dir => join(dir, 'store')
  const task = async (what, dir, ...more) => (await run(worker, [what, at(dir), join(dir, 'ids'), ...more]))[0]
  const found = dir => say('init', at(dir), '--found', '서울', '--label', '시청', '--pack', 'none')
  const peer = {
    name: 'Golmok',
    about: 'this tree; each record a signed delta, LMDB synced at each write; W2 and W3 over Noise, by `golmok sync`, with the start of its process',
    records: RECORDS,
    replicas: 424,
    reads: READS * 10,
    async write (n) {
      const dir = fresh('write')
      await found(dir)
      return (await task('fill', dir, n)).seconds
    },
    /** Empty peers are members already, and hold `authority` alone. */
    async fill (n, empties) {
      const dir = fresh('source')
      const port = await freePort()
      const dirs = []
      await found(dir)
      const server = await peer.serve(dir, port)
      for (let i = 0; i < empties; i++) {
        const [{ token }] = await say('invite', '--role', 'city', '--name', 'aggregator ' + i, '--space', 'all',
          '--address', '127.0.0.1:' + port, '--store', at(dir))
        dirs.push(fresh('empty'))
        await say('join', token, '--pack', 'none', '--store', at(dirs[i]))
      }
      await stop(server)
      const { seconds } = await task('fill', dir, n)
      const disk = diskBytes(at(dir))
      await say('pack', '--store', at(dir)).then(() => say('compact', '--store', at(dir))).catch(() => {})
      return { dir, seconds, disk, packed: diskBytes(at(dir)), empties: dirs }
    },
    edit: (dir, n) => task('edit', dir, n, CHANGES),
    async read (dir, n, reads) { return (await task('read', dir, n, reads)).seconds },
    async serve (dir, port = 0) {
      const server = await serve(program, ['serve', '--json', '--store', at(dir), '--listen', '127.0.0.1:' + port])
      return { ...server, port: Number(server.said.listens.split(':').pop()) }
    },
    async pull (dir, port) {
      return (await timed(() => say('sync', '127.0.0.1:' + port, '--store', at(dir))))[0]
    },
    async merge () {
      const child = start(resolve(built, 'tests/bench/bench'), ['merge'], { env: { ...env, FULL: '1' } })
      let text = ''
      child.stdout.on('data', piece => { text += piece })
      if (await child.ended !== 0) throw new Error(child.errors)
      return Number(/([0-9,]+) (?:\[[^\]]*\] )?deltas\/s/.exec(text)[1].replaceAll(',', ''))
    }
  }
  return peer
}

function sqlite () {
  const worker = resolve(built, 'tests/bench/peers/sqlite')
  const task = (...args) => run(worker, args)
  return {
    name: 'SQLite',
    about: 'the library of the system, WAL, synchronous = full; W2 to W4 are change sets of its session extension applied in the same process: no network, no signature, no history, and the last to arrive wins',
    records: RECORDS,
    replicas: 424,
    reads: READS * 10,
    async write (n) { return (await task('fill', join(fresh('write'), 'db'), n, 1))[0].seconds },
    async fill (n) {
      const dir = fresh('source')
      const [{ seconds }] = await task('fill', join(dir, 'db'), n, 1000)
      return { dir, seconds, disk: diskBytes(dir), empties: [] }
    },
    async read (dir, n, reads) { return (await task('read', join(dir, 'db'), n, reads))[0].seconds },
    async sets (n) {
      const dir = fresh('set')
      return task('pull', join(dir, 'a'), n, CHANGES, join(dir, 'b'))
    },
    async merge (replicas) {
      const [{ seconds }] = await task('merge', fresh('merge'), replicas, EACH)
      return replicas * EACH / seconds
    }
  }
}

const peers = [
  golmok(),
  script('pouch.mjs', {
    name: 'PouchDB',
    about: `${version('pouchdb')}, LevelDB; replication over HTTP to express-pouchdb ${version('express-pouchdb')}; does not sync its files; W4 keeps conflicts as leaves and merges none`,
    records: RECORDS,
    replicas: 40
  }),
  script('hyper.mjs', {
    name: 'Hypercore',
    about: `${version('hypercore')} by Corestore ${version('corestore')}, signed, over Noise; does not sync its files; blocks in logs, nothing is merged, and a changed record is sent whole`,
    records: RECORDS,
    replicas: 40
  }),
  script('merge.mjs', {
    name: 'Automerge',
    about: `${version('@automerge/automerge')}, one document in memory; the harness appends each change to a file and syncs it; 10,000 records, for larger documents take minutes for W3`,
    records: Math.min(RECORDS, 10000),
    replicas: 4,
    writes: 500
  }),
  sqlite()
].filter(peer => names.length === 0 || names.some(name => peer.name.toLowerCase().startsWith(name)))

// ---- the run -------------------------------------------------------------

const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
const results = new Map(peers.map(peer => [peer, {
  name: peer.name, about: peer.about, records: peer.records, replicas: peer.replicas, w1: [], w2: []
}]))
const began = Date.now()
const note = text => process.stderr.write(`${Math.round((Date.now() - began) / 1000)} s: ${text}\n`)

/** Through a counter: bytes both ways, and how often an answer followed. */
async function counted (peer, dir, server, between) {
  between.count = { bytes: 0, turns: 0 }
  between.target = server.port
  const seconds = await peer.pull(dir, between.port, server)
  return { ...between.count, seconds }
}

/** W2 for each round, then the small differences. */
async function exchange (peer, source, out) {
  const [first, ...others] = source.empties
  const between = await counter()
  let server = await peer.serve(source.dir)
  for (const dir of others) out.w2.push(peer.records / await peer.pull(dir, server.port, server))
  out.wire = (await counted(peer, first, server, between)).bytes / peer.records
  out.nothing = await counted(peer, first, server, between)
  await stop(server)
  await peer.edit(source.dir, peer.records)
  server = await peer.serve(source.dir)
  out.changes = await counted(peer, first, server, between)
  await stop(server)
  between.close()
}

async function sets (peer, out) {
  for (let i = 0; i < ROUNDS; i++) {
    const [all, some] = await peer.sets(peer.records)
    out.w2.push(peer.records / all.seconds)
    out.wire = all.bytes / peer.records
    out.changes = { bytes: some.bytes, seconds: some.seconds }
  }
}

async function main () {
  for (let i = 0; i < ROUNDS; i++) {
    for (const [peer, out] of results) {
      note(`W1 ${peer.name}`)
      out.w1.push((peer.writes ?? WRITES) / await peer.write(peer.writes ?? WRITES))
    }
  }
  for (const [peer, out] of results) {
    note(`W2, W3, W5, W6 ${peer.name}`)
    const source = await peer.fill(peer.records, ROUNDS + 1)
    out.disk = source.disk / peer.records
    if (source.packed) out.packed = source.packed / peer.records
    out.w6 = peer.reads / await peer.read(source.dir, peer.records, peer.reads)
    if (peer.sets) await sets(peer, out)
    else await exchange(peer, source, out)
    rmSync(source.dir, { recursive: true })
  }
  for (const [peer, out] of results) {
    note(`W4 ${peer.name}`)
    out.w4 = await peer.merge(peer.replicas)
  }
}

try {
  await main()
} finally {
  for (const child of children) child.kill('SIGTERM')
  rmSync(work, { recursive: true, force: true })
}
const all = [...results.values()].map(out => ({ ...out, w1: median(out.w1), w2: median(out.w2), rounds: { w1: out.w1, w2: out.w2 } }))
if (env.JSON_OUT) {
  mkdirSync(dirname(resolve(env.JSON_OUT)), { recursive: true })
  writeFileSync(env.JSON_OUT, JSON.stringify(all, null, 1) + '\n')
}
process.stdout.write(report(all, { rounds: ROUNDS, changes: CHANGES, each: EACH, cpus: os.cpus().length }))
